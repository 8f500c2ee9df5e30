"""All that several sessions hold together, dyad by dyad.

python -m processing.across.everything docs/across.md brings the dictionary there up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from acquisition.errors import ResultsError
from processing.across import answers, tolerated, ways_back
from processing.across.finding import Finding
from processing.across.reading import Sitting, by_hand
from processing.hour.measure import Definition
from processing.metrics.dictionary import updated

MODULES = (tolerated, ways_back, answers)


def definitions() -> tuple[Definition, ...]:
    """Return the definitions of everything that is found over sessions."""
    return tuple(d for module in MODULES for d in module.DEFINITIONS)


def found_in(sittings: Sequence[Sitting], own_page: str = "") -> list[Finding]:
    """Return the findings of each dyad, or what is for one therapist alone.

    Parameters
    ----------
    sittings : sequence of Sitting
        In the order of `read_sittings`.
    own_page : str
        Code of a therapist: how soon their own clients' excursions were answered, and nothing else.

    Raises
    ------
    ResultsError
        If a table is missing, or no session is of that therapist.
    """
    if own_page and own_page not in {s.therapist for s in sittings}:
        known = ", ".join(sorted({s.therapist for s in sittings}))
        raise ResultsError(f"no session of a therapist {own_page} here (there are: {known})")
    out: list[Finding] = []
    for _, mine in groupby(sittings, key=lambda s: (s.dyad, s.client, s.therapist)):
        dyad = list(mine)
        found: list[Finding] = []
        if not own_page:
            found += [*tolerated.tolerated_over(dyad), *ways_back.ways_back_over(dyad)]
        elif dyad[0].therapist == own_page:
            found += answers.answers_over(dyad)
        out += [replace(one, corrected=by_hand(dyad)) for one in found]
    return out


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(updated(target.read_text("utf-8"), definitions()), "utf-8")

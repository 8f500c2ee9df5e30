"""All that several sessions hold together, dyad by dyad.

python -m processing.across.everything docs/across.md brings the dictionary there up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from processing.across import tolerated
from processing.across.finding import Finding
from processing.across.reading import Sitting
from processing.hour.measure import Definition
from processing.metrics.dictionary import updated

MODULES = (tolerated,)


def definitions() -> tuple[Definition, ...]:
    """Return the definitions of everything that is found over sessions."""
    return tuple(d for module in MODULES for d in module.DEFINITIONS)


def found_in(sittings: Sequence[Sitting]) -> list[Finding]:
    """Return the findings of each dyad.

    Parameters
    ----------
    sittings : sequence of Sitting
        In the order of `read_sittings`.
    """
    out: list[Finding] = []
    for _, mine in groupby(sittings, key=lambda s: (s.dyad, s.client, s.therapist)):
        out += tolerated.tolerated_over(list(mine))
    return out


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(updated(target.read_text("utf-8"), definitions()), "utf-8")

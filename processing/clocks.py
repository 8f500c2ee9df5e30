"""What is withheld where the two people's clocks are not known to agree: all that compares their times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from acquisition.session.session import Recorded
from processing.index import IndexSample

REASON = "clocks not aligned"


def withheld(samples: Iterable[IndexSample]) -> list[IndexSample]:
    """Return rows of the dyad without their values."""
    return [s._replace(value=math.nan, quality=0.0, reason=REASON) for s in samples]


def remark(recorded: Recorded | None) -> Sequence[str]:
    """Say in a line how the clocks of the two people are related, where they are not one."""
    if recorded is None or recorded.apart == 0.0:
        return ()
    kind = recorded.clock or "unknown"
    known = f"good to {recorded.apart:g} s" if math.isfinite(recorded.apart) else "of unknown error"
    then = "nothing that compares their times is computed (attune import --align or --offset)"
    return (f"clocks of the two people: {kind}, {known}{'' if recorded.aligned else f': {then}'}",)


def recorded_how(recorded: Recorded | None, *, together: bool = True) -> str:
    """Return how the signals came about and what is known of their clocks, for the methods of a paper.

    Of one person alone (`together` false) no clock needs to agree with another one.
    """
    if recorded is None or not recorded.imported:
        return "were recorded on one clock"
    if not together:
        return "were recorded with other software, imported"
    known = f"to about {recorded.apart:g} s" if math.isfinite(recorded.apart) else "to no known accuracy"
    how = {
        "one": "on one clock, imported",
        "aligned": f"on two clocks, imported, the clocks aligned afterwards ({known})",
        "start times": f"on two clocks, imported and placed by the start times of the files ({known})",
    }
    related = how.get(recorded.clock, "on clocks of unknown relation, imported")
    return f"were recorded with other software {related}"


def coupling_how(*, aligned: bool, segment: float) -> str:
    """Return how synchrony was tested, in segments of so many seconds, for the methods of a paper."""
    if not aligned:
        return (
            "Nothing that compares times of the two people was computed, since their clocks were not aligned."
        )
    return (
        f"Synchrony was tested against 1000 permutations of {segment:g} s segments, by the largest "
        "studentised mean correlation over lags, and adjusted over heart rate, skin conductance level and "
        "its slope (Holm); speech was not taken out, and a shared cause looks the same."
    )

"""Verdicts: what is said at once of a recording whose sensor was off, flat, noisy or in a wrong unit, or of
which two sensors are on one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from processing.coupling.one_heart import HINT, Shared
from processing.heart.ecg_quality import NOT_YET
from processing.index import IndexSample, in_doubt
from processing.indices import ONE_HEART

SENSORS = {"ecg_quality": "ECG", "eda_quality": "EDA", "resp_rate": "respiration", "scl": "EDA in doubt"}
"""Index whose reasons tell of a sensor → the sensor."""
BELT = ("no data", "flat", "respiration at")
"""How reasons of a breathing rate begin that tell of a belt; others tell of breaths, or of beats."""
DOUBTED = "scl"
"""Its values in doubt tell of a whole signal what nothing else does; why there is none, EDA quality says."""
LONG = 1.5
"""Minutes of one heart that are said: a single look may err where two people breathe to one pace [min]."""
LEAST = 0.1
"""A fault that holds for a smaller share of the seconds is left to the quality indices."""


def verdicts(samples: Iterable[IndexSample]) -> list[str]:
    """Say of each person's ECG, EDA and belt in which share of the time it had a fault, and which.

    So is said of an EDA level whose values are in doubt. A fault of less than a tenth of the time is not
    named. One heart for two people is, from a minute and a half on.
    """
    seconds: Counter[tuple[str, str]] = Counter()
    faults: Counter[tuple[str, str, str]] = Counter()
    shared = Shared()
    for sample in samples:
        if sample[3] == ONE_HEART:
            shared.hear((sample,))
        if sample[3] in SENSORS and sample.reason != NOT_YET:
            seconds[sample.entity, sample.index] += 1
            if sample.reason and _tells(sample):
                faults[sample.entity, sample.index, sample.reason] += 1
    said = [
        f"{entity} {SENSORS[index]}: {reason} ({_share(n / seconds[entity, index])} of the seconds)"
        for (entity, index, reason), n in sorted(faults.items(), key=lambda f: (f[0][:2], -f[1]))
        if n >= LEAST * seconds[entity, index]
    ]
    minutes = sum(stop - start for start, stop in shared.spans()) / 60.0
    return [*said, *([f"{HINT} (for {minutes:.0f} min)"] if minutes >= LONG else [])]


def _tells(sample: IndexSample) -> bool:
    """Tell whether the reason of a row tells of its sensor."""
    if sample[3] == DOUBTED:
        return in_doubt(sample)
    return sample[3] != "resp_rate" or sample.reason.startswith(BELT)


def _share(share: float) -> str:
    return "all" if share == 1.0 else f"{100 * share:.0f} %"

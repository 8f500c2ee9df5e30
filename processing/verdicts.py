"""Verdicts: what is said at once of a recording whose sensor was off, flat, noisy or in a wrong unit, or of
which two sensors are on one person."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from processing.coupling.one_person import KINDS
from processing.coupling.shared import Shared, Spans
from processing.heart.ecg_quality import NOT_YET
from processing.index import IndexSample, in_doubt

SENSORS = {"ecg_quality": "ECG", "eda_quality": "EDA", "resp_rate": "respiration", "scl": "EDA in doubt"}
"""Index whose reasons tell of a sensor → the sensor."""
BELT = ("no data", "flat", "respiration at")
"""How reasons of a breathing rate begin that tell of a belt; others tell of breaths, or of beats."""
DOUBTED = "scl"
"""Its values in doubt tell of a whole signal what nothing else does; why there is none, EDA quality says."""
LEAST = 0.1
"""A fault that holds for a smaller share of the seconds is left to the quality indices."""


def verdicts(samples: Iterable[IndexSample]) -> list[str]:
    """Say of each person's ECG, EDA and belt in which share of the time it had a fault, and which.

    So is said of an EDA level whose values are in doubt. A fault of less than a tenth of the time is not
    named. One heart or one skin for two people is, once more than one look told it.
    """
    seconds: Counter[tuple[str, str]] = Counter()
    faults: Counter[tuple[str, str, str]] = Counter()
    lone = {kind.index: Shared(kind) for kind in KINDS}
    begin, end = math.inf, -math.inf
    for sample in samples:
        if sample[3] in lone:
            lone[sample[3]].hear((sample,))
        if sample[3] in SENSORS:
            begin, end = min(begin, sample[0]), max(end, sample[0])
        if sample[3] in SENSORS and sample.reason != NOT_YET:
            seconds[sample.entity, sample.index] += 1
            if sample.reason and _tells(sample):
                faults[sample.entity, sample.index, sample.reason] += 1
    said = [
        f"{entity} {SENSORS[index]}: {reason} ({_share(n / seconds[entity, index])} of the seconds)"
        for (entity, index, reason), n in sorted(faults.items(), key=lambda f: (f[0][:2], -f[1]))
        if n >= LEAST * seconds[entity, index]
    ]
    for shared in lone.values():
        minutes = _within(shared.spans(), begin, end) / 60.0
        said += [f"{shared.kind.hint} (for {minutes:.0f} min)"] if shared.rows >= shared.kind.least else []
    return said


def _within(spans: Spans, begin: float, end: float) -> float:
    """Return how long spans last in a session [s]; a window reaches over its begin, and over its end."""
    if begin > end:
        return sum(stop - start for start, stop in spans)
    return sum(max(0.0, min(stop, end) - max(start, begin)) for start, stop in spans)


def _tells(sample: IndexSample) -> bool:
    """Tell whether the reason of a row tells of its sensor."""
    if sample[3] == DOUBTED:
        return in_doubt(sample)
    return sample[3] != "resp_rate" or sample.reason.startswith(BELT)


def _share(share: float) -> str:
    return "all" if share == 1.0 else f"{100 * share:.0f} %"

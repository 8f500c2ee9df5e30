"""Whether the hour held any stretch: time the arousal index spent past half way to an edge of its band.

An hour in which it never went there is one with no stretch recorded. It is not one in which nothing happened,
and with too little data nothing is said.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Person, gaps
from processing.hour.uncertainty import share_interval
from processing.metrics.in_band import gate

SHARE = 0.5
"""How far from the median at rest to an edge: a convention."""
HOLD = 10
"""For how long [s], as for an excursion."""
STRETCH = Definition(
    name="stretch_minutes",
    whose="person",
    unit="min",
    text="minutes past half way from the median at rest to an edge of the band, in runs of at least 10 s "
    "(n: how many); 0 reads “no stretch recorded”",
    interval="as time_in_pct, from its runs",
    exploratory=True,
)
DEFINITIONS = (STRETCH,)


def stretch_measures(person: Person) -> list[Measure]:
    """Return how long the index was stretched; 0 with a remark where it never was."""
    why = gate(person)
    if why:
        return nothing(DEFINITIONS, why, 0, person.valid_pct)
    runs = stretches(person)
    seconds = sum(b - a for a, b in runs)
    remark = "" if runs else "no stretch recorded"
    n = int(np.count_nonzero(person.valid))
    low, high = share_interval(np.array([float(b - a) for a, b in runs]), n)
    around = (low / 100.0 * n / 60.0, high / 100.0 * n / 60.0)
    return [measure(STRETCH, seconds / 60.0, len(runs), person.valid_pct, interval=around, reason=remark)]


def stretches(person: Person) -> list[tuple[int, int]]:
    """Return start and stop of each run of seconds past half way to an edge; a gap ends it."""
    above = person.arousal - person.median > SHARE * (person.high - person.median)
    below = person.median - person.arousal > SHARE * (person.median - person.low)
    sides: tuple[BoolArray, ...] = (above & person.valid, below & person.valid)
    return sorted(r for side in sides for r in gaps(np.logical_not(side)) if r[1] - r[0] >= HOLD)

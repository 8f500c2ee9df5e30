"""Whether the hour held any stretch: time the arousal index spent past half way to an edge of its band.

An hour in which it never went there is one with no stretch recorded. It is not one in which nothing happened,
and with too little data nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.arousal.excursion import Excursion
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Person, gaps
from processing.hour.uncertainty import GARWOOD, poisson_interval, share_interval
from processing.metrics.in_band import gate
from processing.metrics.tolerated import Edge

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
ALTERNATIONS = Definition(
    name="alternations_rate",
    whose="person",
    unit="1/h",
    text="how often the index went past half way to an edge and came back without an excursion, per hour of "
    "valid time (n: how often)",
    interval="exact Poisson",
    source=GARWOOD,
    exploratory=True,
)
TOLERATED = Definition(
    name="stretch_tolerated_minutes",
    whose="person",
    unit="min",
    text="minutes above the band up to the tolerated edge of the hour (tolerated_upper), in runs of at least "
    "10 s (n: how many)",
    interval="as time_in_pct, from its runs; the edge's own is not in it",
    exploratory=True,
)
DEFINITIONS = (STRETCH, ALTERNATIONS, TOLERATED)


def stretch_measures(
    person: Person, times: FloatArray, found: Sequence[Excursion], tolerated: Edge
) -> list[Measure]:
    """Return how long and how often the index was stretched; 0 with a remark where it never was.

    Parameters
    ----------
    found : sequence of Excursion
        Of this person.
    tolerated : Edge
        Upper edge of the tolerated window.
    """
    why = gate(person)
    if why:
        return nothing(DEFINITIONS, why, 0, person.valid_pct)
    runs = stretches(person)
    remark = "" if runs else "no stretch recorded"
    hours = np.count_nonzero(person.valid) / 3600.0
    back = [r for r in runs if _returned(person, times, r, found)]
    low, high = poisson_interval(len(back))
    rate = measure(
        ALTERNATIONS, len(back) / hours, len(back), person.valid_pct, interval=(low / hours, high / hours)
    )
    return [_minutes(STRETCH, person, runs, remark), rate, _up_to(person, tolerated)]


def _minutes(definition: Definition, person: Person, runs: Sequence[tuple[int, int]], remark: str) -> Measure:
    n = int(np.count_nonzero(person.valid))
    low, high = share_interval(np.array([float(b - a) for a, b in runs]), n)
    around = (low / 100.0 * n / 60.0, high / 100.0 * n / 60.0)
    minutes = sum(b - a for a, b in runs) / 60.0
    return measure(definition, minutes, len(runs), person.valid_pct, interval=around, reason=remark)


def _returned(person: Person, times: FloatArray, run: tuple[int, int], found: Sequence[Excursion]) -> bool:
    """Tell whether a stretch ended within the band, and no excursion touches it."""
    first, stop = run
    if stop >= len(times) or not person.valid[stop]:
        return False
    return not any(e.on < times[stop - 1] + 1.0 and times[first] < e.off for e in found)


def _up_to(person: Person, tolerated: Edge) -> Measure:
    """Return the time between the band and the tolerated edge, where that is known."""
    if math.isnan(tolerated.value):
        return nothing([TOLERATED], tolerated.reason or "no tolerated edge", 0, person.valid_pct)[0]
    inside = person.valid & (person.arousal > person.high) & (person.arousal <= tolerated.value)
    runs = [r for r in gaps(np.logical_not(inside)) if r[1] - r[0] >= HOLD]
    within = person.valid & (person.high >= tolerated.value)
    remark = "the tolerated edge lies within the band" if within.any() else ""
    return _minutes(TOLERATED, person, runs, remark)


def stretches(person: Person) -> list[tuple[int, int]]:
    """Return start and stop of each run of seconds past half way to an edge; a gap ends it."""
    above = person.arousal - person.median > SHARE * (person.high - person.median)
    below = person.median - person.arousal > SHARE * (person.median - person.low)
    sides: tuple[BoolArray, ...] = (above & person.valid, below & person.valid)
    return sorted(r for side in sides for r in gaps(np.logical_not(side)) if r[1] - r[0] >= HOLD)

"""Beat correction: which intervals between beats are normal, and what stands in for the others.

A causal form of Lipponen & Tarvainen (2019): each interval is judged from the past only.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.config import HeartConfig

NORMAL, ECTOPIC, LONG, SHORT, MISPLACED = 0.0, 1.0, 2.0, 3.0, 4.0
"""Codes of `ibi_class`; nan where an interval was not judged."""

ALPHA = 5.2
"""Width of the limits in quartile deviations (Lipponen & Tarvainen 2019)."""
HISTORY = 91
"""Intervals that the limits are taken from (the same)."""
MEDIAN = 11
"""Intervals of the running median (the same)."""
USUAL = 20
"""Normal intervals whose range is usual: at least two breaths."""
MARGIN = 0.06
"""An interval within so much of that range is not suspect: strong sinus arrhythmia swings through it
again."""
FLOOR = 0.025
"""Narrowest limit [s]: a very even pulse must not make jitter of the sampling suspect."""
UNSURE = 0.15
"""Narrowest limit while fewer than `LEARNED` intervals are known [s]."""
LEARNED = 12
LONGEST = HeartConfig.longest
"""A longer time without a beat is a gap, not an interval [s]."""
SHORTEST = 0.25
"""A shorter interval is no heart's [s]."""


class Intervals(NamedTuple):
    """Hold judged intervals, one row per beat, in time order.

    Fields
    ------
    times : ndarray, shape (n,)
        The beat that ends the interval [s].
    values : ndarray, shape (n,)
        NN interval [ms], corrected where `classes` > 0; nan for a first or rejected beat.
    classes : ndarray, shape (n,)
        Code of the correction; nan where nothing could be judged.
    spans : ndarray, shape (n,)
        Time up to the beat that the interval accounts for [s]; longer than the value where beats were put in.
    paired : ndarray of bool, shape (n,)
        This interval and the one before are both normal and follow each other: their difference counts.
    reasons : list of str
        Why the value is nan; "" otherwise.
    """

    times: FloatArray
    values: FloatArray
    classes: FloatArray
    spans: FloatArray
    paired: BoolArray
    reasons: list[str]


class _Limit:
    """Keep the spread of recent deviations: `ALPHA` quartile deviations of the last `HISTORY`."""

    def __init__(self) -> None:
        self._queue: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, deviation: float) -> None:
        if len(self._queue) == HISTORY:
            old = self._queue.popleft()
            del self._sorted[bisect_left(self._sorted, old)]
        self._queue.append(deviation)
        insort(self._sorted, deviation)

    def value(self) -> float:
        n = len(self._sorted)
        if n < LEARNED:
            return UNSURE
        spread = (self._sorted[(3 * n) // 4] - self._sorted[n // 4]) / 2.0
        return max(FLOOR, ALPHA * spread)


class _Row(NamedTuple):
    value: float
    kind: float
    span: float
    reason: str


_row: Callable[[tuple[float, float, float, str]], _Row] = partial(tuple.__new__, _Row)
"""`_Row._make`, faster: there is one for every beat."""


class BeatCorrector:
    """Judge intervals one after another.

    - A long interval near a multiple of the running median is split (missed beats, class 2).
    - An early beat is rejected at first; with the next beat it is known whether it was extra (class 3: the
      two parts are joined), ectopic (1) or misplaced (4: the two are shared evenly).
    - Two flagged intervals in a row that agree with each other are a new rhythm and count as normal.

    References
    ----------
    Lipponen & Tarvainen (2019), doi:10.1080/03091902.2019.1640306. Departures: past only,
    instead of 45 beats to either side; an interval is suspect only if it is off from its predecessor,
    from the
    running median and from the range of the last normal intervals.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=MEDIAN)
        self._usual: deque[float] = deque(maxlen=USUAL)
        self._steps, self._offs = _Limit(), _Limit()
        self._since = math.nan
        self._before = math.nan
        self._flagged = 0.0
        self._normal = False

    def push(
        self,
        times: Sequence[float],
        intervals: Sequence[float],
        fresh: Sequence[bool],
        faults: Sequence[str],
    ) -> Intervals:
        """Judge the intervals that end at these beats.

        Parameters
        ----------
        times : sequence of float
            Beats [s], increasing.
        intervals : sequence of float
            Time since the beat before [s]; nan where there is none.
        fresh : sequence of bool
            The beat does not follow the one before it: a stretch begins.
        faults : sequence of str
            "" for a beat of good quality, else why it is rejected.
        """
        rows, paired = [], []
        for interval, new, fault in zip(intervals, fresh, faults, strict=True):
            before = self._normal
            row = self._judge(interval, new, fault)
            self._normal = row.kind == NORMAL
            paired.append(before and self._normal and not new)
            rows.append(row)
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        values, classes, spans = (np.array(c, np.float64) for c in columns[:3])
        known = np.array(paired, np.bool_)
        return Intervals(np.array(times, np.float64), values, classes, spans, known, list(columns[3]))

    def _judge(self, interval: float, fresh: bool, fault: str) -> _Row:
        """Judge one interval; `_since` is the time since the last good beat."""
        if fresh:
            self._since, self._before, self._flagged = 0.0, math.nan, 0.0
        if math.isnan(interval):
            self._since = math.nan if fault else 0.0
            return _Row(math.nan, math.nan, 0.0, fault or "first beat")
        self._since += interval
        if fault:
            self._flagged = SHORT
            return _Row(math.nan, math.nan, 0.0, fault)
        if not self._since <= 2 * LONGEST:
            self._since, self._before, self._flagged = 0.0, math.nan, 0.0
            return _Row(math.nan, math.nan, 0.0, "no accepted beat before")
        return self._weigh(interval)

    def _weigh(self, interval: float) -> _Row:
        typical = sorted(self._recent)[len(self._recent) // 2] if self._recent else interval
        reference = typical if math.isnan(self._before) else self._before
        step, off = interval - reference, interval - typical
        wide, far = self._steps.value(), self._offs.value()
        off = off if off > 0 else 2 * off
        possible = SHORTEST < interval < LONGEST
        suspect = not possible or (abs(step) > wide and abs(off) > far and self._unusual(interval))
        row = self._resolve(interval, typical, min(far, 0.25 * typical), suspect)
        if possible:
            split = row.kind == LONG and self._flagged == 0.0
            self._recent.append(row.value / 1e3 if split else interval)
        self._steps.add(abs(step))
        self._offs.add(abs(off))
        if row.kind == NORMAL:
            self._usual.append(interval)
        return row

    def _unusual(self, interval: float) -> bool:
        """Tell whether an interval is out of the range of the last normal ones."""
        if not self._usual:
            return False
        return not min(self._usual) * (1 - MARGIN) <= interval <= max(self._usual) * (1 + MARGIN)

    def _resolve(self, interval: float, typical: float, near: float, suspect: bool) -> _Row:
        whole, flagged = self._since, self._flagged
        if flagged:
            if abs(whole - typical) < near and abs(whole - typical) <= abs(interval - typical):
                return self._good(whole, SHORT, whole)
            if suspect and not math.isnan(self._before) and abs(interval - self._before) < near:
                return self._good(interval, NORMAL, interval)
            if abs(whole / 2 - typical) < near:
                kind = ECTOPIC if flagged == SHORT else MISPLACED
                return self._good(whole / 2, kind, whole)
            if not suspect and flagged == LONG:
                return self._good(interval, NORMAL, interval)
            if not suspect:
                self._since, self._before, self._flagged = 0.0, interval, 0.0
                return _Row(math.nan, ECTOPIC, 0.0, "starts at a rejected beat")
        elif not suspect:
            return self._good(interval, NORMAL, interval)
        elif interval > typical:
            for parts in (2, 3):
                if abs(interval / parts - typical) < near:
                    return self._good(interval / parts, LONG, interval)
        self._flagged = SHORT if interval < typical else LONG
        self._before = interval
        return _Row(math.nan, self._flagged, 0.0, "early beat" if interval < typical else "long interval")

    def _good(self, value: float, kind: float, span: float) -> _Row:
        self._since, self._before, self._flagged = 0.0, value, 0.0
        return _row((1e3 * value, kind, span, ""))


def correct_beats(times: FloatArray) -> Intervals:
    """Judge the intervals between beats, in order and from the past only.

    Parameters
    ----------
    times : ndarray, shape (n_beats,)
        R peaks or pulse times [s], increasing.
    """
    intervals = np.diff(times, prepend=np.nan)
    n = len(times)
    return BeatCorrector().push(times.tolist(), intervals.tolist(), [False] * n, [""] * n)

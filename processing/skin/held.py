"""Streams that hold their values: EDA measured a few times a second in rows of a faster table.

In rows of 32 Hz a sensor of 4 Hz repeats each value eight times. What stands still and then changes at once
is a jump to whatever looks at neighbours, and most responses went with the jumps. So responses of such a
stream are sought in the samples at which its values change, at their rate. The method is ours: docs/eda.md.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.sums import after

RUNS = 24
"""So many runs of equal samples tell how long a value is held."""
FEWEST = 3
"""A value is held for so many samples at least."""
ALIKE = 0.75
"""Share of the runs that are as long as the median one, give or take a sample: 64 Hz is no multiple of 10."""
SHORTER = 2
"""So many of them may be shorter: a value came late."""
DIFFER = 2.5
"""The largest change is so many times the smallest: those of a drift in steps are all alike."""
LATE = 1.5
"""Where a value does not change, the next is taken so much later than it is due [samples]."""


class Held(NamedTuple):
    """Hold for each sample how long values are held there [samples], 1 where they are not, and whether it
    stands for one; shape (n,)."""

    length: FloatArray
    taken: BoolArray


class Holds:
    """Follow how long the values of one stream are held, by the runs that ended before each sample."""

    def __init__(self) -> None:
        self._lengths: IntArray = np.empty(0, np.int64)
        self._changes: FloatArray = np.empty(0)
        self._value = np.nan
        self._run = 0
        self._held = 1.0

    def push(self, eda: FloatArray) -> Held:
        """Take in samples [µS], none missing."""
        n = len(eda)
        if n == 0:
            return Held(np.empty(0), np.empty(0, bool))
        before = after(self._value if self._run else eda[0], eda[:-1])
        starts = np.flatnonzero(eda != before)
        first = after(-self._run, starts)
        lengths = first[1:] - first[:-1]
        past = len(self._lengths)
        runs = np.concatenate((self._lengths, lengths))
        changes = np.concatenate((self._changes, np.abs(eda[starts] - before[starts])))
        held = after(self._held, self._held_after(runs, changes, past))
        self._lengths, self._changes = runs[-RUNS:], changes[-RUNS:]
        self._run, self._value, self._held = n - int(first[-1]), float(eda[-1]), float(held[-1])
        if not (held > 1.0).any():
            return Held(np.ones(n), np.ones(n, bool))
        place = np.searchsorted(starts, np.arange(n), side="right")
        length, offset = held[place], np.arange(n) - first[place]
        nth = np.floor((offset - LATE + 0.5) / length)
        again = (nth >= 1.0) & (offset == np.rint(nth * length + LATE))
        return Held(length, (length == 1.0) | (offset == 0) | again)

    def _held_after(self, runs: IntArray, changes: FloatArray, past: int) -> FloatArray:
        """Return how long values are held after each run from `past` on [samples], 1 if they are not."""
        held = np.ones(len(runs) - past)
        short = np.concatenate(([0], np.cumsum(runs < FEWEST)))
        ends = np.arange(max(past + 1, RUNS), len(runs) + 1)
        few = ends[short[ends] - short[ends - RUNS] <= SHORTER]
        now = self._held
        for end in few.tolist():
            if end - 1 - past and held[end - 2 - past] == 1.0:
                now = 1.0
            now = self._length(runs[end - RUNS : end], changes[end - RUNS : end], now)
            held[end - 1 - past] = now
        return held

    @staticmethod
    def _length(runs: IntArray, changes: FloatArray, now: float) -> float:
        """Return how long values are held by these runs; as long as `now` as long as that fits."""
        usual = now if now > 1.0 else float(np.sort(runs)[len(runs) // 2])
        alike = np.abs(runs - usual) <= 1.0
        varied = float(changes.max()) >= DIFFER * float(changes.min())
        fits = np.count_nonzero(alike) >= ALIKE * len(runs)
        if not (varied and fits) or np.count_nonzero(runs < usual - 1.0) > SHORTER:
            return 1.0
        return now if now > 1.0 else float(runs[alike].mean())

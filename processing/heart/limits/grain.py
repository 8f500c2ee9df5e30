"""How coarse a device's intervals are: pulses that are found to a sample lie on a grid of samples.

A wrist band that samples the pulse 64 times a second tells of beats to 15.6 ms. Where beats lie on such a
grid their times err by its step / √12 (sd), which is in every difference of intervals.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np

from acquisition.stream import FloatArray

SAME = 1e-4
"""Intervals that differ by less are the same [s]: decimals that a file leaves out."""
FINE = 2e-3
"""Steps below add less than 2 ms² to a mean square of differences, and are not followed [s]."""
ENOUGH = 12
"""So many intervals hold two neighbours of a grid, or show that there is none."""


class Grain:
    """Follow the smallest step between intervals, one after another."""

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._count = 0
        self._step = math.inf

    def spread(self, seconds: FloatArray) -> FloatArray:
        """Return what the grid known by then makes of the time of each beat (sd) [s]; nan where none is.

        Parameters
        ----------
        seconds : ndarray, shape (n,)
            Intervals [s], which go on from those before.
        """
        return np.array([self._of(interval) for interval in seconds.tolist()], np.float64)

    def _of(self, interval: float) -> float:
        if self._step < FINE:
            return math.nan
        self._count += 1
        at = bisect_left(self._seen, interval)
        beside = [abs(interval - other) for other in self._seen[max(at - 1, 0) : at + 1]]
        if all(apart > SAME for apart in beside):
            self._step = min(self._step, *beside, math.inf)
            self._seen.insert(at, interval)
        known = FINE <= self._step < math.inf and self._count >= ENOUGH
        return self._step / math.sqrt(12.0) if known else math.nan

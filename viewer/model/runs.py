"""Runs: when a stream spoke, as stretches without a silence; a review says how it did then. No Qt."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from acquisition.stream import FloatArray

SILENCE = 2.0
"""Stamps further apart begin a new run [s]."""


class Runs:
    """Hold the first and last stamp [s] of each stretch in which samples came."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.stops: list[float] = []

    def extend(self, times: FloatArray) -> None:
        """Take in stamps, none before the last one."""
        if len(times) == 0:
            return
        if self.stops and float(times[-1]) - self.stops[-1] <= SILENCE:
            self.stops[-1] = float(times[-1])
            return
        cuts = np.flatnonzero(np.diff(times) > SILENCE)
        firsts = [float(times[0]), *times[cuts + 1].tolist()]
        lasts = [*times[cuts].tolist(), float(times[-1])]
        if self.stops and firsts[0] - self.stops[-1] <= SILENCE:
            firsts.pop(0)
            self.stops[-1] = lasts.pop(0)
        self.starts += firsts
        self.stops += lasts

    def age(self, now: float) -> float:
        """Return how long the stream had been silent at a moment [s]; nan if it had not spoken by then."""
        k = bisect_right(self.starts, now) - 1
        return float("nan") if k < 0 else max(now - self.stops[k], 0.0)

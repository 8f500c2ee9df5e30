"""The beats of one person as they come: judged intervals with when they were settled and how good they
are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.ibi import BeatCorrector, Intervals


class BeatRows(NamedTuple):
    """Hold beats, one row each, in time order; `beats` as judged, `settled` [s], `quality` 0-1, others
    see `Beats`."""

    beats: Intervals
    settled: FloatArray
    quality: FloatArray
    heights: FloatArray
    likeness: FloatArray


def joined_intervals(parts: list[Intervals]) -> Intervals:
    """Return several tables of intervals as one."""
    columns = [np.concatenate([p[k] for p in parts]) for k in range(5)]
    return Intervals._make([*columns, [reason for p in parts for reason in p.reasons]])


class BeatTable:
    """Collect beats, hand out those not yet published, and forget old ones."""

    def __init__(self) -> None:
        nothing = BeatCorrector().push([], [], [], [])
        self.rows = BeatRows(nothing, *np.empty((4, 0)))
        self._waiting: list[BeatRows] = []
        self.emitted = 0
        """Rows already published."""

    def add(self, rows: BeatRows) -> None:
        """Take in further beats."""
        if len(rows.settled):
            self._waiting.append(rows)

    def gather(self) -> None:
        """Join what was added."""
        if self._waiting:
            parts = [self.rows, *self._waiting]
            columns = [np.concatenate([p[k] for p in parts]) for k in range(1, 5)]
            self.rows = BeatRows(joined_intervals([p.beats for p in parts]), *columns)
            self._waiting = []

    def until(self, time: float, known: float) -> int:
        """Return how many beats lie at or before `time` and were settled by data time `known`."""
        beats = np.searchsorted(self.rows.beats.times, time, side="right")
        return int(min(beats, np.searchsorted(self.rows.settled, known, side="right")))

    def trim(self, before: float) -> None:
        """Forget published beats from before a time [s] that no window to come can reach."""
        drop = int(np.searchsorted(self.rows.beats.times, before, side="left"))
        drop = min(drop, self.emitted)
        if drop < 500:
            return
        beats, *columns = self.rows
        kept = Intervals._make([*(c[drop:] for c in beats[:5]), beats.reasons[drop:]])
        self.rows = BeatRows(kept, *(c[drop:] for c in columns))
        self.emitted -= drop

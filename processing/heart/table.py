"""The beats of one person as they come: at first their intervals, later what they were judged to be."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.ibi import Intervals, cut_intervals, joined_intervals, no_intervals


class Arrivals(NamedTuple):
    """Hold beats as they arrive, one row each, in time order: `values` are intervals [ms], nan with one of
    `reasons`; `accepted` see `Known`; `settled` [s], `quality` 0-1, others see `Beats`."""

    times: FloatArray
    values: FloatArray
    settled: FloatArray
    quality: FloatArray
    heights: FloatArray
    likeness: FloatArray
    accepted: BoolArray
    reasons: list[str]


def no_arrivals() -> Arrivals:
    """Return an empty table."""
    none = np.empty(0)
    return Arrivals(none, none, none, none, none, none, np.empty(0, np.bool_), [])


class BeatRows(NamedTuple):
    """Hold judged beats, one row each, in time order; `settled` is when the class was known [s], others see
    `Arrivals`."""

    beats: Intervals
    settled: FloatArray
    quality: FloatArray
    heights: FloatArray


class BeatTable:
    """Collect beats, hand out those not yet published, and forget old ones."""

    def __init__(self) -> None:
        self.arrived = no_arrivals()
        self.rows = BeatRows(no_intervals(), *np.empty((3, 0)))
        self._coming: list[Arrivals] = []
        self._waiting: list[BeatRows] = []
        self.emitted = 0
        """Arrivals already published."""
        self.judged = 0
        """Judged rows already published."""

    def arrive(self, rows: Arrivals) -> None:
        """Take in beats that have come."""
        if len(rows.times):
            self._coming.append(rows)

    def add(self, rows: BeatRows) -> None:
        """Take in beats that were judged."""
        if len(rows.settled):
            self._waiting.append(rows)

    def gather(self) -> None:
        """Join what was taken in."""
        if self._coming:
            come = [self.arrived, *self._coming]
            joined: list[Any] = [np.concatenate([p[k] for p in come]) for k in range(7)]
            self.arrived = Arrivals._make([*joined, [reason for p in come for reason in p.reasons]])
            self._coming = []
        if self._waiting:
            parts = [self.rows, *self._waiting]
            columns = [np.concatenate([p[k] for p in parts]) for k in range(1, 4)]
            self.rows = BeatRows(joined_intervals([p.beats for p in parts]), *columns)
            self._waiting = []

    def until(self, time: float, known: float) -> int:
        """Return how many beats lie at or before `time` and had arrived by data time `known`."""
        beats = np.searchsorted(self.arrived.times, time, side="right")
        return int(min(beats, np.searchsorted(self.arrived.settled, known, side="right")))

    def trim(self, before: float) -> None:
        """Forget published beats from before a time [s] that no window to come can reach."""
        drop = int(np.searchsorted(self.rows.beats.times, before, side="left"))
        drop = min(drop, self.judged, self.emitted)
        if drop < 500:
            return
        beats, *columns = self.rows
        self.rows = BeatRows(cut_intervals(beats, slice(drop, None)), *(c[drop:] for c in columns))
        self.arrived = Arrivals._make(column[drop:] for column in self.arrived)
        self.judged -= drop
        self.emitted -= drop

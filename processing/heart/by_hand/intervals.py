"""A stream of interbeat intervals whose beats were corrected by hand.

The stream tells how long each interval was; its stamps, when the beat came. Where a beat is put between two
or left out, the intervals around it still add up to what was told.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.corrections.edits import Edits
from processing.heart.ibi import MARKED, REJECTED, Arrival
from processing.heart.input import BeatFeed, plain_beats, told_beats
from processing.heart.judging import BeatJudge
from processing.heart.limits.grain import Grain
from processing.heart.table import BeatTable

AT = 0.1
"""A placed beat is the one that a told interval began with if it is so near [s]."""


class CorrectedIntervals:
    """Judge the beats of a stream of intervals with its corrections; stands where `IntervalInput` stands.

    Parameters
    ----------
    table : BeatTable
        Where the beats go.
    edits : Edits
    """

    def __init__(self, table: BeatTable, edits: Edits) -> None:
        self._edits, self._grain = edits, Grain()
        self._feed = BeatFeed(table, BeatJudge(has_shapes=False, placed=edits.placed))
        self._ahead: list[float] = edits.placed.tolist()[::-1]
        self._stamp = math.nan
        """Of the last beat that the stream told of [s]."""
        self._last = math.nan
        """The last beat that counts [s]."""
        self._left = 0.0
        """What of the told intervals since the last beat that counts belongs to the next one [s]."""
        self._broken = False
        self._ready: list[Arrival] = []

    def update(self, times: FloatArray, intervals: FloatArray) -> None:
        """Take in intervals stamped at the beat that ends them; see `told_beats`."""
        told = told_beats(times, intervals, self._stamp, self._grain)
        if not len(told.times):
            return
        self._stamp = float(told.times[-1])
        columns = (told.times, told.seconds, told.fresh, told.placing, ~self._edits.removes(told.times))
        for time, seconds, fresh, off, stays in zip(*(c.tolist() for c in columns), strict=True):
            self._place(time)
            self._told(time, seconds, off, fresh=fresh, stays=stays)
        self._emit()

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._place(until)
        self._emit()
        self._feed.settle(until)

    def _place(self, until: float) -> None:
        """Pass on the placed beats before a moment [s]."""
        while self._ahead and self._ahead[-1] < until:
            time = self._ahead.pop()
            if math.isnan(self._last):
                continue  # nothing was recorded yet
            span = time - self._last
            self._left -= span
            self._pass(time, span, placed=True)

    def _told(self, time: float, seconds: float, off: float, *, fresh: bool, stays: bool) -> None:
        if fresh:  # the beat that the interval began with did not come, unless one was placed there
            placed = abs(time - seconds - self._last) < AT
            self._broken = not placed
            self._left = 0.0
        self._left += seconds
        if not stays:
            return
        interval = self._left if self._left > 0.0 else time - self._last
        self._left = 0.0
        self._pass(time, interval, off, is_first=self._broken)
        self._broken = False

    def _pass(
        self,
        time: float,
        interval: float,
        off: float = math.nan,
        *,
        is_first: bool = False,
        placed: bool = False,
    ) -> None:
        at, before = np.array([time]), np.array([self._last])
        missing = MARKED if not math.isnan(self._last) and self._edits.crosses(before, at)[0] else ""
        fault = REJECTED if self._edits.rejects(at)[0] else ""
        fault = MARKED if self._edits.marks(at)[0] else fault
        vouched = bool(self._edits.accepts(at)[0])
        self._last = time
        self._ready.append(
            Arrival(
                time,
                float(np.nextafter(time, np.inf)),
                math.nan if missing else interval,
                fault,
                is_first=is_first,
                missing=missing,
                placed=placed,
                vouched=vouched,
                placing=off,
            )
        )

    def _emit(self) -> None:
        rows, self._ready = self._ready, []
        if rows:
            self._feed.take(plain_beats(np.array([row.time for row in rows])), rows)

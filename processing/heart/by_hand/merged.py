"""Detected beats and beats placed by hand, in one order of time, judged as all others are.

A beat that was placed is data at its time: it is settled `HOLD` after it, when every beat before it is
decided, and what comes after it waits for that. A detected beat that is decided later still is left out. So
the result does not depend on how the signal was cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.corrections.edits import Edits
from processing.heart.config import HeartConfig
from processing.heart.holes import crossing
from processing.heart.ibi import MARKED, MISSING, REJECTED, UNTOLD, arrival_of
from processing.heart.input import BeatFeed, faults
from processing.heart.judging import BeatJudge
from processing.heart.rpeaks import Beats
from processing.heart.table import BeatTable

HOLD = 0.9
"""A beat is decided at most 0.75 s after its R peak, but for a few that come too late to be good ones [s]."""
RECENT = 16
"""Detected beats whose R amplitude is the usual one."""
ALIKE = (0.5, 2.0)
"""Amplitude over the usual one in which a placed beat is taken to be seen in the ECG."""
NUMBERS = Beats._fields.index("first")
"""So many columns of `Beats`, and of a row here, are numbers and come first."""
Shape = tuple[FloatArray, FloatArray, float]
"""Parts and norms as of `qrs_shapes`, and the height [mV]."""


class _Row(NamedTuple):
    """Hold one beat: a row of `Beats`, and whether it was placed by hand."""

    time: float
    settled: float
    height: float
    contrast: float
    likeness: float
    trusted: float
    passed: float
    waves: float
    placing: float
    parts: FloatArray
    norms: FloatArray
    turning: FloatArray
    placed: bool


class MergedBeats:
    """Put corrected beats in order, and judge them.

    Parameters
    ----------
    table : BeatTable
        Where the beats go.
    edits : Edits
    starts : sequence of float
        First sample of each gap-free stretch of the ECG [s]; may grow.
    holes : callable
        Returns the short holes in it so far [s].
    shape : callable
        Returns the shape of the ECG at a moment [s].
    """

    def __init__(
        self,
        table: BeatTable,
        edits: Edits,
        *,
        starts: Sequence[float],
        holes: Callable[[], Sequence[tuple[float, float]]],
        shape: Callable[[float], Shape],
    ) -> None:
        self._edits, self._starts, self._holes, self._shape = edits, starts, holes, shape
        self._feed = BeatFeed(table, BeatJudge(has_shapes=True, placed=edits.placed))
        self._ahead: list[float] = edits.placed.tolist()[::-1]
        self._queue: list[_Row] = []
        self._ready: list[_Row] = []
        self._shapes: dict[float, Shape] = {}
        self._latest = self._settled = -math.inf
        self._recent: list[float] = []
        self._last, self._last_placed = math.nan, False

    def look(self, time: float) -> None:
        """Take the shape of the ECG at a placed beat, while it is remembered."""
        if time not in self._shapes:
            self._shapes[time] = self._shape(time)

    def take(self, found: Beats) -> None:
        """Take in detected beats, in order."""
        if len(found.times):
            kept = ~self._edits.removes(found.times)
            numbers = (column.tolist() for column in found[:NUMBERS])
            rows = zip(*numbers, found.parts, found.norms, found.turning, kept.tolist(), strict=True)
            for *row, stays in rows:
                self._place(row[1], strictly=True)
                if stays and row[0] > self._latest:
                    self._detected(_Row._make([*row, False]))
        self._emit()

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._place(until, strictly=False)
        self._emit()
        self._feed.settle(until)

    def _detected(self, row: _Row) -> None:
        if self._ahead and self._ahead[-1] < row.time:
            self._queue.append(row)
        else:
            self._pass(row)

    def _place(self, until: float, *, strictly: bool) -> None:
        """Pass on the placed beats that are settled by `until` [s], and what waited for them."""
        while self._ahead and (
            self._ahead[-1] + HOLD < until or (not strictly and self._ahead[-1] + HOLD == until)
        ):
            time = self._ahead.pop()
            if not self._starts or time < self._starts[0]:
                continue  # nothing was recorded yet
            self.look(time)
            parts, norms, height = self._shapes.pop(time)
            height = height if self._seen(height) else math.nan
            nothing = (1.0, 1.0, 0.0, 0.0, math.nan)
            self._pass(_Row(time, time + HOLD, height, math.inf, *nothing, parts, norms, UNTOLD, True))
            waiting, self._queue = self._queue, []
            for row in waiting:
                self._detected(row)

    def _seen(self, height: float) -> bool:
        """Tell whether an R wave of usual size is seen in the ECG."""
        if not self._recent:
            return False
        usual = sorted(self._recent)[len(self._recent) // 2]
        return usual != 0.0 and ALIKE[0] < height / usual < ALIKE[1]

    def _pass(self, row: _Row) -> None:
        self._latest = row.time
        self._settled = max(self._settled, row.settled)
        if not row.placed:
            self._recent = [*self._recent[1 - RECENT :], row.height]
        self._ready.append(row._replace(settled=self._settled))

    def _emit(self) -> None:
        """Hand the beats on, with the intervals between them and what was said of each."""
        rows, self._ready = self._ready, []
        if not rows:
            return
        numbers = np.array([row[:NUMBERS] for row in rows]).T
        times = numbers[0]
        placed = np.array([row.placed for row in rows])
        before = np.append(self._last, times[:-1])
        beside = placed | np.append(self._last_placed, placed[:-1])
        intervals, missing, first = self._intervals(before, times, beside)
        shapes = (np.array(column) for column in zip(*(row[-4:-1] for row in rows), strict=True))
        found = Beats._make([*numbers, first, *shapes])
        vouched = self._edits.accepts(times)
        said = self._said(found, placed | vouched)
        self._last, self._last_placed = float(times[-1]), bool(placed[-1])
        columns = (times.tolist(), found.settled.tolist(), intervals.tolist(), said, found.parts, found.norms)
        over = (found.passed > 0) & ~beside & ~self._edits.vouches(before, times)
        marks = (missing, placed.tolist(), vouched.tolist(), over.tolist(), found.placing.tolist())
        arrivals = zip(*columns, repeat(False), *marks, found.turning, strict=False)
        self._feed.take(found, list(map(arrival_of, arrivals)))

    def _intervals(
        self, before: FloatArray, times: FloatArray, beside: BoolArray
    ) -> tuple[FloatArray, list[str], BoolArray]:
        """Return the intervals [s], nan where nothing is known of them and why, and where a stretch begins.

        Beside a beat that was placed, no hole and no gap hides anything: whoever placed it says so.
        """
        intervals = times - before
        starts = np.asarray(self._starts, np.float64)
        began = np.searchsorted(starts, times, side="right") > np.searchsorted(starts, before, side="right")
        first = np.isnan(before) | (began & ~(beside & (intervals < HeartConfig.longest)))
        holes = [hole for hole in self._holes() if not hole[1] < before[0] - 1.0]
        crossed = crossing(times, float(before[0]), holes) & ~first & ~beside
        crossed &= ~self._edits.vouches(before, times)
        marked = self._edits.crosses(before, times) & ~np.isnan(before)
        intervals[first | crossed | marked] = np.nan
        said = np.where(marked, MARKED, np.where(crossed, MISSING, ""))
        return intervals, [str(text) for text in said], first

    def _said(self, found: Beats, good: BoolArray) -> list[str]:
        """Return the fault of each beat; one that is good by hand has none."""
        said = np.array(faults(found), dtype=object)
        said[good] = ""
        said[self._edits.rejects(found.times)] = REJECTED
        said[self._edits.marks(found.times)] = MARKED
        return [str(text) for text in said]

"""The time base in the pipeline: samples wait until their times are known, and then come as if on time.

A sample stands in the slice in which its time was settled. How late it came is judged by the slice in which
it arrived. Where a stream falls silent, what waits is settled by a tick; nothing looks at a clock.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.batch import StreamPart
from acquisition.stream import FloatArray, IntArray, StreamInfo
from acquisition.timebase.account import Account, Remark
from acquisition.timebase.base import TimeBase
from acquisition.timebase.far import NUMBER
from acquisition.timebase.repeats import Repeats
from processing.admission import Waits
from processing.by_arrival import ByArrival

SILENCE = 1.5
"""Seconds without a sample after which those that wait are settled by what is known."""
OWN = 60.0
"""First stamps that are so far from their arrival are on a clock of their own [s]."""
CLOCK_STEP = 0.5
"""A clock offset that differs by more tells of another clock, not of drift [s]."""
RATED = 1e-9
"""Share by which a rate differs that is another one."""


class Settled(NamedTuple):
    """Hold samples with their times in the slices that settled them, None if none was, and what waits."""

    part: StreamPart | None
    waits: Waits | None


class _Waiting(NamedTuple):
    """Hold samples without a time yet, one row each.

    `clock` is what their stamps were shifted by, and `more` by how much another offset held then [s].
    """

    samples: NDArray[Any]
    clock: FloatArray
    more: FloatArray
    since: FloatArray
    until: FloatArray


class SampleTimes:
    """Lay the samples of one stream.

    Parameters
    ----------
    info : StreamInfo
        As it was recorded; the rate it says need not be true.
    lateness : float, optional
        How late a sample may arrive [s]; what the stream was recorded with if not given.
    """

    def __init__(self, info: StreamInfo, lateness: float | None = None) -> None:
        self._set_out(info)
        self._by_arrival = ByArrival(info.lateness if lateness is None else lateness, self._say)
        self._said = self._info = info
        self._waiting: list[_Waiting] = []
        self._offsets: list[tuple[int, float]] = []
        self._n = self._given = 0
        self._offset = math.nan
        self._clock, self._own = 0.0, math.nan
        self._first: tuple[float, float, float] | None = None
        """A first stamp that seems to be of another clock, what it was shifted by, and when it came [s]."""
        self._arrived = -math.inf
        self._tick = -math.inf

    def _set_out(self, info: StreamInfo) -> None:
        self._base = TimeBase(info.sfreq)
        self._repeats = Repeats(self._base.account)

    @property
    def account(self) -> Account:
        """Return what was found out about the stamps."""
        return self._base.account

    def lay(self, part: StreamPart | None, ticks: FloatArray) -> Settled:
        """Take in what came in these slices; return what they settle.

        Parameters
        ----------
        ticks : ndarray, shape (n_ticks,)
            Not decreasing [s].
        """
        before = self._n - self._given
        slices, stamps = np.empty(0, np.int64), np.empty(0)
        if part is not None:
            if part.info is not self._said:
                if not self._n:  # a stream that was not there at the start says its rate now
                    self._set_out(part.info)
                self._said = self._info = part.info
            if (left_out := self._repeats.left_out(part.times, part.samples)) is not None:
                part = part.where(~left_out)
            slices, stamps = part.slices, self._take_in(part, ticks)
        times, places = self._laid(stamps, slices, ticks)
        rows = self._rows()
        oldest = _oldest(rows.since, np.append(np.full(before, -1), slices), places, len(ticks))
        self._n += len(slices)
        self._arrived = float(ticks[slices[-1]]) if len(slices) else self._arrived
        self._tick = float(ticks[-1]) if len(ticks) else self._tick
        if not len(times):
            return Settled(None, Waits(times, times, oldest))
        return self._settled(rows, times, places, oldest)

    def _laid(self, stamps: FloatArray, slices: IntArray, ticks: FloatArray) -> tuple[FloatArray, IntArray]:
        """Return the times that become known, and in which slice each does."""
        arrivals = ticks[slices]
        times, places, at = [np.empty(0)], [np.empty(0, np.int64)], 0
        for stop, tick in self._silences(slices, arrivals, ticks):
            if stop > at:
                laid = self._base.push(stamps[at:stop], arrivals[at:stop])
                times.append(laid.times)
                places.append(slices[laid.settled - self._n])
                at = stop
            if tick < len(ticks) and self._base.pending:
                times.append(self._base.drain())
                places.append(np.full(len(times[-1]), tick))
        self._tell_own_clock()
        return np.concatenate(times), np.concatenate(places)

    def _rows(self) -> _Waiting:
        """Return what came and was not yet handed on."""
        if len(self._waiting) > 1:
            self._waiting = [_Waiting._make(map(np.concatenate, zip(*self._waiting, strict=True)))]
        return self._waiting[0] if self._waiting else _Waiting(*(np.empty(0) for _ in range(5)))

    def _silences(self, slices: IntArray, arrivals: FloatArray, ticks: FloatArray) -> list[tuple[int, int]]:
        """Return up to which sample to go on, and at which tick those that wait are settled then."""
        n, out = len(ticks), list[tuple[int, int]]()
        if n:
            came = np.append(self._arrived, arrivals)
            follows = np.append(slices, n)
            long = np.append(arrivals, ticks[-1]) - came >= SILENCE
            for i in np.flatnonzero(long).tolist():
                tick = int(ticks.searchsorted(came[i] + SILENCE))
                if tick < follows[i]:
                    out.append((i, tick))
        return [*out, (len(slices), n)]

    def _take_in(self, part: StreamPart, ticks: FloatArray) -> FloatArray:
        """Keep what came until its times are known; return its stamps on the recorder's clock, roughly."""
        clock, more, begin = np.empty(len(part.times)), np.empty(len(part.times)), 0
        for position, value in [*part.offsets, (len(part.times), math.nan)]:
            clock[begin:position] = self._clock
            more[begin:position] = 0.0 if math.isnan(self._offset) else self._offset - self._clock
            begin = position
            if math.isfinite(value):
                self._offsets.append((self._n + position, value))
                if not abs(value - self._offset) <= CLOCK_STEP:
                    self._clock = value
                self._offset = value
        if math.isnan(self._own):
            self._own = self._own_clock(part.times, clock, ticks[part.slices])
        before = np.append(self._tick, ticks)
        self._waiting.append(_Waiting(part.samples, clock, more, before[part.slices], ticks[part.slices]))
        return part.times + clock + (0.0 if math.isnan(self._own) else self._own)

    def _own_clock(self, times: FloatArray, clock: FloatArray, arrived: FloatArray) -> float:
        """Return what places stamps of another clock by their arrival [s]; nan if that is not known yet."""
        stamps = times + clock
        known = np.flatnonzero(np.abs(stamps) < NUMBER)
        if not len(known):
            return math.nan
        # What comes together was held up, but its last sample by least.
        newest = int(known[arrived[known] == arrived[known[0]]][-1])
        ahead = float(stamps[newest] - arrived[newest])
        if abs(ahead) <= OWN:
            return 0.0
        self._first = float(times[newest]), float(clock[newest]), float(arrived[newest])
        return -ahead

    def _tell_own_clock(self) -> None:
        """Say by how much stamps are off, once their unit is known: milliseconds may be of no other clock."""
        if self._first is None or math.isnan(per_second := self._base.per_second):
            return
        (stamp, clock, arrived), self._first = self._first, None
        ahead = stamp / per_second + clock - arrived
        if abs(ahead) > OWN:
            what = f"stamps are {ahead:+.6g} s off the recorder's clock: placed by when samples came first"
            self.account.remarks.append(Remark(0, "clock", what))

    def _say(self, k: int, what: str) -> None:
        self.account.remarks.append(Remark(max(0, self._given + k - 1), "clock", what))

    def _settled(self, rows: _Waiting, times: FloatArray, places: IntArray, oldest: FloatArray) -> Settled:
        n = len(times)
        self._waiting = [_Waiting._make(column[n:] for column in rows)]
        rows = _Waiting._make(column[:n] for column in rows)
        if (shifts := self._by_arrival.shifts(times, rows.more, rows.until, places)) is not None:
            times = times + shifts
        due = [(k - self._given, value) for k, value in self._offsets if k < self._given + n]
        self._offsets = self._offsets[len(due) :]
        self._given += n
        placed = ~np.isnan(times)
        if not placed.all():
            due = [(int(placed[:k].sum()), value) for k, value in due]
            times, places = times[placed], places[placed]
            rows = _Waiting._make(column[placed] for column in rows)
        part = StreamPart(
            info=self._rated(), times=times - rows.clock, samples=rows.samples, slices=places, offsets=due
        )
        return Settled(part, Waits(rows.since, rows.until, oldest))

    def _rated(self) -> StreamInfo:
        """Return the stream with the rate that it sends."""
        sfreq = 1.0 / self._base.usual
        if self._info.sfreq != sfreq and abs(self._info.sfreq / sfreq - 1.0) > RATED:
            self._info = replace(self._said, sfreq=sfreq)
        return self._info


def _oldest(since: FloatArray, arrived: IntArray, places: IntArray, n_ticks: int) -> FloatArray:
    """Return before which tick the oldest sample arrived that waits after each tick [s]; inf if none does.

    `arrived` and `places` are the slices in which samples came and in which the first of them were settled.
    """
    out = np.full(n_ticks, np.inf)
    if len(arrived):
        settled = np.append(places, np.full(len(arrived) - len(places), n_ticks))
        ticks = np.arange(n_ticks)
        first = settled.searchsorted(ticks, side="right")
        here = np.minimum(first, len(arrived) - 1)
        waits = (first < len(arrived)) & (arrived[here] <= ticks)
        out[waits] = since[here[waits]]
    return out

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
from acquisition.timebase.account import STARTING, Account, Remark
from acquisition.timebase.base import NUMBER, TimeBase

SILENCE = 1.5
"""Seconds without a sample after which those that wait are settled by what is known."""
OWN = 60.0
"""First stamps that are so far from their arrival are on a clock of their own [s]."""
CLOCK_STEP = 0.5
"""A clock offset that differs by more tells of another clock, not of drift [s]."""
RATED = 1e-9
"""Share by which a rate differs that is another one."""
ADDED = STARTING
"""Seconds by which samples may be handed on later than they came."""


class Settled(NamedTuple):
    """Hold samples with their times, in the slices that settled them.

    `since` and `until` are the times of the ticks before and after each sample arrived [s].
    """

    part: StreamPart
    since: FloatArray
    until: FloatArray


class _Waiting(NamedTuple):
    """Hold samples without a time yet, one row each; `clock` is what their stamps were shifted by [s]."""

    samples: NDArray[Any]
    clock: FloatArray
    since: FloatArray
    until: FloatArray


class SampleTimes:
    """Lay the samples of one stream.

    Parameters
    ----------
    info : StreamInfo
        As it was recorded; the rate it says need not be true.
    """

    def __init__(self, info: StreamInfo) -> None:
        self._base = TimeBase(info.sfreq)
        self._said = self._info = info
        self._waiting: list[_Waiting] = []
        self._offsets: list[tuple[int, float]] = []
        self._n = self._given = 0
        self._offset = math.nan
        self._clock, self._own = 0.0, math.nan
        self._arrived = -math.inf
        self._tick = -math.inf

    @property
    def account(self) -> Account:
        """Return what was found out about the stamps."""
        return self._base.account

    def lay(self, part: StreamPart | None, ticks: FloatArray) -> Settled | None:
        """Take in what came in these slices; return what they settle, None if that is nothing.

        Parameters
        ----------
        ticks : ndarray, shape (n_ticks,)
            Not decreasing [s].
        """
        if part is not None:
            if part.info is not self._said:
                if not self._n:  # a stream that was not there at the start says its rate now
                    self._base = TimeBase(part.info.sfreq)
                self._said = self._info = part.info
            stamps = self._take_in(part, ticks)
        slices = part.slices if part is not None else np.empty(0, np.int64)
        arrivals = ticks[slices]
        times, places, at = list[FloatArray](), list[IntArray](), 0
        for stop, tick in self._silences(slices, arrivals, ticks):
            if stop > at:
                laid = self._base.push(stamps[at:stop], arrivals[at:stop])
                times.append(laid.times)
                places.append(slices[laid.settled - self._n])
                at = stop
            if tick < len(ticks) and self._base.pending:
                times.append(self._base.drain())
                places.append(np.full(len(times[-1]), tick))
        self._n += len(slices)
        self._arrived = float(arrivals[-1]) if len(arrivals) else self._arrived
        self._tick = float(ticks[-1]) if len(ticks) else self._tick
        return self._settled(np.concatenate(times), np.concatenate(places)) if sum(map(len, times)) else None

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
        clock, begin = np.empty(len(part.times)), 0
        for position, value in [*part.offsets, (len(part.times), math.nan)]:
            clock[begin:position] = self._clock
            begin = position
            if math.isfinite(value):
                self._offsets.append((self._n + position, value))
                if not abs(value - self._offset) <= CLOCK_STEP:
                    self._clock = value
                self._offset = value
        if math.isnan(self._own):
            self._own = self._own_clock(part.times + clock, ticks[part.slices])
        before = np.append(self._tick, ticks)
        self._waiting.append(_Waiting(part.samples, clock, before[part.slices], ticks[part.slices]))
        return part.times + clock + (0.0 if math.isnan(self._own) else self._own)

    def _own_clock(self, stamps: FloatArray, arrived: FloatArray) -> float:
        """Return what places stamps of another clock by their arrival [s]; nan if that is not known yet."""
        known = np.flatnonzero(np.abs(stamps) < NUMBER)
        if not len(known):
            return math.nan
        # What comes together was held up, but its last sample by least.
        newest = int(known[arrived[known] == arrived[known[0]]][-1])
        ahead = float(stamps[newest] - arrived[newest])
        if abs(ahead) <= OWN:
            return 0.0
        what = f"stamps are {ahead:+.6g} s off the recorder's clock: placed by when samples came first"
        self.account.remarks.append(Remark(0, "clock", what))
        return -ahead

    def _settled(self, times: FloatArray, places: IntArray) -> Settled:
        n = len(times)
        rows = _Waiting._make(map(np.concatenate, zip(*self._waiting, strict=True)))
        self._waiting = [_Waiting._make(column[n:] for column in rows)]
        rows = _Waiting._make(column[:n] for column in rows)
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
        return Settled(part, rows.since, rows.until)

    def _rated(self) -> StreamInfo:
        """Return the stream with the rate that it sends."""
        sfreq = 1.0 / self._base.usual
        if self._info.sfreq != sfreq and abs(self._info.sfreq / sfreq - 1.0) > RATED:
            self._info = replace(self._said, sfreq=sfreq)
        return self._info

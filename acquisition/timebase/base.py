"""The time base of one stream: from raw stamps to sample times, causal, and the same for any chunks.

    stamps ─► unit ─► numbers? ─► far off? ─► manner ─► Steps, Levels or Packets ─► times ─► restless?
                       counted     slip, or    from the
                                   segment     first 2.5 s

Nothing leaves before the manner is known; it is judged again every few seconds. Samples between jumps that
follow one another too closely have no place.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.account import Account, Remark
from acquisition.timebase.beginning import AT_MOST, UNITS, Unit
from acquisition.timebase.laid import Laid, joined
from acquisition.timebase.repeats import Falls
from acquisition.timebase.segments import Segments

NO_ONE = np.empty(0, np.int64)
IN_A_ROW, QUIET = 3, AT_MOST
"""From so many jumps on, each within so many seconds of samples of the one before, until so long after the
last samples have no place: that long it may take to tell how stamps come."""
TORN = 0.06
"""Seconds of samples without a place where stamps begin anew: what was sent and never came while the sender
did so is in no stamp, and an interval across may be too short by it."""


class TimeBase:
    """Estimate the times of a stream's samples from their count, the nominal rate and raw stamps.

    Parameters
    ----------
    sfreq : float
        Rate that the stream says [Hz]; 0 if it says none.
    """

    def __init__(self, sfreq: float) -> None:
        self._segments = Segments(sfreq)
        self.account: Account = self._segments.account
        self._unit = Unit(1.0 / self.account.nominal if self.account.nominal else math.nan)
        self._falls = Falls(self.account)
        self._n = self._given = 0
        self._jump = self._in_a_row = 0
        self._restless: list[tuple[int, int]] = []
        """The last jump, how many there were in a row, and which samples have no place for any."""

    @property
    def usual(self) -> float:
        """Return the period that filters are made for [s]: the nominal one, unless the stream sends another.

        nan before that is known.
        """
        return self._segments.usual

    @property
    def per_second(self) -> float:
        """Return how many of the unit of the stamps make a second; nan before that is known."""
        return math.nan if self._unit.is_open else self._unit.by

    @property
    def pending(self) -> int:
        """Return how many samples wait for their times."""
        return self._n - self._given

    def push(self, stamps: FloatArray, arrivals: FloatArray | None = None) -> Laid:
        """Take in the next stamps; return the times that they settle, in order.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            Raw stamps [s]; what is no number has none.
        arrivals : ndarray, shape (n,), optional
            When the samples had arrived [s], on the recorder's clock.

        Returns
        -------
        Laid
            nan for samples whose place is not known; `settled` counts all samples ever pushed.
        """
        heard = np.full(len(stamps), np.nan) if arrivals is None else arrivals
        parts = list[Laid]()
        self._falls.take(stamps)
        while self._unit.is_open and len(stamps):
            n = self._take(stamps, heard, parts)
            stamps, heard = stamps[n:], heard[n:]
        if len(stamps):
            parts.append(self._segments.push(self._unit.seconds(stamps), heard))
            self._n += len(stamps)
        return self._placed(joined(parts))

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, by what is known now [s]."""
        parts = list[Laid]()
        if self._unit.holds:
            self._let_go(parts)
        times = self._segments.drain()
        parts.append(Laid(times, np.full(len(times), self._n - 1)))
        return self._placed(joined(parts)).times

    def _take(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> int:
        """Take in first stamps, as long as their unit is not known; return how many."""
        return (self._hold if self._unit.holds else self._watch)(stamps, heard, parts)

    def _watch(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> int:
        """Lay first stamps up to one that runs too fast; return how many there are."""
        n = self._unit.watch(stamps, heard)
        if n:
            parts.append(self._segments.push(stamps[:n], heard[:n]))
            self._n += n
        if self._unit.holds and not self._segments.forget():
            self._unit.close()
        return n

    def _hold(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> int:
        """Let first stamps wait, up to one that tells their unit; return how many there are."""
        n = self._unit.hold(stamps, heard)
        self._n += n
        if not self._unit.is_open:
            self._let_go(parts)
        return n

    def _let_go(self, parts: list[Laid]) -> None:
        """Let go of the first stamps, in seconds."""
        times, settled = self._segments.push(*self._unit.let_go())
        parts.append(Laid(times, np.maximum(settled, self._n - 1)))
        if self._unit.by != 1.0:
            what = f"stamps are {UNITS[self._unit.by]}, not seconds: they are read as such"
            self.account.remarks.append(Remark(self._n - 1, "clock", what))

    def _placed(self, laid: Laid) -> Laid:
        """Take the places of samples between jumps that follow one another too closely."""
        times, given = laid.times, self._given
        self._given += len(times)
        if (reverse := self._falls.out(given, laid.settled)) is not None:
            self.account.unplaced += int(np.count_nonzero(reverse & ~np.isnan(times)))
            times = np.where(reverse, np.nan, times)
            laid = Laid(times, laid.settled)
        if self.account.jumps:
            quiet, jumps, self.account.jumps = QUIET / self.usual, self.account.jumps, []
            for first in sorted(jumps):
                self._in_a_row = self._in_a_row + 1 if first - self._jump <= quiet else 1
                self._jump = first
                n = quiet if self._in_a_row >= IN_A_ROW else TORN / self.usual
                self._restless.append((first, first + round(n)))
        self._restless = [(begin, end) for begin, end in self._restless if end > given]
        at = np.arange(given, self._given) if self._restless else NO_ONE
        out = np.zeros(len(at), np.bool_)
        for begin, end in self._restless:
            out |= (at >= begin) & (at < end)
        if not out.any():
            return laid
        self.account.unplaced += int(np.count_nonzero(out & ~np.isnan(times)))
        return Laid(np.where(out, np.nan, times), laid.settled)

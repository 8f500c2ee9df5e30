"""Packets: only the last stamp of each says something, and the samples lie on a line through those.

A packet can be held up, so late stamps have less weight than early ones. Two packets in a row that are late
alike tell of samples that never came: whole packets, whose place is known; or a part of one, whose place in
the packet is not, so that the packet's samples get none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.laid import NOTHING, Laid, Log, joined
from acquisition.timebase.line import Course, Fit, fit_line
from acquisition.timebase.manner import Seen, ends_packet

REMEMBERED, AT_MOST, SECONDS = 110, 600, 60.0
"""Packets that the line goes through; more of short ones, as many as last a minute."""
YOUNG, EVERY, APART = 110, 4, 0.5
"""The line is found anew with each of the first packets, then every so many, and so many seconds."""
FIRST = 2
"""Packets from which on there is a line."""
LATE, SURE = 0.12, 6.0
"""Packets are late alike by at least so many seconds, and so many standard deviations."""
ABRUPT, ALIKE = 0.7, 0.4
"""Shares of what is missing: by at least this the first late packet is later than the one before, and by less
than this the two differ."""
BEFORE = 8
"""Packets before whose lateness is usual."""
WHOLE = 0.15
"""Share of a packet by which a loss of whole packets may seem to differ from one."""
LONG = 2.0
"""Seconds from which on a loss is not counted in packets."""
GIVEN_UP = 8
"""Packets off the line after which they are taken for the right ones, whatever they look like."""


class Packets:
    """Lay samples on a line through the last stamps of packets.

    Parameters
    ----------
    seen : Seen
        How packets are told apart.
    period, doubt : float
        Sample period [s], and by which share it may differ.
    first : int
        Number of the first sample.
    """

    def __init__(self, seen: Seen, period: float, doubt: float, log: Log, *, first: int) -> None:
        self.period, self._prior, self._doubt, self._seen = period, period, doubt, seen
        self._log, self._first = log, first
        length = seen.samples * period
        self._every = max(EVERY, int(APART / length))
        self._reach = min(max(REMEMBERED, int(SECONDS / length)), AT_MOST)
        self._n = 0
        self._given = 0
        self._stamp = np.nan
        self._shift = 0.0
        self._missing = 0.0
        self._x: list[float] = []
        self._y: list[float] = []
        self._count = 0
        self._end = -1
        self._off = 0
        self._course: Course | None = None

    def push(self, stamps: FloatArray) -> Laid:
        """Take in stamps [s]; return what they settle."""
        if not len(stamps):
            return NOTHING
        if self._seen.sparse:
            return self._sparse(stamps)
        before = np.append(self._stamp, stamps[:-1])
        begins = np.flatnonzero(ends_packet(stamps - before, self._seen))
        self._stamp = float(stamps[-1])
        parts = list[Laid]()
        for k, stamp in zip(begins.tolist(), before[begins].tolist(), strict=True):
            times = self._packet(self._n + k - 1, stamp + self._shift)
            parts.append(Laid(times, np.full(len(times), self._first + self._n + k)))
        self._n += len(stamps)
        return joined(parts)

    def _sparse(self, stamps: FloatArray) -> Laid:
        """Take in stamps of which only the last of each packet is known."""
        parts = list[Laid]()
        for k in np.flatnonzero(np.isfinite(stamps)).tolist():
            self._stamp = float(stamps[k])
            times = self._packet(self._n + k, self._stamp + self._shift)
            parts.append(Laid(times, np.full(len(times), self._first + self._n + k)))
        self._n += len(stamps)
        return joined(parts)

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, on the line as it is [s]."""
        if self._course is None and self._n > self._given:
            counts = np.arange(self._given, self._n) - (self._n - 1)
            self._given = self._n
            return np.asarray(self._stamp + self._shift + counts * self.period)
        return self._give(self._n)

    def _packet(self, end: int, stamp: float) -> FloatArray:
        """Take in a packet by its last sample and that one's stamp [s]; return the times that it settles."""
        before, self._end = self._end, end
        self._x.append(end + self._missing)
        self._y.append(stamp)
        self._count += 1
        if self._course is None:
            if self._count < FIRST:
                return np.empty(0)
            self._course = Course(self._fitted())
            return self._give(end + 1)
        course = self._course
        off = [y - course.one(x) for x, y in zip(self._x[-BEFORE - 2 :], self._y[-BEFORE - 2 :], strict=True)]
        limit = max(LATE, SURE * course.fit.spread)
        usual = sorted(off[:-2])[(len(off) - 2) // 2] if len(off) > 4 else 0.0
        unplaced = np.empty(0)
        if self._off:  # the packet before waits
            unplaced = self._compared([late - usual for late in off[-3:]], limit, before)
        doubtful = abs(self._y[-1] - course.one(self._x[-1]) - usual) > limit
        self._off = self._off + 1 if doubtful else 0
        times = np.append(unplaced, self._give((before if doubtful else end) + 1))
        if not doubtful and (self._count < YOUNG or self._count % self._every == 0):
            course.turn(self._fitted(), end + 1 + self._missing, self._count * self._length())
            self.period = course.fit.period
        return times

    def _compared(self, off: Sequence[float], limit: float, before: int) -> FloatArray:
        """Decide on the last packet but one, which is off the line, by the last one.

        Parameters
        ----------
        off : sequence of float
            How late the last packets are, up to three [s].

        Returns
        -------
        ndarray
            nan for each of its samples if they have no place.
        """
        one, other = off[-2:]
        lasts = self._off >= GIVEN_UP
        least = min(one, other) if one > 0 else max(one, other)
        alike = abs(least) > limit and abs(other - one) < ALIKE * abs(least)
        abrupt = len(off) > 2 and abs(one - off[-3]) > ABRUPT * abs(least)
        if not (lasts or (alike and abrupt)):
            return np.empty(0)
        place = self._first + self._given
        if least < 0:
            self._log.back(place, -least)
            self._shift -= least
            self._y[-2:] = [y - least for y in self._y[-2:]]
            return np.empty(0)
        missing, whole = self._missing_samples(least)
        self._log.lost(place, missing, least)
        self._missing += missing
        self._x[-2:] = [x + missing for x in self._x[-2:]]
        if whole:
            return np.empty(0)
        n, self._given = max(0, before + 1 - self._given), max(self._given, before + 1)
        return np.full(n, np.nan)

    def _missing_samples(self, late: float) -> tuple[float, bool]:
        """Return how many samples are missing, and whether it is known where."""
        if late >= LONG:
            return late / self.period, True
        share = late / self._length()
        if round(share) and abs(share - round(share)) < WHOLE:
            return round(share) * self._seen.samples, True
        return float(max(1, round(late / self.period))), False

    def _length(self) -> float:
        return self._seen.samples * self.period

    def _fitted(self) -> Fit:
        if len(self._x) > 2 * self._reach:
            del self._x[: self._reach], self._y[: self._reach]
        x, y = np.array(self._x[-self._reach :]), np.array(self._y[-self._reach :])
        known = self._course.fit if self._course else None
        return fit_line(x, y, self._prior, self._doubt, early=True, known=known)

    def _give(self, stop: int) -> FloatArray:
        begin, self._given = self._given, max(self._given, stop)
        if self._course is None or stop <= begin:
            return np.empty(0)
        return self._course.at(np.arange(begin, stop, dtype=np.float64) + self._missing)

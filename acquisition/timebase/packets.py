"""Packets: only the last stamp of each says something, and the samples lie on a line through those.

A packet can be held up, so late stamps have less weight than early ones. Packets in a row that are late alike
tell of samples that never came: two of whole packets, whose place is known; three of a part of one (two are
held up alike now and then), whose place in the packet is not known, so that the packet's samples get none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.laid import NOTHING, Laid, Log, joined
from acquisition.timebase.line import Course, Fit, fit_line
from acquisition.timebase.manner import Seen, ends_packet
from acquisition.timebase.ranks import steps_from

REMEMBERED, AT_MOST, SECONDS = 110, 600, 60.0
"""Packets that the line goes through; more of short ones, as many as last a minute."""
YOUNG, EVERY, APART = 110, 12, 0.5
"""The line is found anew with each of the first packets, then every so many, and so many seconds."""
FIRST, FEW = 2, 8
"""Packets from which on there is a line, and after which it has a slope of its own."""
LATE, SHARE, SURE = 0.12, 0.6, 6.0
"""Packets are late alike by at least so many seconds, or this share of a shorter packet, and so many standard
deviations."""
ABRUPT, ALIKE = 0.7, 0.4
"""Shares of what is missing: by at least this the first late packet is later than the one before, and by less
than this the two differ."""
JOINED = 15.0
"""A line of samples that go on after others is approached as if it were so old [s]."""
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
    joins : bool
        The samples go on after others, and are not to be moved much at once.
    """

    def __init__(
        self, seen: Seen, period: float, doubt: float, log: Log, *, first: int, joins: bool = False
    ) -> None:
        self.period, self._prior, self._doubt, self._seen = period, period, doubt, seen
        self._log, self._first = log, first
        length = seen.samples * period
        self._least = min(LATE, SHARE * length)
        self._every = max(EVERY, int(APART / length))
        self._reach = min(max(REMEMBERED, int(SECONDS / length)), AT_MOST)
        self._age = JOINED if joins else 0.0
        self._n = 0
        self._given = self._laid_until = 0
        self._due: list[tuple[int, int]] = []
        """How many samples are to be laid next, and the number of the one that settled them."""
        self._laid: list[Laid] = []
        self._stamp = np.nan
        self._shift = 0.0
        self._missing = 0.0
        self._x: list[float] = []
        self._y: list[float] = []
        self._count = 0
        self._ends: list[int] = []
        self._off = 0
        self._waits = False
        """A third packet decides whether a part of one is missing."""
        self._late: list[float] = []
        """How late the last packets are, on the course as it is [s]."""
        self._course: Course | None = None

    def push(self, stamps: FloatArray) -> Laid:
        """Take in stamps [s]; return what they settle."""
        if not len(stamps):
            return NOTHING
        if self._seen.sparse:
            return self._sparse(stamps)
        begins = np.flatnonzero(ends_packet(steps_from(self._stamp, stamps), self._seen))
        ends = np.append(self._stamp, stamps)[begins]
        self._stamp = float(stamps[-1])
        for k, stamp in zip(begins.tolist(), ends.tolist(), strict=True):
            self._packet(self._n + k - 1, stamp + self._shift, self._first + self._n + k)
        self._n += len(stamps)
        return self._take_out()

    def _sparse(self, stamps: FloatArray) -> Laid:
        """Take in stamps of which only the last of each packet is known."""
        for k in np.flatnonzero(np.isfinite(stamps)).tolist():
            self._stamp = float(stamps[k])
            self._packet(self._n + k, self._stamp + self._shift, self._first + self._n + k)
        self._n += len(stamps)
        return self._take_out()

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, on the line as it is [s]."""
        if self._course is None and self._n > self._given:
            counts = np.arange(self._given, self._n) - (self._n - 1)
            self._given = self._laid_until = self._n
            return np.asarray(self._stamp + self._shift + counts * self.period)
        self._give(self._n, 0)
        return self._take_out().times

    def _packet(self, end: int, stamp: float, settled: int) -> None:
        """Take in a packet by its last sample and that one's stamp [s], and lay what it settles."""
        self._ends = [*self._ends[-2:], end]
        self._x.append(end + self._missing)
        self._y.append(stamp)
        self._count += 1
        if self._course is None:
            if self._count < FIRST:
                return
            self._course = Course(self._fitted())
            self._give(end + 1, settled)
            return
        course = self._course
        off = self._lateness()
        limit = max(self._least, SURE * course.fit.spread) + self._unsure()
        usual = sorted(off[:-2])[(len(off) - 2) // 2] if len(off) > 4 else 0.0
        if self._off:  # the packet before waits
            self._compare([late - usual for late in off[-3:]], limit, settled)
            off = self._late or self._lateness()
        doubtful = abs(off[-1] - usual) > limit
        self._off = self._off + 1 if doubtful else 0
        waiting = 1 + self._waits if doubtful else 0
        self._give(self._ends[-1 - waiting] + 1, settled)
        if not doubtful and (self._count < YOUNG or self._count % self._every == 0):
            self._lay()
            course.turn(self._fitted(), end + 1 + self._missing, self._age + self._count * self._length())
            self.period, self._late = course.fit.period, []

    def _unsure(self) -> float:
        """Return by how much the next packet may be off the line since few have told its slope [s]."""
        return 2.0 * self._doubt * self._length() * max(0.0, 1.0 - (self._count - FIRST) / FEW)

    def _lateness(self) -> list[float]:
        """Return how late the last packets are [s]."""
        assert self._course is not None
        n = min(len(self._x), BEFORE + 2)
        known = len(self._late)
        if known < n - 1 or known == 0:
            self._late = [self._y[k] - self._course.one(self._x[k]) for k in range(-n, 0)]
        else:
            self._late = [*self._late, self._y[-1] - self._course.one(self._x[-1])][-n:]
        return self._late

    def _compare(self, off: Sequence[float], limit: float, settled: int) -> None:
        """Decide on the packets before the last one that are off the line, by the last one.

        Parameters
        ----------
        off : sequence of float
            How late the last packets are, up to three [s].
        """
        waited, self._waits = self._waits, False
        late = off if waited else off[-2:]
        least = min(late) if late[0] > 0 else max(late)
        lasts = self._off >= GIVEN_UP
        alike = abs(least) > limit and max(late) - min(late) < ALIKE * abs(least)
        abrupt = waited or (len(off) > 2 and abs(off[-2] - off[-3]) > ABRUPT * abs(least))
        if not (lasts or (alike and abrupt)):
            return
        place = self._first + self._given
        if least < 0:
            self._log.back(place, -least)
            self._shift -= least
            self._moved(len(late), 0.0, -least)
            return
        missing, whole = self._missing_samples(least)
        if not (whole or waited or lasts):
            self._waits = True
            return
        self._log.lost(place, missing, least)
        self._lay()
        self._missing += missing
        self._moved(len(late), missing, 0.0)
        if not whole:  # nobody knows which samples are missing: those of the packet have no place
            n = max(0, self._ends[-len(late)] + 1 - self._given)
            self._laid.append(Laid(np.full(n, np.nan), np.full(n, settled)))
            self._given = self._laid_until = self._given + n

    def _moved(self, packets: int, missing: float, late: float) -> None:
        """Put the last packets on the line where samples are missing, or stamps come too early [s]."""
        self._x[-packets:] = [x + missing for x in self._x[-packets:]]
        self._y[-packets:] = [y + late for y in self._y[-packets:]]
        self._late = []

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

    def _give(self, stop: int, settled: int) -> None:
        """Let samples up to one be laid on the course as it is, settled by the sample of a number."""
        if self._course is not None and stop > self._given:
            self._due.append((stop - self._given, settled))
            self._given = stop

    def _lay(self) -> None:
        """Lay what is due, before the course becomes another."""
        if not self._due:
            return
        assert self._course is not None
        lengths, settled = zip(*self._due, strict=True)
        counts = np.arange(self._laid_until, self._given, dtype=np.float64) + self._missing
        self._laid.append(Laid(self._course.at(counts), np.repeat(settled, lengths)))
        self._due, self._laid_until = [], self._given

    def _take_out(self) -> Laid:
        """Return what was laid."""
        self._lay()
        parts, self._laid = self._laid, []
        return joined(parts)

"""Packets: only the last stamp of each says something, and the samples lie on a line through those.

A packet can be held up, so late stamps have less weight than early ones. Packets in a row that are late alike
tell of samples that never came: two of whole packets, whose place is known; three of a part of one (two are
held up alike now and then), whose place in the packet is not known, so that the packet's samples get none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.bend import AMONG, LOOK, WIDE, is_known, is_off, latest, lengths_of, until_off
from acquisition.timebase.laid import NOTHING, Giving, Laid, Last, Log
from acquisition.timebase.line import AGAIN, ONCE, ROUNDS, Course, Fit, fit_line, straight, stray
from acquisition.timebase.manner import Seen, ended_packets
from acquisition.timebase.missed import FAR, HISTORY, LEAST, LONG, Run, goes_on, lasting, missing_samples
from acquisition.timebase.period import DOUBT, UNSURE

REMEMBERED, AT_MOST, SECONDS = 110, 600, 60.0
"""Packets that the line goes through; more of short ones, as many as last a minute."""
YOUNG, EVERY, APART = 110, 24, 0.5
"""The line is found anew with each of the first packets, then every so many, and so many seconds."""
FIRST, FEW = 2, 8
"""Packets from which on there is a line, and after which it has a slope of its own."""
LATE, SHARE, SURE = 0.12, 0.6, 6.0
"""Packets are late alike by at least so many seconds, this share of a shorter one, and deviations."""
JOINED = 15.0
"""A line of samples that go on after others is approached as if it were so old [s]."""
BEFORE, WAITS = 8, 2
"""Packets before whose lateness is usual; of packets that are weighed so many wait."""
LOCKED, GIVEN_UP = 3, 8
"""Lines in a row that do not go on as their packets do, after which there is one through the last alone; and
packets off the line after which they are taken for the right ones, whatever they look like."""


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
        self._out = Giving()
        self._stamp = np.nan
        self._shift = 0.0
        self._missing = 0.0
        self._last = Last(self._reach)
        self._count = 0
        self._ends: list[int] = []
        self._off = self._untrue = 0
        self._waits = self._doubted = False
        """A third packet decides whether a part of one is missing; those that come slower have no place."""
        self._run = Run()
        """Packets that are weighed."""
        self._late: list[float] = []
        """How late the last packets are, on the course as it is [s]."""
        self._course: Course | None = None

    def push(self, stamps: FloatArray) -> Laid:
        """Take in stamps [s]; return what they settle."""
        if not len(stamps):
            return NOTHING
        shows, ends, ended, self._stamp = ended_packets(stamps, self._stamp, self._seen)
        self._n += len(stamps)
        if not len(ends):
            return NOTHING
        begin = self._n - len(stamps)
        ends, settled = ends + begin, (shows + (self._first + begin)).tolist()
        self._out.number(self._n)
        k = 0
        while k < len(ends):
            if n := self._calm(ends[k:], ended[k:], settled[k:]):
                k += n
            else:
                self._packet(int(ends[k]), float(ended[k]) + self._shift, settled[k])
                k += 1
        return self._take_out()

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, on the line as it is [s]."""
        given = self._out.given
        if self._course is None:
            self._out.skip(self._n)
            counts = np.arange(given, self._n) - (self._n - 1)
            return np.asarray(self._stamp + self._shift + counts * self.period)
        self._out.number(self._n)
        self._out.give(self._n, 0)
        return self._take_out().times

    def _calm(self, ends: IntArray, stamps: FloatArray, settled: Sequence[int]) -> int:
        """Take in packets at once up to the next line, as long as none is off; return how many."""
        if self._count < YOUNG or self._off or self._doubted or self._run:
            return 0
        if self._course is None or len(ends) < 2:
            return 0
        until = self._every - self._count % self._every
        most = min(len(ends), until, YOUNG)
        self._last.add(ends[:most].astype(np.float64) + self._missing, stamps[:most] + self._shift)
        off = self._course.off(self._last.newest(BEFORE + 1 + most))
        calm = max(off) - min(off) <= self._least  # none is off from what is usual, whatever that is
        n = most if calm else self._until_late(off)
        n = until_off(off[: len(off) - most + n], n, self._count, self._spread())
        self._last.take_back(most - n)
        if not n:
            return 0
        self._count += n
        self._late = off[n - 1 : n + BEFORE + 1]
        stops = (ends[:n] + 1).tolist()
        self._ends = [*self._ends, *(stop - 1 for stop in stops[-3:])][-3:]
        self._out.give_all(stops, settled[:n])
        if n == until:
            self._turn()
        return n

    def _until_late(self, off: Sequence[float]) -> int:
        """Return how many packets come before one that is doubted, by how late they and those before are."""
        n = len(off) - BEFORE - 1
        for k in range(n):
            late = off[k + BEFORE + 1] - sorted(off[k : k + BEFORE])[BEFORE // 2]
            if abs(late) > self._least and (abs(late) > self._limit() or self._is_unclear(late)):
                return k
        return n

    def _spread(self) -> float:
        """Return how much packets spread about the line [s]; inf if that is so much that no bend is seen."""
        assert self._course is not None
        spread = self._course.fit.spread
        return spread if spread < WIDE * self._length() else math.inf

    def _follow(self) -> bool:
        """Go on at another rate if there is one; return whether packets are left out till that is known."""
        assert self._course is not None
        fit, most = self._course.fit, lengths_of(self._length())
        line = self._last.newest(min(self._count, max(HISTORY, most[-1] + 40))).copy()
        line[1] -= fit.at(line[0])
        found = latest(line, most, BEFORE, fit.spread, fit.period)
        if not found or not (known := is_known(found, float(line[0, -1]), fit.period)):
            return bool(found) and known is None
        self._go_on(max(FEW, int(np.count_nonzero(line[0] > found.begin))), fit.period + found.slope)
        return False

    def _go_on(self, packets: int, period: float) -> None:
        """Go on at the rate of the last packets, about one sample in a period [s]."""
        assert self._course is not None
        self._lay()
        self._count, self._prior, self._doubt = packets, period, DOUBT
        at_once = self._doubted or not self._out.is_true  # those before have no place
        self._course.bend(self._fitted(anew=True), self._out.given + self._missing, at_once=at_once)
        self.period, self._late, self._off, self._waits = self._course.fit.period, [], 0, False

    def _packet(self, end: int, stamp: float, settled: int) -> None:
        """Take in a packet by its last sample and that one's stamp [s], and lay what it settles."""
        self._ends = [*self._ends[-2:], end]
        self._last.add(end + self._missing, stamp)
        self._count += 1
        if self._course is None:
            if self._count >= FIRST:
                self._course = Course(self._fitted())
                self._out.give(end + 1, settled)
            return
        off = self._lateness()
        looks = self._off or self._doubted or self._count % LOOK == 0
        if looks and self._count > LEAST:
            self._doubted = is_off(off[-AMONG:], self._spread()) and self._follow()
            if self._doubted:
                self._run.end()
                self._off = 0
                self._leave_out(end + 1, settled)
                return
            off = self._late or self._lateness()
        usual = sorted(off[:-2])[(len(off) - 2) // 2] if len(off) > 4 else 0.0
        if off[-1] - usual > 2.0 * LONG:  # a loss that is not counted in packets
            self._run.end()
        unclear = self._run or (not self._off and self._is_unclear(off[-1] - usual))
        if unclear and self._weigh(off[-1], settled):
            return
        off = self._late or self._lateness()
        if self._off:  # the packet before waits
            self._compare([late - usual for late in off[-3:]], self._limit(), settled)
            off = self._late or self._lateness()
        doubtful = abs(off[-1] - usual) > self._limit()
        self._off = self._off + 1 if doubtful else 0
        waiting = 1 + self._waits if doubtful else 0
        self._out.give(self._ends[-1 - waiting] + 1, settled)
        if not doubtful and (self._count < YOUNG or self._count % self._every == 0):
            self._turn()

    def _is_unclear(self, late: float) -> bool:
        """Tell whether a packet later than usual [s] may be late by itself, or whole ones are missing."""
        return LONG > late > max(self._least, FAR * self._length()) and self._count > LEAST

    def _weigh(self, late: float, settled: int) -> bool:
        """Weigh a packet by how late it is [s], with those that wait; return whether it waits or is laid."""
        assert self._course is not None
        if not self._run:
            before = self._course.off(self._last.newest(min(self._count, HISTORY + 1)))[:-1]
            if not self._run.begin(np.array(before), self._length()):
                return False
        packets, n = self._run.add(late), len(self._run)
        if not n:
            return False
        if packets or self._run.lasts:
            missing = round(packets * self._seen.samples or self._run.later / self.period)
            self._run.end()
            if missing:
                self._lost(float(missing), missing * self.period, n)
            if missing and n <= WAITS + 1 and not packets.is_integer():
                self._leave_out(self._ends[-n] + 1, settled)
        stop = self._ends[-1 - min(len(self._run), WAITS)] + 1
        if len(self._run) == WAITS + 1:  # it is not known whether packets are missing before the first
            self._leave_out(stop, settled)
        self._out.give(stop, settled)
        return True

    def _lost(self, missing: float, seconds: float, packets: int) -> None:
        """Take in that before the last packets so many samples are missing, and for how long [s]."""
        self._log.lost(self._first + self._out.given, missing, seconds)
        self._lay()
        self._missing += missing
        self._last.move(packets, missing, 0.0)
        self._late = []

    def _leave_out(self, stop: int, settled: int) -> None:
        """Give samples up to one no place."""
        self._lay()
        self._out.leave_out(stop, settled)

    def _turn(self) -> None:
        """Lay what is due, and find the line anew."""
        assert self._course is not None
        self._lay()
        age = self._age + self._count * self._length()
        self._course.turn(self._fitted(), self._ends[-1] + 1 + self._missing, age)
        self.period, self._late = self._course.fit.period, []
        last = self._last.newest(min(self._count, self._reach))
        self._out.is_true = goes_on(last, self.period, self._length())
        if self._count % self._every:
            return
        self._untrue, last = 0 if self._out.is_true else self._untrue + 1, last[:, -LOCKED * self._every :]
        if self._untrue > LOCKED and (rate := straight(last)):  # the line does not follow
            self._untrue = 0
            self._go_on(last.shape[1], rate)

    def _limit(self) -> float:
        """Return by how much more than usual a packet is late that is doubted [s]."""
        assert self._course is not None
        unsure = 2.0 * self._doubt * self._length() * max(0.0, 1.0 - (self._count - FIRST) / FEW)
        return max(self._least, SURE * self._course.fit.spread) + unsure

    def _lateness(self) -> list[float]:
        """Return how late the last packets are [s]."""
        assert self._course is not None
        n = min(self._count, BEFORE + 2)
        new = n if len(self._late) < max(1, n - 1) else 1
        self._late = [*self._late, *self._course.off(self._last.newest(new))][-n:]
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
        if lasts and stray(self._last.newest(GIVEN_UP), self._late[-GIVEN_UP:], least, self.period):
            self._begin_anew()
            return
        if not (lasts or lasting(off, late, limit, waited=waited)):
            return
        place = self._first + self._out.given
        if least < 0:
            self._log.back(place, -least)
            self._shift -= least
            self._last.move(len(late), 0.0, -least)
            self._late = []
            return
        missing, whole = missing_samples(least, self._seen.samples, self.period)
        if not (whole or waited or lasts):
            self._waits = True
            return
        self._lost(missing, least, len(late))
        if not whole:  # nobody knows which samples are missing: those of the packet have no place
            self._leave_out(self._ends[-len(late)] + 1, settled)

    def _begin_anew(self) -> None:
        """Lay a line through the packets that are off, whatever was thought of the rate."""
        assert self._course is not None
        self._lay()
        counts, stamps = line = self._last.newest(GIVEN_UP)
        self._prior, self._doubt = float((stamps[-1] - stamps[0]) / (counts[-1] - counts[0])), UNSURE
        fit, place = fit_line(line, self._prior, self._doubt, early=True), self._out.given
        begun, course = place + self._missing, Course(fit)
        late = course.one(begun) - self._course.one(begun)
        if late > 0.0:
            self._log.lost(self._first + place, late / fit.period, late)
        else:
            self._log.back(self._first + place, -late)
            self._shift -= late
            self._last.move(GIVEN_UP, 0.0, -late)
            fit.level -= late
        self._course, self.period = course, fit.period
        self._count, self._age, self._late, self._off = GIVEN_UP, 0.0, [], 0

    def _length(self) -> float:
        return self._seen.samples * self.period

    def _fitted(self, *, anew: bool = False) -> Fit:
        line = self._last.newest(min(self._count, self._reach))
        known = self._course.fit if self._course and not anew else None
        rounds = ROUNDS if known is None else AGAIN if self._count < YOUNG else ONCE
        return fit_line(line, self._prior, self._doubt, early=True, known=known, rounds=rounds)

    def _lay(self) -> None:
        """Lay what was given out, before the course becomes another."""
        assert self._course is not None
        self._out.lay(self._course, self._missing)

    def _take_out(self) -> Laid:
        """Return what was laid."""
        if self._course is not None:
            self._lay()
        return self._out.take_out()

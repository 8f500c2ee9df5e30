"""Stretches of a stream's stamps, laid one after another, also where a clock begins anew or a manner ends."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.account import Account
from acquisition.timebase.beginning import Beginning, filled
from acquisition.timebase.change import TRUSTING, Change
from acquisition.timebase.engines import engine
from acquisition.timebase.far import NUMBER, PAUSE, Away, Watch, counted_on
from acquisition.timebase.laid import Engine, Laid, Rising, joined, newest
from acquisition.timebase.looks import Looks
from acquisition.timebase.manner import UNKNOWN, Manner, Seen
from acquisition.timebase.period import DOUBT, learned

JOINED = 0.15
"""By at most so much [s] the times are shifted where another manner begins: an interval across is right."""

SIFTED = 256
"""So many stamps, then four times as many, are looked through at once after one that was far off."""


class Segments:
    """Estimate the times of a stream's samples from their count, the nominal rate and raw stamps.

    Parameters
    ----------
    sfreq : float
        Rate that the stream says [Hz]; 0 if it says none.
    """

    def __init__(self, sfreq: float) -> None:
        nominal = sfreq if math.isfinite(sfreq) and sfreq > 0 else 0.0
        self.account = Account(nominal)
        self.usual = math.nan
        """Period that filters are made for [s]: the nominal one, unless the stream sends another; nan before
        that is known."""
        self._period = 1.0 / nominal if nominal else math.nan
        self._doubt = DOUBT
        self._n = self._given = 0
        self._order = Rising()
        self._shift, self._pause, self._joins = 0.0, math.nan, False
        self._floor = 0
        self._watch = Watch(self._period)
        self._away = Away()
        self._begun = Beginning(self._period)
        self._engine: Engine | None = None
        self._seen = UNKNOWN
        self._looks = Looks(self._seen, 1.0)
        self._change = Change(self._seen, self._period, np.empty(0), 0)
        self._wary_from = 0
        self._told = -1
        self._tail = self._tail_heard = np.empty(0)

    @property
    def pending(self) -> int:
        """Return how many samples wait for their times."""
        return self._n - self._given

    def push(self, stamps: FloatArray, arrivals: FloatArray) -> Laid:
        """Take in the next stamps; return the times that they settle, in order.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            Raw stamps [s]; what is no number has none.
        arrivals : ndarray, shape (n,)
            When the samples had arrived [s], on the recorder's clock; nan where that is not known.

        Returns
        -------
        Laid
            nan for samples whose place is not known; `settled` counts all samples ever pushed.
        """
        known = np.abs(stamps) < NUMBER
        if not known.all():
            self.account.not_numbers += len(stamps) - int(known.sum())
            stamps = np.where(known, stamps, np.nan)
        parts = list[Laid]()
        self._sift(stamps, arrivals, parts)
        return joined(parts)

    def _sift(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> None:
        """Take in stamps that are where they are expected; hold back those that are far off."""
        i, most = 0, len(stamps)
        while i < len(stamps):
            if self._away:
                i, most = self._resolve(stamps, heard, i, parts), SIFTED
                continue
            end = min(i + most, len(stamps))
            stop = i + self._watch.until_far(stamps[i:end], heard[i:end])
            if stop > i:
                self._take(stamps[i:stop], heard[i:stop], parts)
                i, most = stop, 4 * most
            if stop < end:
                self._away.hold(float(stamps[i]), float(heard[i]), self._watch)
                self._n += 1
                i += 1

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, by what is known now [s]."""
        parts = list[Laid]()
        while self._away:
            self._decide(self._away.gap, parts)
        if self._engine is None and len(self._begun):
            self._set_out(parts)
        self._drain(parts)
        return joined(parts).times

    def forget(self) -> bool:
        """Forget what came as long as nothing was made of it; return whether that is so."""
        if self._given or self._engine is not None:
            return False
        self._n, self.account.not_numbers = 0, 0
        self._watch, self._away, self._begun = Watch(self._period), Away(), Beginning(self._period)
        return True

    # -- stamps that are far off

    def _resolve(self, stamps: FloatArray, heard: FloatArray, i: int, parts: list[Laid]) -> int:
        """Go on from sample to sample until stamps far off have slipped or stay; return the next place."""
        gap = self._away.gap
        while i < len(stamps):
            stamp, at = float(stamps[i]), float(heard[i])
            if self._watch.is_back(stamp, at, self._n, self._period, gap=gap):
                self._slipped(stamps[i : i + 1], heard[i : i + 1], parts)
                return i + 1
            self._away.hold(stamp, at, self._watch)
            self._n, i = self._n + 1, i + 1
            packet = self._seen.samples * self._period if self._seen.manner is Manner.PACKETS else 0.0
            if (on := self._away.told(self._period, packet)) is not None:
                self._decide(on, parts)
                return i
        return i

    def _decide(self, on: bool, parts: list[Laid]) -> None:
        """Take stamps that were held as ones that go `on` where they are, or as no times."""
        if on:
            (self._go_on if self._away.gap else self._begin_segment)(parts)
        else:
            self._slipped(np.empty(0), np.empty(0), parts)

    def _go_on(self, parts: list[Laid]) -> None:
        """Take stamps that did not come back as those after a gap."""
        stamps, heard = self._away.let_go()
        self._floor = max(self._floor, self._n - 1)
        self._n -= len(stamps)
        self._take(stamps[:1], heard[:1], parts)
        self._sift(stamps[1:], heard[1:], parts)

    def _slipped(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> None:
        """Count on over stamps that slipped, and take in the one after them."""
        n = len(self._away)
        self._floor = max(self._floor, self._n - 1 + len(stamps))
        self.account.slipped(self._n - n, n)
        self._away.let_go()
        self._n -= n
        arrived = np.append(np.full(n, self._watch.arrived), heard)
        self._take(np.append(np.full(n, np.nan), stamps), arrived, parts)

    def _begin_segment(self, parts: list[Laid]) -> None:
        """Begin anew with stamps that stay far off."""
        stamps, heard = self._away.let_go()
        self._floor = max(self._floor, self._n - 1)
        self._n -= len(stamps)
        if self._engine is None and len(self._begun):
            self._set_out(parts)
        self._drain(parts)
        pause = float(heard[0]) - self._watch.arrived
        self._pause = pause if pause > PAUSE else 0.0
        self._leave()
        self._joins = False
        self._watch.restart()
        self._take(stamps, heard, parts)

    # -- stamps that are not

    def _take(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> None:
        """Take in stamps of this segment, nan where there is none."""
        whole = self._watch.take(stamps, heard, self._n) is None
        while True:
            if self._engine is None:
                if len(self._tail):  # samples that another engine left come first
                    stamps, self._tail = np.concatenate((self._tail, stamps)), stamps[:0]
                    heard, self._tail_heard = np.concatenate((self._tail_heard, heard)), heard[:0]
                n = self._start(stamps, heard, parts)
            else:
                n = self._run(stamps if whole or self._seen.sparse else self._alike(stamps), heard, parts)
            if n == len(stamps):
                return
            stamps, heard = stamps[n:], heard[n:]

    def _alike(self, stamps: FloatArray) -> FloatArray:
        """Return stamps up to the next look, missing ones counted on from the last by what is known now."""
        known = np.isfinite(stamps := stamps[: self._looks.room]).nonzero()[0]
        return counted_on(stamps, known, *self._watch.before(self._n), self._seen.within(self._period))

    # -- the beginning of a segment

    def _start(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> int:
        """Gather stamps until the manner can be told; return how many."""
        n = self._begun.take(stamps, heard)
        self._n += n
        if self._begun.complete:
            self._floor = max(self._floor, self._n - 1)
            self._set_out(parts)
        return n

    def _set_out(self, parts: list[Laid]) -> None:
        """Begin with the stamps that came."""
        stamps, counts = self._begun.stamps()
        seen = self._begun.seen()
        self._period, self._doubt = learned(seen, self._period, joins=self._joins)
        if not (len(counts) == len(stamps) or seen.sparse):
            first = self._n - len(stamps)
            stamps = filled(stamps, counts, *self._watch.before(first), seen.within(self._period))
        self._begin(seen, stamps, self._begun.heard(), parts)
        self._begun = Beginning(self._period)

    def _begin(self, seen: Seen, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> None:
        """Begin with the manner that was seen, and stamps that wait."""
        if math.isnan(self.usual):
            self.usual = self._period
        self._seen = seen
        self.account.manner = seen.manner
        if seen.manner.are_times:  # the rate is that of the stamps from here on, whatever a line said before
            self.account.period = math.nan
        periods = (self._period, self._doubt, self.usual)
        self._engine = engine(seen, periods, self.account, first=self._n - len(stamps), joins=self._joins)
        self._looks = Looks(seen, self.usual)
        self._change = Change(seen, self._period, stamps, self._wary_from)
        self._push(stamps, heard, parts)

    # -- the stretch that follows

    def _run(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> int:
        """Lay samples up to the next look at the manner; return how many."""
        if self._n <= self._told:  # told once, and yet the manner is what it is: or it would be told for ever
            n = min(self._looks.room, len(stamps), self._told + 1 - self._n)
            self._change.skip(stamps[:n])
            return self._lay(stamps[:n], heard[:n], parts)
        spared = self._looks.spared(stamps, self._period) if self.account.rate_told else 0
        n = spared or min(self._looks.room, len(stamps))
        # Of stamps that are even among themselves only the step to the first may tell something.
        before = self._change.find(stamps[: 1 if spared else n], self._n)
        if before >= 0:
            self._n += before
            self._push(stamps[:before], heard[:before], parts)
            self._again(parts)
            return before
        if spared:
            self._change.skip(stamps[:n])
        return self._lay(stamps[:n], heard[:n], parts, looks=not spared)

    def _lay(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid], *, looks: bool = True) -> int:
        """Lay the next samples, and look at them; return how many."""
        looked = looks and self._looks.take(stamps)
        self._n += len(stamps)
        self._push(stamps, heard, parts)
        if looked:
            self._judge(parts)
        return len(stamps)

    def _again(self, parts: list[Laid]) -> None:
        """Begin anew in another manner, with the samples that it must lay."""
        if self._seen.manner is Manner.EXACT:
            self._wary_from = self._n + round(TRUSTING / self._period)
        # Samples that waited, and are laid anew, are settled by the one that showed the change.
        self._floor, self._told = max(self._floor, self._n), self._n
        if self._seen.manner is Manner.PACKETS:  # their line goes on over those that wait
            self._drain(parts)
        elif self._change.began >= 0:  # and that through stamps with jitter over those before
            self._drain(parts, len(self._tail) - (self._n - self._change.began))
        self._n -= len(self._tail)
        self._leave()

    def _leave(self) -> None:
        """Let go of the engine: another one goes on, at the rate that is known by now."""
        if self._engine is not None and self._seen.manner is Manner.JITTER:
            self._period = self._engine.period
        self._engine, self._joins = None, True

    def _push(self, stamps: FloatArray, heard: FloatArray, parts: list[Laid]) -> None:
        """Give stamps to the engine, and keep those of the samples that wait."""
        assert self._engine is not None
        remarks = len(self.account.remarks)
        laid = self._engine.push(stamps)
        wait = len(self._tail) + len(stamps) - len(laid.times)
        self._tail = newest(self._tail, stamps, wait)
        self._tail_heard = newest(self._tail_heard, heard, wait)
        self._out(laid, parts, remarks)

    def _judge(self, parts: list[Laid]) -> None:
        """Look at the manner again; begin anew if it has become another."""
        assert self._engine is not None
        self._period = self._engine.period
        self.account.period = math.nan if self._seen.manner.are_times else self._period
        self.account.judge_rate(self._n - 1)
        is_other = self._looks.judge(self._period)
        if self._looks.period > 0:
            self._period = self._engine.period = self._looks.period
        if is_other:
            self._floor = max(self._floor, self._n - 1)
            self._drain(parts)
            self._leave()
            if (packets := self._looks.packets) is not None:
                self._period, self._doubt = learned(packets, self._period, joins=False)
                self._begin(packets, np.empty(0), np.empty(0), parts)

    def _drain(self, parts: list[Laid], most: int | None = None) -> None:
        """Hand on the samples that wait, or `most` of them, by what is known now."""
        if self._engine is not None:
            times = self._engine.drain()[: None if most is None else max(0, most)]
            self._tail, self._tail_heard = self._tail[len(times) :], self._tail_heard[len(times) :]
            self._out(Laid(times, np.full(len(times), self._floor)), parts)

    def _out(self, laid: Laid, parts: list[Laid], remarks: int | None = None) -> None:
        """Hand on times: on the stream's clock, and never before the last.

        `remarks` is how many there were before these samples were laid.
        """
        times, settled = laid
        if not len(times):
            return
        known = ~np.isnan(times)
        k = int(known.argmax())
        if not math.isnan(self._pause):  # a new segment: it goes on where the last one ended
            first = float(times[k])
            due = self._order.last + (k + 1) * self._period + self._pause
            if math.isfinite(due) and math.isfinite(first):
                self.account.jumped(int(settled[0]), first + self._shift - due, self._given, remarks)
                self._shift = due - first
            self._pause = math.nan
        elif self._joins:  # the line through packets is later than times by their way
            off = float(times[k]) + self._shift - self._order.last - (k + 1) * self._period
            self._shift -= off if abs(off) < JOINED else 0.0
        self._joins = False
        laid_at = times + self._shift if self._shift else times
        times = self._order.through(laid_at, known)
        n = int(np.count_nonzero(known))
        self.account.laid(float(times[0]), self._order.last, len(known))
        if n < len(known):
            self.account.unplaced += len(known) - n
            times = np.where(known, times, np.nan)
        self._given += len(times)
        parts.append(Laid(times, settled if settled[0] >= self._floor else np.maximum(settled, self._floor)))

"""Stamps with jitter: the times lie on a line over the count, through means of a tenth of a second.

Everything happens at fixed numbers of samples, so that chunks do not matter. Before a block of samples is
given its times, the four blocks after it are looked at: where the level of the stamps is another one from
there on, samples are missing (later stamps) or the clock was set back (earlier ones). A level that falls back
by itself is a stall that is being caught up with.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.bend import AGAIN as AGAIN_OFF
from acquisition.timebase.bend import HINT, Bend, bend, is_known, is_off, latest
from acquisition.timebase.bend import SURE as CERTAIN
from acquisition.timebase.blocks import Blocks, Counts, Floor, SetBack, ramp
from acquisition.timebase.laid import NOTHING, Laid, Last, Log
from acquisition.timebase.line import AGAIN, ONCE, Course, fit_line
from acquisition.timebase.ranks import middle

BLOCK = 0.1
"""Seconds of samples whose stamps are averaged."""
AHEAD, BEHIND = 4, 20
"""Blocks after and before a place whose levels are compared."""
FIRST = 20
"""Blocks that the first line goes through."""
REMEMBERED = 600
"""Blocks that the line goes through."""
YOUNG, EVERY_YOUNG, EVERY, EVERY_OLD = 150, 5, 100, 200
"""The line is found anew every so many blocks: in its first blocks more often, and less often where it goes
through as many as are remembered."""
SUSPECT = 0.35
"""Share of a period by which three blocks in a row are off, all to one side, before a step is looked for."""
STEP, SURE, SURE_CHUNKED = 0.6, 6.0, 9.0
"""A step is more than this share of a period, and so many standard errors; more where samples come in chunks,
which are late together."""
FLAT, NOISE, CATCHING_UP = 0.15, 2.5, 0.3
"""The halves after a step differ by less than a share of it, or so many standard errors; samples that catch
up come in much less time than they were taken in."""
GIVEN_UP = 30
"""Blocks off the line after which their level is taken for the right one, whatever it looks like."""
SHORT, OLDEST, WINDOWS = 4, 80, (40, 20, 10, 5, 2)
"""Blocks off the line from which on a bend is looked for though there is no step, and up to which; and of
which the last are looked at besides."""
SHORTEST, LONGEST, SLIGHT = 50, 200, 0.1
"""Blocks behind a bend that is looked for where the line is found anew, at least and at most; and the share
of a period by which the last are off then."""
WHOLE = 1.0
"""Seconds up to which a loss is taken for a whole number of samples."""
DOUBTFUL = 0.3
"""Share of a sample by which a loss must not differ from a whole number to be one."""

EPSILON = float(np.finfo(np.float64).eps)


class Levels:
    """Lay samples on a line through the levels of their stamps.

    Parameters
    ----------
    period, doubt : float
        Sample period [s], and by which share it may differ.
    usual : float
        Period by which blocks are measured [s]; the same for all segments of a stream.
    first : int
        Number of the first sample.
    chunk : float
        How many samples are stamped together.
    """

    def __init__(
        self, period: float, doubt: float, log: Log, *, usual: float, first: int, chunk: float = 1.0
    ) -> None:
        self.period, self._prior, self._doubt = period, period, doubt
        self._log, self._first = log, first
        self._sure = SURE_CHUNKED if chunk > 1.0 else SURE
        self._size = max(1, round(BLOCK / usual))
        self._kept, self._floor = Blocks(self._size, period), Floor()
        self._given = 0
        self._last = Last(REMEMBERED)
        self._fitted = 0
        """How many blocks the line has gone through."""
        self._counts = Counts()
        self._set_back = SetBack()
        self._course: Course | None = None
        self._next_fit = self._bent = self._points = 0
        self._out_of_line: list[int] = []
        """Blocks that have no place, and say nothing of the line that others lie on."""
        self._stepped = self._doubted_at = -GIVEN_UP
        self._doubted = False
        """In which block the last step was, which one last came slower and has no place, and whether this one
        does."""
        self._looked = -1
        self._off = 0
        self._suspects: list[int] = []
        self._searched = -1
        """Blocks that are off the line, and up to which they were sought."""

    def push(self, stamps: FloatArray) -> Laid:
        """Take in stamps [s]; return what they settle."""
        known = self._kept.add(stamps)
        if self._course is None:
            if known < FIRST:
                return NOTHING
            self._set_out()
        size, first, last = self._size, self._given // self._size, known - AHEAD
        if last <= first:
            return NOTHING
        begin = self._given  # within a block, where those that waited were drained
        times = np.arange(begin, last * size, dtype=np.float64)
        while last > (block := self._given // size):
            # Samples that were drained may lie beyond where the line was to be found anew.
            stop = self._checked(block, min(last, max(self._next_fit, block + 1)))
            self._lay(times[self._given - begin : stop * size - begin], stop)
            if stop >= self._next_fit:
                self._turn(stop)
        self._trim()
        return Laid(times, self._settled(first, last)[begin - first * size :])

    def _settled(self, first: int, last: int) -> IntArray:
        """Return which samples settle those of some blocks."""
        size = self._size
        by = np.arange(first + 1 + AHEAD, last + 1 + AHEAD) * size
        np.maximum(by, FIRST * size, out=by)
        settled = np.empty((last - first, size), np.int64)
        settled[:] = (by + (self._first - 1))[:, None]
        return settled.reshape(-1)

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, on the line as it is [s]."""
        n = self._kept.end
        if n == self._given:
            return np.empty(0)
        if self._course is None:
            times = self._straight(self._kept.stamps(self._given, n))
        else:
            times = self._course.at(self._counts.of(self._given, n))
        self._given = n
        return times

    def _straight(self, stamps: FloatArray) -> FloatArray:
        """Return a line through stamps that are too few."""
        counts = np.arange(len(stamps), dtype=np.float64)
        usual = middle(stamps - stamps[0] - counts * self.period)
        return np.asarray(stamps[0] + usual + counts * self.period)

    def _set_out(self) -> None:
        self._course = Course(fit_line(self._line(0, FIRST), self._prior, self._doubt, early=False))
        self.period = self._course.fit.period
        self._next_fit = FIRST + 1

    def _residuals(self, start: int, stop: int) -> FloatArray:
        """Return by how much stamps are later than the line [s]."""
        assert self._course is not None
        return self._kept.stamps(start, stop) - self._course.fit.at(self._counts.of(start, stop))

    def _checked(self, block: int, stop: int) -> int:
        """Return up to which block there is no step; at a suspicious block, look for one in it."""
        at = max(block, self._looked + 1)
        if at >= stop:
            return stop
        if self._searched != stop:
            self._suspects, self._searched = self._found(at, stop), stop
        place = next((place for place in self._suspects if place >= at), stop)
        if place > block:
            return place
        self._off = self._off + 1 if self._looked == place - 1 else 1
        self._looked = place
        self._examine(place)
        return place + 1

    def _found(self, start: int, stop: int) -> list[int]:
        """Return from which blocks on three in a row are off the line, to one side."""
        if not self._suspicious(start, stop + 2):
            return []
        size, limit = self._size, SUSPECT * self.period
        means = self._residuals(start * size, (stop + 2) * size).reshape(-1, size).sum(axis=1) / size
        late, early = means > limit, means < -limit
        rows = (late[:-2] & late[1:-1] & late[2:]) | (early[:-2] & early[1:-1] & early[2:])
        places: list[int] = (rows.nonzero()[0] + start).tolist()
        return places

    def _suspicious(self, start: int, stop: int) -> bool:
        """Tell whether three blocks in a row may be off, by their means: mostly none are."""
        assert self._course is not None
        fit, size = self._course.fit, self._size
        at, missing = self._counts.last
        if at > start * size:
            return True
        first = fit.level + fit.period * ((start + 0.5) * size - 0.5 + missing - fit.origin)
        off = ramp(stop - start) * (fit.period * size)
        off += first
        np.subtract(self._kept.means(start, stop), off, out=off)
        limit = SUSPECT * self.period - (size + 8) * EPSILON * abs(first)  # what so large sums may be off
        suspicious = np.abs(off) > limit
        if np.count_nonzero(suspicious) < 3:
            return False
        return bool(np.count_nonzero(suspicious[:-2] & suspicious[1:-1] & suspicious[2:]))

    def _examine(self, block: int) -> None:
        """Look for a step of the stamps within a block."""
        assert self._course is not None
        size, clean = self._size, block - min(self._off - 1, GIVEN_UP)
        begin = max(self._kept.begin, (clean - BEHIND) * size)
        off = self._residuals(begin, (block + AHEAD) * size)
        here = block * size - begin
        before, after = off[: clean * size - begin], off[here + size :]
        doubted = block - self._doubted_at < GIVEN_UP  # those before are late and say nothing
        low = middle(before) if len(before) >= 2 * size and not doubted else 0.0
        high = middle(after)
        half = len(after) // 2
        slant = abs(middle(after[half:]) - middle(after[:half]))
        step, spread = high - low, 1.25 * max(self._course.fit.spread, 1e-5)
        error = spread * math.sqrt(1.0 / BEHIND + 1.0 / (AHEAD - 1))
        level = min(FLAT * abs(step), CATCHING_UP * (AHEAD - 1) * BLOCK / 2.0)
        steady = slant <= max(level, NOISE * spread * math.sqrt(4.0 / (AHEAD - 1)))
        lasts = self._off >= GIVEN_UP and not doubted
        steps = (steady or lasts) and abs(step) > max(STEP * self.period, self._sure * error)
        if (steps or self._off >= SHORT) and (found := self._bend(block, spread)) is not None:
            self._follow(found, block)
        elif steps:
            inside = off[here : here + size].clip(min(low, high), max(low, high))
            gain = np.cumsum((inside - high) ** 2 - (inside - low) ** 2)
            place = block * size + int(np.argmax(np.append(0.0, gain)))
            self._step(max(place, self._given), step)

    def _bend(self, block: int, spread: float) -> Bend | None:
        """Return the bend of stamps that were off the line up to a block."""
        assert self._course is not None
        off = min(self._off - 1, OLDEST)
        first = max(self._kept.first, block - off - BEHIND)
        line = self._line(first, block + AHEAD)
        line[1] -= self._course.fit.at(line[0])
        # all may have been off for long, for another reason
        for n in (off, *(n for n in WINDOWS if n < off)):
            clean = block - n - first
            least = AGAIN_OFF if block - n - self._stepped < GIVEN_UP else HINT
            begin = max(0, clean - BEHIND)
            if found := bend(line[:, begin:], clean - begin, spread, self.period, least):
                return found
        return None

    def _follow(self, found: Bend, block: int) -> None:
        """Go on at another rate once it is proved: a link that slows down for a while makes samples later."""
        at = (block + AHEAD) * self._size + self._counts.last[1]
        known = found.sure > CERTAIN * self._sure / SURE and is_known(found, at, self.period)
        self._doubted = known is None or (known and found.slope > 0.0)
        if known:
            self._turn_off(found, block)

    def _turn_off(self, found: Bend, block: int) -> None:
        """Go on at another rate from where stamps bend off the line."""
        assert self._course is not None
        size, stop = self._size, block + AHEAD
        start = math.ceil((found.begin - self._counts.last[1]) / size)
        self._bent = max(self._kept.first, min(start, block))
        line = self._line(self._bent, stop)
        self._prior = self._course.fit.period + found.slope
        fit = fit_line(line, self._prior, self._doubt, early=False)
        at = float(self._counts.of(block * size, block * size + 1)[0])
        self._course.bend(fit, at, at_once=self._doubted)  # then those before have no place
        self._doubted = False
        self._last.add(line[0], line[1])
        self._fitted, self._points, self._out_of_line = stop, line.shape[1], []
        self.period, self._off, self._searched = fit.period, 0, -1
        self._next_fit = block + EVERY_YOUNG

    def _step(self, place: int, step: float) -> None:
        """Take in that stamps from a sample on are later or earlier for good."""
        self._searched, self._stepped = -1, place // self._size
        forth = self._set_back.undone(step, STEP * self.period)
        if step < 0.0 or forth:
            step = forth or step
            if step < 0.0:
                self._set_back.set(-step)
            self._log.back(self._first + place, -step)
            self._kept.set_on(place, -step)
            return
        missing = step / self.period
        if step < WHOLE and abs(missing - round(missing)) < DOUBTFUL:
            missing = float(round(missing))
        self._log.lost(self._first + place, missing, step)
        self._counts.miss(place, missing)

    def _lay(self, numbers: FloatArray, stop: int) -> None:
        """Give samples up to a block their times in place of their numbers."""
        assert self._course is not None
        begin, self._given = self._given, stop * self._size
        if self._counts.last[1]:  # samples are missing
            numbers[:] = self._counts.of(begin, self._given)
        self._course.lay(numbers)
        self._floor.leave_out(numbers, begin, self._kept, self.period)
        if self._doubted:
            numbers[:], self._doubted, self._doubted_at = np.nan, False, stop - 1
            if stop > self._fitted:
                self._out_of_line.append(stop - 1)

    def _line(self, start: int, stop: int) -> FloatArray:
        """Return the mean numbers of the samples of blocks, missing ones counted, and their stamps [s]."""
        size = self._size
        counts = self._counts.of(start * size, stop * size).reshape(-1, size)
        return np.stack((np.add.reduce(counts, axis=1) / size, self._kept.means(start, stop)))

    def _turn(self, stop: int) -> None:
        """Find the line anew from what was given out."""
        assert self._course is not None
        size, start, self._fitted = self._size, self._fitted, stop
        line = self._line(start, stop)
        if self._out_of_line:
            line, self._out_of_line = np.delete(line, np.array(self._out_of_line) - start, axis=1), []
        self._last.add(line[0], line[1])
        self._points += line.shape[1]
        age = stop - self._bent
        if age > YOUNG and (found := self._lately()) is not None:
            self._turn_off(found, stop)
            return
        line = self._last.newest(min(self._points, REMEMBERED))
        rounds, known = AGAIN if age < YOUNG else ONCE, self._course.fit
        fit = fit_line(line, self._prior, self._doubt, early=False, known=known, rounds=rounds)
        self._course.turn(fit, float(self._counts.of(stop * size - 1, stop * size)[0]) + 1.0, stop * BLOCK)
        self.period = fit.period
        self._next_fit = stop + (EVERY_YOUNG if age < YOUNG else EVERY if age < REMEMBERED else EVERY_OLD)

    def _lately(self) -> Bend | None:
        """Return a bend that could not be told at once, as stamps spread too much."""
        assert self._course is not None
        fit, newest = self._course.fit, self._last.newest(SHORTEST // 2)
        off = (newest[1] - fit.at(newest[0])).tolist()
        if abs(sum(off)) < SLIGHT * self.period * len(off) or not is_off(off, fit.spread):
            return None
        line = self._last.newest(min(self._points, LONGEST + BEHIND)).copy()
        line[1] -= fit.at(line[0])
        return latest(
            line, (SHORTEST, 2 * SHORTEST, LONGEST), BEHIND, self._sure / SURE * fit.spread, self.period
        )

    def _trim(self) -> None:
        """Let go of stamps that no later step is sought with."""
        keep = (self._given // self._size - BEHIND - EVERY_OLD - GIVEN_UP) * self._size
        if self._kept.let_go(keep):
            self._counts.let_go(keep)

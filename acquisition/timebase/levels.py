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
from acquisition.timebase.laid import NOTHING, Laid, Last, Log
from acquisition.timebase.line import AGAIN, ONCE, Course, fit_line
from acquisition.timebase.ranks import middle
from acquisition.timebase.set_back import SetBack

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
WHOLE = 1.0
"""Seconds up to which a loss is taken for a whole number of samples."""
DOUBTFUL = 0.3
"""Share of a sample by which a loss must not differ from a whole number to be one."""

RAMP, EPSILON = np.arange(EVERY_OLD + 3.0), float(np.finfo(np.float64).eps)


def _ramp(n: int) -> FloatArray:
    """Return the numbers from 0 to n - 1; after a drain a line goes on further than others."""
    return RAMP[:n] if n <= len(RAMP) else np.arange(n, dtype=np.float64)


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
        self._raw: FloatArray = np.empty(0)
        self._stamps = self._raw
        """As they came, and on the first one's clock; the same array as long as nobody set that back [s]."""
        self._means: FloatArray = np.empty(0)
        """Of the whole blocks that are kept [s]."""
        self._begin = 0
        """Number of the first sample that is kept, from `first`."""
        self._given = 0
        self._last = Last(REMEMBERED)
        self._fitted = 0
        """How many blocks the line has gone through."""
        self._jumps: list[tuple[int, float]] = [(0, 0.0)]
        """From which sample on how many are missing before it."""
        self._shift, self._set_back = 0.0, SetBack()
        self._course: Course | None = None
        self._next_fit = 0
        self._looked = -1
        self._off = 0
        self._suspects: list[int] = []
        self._searched = -1
        """Blocks that are off the line, and up to which they were sought."""

    def push(self, stamps: FloatArray) -> Laid:
        """Take in stamps [s]; return what they settle."""
        known = self._append(stamps)
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

    def _append(self, stamps: FloatArray) -> int:
        """Keep stamps [s]; return how many blocks are whole."""
        self._raw = np.concatenate((self._raw, stamps))
        was_set = self._set_back.ever
        self._stamps = np.concatenate((self._stamps, stamps + self._shift)) if was_set else self._raw
        begun = self._begin // self._size
        known = (self._begin + len(self._stamps)) // self._size
        self._means = self._averaged(begun + len(self._means), known)
        return known

    def _averaged(self, block: int, known: int) -> FloatArray:
        """Return the means of blocks, those from one on found anew [s]."""
        before = self._means[: block - self._begin // self._size]
        if known <= block:
            return before
        size, begin = self._size, self._begin
        stamps = self._stamps[block * size - begin : known * size - begin].reshape(-1, size)
        means = np.add.reduce(stamps, axis=1) / size
        return np.concatenate((before, means)) if len(before) else means

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
        n = self._begin + len(self._stamps)
        if n == self._given:
            return np.empty(0)
        if self._course is None:
            times = self._straight(self._stamps[self._given - self._begin :])
        else:
            times = self._course.at(self._counts(self._given, n))
        self._given = n
        return times

    def _straight(self, stamps: FloatArray) -> FloatArray:
        """Return a line through stamps that are too few."""
        counts = np.arange(len(stamps), dtype=np.float64)
        usual = middle(stamps - stamps[0] - counts * self.period)
        return np.asarray(stamps[0] + usual + counts * self.period)

    def _set_out(self) -> None:
        line = np.stack((self._centres(0, FIRST), self._means[:FIRST]))
        self._course = Course(fit_line(line, self._prior, self._doubt, early=False))
        self.period = self._course.fit.period
        self._next_fit = FIRST + 1

    def _counts(self, start: int, stop: int) -> FloatArray:
        """Return numbers of samples, the missing ones counted."""
        counts = np.arange(start, stop, dtype=np.float64)
        if len(self._jumps) == 1 or self._jumps[-1][0] <= start:
            return counts + missing if (missing := self._jumps[-1][1]) else counts
        at, before = zip(*self._jumps, strict=True)
        return np.asarray(counts + np.array(before)[np.searchsorted(at, counts, side="right") - 1])

    def _residuals(self, start: int, stop: int) -> FloatArray:
        """Return by how much stamps are later than the line [s]."""
        assert self._course is not None
        stamps = self._stamps[start - self._begin : stop - self._begin]
        return stamps - self._course.at(self._counts(start, stop))

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
        fit, size, begun = self._course.fit, self._size, self._begin // self._size
        at, missing = self._jumps[-1]
        if at > start * size:
            return True
        first = fit.level + fit.period * ((start + 0.5) * size - 0.5 + missing - fit.origin)
        off = _ramp(stop - start) * (fit.period * size)
        off += first
        np.subtract(self._means[start - begun : stop - begun], off, out=off)
        # Less by what the course is off its line, and by what sums of so large numbers may be off.
        limit = SUSPECT * self.period - self._course.late - (size + 8) * EPSILON * abs(first)
        suspicious = np.abs(off) > limit
        if np.count_nonzero(suspicious) < 3:
            return False
        return bool(np.count_nonzero(suspicious[:-2] & suspicious[1:-1] & suspicious[2:]))

    def _examine(self, block: int) -> None:
        """Look for a step of the stamps within a block."""
        assert self._course is not None
        size, clean = self._size, block - min(self._off - 1, GIVEN_UP)
        begin = max(self._begin, (clean - BEHIND) * size)
        off = self._residuals(begin, (block + AHEAD) * size)
        here = block * size - begin
        before, after = off[: clean * size - begin], off[here + size :]
        low = middle(before) if len(before) >= 2 * size else 0.0
        high = middle(after)
        half = len(after) // 2
        slant = abs(middle(after[half:]) - middle(after[:half]))
        step, spread = high - low, 1.25 * max(self._course.fit.spread, 1e-5)
        error = spread * math.sqrt(1.0 / BEHIND + 1.0 / (AHEAD - 1))
        level = min(FLAT * abs(step), CATCHING_UP * (AHEAD - 1) * BLOCK / 2.0)
        steady = slant <= max(level, NOISE * spread * math.sqrt(4.0 / (AHEAD - 1)))
        lasts = self._off >= GIVEN_UP
        if (steady or lasts) and abs(step) > max(STEP * self.period, self._sure * error):
            inside = off[here : here + size].clip(min(low, high), max(low, high))
            gain = np.cumsum((inside - high) ** 2 - (inside - low) ** 2)
            place = block * size + int(np.argmax(np.append(0.0, gain)))
            self._step(max(place, self._given), step)

    def _step(self, place: int, step: float) -> None:
        """Take in that stamps from a sample on are later or earlier for good."""
        self._searched = -1
        forth = self._set_back.undone(step, STEP * self.period)
        if step < 0.0 or forth:
            step = forth or step
            if step < 0.0:
                self._set_back.set(-step)
            self._log.back(self._first + place, -step)
            self._shift -= step
            begin, block = self._begin, place // self._size
            self._stamps = np.concatenate(
                (self._stamps[: place - begin], self._raw[place - begin :] + self._shift)
            )
            self._means = self._averaged(block, begin // self._size + len(self._means))
            return
        missing = step / self.period
        if step < WHOLE and abs(missing - round(missing)) < DOUBTFUL:
            missing = float(round(missing))
        self._log.lost(self._first + place, missing, step)
        self._jumps.append((place, self._jumps[-1][1] + missing))

    def _lay(self, numbers: FloatArray, stop: int) -> None:
        """Give samples up to a block their times in place of their numbers."""
        assert self._course is not None
        begin, self._given = self._given, stop * self._size
        if self._jumps[-1][1]:  # samples are missing
            numbers[:] = self._counts(begin, self._given)
        self._course.lay(numbers)

    def _centres(self, start: int, stop: int, missing: float = 0.0) -> FloatArray:
        """Return the mean numbers of the samples of blocks, missing ones counted."""
        centres = _ramp(stop - start) * self._size
        centres += (start + 0.5) * self._size - 0.5 + missing
        return centres

    def _turn(self, stop: int) -> None:
        """Find the line anew from what was given out."""
        assert self._course is not None
        size, start, (at, missing) = self._size, self._fitted, self._jumps[-1]
        self._fitted = stop
        if at <= start * size and missing.is_integer():
            x, last = self._centres(start, stop, missing), float(stop * size - 1) + missing
        else:
            counts = self._counts(start * size, stop * size)
            x, last = np.add.reduce(counts.reshape(-1, size), axis=1) / size, float(counts[-1])
        begun = self._begin // size
        self._last.add(x, self._means[start - begun : stop - begun])
        line = self._last.newest(min(stop, REMEMBERED))
        rounds, known = AGAIN if stop < YOUNG else ONCE, self._course.fit
        fit = fit_line(line, self._prior, self._doubt, early=False, known=known, rounds=rounds)
        self._course.turn(fit, last + 1.0, stop * BLOCK)
        self.period = fit.period
        self._next_fit = stop + (EVERY_YOUNG if stop < YOUNG else EVERY if stop < REMEMBERED else EVERY_OLD)

    def _trim(self) -> None:
        """Let go of stamps that no later step is sought with."""
        keep = (self._given // self._size - BEHIND - EVERY_OLD - GIVEN_UP) * self._size
        if keep - self._begin > len(self._stamps) // 2:
            self._raw, self._stamps = self._raw[keep - self._begin :], self._stamps[keep - self._begin :]
            self._means = self._means[(keep - self._begin) // self._size :]
            self._begin = keep
            old = [jump for jump in self._jumps if jump[0] <= keep]
            self._jumps = [old[-1], *(jump for jump in self._jumps if jump[0] > keep)]

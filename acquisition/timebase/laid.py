"""What an engine of the time base gives: times of samples, and the sample that settled each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from acquisition.timebase.line import Course


class Laid(NamedTuple):
    """Hold the times of the next samples [s], nan where a sample has no place, and the number of the sample
    whose coming settled each."""

    times: FloatArray
    settled: IntArray


class Log(Protocol):
    """Take what happens to a stream."""

    def lost(self, at: int, samples: float, seconds: float) -> None:
        """Note that before sample `at` so many samples are missing, and how long that is [s]."""

    def back(self, at: int, seconds: float) -> None:
        """Note that from sample `at` on stamps are so much too early, for good [s]."""

    def slipped(self, at: int, samples: int) -> None:
        """Note that some stamps are far off, and those after them are not."""


class Engine(Protocol):
    """Lay the samples of one segment whose stamps come in one manner."""

    period: float
    """Sample period as it is known now [s]."""

    def push(self, stamps: FloatArray) -> Laid:
        """Take in the next stamps, which are finite [s]; return what they settle."""

    def drain(self) -> FloatArray:
        """Return the times of all samples that wait, by what is known now [s]."""


BEHIND = 0.15
"""By at most so much a time may lie before the one before it, which it is given then [s]."""
TORN = 0.16
"""Where times are set back, samples count from so long after the last on [s]: what came between has no other
place, and an interval across would be too short by it. No shorter gap ends a stretch of signal."""

Make = Callable[..., Engine]
NOTHING = Laid(np.empty(0), np.empty(0, np.int64))


def joined(parts: Sequence[Laid]) -> Laid:
    """Return several pieces as one."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NOTHING
    return Laid(np.concatenate([p.times for p in parts]), np.concatenate([p.settled for p in parts]))


def rising(last: float, times: FloatArray) -> FloatArray:
    """Return times none of which lies before the one before it, nor the first before the last [s]."""
    if times[0] >= last and (times[1:] >= times[:-1]).all():
        return times
    return np.asarray(np.fmax.accumulate(np.append(last, times))[1:])


class Rising:
    """Let times through none of which lies before one before it.

    What lies further before others was laid too far, or they were: it has no place, nor has what follows up
    to a gap, as nobody knows how long it took.
    """

    def __init__(self) -> None:
        self.last = math.nan
        """The last time that was let through [s]."""
        self._from = -math.inf

    def through(self, laid: FloatArray, known: BoolArray) -> FloatArray:
        """Return times, and take what has no place from those that are known."""
        times = rising(self.last, laid)
        if times is not laid:
            behind = laid < times - BEHIND
            begins = np.maximum.accumulate(np.append(self._from, np.where(behind, times + TORN, -math.inf)))
            known &= (laid >= begins[1:]) & ~behind
            self._from = float(begins[-1])
        elif self._from > self.last:
            known &= laid >= self._from
        self.last = float(times[-1])
        return times


def newest(before: FloatArray, new: FloatArray, n: int) -> FloatArray:
    """Return the last `n` of two pieces."""
    return new[len(new) - n :] if n <= len(new) else np.concatenate((before, new))[-n:]


class Last:
    """Keep the last pairs of counts and stamps [s].

    Parameters
    ----------
    most : int
        How many are ever asked for.
    """

    def __init__(self, most: int) -> None:
        self._most, self._n = most, 0
        self._kept = np.empty((2, 4 * most))

    def add(self, counts: FloatArray | float, stamps: FloatArray | float) -> None:
        """Add pairs, however many."""
        if isinstance(counts, np.ndarray) and isinstance(stamps, np.ndarray):
            counts, stamps = counts[-self._most :], stamps[-self._most :]
        new = len(counts) if isinstance(counts, np.ndarray) else 1
        if self._n + new > self._kept.shape[1]:
            self._kept[:, : self._most] = self._kept[:, self._n - self._most : self._n]
            self._n = self._most
        begin, self._n = self._n, self._n + new
        self._kept[0, begin : self._n] = counts
        self._kept[1, begin : self._n] = stamps

    def take_back(self, n: int) -> None:
        """Take the last pairs back."""
        self._n -= n

    def move(self, n: int, counts: float, stamps: float) -> None:
        """Take the last pairs as so much more, and so much later [s]."""
        last = self.newest(n)
        last[0] += counts
        last[1] += stamps

    def newest(self, n: int) -> FloatArray:
        """Return the last counts and stamps, to be changed in their place, shape (2, n)."""
        return self._kept[:, self._n - n : self._n]


class Giving:
    """Number samples, lay them on a course in place of their numbers, and hand them out."""

    def __init__(self) -> None:
        self.given = 0
        """Number of the first sample that waits."""
        self.is_true = True
        """Whether the course goes as fast as the stamps: else what is given out has no place."""
        self._begun = self._laid = 0
        self._times: FloatArray = np.empty(0)
        self._stops: list[int] = []
        self._by: list[int] = []

    def number(self, stop: int) -> None:
        """Number the samples that wait, up to one."""
        self._begun, self._times = self.given, np.arange(self.given, stop, dtype=np.float64)

    def skip(self, stop: int) -> None:
        """Let samples up to one be given times by somebody else."""
        self.given = self._laid = stop

    def give(self, stop: int, settled: int) -> None:
        """Let samples up to one be laid on the course as it is, settled by the sample of a number."""
        if stop > self.given:
            self.give_all([stop], [settled])

    def give_all(self, stops: list[int], settled: Sequence[int]) -> None:
        """Do so up to several, the samples up to each settled by one of their own."""
        self._stops += stops
        self._by += settled
        self.given = stops[-1]

    def lay(self, course: Course, missing: float) -> None:
        """Lay what was given out, before the course becomes another or more samples are missing."""
        if self.given == self._laid:
            return
        numbers = self._times[self._laid - self._begun : self.given - self._begun]
        if missing:
            numbers += missing
        if self.is_true:
            course.lay(numbers)
        else:
            numbers[:] = np.nan
        self._laid = self.given

    def leave_out(self, stop: int, settled: int) -> None:
        """Give samples up to one no place, once those before are laid."""
        self._times[self.given - self._begun : max(stop, self.given) - self._begun] = np.nan
        self.give(stop, settled)
        self._laid = self.given

    def take_out(self) -> Laid:
        """Return what was laid."""
        if self.given == self._begun:
            return NOTHING
        stops = np.array([self._begun, *self._stops])
        settled = np.repeat(self._by, stops[1:] - stops[:-1])
        self._stops, self._by = [], []
        return Laid(self._times[: self.given - self._begun], settled)

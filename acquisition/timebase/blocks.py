"""The last stamps of a stretch by blocks, whether these lie where they are laid, what is missing, clocks."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from acquisition.stream import BoolArray, FloatArray

KEPT = 16
"""So many times that a clock was set back are remembered."""
AHEAD, BEFORE, FEW, PAST = 4, 20, 5, 100
"""Of a block and so many after it the earliest sample tells how late they are; so many blocks before tell how
late they usually are, at least so few, and so many how much that varies."""
ASTRAY, UNLIKE = 0.005, 8.0
"""Seconds by which blocks lie off those before that are not where they are laid, and deviations."""
CATCHING_UP = 0.75
"""Share of their time by which samples go on that catch up: they are late, and their count says when."""

RAMP = np.arange(256.0)


def ramp(n: int) -> FloatArray:
    """Return the numbers from 0 to n - 1; after a drain a line goes on further than others."""
    return RAMP[:n] if n <= len(RAMP) else np.arange(n, dtype=np.float64)


class Blocks:
    """Keep stamps on the clock of the first, and of whole blocks the means, and where the earliest begins.

    Parameters
    ----------
    size, period : int, float
        Samples in a block, and their period [s].
    """

    def __init__(self, size: int, period: float) -> None:
        self.size = size
        self._ramp = period * np.arange(size)
        self._raw: FloatArray = np.empty(0)
        self._stamps = self._raw
        """As they came, and on the first one's clock; the same array as long as nobody set that back [s]."""
        self._shift, self._was_set = 0.0, False
        self._means: FloatArray = np.empty((2, 0))
        self.begin = 0
        """Number of the first sample that is kept."""

    @property
    def first(self) -> int:
        """Return the first block that is kept."""
        return self.begin // self.size

    @property
    def end(self) -> int:
        """Return how many samples there have been."""
        return self.begin + len(self._stamps)

    def add(self, stamps: FloatArray) -> int:
        """Keep stamps [s]; return how many blocks are whole."""
        self._raw = np.concatenate((self._raw, stamps))
        self._stamps = np.concatenate((self._stamps, stamps + self._shift)) if self._was_set else self._raw
        known = self.end // self.size
        self._means = self._averaged(self.first + self._means.shape[1], known)
        return known

    def stamps(self, start: int, stop: int) -> FloatArray:
        """Return the stamps of samples [s]."""
        return self._stamps[start - self.begin : stop - self.begin]

    def means(self, start: int, stop: int) -> FloatArray:
        """Return the means of blocks [s]."""
        return self._means[0, start - self.first : stop - self.first]

    def begins(self, start: int, stop: int) -> FloatArray:
        """Return when the first samples of blocks were, by the earliest stamp of each [s]."""
        return self._means[1, start - self.first : stop - self.first]

    def set_on(self, place: int, seconds: float) -> None:
        """Take the stamps from a sample on as so much later [s]."""
        self._shift, self._was_set = self._shift + seconds, True
        at = place - self.begin
        self._stamps = np.concatenate((self._stamps[:at], self._raw[at:] + self._shift))
        self._means = self._averaged(place // self.size, self.first + self._means.shape[1])

    def let_go(self, keep: int) -> bool:
        """Let go of the stamps before a sample, if it pays; return whether it did."""
        n = keep - self.begin
        if n <= len(self._stamps) // 2:
            return False
        self._raw, self._stamps = self._raw[n:], self._stamps[n:]
        self._means = self._means[:, n // self.size :]
        self.begin = keep
        return True

    def _averaged(self, block: int, known: int) -> FloatArray:
        """Return the means and beginnings of blocks, those from one on found anew [s]."""
        before = self._means[:, : block - self.first]
        if known <= block:
            return before
        size = self.size
        stamps = self.stamps(block * size, known * size).reshape(-1, size)
        means = np.empty((2, known - block))
        np.add.reduce(stamps, axis=1, out=means[0])
        means[0] /= size
        np.minimum.reduce(stamps - self._ramp, axis=1, out=means[1])
        return np.concatenate((before, means), axis=1) if before.shape[1] else means


class Floor:
    """Tell which blocks do not lie where they are laid.

    Stamps can be late, each by itself, but the earliest of half a second is late by about the same at all
    times. Where it is not, samples are missing that were not found, or have come in another order.
    """

    def __init__(self) -> None:
        self._late: list[float] = []

    def leave_out(self, times: FloatArray, begin: int, blocks: Blocks, period: float) -> None:
        """Take the times of samples from number `begin` on, up to a block, where a block is astray."""
        size = blocks.size
        first = -(-begin // size)  # what was drained of a block has its times
        times = times[first * size - begin :]
        if len(times) and (out := self.astray(blocks, first, times[::size], size * period)) is not None:
            times[np.repeat(out, size)] = np.nan

    def astray(self, blocks: Blocks, start: int, laid: FloatArray, length: float) -> BoolArray | None:
        """Take in the next blocks; return which are astray, None if none is.

        Parameters
        ----------
        start : int
            The first of them; so many as are looked at after the last are known.
        laid : ndarray, shape (n,)
            When their first samples are laid [s].
        length : float
            How long a block lasts [s].
        """
        n, before = len(laid), self._late
        low = _lows(blocks.begins(start, start + n + AHEAD), laid, length)
        recent, late = before[-BEFORE:] + low, before + low
        self._late = late[-PAST:]
        if max(recent) - min(recent) <= ASTRAY:
            return None
        means, out = blocks.means(start, start + n + 1), np.zeros(n, np.bool_)
        for k, off in enumerate(_off(late, len(before)), len(before)):
            if abs(off) > ASTRAY and abs(off) > UNLIKE * _varies(late[max(0, k - PAST) : k]):
                at = k - len(before)
                if off > 0.0:
                    out[at] = means[at + 1] - means[at] > CATCHING_UP * length
                else:
                    came = blocks.begins(start + at, start + at + AHEAD + 1) - length * ramp(AHEAD + 1)
                    out[at] = _is_overtaken(came - float(laid[at]) - (low[at] - off))
        return out if out.any() else None


def _is_overtaken(off: FloatArray) -> bool:
    """Tell whether a block is astray where it or one after it has samples that are too early.

    It is if these are near, or if they were overtaken by its own.

    Parameters
    ----------
    off : ndarray, shape (n,)
        By how much the earliest sample of each is later than usual [s].
    """
    return bool((off[:2] < -ASTRAY).any() or (off[:2] > ASTRAY).any())


def _lows(begins: FloatArray, laid: FloatArray, length: float) -> list[float]:
    """Return by how much the earliest of half a second are later than its first sample is laid [s]."""
    n = len(laid)
    if n == 1:  # as live: numpy's calls cost more
        came = [begin - k * length for k, begin in enumerate(begins.tolist())]
        return [min(came) - float(laid[0])]
    begins = begins - ramp(len(begins)) * length
    low = begins[:n].copy()
    for k in range(1, AHEAD + 1):
        np.minimum(low, begins[k : n + k], out=low)
    low -= laid - ramp(n) * length
    lows: list[float] = low.tolist()
    return lows


def _off(late: list[float], begin: int) -> list[float]:
    """Return by how much blocks from one on are later than usual before [s]; 0 where few went before."""
    n = len(late) - begin
    few = min(n, max(0, BEFORE - begin))
    off = [late[k] - _middle(late[:k]) if k >= FEW else 0.0 for k in range(begin, begin + few)]
    if n - few == 1:
        off.append(late[-1] - _middle(late[-BEFORE - 1 : -1]))
    elif n > few:
        rows = sliding_window_view(np.array(late[begin + few - BEFORE : -1]), BEFORE)
        usual = np.partition(rows, BEFORE // 2, axis=1)[:, BEFORE // 2].tolist()
        off += [one - other for one, other in zip(late[begin + few :], usual, strict=True)]
    return off


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _varies(late: list[float]) -> float:
    """Return by how much half seconds usually differ [s]."""
    steps = [abs(one - other) for one, other in zip(late, late[AHEAD + 1 :], strict=False)]
    return _middle(steps) if len(late) > 2 * AHEAD else 0.0


class Counts:
    """Number samples, the missing ones counted."""

    def __init__(self) -> None:
        self._jumps: list[tuple[int, float]] = [(0, 0.0)]

    @property
    def last(self) -> tuple[int, float]:
        """Return from which sample on how many are missing before it, as it is now."""
        return self._jumps[-1]

    def miss(self, place: int, samples: float) -> None:
        """Take in that before a sample so many more are missing."""
        self._jumps.append((place, self._jumps[-1][1] + samples))

    def of(self, start: int, stop: int) -> FloatArray:
        """Return the numbers of samples."""
        counts = np.arange(start, stop, dtype=np.float64)
        if len(self._jumps) == 1 or self._jumps[-1][0] <= start:
            return counts + missing if (missing := self._jumps[-1][1]) else counts
        at, before = zip(*self._jumps, strict=True)
        return np.asarray(counts + np.array(before)[np.searchsorted(at, counts, side="right") - 1])

    def let_go(self, keep: int) -> None:
        """Let go of what is known of samples before one."""
        old = [jump for jump in self._jumps if jump[0] <= keep]
        self._jumps = [old[-1], *(jump for jump in self._jumps if jump[0] > keep)]


class SetBack:
    """Remember by how much a clock was set back [s]."""

    def __init__(self) -> None:
        self._by: list[float] = []
        self.ever = False
        """Whether it ever was."""

    def set(self, seconds: float) -> None:
        """Note that it was."""
        self._by, self.ever = [*self._by, seconds][-KEPT:], True

    def undone(self, step: float, within: float) -> float:
        """Return by how much a step forward undoes one back [s]; 0 if it does not: samples are missing.

        Else each step back would move the times on, and each one forward would be a gap: the hour would
        grow without end.

        Parameters
        ----------
        step, within : float
            By how much stamps are later than expected, and how near to that the other step must be [s].
        """
        by = min(self._by, key=lambda back: abs(back - step), default=0.0)
        if not by or abs(by - step) > within:
            return 0.0
        self._by.remove(by)
        return by

"""The last stamps of a stretch and means of blocks of them, how many samples are missing, clocks set back."""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray

KEPT = 16
"""So many times that a clock was set back are remembered."""


class Blocks:
    """Keep stamps on the clock of the first, and the means of whole blocks.

    Parameters
    ----------
    size : int
        Samples in a block.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._raw: FloatArray = np.empty(0)
        self._stamps = self._raw
        """As they came, and on the first one's clock; the same array as long as nobody set that back [s]."""
        self._shift, self._was_set = 0.0, False
        self._means: FloatArray = np.empty(0)
        self.begin = 0
        """Number of the first sample that is kept."""

    @property
    def first(self) -> int:
        """Return the first block that is kept."""
        return self.begin // self._size

    @property
    def end(self) -> int:
        """Return how many samples there have been."""
        return self.begin + len(self._stamps)

    def add(self, stamps: FloatArray) -> int:
        """Keep stamps [s]; return how many blocks are whole."""
        self._raw = np.concatenate((self._raw, stamps))
        self._stamps = np.concatenate((self._stamps, stamps + self._shift)) if self._was_set else self._raw
        known = self.end // self._size
        self._means = self._averaged(self.first + len(self._means), known)
        return known

    def stamps(self, start: int, stop: int) -> FloatArray:
        """Return the stamps of samples [s]."""
        return self._stamps[start - self.begin : stop - self.begin]

    def means(self, start: int, stop: int) -> FloatArray:
        """Return the means of blocks [s]."""
        return self._means[start - self.first : stop - self.first]

    def set_on(self, place: int, seconds: float) -> None:
        """Take the stamps from a sample on as so much later [s]."""
        self._shift, self._was_set = self._shift + seconds, True
        at = place - self.begin
        self._stamps = np.concatenate((self._stamps[:at], self._raw[at:] + self._shift))
        self._means = self._averaged(place // self._size, self.first + len(self._means))

    def let_go(self, keep: int) -> bool:
        """Let go of the stamps before a sample, if it pays; return whether it did."""
        n = keep - self.begin
        if n <= len(self._stamps) // 2:
            return False
        self._raw, self._stamps = self._raw[n:], self._stamps[n:]
        self._means = self._means[n // self._size :]
        self.begin = keep
        return True

    def _averaged(self, block: int, known: int) -> FloatArray:
        """Return the means of blocks, those from one on found anew [s]."""
        before = self._means[: block - self.first]
        if known <= block:
            return before
        size = self._size
        stamps = self.stamps(block * size, known * size).reshape(-1, size)
        means = np.add.reduce(stamps, axis=1) / size
        return np.concatenate((before, means)) if len(before) else means


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

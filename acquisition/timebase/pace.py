"""Whether samples whose stamps have jitter come at another rate, as from a sender that began anew.

A stall that is caught up with is as fast, but no sample of it is earlier than it would have been without; a
link that slows down is as slow, but not for long.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.ranks import quantile, ranked

BLOCK = 0.1
"""Seconds of samples whose stamps are averaged."""
FASTER, SLOWER, EVERY = 20, 30, 5
"""Blocks in which samples come faster, or slower, and after how many blocks it is looked again."""
OTHER, MOST = 0.06, 0.75
"""Share by which their steps differ from the known one, and how many of the steps do."""
EARLY = 0.25
"""Seconds by which faster ones are earlier than all in the blocks before were."""


class Pace:
    """Watch how fast the stamps of a stretch go on.

    Parameters
    ----------
    period : float
        Sample period [s], nan while it is not known.
    """

    def __init__(self, period: float) -> None:
        self._size = max(1, round(BLOCK / period)) if period > 0 else 1
        self._due = self._size * period
        self._waiting: FloatArray = np.empty(0)
        self._means: FloatArray = np.empty(0)
        self._n = 0

    def other(self, stamps: FloatArray) -> int:
        """Take in stamps [s]; return with which it is known that they come at another rate, else -1."""
        size, before, first = self._size, len(self._waiting), self._n
        waiting = np.concatenate((self._waiting, stamps))
        n = len(waiting) // size
        self._waiting = waiting[n * size :]
        if not n:
            return -1
        kept = len(self._means)
        found = np.add.reduce(waiting[: n * size].reshape(-1, size), axis=1) / size
        means = np.concatenate((self._means, found))
        self._n += n
        self._means = means[-SLOWER - FASTER - 1 :]
        ends = np.arange(kept + EVERY - first % EVERY, kept + n + 1, EVERY)
        ends = ends[ends > FASTER + SLOWER]
        off = (means[ends - 1] - means[ends - 1 - FASTER]) / (FASTER * self._due) - 1.0
        for end in ends[np.abs(off) > MOST * OTHER].tolist():
            if self._is_other(means[end - FASTER - SLOWER - 1 : end]):
                return int((end - kept) * size - before - 1)
        return -1

    def _is_other(self, means: FloatArray) -> bool:
        """Tell whether the last of these blocks come at another rate."""
        steps = (means[1:] - means[:-1]) / self._due
        fast = ranked(steps[-FASTER:])
        if quantile(fast, MOST) < 1.0 - OTHER:
            late = means - self._due * np.arange(len(means))
            return bool(late[-1] < late[:-FASTER].min() - EARLY)
        return quantile(ranked(steps[-SLOWER:]), 1.0 - MOST) > 1.0 + OTHER

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
        self._kept: FloatArray = np.empty(0)
        self._held: list[FloatArray] = []
        self._n = self._looked = 0

    def other(self, stamps: FloatArray) -> int:
        """Take in stamps [s]; return with which it is known that they come at another rate, else -1."""
        size, every, far = self._size, EVERY * self._size, FASTER * self._size
        self._held.append(stamps)
        self._n += len(stamps)
        if self._n - self._looked < every:
            return -1
        known = np.concatenate((self._kept, *self._held))
        begin = self._n - len(known)
        ends = np.arange(self._looked + every, self._n + 1, every) - begin
        self._looked, needed = int(ends[-1]) + begin, (FASTER + SLOWER + 1) * size
        self._held, self._kept = [], known[-needed:]
        ends = ends[ends >= needed] - 1
        off = (known[ends] - known[ends - far]) / (FASTER * self._due) - 1.0
        for end in ends[np.abs(off) > MOST * OTHER].tolist():
            blocks = known[end + 1 - needed : end + 1].reshape(-1, size)
            if self._is_other(np.add.reduce(blocks, axis=1) / size):
                return int(end - (len(known) - len(stamps)))
        return -1

    def _is_other(self, means: FloatArray) -> bool:
        """Tell whether the last of these blocks come at another rate."""
        steps = (means[1:] - means[:-1]) / self._due
        fast = ranked(steps[-FASTER:], MOST)
        if quantile(fast, MOST) < 1.0 - OTHER:
            late = means - self._due * np.arange(len(means))
            return bool(late[-1] < late[:-FASTER].min() - EARLY)
        return quantile(ranked(steps[-SLOWER:], 1.0 - MOST), 1.0 - MOST) > 1.0 + OTHER

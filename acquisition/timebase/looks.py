"""Looks at the manner of stamps, one after another, while a stretch goes on."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.manner import EVEN, FEW, Manner, Seen, look

SHORT, WINDOW, WIDE = 1.0, 4.0, 8.0
"""Seconds between two looks: at even stamps, at uneven ones, and at those that are not the times."""
TWICE = 2
"""Looks in a row that must see another manner."""
ALIKE, SKIPPED = 8, 3
"""After so many looks in a row that saw the same, so many are left out after each; not at even stamps, where
a look costs nothing."""


class Looks:
    """Look at the stamps of a stretch every few seconds.

    Parameters
    ----------
    seen : Seen
        The manner that was seen first.
    usual : float
        Period by which seconds are counted [s].
    """

    def __init__(self, seen: Seen, usual: float) -> None:
        self._seen = seen
        seconds = {Manner.EXACT: SHORT, Manner.UNEVEN: WINDOW}.get(seen.manner, WIDE)
        self._size = max(4 * FEW, round(seconds / usual))
        self._window: FloatArray = np.empty(0)
        self._past: FloatArray = np.empty(0)
        self._others = self._alike = self._skip = 0
        self.period = math.nan
        """Another period of stamps that are the times, as the last look saw it [s]; nan if it saw none."""

    @property
    def room(self) -> int:
        """Return how many stamps belong to this look, or lie before it, and are still to come."""
        return self._skip + self._size - len(self._window)

    def spared(self, stamps: FloatArray, period: float) -> int:
        """Return how many stamps need no look, as none would see anything but even steps."""
        if len(self._window) or self._skip or self._seen.manner is not Manner.EXACT:
            return 0
        if len(stamps) < 2 * self._size:
            return 0
        if not (np.abs(np.diff(stamps) - period) < 0.5 * EVEN * period).all():
            return 0
        self._others = 0
        n = len(stamps) // self._size * self._size
        self._past = stamps[n - self._size : n]
        return n

    def take(self, stamps: FloatArray) -> bool:
        """Take in as many stamps as there is room for, at most [s]; return whether that completes a look."""
        skipped = min(self._skip, len(stamps))
        self._skip -= skipped
        self._window = np.concatenate((self._window, stamps[skipped:]))
        return len(self._window) == self._size

    def judge(self, period: float) -> bool:
        """Look at what came; tell whether another manner has been seen often enough.

        Parameters
        ----------
        period : float
            Sample period as it is known [s].
        """
        found = self._look(period)
        if self._seen.manner is not Manner.EXACT:
            self._alike = 0 if self._others else self._alike + 1
            self._skip = SKIPPED * self._size if self._alike >= ALIKE else 0
        return found

    def _look(self, period: float) -> bool:
        window, self._window = self._window, np.empty(0)
        past, self._past = self._past, window
        self.period = math.nan
        times = self._seen.manner.are_times
        if times:
            steps = window[1:] - window[:-1]
            if np.maximum.reduce(steps) - np.minimum.reduce(steps) < EVEN * period:
                self._others = 0
                return False
        counts = np.isfinite(window).nonzero()[0]
        if len(counts) < 2:
            return False
        seen = look(counts, window if len(counts) == len(window) else window[counts], period)
        if self._seen.manner is Manner.EXACT and seen.manner.are_times:
            seen = self._longer(past, window, period, seen)
        if times and seen.manner.are_times:
            self._others = 0
            self.period = seen.period if seen.period > 0 else math.nan
        else:
            self._others = 0 if seen.manner is self._seen.manner else self._others + 1
        return self._others >= TWICE

    def _longer(self, past: FloatArray, window: FloatArray, period: float, seen: Seen) -> Seen:
        """Return what several looks together see: a second holds too few packets whose stamps are deduced."""
        longer = np.concatenate((past, window))[-round(WINDOW / SHORT) * len(window) :]
        self._past = longer
        found = look(np.arange(len(longer)), longer, period)
        return found if found.manner is Manner.PACKETS else seen

"""Looks at the manner of stamps, one after another, while a stretch goes on."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.laid import newest
from acquisition.timebase.manner import EVEN, FEW, Manner, Seen, look

SHORT, WINDOW, WIDE = 1.0, 4.0, 8.0
"""Seconds between two looks: at even stamps, at uneven ones, and at those that are not the times."""
TOGETHER = 8
"""So many looks at even stamps are taken together to see packets of up to two seconds."""
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
        """Even stamps of the looks before."""
        self._others = self._alike = self._skip = self._packets = self._even = 0
        self.packets: Seen | None = None
        """Packets that several looks together saw, so that stamps are not the times."""
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
        n = len(stamps) // self._size * self._size
        self._past = newest(self._past, stamps[:n], min(len(self._past) + n, TOGETHER * self._size))
        self._is_even(n // self._size)
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
        self.period = math.nan
        times = self._seen.manner.are_times
        if self._seen.manner is Manner.EXACT:
            kept = min(len(self._past) + len(window), TOGETHER * self._size)
            self._past = newest(self._past, window, kept)
        if times:
            steps = window[1:] - window[:-1]
            if np.maximum.reduce(steps) - np.minimum.reduce(steps) < EVEN * period:
                self._is_even(1)
                return False
        counts = np.isfinite(window).nonzero()[0]
        if len(counts) < 2:
            return False
        seen = look(counts, window if len(counts) == len(window) else window[counts], period)
        self._even = 0
        if self._seen.manner is Manner.EXACT and seen.manner.are_times and self._are_packets(period):
            return True
        if times and seen.manner.are_times:
            self._others = 0
            self.period = seen.period if seen.period > 0 else math.nan
        else:
            self._others = 0 if seen.manner is self._seen.manner else self._others + 1
        return self._others >= TWICE

    def _is_even(self, looks: int) -> None:
        """Take in that so many looks in a row saw nothing but even steps."""
        self._others = 0
        self._even += looks
        if self._even >= TOGETHER:  # and not only within a packet whose stamps are deduced
            self._packets = 0

    def _are_packets(self, period: float) -> bool:
        """Tell whether several looks together, twice, see packets: a second holds too few deduced ones."""
        seen = look(np.arange(len(self._past)), self._past, period)
        self._packets = self._packets + 1 if seen.manner is Manner.PACKETS else 0
        self.packets = seen if self._packets >= TWICE else None
        return self.packets is not None

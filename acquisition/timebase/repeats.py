"""Samples that come again, or after those that follow them: they have had their place, or lost it.

A bridge that sends a chunk once more, and one that mixes up two, send stamps that step back. So does a clock
that is set back. What tells them apart are the samples: with the same stamps, to the last bit, come the same
values; and a chunk that was overtaken goes on to the sample where a hole began.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray
from acquisition.timebase.account import Account

KEPT = 8192
"""Samples among which one that comes again is sought: a minute at 130 Hz."""
HOLE, FITS, SHARE = 3.5, 1.5, 0.1
"""Sample periods from which on a step is a hole; and within which, or within which share of the hole, a stamp
goes on where it began."""


class Repeats:
    """Find samples of one stream that are to be left out.

    Parameters
    ----------
    sfreq : float
        Rate that the stream says [Hz]; 0 if it says none, and none is told late then.
    """

    def __init__(self, sfreq: float, account: Account) -> None:
        self._period = 1.0 / sfreq if sfreq > 0 else 0.0
        self._account = account
        self._stamps: FloatArray = np.empty(3 * KEPT)
        self._rows: NDArray[Any] = np.empty((0, 0))
        self._n = 0
        self._again = self._hole = -1
        """Which kept sample comes again next, and before which one the hole ends that is filled."""
        self._before = 0.0

    def left_out(self, stamps: FloatArray, rows: NDArray[Any]) -> BoolArray | None:
        """Take in the next samples; return which came again or late, None if none did.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            Raw stamps [s].
        rows : ndarray, shape (n, n_channels)
        """
        back, at, out = (stamps[1:] < stamps[:-1]).nonzero()[0] + 1, 0, None
        while at < len(stamps):
            if self._is_left_out(float(stamps[at]), rows[at]):
                out = np.zeros(len(stamps), np.bool_) if out is None else out
                out[at] = True
                at += 1
                continue
            later = int(back.searchsorted(at, "right"))
            end = int(back[later]) if later < len(back) else len(stamps)
            self._keep(stamps[at:end], rows[at:end])
            at = end
        return out

    def _is_left_out(self, stamp: float, row: NDArray[Any]) -> bool:
        """Tell whether a sample came before, or is late for a hole."""
        if self._again >= 0 and self._is_at(self._again, stamp, row):
            return self._comes_again(self._again)
        self._again = -1
        if self._hole >= 0 and self._before <= stamp < self._stamps[self._hole]:
            return self._comes_late(self._hole, stamp)
        self._hole = -1
        if not (self._n and stamp < self._stamps[self._n - 1]):
            return False
        first = max(0, self._n - KEPT)
        kept = self._stamps[first : self._n]
        for place in (kept == stamp).nonzero()[0][::-1].tolist():
            if self._is_at(first + place, stamp, row):
                return self._comes_again(first + place)
        steps = kept[1:] - kept[:-1]
        near = np.abs(kept[:-1] + self._period - stamp) < np.maximum(FITS * self._period, SHARE * steps)
        begins = near & (steps > HOLE * self._period) & (kept[1:] > stamp)
        return bool(begins.any()) and self._comes_late(first + 1 + int(begins.nonzero()[0][-1]), stamp)

    def _is_at(self, place: int, stamp: float, row: NDArray[Any]) -> bool:
        return bool(self._stamps[place] == stamp) and self._rows[place].tobytes() == row.tobytes()

    def _comes_again(self, place: int) -> bool:
        """Note that a sample came again, and which one would do so next."""
        self._account.again += 1
        self._again = place + 1 if place + 1 < self._n else -1
        return True

    def _comes_late(self, hole: int, stamp: float) -> bool:
        """Note that a sample came late."""
        self._account.overtaken += 1
        self._hole, self._before = hole, stamp
        return True

    def _keep(self, stamps: FloatArray, rows: NDArray[Any]) -> None:
        """Remember samples that are taken in."""
        stamps, rows = stamps[-KEPT:], rows[-KEPT:]
        if self._rows.shape[1:] != rows.shape[1:] or self._rows.dtype != rows.dtype:
            self._rows, self._n = np.empty((3 * KEPT, *rows.shape[1:]), rows.dtype), 0
        if self._n + len(stamps) > len(self._stamps):
            for kept in (self._stamps, self._rows):
                kept[:KEPT] = kept[self._n - KEPT : self._n]
            self._n = KEPT
        begin, self._n = self._n, self._n + len(stamps)
        self._stamps[begin : self._n] = stamps
        self._rows[begin : self._n] = rows

"""Samples that come again, or too late: they have had their place, or others have passed it.

A bridge that sends a chunk once more sends stamps that step back. So does a clock that is set back. The
samples tell them apart: with the same stamps, to the last bit, come the same values. Chunks in another order
leave a hole, and then fill it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray
from acquisition.timebase.account import Account

KEPT = 8192
"""Samples among which one that comes again is sought: a minute at 130 Hz."""
ORDER, OVERLAP = 8, 1.0
"""Its stamp was no earlier than so many before it by more [s]: those of packets overlap."""
LONGEST, STEPS, ALIKE, ROUGH = 3.0, 32, 0.25, 2.0
"""Seconds that chunks last at most whose order is told; so many steps before them tell the sample period. By
such a share of it, or so many times as far as any of them differs from it, a step may differ."""
AMONG, RARE = 256, 0.1
"""Of so many samples at most this share has the values of the first that comes again."""


class Repeats:
    """Find samples of one stream that came before."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._stamps: FloatArray = np.empty(3 * KEPT)
        self._rows: NDArray[Any] = np.empty((0, 0))
        self._n = 0
        self._again = -1
        """Which kept sample comes again next."""
        self._until, self._left, self._overtaken = -math.inf, 0, math.nan
        """Before which stamp overtaken samples come, how many at most, and the last one's [s]."""

    def left_out(self, stamps: FloatArray, rows: NDArray[Any]) -> BoolArray | None:
        """Take in the next samples; return which came before or were overtaken, None if none were.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            Raw stamps [s].
        rows : ndarray, shape (n, n_channels)
        """
        back, at, out = (stamps[1:] < stamps[:-1]).nonzero()[0] + 1, 0, None
        while at < len(stamps):
            later = int(back.searchsorted(at, "right"))
            end = int(back[later]) if later < len(back) else len(stamps)
            if n := self._until_in_order(stamps[at:end]) or int(
                self._came_before(float(stamps[at]), rows[at])
            ):
                out = np.zeros(len(stamps), np.bool_) if out is None else out
                out[at : at + n] = True
                at += n
                continue
            self._keep(stamps[at:end], rows[at:end])
            at = end
        return out

    def _until_in_order(self, stamps: FloatArray) -> int:
        """Return how many of the next samples, whose stamps rise, were overtaken by some before them."""
        if not (self._left and self._overtaken <= stamps[0] < self._until) and not self._is_overtaken(
            float(stamps[0])
        ):
            self._left = 0
            return 0
        later = (~(stamps < self._until)).nonzero()[0]
        n = min(int(later[0]) if len(later) else len(stamps), self._left)
        self._left -= n
        self._overtaken = float(stamps[n - 1])
        self._account.overtaken += n
        return n

    def _is_overtaken(self, stamp: float) -> bool:
        """Tell whether a stamp belongs where a hole was left by samples that came before it.

        It then goes on from before the hole, as if they had not come; stamps that slipped and come back go on
        as if they had.
        """
        if not (self._n > STEPS and stamp < self._stamps[self._n - 1]):
            return False
        kept = self._stamps[max(0, self._n - KEPT) : self._n]
        falls = (kept[1:] < kept[:-1]).nonzero()[0]
        begin = int(falls[-1]) + 1 if len(falls) else 0
        place = begin + int(kept[begin:].searchsorted(stamp))
        if place - STEPS - 1 < 0 or place == begin:
            return False
        before, after = float(kept[place - 1]), float(kept[place])
        step = (before - float(kept[place - 1 - STEPS])) / STEPS
        steps = np.diff(np.append(kept[place - 1 - STEPS : place], kept[place:]))
        off = np.abs(np.delete(steps, STEPS) - step)
        near = max(ALIKE * step, ROUGH * float(off.max()) if off.max() > ALIKE * step else 0.0)
        if not (step > 0.0 and len(off) > STEPS and len(off) * step < LONGEST):
            return False
        if after - before < 2.0 * near + step or not (
            abs(stamp - before - step) <= near and stamp + near < after
        ):
            return False
        if not after < before + LONGEST:
            return False
        self._until, self._left = float(kept[-1]), round((after - before) / step)
        return True

    def _came_before(self, stamp: float, row: NDArray[Any]) -> bool:
        """Tell whether a sample came before."""
        if self._again >= 0 and self._is_at(self._again, stamp, row):
            return self._comes_again(self._again)
        self._again = -1
        if not (self._n and stamp < self._stamps[self._n - 1]):
            return False
        first = max(0, self._n - KEPT)
        kept = self._stamps[first : self._n]
        for place in (kept == stamp).nonzero()[0][::-1].tolist():
            at = first + place
            if self._is_at(at, stamp, row) and self._is_in_order(at) and self._is_rare(row):
                return self._comes_again(at)
        return False

    def _is_in_order(self, place: int) -> bool:
        """Tell whether a stamp is not far before those before it: one that is comes with anything."""
        before = self._stamps[max(0, place - ORDER) : place]
        return not len(before) or bool(self._stamps[place] >= before.max() - OVERLAP)

    def _is_rare(self, row: NDArray[Any]) -> bool:
        """Tell whether few samples have these values."""
        last = self._rows[max(0, self._n - AMONG) : self._n]
        same = (last == row).all(axis=tuple(range(1, last.ndim)))
        return int(np.count_nonzero(same)) <= RARE * len(last)

    def _is_at(self, place: int, stamp: float, row: NDArray[Any]) -> bool:
        return bool(self._stamps[place] == stamp) and self._rows[place].tobytes() == row.tobytes()

    def _comes_again(self, place: int) -> bool:
        """Note that a sample came again, and which one would do so next."""
        self._account.again += 1
        self._again = place + 1 if place + 1 < self._n else -1
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

"""Samples that come again, or too late: they have had their place, or others have passed it.

A bridge that sends a chunk once more sends stamps that step back. So does a clock that is set back. The
samples tell them apart: with the same stamps, to the last bit, come the same values. A packet with one stamp
for all comes again where it ends: the stamp stays, after as many samples as the packet before had. Chunks in
another order leave a hole, and then fill it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.pieces import steps_from
from acquisition.stream import BoolArray, FloatArray, IntArray
from acquisition.timebase.account import Account, Remark

KEPT = 8192
"""Samples among which one that comes again is sought: a minute at 130 Hz."""
ORDER, OVERLAP = 8, 1.0
"""Its stamp was no earlier than so many before it by more [s]: those of packets overlap."""
LONGEST, STEPS, ALIKE, ROUGH = 3.0, 32, 0.25, 2.0
"""Seconds that chunks last at most whose order is told; so many steps before them tell the sample period. By
such a share of it, or so many times as far as any of them differs from it, a step may differ."""
AMONG, RARE = 256, 0.1
"""Of so many samples at most this share has the values of the first that comes again."""
MANY = 4096
"""Samples that are looked at in one at most."""
TOGETHER, AS_LONG = 4, 6
"""Samples that one stamp is shared by at least where it is one for a packet; so many packets before were as
long, or stamps are rounded, and one more sample may as well have the first one's value."""

ROW = 3
"""Falls in a row that tell."""
LOOKED, FEW = 96, 12
"""Last steps of which a share are falls; so many at least."""
MOST, SELDOM = 0.6, 0.2
"""Share of falls that no jitter makes, and up to which falls in a row tell a chunk."""


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
        self._alike, self._packet, self._as_long = 0, 0, 0
        """Last samples that share one stamp, how many did before these, and how often in a row."""

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
            end = self._until_border(stamps, at, end)
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
        if self._is_border(stamp):
            at = self._n - self._alike
            return self._is_at(at, stamp, row) and self._is_rare(row) and self._comes_again(at)
        if not (self._n and stamp < self._stamps[self._n - 1]):
            return False
        first = max(0, self._n - KEPT)
        kept = self._stamps[first : self._n]
        for place in (kept == stamp).nonzero()[0][::-1].tolist():
            at = first + place
            if self._is_at(at, stamp, row) and self._is_in_order(at) and self._is_rare(row):
                return self._comes_again(at)
        return False

    def _is_border(self, stamp: float) -> bool:
        """Tell whether a stamp is that of a packet which is as long as those before."""
        whole = TOGETHER <= self._alike == self._packet <= self._n and self._as_long >= AS_LONG
        return whole and stamp == float(self._stamps[self._n - 1])

    def _until_border(self, stamps: FloatArray, at: int, end: int) -> int:
        """Return up to where samples are looked at in one: to a stamp that stays where a packet ends."""
        end = min(end, at + MANY)
        changes = (stamps[at + 1 : end] != stamps[at : end - 1]).nonzero()[0]
        if self._alike + end - at - len(changes) <= TOGETHER:
            return end
        goes_on = self._n > 0 and bool(stamps[at] == self._stamps[self._n - 1])
        alike, packet, as_long = self._alike, self._packet, self._as_long
        begin = at
        for stop in [*(changes + at + 1).tolist(), end]:
            if not (goes_on and begin == at):
                packet, as_long = _followed(alike, packet, as_long)
                alike = 0
            due = begin + packet - alike
            if as_long >= AS_LONG and packet >= TOGETHER and at < due < stop:
                return due
            alike, begin = alike + stop - begin, stop
        return end

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

    def _count_alike(self, stamps: FloatArray) -> None:
        """Count how many of the last samples share one stamp."""
        before = float(self._stamps[self._n - 1]) if self._n else math.nan
        changes = (steps_from(before, stamps) != 0.0).nonzero()[0]
        if not len(changes):
            self._alike += len(stamps)
            return
        lengths = np.diff(changes, prepend=0)
        lengths[0] += self._alike
        if lengths.max() < TOGETHER:
            self._packet, self._as_long = int(lengths[-1]), 0
        else:
            for n in lengths.tolist():
                self._packet, self._as_long = _followed(n, self._packet, self._as_long)
        self._alike = len(stamps) - int(changes[-1])

    def _keep(self, stamps: FloatArray, rows: NDArray[Any]) -> None:
        """Remember samples that are taken in."""
        self._count_alike(stamps)
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


def _followed(alike: int, packet: int, as_long: int) -> tuple[int, int]:
    """Return the length of packets, and how many in a row were as long, after one of `alike` samples.

    Two that were stamped alike are as long.
    """
    same = alike == packet or (as_long >= AS_LONG and alike % packet == 0)
    return (packet, as_long + 1) if same and alike >= TOGETHER else (alike, 0)


class Falls:
    """Find samples of one stream that came in reverse order: by their count they have the places of others.

    Chunks that come from last to first are known from some falls in a row, in a stream whose
    stamps hardly fall otherwise; and where most stamps of a stream fall, from all.

    Parameters
    ----------
    account : Account
        Is told once.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._n = 0
        self._stamp = math.nan
        self._row = 0
        self._last: BoolArray = np.zeros(0, np.bool_)
        self._told = False
        self._ranges: list[tuple[int, int, int]] = []
        """First and last sample that has no place, and which one showed it; in order."""

    def take(self, stamps: FloatArray) -> None:
        """Take in the next stamps [s]."""
        if not len(stamps):
            return
        falls = steps_from(self._stamp, stamps) < 0.0
        self._stamp = float(stamps[-1])
        if falls.any() or self._last.any():
            self._find(falls)
        self._n += len(stamps)
        self._last = np.append(self._last, falls)[-2 * LOOKED :]

    def _find(self, falls: BoolArray) -> None:
        """Note which samples came in reverse order."""
        known = len(self._last)
        both = np.append(self._last, falls)
        sums = np.append(0, np.cumsum(both))
        ends = np.arange(known, len(both)) + 1
        begins = np.maximum(0, ends - LOOKED)
        lengths = np.minimum(ends - begins, LOOKED)
        share = (sums[ends] - sums[begins]) / lengths
        row = _in_a_row(both)[known:]
        before = ends - row
        # of those before the falls in a row, so that a long chunk is told as a short one is
        old = np.maximum(np.maximum(0, ends - 2 * LOOKED), before - LOOKED)
        seldom = (sums[before] - sums[old]) <= SELDOM * np.maximum(before - old, 1)
        whole = (share > MOST) & (lengths >= FEW)
        for k in np.flatnonzero(whole | ((row >= ROW) & seldom)).tolist():
            at = self._n + k
            self._note(at - int(lengths[k]) if whole[k] else at - int(row[k]), at)

    def _note(self, first: int, at: int) -> None:
        """Note that samples up to `at`, which shows it, have no place."""
        if self._ranges and self._ranges[-1][1] == at - 1:  # those before it are told
            first = at
        self._ranges.append((max(0, first), at, at))
        if not self._told:
            self._told = True
            what = "samples come in reverse order within their chunks: those have no place"
            self._account.remarks.append(Remark(at, "clock", what))

    def out(self, first: int, settled: IntArray) -> BoolArray | None:
        """Tell which samples from `first` on have no place, as far as those that settled them show it."""
        self._ranges = [part for part in self._ranges if part[1] >= first]
        if not self._ranges:
            return None
        at = first + np.arange(len(settled))
        out = np.zeros(len(at), np.bool_)
        for begin, end, shown in self._ranges:
            low, high = max(0, begin - first), max(0, end + 1 - first)
            out[low:high] |= settled[low:high] >= shown
        return out if len(at) and out.any() else None


def _in_a_row(falls: BoolArray) -> IntArray:
    """Return how many falls in a row there are up to each step."""
    at = np.arange(1, len(falls) + 1)
    return np.asarray(at - np.maximum.accumulate(np.where(falls, 0, at)))

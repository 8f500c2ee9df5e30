"""Chance band of the live value: a growing pool of windows that never met.

Windows of one person are correlated with windows of the other that ended ≥ 60 s earlier, in both directions.
The band is pointwise: under chance about 5 % of single values lie outside, and over a session some always do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import R_LIMIT, TableShape
from processing.coupling.windows import Windows, strongest_of_pairs, windows_at

TAILS = (0.025, 0.975)
Parted = tuple[tuple[Windows, IntArray], tuple[Windows, IntArray]]
"""Windows without a hole and their grid numbers; windows with holes and theirs."""
BLOCK = 128
"""Earlier windows that are cut at once: memory does not grow with the hour."""
MOST = 1440
"""Windows of four hours, ten seconds apart."""


class ChancePool:
    """Collect chance values of the largest |z| over lags.

    Parameters
    ----------
    shape : TableShape
    apart : int
        Least distance of two window ends, in steps of the grid on which windows are taken.
    least : int
        Values needed for a band.
    most : int
        Windows of each person that there will be at most.
    """

    def __init__(self, shape: TableShape, *, apart: int, least: int, most: int = MOST) -> None:
        self._shape = shape
        self._apart = apart
        self._least = least
        self._least_there = shape.coverage * shape.window
        self._people = tuple(_Person() for _ in range(2))
        self._tails = _Tails(most * most)

    def add(self, x: FloatArray, y: FloatArray, ends: IntArray, first: int) -> None:
        """Take in the windows that end at samples `ends`, numbered from `first` on.

        `x` and `y` are the signals from the beginning on, so that earlier windows can be cut again.
        """
        numbers = np.arange(first, first + len(ends))
        new = [_parted(windows_at(s, ends, self._shape), numbers, self._least_there) for s in (x, y)]
        for person, windows in zip(self._people, new, strict=True):
            person.append(windows, ends, first)
        # The same computation in each direction, so that swapping the people changes no bit.
        directions = ((new[0], self._people[1], y), (new[1], self._people[0], x))
        for one, other, signal in directions:
            self._tails.add([*self._meet(one, other, signal)])

    def _meet(self, new: Parted, old: _Person, signal: FloatArray) -> Iterator[FloatArray]:
        """Give the largest |r| over lags of new windows of one with earlier ones of the other, far apart."""
        whole, partial = new
        for part in _blocks(len(old.whole)):
            kept = windows_at(signal, old.whole_ends[part], self._shape)
            if len(whole[0]):
                # Few new ones meet many old ones fastest with the old ones side by side.
                beside = np.ascontiguousarray(kept.values.transpose(1, 2, 0))
                yield self._far(_met(beside, whole[0].values), whole[1], old.whole[part])
            if len(partial[0]):
                r = strongest_of_pairs(partial[0], kept, self._shape)
                yield self._far(r, partial[1], old.whole[part])
        for part in _blocks(len(old.partial)):
            holed = windows_at(signal, old.partial_ends[part], self._shape)
            for windows, numbers in new:
                if len(windows):
                    r = strongest_of_pairs(windows, holed, self._shape)
                    yield self._far(r, numbers, old.partial[part])

    def _far(self, r: FloatArray, numbers: IntArray, others: IntArray) -> FloatArray:
        # Numbers increase: those far enough from a window are the first so many.
        n_far = np.searchsorted(others, numbers - self._apart, side="right")
        far = np.concatenate([row[:n] for row, n in zip(r, n_far.tolist(), strict=True)])
        there = np.isfinite(far)
        return far if there.all() else far[there]

    def band(self) -> tuple[float, float]:
        """Return the 2.5 and 97.5 % points of the pool; nan while it is too small."""
        if self._tails.n < self._least:
            return np.nan, np.nan
        return self._tails.quantile(TAILS[0]), self._tails.quantile(TAILS[1])


def _blocks(n: int) -> list[slice]:
    """Cut n earlier windows into blocks, the last one longer rather than short: products stay as they were.

    A product with a single window is summed in another order than one with many.
    """
    if not n:
        return []
    edges = [*range(0, n - BLOCK + 1, BLOCK)] or [0]
    return [slice(a, b) for a, b in zip(edges, [*edges[1:], n], strict=True)]


class _Tails:
    """Keep of many values those that may ever stand at the two points, and how many there were.

    A value only moves inwards as others come: one that is further in than the points of the longest session
    is never asked for again. An hour and a half would otherwise take megabytes a signal, and four hours 17.

    Parameters
    ----------
    most : int
        Values that there will be at most.
    """

    def __init__(self, most: int) -> None:
        self._reach = math.ceil(max(TAILS[0], 1.0 - TAILS[1]) * most) + 2
        self._ordered = np.empty(0)
        self.n = 0

    def add(self, values: list[FloatArray]) -> None:
        """Take in more values of r."""
        self.n += sum(map(len, values))
        ordered = np.sort(np.concatenate([self._ordered, *values]))
        if len(ordered) > 2 * self._reach:
            ordered = np.concatenate([ordered[: self._reach], ordered[-self._reach :]])
        self._ordered = ordered

    def quantile(self, share: float) -> float:
        """Return a quantile of z from all values of r."""
        place = share * (self.n - 1)
        below = int(place)
        left_out = self.n - len(self._ordered)
        at = [i if i < self._reach else i - left_out for i in (below, min(below + 1, self.n - 1))]
        low, high = np.arctanh(self._ordered[at]).tolist()
        return float(low + (high - low) * (place - below))


def _parted(windows: Windows, numbers: IntArray, least: float) -> Parted:
    """Return the windows without a hole, and those with holes but `least` samples; each with its number."""
    partial = ~windows.whole & (windows.mask.sum(axis=-1) >= least).all(axis=1)
    whole = windows.whole
    return (windows.at(whole), numbers[whole]), (windows.at(partial), numbers[partial])


class _Person:
    """Keep where windows of one person end; they are cut anew whenever they meet others, and then let go.

    An hour of them would be tens of megabytes a signal. Those without a hole are apart: they need two
    products, others twelve.
    """

    def __init__(self) -> None:
        self.whole_ends, self.whole = np.empty(0, np.int64), np.empty(0, np.int64)
        self.partial_ends, self.partial = np.empty(0, np.int64), np.empty(0, np.int64)

    def append(self, new: Parted, ends: IntArray, first: int) -> None:
        """Keep more windows, each with its grid number."""
        (_, whole), (_, partial) = new
        self.whole_ends = np.concatenate([self.whole_ends, ends[whole - first]])
        self.whole = np.concatenate([self.whole, whole])
        self.partial_ends = np.concatenate([self.partial_ends, ends[partial - first]])
        self.partial = np.concatenate([self.partial, partial])


def _met(kept: FloatArray, new: FloatArray) -> FloatArray:
    """Return the largest |r| over lags of new windows with kept ones.

    Shapes (n_new, L + 1, W) and (L + 1, W, n_kept); the result has (n_new, n_kept).
    """
    ahead = (new.reshape(-1, new.shape[2]) @ kept[0]).reshape(*new.shape[:2], -1)
    behind = np.matmul(np.ascontiguousarray(new[:, 0]), kept)
    largest = np.maximum(np.abs(ahead, out=ahead).max(axis=1), np.abs(behind, out=behind).max(axis=0))
    capped: FloatArray = np.minimum(largest, R_LIMIT)
    return capped

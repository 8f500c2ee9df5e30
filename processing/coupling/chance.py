"""Chance band of the live value: a growing pool of windows that never met.

Windows of one person are correlated with windows of the other that ended ≥ 60 s earlier, in both directions.
The band is pointwise: under chance about 5 % of single values lie outside, and over a session some always do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import TableShape
from processing.coupling.windows import Windows, strongest_of_pairs, windows_at

TAILS = (0.025, 0.975)


class ChancePool:
    """Collect chance values of the largest |z| over lags.

    Parameters
    ----------
    shape : TableShape
    apart : int
        Least distance of two window ends, in steps of the grid on which windows are taken.
    least : int
        Values needed for a band.
    """

    def __init__(self, shape: TableShape, *, apart: int, least: int) -> None:
        self._shape = shape
        self._apart = apart
        self._least = least
        self._least_there = shape.coverage * shape.window
        # Apart for each person: windows without a hole, which need one matrix product, and with holes: six.
        self._people = tuple((_Store(shape), _Store(shape)) for _ in range(2))
        self._values = np.empty(0, np.float32)

    def add(self, x: FloatArray, y: FloatArray, ends: IntArray, first: int) -> None:
        """Take in the windows of x and y that end at samples `ends`; `first` is the grid number of the first.

        At most `apart` windows at a time, so that no two of one call are far enough apart to meet.
        """
        numbers = np.arange(first, first + len(ends))
        new = [
            _parted(windows_at(s, ends, self._shape, np.float32), numbers, self._least_there) for s in (x, y)
        ]
        # The same computation in each direction, so that swapping the people changes no bit.
        fresh = [
            self._meet(windows, at, old)
            for one, other in ((0, 1), (1, 0))
            for windows, at in new[one]
            for old in self._people[other]
            if len(windows) and len(old)
        ]
        for person in range(2):
            for store, (windows, at) in zip(self._people[person], new[person], strict=True):
                store.append(windows, at)
        self._values = np.concatenate([self._values, *fresh])

    def _meet(self, new: Windows, numbers: IntArray, old: _Store) -> FloatArray:
        r = strongest_of_pairs(new, old.windows, self._shape)
        r = r[numbers[:, None] - old.numbers[None, :] >= self._apart]
        z: FloatArray = np.arctanh(r[np.isfinite(r)])
        return z

    def band(self) -> tuple[float, float]:
        """Return the 2.5 and 97.5 % points of the pool; nan while it is too small."""
        if len(self._values) < self._least:
            return np.nan, np.nan
        ordered = np.sort(self._values)  # three times faster than np.quantile, which partitions
        return _quantile(ordered, TAILS[0]), _quantile(ordered, TAILS[1])


def _quantile(ordered: NDArray[Any], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (place - below)


def _parted(
    windows: Windows, numbers: IntArray, least: float
) -> tuple[tuple[Windows, IntArray], tuple[Windows, IntArray]]:
    """Return the windows without a hole, and those with holes but `least` samples; each with its number."""
    partial = ~windows.whole & (windows.mask.sum(axis=-1) >= least).all(axis=1)
    whole = windows.whole
    return (windows.at(whole), numbers[whole]), (windows.at(partial), numbers[partial])


class _Store:
    """Keep windows of one person in arrays that grow by doubling."""

    def __init__(self, shape: TableShape) -> None:
        size = (8, shape.max_lag + 1, shape.window)
        self._windows = Windows(
            values=np.empty(size, np.float32),
            mask=np.empty(size, np.bool_),
            whole=np.empty(8, np.bool_),
        )
        self._numbers = np.empty(8, np.int64)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def windows(self) -> Windows:
        """Return all that were kept."""
        n, w = self._n, self._windows
        return Windows(values=w.values[:n], mask=w.mask[:n], whole=w.whole[:n])

    @property
    def numbers(self) -> IntArray:
        """Return their grid numbers."""
        return self._numbers[: self._n]

    def append(self, new: Windows, numbers: IntArray) -> None:
        """Keep more of them."""
        stop = self._n + len(new)
        while stop > len(self._numbers):
            w = self._windows
            self._windows = Windows(values=_twice(w.values), mask=_twice(w.mask), whole=_twice(w.whole))
            self._numbers = _twice(self._numbers)
        w = self._windows
        w.values[self._n : stop], w.mask[self._n : stop] = new.values, new.mask
        w.whole[self._n : stop], self._numbers[self._n : stop] = new.whole, numbers
        self._n = stop


def _twice(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, np.empty_like(array)])

"""Chance band of the live value: a growing pool of windows that never met.

Windows of one person are correlated with windows of the other that ended ≥ 60 s earlier, in both directions.
The band is pointwise: under chance about 5 % of single values lie outside, and over a session some always do.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.coupling.permutation import mean_strength
from processing.coupling.wclc import TableShape
from processing.coupling.windows import Windows, tables, windows_at

TAILS = (0.025, 0.975)


class ChancePool:
    """Collect chance values of the mean |z| over lags.

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
        self._people = (_Store(shape), _Store(shape))
        self._values = np.empty(0, np.float32)
        self._numbers = np.empty(0, np.int64)

    def add(self, x: FloatArray, y: FloatArray, ends: IntArray, first: int) -> None:
        """Take in the windows of x and y that end at samples `ends`; `first` is the grid number of the first.

        At most `apart` windows at a time, so that no two of one call are far enough apart to meet.
        """
        new = [windows_at(signal, ends, self._shape, np.float32) for signal in (x, y)]
        numbers = np.arange(first, first + len(ends))
        fresh = []
        for one, other in ((0, 1), (1, 0)):
            old, at = self._people[other].windows, self._people[other].numbers
            if len(old):
                # The same computation in each direction, so that swapping the people changes no bit.
                z = np.arctanh(np.ascontiguousarray(tables(new[one], old, self._shape)))
                values = mean_strength(z)[numbers[:, None] - at[None, :] >= self._apart]
                fresh.append(values[np.isfinite(values)])
        for person in range(2):
            self._people[person].append(new[person], numbers)
        self._values = np.concatenate([self._values, *fresh])

    def band(self) -> tuple[float, float]:
        """Return the 2.5 and 97.5 % points of the pool; nan while it is too small."""
        if len(self._values) < self._least:
            return np.nan, np.nan
        low, high = np.quantile(self._values, TAILS)
        return float(low), float(high)


class _Store:
    """Keep one person's windows in arrays that grow by doubling."""

    def __init__(self, shape: TableShape) -> None:
        size = (8, shape.max_lag + 1, shape.window)
        self._least = shape.coverage * shape.window
        self._values: FloatArray = np.empty(size, np.float32)
        self._mask = np.empty(size, np.bool_)
        self._whole = np.empty(8, np.bool_)
        self._numbers = np.empty(8, np.int64)
        self._n = 0

    @property
    def windows(self) -> Windows:
        """Return all that were kept."""
        n = self._n
        return Windows(values=self._values[:n], mask=self._mask[:n], whole=self._whole[:n])

    @property
    def numbers(self) -> IntArray:
        """Return their grid numbers."""
        return self._numbers[: self._n]

    def append(self, new: Windows, numbers: IntArray) -> None:
        """Keep windows that have samples enough to enter a table."""
        useful = (new.mask.sum(axis=-1) >= self._least).all(axis=1)
        stop = self._n + int(useful.sum())
        while stop > len(self._whole):
            self._values, self._mask = (
                np.concatenate([a, np.empty_like(a)]) for a in (self._values, self._mask)
            )
            self._whole = np.concatenate([self._whole, np.empty_like(self._whole)])
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)])
        self._values[self._n : stop], self._mask[self._n : stop] = new.values[useful], new.mask[useful]
        self._whole[self._n : stop], self._numbers[self._n : stop] = new.whole[useful], numbers[useful]
        self._n = stop

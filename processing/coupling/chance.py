"""Chance band of the live value: a growing pool of windows that never met.

Windows of one person are correlated with windows of the other that ended ≥ 60 s earlier, in both directions.
The band is pointwise: under chance about 5 % of single values lie outside, and over a session some always do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import R_LIMIT, TableShape
from processing.coupling.windows import Windows, joined, strongest_of_pairs, windows_at

TAILS = (0.025, 0.975)
Parted = tuple[tuple[Windows, IntArray], tuple[Windows, IntArray]]
"""Windows without a hole and their grid numbers; windows with holes and theirs."""


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
        self._people = tuple(_Person(shape) for _ in range(2))
        self._values = np.empty(0)

    def add(self, x: FloatArray, y: FloatArray, ends: IntArray, first: int) -> None:
        """Take in the windows of x and y that end at samples `ends`, numbered from `first` on."""
        numbers = np.arange(first, first + len(ends))
        new = [_parted(windows_at(s, ends, self._shape), numbers, self._least_there) for s in (x, y)]
        for person, windows in zip(self._people, new, strict=True):
            person.append(windows)
        # The same computation in each direction, so that swapping the people changes no bit.
        fresh = [r for one, other in ((0, 1), (1, 0)) for r in self._meet(new[one], self._people[other])]
        self._values = np.concatenate([self._values, *fresh])

    def _meet(self, new: Parted, old: _Person) -> Iterator[FloatArray]:
        """Give the largest |r| over lags of new windows of one with earlier ones of the other, far apart."""
        whole, partial = new
        if len(whole[0]) and old.whole.n:
            yield self._far(old.whole.meet(whole[0].values), whole[1], old.whole.numbers)
        for windows, numbers in new:
            if len(windows) and len(old.partial):
                r = strongest_of_pairs(windows, old.partial, self._shape)
                yield self._far(r, numbers, old.partial_numbers)
        if len(partial[0]) and old.whole.n:
            r = strongest_of_pairs(partial[0], old.whole.windows(), self._shape)
            yield self._far(r, partial[1], old.whole.numbers)

    def _far(self, r: FloatArray, numbers: IntArray, others: IntArray) -> FloatArray:
        # Numbers increase: those far enough from a window are the first so many.
        n_far = np.searchsorted(others, numbers - self._apart, side="right")
        far = np.concatenate([row[:n] for row, n in zip(r, n_far.tolist(), strict=True)])
        there = np.isfinite(far)
        return far if there.all() else far[there]

    def band(self) -> tuple[float, float]:
        """Return the 2.5 and 97.5 % points of the pool; nan while it is too small."""
        if len(self._values) < self._least:
            return np.nan, np.nan
        ordered = np.sort(self._values)  # three times faster than np.quantile, which partitions
        return _quantile(ordered, TAILS[0]), _quantile(ordered, TAILS[1])


def _quantile(ordered: NDArray[Any], share: float) -> float:
    """Return a quantile of z from ordered r."""
    place = share * (len(ordered) - 1)
    below = int(place)
    low, high = np.arctanh(ordered[[below, min(below + 1, len(ordered) - 1)]]).tolist()
    return float(low + (high - low) * (place - below))


def _parted(windows: Windows, numbers: IntArray, least: float) -> Parted:
    """Return the windows without a hole, and those with holes but `least` samples; each with its number."""
    partial = ~windows.whole & (windows.mask.sum(axis=-1) >= least).all(axis=1)
    whole = windows.whole
    return (windows.at(whole), numbers[whole]), (windows.at(partial), numbers[partial])


class _Person:
    """Keep windows of one person: apart those without a hole, which need two products, and others: twelve."""

    def __init__(self, shape: TableShape) -> None:
        self.whole = _Whole(shape)
        none = np.arange(0)
        self.partial = windows_at(np.empty(shape.window), none, shape)
        self.partial_numbers: IntArray = none

    def append(self, new: Parted) -> None:
        """Keep more windows, each with its grid number."""
        (whole, numbers), (partial, partial_numbers) = new
        if len(whole):
            self.whole.append(whole.values, numbers)
        if len(partial):
            self.partial = joined([self.partial, partial])
            self.partial_numbers = np.concatenate([self.partial_numbers, partial_numbers])


class _Whole:
    """Keep windows without a hole, shape (L + 1, W, n): few new ones meet many old ones fastest so."""

    def __init__(self, shape: TableShape) -> None:
        # Memory is taken when it is written; a power of 2 would put a column into few places of the cache.
        self._values: NDArray[Any] = np.empty((shape.max_lag + 1, shape.window, 392))
        self._numbers = np.empty(392, np.int64)
        self.n = 0

    @property
    def numbers(self) -> IntArray:
        """Return the grid numbers."""
        return self._numbers[: self.n]

    def windows(self) -> Windows:
        """Return all of them."""
        values = np.array(self._values[:, :, : self.n].transpose(2, 0, 1), order="C")
        there = np.ones(values.shape, np.bool_)
        return Windows(values=values, mask=there, whole=there[:, 0, 0])

    def append(self, values: FloatArray, numbers: IntArray) -> None:
        """Keep more of them; `values` has shape (n_new, L + 1, W)."""
        stop = self.n + len(numbers)
        while stop > len(self._numbers):
            self._values = np.concatenate([self._values, np.empty_like(self._values)], axis=2)
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)])
        self._values[:, :, self.n : stop] = values.transpose(1, 2, 0)
        self._numbers[self.n : stop] = numbers
        self.n = stop

    def meet(self, new: FloatArray) -> FloatArray:
        """Return the largest |r| over lags of new windows, shape (n_new, L + 1, W), with each kept one."""
        kept = self._values[:, :, : self.n]
        ahead = (new.reshape(-1, new.shape[2]) @ kept[0]).reshape(*new.shape[:2], -1)
        behind = np.matmul(np.ascontiguousarray(new[:, 0]), kept)
        largest = np.maximum(np.abs(ahead, out=ahead).max(axis=1), np.abs(behind, out=behind).max(axis=0))
        capped: FloatArray = np.minimum(largest, R_LIMIT)
        return capped

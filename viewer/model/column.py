"""Columns: arrays that grow, all of them or only their newest values. No Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
LEAST = 16
"""Values for which there is room from the beginning."""
SPARE = 8
"""One part in so many of what is kept may come before the oldest are dropped."""


class Column:
    """Hold a growing array; its memory is reserved ahead and doubled when full."""

    def __init__(self, dtype: type, capacity: int) -> None:
        self._data: NDArray[Any] = np.empty(max(capacity, LEAST), dtype)
        self.n = 0

    def extend(self, values: NDArray[Any]) -> None:
        """Append values."""
        need = self.n + len(values)
        if need > len(self._data):
            grown = np.empty(max(need, 2 * len(self._data)), self._data.dtype)
            grown[: self.n] = self._data[: self.n]
            self._data = grown
        self._data[self.n : need] = values
        self.n = need

    @property
    def data(self) -> NDArray[Any]:
        """Return a view of what is there."""
        return self._data[: self.n]


class Recent:
    """Hold the newest `keep` values or more of a growing array; the oldest are dropped, many at once."""

    def __init__(self, dtype: type, keep: int | None) -> None:
        self._keep = keep
        self._data: NDArray[Any] = np.empty(LEAST if keep is None else keep + keep // SPARE, dtype)
        self.first = self.n = 0

    @property
    def sure(self) -> int:
        """Return the first value that is there in any case, however the array grew."""
        return 0 if self._keep is None else max(self.n - self._keep, 0)

    def extend(self, values: NDArray[Any]) -> None:
        """Append values."""
        held = self.n - self.first
        if held + len(values) > len(self._data):
            held = self._drop(held)
        if held + len(values) > len(self._data):
            grown = np.empty(max(held + len(values), 2 * held), self._data.dtype)
            grown[:held] = self._data[:held]
            self._data = grown
        self._data[held : held + len(values)] = values
        self.n += len(values)

    def _drop(self, held: int) -> int:
        """Drop all but the newest, in place: a new array would leave a hole in the memory."""
        if self._keep is None or held <= self._keep:
            return held
        by = held - self._keep
        for begin in range(0, self._keep, by):
            end = min(begin + by, self._keep)
            self._data[begin:end] = self._data[begin + by : end + by]
        self.first = self.n - self._keep
        return self._keep

    def part(self, begin: int, end: int) -> NDArray[Any]:
        """Return values begin … end − 1, as far as they are still there."""
        return self._data[max(begin - self.first, 0) : max(end - self.first, 0)]

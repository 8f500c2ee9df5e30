"""The last shapes that are alike, of which the typical one is the median, sample by sample."""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray

KEPT = 9
"""Shapes whose median is the typical one."""


class Latest:
    """Hold the last `KEPT` shapes.

    They stand in the columns of one table: to put them together for each median would cost as much as that.
    """

    def __init__(self, width: int) -> None:
        self._table: FloatArray = np.empty((width, KEPT))
        self.count = 0
        """Shapes taken in so far."""

    def add(self, shape: FloatArray) -> None:
        """Take in a shape, shape (width,), in place of the oldest."""
        self._table[:, self.count % KEPT] = shape
        self.count += 1

    def held(self) -> FloatArray:
        """Return those that are held, in no order, shape (n, width)."""
        return self._table[:, : self.count].T

    def ordered(self) -> FloatArray:
        """Return the values of each sample in order, shape (width, n)."""
        values = self._table[:, : self.count].copy()
        values.sort(axis=1)
        return values

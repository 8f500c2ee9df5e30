"""Sums that do not depend on how the input was cut."""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray


def trailing_sum(x: FloatArray, width: int) -> FloatArray:
    """Return the sum of each `width` consecutive values, added in the same order everywhere.

    Parameters
    ----------
    x : ndarray, shape (n,)
    width : int

    Returns
    -------
    ndarray, shape (n - width + 1,)
        Element j sums x[j : j + width]; empty if n < width.
    """
    n = len(x) - width + 1
    if n <= 0:
        return np.empty(0)
    total = np.zeros(n)
    for shift in range(width):
        total += x[shift : shift + n]
    return total

"""Sums that do not depend on how the input was cut, and what few values take long for in numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray, IntArray

T = TypeVar("T", bound=np.generic)


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


def cut(x: FloatArray, starts: IntArray, length: int) -> FloatArray:
    """Return x[start : start + length] for each start: whole rows are copied many times as fast as their
    elements, each by its place.

    Parameters
    ----------
    x : ndarray, shape (n,)
    starts : ndarray of int, shape (m,)
        From 0 to n - length.

    Returns
    -------
    ndarray, shape (m, length)
    """
    return np.asarray(np.lib.stride_tricks.sliding_window_view(x, length)[starts])


def after(first: float, values: NDArray[T]) -> NDArray[T]:
    """Return values with one before them, in their type: `np.append`, four times as fast on few values.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n + 1,)
    """
    out = np.empty(len(values) + 1, values.dtype)
    out[0] = first
    out[1:] = values
    return out


def median(values: Sequence[float]) -> float:
    """Return the median of finite values, at least one: `np.median`, several times as fast on few."""
    ordered, n = sorted(values), len(values)
    return 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])


def middle(values: Sequence[float]) -> float:
    """Return the upper median of a short list: `np.median` takes twenty times as long."""
    return sorted(values)[len(values) // 2]

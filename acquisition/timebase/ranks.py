"""Steps, medians, quantiles and deviations of short series: numpy's own cost ten times as much per call, and
give the same to the bit."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray

FEW = 256
"""Up to so many values Python's own numbers cost less than to ask an array for some."""
SHORT = 2048
"""From so many values on a partition costs less than to sort them."""


def ranked(values: FloatArray, *shares: float) -> FloatArray:
    """Return values in an order in which their median and quantiles at these shares are in their places."""
    out, n = values.copy(), len(values)
    if n < SHORT:
        out.sort()
        return out
    below = [math.floor(share * (n - 1)) for share in shares]
    out.partition(sorted({n // 2 - 1, n // 2, *below, *(min(k + 1, n - 1) for k in below)}))
    return out


def middle(values: FloatArray) -> float:
    """Return the median of values, none of which is nan."""
    return middle_of(ranked(values))


def middle_of(ranked: FloatArray) -> float:
    """Return the median of ranked values."""
    n = len(ranked)
    return float(ranked[n // 2] if n % 2 else 0.5 * (ranked[n // 2 - 1] + ranked[n // 2]))


def middle_and_off(values: FloatArray) -> tuple[float, float]:
    """Return the median of values, and the median of their distances from it.

    Sorted once: those that are nearest lie in a row, and the row that reaches least far is found by halving.
    """
    order = values.copy()
    order.sort()
    n = len(order)
    value = order.tolist().__getitem__ if n < FEW else order.item
    reach, half = n // 2, n // 2 - 1
    middle = value(reach) if n % 2 else 0.5 * (value(half) + value(reach))
    low, high = 0, n - 1 - reach
    while low < high:  # the first row that goes at least as far up as down
        half = (low + high) // 2
        if value(half + reach) - middle >= middle - value(half):
            high = half
        else:
            low = half + 1
    down, up = middle - value(low), value(low + reach) - middle
    if low and middle - value(low - 1) < max(down, up):
        low -= 1
        down, up = middle - value(low), value(low + reach) - middle
    if n % 2:
        return middle, max(down, up)
    if up >= down:
        return middle, 0.5 * (max(down, value(low + reach - 1) - middle) + up)
    return middle, 0.5 * (max(middle - value(low + 1), up) + down)


def quantile(ranked: FloatArray, share: float) -> float:
    """Return a quantile of ranked values, linear between them (Hyndman & Fan 1996, definition 7)."""
    place = share * (len(ranked) - 1)
    below = math.floor(place)
    low, high = float(ranked[below]), float(ranked[min(below + 1, len(ranked) - 1)])
    rest = place - below
    return high - (high - low) * (1.0 - rest) if rest >= 0.5 else low + (high - low) * rest


def deviation(values: FloatArray) -> float:
    """Return the standard deviation of values about their mean, ddof 0."""
    off = values - np.add.reduce(values) / len(values)
    return math.sqrt(np.add.reduce(off * off) / len(off))

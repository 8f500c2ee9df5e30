"""Steps, medians, quantiles and deviations of short series: numpy's own cost ten times as much per call, and
give the same to the bit."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray

SHORT = 256
"""From so many values on a partition costs less than to sort them: a quarter where numpy's sort is slow."""


def steps_from(before: float, values: FloatArray) -> FloatArray:
    """Return the steps between values; the first is that from the one before."""
    steps = np.empty(len(values))
    steps[:1] = values[:1] - before
    np.subtract(values[1:], values[:-1], out=steps[1:])
    return steps


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

"""Medians, quantiles and deviations of short series: numpy's own cost ten times as much per call, and give
the same to the bit."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray


def middle(values: FloatArray) -> float:
    """Return the median of values, none of which is nan."""
    return middle_of(np.sort(values))


def middle_of(ranked: FloatArray) -> float:
    """Return the median of sorted values."""
    n = len(ranked)
    return float(ranked[n // 2] if n % 2 else 0.5 * (ranked[n // 2 - 1] + ranked[n // 2]))


def quantile(ranked: FloatArray, share: float) -> float:
    """Return a quantile of sorted values, linear between them (Hyndman & Fan 1996, definition 7)."""
    place = share * (len(ranked) - 1)
    below = math.floor(place)
    low, high = float(ranked[below]), float(ranked[min(below + 1, len(ranked) - 1)])
    rest = place - below
    return high - (high - low) * (1.0 - rest) if rest >= 0.5 else low + (high - low) * rest


def deviation(values: FloatArray) -> float:
    """Return the standard deviation of values about their mean, ddof 0."""
    off = values - np.add.reduce(values) / len(values)
    return math.sqrt(np.add.reduce(off * off) / len(off))

"""What a breath that turns the heart may add to what intervals hold of a band: to HF, RSA and SDNN.

A breath moves R at its own frequency, which is where HF and RSA look. So differences of intervals and changes
of the shape (`turning`) are put together in that band alone, frequency by frequency, each weighed as
intervals have it: a difference of two intervals is `4 sin²(πfT)` times as large as the interval, in power.
What lies outside of the band neither hides a turn nor makes one.

References
----------
Harvey (1978), doi:10.2307/2526117, for regression in a band of frequencies. Departure: the numbers that the
changes are taken with are drawn, as `turning` has it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.heart.hrv import steps
from processing.heart.ibi import Intervals
from processing.heart.limits.turning import APART, expected_share, is_asked, turns

APART_IN_BAND = 1.5
"""Frequencies lie so far apart, over one by the length of a window: a cosine bell spreads a wave over four
times that, so what lies between two of them is seen in both."""
FEWEST = 10
"""Beats from which on a window tells of a band."""


class Turned(NamedTuple):
    """Hold which part of the power of a band the turning of the QRS may have added, 0-1, and the variance of
    intervals in that band [ms²], one row per window; both 0 where it is far from counting."""

    share: FloatArray
    variance: FloatArray


def turned_in_band(
    beats: Intervals, windows: tuple[IntArray, IntArray], length: float, band: tuple[float, float]
) -> Turned:
    """Return what the turning of the QRS may have added to intervals in a band of frequencies.

    Parameters
    ----------
    windows : tuple of ndarray of int, shape (n,)
        First and one past last of the beats in each.
    length : float
        Of a window that is whole [s].
    band : tuple of float
        Lowest and highest frequency [Hz].
    """
    out = Turned(*np.zeros((2, len(windows[0]))))
    if not len(windows[0]) or np.isnan(beats.turning[:, 0]).all():
        return out
    slopes, moved, told = turns(*steps(beats), beats.turning)
    rows = np.ascontiguousarray(np.column_stack((slopes, moved)).T)
    asked = is_asked(slopes, moved, windows) & (windows[1] - windows[0] >= FEWEST)
    edges = zip(*(edge[asked].tolist() for edge in windows), strict=True)
    insides = [slice(*edge) for edge in edges]
    if not insides:
        return out
    bands = [_in_band(beats.times[inside], rows[:, inside], length, band) for inside in insides]
    sums = np.array([each.sums for each in bands])
    numbers = np.array([np.count_nonzero(told[inside]) for inside in insides], np.float64)
    spans = np.array([each.span for each in bands])
    telling = np.maximum(np.minimum(spans / APART, numbers), 1.0)
    squares = sums[:, -1, -1]
    out.share[asked] = expected_share(sums[:, :-1, :-1], sums[:, :-1, -1], squares, telling)
    out.variance[asked] = squares
    return out


class _Sums(NamedTuple):
    """Hold sums of products over a band of changes of slopes and, last, of intervals, so scaled that those of
    intervals are a variance [ms²], shape (10, 10), and the time from the first to the last beat [s]."""

    sums: FloatArray
    span: float


def _in_band(times: FloatArray, rows: FloatArray, length: float, band: tuple[float, float]) -> _Sums:
    """Return the sums of one window; `rows` are changes of slopes and, last, differences of intervals."""
    span = float(times[-1] - times[0])
    interval = span / (len(times) - 1)
    highest = min(band[1], 0.5 / interval)  # faster swings are not in intervals
    step = APART_IN_BAND / length
    frequencies = step * np.arange(math.ceil(band[0] / step), math.floor(highest / step) + 1)
    since = times - times[0]
    taper = np.cos(math.pi * (since / span - 0.5)) ** 2
    phases = 2.0 * math.pi * frequencies[:, None] * since
    waves = np.concatenate((np.cos(phases), np.sin(phases))) * taper
    lines = np.column_stack([np.add.reduce(waves * row, axis=1) for row in rows])
    lines /= np.tile(2.0 * np.sin(math.pi * frequencies * interval), 2)[:, None]
    density = 2.0 * interval / float(np.add.reduce(taper * taper))
    return _Sums(step * density * np.add.reduce(lines[:, :, None] * lines[:, None, :], axis=0), span)

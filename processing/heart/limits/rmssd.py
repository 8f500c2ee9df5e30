"""RMSSD over sliding windows: limits for that of the five minutes around, and what R times may add to it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.heart.config import RMSSD_REACH
from processing.heart.hrv import bounds, elementwise, over, slice_sums, steps
from processing.heart.ibi import Intervals
from processing.heart.limits.turning import turning_share
from processing.heart.limits.wandering import outlook

NORMAL_95 = 1.96
"""Half width of a 95 % interval of the normal distribution."""
STEP = 0.5
"""Length of a stretch of the past, in windows."""
FEWEST = 10
"""Differences from which on a stretch of the past tells anything."""
AROUND, BEHIND = 5, 3
"""Lengths of the window around one, and how many of them have passed when it ends."""
MEASURED = 0.4
"""Variance of the logarithm of RMSSD about its level, times the number of differences, of what was measured:
some are wrong or were left out."""
TINY = 1e-24
"""Keeps the logarithm of an even pulse finite [ms²]."""
IN_A_STEP = 6.0
"""Variance of a difference of two intervals between three R peaks, over that of each place: 1 + 4 + 1."""


class RmssdWindows(NamedTuple):
    """Hold RMSSD [ms] of windows with the limits of an interval, one row each.

    `n` is the number of differences, `placing` the share of the mean square that the places of the R peaks
    may have added; 0 where nothing tells.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: FloatArray
    placing: FloatArray


class Levels(NamedTuple):
    """Hold RMSSD [ms] of windows, the sum of squares behind it [ms²] and their number."""

    value: FloatArray
    squares: FloatArray
    n: FloatArray


def rmssd_levels(beats: Intervals, ends: FloatArray, length: float) -> Levels:
    """Return RMSSD of each window of `length` s; nan where no difference is in it."""
    starts, stops = bounds(beats.times, ends, length)
    first = np.minimum(starts + 1, stops)  # the earlier interval of a difference lies in the window, too
    change, counted = steps(beats)
    squares = slice_sums(change * change, first, stops)
    n = _numbers(counted, first, stops)
    return Levels(np.sqrt(over(squares, n)), squares, n)


def rmssd_windows(beats: Intervals, ends: FloatArray, length: float) -> RmssdWindows:
    """Return RMSSD of each window of `length` s, with a 95 % interval for that of the five minutes around it.

    Three of these five lengths of the window are measured when it ends (at the start, what there is of
    them); only what is to come is uncertain. What it may be, the last eight lengths tell: see `outlook`. The
    interval reaches to the window's own RMSSD where that lies outside, and down to what is left if all was
    added that the places of the R peaks may have.

    References
    ----------
    Departure from the chi-square interval (Meketon & Schmeiser 1984), which knows what changes within seconds
    and not what changes within minutes; figures in docs/ecg.md.
    """
    now = rmssd_levels(beats, ends, length)
    past, counts = _stretches(beats, ends, length)
    levels = np.where(counts >= FEWEST, np.maximum(past / np.maximum(counts, 1.0), TINY), np.nan)
    logs = elementwise(math.log, levels.ravel()).reshape(levels.shape)
    recent = round(BEHIND / STEP)
    known, known_n = (_last(x, recent) for x in (past, counts))
    since = ends - beats.times[0] if len(ends) else ends
    ahead = AROUND - np.minimum(since / length, BEHIND)
    to_come = now.n * ahead
    to_be = outlook(logs, counts, STEP, to_come, ahead)
    half, middle = NORMAL_95 * np.sqrt(to_be.variance), to_be.mean + 0.5 * to_be.variance
    total = np.maximum(known_n + to_come, 1.0)
    lowest, highest = (
        np.sqrt((known + to_come * elementwise(math.exp, edge)) / total)
        for edge in (middle - half, middle + half)
    )
    beside = elementwise(math.exp, np.sqrt(MEASURED / np.maximum(known_n, 1.0)))
    placing = _placed(beats, ends, length, over(now.squares, now.n))
    before = _placed(beats, ends, BEHIND * length, over(known, known_n))
    lowest, least = lowest * np.sqrt(1.0 - before), now.value * np.sqrt(1.0 - placing)
    low, high = np.minimum(lowest, least) / beside, np.maximum(highest, now.value) * beside
    return RmssdWindows(now.value, low, high, now.n, placing)


def _stretches(beats: Intervals, ends: FloatArray, length: float) -> tuple[FloatArray, FloatArray]:
    """Return sums of squared differences and their numbers in stretches of the past, a row each, oldest
    first."""
    n = round(RMSSD_REACH / STEP)
    before = STEP * length * np.arange(n, -1, -1)
    edges = np.searchsorted(beats.times, ends - before[:, None], side="right")
    starts, stops = edges[:-1].ravel(), edges[1:].ravel()
    change, counted = steps(beats)
    squares, counts = slice_sums(change * change, starts, stops), _numbers(counted, starts, stops)
    return squares.reshape(n, len(ends)), counts.reshape(n, len(ends))


def _numbers(marks: BoolArray, starts: IntArray, stops: IntArray) -> FloatArray:
    """Return how many of marks[start:stop] are set for each pair; a running sum of whole numbers is exact."""
    before = np.concatenate(([0], np.cumsum(marks)))
    return np.asarray(np.maximum(before[stops] - before[starts], 0), np.float64)


def _last(stretches: FloatArray, count: int) -> FloatArray:
    """Return the sum of the last rows, in one order."""
    total: FloatArray = stretches[-1]
    for k in range(2, count + 1):
        total = total + stretches[-k]
    return total


def _placed(beats: Intervals, ends: FloatArray, length: float, mean_square: FloatArray) -> FloatArray:
    """Return the share of the mean square of differences [ms²] that the places of R peaks may have added:
    noise, or a QRS that turns. Noise changes slopes, too, so the larger of the two stands for both."""
    starts, stops = bounds(beats.times, ends, length)
    change, counted = steps(beats)
    windows = np.minimum(starts + 1, stops), stops
    turned = turning_share(change, counted, beats.turning, windows, length)
    return np.maximum(_placing(beats, ends, length, mean_square), turned)


def _placing(beats: Intervals, ends: FloatArray, length: float, mean_square: FloatArray) -> FloatArray:
    """Return the share of the mean square of differences [ms²] that the places of R peaks may have added, in
    the `length` s up to each end."""
    told = beats.paired & np.isfinite(beats.placing)
    if not told.any():
        return np.zeros(len(ends))
    starts, stops = bounds(beats.times, ends, length)
    first = np.minimum(starts + 1, stops)
    off = np.where(told, beats.placing, 0.0)
    squares, n = slice_sums(off * off, first, stops), _numbers(told, first, stops)
    added = IN_A_STEP * squares / np.maximum(n, 1.0)
    there = mean_square > 0
    return np.where(there, np.minimum(added / np.where(there, mean_square, 1.0), 1.0), added > 0)

"""Heart rate and its variability in the time domain, over arrays and over sliding windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.ibi import NORMAL, Intervals

WIDTH = 2.6
"""Standard errors to either side: 1.96 held the person's own 5-minute value in 82 % of windows only."""
LAGS = 8
"""Beats over which squared differences are taken to be correlated, in the interval beside RMSSD."""


def rmssd(ibis: ArrayLike) -> float:
    """Return the root mean square of successive differences.

    Parameters
    ----------
    ibis : array_like, shape (n_beats,)
        Interbeat intervals [ms]; nan where a beat was rejected: no difference is taken across it.

    Returns
    -------
    float
        RMSSD [ms]; nan if no difference remains.

    References
    ----------
    Task Force (1996), doi:10.1161/01.CIR.93.5.1043
    """
    steps = np.diff(np.asarray(ibis, np.float64))
    steps = steps[np.isfinite(steps)]
    return float(np.sqrt(np.mean(steps * steps))) if len(steps) else float("nan")


def sdnn(ibis: ArrayLike) -> float:
    """Return the standard deviation of NN intervals [ms], ddof 1; nan if fewer than two are finite.

    Parameters
    ----------
    ibis : array_like, shape (n_beats,)
        Interbeat intervals [ms]; nan where a beat was rejected.

    References
    ----------
    Task Force (1996), doi:10.1161/01.CIR.93.5.1043
    """
    values = np.asarray(ibis, np.float64)
    values = values[np.isfinite(values)]
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def elementwise(function: Callable[[float], float], values: FloatArray) -> FloatArray:
    """Return function(v) of each value, nan where v is: the vectorised ones may depend on the place in
    the array."""
    return np.array([function(v) if v == v else v for v in values.tolist()], np.float64)


def slice_sums(values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
    """Return the sum of values[start:stop] for each pair; each is the same whatever lies outside of it."""
    if len(starts) == 0:
        return np.empty(0)
    padded = np.append(values, 0.0)
    edges = np.empty(2 * len(starts), np.int64)
    edges[0::2], edges[1::2] = starts, np.maximum(stops, starts)
    sums = np.add.reduceat(padded, edges)[::2]
    return np.where(stops > starts, sums, 0.0)


class Windows(NamedTuple):
    """Hold statistics of windows that end at given times, one row each; nan where nothing is in a window.

    `cover` is the share of the window that accepted intervals account for, `corrected` the share of its beats
    that were corrected or rejected, `n` the number of values (or differences) behind the statistic.
    """

    value: FloatArray
    n: FloatArray
    cover: FloatArray
    corrected: FloatArray


def bounds(times: FloatArray, ends: FloatArray, length: float) -> tuple[IntArray, IntArray]:
    """Return first and one past last of the beats in (end - length, end] for each end."""
    starts = np.searchsorted(times, ends - length, side="right")
    return starts.astype(np.int64), np.searchsorted(times, ends, side="right").astype(np.int64)


def coverage(beats: Intervals, ends: FloatArray, length: float) -> tuple[FloatArray, FloatArray]:
    """Return the share of each window under accepted intervals, and the share of its beats not normal."""
    starts, stops = bounds(beats.times, ends, length)
    known = np.isfinite(beats.values)
    spans = np.where(known, beats.spans, 0.0)
    covered = slice_sums(spans, starts, stops)
    padded_times, padded_spans = np.append(beats.times, np.inf), np.append(spans, 0.0)
    covered -= np.maximum(0.0, (ends - length) - (padded_times[starts] - padded_spans[starts]))
    odd = slice_sums((beats.classes > NORMAL).astype(np.float64), starts, stops)
    count = stops - starts
    return covered / length, odd / np.maximum(count, 1)


def mean_windows(beats: Intervals, ends: FloatArray, length: float) -> Windows:
    """Return the mean NN interval [ms] of each window of `length` s."""
    starts, stops = bounds(beats.times, ends, length)
    known = np.isfinite(beats.values)
    n = slice_sums(known.astype(np.float64), starts, stops)
    total = slice_sums(np.where(known, beats.values, 0.0), starts, stops)
    return Windows(_over(total, n), n, *coverage(beats, ends, length))


def sdnn_windows(beats: Intervals, ends: FloatArray, length: float) -> Windows:
    """Return SDNN [ms] of each window of `length` s, about the window's own mean."""
    starts, stops = bounds(beats.times, ends, length)
    known = np.isfinite(beats.values)
    n = slice_sums(known.astype(np.float64), starts, stops)
    rough = np.where(known, beats.values, 0.0)
    mean = _over(slice_sums(rough, starts, stops), n)
    variance = np.full(len(ends), np.nan)
    whole = (n == stops - starts).tolist()
    rows = list(zip(starts.tolist(), stops.tolist(), mean.tolist(), whole, strict=True))
    for j in np.flatnonzero(n > 1).tolist():
        start, stop, level, full = rows[j]
        part = rough[start:stop] - level
        square = part * part
        variance[j] = np.add.reduce(square if full else np.where(known[start:stop], square, 0.0))
    return Windows(np.sqrt(_over(variance, n - 1)), n, *coverage(beats, ends, length))


def steps(beats: Intervals) -> tuple[FloatArray, BoolArray]:
    """Return successive differences [ms] and which of them count: both intervals normal and adjacent."""
    before = np.concatenate(([np.nan], beats.values[:-1]))
    return np.where(beats.paired, beats.values - before, 0.0), beats.paired


class RmssdWindows(NamedTuple):
    """Hold RMSSD [ms] of windows with the limits of an interval; see `Windows`."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: FloatArray
    cover: FloatArray
    corrected: FloatArray


def rmssd_windows(beats: Intervals, ends: FloatArray, length: float) -> RmssdWindows:
    """Return RMSSD of each window of `length` s, with an interval for the person's mean level.

    The interval is log-normal: the standard error of the mean squared difference, with the correlation of
    squared differences over `LAGS` beats counted in (Newey & West 1987), carried to the logarithm of its
    root.

    References
    ----------
    Newey & West (1987), doi:10.2307/1913610
    """
    starts, stops = bounds(beats.times, ends, length)
    first = np.minimum(starts + 1, stops)  # the earlier interval of a difference lies in the window, too
    change, counted = steps(beats)
    squares, weight = change * change, counted.astype(np.float64)
    n = slice_sums(weight, first, stops)
    mean = _over(slice_sums(squares, first, stops), n)
    value = np.sqrt(mean)
    spread = slice_sums(squares * squares, first, stops) - n * mean * mean
    for lag in range(1, LAGS + 1):
        both = np.concatenate((np.zeros(lag), weight[lag:] * weight[:-lag]))[: len(weight)]
        early = np.concatenate((np.zeros(lag), squares[:-lag]))[: len(weight)]
        begin = np.minimum(first + lag, stops)
        product = slice_sums(both * squares * early, begin, stops)
        linear = slice_sums(both * (squares + early), begin, stops)
        pairs = slice_sums(both, begin, stops)
        spread += 2.0 * (1.0 - lag / (LAGS + 1)) * (product - mean * linear + pairs * mean * mean)
    floor = 2.0 * mean * mean * n / 3.0
    error = 0.5 * np.sqrt(np.maximum(spread, floor)) / np.maximum(n * mean, 1e-300)
    wide = elementwise(math.exp, WIDTH * error)
    cover, corrected = coverage(beats, ends, length)
    return RmssdWindows(value, value / wide, value * wide, n, cover, corrected)


def _over(total: FloatArray, n: FloatArray) -> FloatArray:
    out: FloatArray = np.full(len(total), np.nan)
    np.divide(total, n, out=out, where=n > 0)
    return out

"""Heart rate and its variability in the time domain, over arrays and over sliding windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.heart.ibi import ALTERNATING, CHANGED, EVEN, NORMAL, Intervals

NORMAL_95 = 1.96
"""Half width of a 95 % interval of the normal distribution."""
BLOCK = 16
"""Differences summed into one block of the interval beside RMSSD: four breaths or so; a power of two."""
USUAL_VARIANCE, USUAL_WEIGHT = 7.5, 5.0
"""Variance of squared differences, with what their correlation adds, over their squared mean, and the
degrees of freedom it counts for beside the window's own. 2 would be independent normal differences; 7.5
follows from 60 s windows within ± 20 % of the 5-minute value in 78 % of cases (24 h of sinus rhythm)."""
FEWEST = 6.0
"""Least degrees of freedom of the mean squared difference."""


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

    Examples
    --------
    >>> round(rmssd([800, 810, 790, 805]), 3)
    15.546
    >>> round(rmssd([800, 810, float("nan"), 790, 805]), 3)
    12.748

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

    Examples
    --------
    >>> round(sdnn([800, 810, 790, 805]), 3)
    8.539

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

    `cover` is the share of the window under NN intervals, `n` the number of values (or differences) behind
    the statistic.
    """

    value: FloatArray
    n: FloatArray
    cover: FloatArray


def bounds(times: FloatArray, ends: FloatArray, length: float) -> tuple[IntArray, IntArray]:
    """Return first and one past last of the beats in (end - length, end] for each end."""
    starts = np.searchsorted(times, ends - length, side="right")
    return starts.astype(np.int64), np.searchsorted(times, ends, side="right").astype(np.int64)


def coverage(beats: Intervals, ends: FloatArray, length: float) -> FloatArray:
    """Return the share of each window under NN intervals."""
    return _covered(beats, np.where(np.isfinite(beats.values), beats.spans, 0.0), ends, length)


def _covered(beats: Intervals, spans: FloatArray, ends: FloatArray, length: float) -> FloatArray:
    starts, stops = bounds(beats.times, ends, length)
    covered = slice_sums(spans, starts, stops)
    padded_times, padded_spans = np.append(beats.times, np.inf), np.append(spans, 0.0)
    covered -= np.maximum(0.0, (ends - length) - (padded_times[starts] - padded_spans[starts]))
    return np.asarray(covered / length)


class RhythmWindows(NamedTuple):
    """Hold what the beats of windows are like, one row each.

    `known` is the share of the window between beats that were judged, normal or not; `ectopic` the share of
    beats that are not normal, `doubtful` that of those of which only the time, or a shape at the limit, says
    so; `rhythm` the codes of `Intervals.rhythms` as flags: irregular, alternating, changed.
    """

    known: FloatArray
    ectopic: FloatArray
    doubtful: FloatArray
    irregular: BoolArray
    alternating: BoolArray
    changed: BoolArray


def rhythm_windows(beats: Intervals, ends: FloatArray, length: float) -> RhythmWindows:
    """Return what the beats of each window of `length` s are like."""
    starts, stops = bounds(beats.times, ends, length)
    count = np.maximum(stops - starts, 1)
    odd = beats.classes > NORMAL
    rhythms = [beats.rhythms != EVEN, beats.rhythms == ALTERNATING, beats.rhythms == CHANGED]
    marks = [odd, odd & beats.doubtful, *rhythms]
    sums = [slice_sums(mark.astype(np.float64), starts, stops) for mark in marks]
    known = _covered(beats, beats.spans, ends, length)
    return RhythmWindows(known, sums[0] / count, sums[1] / count, sums[2] > 0, sums[3] > 0, sums[4] > 0)


def hinges_on_two(beats: Intervals, ends: FloatArray, length: float, share: float) -> BoolArray:
    """Tell of each window whether its two largest differences hold more than a share of the sum of squares,
    and the largest is over a tenth of the interval: one beat that is wrongly called normal makes them."""
    starts, stops = bounds(beats.times, ends, length)
    first = np.minimum(starts + 1, stops)
    change, _ = steps(beats)
    squares = change * change
    total, largest = slice_sums(squares, first, stops), slice_tops(squares, first, stops)
    level = mean_windows(beats, ends, length).value
    out = np.zeros(len(ends), np.bool_)
    for k in np.flatnonzero(largest > (0.1 * level) ** 2).tolist():
        inside = squares[first[k] : stops[k]]
        two = float(np.partition(inside, len(inside) - 2)[-2]) if len(inside) > 1 else 0.0
        out[k] = largest[k] + two > share * total[k]
    return out


def slice_tops(values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
    """Return the largest of values[start:stop] for each pair, 0 where there is none."""
    if len(starts) == 0:
        return np.empty(0)
    edges = np.empty(2 * len(starts), np.int64)
    edges[0::2], edges[1::2] = starts, np.maximum(stops, starts)
    tops = np.maximum.reduceat(np.append(values, 0.0), edges)[::2]
    return np.where(stops > starts, tops, 0.0)


def mean_windows(beats: Intervals, ends: FloatArray, length: float) -> Windows:
    """Return the mean NN interval [ms] of each window of `length` s."""
    starts, stops = bounds(beats.times, ends, length)
    known = np.isfinite(beats.values)
    n = slice_sums(known.astype(np.float64), starts, stops)
    total = slice_sums(np.where(known, beats.values, 0.0), starts, stops)
    return Windows(_over(total, n), n, coverage(beats, ends, length))


def sdnn_windows(beats: Intervals, ends: FloatArray, length: float) -> Windows:
    """Return SDNN [ms] of each window of `length` s, about the window's own mean."""
    starts, stops = bounds(beats.times, ends, length)
    known = np.isfinite(beats.values)
    n = slice_sums(known.astype(np.float64), starts, stops)
    rough = np.where(known, beats.values, 0.0)
    mean = _over(slice_sums(rough, starts, stops), n)
    variance = np.full(len(ends), np.nan)
    length_of = np.where(n > 1, stops - starts, 0)
    for size in np.unique(length_of[n > 1]).tolist():  # a row sums in the order in which it would alone
        same = np.flatnonzero(length_of == size)
        inside = starts[same, None] + np.arange(size)
        part = rough[inside] - mean[same, None]
        variance[same] = np.add.reduce(np.where(known[inside], part * part, 0.0), axis=1)
    return Windows(np.sqrt(_over(variance, n - 1)), n, coverage(beats, ends, length))


def steps(beats: Intervals) -> tuple[FloatArray, BoolArray]:
    """Return successive differences [ms] and which of them count: both intervals NN and adjacent."""
    before = np.concatenate(([np.nan], beats.values[:-1]))
    return np.where(beats.paired, beats.values - before, 0.0), beats.paired


class RmssdWindows(NamedTuple):
    """Hold RMSSD [ms] of windows with the limits of an interval; see `Windows`."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: FloatArray


def rmssd_windows(beats: Intervals, ends: FloatArray, length: float) -> RmssdWindows:
    """Return RMSSD of each window of `length` s, with a 95 % interval for the person's mean level.

    The mean squared difference is taken as chi-square: as many degrees of freedom as independent
    differences would be equally variable, from the variance of sums over overlapping blocks (Meketon &
    Schmeiser 1984). One window knows this variance badly (about 6 degrees of freedom), so it is pooled with
    the usual one, and Student's quantile stands in for the normal one in the quantiles of chi-square (Wilson
    & Hilferty 1931).

    References
    ----------
    Meketon & Schmeiser (1984), Winter Simulation Conference, 227-230
    Wilson & Hilferty (1931), doi:10.1073/pnas.17.12.684
    """
    starts, stops = bounds(beats.times, ends, length)
    first = np.minimum(starts + 1, stops)  # the earlier interval of a difference lies in the window, too
    change, counted = steps(beats)
    squares, weight = change * change, counted.astype(np.float64)
    n = slice_sums(weight, first, stops)
    mean = _over(slice_sums(squares, first, stops), n)
    value = np.sqrt(mean)
    variance, freedom = _block_variance(squares, weight, (first, stops), (mean, n))
    pooled = (freedom * variance + USUAL_WEIGHT * USUAL_VARIANCE) / (freedom + USUAL_WEIGHT)
    lower, upper = _chi_square_95(np.maximum(2.0 * n / pooled, FEWEST), freedom + USUAL_WEIGHT)
    return RmssdWindows(value, value / np.sqrt(upper), value / np.sqrt(lower), n)


def _block_variance(
    squares: FloatArray,
    weight: FloatArray,
    span: tuple[IntArray, IntArray],
    found: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Return the long-run variance of squared differences over their squared mean; its degrees of freedom.

    `span` are first and one past last difference of each window, `found` their mean square and number.
    """
    (first, stops), (mean, n) = span, found
    total, count = _block_sums(squares), _block_sums(weight)
    begin = np.minimum(first + BLOCK - 1, stops)
    members = slice_sums(count, begin, stops)
    about = slice_sums(total * total, begin, stops) - 2.0 * mean * slice_sums(total * count, begin, stops)
    about += mean * mean * slice_sums(count * count, begin, stops)
    # Blocks deviate less from their own window's mean than from the true one.
    shrunk = np.maximum(1.0 - BLOCK / np.maximum(n, 1.0), 0.25)
    variance = np.maximum(about, 0.0) / np.maximum(members * mean * mean * shrunk, 1e-300)
    return variance, np.where(members > 0, 1.5 * n / BLOCK, 0.0)


def _block_sums(values: FloatArray) -> FloatArray:
    """Return the sum of each value and the `BLOCK` - 1 before it, added in an order that no cut changes."""
    out, lag = values, 1
    while lag < BLOCK:
        out = out + np.concatenate((np.zeros(lag), out[:-lag]))[: len(out)]
        lag *= 2
    return out


def _chi_square_95(freedom: FloatArray, known: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the 2.5 and 97.5 % quantiles of chi-square over its degrees of freedom.

    `known` are the degrees of freedom (≥ 5) with which `freedom` itself is known.
    """
    z = NORMAL_95
    student = z + (z**3 + z) / (4.0 * known) + (5 * z**5 + 16 * z**3 + 3 * z) / (96.0 * known * known)
    sd = np.sqrt(2.0 / (9.0 * freedom))
    lower, upper = (1.0 - sd * sd - student * sd), (1.0 - sd * sd + student * sd)
    return lower * lower * lower, upper * upper * upper


def _over(total: FloatArray, n: FloatArray) -> FloatArray:
    out: FloatArray = np.full(len(total), np.nan)
    np.divide(total, n, out=out, where=n > 0)
    return out

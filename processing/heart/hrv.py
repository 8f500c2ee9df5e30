"""Heart rate and its variability in the time domain, over arrays and over sliding windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.heart.ibi import ACCEPTED, ALTERNATING, CHANGED, DOUBTED, NORMAL, Intervals, is_uneven


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
    out, known = values.copy(), values == values
    out[known] = [*map(function, values[known].tolist())]
    return out


_END: FloatArray = np.zeros(1)
"""Follows the last value, for slices that begin behind it."""


def slice_sums(values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
    """Return the sum of values[start:stop] for each pair; each is the same whatever lies outside of it."""
    if len(starts) == 0:
        return np.empty(0)
    padded = np.concatenate((values, _END))
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
    padded_times, padded_spans = np.concatenate((beats.times, [np.inf])), np.concatenate((spans, _END))
    covered -= np.maximum(0.0, (ends - length) - (padded_times[starts] - padded_spans[starts]))
    return np.asarray(covered / length)


class RhythmWindows(NamedTuple):
    """Hold what the beats of windows are like, one row each.

    `known` is the share of the window between beats that were judged, normal or not; `ectopic` the share of
    beats that are not normal, `doubtful` that of those of which only the time, or a shape at the limit, says
    so; `rhythm` the codes of `Intervals.rhythms` as flags: irregular, alternating, changed. `doubted` is
    the number of beats before which one may be missing.
    """

    known: FloatArray
    ectopic: FloatArray
    doubtful: FloatArray
    irregular: BoolArray
    alternating: BoolArray
    changed: BoolArray
    doubted: FloatArray


def rhythm_windows(beats: Intervals, ends: FloatArray, length: float) -> RhythmWindows:
    """Return what the beats of each window of `length` s are like."""
    starts, stops = bounds(beats.times, ends, length)
    count = np.maximum(stops - starts, 1)
    odd = beats.classes > NORMAL
    marks = (odd, odd & beats.doubtful, beats.rhythms == ALTERNATING, beats.rhythms == CHANGED)
    ectopic, doubtful, alternating, changed = (
        slice_sums(mark.astype(np.float64), starts, stops) for mark in marks
    )
    uneven, doubted = rhythm_counts(beats, ends, length)
    known = _covered(beats, beats.spans, ends, length)
    return RhythmWindows(
        known, ectopic / count, doubtful / count, uneven > 0, alternating > 0, changed > 0, doubted
    )


OUTLYING = 8.0
"""So many robust standard deviations of its window's differences no difference of NN intervals is, however
little these differ; ours. 7 to 10 do alike on ten recordings of intervals and in deep or uneven breathing."""


class _Squares(NamedTuple):
    """Hold squared differences, 0 where somebody has accepted the beat, and windows of them: their first and
    one past their last, the sum of all, the largest that nobody has accepted."""

    values: FloatArray
    first: IntArray
    stops: IntArray
    total: FloatArray
    largest: FloatArray

    def inside(self, k: int) -> FloatArray:
        """Return those of a window."""
        return self.values[self.first[k] : self.stops[k]]

    def are_held_by_two(self, k: int, share: float) -> bool:
        """Tell whether the two largest of a window hold more than a share of its sum."""
        inside = self.inside(k)
        second = float(np.partition(inside, len(inside) - 2)[-2]) if len(inside) > 1 else 0.0
        return bool(self.largest[k] + second > share * self.total[k])


def _squares(beats: Intervals, starts: IntArray, stops: IntArray) -> _Squares:
    first = np.minimum(starts + 1, stops)
    change, _ = steps(beats)
    squares = change * change
    doubted = np.where(beats.rhythms == ACCEPTED, 0.0, squares)
    total, largest = slice_sums(squares, first, stops), slice_tops(doubted, first, stops)
    return _Squares(doubted, first, stops, total, largest)


def hinges_on_two(beats: Intervals, starts: IntArray, stops: IntArray, share: float) -> BoolArray:
    """Tell of windows from their first and one past their last beat whether the two largest differences hold
    more than a share of the sum of squares, and the largest is over a tenth of the mean interval: one beat
    that is wrongly called normal makes them.

    Differences at beats that somebody has accepted are not such.
    """
    squares, level = _squares(beats, starts, stops), _mean(beats, starts, stops)[0]
    out = np.zeros(len(starts), np.bool_)
    for k in np.flatnonzero(squares.largest > (0.1 * level) ** 2).tolist():
        out[k] = squares.are_held_by_two(k, share)
    return out


def stands_out(beats: Intervals, starts: IntArray, stops: IntArray, share: float) -> BoolArray:
    """Tell as `hinges_on_two`, but where the largest stands far out of all others: an ectopic beat that is
    hardly early, in a heart that hardly varies.

    For beats of which only the times are known; such a one is under a tenth of the interval early.
    """
    squares = _squares(beats, starts, stops)
    out = np.zeros(len(starts), np.bool_)
    for k in np.flatnonzero(2.0 * squares.largest > share * squares.total).tolist():
        inside = squares.inside(k)
        usual = 1.4826 * float(np.median(np.sqrt(inside[inside > 0.0])))
        out[k] = squares.largest[k] > (OUTLYING * usual) ** 2 and squares.are_held_by_two(k, share)
    return out


def slice_tops(values: FloatArray, starts: IntArray, stops: IntArray) -> FloatArray:
    """Return the largest of values[start:stop] for each pair, 0 where there is none."""
    if len(starts) == 0:
        return np.empty(0)
    edges = np.empty(2 * len(starts), np.int64)
    edges[0::2], edges[1::2] = starts, np.maximum(stops, starts)
    tops = np.maximum.reduceat(np.concatenate((values, _END)), edges)[::2]
    return np.where(stops > starts, tops, 0.0)


def mean_windows(beats: Intervals, ends: FloatArray, length: float) -> Windows:
    """Return the mean NN interval [ms] of each window of `length` s."""
    return Windows(*_mean(beats, *bounds(beats.times, ends, length)), coverage(beats, ends, length))


def _mean(beats: Intervals, starts: IntArray, stops: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of the NN intervals of each slice [ms], and their number."""
    known = np.isfinite(beats.values)
    n = slice_sums(known.astype(np.float64), starts, stops)
    return over(slice_sums(np.where(known, beats.values, 0.0), starts, stops), n), n


def all_rates(beats: Intervals, ends: FloatArray, length: float) -> FloatArray:
    """Return the heart rate [bpm] of all intervals between judged beats of each window, normal or not.

    Where the rhythm is irregular, what NN intervals leave out is not like what remains: the short ones, or
    the long.
    """
    starts, stops = bounds(beats.times, ends, length)
    n = slice_sums((beats.spans > 0).astype(np.float64), starts, stops)
    return np.asarray(60.0 / over(slice_sums(beats.spans, starts, stops), n))


def rhythm_counts(beats: Intervals, ends: FloatArray, length: float) -> tuple[FloatArray, FloatArray]:
    """Return how many beats of each window speak against a regular rhythm, and before how many one may be
    missing."""
    starts, stops = bounds(beats.times, ends, length)
    marks = (is_uneven(beats.rhythms), beats.rhythms == DOUBTED)
    uneven, doubted = (
        slice_sums(mark.astype(np.float64), starts, stops) if mark.any() else np.zeros(len(ends))
        for mark in marks
    )
    return uneven, doubted


def sdnn_windows(beats: Intervals, ends: FloatArray, length: float) -> Windows:
    """Return SDNN [ms] of each window of `length` s, about the window's own mean."""
    starts, stops = bounds(beats.times, ends, length)
    known = np.isfinite(beats.values)
    n = slice_sums(known.astype(np.float64), starts, stops)
    rough = np.where(known, beats.values, 0.0)
    mean = over(slice_sums(rough, starts, stops), n)
    variance = np.full(len(ends), np.nan)
    length_of = np.where(n > 1, stops - starts, 0)
    for size in np.unique(length_of[n > 1]).tolist():  # a row sums in the order in which it would alone
        same = np.flatnonzero(length_of == size)
        inside = starts[same, None] + np.arange(size)
        part = rough[inside] - mean[same, None]
        variance[same] = np.add.reduce(np.where(known[inside], part * part, 0.0), axis=1)
    return Windows(np.sqrt(over(variance, n - 1)), n, coverage(beats, ends, length))


def steps(beats: Intervals) -> tuple[FloatArray, BoolArray]:
    """Return successive differences [ms] and which of them count: both intervals NN and adjacent."""
    before = np.concatenate(([np.nan], beats.values[:-1]))
    return np.where(beats.paired, beats.values - before, 0.0), beats.paired


def over(total: FloatArray, n: FloatArray) -> FloatArray:
    """Return sums over their numbers, nan where there is none."""
    out: FloatArray = np.full(len(total), np.nan)
    np.divide(total, n, out=out, where=n > 0)
    return out

"""Beat correction that looks both ways, for finished recordings: never part of the pipeline.

The live correction knows only the past. Here each interval is judged with 45 beats on either side, as
published.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.ibi import ECTOPIC, LONG, MISPLACED, NORMAL, SHORT

ALPHA = 5.2
"""Width of the limits in quartile deviations (Lipponen & Tarvainen 2019)."""
HISTORY = 91
"""Intervals that the limits are taken from (the same)."""
MEDIAN = 11
"""Intervals of the running median (the same)."""
C1, C2 = 0.13, 0.17
"""Slope and offset of the ectopic rule (Lipponen & Tarvainen 2019)."""
METHOD = "two-sided, Lipponen & Tarvainen 2019"
"""How results made with this are labelled."""


def classify_two_sided(times: FloatArray) -> FloatArray:
    """Return the class of the interval that ends at each beat, judged from both sides.

    Parameters
    ----------
    times : ndarray, shape (n_beats,)
        Beats [s], increasing.

    Returns
    -------
    ndarray, shape (n_beats,)
        0 normal, 1 ectopic, 2 long or missed, 3 short or extra, 4 misplaced; nan for the first beat.

    References
    ----------
    Lipponen & Tarvainen (2019), doi:10.1080/03091902.2019.1640306. Departure: a step half as large as the
    one that follows is not judged, or it would hide the error that made the larger one.
    """
    classes = np.full(len(times), np.nan)
    if len(times) < 4:
        return classes
    intervals = np.diff(times)
    steps = np.diff(intervals, prepend=intervals[0])
    offs = intervals - rolling_median(intervals, MEDIAN)
    offs = np.where(offs < 0, 2 * offs, offs)
    step = steps / _limits(steps)
    wide = _limits(offs)
    off = offs / wide
    classes[1:] = _decide(intervals, step, off, wide)
    return classes


def correct_two_sided(times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return corrected NN intervals [ms], nan where only a guess is left, and their classes.

    A missed beat halves its interval, an extra one is joined with the next; ectopic and misplaced beats
    are put
    midway between their neighbours, which shares the two intervals evenly.

    Parameters
    ----------
    times : ndarray, shape (n_beats,)
        Beats [s], increasing.
    """
    classes = classify_two_sided(times)
    values = 1e3 * np.diff(times, prepend=np.nan)
    for j in range(1, len(times)):
        following = j + 1 < len(times)
        if classes[j] == LONG:
            values[j] /= max(1.0, np.round(values[j] / np.nanmedian(values[max(1, j - 10) : j + 10])))
        elif classes[j] == SHORT and following:
            values[j + 1] = 1e3 * (times[j + 1] - times[j - 1])
            values[j] = np.nan
        elif classes[j] in (ECTOPIC, MISPLACED) and following:
            values[j] = values[j + 1] = 500.0 * (times[j + 1] - times[j - 1])
    return values, classes


def rolling_median(values: FloatArray, width: int) -> FloatArray:
    """Return the median of `width` values around each; fewer at the ends."""
    half = width // 2
    padded = np.concatenate((np.full(half, np.nan), values, np.full(half, np.nan)))
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def _limits(values: FloatArray) -> FloatArray:
    half = HISTORY // 2
    padded = np.concatenate((np.full(half, np.nan), np.abs(values), np.full(half, np.nan)))
    around = np.lib.stride_tricks.sliding_window_view(padded, HISTORY)
    lower, upper = np.nanquantile(around, [0.25, 0.75], axis=1)
    return np.asarray(np.maximum(ALPHA * (upper - lower) / 2.0, 1e-6))


def _decide(intervals: FloatArray, step: FloatArray, off: FloatArray, wide: FloatArray) -> FloatArray:
    classes = np.full(len(intervals), NORMAL)
    typical = rolling_median(intervals, MEDIAN)
    ectopic = _ectopic(step)
    j = 0
    while j < len(intervals) - 2:
        after = step[j + 1 : j + 3]
        turned = after.min() < -1.0 if step[j] > 0 else after.max() > 1.0
        turned = turned and abs(step[j + 1]) < 2.0 * abs(step[j])
        if ectopic[j]:
            classes[j] = ECTOPIC
            j += 1
        elif (abs(step[j]) > 1.0 and turned) or abs(off[j]) > 3.0:
            classes[j] = _kind(intervals, j, typical[j], wide[j], bool(step[j] > 0))
            j += 1
        j += 1
    return classes


def _ectopic(step: FloatArray) -> BoolArray:
    before, after = np.append(step[0], step[:-1]), np.append(step[1:], step[-1])
    largest, least = np.maximum(before, after), np.minimum(before, after)
    late = (step > 1.0) & (largest < -C1 * step - C2)
    early = (step < -1.0) & (least > -C1 * step + C2)
    return np.asarray(late | early)


def _kind(intervals: FloatArray, j: int, typical: float, wide: float, longer: bool) -> float:
    if longer:
        return LONG if abs(intervals[j] / 2 - typical) < wide else MISPLACED
    return SHORT if abs(intervals[j] + intervals[j + 1] - typical) < wide else MISPLACED

"""Cubic splines through the beats of many windows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg.lapack import dgtsv

from acquisition.stream import FloatArray, IntArray


def cubic(times: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """Interpolate with a not-a-knot cubic spline (as `scipy.interpolate.CubicSpline`, without its overhead).

    Parameters
    ----------
    times, values : ndarray, shape (n,)
        At least four points; times increase.
    at : ndarray, shape (m,)
        Within the times.
    """
    found: FloatArray = cubics([(times, values)], at[None])[0]
    return found


def cubics(windows: Sequence[tuple[FloatArray, FloatArray]], at: FloatArray) -> FloatArray:
    """Interpolate many windows, each at its own times, to the bit as `cubic` does one.

    Parameters
    ----------
    windows : sequence of (times, values)
        As in `cubic`.
    at : ndarray, shape (n_windows, m)

    Returns
    -------
    ndarray, shape (n_windows, m)
    """
    stops = np.cumsum([len(times) for times, _ in windows])
    first, last = np.append(0, stops[:-1]), stops - 1
    times, values = (np.concatenate([window[k] for window in windows]) for k in range(2))
    gaps = times[1:] - times[:-1]
    gaps[last[:-1]] = 1.0  # between windows: never used, but it must stay finite
    rises = values[1:] - values[:-1]
    if len(windows) > 1 and not (gaps.min() > 0.0 and np.isfinite(rises).all()):
        # nothing finite comes of such a window, and the others must not notice
        return np.concatenate([cubics([w], row[None]) for w, row in zip(windows, at, strict=True)])
    slopes = rises / gaps
    ends = _end_slopes(times, gaps, slopes, first, last)
    bend = (ends[:-1] + ends[1:] - 2 * slopes) / gaps
    square, cube = (slopes - ends[:-1]) / gaps - bend, bend / gaps
    pieces = [t.searchsorted(row, side="right") for (t, _), row in zip(windows, at, strict=True)]
    k = np.clip(np.array(pieces) + (first[:, None] - 1), first[:, None], last[:, None] - 1)
    u = at - times[k]
    return np.asarray(values[k] + u * (ends[k] + u * (square[k] + u * cube[k])), np.float64)


def _end_slopes(
    times: FloatArray, gaps: FloatArray, slopes: FloatArray, first: IntArray, last: IntArray
) -> FloatArray:
    """Return the slope of the splines at each point: one tridiagonal system, of blocks without a coupling."""
    n = len(times)
    upper, middle, lower, right = np.empty(n - 1), np.empty(n), np.empty(n - 1), np.empty(n)
    middle[1:-1] = 2 * (gaps[:-1] + gaps[1:])
    upper[1:], lower[:-1] = gaps[:-1], gaps[1:]
    right[1:-1] = 3 * (gaps[1:] * slopes[:-1] + gaps[:-1] * slopes[1:])
    upper[last[:-1]] = lower[last[:-1]] = 0.0
    gap, after = gaps[first], gaps[first + 1]
    two = times[first + 2] - times[first]
    middle[first], upper[first] = after, two
    right[first] = ((gap + 2 * two) * after * slopes[first] + gap * gap * slopes[first + 1]) / two
    gap, before = gaps[last - 1], gaps[last - 2]
    two = times[last] - times[last - 2]
    middle[last], lower[last - 1] = before, two
    right[last] = (gap * gap * slopes[last - 2] + (2 * two + gap) * before * slopes[last - 1]) / two
    return np.asarray(dgtsv(lower, middle, upper, right)[3], np.float64)

"""Peak of a lag table: smoothed by loess over lags, doubled by a spline, searched outward from lag 0.

References
----------
Boker, Xu, Rotondo & King (2002), doi:10.1037/1082-989X.7.3.338: degree 2, span 0.25, neighbourhood 8.

Departures
----------
- The neighbourhood is cut at the ends of the table instead of keeping the search 8 points away from them.
- Short tables widen the span to five lags, since a parabola through fewer is no smoothing.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.interpolate import CubicSpline

from acquisition.stream import BoolArray, FloatArray

SPAN = 0.25
NEIGHBOURS = 8
"""Half lags on each side that a peak must not be below; a power of 2."""
ROWS = 16
"""Rows smoothed at once: a product of fixed size, each row at its own place, gives the same bits always."""
LEAST_POINTS = 6
"""Lags in one loess fit, of which the outermost has weight 0."""
FEW = 4
"""So many rows are searched one by one."""


def smoother(max_lag: int) -> FloatArray:
    """Return how tables of 2L + 1 lags are smoothed; exchanging the people then changes signs and no bit.

    Returns
    -------
    ndarray, shape (2, L + 1, 2L + 1)
        What the sum (0) and the difference (1) of lags k and −k bring to half lags 0 … 2L.
    """
    n = 2 * max_lag + 1
    loess = np.stack([_loess_weights(n, at) for at in range(n)])
    lags = np.arange(n, dtype=np.float64)
    matrix = np.asarray(CubicSpline(lags, loess)(np.arange(2 * n - 1) / 2.0))
    mirrored = ((matrix + matrix[::-1, ::-1]) / 2.0)[2 * max_lag :]
    ahead, behind = mirrored[:, max_lag:].T, mirrored[:, max_lag::-1].T
    even, odd = (ahead + behind) / 2.0, (ahead - behind) / 2.0
    odd[:, 0] = 0.0
    return np.stack([even, odd])


def _loess_weights(n: int, at: int) -> FloatArray:
    distance = np.abs(np.arange(n) - at).astype(np.float64)
    nearest = min(max(int(n * SPAN + 1e-5), LEAST_POINTS), n)
    width = np.sort(distance)[nearest - 1]
    weight = np.clip(1.0 - (distance / width) ** 3, 0.0, None) ** 3
    design = np.vander(np.arange(n) - float(at), 3, increasing=True)
    root = np.sqrt(weight)[:, None]
    fit: FloatArray = np.linalg.pinv(design * root)[0] * root[:, 0]
    return fit


def pick(z: FloatArray, smooth: FloatArray, first: int = 0) -> FloatArray:
    """Return the lag of the peak nearest to lag 0 in each row, in lags (halves too); nan where there is none.

    Parameters
    ----------
    z : ndarray, shape (n, 2L + 1)
        Rows with nan have no peak.
    smooth : ndarray
        Of `smoother`.
    first : int
        Number of the first row since the start.
    """
    smoothed = _smoothed(z, smooth, first % ROWS)
    if len(z) <= FEW:
        return np.array([_nearest_of(row) for row in smoothed.tolist()])
    return _nearest(smoothed, _peaks(smoothed))


def _smoothed(z: FloatArray, smooth: FloatArray, place: int) -> FloatArray:
    n, lag = len(z), z.shape[1] // 2
    parts = np.zeros((2, -(-(place + n) // ROWS) * ROWS, lag + 1))
    ahead, behind = z[:, lag:], z[:, lag::-1]
    even, odd = parts[:, place : place + n]
    np.add(ahead, behind, out=even)
    np.subtract(ahead, behind, out=odd)
    even[:, 0] = z[:, lag]
    blocks = np.matmul(parts.reshape(2, -1, ROWS, lag + 1), smooth[:, None])
    even, odd = blocks.reshape(2, -1, 2 * lag + 1)[:, place : place + n]
    out = np.empty((n, 4 * lag + 1))
    np.add(even, odd, out=out[:, 2 * lag :])
    np.subtract(even, odd, out=out[:, 2 * lag :: -1])
    return out


def _nearest_of(row: list[float]) -> float:
    """Return the peak of one row, as `_peaks` and `_nearest` find it in many."""
    middle = len(row) // 2
    if row[0] != row[0]:  # a row is nan altogether or nowhere
        return math.nan
    for distance in range(middle):
        ahead, behind = _is_peak(row, middle + distance), _is_peak(row, middle - distance)
        if ahead and behind:
            rise = row[middle + distance] - row[middle - distance]
            return math.copysign(distance / 2.0, rise) if rise or not distance else math.nan
        if ahead or behind:
            return distance / 2.0 if ahead else -distance / 2.0
    return math.nan


def _is_peak(row: list[float], at: int) -> bool:
    value = row[at]
    if value < row[at - 1] or value < row[at + 1]:
        return False
    return value >= max(row[max(at - NEIGHBOURS, 0) : at + NEIGHBOURS + 1])


def _peaks(smooth: FloatArray) -> BoolArray:
    n, m = smooth.shape
    padded = np.full((n, m + 2 * NEIGHBOURS), -np.inf)
    padded[:, NEIGHBOURS:-NEIGHBOURS] = smooth
    highest, width = padded, 1
    while width < 2 * NEIGHBOURS:
        highest, width = np.maximum(highest[:, :-width], highest[:, width:]), 2 * width
    highest = np.maximum(highest[:, :m], padded[:, 2 * NEIGHBOURS :])
    peaks: BoolArray = smooth >= highest
    peaks[:, [0, -1]] = False
    return peaks


def _nearest(smooth: FloatArray, peaks: BoolArray) -> FloatArray:
    rows, middle = np.arange(len(smooth)), smooth.shape[1] // 2
    distance = (peaks[:, middle:] | peaks[:, middle::-1]).argmax(axis=1)
    ahead, behind = middle + distance, middle - distance
    is_ahead, is_behind = peaks[rows, ahead], peaks[rows, behind]
    # Of two peaks equally far from lag 0 the higher one counts; of two alike neither can.
    side = np.where(
        is_ahead & is_behind,
        np.sign(smooth[rows, ahead] - smooth[rows, behind]),
        np.subtract(is_ahead, is_behind, dtype=np.float64),
    )
    found = (side != 0.0) | (is_ahead & (distance == 0))
    return np.where(found, side * distance / 2.0, np.nan)

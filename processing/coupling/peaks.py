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

import numpy as np
from scipy.interpolate import CubicSpline

from acquisition.stream import BoolArray, FloatArray

SPAN = 0.25
NEIGHBOURS = 8
"""Half lags on each side that a peak must not be below; a power of 2."""
ROWS = 16
"""Rows smoothed at a time, for the sake of the cache."""
LEAST_POINTS = 6
"""Lags in one loess fit, of which the outermost has weight 0."""


def smoother(max_lag: int) -> FloatArray:
    """Return the matrix from 2L + 1 lags to 4L + 1 smoothed half lags; mirrored exactly."""
    n = 2 * max_lag + 1
    loess = np.stack([_loess_weights(n, at) for at in range(n)])
    lags = np.arange(n, dtype=np.float64)
    matrix = np.asarray(CubicSpline(lags, loess)(np.arange(2 * n - 1) / 2.0))
    mirrored: FloatArray = (matrix + matrix[::-1, ::-1]) / 2.0
    return mirrored


def _loess_weights(n: int, at: int) -> FloatArray:
    distance = np.abs(np.arange(n) - at).astype(np.float64)
    nearest = min(max(int(n * SPAN + 1e-5), LEAST_POINTS), n)
    width = np.sort(distance)[nearest - 1]
    weight = np.clip(1.0 - (distance / width) ** 3, 0.0, None) ** 3
    design = np.vander(np.arange(n) - float(at), 3, increasing=True)
    root = np.sqrt(weight)[:, None]
    fit: FloatArray = np.linalg.pinv(design * root)[0] * root[:, 0]
    return fit


def pick(z: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return the lag of the peak nearest to lag 0 in each row, in lags (halves too); nan where there is none.

    Parameters
    ----------
    z : ndarray, shape (n, 2L + 1)
        Rows with nan have no peak.
    matrix : ndarray, shape (4L + 1, 2L + 1)
        As `smoother` gives it.
    """
    parts = [_smooth(z[k : k + ROWS], matrix) for k in range(0, len(z), ROWS)]
    smooth = np.concatenate(parts) if parts else np.empty((0, len(matrix)))
    return _nearest(smooth, _peaks(smooth))


def _smooth(z: FloatArray, matrix: FloatArray) -> FloatArray:
    lag = z.shape[1] // 2
    weighed = z[:, None, :] * matrix
    # Mirrored pairs: exchanging the people changes no bit.
    pairs = weighed[..., lag:] + weighed[..., lag::-1]
    pairs[..., 0] = weighed[..., lag]
    smooth: FloatArray = pairs.sum(axis=-1)
    return smooth


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
    ahead, behind = peaks[:, middle:].argmax(axis=1), peaks[:, middle::-1].argmax(axis=1)
    has_ahead, has_behind = peaks[rows, middle + ahead], peaks[rows, middle - behind]
    level = smooth[rows, middle + ahead] - smooth[rows, middle - behind]
    # Of two peaks equally far from lag 0 the higher one counts; of two alike neither can.
    nearer = np.where(ahead == behind, np.sign(level), np.where(ahead < behind, 1.0, -1.0))
    nearer = np.where(has_ahead & has_behind, nearer, np.where(has_ahead, 1.0, -1.0))
    lag = np.where(nearer > 0, ahead, -behind) / 2.0
    found = (has_ahead | has_behind) & ((nearer != 0) | (ahead == 0))
    return np.where(found, lag + 0.0, np.nan)

"""Ratings second by second: mean and gradient of one axis, the same live, offline and afterwards."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray

ENDS = 1.0 + 1e-3
"""A value beyond this was not set on a scale from -1 to 1; rounding of float32 is far below."""
LEAST = 0.5
"""Share of a second's samples that must be there."""
NO_DATA = "no data"
FEW = "less than half of the second"
OUTSIDE = "outside its scale"


class Second(NamedTuple):
    """Hold what a second of one axis says: mean, slope [per s], quality (0-1), or why there is none."""

    mean: float
    slope: float
    quality: float
    reason: str
    slope_reason: str


def second(times: FloatArray, values: FloatArray, sfreq: float, *, bounded: bool) -> Second:
    """Return the mean and the least-squares slope of the samples of one second.

    Parameters
    ----------
    times, values : ndarray, shape (n_samples,)
        Of the second alone [s]; from -1 to 1, or of a scale without ends.
    sfreq : float
        Nominal rate [Hz]; 0 or nan where a sample comes only when something changes.
    bounded : bool
        The scale has ends.
    """
    known = np.isfinite(values)
    within = known & (np.abs(values) <= ENDS) if bounded else known
    if not within.any():
        why = OUTSIDE if known.any() else NO_DATA
        return Second(math.nan, math.nan, 0.0, why, why)
    share = min(1.0, float(within.sum()) / round(sfreq)) if sfreq >= 1.0 else 1.0
    if share < LEAST:
        why = OUTSIDE if known.sum() > within.sum() else FEW
        return Second(math.nan, math.nan, 0.0, why, why)
    t, v = times[within], values[within]
    slope, why = _slope(t, v)
    return Second(float(v.mean()), slope, share, "", why)


def _slope(times: FloatArray, values: FloatArray) -> tuple[float, str]:
    t = times - times.mean()
    spread = float(t @ t)
    if len(t) < 3 or spread <= 1e-4:
        return math.nan, "fewer than 3 samples in the second"
    return float(t @ (values - values.mean())) / spread, ""

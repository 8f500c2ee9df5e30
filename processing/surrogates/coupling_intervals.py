"""How sure the synchrony of an hour is: intervals over its segments."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.hour.uncertainty import remembering_interval, student
from processing.surrogates.segments import in_samples, pair_means
from processing.surrogates.surrogates import LEAST_SEGMENTS


def segment_means(
    therapist: FloatArray, client: FloatArray, *, sfreq: float, segment: float, max_lag: float
) -> FloatArray:
    """Return mean |atanh r| over lags of each usable segment with each, shape (n, n)."""
    return pair_means(
        therapist,
        client,
        in_samples(segment, sfreq, "segment", least=4),
        in_samples(max_lag, sfreq, "max_lag", least=1),
    )


def z_interval(means: FloatArray) -> tuple[float, float]:
    """Return a 95 % interval of the mean over matched segments."""
    if len(means) < LEAST_SEGMENTS:
        return math.nan, math.nan
    return remembering_interval(np.diagonal(means))


def effect_interval(means: FloatArray, found: float) -> tuple[float, float]:
    """Return a 95 % interval of (observed − mean of chance) / SD of chance: the jackknife over segments.

    Parameters
    ----------
    means : ndarray, shape (n, n)
    found : float
        The effect with drawn permutations.

    References
    ----------
    Hoeffding (1951), doi:10.1214/aoms/1177729545, for mean and SD over all permutations.
    """
    n = len(means)
    if n < LEAST_SEGMENTS or not math.isfinite(found):
        return math.nan, math.nan
    rest = ~np.eye(n, dtype=bool)
    without = np.array([effect(means[np.ix_(keep, keep)]) for keep in rest])
    # The effect grows with √n; that of one segment less is set right by that.
    without *= math.sqrt(n / (n - 1))
    away = float(student(n - 1)) * math.sqrt((n - 1) / n * float(np.square(without - without.mean()).sum()))
    # The order of sums differs when the people are exchanged, and must not be seen.
    return round(found - away, 9), round(found + away, 9)


def effect(means: FloatArray) -> float:
    """Return (observed − mean of chance) / SD of chance over all permutations of the segments."""
    n = len(means)
    off = means - means.mean(axis=0) - means.mean(axis=1)[:, None] + means.mean()
    spread = math.sqrt(float(np.square(off).sum()) / (n - 1)) / n
    return float(np.diagonal(means).mean() - means.mean()) / spread if spread > 0.0 else math.nan

"""What the minutes to come may be like, from the minutes before: a level that wanders as far as it has.

Whoever is steady stays so as a rule, and whose vagal tone has moved for minutes may go on. How much, the past
of one person tells, if several ways of wandering are held against it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.heart.hrv import elementwise


class Way(NamedTuple):
    """Hold one way in which the logarithm of a level may wander about its mean: the standard deviation and
    how long it lasts, in windows; `prior` is how likely it is before anything is known."""

    sd: float
    lasts: float
    prior: float


WAYS = (Way(0.0, 1.0, 0.50), Way(0.5, 1.0, 0.25), Way(1.2, 10.0, 0.25))
"""Not at all, from minute to minute, and for minutes, as where the last ones fall or rise; ours."""
NOISE = 2.5
"""Variance of the logarithm of a mean of squares about its level, times their number; ours."""
SURE = 8
"""So many observations the noise and the ways count for, beside what is seen of one person; ours."""
VAGUE = 1e4
"""Variance of a level of which nothing is known."""
LARGEST = 4.0
"""Largest variance of what is to come, whatever the past was like."""


class Outlook(NamedTuple):
    """Hold mean and variance of the logarithm of a level to come, one row each."""

    mean: FloatArray
    variance: FloatArray


class _Track(NamedTuple):
    """Hold what each way makes of the past, shape (n_ways, n): the mean level, what it is off that now, their
    variances and covariance, squared surprises over what was expected, and the product of what was."""

    mean: FloatArray
    off: FloatArray
    mean_variance: FloatArray
    both: FloatArray
    off_variance: FloatArray
    surprise: FloatArray
    expected: FloatArray


def outlook(
    levels: FloatArray, counts: FloatArray, step: float, to_come: FloatArray, ahead: FloatArray
) -> Outlook:
    """Return what the logarithm of the mean level of the time to come is expected to be.

    Each way of wandering is a mean that stays and to which the level returns exponentially, seen through
    noise. A Kalman filter gives what each makes of the past and how much the past surprises it, which weighs
    it, and says by how much noise and wandering are larger or smaller than usual.

    Parameters
    ----------
    levels : ndarray, shape (n_past, n)
        Logarithms of the means of squares of stretches of the past, oldest first; nan where too few are
        known.
    counts : ndarray, shape (n_past, n)
        Numbers of squares behind them.
    step : float
        Length of a stretch [windows].
    to_come, ahead : ndarray, shape (n,)
        Number of squares to come, and the time that they take [windows].

    References
    ----------
    Kalman (1960), doi:10.1115/1.3662552; Uhlenbeck & Ornstein (1930), doi:10.1103/PhysRev.36.823; Hoeting et
    al. (1999), doi:10.1214/ss/1009212519, for the weights. Departures:

    - mean and variance of all ways together stand in for their mixture.
    """
    sd, lasts, prior = (column[:, None] for column in np.array(WAYS).T)
    track = _tracked(levels, counts, sd, elementwise(lambda way: math.exp(-step / way), lasts[:, 0])[:, None])
    seen = SURE + np.maximum(np.isfinite(levels).sum(axis=0) - 1, 0)
    surprise = SURE + track.surprise
    weight = prior * np.sqrt(track.expected[0] / track.expected)
    weight *= _powers(np.sqrt(surprise[0] / surprise), seen)
    weight /= _sum(weight)
    fades = elementwise(math.exp, (-ahead / lasts).ravel()).reshape(weight.shape)
    part = lasts / ahead * (1.0 - fades)  # of the level now, in the mean of what is to come
    since = elementwise(lambda way: math.exp(-0.5 * step / way), lasts[:, 0])[:, None]
    still = since * part
    mean = track.mean + still * track.off
    variance = track.mean_variance + 2.0 * still * track.both + still * still * track.off_variance
    fresh = 2.0 * lasts / ahead * (1.0 - part) - still * still
    variance += sd * sd * np.maximum(fresh, 0.0) + NOISE / np.maximum(to_come, 1.0)
    expected = _sum(weight * mean)
    apart = mean - expected
    return Outlook(expected, np.minimum(_sum(weight * (variance * surprise / seen + apart * apart)), LARGEST))


def _tracked(levels: FloatArray, counts: FloatArray, sd: FloatArray, stays: FloatArray) -> _Track:
    n = levels.shape[1]
    mean, off, both, surprise = np.zeros((4, len(sd), n))
    mean_variance, off_variance = np.full((len(sd), n), VAGUE), sd * sd + np.zeros(n)
    expected = np.ones((len(sd), n))
    known = np.isfinite(levels)
    seen, noise = np.where(known, levels, 0.0), NOISE / np.maximum(counts, 1.0)
    fresh = sd * sd * (1.0 - stays * stays)
    for here, level, its_noise in zip(known, seen, noise, strict=True):
        off *= stays
        both *= stays
        off_variance *= stays * stays
        off_variance += fresh
        to_mean, to_off = mean_variance + both, both + off_variance
        variance = to_mean + to_off + its_noise
        miss = level - mean - off
        share = here / variance  # 0 where nothing was seen
        surprise += miss * miss * share
        np.multiply(expected, variance, out=expected, where=here)
        gain_mean, gain_off = to_mean * share, to_off * share
        mean += gain_mean * miss
        off += gain_off * miss
        mean_variance -= gain_mean * to_mean
        both -= gain_mean * to_off
        off_variance -= gain_off * to_off
    return _Track(mean, off, mean_variance, both, off_variance, surprise, expected)


def _powers(values: FloatArray, exponents: IntArray) -> FloatArray:
    """Return values to a whole power, one for each column: products alone, the same wherever they stand."""
    out, left = np.ones(values.shape), exponents.copy()
    while left.any():
        np.multiply(out, values, out=out, where=left % 2 == 1)
        values, left = values * values, left // 2
    return out


def _sum(of_ways: FloatArray) -> FloatArray:
    """Return the sum over ways, in their order."""
    total: FloatArray = of_ways[0]
    for row in of_ways[1:]:
        total = total + row
    return total

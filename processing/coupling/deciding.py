"""What decides about coupling: the largest studentised lag against two nulls in closed form, without draws.

Matched segments are compared with all pairs of segments (every permutation at once) and with segments shifted
in a circle, which keeps what neighbours share. The larger p decides. Random draws could not show a p of .001
safely.

References
----------
Hoeffding (1951), doi:10.1214/aoms/1177729545, for mean and covariance over all permutations;
Efron (1997), doi:10.1093/biomet/84.1.143, for the largest of neighbouring lags (the length heuristic).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import lead_contrast, mean_over_lags

LEAST_SHIFT = 2
"""Nearest segments that are shifted onto each other: neighbours share what lies across their border."""
DIGITS = 9
"""Statistics are rounded to so many decimals: the order of a sum must decide neither a p nor a peak."""
LEAST_P = 1e-12
"""No p is told smaller than this: tails so far out are no normal ones any more."""
FLAT = 1e-12
"""Less spread than this is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Hold what matched segments say against chance.

    Parameters
    ----------
    p : float
        Of C, the largest studentised |mean z| over lags: the larger of both nulls.
    p_permuted, p_shifted : float
        Of C against each of them.
    p_lead : float
        Of the lead contrast, two-sided: the larger of both nulls.
    side : int
        1 when the contrast points to x as leader, −1 to y.
    lag : int
        Lag of C in samples; > 0: y follows x.
    n : int
        Segments that took part.
    """

    p: float
    p_permuted: float
    p_shifted: float
    p_lead: float
    side: int
    lag: int
    n: int


def decide(z: FloatArray) -> Decision:
    """Compare matched segments with chance.

    Parameters
    ----------
    z : ndarray, shape (2L + 1, n, n)
        z of segment i of x with segment j of y at each lag; nan where a pair has too little in common, never
        on the diagonal; n ≥ 6.
    """
    n = z.shape[1]
    permuted, joined = studentised(z)
    shifted, joined_shifted = studentised_by_shifts(z)
    degrees = n - 4
    p_permuted = p_of_largest(np.abs(permuted), joined)
    p_shifted = p_of_largest(_as_normal(np.abs(shifted), degrees), joined_shifted)
    contrast = lead_contrast(np.moveaxis(z, 0, -1))[None]
    by_all, by_shifts = float(studentised(contrast)[0][0]), float(studentised_by_shifts(contrast)[0][0])
    p_lead = max(2.0 * float(ndtr(-abs(by_all))), 2.0 * float(stdtr(degrees, -abs(by_shifts))))
    return Decision(
        p=max(p_permuted, p_shifted),
        p_permuted=p_permuted,
        p_shifted=p_shifted,
        p_lead=p_lead,
        side=int(np.sign(by_all)),
        lag=_unique_peak(np.abs(permuted)) - len(z) // 2,
        n=n,
    )


def p_of_mean(z: FloatArray) -> float:
    """Return the p of the mean |z| over lags, one-sided: the larger of both nulls. `z` as of `decide`."""
    plane = mean_over_lags(np.moveaxis(np.abs(z), 0, -1))[None]
    by_all, by_shifts = float(studentised(plane)[0][0]), float(studentised_by_shifts(plane)[0][0])
    return max(float(ndtr(-by_all)), float(stdtr(z.shape[1] - 4, -by_shifts)))


def studentised(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of matched pairs less that of all, in SD over all permutations, for each plane.

    Parameters
    ----------
    z : ndarray, shape (k, n, n)

    Returns
    -------
    t : ndarray, shape (k,)
    joined : ndarray, shape (k − 1,)
        Correlation of each with the next over all permutations.
    """
    n = z.shape[1]
    there = np.isfinite(z)
    if there.all():
        # The transposed copy, so that exchanging the people exchanges two sums and changes no bit of them.
        rows, columns = z.sum(axis=2) / n, np.ascontiguousarray(z.transpose(0, 2, 1)).sum(axis=2) / n
        middle = 0.5 * (rows.sum(axis=1) + columns.sum(axis=1)) / n
        left = z - (rows[:, :, None] + columns[:, None, :]) + middle[:, None, None]
        scale = np.full(len(z), 1.0)
    else:
        filled, count = np.where(there, z, 0.0), np.maximum(there, 0.0)
        rows = filled.sum(axis=2) / np.maximum(count.sum(axis=2), 1.0)
        columns = filled.sum(axis=1) / np.maximum(count.sum(axis=1), 1.0)
        known = np.maximum(count.sum(axis=(1, 2)), 1.0)
        middle = filled.sum(axis=(1, 2)) / known
        left = np.where(there, z - (rows[:, :, None] + columns[:, None, :]) + middle[:, None, None], 0.0)
        scale = n * n / known
    flat = left.reshape(len(z), n * n)
    variance = np.einsum("kp,kp->k", flat, flat) * scale / ((n - 1) * n * n)
    covariance = (
        np.einsum("kp,kp->k", flat[1:], flat[:-1]) * 0.5 * (scale[1:] + scale[:-1]) / ((n - 1) * n * n)
    )
    matched = np.einsum("kii->k", z) / n
    return _in_spreads(matched - middle, variance), _correlation(covariance, variance)


def studentised_by_shifts(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of matched pairs less that of shifted ones, in SD over the shifts, as `studentised`.

    Segments of y are shifted in a circle against those of x by two segments and more.
    """
    n = z.shape[1]
    places = _shifts(n)
    pairs = z.reshape(len(z), n * n)[:, places]
    there = np.isfinite(pairs)
    if there.all():
        means = pairs.sum(axis=2) / n
    else:
        means = np.where(there, pairs, 0.0).sum(axis=2) / np.maximum(there.sum(axis=2), 1.0)
    m = len(places)
    middle = means.mean(axis=1)
    left = means - middle[:, None]
    variance = np.einsum("km,km->k", left, left) / (m - 1)
    covariance = np.einsum("km,km->k", left[1:], left[:-1]) / (m - 1)
    matched = np.einsum("kii->k", z) / n
    # The middle itself is known from m shifts only.
    return _in_spreads(matched - middle, variance * (1.0 + 1.0 / m)), _correlation(covariance, variance)


def p_of_largest(sizes: FloatArray, joined: FloatArray) -> float:
    """Return the p of the largest of some |z|, two-sided, each correlated with the next as `joined` says.

    An upper bound that is close where it is small: Φ̄(c) + φ(c) Σ (Φ(c Lᵢ / 2) − ½) · 2 / c, twice, with
    Lᵢ = arccos ρᵢ.

    References
    ----------
    Efron (1997), doi:10.1093/biomet/84.1.143
    """
    c = float(sizes.max())
    if not c > 0.0:
        return 1.0
    lengths = np.arccos(np.clip(joined, -1.0, 1.0))
    # An exact sum: exchanging the people turns the lags around.
    steps = math.fsum(ndtr(0.5 * c * lengths) - 0.5) * 2.0 / c
    one_sided = float(ndtr(-c)) + math.exp(-0.5 * c * c) / math.sqrt(2.0 * math.pi) * steps
    return min(max(2.0 * one_sided, LEAST_P), 1.0)


def _as_normal(sizes: FloatArray, degrees: int) -> FloatArray:
    """Return sizes of Student's t as those of a normal deviate with the same p."""
    normal: FloatArray = np.round(-ndtri(np.maximum(stdtr(degrees, -sizes), 1e-300)), DIGITS)
    return normal


def _in_spreads(difference: FloatArray, variance: FloatArray) -> FloatArray:
    known = variance > FLAT
    t: FloatArray = np.where(known, difference / np.sqrt(np.where(known, variance, 1.0)), 0.0)
    return np.round(t, DIGITS)


def _correlation(covariance: FloatArray, variance: FloatArray) -> FloatArray:
    size = np.sqrt(variance[1:] * variance[:-1])
    known = size > FLAT
    r: FloatArray = np.where(known, covariance / np.where(known, size, 1.0), 1.0)
    return np.round(r, DIGITS)


def _unique_peak(sizes: FloatArray) -> int:
    """Return the position of the largest value, or the middle if two mirrored lags share it."""
    at = np.flatnonzero(sizes >= sizes.max())
    return int(at[0]) if len(at) == 1 else len(sizes) // 2


@lru_cache(maxsize=16)
def _shifts(n: int) -> IntArray:
    """Return the flat places of [i, (i + d) mod n] for each shift d, shape (n − 3, n)."""
    i = np.arange(n)
    return np.array([i * n + (i + d) % n for d in range(LEAST_SHIFT, n - LEAST_SHIFT + 1)])

"""Segment permutation: what chance gives when each segment of one person meets any segment of the other.

Permutations are drawn in pairs, each with its inverse, so that exchanging the people changes signs only.
Rhythms go on from one segment to the next: single segments, permuted, have less spread than the hour itself
(r = .03 between the z of neighbours of HR-like pairs, which lets p ≤ .05 come in 6-7.5 %). `judge` therefore
keeps up to three neighbours together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import lead_contrast

NEIGHBOURS = 3
"""Most segments that are permuted as one block."""
LEAST_BLOCKS = 12
"""Fewer blocks than this would leave too few permutations: shorter blocks, or single segments, are taken."""
TIE = 1e-12
"""Statistics closer than this are equal: the order of a sum must not decide a p."""


def permutation_pairs(n: int, n_permutations: int, rng: np.random.Generator) -> IntArray:
    """Return permutations of range(n), each followed in the second half by its inverse.

    Returns
    -------
    ndarray, shape (2 · ⌊n_permutations / 2⌋, n)
    """
    half = rng.permuted(np.tile(np.arange(n), (n_permutations // 2, 1)), axis=1)
    return _with_inverses(half)


def block_length(n: int) -> int:
    """Return how many of n segments are permuted together."""
    return min(max(n // LEAST_BLOCKS, 1), NEIGHBOURS)


def block_permutation_pairs(n: int, length: int, n_permutations: int, rng: np.random.Generator) -> IntArray:
    """Return permutations that keep blocks of neighbours, each followed in the second half by its inverse.

    The n places stand in a circle, which is cut into blocks of `length`, or one more, from a place drawn
    anew for each permutation.

    Returns
    -------
    ndarray, shape (2 · ⌊n_permutations / 2⌋, n)
    """
    if length == 1:
        return permutation_pairs(n, n_permutations, rng)
    n_blocks, rows = n // length, n_permutations // 2
    sizes = np.full(n_blocks, n // n_blocks)
    sizes[: n % n_blocks] += 1
    ranks = rng.permuted(np.tile(np.arange(n_blocks), (rows, 1)), axis=1)
    begins = rng.integers(0, n, size=(rows, 1))
    order = np.argsort(np.repeat(ranks.astype(np.int16), sizes, axis=1), axis=1, kind="stable")
    places = np.arange(n) - begins
    half = order[np.arange(rows)[:, None], places] + begins  # a place before the first counts from the end
    half -= n * (half >= n)
    return _with_inverses(half)


def _with_inverses(half: IntArray) -> IntArray:
    inverse = np.empty_like(half)
    inverse[np.arange(len(half))[:, None], half] = np.arange(half.shape[1])
    return np.concatenate([half, inverse])


def p_value(observed: float, chance: FloatArray) -> float:
    """Return (1 + #{chance ≥ observed}) / (B + 1)."""
    return float(1 + np.count_nonzero(chance >= observed - TIE)) / (len(chance) + 1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Verdict:
    """Hold what one look says.

    Parameters
    ----------
    p_coupling : float
        Of C, the largest studentised |mean z| over lags.
    p_lead : float
        Of the lead contrast, two-sided.
    side : int
        1 when the contrast points to x as leader, −1 to y.
    lag : int
        Lag of C in samples; > 0: y follows x.
    strength : float
        C itself [SD of its chance].
    n : int
        Segments that took part.
    middle, spread : ndarray, shape (2L + 1,)
        Mean and SD over permutations of mean z at each lag.
    """

    p_coupling: float
    p_lead: float
    side: int
    lag: int
    strength: float
    n: int
    middle: FloatArray
    spread: FloatArray


def judge(z: FloatArray, n_permutations: int, rng: np.random.Generator) -> Verdict:
    """Compare matched segments with permuted ones, up to three neighbours at a time.

    Parameters
    ----------
    z : ndarray, shape (2L + 1, n, n)
        z of segment i of x with segment j of y at each lag; nan where coverage failed.
    """
    n, lag = z.shape[1], len(z) // 2
    pairs = block_permutation_pairs(n, block_length(n), n_permutations, rng)
    means = _means(z, np.concatenate([np.arange(n)[None], pairs]))
    matched, chance = means[0], means[1:]
    middle, spread = chance.mean(axis=0), chance.std(axis=0)
    spread = np.where(spread > 0, spread, np.inf)
    strengths = np.abs((matched - middle) / spread)
    strength = float(strengths.max())
    by_chance = np.abs((chance - middle) / spread).max(axis=1)
    contrast, contrasts = float(lead_contrast(matched)), lead_contrast(chance)
    lead = contrast - float(contrasts.mean())
    return Verdict(
        p_coupling=p_value(strength, by_chance),
        p_lead=p_value(abs(lead), np.abs(contrasts - contrasts.mean())),
        side=int(np.sign(lead)),
        lag=_unique_peak(strengths) - lag,
        strength=strength,
        n=n,
        middle=middle,
        spread=spread,
    )


def _unique_peak(strengths: FloatArray) -> int:
    """Return the position of the largest value, or the middle if two mirrored lags share it."""
    at = np.flatnonzero(strengths >= strengths.max() - TIE)
    return int(at[0]) if len(at) == 1 else len(strengths) // 2


def _means(z: FloatArray, permutations: IntArray) -> FloatArray:
    """Return mean z over segments for each permutation and lag, over what is there: shape (B, 2L + 1)."""
    n, b = z.shape[1], len(permutations)
    columns = (np.arange(n) * n + permutations).ravel()
    choose = csr_array((np.ones(b * n), columns, np.arange(0, b * n + 1, n)), shape=(b, n * n))
    flat = np.ascontiguousarray(z.reshape(len(z), n * n).T)
    there = np.isfinite(flat)
    if there.all():
        return np.asarray((choose @ flat) / n)
    totals, counts = choose @ np.where(there, flat, 0.0), choose @ there.astype(np.float64)
    means: FloatArray = np.where(counts > 0, totals / np.maximum(counts, 1.0), 0.0)
    return means

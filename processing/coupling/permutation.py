"""Segment permutation: what chance gives when each segment of one person meets any segment of the other.

Permutations are drawn in pairs, each with its inverse, so that exchanging the people changes signs only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import lead_contrast

TIE = 1e-12
"""Statistics closer than this are equal: the order of a sum must not decide a p."""


def seeded(session_id: str, signal: str, look: int) -> np.random.Generator:
    """Return the generator of one look: live and offline draw the same permutations."""
    digest = hashlib.sha256(f"{session_id}\x00{signal}\x00{look}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def permutation_pairs(n: int, n_permutations: int, rng: np.random.Generator) -> IntArray:
    """Return permutations of range(n), each followed in the second half by its inverse.

    Returns
    -------
    ndarray, shape (2 · ⌊n_permutations / 2⌋, n)
    """
    half = rng.permuted(np.tile(np.arange(n), (n_permutations // 2, 1)), axis=1)
    inverse = np.argsort(half, axis=1)
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
    """Compare matched segments with permuted ones.

    Parameters
    ----------
    z : ndarray, shape (n, n, 2L + 1)
        z of segment i of x with segment j of y; nan where coverage failed.
    """
    n, lag = len(z), z.shape[2] // 2
    pairs = permutation_pairs(n, n_permutations, rng)
    matched, chance = _means(z, np.arange(n)[None])[0], _means(z, pairs)
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
    n, n_lags = len(z), z.shape[2]
    b = len(permutations)
    columns = (np.arange(n) * n + permutations).ravel()
    choose = csr_array((np.ones(b * n), columns, np.arange(0, b * n + 1, n)), shape=(b, n * n))
    flat = z.reshape(n * n, n_lags)
    there = np.isfinite(flat)
    if there.all():
        total: FloatArray = choose @ flat
        return total / n
    totals, counts = choose @ np.where(there, flat, 0.0), choose @ there.astype(np.float64)
    return np.where(counts > 0, totals / np.maximum(counts, 1.0), 0.0)

"""Chance level of synchrony in one session: permuted segments and circular shifts.

Pearson's own p is of no use here: autocorrelation makes it false in 19-83 % of independent pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray
from processing.coupling.permutation import p_value, permutation_pairs
from processing.surrogates.segments import checked_pair, in_samples, pair_means, shortcoming

LEAST_SEGMENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceTest:
    """Hold a comparison with chance; nan with a `reason` where it cannot be made.

    Parameters
    ----------
    p : float
        (1 + #{chance ≥ observed}) / (B + 1).
    es_perm : float
        (observed − mean of chance) / SD of chance.
    observed : float
        The statistic: mean over segments of |mean over lags| (see each function).
    n : int
        Segments used.
    null : str
        What chance was made of.
    """

    p: float
    es_perm: float
    observed: float
    n: int
    null: str
    reason: str = ""


def permutation_test(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    segment: float = 30.0,
    max_lag: float = 5.0,
    n_permutations: int = 1000,
    signed: bool = False,
    detrend: bool = False,
    rng: np.random.Generator,
) -> ChanceTest:
    """Test whether matched segments go together more than permuted ones.

    T = mean over i of m_ii with m_ij = mean over lags of |Z_ij(k)|, against T* = mean of m_i,π(i).
    Permutations come in pairs π, π⁻¹: exchanging the people changes nothing.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing; segments with under 80 % take no part.
    sfreq : float
        [Hz]
    segment, max_lag : float
        [s]
    n_permutations : int
        An odd number is rounded down.
    signed : bool
        Take Z instead of |Z|, and both sides of chance.
    detrend : bool
        Take a straight line out of each segment: a slow drift that both share then looks like coupling less
        often.

    Raises
    ------
    ValueError
        If the signals differ in length, or fewer than 2 permutations are asked for.
    """
    x, y = checked_pair(therapist, client, sfreq)
    if n_permutations < 2:
        raise ValueError(f"n_permutations must be at least 2, not {n_permutations}")
    m = pair_means(
        x,
        y,
        in_samples(segment, sfreq, "segment", least=4),
        in_samples(max_lag, sfreq, "max_lag", least=1),
        signed=signed,
        detrend=detrend,
    )
    n = len(m)
    if n < LEAST_SEGMENTS:
        why = shortcoming(x, y, sfreq)
        reason = f"{n} usable segments of {segment:g} s, {LEAST_SEGMENTS} are needed {why}"
        nan = float("nan")
        return ChanceTest(p=nan, es_perm=nan, observed=nan, n=n, null="permuted segments", reason=reason)
    order = permutation_pairs(n, n_permutations, rng)
    chance = m[np.arange(n), order].mean(axis=1)
    return compared(float(np.diagonal(m).mean()), chance, n=n, null="permuted segments", two_sided=signed)


def compared(
    observed: float, chance: FloatArray, *, n: int, null: str, two_sided: bool = False
) -> ChanceTest:
    """Return where an observed statistic stands among chance values."""
    middle, spread = float(chance.mean()), float(chance.std())
    p = p_value(abs(observed - middle), np.abs(chance - middle)) if two_sided else p_value(observed, chance)
    effect = (observed - middle) / spread if spread > 0 else float("nan")
    return ChanceTest(p=p, es_perm=effect, observed=observed, n=n, null=null)

"""What several seconds of prosody rows say together."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple, Self

ATOMS = (-1.2816, -0.5244, 0.0, 0.5244, 1.2816)
"""Middles of the fifths of a normal distribution: a second's F0 with its spread stands for five values."""


class Second(NamedTuple):
    """Hold a row: shares 0-1 of the second, F0 and spread [Hz], dB; what is not known or not there is nan."""

    activity: float
    f0: float
    spread: float
    intensity: float
    alpha: float
    voiced: float
    uncertain: float
    phonation: float
    mid: float = math.nan
    hnr: float = math.nan
    jitter: float = math.nan
    shimmer: float = math.nan

    @classmethod
    def of(cls, row: Mapping[str, float]) -> Self:
        """Read a row by the names of its channels; some senders have fewer of them."""
        activity = row.get("voice_activity", math.nan)
        f0 = row.get("f0_median", math.nan)
        voiced = _or_zero(row.get("voiced_share", 0.0)) if f0 > 0.0 else 0.0
        return cls(
            activity=activity,
            f0=f0 if f0 > 0.0 else math.nan,
            spread=max(0.0, _or_zero(row.get("f0_spread", 0.0))),
            intensity=row.get("intensity", math.nan),
            alpha=row.get("alpha_ratio", math.nan),
            voiced=voiced,
            uncertain=_or_zero(row.get("uncertain", 0.0)),
            phonation=_or_zero(row.get("phonation", activity)),
            mid=row.get("mid_band_share", math.nan),
            hnr=row.get("hnr", math.nan),
            jitter=row.get("jitter", math.nan),
            shimmer=row.get("shimmer", math.nan),
        )


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def semitones(f0: float, reference: float) -> float:
    """Return 12·log2(F0/reference)."""
    return 12.0 * math.log2(f0 / reference)


def quantile(pairs: Sequence[tuple[float, float]], share: float) -> float:
    """Return a quantile of weighted values: linear between the middles of their weights; nan without any.

    Parameters
    ----------
    pairs : sequence of (value, weight)
    """
    return quantiles(pairs, share)[0]


def quantiles(pairs: Sequence[tuple[float, float]], *shares: float) -> list[float]:
    """Return several quantiles of the same weighted values, as `quantile` gives each."""
    known = sorted([pair for pair in pairs if pair[1] > 0.0 and math.isfinite(pair[0])])
    if not known:
        return [math.nan] * len(shares)
    weights = [weight for _, weight in known]
    before = accumulate(weights, initial=0.0)
    middles = [least + weight / 2 for least, weight in zip(before, weights, strict=False)]
    total = math.fsum(weights)
    return [_between(known, middles, share * total) for share in shares]


def _between(known: Sequence[tuple[float, float]], middles: Sequence[float], target: float) -> float:
    """Return the value at a summed weight; the middles do not decrease."""
    k = bisect_left(middles, target)
    if k == 0 or k == len(known):
        return known[max(k - 1, 0)][0]
    low, at = known[k - 1][0], middles[k - 1]
    return low + (known[k][0] - low) * (target - at) / (middles[k] - at)


def weighted_mean(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the mean of (value, weight); nan without any."""
    known = [(v, w) for v, w in pairs if math.isfinite(v) and w > 0.0]
    total = math.fsum(w for _, w in known)
    return math.fsum(v * w for v, w in known) / total if known else math.nan


def mean_power(window: Sequence[Second]) -> float:
    """Return 10·log10 of the mean power of own speech [dB]; nan without any."""
    power = weighted_mean([(10.0 ** (row.intensity / 10.0), row.phonation) for row in window])
    return 10.0 * math.log10(power) if power > 0.0 else math.nan


def median_f0(window: Sequence[Second]) -> float:
    """Return the median F0 of voiced own speech [Hz]; nan without any."""
    return quantile([(row.f0, row.voiced) for row in window], 0.5)


def shift_of(window: Sequence[Second], reference: float) -> float:
    """Return the median F0 against a reference [semitones]; nan without voiced speech."""
    median = median_f0(window)
    return semitones(median, reference) if median > 0.0 and reference > 0.0 else math.nan


def range_of(window: Sequence[Second]) -> float:
    """Return P90 − P10 of F0 [semitones]; nan without voiced speech."""
    pairs = [pair for row in window if row.voiced > 0.0 for pair in _atoms(row.f0, row.spread, row.voiced)]
    low, high = quantiles(pairs, 0.1, 0.9)
    return high - low


@lru_cache(maxsize=256)
def _atoms(f0: float, spread: float, voiced: float) -> tuple[tuple[float, float], ...]:
    """Return the values that a second stands for, with their weights: it is in many windows."""
    centre, wide = semitones(f0, 100.0), semitones(f0 + spread, f0)
    return tuple((centre + z * wide, voiced / len(ATOMS)) for z in ATOMS)

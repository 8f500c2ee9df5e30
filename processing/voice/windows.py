"""What several seconds of prosody rows say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    known = sorted((v, w) for v, w in pairs if math.isfinite(v) and w > 0.0)
    total = math.fsum(w for _, w in known)
    if not known:
        return math.nan
    target, before, last = share * total, 0.0, (-math.inf, known[0][0])
    for value, weight in known:
        middle = before + weight / 2
        if middle >= target:
            at, low = last
            return low if at == -math.inf else low + (value - low) * (target - at) / (middle - at)
        last, before = (middle, value), before + weight
    return last[1]


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
    pairs = []
    for row in window:
        if row.voiced > 0.0:
            centre, spread = semitones(row.f0, 100.0), semitones(row.f0 + row.spread, row.f0)
            pairs += [(centre + z * spread, row.voiced / len(ATOMS)) for z in ATOMS]
    return quantile(pairs, 0.9) - quantile(pairs, 0.1)

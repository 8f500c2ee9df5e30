"""Concordance index: how often two signals rise and fall together.

References
----------
Marci, Ham, Moran & Orr (2007), doi:10.1097/01.nmd.0000253731.71025.fc

Departures
----------
- A window needs 80 % of its samples in both people; missing ones are left out.
- A sign that never occurs counts as `LEAST`, which keeps the logarithm finite: such a value is a bound.
- At lag 0, as published, it misses lagged coupling altogether; `concordance_profile` goes over lags.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray
from processing.offline.segments import COVERAGE, checked_pair, in_samples

LEAST = 0.01
"""Smallest sum of correlations of one sign that enters the ratio."""
STEP = 1.0
"""Seconds from one slope, and one correlation, to the next."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ConcordanceProfile:
    """Hold the index at each lag [s]; > 0: the client follows."""

    lags: FloatArray
    values: FloatArray


def concordance(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    slope: float = 5.0,
    window: float = 15.0,
    lag: float = 0.0,
) -> float:
    """Return ln(Σ r⁺ / |Σ r⁻|) of the correlations of both people's slopes.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing.
    sfreq : float
        [Hz]
    slope, window : float
        Width of the least-squares slopes, and of the windows in which they are correlated, every second [s].
    lag : float
        Time by which the client follows [s].

    Returns
    -------
    float
        nan if no window can be used.

    Raises
    ------
    ValueError
        If the signals differ in length, or a window holds too few values.
    """
    x, y = checked_pair(therapist, client, sfreq)
    shift = round(lag * sfreq)
    n = len(x) - abs(shift)
    if n <= 0:
        return float("nan")
    x, y = x[max(-shift, 0) :][:n], y[max(shift, 0) :][:n]
    length, step = (
        in_samples(slope, sfreq, "slope", least=2),
        in_samples(STEP, sfreq, "the step of 1 s", least=1),
    )
    r = correlations(
        slopes(x, length, step), slopes(y, length, step), in_samples(window, 1.0 / STEP, "window", least=3)
    )
    r = r[np.isfinite(r)]
    if len(r) == 0:
        return float("nan")
    together, apart = float(r[r > 0].sum()), float(-r[r < 0].sum())
    return float(np.log(max(together, LEAST) / max(apart, LEAST)))


def concordance_profile(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    slope: float = 5.0,
    window: float = 15.0,
    max_lag: float = 7.0,
    lag_step: float = 1.0,
) -> ConcordanceProfile:
    """Return the concordance index at lags −max_lag … max_lag [s]; see `concordance`."""
    n = int(max_lag / lag_step + 1e-9)
    lags = np.arange(-n, n + 1, dtype=np.float64) * lag_step
    values = [
        concordance(therapist, client, sfreq=sfreq, slope=slope, window=window, lag=float(lag))
        for lag in lags
    ]
    return ConcordanceProfile(lags=lags, values=np.array(values))


def slopes(signal: FloatArray, length: int, step: int) -> FloatArray:
    """Return least-squares slopes per sample of windows of `length` samples, every `step` samples."""
    if len(signal) < length:
        return np.empty(0)
    cut = sliding_window_view(signal, length)[::step]
    mask = np.isfinite(cut)
    count = mask.sum(axis=1)
    n = np.maximum(count, 1)
    when = np.broadcast_to(np.arange(length, dtype=np.float64), cut.shape)
    centred = np.where(mask, when - (np.where(mask, when, 0.0).sum(axis=1) / n)[:, None], 0.0)
    rise = (centred * np.where(mask, cut, 0.0)).sum(axis=1)
    spread = (centred * centred).sum(axis=1)
    ok = (count >= max(2.0, COVERAGE * length)) & (spread > 0)
    return np.where(ok, rise / np.where(spread > 0, spread, 1.0), np.nan)


def correlations(x: FloatArray, y: FloatArray, length: int) -> FloatArray:
    """Return Pearson's r in each window of `length` values, nan where too few or constant."""
    if len(x) < length:
        return np.empty(0)
    a, b = sliding_window_view(x, length), sliding_window_view(y, length)
    mask = np.isfinite(a) & np.isfinite(b)
    count = mask.sum(axis=1)
    n = np.maximum(count, 1)[:, None]
    a, b = (np.where(mask, v - np.where(mask, v, 0.0).sum(axis=1, keepdims=True) / n, 0.0) for v in (a, b))
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    ok = (count >= COVERAGE * length) & (size > 0)
    return np.where(ok, (a * b).sum(axis=1) / np.where(ok, size, 1.0), np.nan)

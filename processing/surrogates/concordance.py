"""Concordance index: how often two signals rise and fall together.

References
----------
Marci, Ham, Moran & Orr (2007), doi:10.1097/01.nmd.0000253731.71025.fc

Departures
----------
- A window needs 80 % of its samples in both people; missing ones are left out.
- A sign that never occurs counts as `LEAST`, which keeps the logarithm finite: such a value is a bound.
- Under four windows' worth of correlations (60 s) there is no index: the ratio would only say which sign
  had not come up yet.
- At lag 0, as published, it misses lagged coupling altogether; `concordance_profile` goes over lags.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray
from processing.surrogates.segments import COVERAGE, NoValueWarning, checked_pair, in_samples, shortcoming

LEAST = 0.01
"""Smallest sum of correlations of one sign that enters the ratio."""
LEAST_WINDOWS = 4
"""Windows, laid side by side, that an index needs: in fewer, one sign is missing for want of time."""
STEP = 1.0
"""Seconds from one slope, and one correlation, to the next."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ConcordanceProfile:
    """Hold the index at each lag [s], > 0: the client follows; nan with a reason where there is none."""

    lags: FloatArray
    values: FloatArray
    reasons: tuple[str, ...]


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
        nan, with a `NoValueWarning` that says why, if there are too few windows.

    Raises
    ------
    ValueError
        If the signals differ in length, or a window holds too few values.
    """
    value, reason = _index(*checked_pair(therapist, client, sfreq), sfreq, slope, window, lag)
    if reason:
        warnings.warn(f"no concordance index: {reason}", NoValueWarning, stacklevel=2)
    return value


def _index(
    x: FloatArray, y: FloatArray, sfreq: float, slope: float, window: float, lag: float
) -> tuple[float, str]:
    """Return the index, or nan and why."""
    length, step = (
        in_samples(slope, sfreq, "slope", least=2),
        in_samples(STEP, sfreq, "the step of 1 s", least=1),
    )
    width, shift = in_samples(window, 1.0 / STEP, "window", least=3), round(lag * sfreq)
    n = max(len(x) - abs(shift), 0)
    a, b = x[max(-shift, 0) :][:n], y[max(shift, 0) :][:n]
    r = correlations(slopes(a, length, step), slopes(b, length, step), width)
    r = r[np.isfinite(r)]
    if len(r) < LEAST_WINDOWS * width:
        why = shortcoming(x, y, sfreq)
        return math.nan, f"{len(r)} usable windows of {window:g} s, {LEAST_WINDOWS * width} are needed {why}"
    together, apart = float(r[r > 0].sum()), float(-r[r < 0].sum())
    return float(np.log(max(together, LEAST) / max(apart, LEAST))), ""


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
    x, y = checked_pair(therapist, client, sfreq)
    n = int(max_lag / lag_step + 1e-9)
    lags = np.arange(-n, n + 1, dtype=np.float64) * lag_step
    found = [_index(x, y, sfreq, slope, window, lag) for lag in lags.tolist()]
    return ConcordanceProfile(
        lags=lags, values=np.array([value for value, _ in found]), reasons=tuple(why for _, why in found)
    )


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

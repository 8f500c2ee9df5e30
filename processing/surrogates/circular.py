"""Circular shifts: the whole lag table of one session against itself, shifted by a minute and more.

All shifts come from one correlation of every window with the whole of the other signal (FFT).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import irfft, next_fast_len, rfft

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.coupling.wclc import R_LIMIT
from processing.surrogates.segments import COVERAGE, checked_pair, in_samples, shortcoming, standardised
from processing.surrogates.surrogates import LEAST_SEGMENTS, ChanceTest, compared

NULL = "circular shifts"


def circular_shift_test(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    segment: float = 30.0,
    max_lag: float = 5.0,
    least_shift: float = 60.0,
    n_shifts: int = 1000,
    rng: np.random.Generator,
) -> ChanceTest:
    """Test the mean |z| over segments and lags against circular shifts of one signal.

    The leader's window is the segment, the follower's comes up to `max_lag` later, with its own mean and SD.
    A window across the seam of the shifted signal is left out. Shifts come in pairs d, −d: exchanging the
    people changes nothing.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing.
    sfreq : float
        [Hz]
    segment, max_lag, least_shift : float
        [s]
    n_shifts : int
        An odd number is rounded down.

    Raises
    ------
    ValueError
        If the signals differ in length, or fewer than 2 shifts are asked for.
    """
    x, y = checked_pair(therapist, client, sfreq)
    w, lag = in_samples(segment, sfreq, "segment", least=4), in_samples(max_lag, sfreq, "max_lag", least=1)
    least = in_samples(least_shift, sfreq, "least_shift", least=1)
    if n_shifts < 2:
        raise ValueError(f"n_shifts must be at least 2, not {n_shifts}")
    nan = float("nan")
    if len(x) < max(2 * least + 1, (LEAST_SEGMENTS + 1) * w):
        reason = f"{len(x) / sfreq:g} s are too few for shifts of {least_shift:g} s"
        return ChanceTest(p=nan, es_perm=nan, observed=nan, n=len(x) // w, null=NULL, reason=reason)
    half = rng.integers(least, len(x) - least, size=n_shifts // 2, endpoint=True)
    shifts = np.concatenate([[0], half, -half])
    ahead, n_ahead = _sums(x, y, w, lag, shifts)
    behind, n_behind = _sums(y, x, w, lag, -shifts)
    n = int(n_ahead[0] + n_behind[0])
    values = (ahead + behind) / np.maximum(n_ahead + n_behind, 0.5)
    if n < LEAST_SEGMENTS * (2 * lag + 1):
        reason = f"too few windows with data of both people {shortcoming(x, y, sfreq)}"
        return ChanceTest(p=nan, es_perm=nan, observed=nan, n=n // (2 * lag + 1), null=NULL, reason=reason)
    return compared(float(values[0]), values[1:], n=len(x) // w, null=NULL)


def _sums(
    leader: FloatArray, follower: FloatArray, window: int, lag: int, shifts: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return Σ |z| over segments and lags 0 … L for each shift of the follower, and how many there were.

    Lag 0 counts half, since each person once takes the lead there.
    """
    n = len(leader)
    starts = np.arange(0, n - window + 1, window)
    units, ok = standardised(leader[: len(starts) * window].reshape(-1, window))
    size, there = np.zeros((len(starts), n)), np.zeros((len(starts), n), np.bool_)
    size[:, : n - window + 1], there[:, : n - window + 1] = _all_positions(units, ok, follower, window)
    run, count = _run_sums(size, lag + 1) - 0.5 * size, _run_sums(there, lag + 1) - 0.5 * there
    at = (starts[None, :] + shifts[:, None]) % n
    rows = np.arange(len(starts))
    return run[rows, at].sum(axis=1), np.rint(2.0 * count[rows, at].sum(axis=1)) / 2.0


def _all_positions(
    units: FloatArray, ok: BoolArray, signal: FloatArray, window: int
) -> tuple[FloatArray, BoolArray]:
    """Return |z| of each standardised segment with each window of the signal, and where it exists."""
    mask = np.isfinite(signal)
    there = mask.astype(np.float64)
    values = np.where(mask, signal - (signal[mask].mean() if mask.any() else 0.0), 0.0)
    count, total, square = (_moving_sum(v, window) for v in (there, values, values * values))
    mean = total / np.maximum(count, 1.0)
    variance = square - total * mean
    usable = (count >= COVERAGE * window - 0.5) & (variance > 1e-12 * np.max(values * values) * window)
    product = _correlated(units, values)
    if not mask.all():
        product -= mean * _correlated(units, there)
    r = product / np.sqrt(np.where(usable, variance, 1.0))
    exists = usable[None, :] & ok[:, None]
    return np.arctanh(np.minimum(np.abs(np.where(exists, r, 0.0)), R_LIMIT)), exists


def _correlated(units: FloatArray, signal: FloatArray) -> FloatArray:
    """Return Σ_t units[i, t] · signal[p + t] for each i and each p at which the window fits."""
    window, n = units.shape[1], len(signal)
    size = next_fast_len(n, real=True)
    spectrum = rfft(units, size, axis=1).conj() * rfft(signal, size)
    product: FloatArray = irfft(spectrum, size, axis=1)[:, : n - window + 1]
    return product


def _moving_sum(values: FloatArray, window: int) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    sums: FloatArray = total[window:] - total[:-window]
    return sums


def _run_sums(values: FloatArray | BoolArray, length: int) -> FloatArray:
    """Return circular sums over `length` successive columns."""
    wrapped = np.concatenate([values, values[:, :length]], axis=1)
    total = np.cumsum(wrapped, axis=1, dtype=np.float64)
    total = np.concatenate([np.zeros((len(values), 1)), total], axis=1)
    sums: FloatArray = total[:, length:] - total[:, :-length]
    return sums[:, : values.shape[1]]

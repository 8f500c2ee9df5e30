"""Heart rate variability at the rate of breathing: HF power and the band-pass measure of RSA."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg.lapack import dgtsv
from scipy.signal import firwin, get_window, savgol_coeffs

from acquisition.stream import FloatArray

RATE = 4.0
"""Rate of the interpolated NN series for HF [Hz] (Task Force 1996)."""
SEGMENT = 256
SPAN = 512
BAND = (0.15, 0.40)
"""HF band [Hz] (Task Force 1996)."""
RSA_RATE = 2.0
"""Rate of the interpolated NN series for `rsa_pb` [Hz] (Porges & Bohrer 1990)."""
RSA_EDGE = 15.0
"""Seconds that the two filters of `rsa_pb` need on either side."""

_WINDOW = get_window("hann", SEGMENT)
_IN_BAND = slice(math.ceil(BAND[0] * SEGMENT / RATE), math.floor(BAND[1] * SEGMENT / RATE) + 1)
_TREND = savgol_coeffs(21, 3)
_BAND_PASS = firwin(41, [0.12, 0.40], fs=RSA_RATE, pass_zero=False)


def cubic(times: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """Interpolate with a not-a-knot cubic spline (as `scipy.interpolate.CubicSpline`, without its overhead).

    Parameters
    ----------
    times, values : ndarray, shape (n,)
        At least four points; times increase.
    at : ndarray, shape (m,)
        Within the times.
    """
    gaps = times[1:] - times[:-1]
    slopes = (values[1:] - values[:-1]) / gaps
    n = len(times)
    upper, middle, lower, right = np.empty(n - 1), np.empty(n), np.empty(n - 1), np.empty(n)
    middle[1:-1] = 2 * (gaps[:-1] + gaps[1:])
    upper[1:], lower[:-1] = gaps[:-1], gaps[1:]
    right[1:-1] = 3 * (gaps[1:] * slopes[:-1] + gaps[:-1] * slopes[1:])
    first, last = times[2] - times[0], times[-1] - times[-3]
    middle[0], upper[0] = gaps[1], first
    right[0] = ((gaps[0] + 2 * first) * gaps[1] * slopes[0] + gaps[0] ** 2 * slopes[1]) / first
    middle[-1], lower[-1] = gaps[-2], last
    right[-1] = (gaps[-1] ** 2 * slopes[-2] + (2 * last + gaps[-1]) * gaps[-2] * slopes[-1]) / last
    ends = dgtsv(lower, middle, upper, right)[3]
    bend = (ends[:-1] + ends[1:] - 2 * slopes) / gaps
    k = np.clip(np.searchsorted(times, at, side="right") - 1, 0, n - 2)
    u = at - times[k]
    result = values[k] + u * (
        ends[k] + u * ((slopes[k] - ends[k]) / gaps[k] - bend[k] + u * (bend / gaps)[k])
    )
    return np.asarray(result, np.float64)


def detrended(values: FloatArray) -> FloatArray:
    """Return the values less their least-squares line."""
    n = len(values)
    place = np.arange(n) - (n - 1) / 2.0
    slope = np.add.reduce(place * values) / (n * (n * n - 1.0) / 12.0)
    return np.asarray(values - np.add.reduce(values) / n - slope * place)


def hf_power(times: FloatArray, nn: FloatArray) -> float:
    """Return the power of NN intervals in 0.15-0.40 Hz.

    Not-a-knot cubic to 4 Hz, one linear detrend, then Welch's method: one-sided density, periodic Hann of 256
    samples, half overlap, no further detrend, segments aligned to the newest sample; trapezoid over the bins.

    Parameters
    ----------
    times : ndarray, shape (n_beats,)
        Beat that ends each interval [s], increasing.
    nn : ndarray, shape (n_beats,)
        NN intervals [ms], all finite.

    Returns
    -------
    float
        HF power [ms²] of the last 128 s, or of the last 96 or 64 s where there is less; nan under 64 s.

    References
    ----------
    Task Force (1996), doi:10.1161/01.CIR.93.5.1043. Check: the EC57 pattern TP2 holds 612.5 ms²; this
    gives 606.4.
    """
    if len(times) < 4:
        return float("nan")
    known = int((times[-1] - times[0]) * RATE + 1e-6) + 1
    segments = min(3, 1 + (known - SEGMENT) // (SEGMENT // 2))
    if segments < 1:
        return float("nan")
    n = SEGMENT + (segments - 1) * (SEGMENT // 2)
    values = detrended(cubic(times, nn, np.maximum(times[-1] - np.arange(n - 1, -1, -1) / RATE, times[0])))
    power = np.zeros(_IN_BAND.stop - _IN_BAND.start)
    for start in range(0, n - SEGMENT + 1, SEGMENT // 2):
        line = np.fft.rfft(values[start : start + SEGMENT] * _WINDOW)[_IN_BAND]
        power += line.real * line.real + line.imag * line.imag
    density = 2.0 * power / (segments * RATE * np.sum(_WINDOW * _WINDOW))
    width = RATE / SEGMENT
    return float(width * (np.add.reduce(density) - 0.5 * (density[0] + density[-1])))


def rsa_series(nn: FloatArray) -> FloatArray:
    """Return evenly sampled NN intervals less their slow trend, band-passed; 60 samples shorter.

    Parameters
    ----------
    nn : ndarray, shape (n,)
        NN intervals at 2 Hz [ms].
    """
    trend = _valid(nn, _TREND)
    edge = len(_TREND) // 2
    return _valid(nn[edge:-edge] - trend, _BAND_PASS)


def rsa_pb(nn: FloatArray) -> float:
    """Return respiratory sinus arrhythmia [ln ms²]: the ln variance (ddof 0) of the band-passed NN series.

    The series less a moving cubic (21 points) is band-passed at 0.12-0.40 Hz (FIR, 41 taps), valid
    samples only.
    A modulation of 50 ms at 0.25 Hz gives 7.36. Compare only at like breathing rate.

    Parameters
    ----------
    nn : ndarray, shape (n,)
        NN intervals at 2 Hz [ms], from 15 s before to 15 s after the window that is meant.

    References
    ----------
    Porges & Bohrer (1990); Lewis et al. (2012), doi:10.1016/j.biopsycho.2011.11.009. The band-pass is ours.
    """
    if len(nn) <= 60 or not np.isfinite(nn).all():
        return float("nan")
    variance = float(np.var(rsa_series(nn)))
    return float(np.log(variance)) if variance > 0 else float("nan")


def _valid(values: FloatArray, taps: FloatArray) -> FloatArray:
    # explicit sums: np.convolve adds in another order for another length
    n = len(values) - len(taps) + 1
    out = np.zeros(n)
    for k, tap in enumerate(taps.tolist()):
        out += tap * values[k : k + n]
    return out

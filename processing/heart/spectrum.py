"""Heart rate variability at the rate of breathing: HF power and the band-pass measure of RSA."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.signal import firwin, get_window, savgol_coeffs

from acquisition.stream import FloatArray
from processing.filling import filled
from processing.heart.config import HeartConfig
from processing.splines import cubics

RATE = 4.0
"""Rate of the interpolated NN series for HF [Hz] (Task Force 1996)."""
SEGMENT = 256
SPAN = 512
BAND = (0.15, 0.40)
"""HF band [Hz] (Task Force 1996)."""
RSA_RATE = 2.0
"""Rate of the interpolated NN series for `rsa_pb` [Hz] (Porges & Bohrer 1990)."""
RSA_BAND = (0.12, 0.40)
"""Of `rsa_pb` [Hz]."""
RSA_EDGE = HeartConfig.rsa_edge
"""Seconds that the two filters of `rsa_pb` need on either side."""

_WINDOW = get_window("hann", SEGMENT)
_IN_BAND = slice(math.ceil(BAND[0] * SEGMENT / RATE), math.floor(BAND[1] * SEGMENT / RATE) + 1)
_TREND = savgol_coeffs(21, 3)
_BAND_PASS = firwin(41, RSA_BAND, fs=RSA_RATE, pass_zero=False)


def detrended(values: FloatArray) -> FloatArray:
    """Return the values less their least-squares line, along the last axis."""
    n = values.shape[-1]
    place = np.arange(n) - (n - 1) / 2.0
    slope = np.add.reduce(place * values, axis=-1, keepdims=True) / (n * (n * n - 1.0) / 12.0)
    level = np.add.reduce(values, axis=-1, keepdims=True) / n
    return np.asarray(values - level - slope * place)


def hf_power(times: FloatArray, nn: FloatArray) -> float:
    """Return the power of NN intervals in 0.15-0.40 Hz.

    Missing intervals are put in (`filled`). Not-a-knot cubic to 4 Hz, one linear detrend, then Welch's
    method: one-sided density, periodic Hann of 256 samples, half overlap, no further detrend, segments
    aligned to the newest sample; trapezoid over the bins.

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

    Examples
    --------
    >>> import numpy as np
    >>> nn = 800 + 35 * np.sin(2 * np.pi * 0.2 * np.arange(160))
    >>> round(hf_power(np.cumsum(nn) / 1e3, nn))
    606

    References
    ----------
    Task Force (1996), doi:10.1161/01.CIR.93.5.1043. Check: the EC57 pattern TP2 holds 612.5 ms²; this
    gives 606.4.
    """
    return hf_powers([(times, nn)])[0]


def hf_powers(windows: Sequence[tuple[FloatArray, FloatArray]]) -> list[float]:
    """Return `hf_power` of many windows of (times, NN intervals) at once."""
    found = [math.nan] * len(windows)
    windows = [filled(*window) for window in windows]
    segments = [_segments(times) for times, _ in windows]
    for n in range(1, 4):
        mine = [k for k, count in enumerate(segments) if count == n]
        if mine:
            for k, power in zip(mine, _welch([windows[k] for k in mine], n).tolist(), strict=True):
                found[k] = power
    return found


def _segments(times: FloatArray) -> int:
    """Return how many segments the beats reach over, at most three."""
    if len(times) < 4:
        return 0
    known = int((times[-1] - times[0]) * RATE + 1e-6) + 1
    return min(3, 1 + (known - SEGMENT) // (SEGMENT // 2))


def _welch(windows: Sequence[tuple[FloatArray, FloatArray]], segments: int) -> FloatArray:
    n = SEGMENT + (segments - 1) * (SEGMENT // 2)
    newest, oldest = (np.array([[times[k]] for times, _ in windows]) for k in (-1, 0))
    values = detrended(cubics(windows, np.maximum(newest - np.arange(n - 1, -1, -1) / RATE, oldest)))
    power = np.zeros((len(windows), _IN_BAND.stop - _IN_BAND.start))
    for start in range(0, n - SEGMENT + 1, SEGMENT // 2):
        line = np.fft.rfft(values[:, start : start + SEGMENT] * _WINDOW)[:, _IN_BAND]
        power += line.real * line.real + line.imag * line.imag
    density = 2.0 * power / (segments * RATE * np.sum(_WINDOW * _WINDOW))
    ends = 0.5 * (density[:, 0] + density[:, -1])
    return np.asarray(RATE / SEGMENT * (np.add.reduce(density, axis=-1) - ends), np.float64)


def rsa_series(nn: FloatArray) -> FloatArray:
    """Return evenly sampled NN intervals less their slow trend, band-passed; 60 samples shorter.

    Parameters
    ----------
    nn : ndarray, shape (..., n)
        NN intervals at 2 Hz [ms].
    """
    trend = _valid(nn, _TREND)
    edge = len(_TREND) // 2
    return _valid(nn[..., edge:-edge] - trend, _BAND_PASS)


def rsa_pb(nn: FloatArray) -> float:
    """Return respiratory sinus arrhythmia [ln ms²]: the ln variance (ddof 0) of the band-passed NN series.

    The series less a moving cubic (21 points) is band-passed at 0.12-0.40 Hz (FIR, 41 taps), valid
    samples only.
    A modulation of 50 ms at 0.25 Hz gives 7.36. Compare only at like breathing rate.

    Parameters
    ----------
    nn : ndarray, shape (n,)
        NN intervals at 2 Hz [ms], from 15 s before to 15 s after the window that is meant.

    Examples
    --------
    >>> import numpy as np
    >>> nn = 800 + 50 * np.sin(2 * np.pi * 0.25 * np.arange(0, 120, 0.5))
    >>> round(rsa_pb(nn), 2)
    7.36

    References
    ----------
    Porges & Bohrer (1990); Lewis et al. (2012), doi:10.1016/j.biopsycho.2011.11.009. The band-pass is ours.
    """
    return rsa_values(np.asarray(nn, np.float64)[None])[0]


def rsa_values(nn: FloatArray) -> list[float]:
    """Return `rsa_pb` of each row of `nn`, shape (n_windows, n)."""
    if nn.shape[-1] <= 60:
        return [math.nan] * len(nn)
    variances = np.var(rsa_series(nn), axis=-1)
    return [math.log(v) if 0 < v < math.inf else math.nan for v in variances.tolist()]


def _valid(values: FloatArray, taps: FloatArray) -> FloatArray:
    # explicit sums: np.convolve adds in another order for another length
    n = values.shape[-1] - len(taps) + 1
    out = np.zeros((*values.shape[:-1], n))
    for k, tap in enumerate(taps.tolist()):
        out += tap * values[..., k : k + n]
    return out

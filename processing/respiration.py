"""Breathing rate from the heart: what R amplitude and NN intervals agree on."""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray
from processing.hrv_spectrum import RATE, cubic, detrended

WINDOW = 30.0
"""Seconds of beats behind one value."""
BAND = (0.10, 0.50)
"""Breathing sought in [Hz]: 6-30 per minute; never above 0.45 per beat, where it would alias."""
TOLERANCE = 0.025
"""Largest difference of the two estimates [Hz]: 1.5 per minute."""
STRONG = 0.3
"""A peak counts if it has this share of the largest of its spectrum."""
PADDED = 1024
NEIGHBOUR = 3.0
"""How far from the window's ends the nearest beats may lie [s]."""

_FREQUENCIES: FloatArray = np.fft.rfftfreq(PADDED, 1 / RATE).astype(np.float64)
_LOWEST = int(np.searchsorted(_FREQUENCIES, BAND[0]))
_OFFSETS = np.arange(int(WINDOW * RATE)) / RATE - WINDOW / 2
_TAPER = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(_OFFSETS)) / len(_OFFSETS))


def breathing_rate(
    times: FloatArray, nn: FloatArray, heights: FloatArray | None, centre: float
) -> tuple[float, float, str]:
    """Return the breathing rate around a time from the beats alone.

    The R amplitude follows the turning of the heart's axis with each breath, the NN interval follows
    respiratory
    sinus arrhythmia. The rate is where the product of their spectra is largest; it counts if both have a
    strong
    peak there. Without amplitudes (interval streams) the second estimate is the count of cycles.

    Parameters
    ----------
    times, nn : ndarray, shape (n_beats,)
        Accepted beats [s] and NN intervals [ms], reaching beyond the window.
    heights : ndarray, shape (n_beats,), or None
        R amplitude [mV].
    centre : float
        Middle of the 30 s window [s].

    Returns
    -------
    rate : float
        Breaths per minute, nan without agreement.
    quality : float
        0-1.
    reason : str
        Why the rate is nan.

    References
    ----------
    Charlton et al. (2016), doi:10.1088/0967-3334/37/4/610, compares such estimates; the agreement rule
    is ours.
    """
    at = centre + _OFFSETS
    if len(times) < 8 or times[0] > at[0] or times[-1] < at[-1] or (times[1:] - times[:-1]).max() > NEIGHBOUR:
        return float("nan"), 0.0, "too few accepted beats"
    inside = (times >= at[0]) & (times <= at[-1])
    highest = min(BAND[1], 450.0 / float(np.mean(nn[inside])))
    band = slice(_LOWEST, int(np.searchsorted(_FREQUENCIES, highest, side="right")))
    series = cubic(times, nn, at)
    first = _spectrum(series)[band]
    if heights is None:
        rate = float(_FREQUENCIES[band][first.argmax()])
        agreed, quality = abs(_count(series) - rate) <= TOLERANCE, 0.5
    else:
        second = _spectrum(cubic(times, heights, at))[band]
        rate = float(_FREQUENCIES[band][(first * second).argmax()])
        near = [_peak_near(spectrum, _FREQUENCIES[band], rate) for spectrum in (first, second)]
        agreed, quality = min(near) >= STRONG, min(near)
    if not agreed:
        return float("nan"), 0.0, "breathing estimates disagree"
    return 60.0 * rate, quality, ""


def _spectrum(values: FloatArray) -> FloatArray:
    line = np.fft.rfft(detrended(values) * _TAPER, PADDED)
    power = line.real * line.real + line.imag * line.imag
    return np.asarray(power / (power.max() + 1e-300))


def _peak_near(spectrum: FloatArray, frequencies: FloatArray, rate: float) -> float:
    """Return the height of the best local maximum near a rate, relative to the largest of the band."""
    inner = np.arange(1, len(spectrum) - 1)
    top = (spectrum[inner] >= spectrum[inner - 1]) & (spectrum[inner] > spectrum[inner + 1])
    peaks = inner[top & (np.abs(frequencies[inner] - rate) <= TOLERANCE)]
    return float(spectrum[peaks].max() / spectrum.max()) if len(peaks) else 0.0


def _count(values: FloatArray) -> float:
    """Return the rate [Hz] at which detrended values cross zero upwards."""
    level = detrended(values)
    ups = np.flatnonzero((level[:-1] < 0) & (level[1:] >= 0))
    if len(ups) < 3:
        return float("nan")
    exact = ups - level[ups] / (level[ups + 1] - level[ups])
    return float((len(exact) - 1) * RATE / (exact[-1] - exact[0]))

"""Breathing rate from the heart: what R amplitude and NN intervals agree on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.config import HeartConfig
from processing.heart.spectrum import RATE, detrended
from processing.splines import cubics

WINDOW = HeartConfig.breath_window
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

_REACH = int(TOLERANCE * PADDED / RATE)
"""Bins within `TOLERANCE`."""
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
    return breathing_rates([BreathWindow(times, nn, heights)], np.array([centre]))[0]


class BreathWindow(NamedTuple):
    """Hold the beats around one centre; see `breathing_rate`."""

    times: FloatArray
    nn: FloatArray
    heights: FloatArray | None


def breathing_rates(windows: Sequence[BreathWindow], centres: FloatArray) -> list[tuple[float, float, str]]:
    """Return `breathing_rate` of many windows at once; all have heights, or none."""
    at = centres[:, None] + _OFFSETS
    found = [(math.nan, 0.0, "too few accepted beats")] * len(windows)
    spans = zip(windows, at[:, 0].tolist(), at[:, -1].tolist(), strict=True)
    known = [k for k, (window, start, end) in enumerate(spans) if _reaches(window, start, end)]
    if not known:
        return found
    mine, at = [windows[k] for k in known], at[known]
    series = cubics([(w.times, w.nn) for w in mine], at)
    tall = [(w.times, w.heights) for w in mine if w.heights is not None]
    heights = _spectra(cubics(tall, at)) if tall else None
    firsts = _spectra(series)
    for j, (k, window) in enumerate(zip(known, mine, strict=True)):
        band = _band(window, at[j])
        if heights is None:
            found[k] = _counted(firsts[j, band], band, series[j])
        else:
            found[k] = _agreed(firsts[j, band], heights[j, band], band)
    return found


def _reaches(window: BreathWindow, start: float, end: float) -> bool:
    times = window.times
    if len(times) < 8 or times[0] > start or times[-1] < end:
        return False
    return bool((times[1:] - times[:-1]).max() <= NEIGHBOUR)


def _band(window: BreathWindow, at: FloatArray) -> slice:
    """Return the bins in which breathing is sought."""
    first, stop = window.times.searchsorted(at[0]), window.times.searchsorted(at[-1], side="right")
    highest = min(BAND[1], 450.0 / float(np.add.reduce(window.nn[first:stop]) / (stop - first)))
    return slice(_LOWEST, int(_FREQUENCIES.searchsorted(highest, side="right")))


def _agreed(first: FloatArray, second: FloatArray, band: slice) -> tuple[float, float, str]:
    top = int((first * second).argmax())
    quality = min(_peak_near(first, top), _peak_near(second, top))
    if quality < STRONG:
        return math.nan, 0.0, "breathing estimates disagree"
    return 60.0 * float(_FREQUENCIES[band.start + top]), quality, ""


def _counted(first: FloatArray, band: slice, series: FloatArray) -> tuple[float, float, str]:
    rate = float(_FREQUENCIES[band.start + int(first.argmax())])
    if not abs(_count(series) - rate) <= TOLERANCE:
        return math.nan, 0.0, "breathing estimates disagree"
    return 60.0 * rate, 0.5, ""


def _spectra(values: FloatArray) -> FloatArray:
    line = np.fft.rfft(detrended(values) * _TAPER, PADDED)
    power = line.real * line.real + line.imag * line.imag
    return np.asarray(power / (power.max(axis=-1, keepdims=True) + 1e-300))


def _peak_near(spectrum: FloatArray, top: int) -> float:
    """Return the height of the best local maximum near a bin, relative to the largest of the band."""
    first, stop = max(1, top - _REACH), min(len(spectrum) - 1, top + _REACH + 1)
    near = spectrum[first - 1 : stop + 1].tolist()
    peaks = [b for a, b, c in zip(near, near[1:], near[2:], strict=False) if b >= a and b > c]
    return max(peaks) / float(spectrum.max()) if peaks else 0.0


def _count(values: FloatArray) -> float:
    """Return the rate [Hz] at which detrended values cross zero upwards."""
    level = detrended(values)
    ups = np.flatnonzero((level[:-1] < 0) & (level[1:] >= 0))
    if len(ups) < 3:
        return float("nan")
    exact = ups - level[ups] / (level[ups + 1] - level[ups])
    return float((len(exact) - 1) * RATE / (exact[-1] - exact[0]))

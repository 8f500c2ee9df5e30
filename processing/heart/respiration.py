"""Breathing rate from the heart: what NN intervals and R amplitude tell of each breath."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
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
APART = 0.05
"""What is farther from a peak [Hz] is another one."""
ALONE, BOTH_ALONE, CLEAR = 0.5, 0.1, 0.2
"""Largest other peak, as a share: of the slopes of NN where they are counted, too; of the product; of
amplitudes that are believed against the others."""
ABOVE_SLOW = 0.13
"""Slow waves of the intervals are not even above this frequency [Hz]; below, they look as breath does."""
UNEVEN = 0.25
"""Lengths of breath may vary by this share (sd) where they are counted."""
PADDED = 1024
NEIGHBOUR = 3.0
"""How far from the window's ends the nearest beats may lie [s]."""

_REACH, _APART = int(TOLERANCE * PADDED / RATE), int(APART * PADDED / RATE)
"""Bins within `TOLERANCE`, and within `APART`."""
_FREQUENCIES: FloatArray = np.fft.rfftfreq(PADDED, 1 / RATE).astype(np.float64)
_LOWEST = int(np.searchsorted(_FREQUENCIES, BAND[0]))
_OFFSETS = np.arange(int(WINDOW * RATE)) / RATE - WINDOW / 2
_TAPER = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(_OFFSETS)) / len(_OFFSETS))


class Estimate(NamedTuple):
    """Hold a rate [Hz], nan where there is none, and its quality, 0-1."""

    rate: float
    quality: float


UNKNOWN = Estimate(math.nan, 0.0)


def breathing_rate(
    times: FloatArray, nn: FloatArray, heights: FloatArray | None, centre: float
) -> tuple[float, float, str]:
    """Return the breathing rate around a time from the beats alone.

    The NN interval follows respiratory sinus arrhythmia, the R amplitude the turning of the heart's axis with
    each breath. Both hold slower waves that are larger than breath: of intervals the slopes are looked at
    (power times f²), of amplitudes power times f. Two estimates are made: where the slopes of NN have their
    one peak and their turns are as many and even; and where the product of both spectra has its one peak,
    strong in both. One suffices; where they differ, or clear amplitudes differ, there is none.
    Without amplitudes (interval streams) there is the first alone.

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
    Charlton et al. (2016), doi:10.1088/0967-3334/37/4/610, compares such estimates; Schäfer & Kratky (2008),
    doi:10.1007/s10439-007-9428-1, count them. The rules of agreement are ours.
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
    slopes = _Series.of(cubics([(w.times, w.nn) for w in mine], at), 2)
    tall = [(w.times, w.heights) for w in mine if w.heights is not None]
    sizes = _Series.of(cubics(tall, at), 1) if tall else None
    for j, (k, window) in enumerate(zip(known, mine, strict=True)):
        band = _band(window, at[j])
        counted = slopes.counted(j, band, ALONE)
        if sizes is None:
            found[k] = _told([counted])
            continue
        agreed = _agreed(slopes.power[j, band], sizes.power[j, band], band)
        nothing = counted is UNKNOWN and agreed is UNKNOWN
        against = UNKNOWN if nothing else sizes.counted(j, band, CLEAR)
        found[k] = _told([counted, agreed], against)
    return found


class _Series(NamedTuple):
    """Hold what is looked at of a kind of values: they without their line, their steps, weighted spectra."""

    level: FloatArray
    steps: FloatArray
    power: FloatArray

    @classmethod
    def of(cls, values: FloatArray, weight: int) -> _Series:
        """Return it of values at 4 Hz, shape (n_windows, 120); power times frequency to `weight`."""
        level = detrended(values)
        line = np.fft.rfft(level * _TAPER, PADDED)
        power = (line.real * line.real + line.imag * line.imag) * _FREQUENCIES**weight
        return cls(level, detrended(values[:, 1:] - values[:, :-1]), power)

    def counted(self, j: int, band: slice, alone: float) -> Estimate:
        """Return the rate at which values turn, where it is that of the one peak of their spectrum."""
        power = self.power[j, band]
        top = int(power.argmax())
        rate, other = float(_FREQUENCIES[band.start + top]), _elsewhere(power, top)
        if other > alone:
            return UNKNOWN
        # Noise adds turns to slow breath, none to how often it passes the middle; slow waves do that as well.
        even = _goes_at(rate, self.steps[j]) or (rate >= ABOVE_SLOW and _goes_at(rate, self.level[j]))
        return Estimate(rate, 1.0 - other) if even else UNKNOWN


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


def _told(estimates: Sequence[Estimate], against: Estimate = UNKNOWN) -> tuple[float, float, str]:
    """Return rate [1/min], quality and reason of what is known and does not differ, from `against` either."""
    known = [e for e in estimates if math.isfinite(e.rate)]
    rates = [e.rate for e in (*known, against) if math.isfinite(e.rate)]
    if not known or max(rates) - min(rates) > 1.5 * TOLERANCE:
        return math.nan, 0.0, "breathing estimates disagree"
    return 60.0 * known[0].rate, max(e.quality for e in known), ""


def _goes_at(rate: float, level: FloatArray) -> bool:
    """Tell whether values pass zero upwards at a rate [Hz], evenly."""
    below = level < 0.0
    ups = np.flatnonzero(below[:-1] & ~below[1:])
    if len(ups) < 3:
        return False
    exact: list[float] = (ups - level[ups] / (level[ups + 1] - level[ups])).tolist()
    lengths = [b - a for a, b in pairwise(exact)]
    mean = (exact[-1] - exact[0]) / len(lengths)
    if abs(RATE / mean - rate) > TOLERANCE:
        return False
    spread: float = math.fsum((x - mean) ** 2 for x in lengths)
    return spread <= (UNEVEN * mean) ** 2 * len(lengths)


def _agreed(first: FloatArray, second: FloatArray, band: slice) -> Estimate:
    """Return the rate of the one peak that two spectra have in common."""
    both = first * second
    top = int(both.argmax())
    quality = min(_peak_near(first, top), _peak_near(second, top))
    if quality < STRONG or _elsewhere(both, top) > BOTH_ALONE:
        return UNKNOWN
    return Estimate(float(_FREQUENCIES[band.start + top]), quality)


def _elsewhere(spectrum: FloatArray, top: int) -> float:
    """Return the largest value that is no part of the peak, as a share of it."""
    before, after = spectrum[: max(top - _APART, 0)], spectrum[top + _APART + 1 :]
    return float(max(before.max(initial=0.0), after.max(initial=0.0)) / (spectrum[top] + 1e-300))


def _peak_near(spectrum: FloatArray, top: int) -> float:
    """Return the height of the best local maximum near a bin, relative to the largest of the band."""
    first, stop = max(1, top - _REACH), min(len(spectrum) - 1, top + _REACH + 1)
    near = spectrum[first - 1 : stop + 1].tolist()
    peaks = [b for a, b, c in zip(near, near[1:], near[2:], strict=False) if b >= a and b > c]
    return max(peaks) / float(spectrum.max()) if peaks else 0.0

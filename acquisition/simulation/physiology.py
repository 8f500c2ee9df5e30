"""Wave forms: what an electrode, a skin sensor and a breathing belt see of known events. Pure functions.

Times are seconds; everything is a function of the time of each sample alone, so that a signal may be computed
in pieces of any length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray

BEFORE, AFTER = 0.32, 0.72
"""How far the waves of a beat reach from its R peak [s]."""

_P = (-0.165, 0.022, 0.13)
_Q = (-0.026, 0.0085, -0.12)
_R = (0.0, 0.0105, 1.0)
_S = (0.028, 0.0095, -0.22)
_T = (0.285, 0.048, 0.28)
"""Offset from the R peak [s], width (SD of a Gaussian) [s] and height relative to R; T at an RR of 1 s."""

SCR_RISE, SCR_DECAY = 0.75, 3.5
"""Time constants [s] of a skin conductance response: difference of two exponentials."""
SCR_TAIL = 60.0
"""Seconds after which a response has ended."""
SCR_PEAK = float(np.log(SCR_DECAY / SCR_RISE) * SCR_DECAY * SCR_RISE / (SCR_DECAY - SCR_RISE))
"""Seconds from the onset of a lone response to its peak."""


@dataclass(frozen=True, slots=True, eq=False)
class Wander:
    """A slow fluctuation: a sum of sines, so that its value at any time needs no past.

    Parameters
    ----------
    frequencies, amplitudes, phases : ndarray, shape (n_sines,)
        [Hz], any unit, [rad].
    """

    frequencies: FloatArray
    amplitudes: FloatArray
    phases: FloatArray

    def __call__(self, t: FloatArray) -> FloatArray:
        """Return the value at each time, shape (n,)."""
        angles = 2 * np.pi * t[:, None] * self.frequencies + self.phases
        total: FloatArray = (np.sin(angles) * self.amplitudes).sum(axis=1)
        return total


def wander(
    rng: np.random.Generator, *, sd: float, low: float, high: float, slope: float, n_sines: int = 24
) -> Wander:
    """Draw a fluctuation whose power falls as 1/f**slope between two frequencies [Hz].

    Sines lie at one random place in each of `n_sines` bands of equal width in log frequency; with slope 1 all
    have the same power.
    """
    edges = np.geomspace(low, high, n_sines + 1)
    frequencies = edges[:-1] * (edges[1:] / edges[:-1]) ** rng.random(n_sines)
    power = frequencies ** (1.0 - slope)
    amplitudes = sd * np.sqrt(2 * power / power.sum())
    return Wander(frequencies, amplitudes, rng.uniform(0, 2 * np.pi, n_sines))


def response(t: FloatArray, starts: FloatArray, stops: FloatArray, *, rise: float, fall: float) -> FloatArray:
    """Return how far something slow has followed pushes that last from `starts` to `stops`, 0 to 1 for each.

    It rises with the time constant `rise` [s] and falls with `fall` [s]; after 12 of these it is 0.

    Parameters
    ----------
    t : ndarray, shape (n,)
    starts, stops : ndarray, shape (n_pushes,)

    Returns
    -------
    ndarray, shape (n,)
        The sum over the pushes.
    """
    since, after = t - starts[:, None], np.maximum(t - stops[:, None], 0.0)
    held = 1.0 - np.exp(-np.minimum(np.maximum(since, 0.0), (stops - starts)[:, None]) / rise)
    total: FloatArray = np.where(after > 12 * fall, 0.0, held * np.exp(-after / fall)).sum(axis=0)
    return total


def plateau(t: FloatArray, start: float, stop: float, *, ramp: float) -> FloatArray:
    """Return 1 within an interval and 0 outside, with half-cosine ramps [s] inside its ends."""
    inside = np.clip(np.minimum(t - start, stop - t) / ramp, 0.0, 1.0)
    return 0.5 - 0.5 * np.cos(np.pi * inside)


def _peak_shift() -> float:
    """Return where Q, R and S together peak [s]: Q and S are not alike and push the peak a little."""
    x = 0.0
    for _ in range(20):
        slope = curve = 0.0
        for offset, width, height in (_Q, _R, _S):
            u = (x - offset) / width
            g = height * float(np.exp(-0.5 * u * u))
            slope -= g * u / width
            curve += g * (u * u - 1.0) / width**2
        x -= slope / curve
    return x


PEAK_SHIFT = _peak_shift()


def beat(d: FloatArray, rr: FloatArray) -> FloatArray:
    """Return the P-QRS-T complex of beats, R height 1.

    Parameters
    ----------
    d : ndarray, shape (n_beats, n)
        Time from each beat's R peak [s]; the wave has its maximum at exactly 0.
    rr : ndarray, shape (n_beats,)
        Interval that ends at the beat [s]; the T wave keeps its distance by the square root of it.

    References
    ----------
    Gaussian waves: McSharry et al. (2003), doi:10.1109/TBME.2003.808805
    QT and the root of RR: Bazett (1920), Heart 7:353

    - The waves are placed by time, not by the phase of an oscillator, so that R times are exact.
    """
    x = d + PEAK_SHIFT
    root = np.sqrt(rr)[:, None]
    total = np.zeros_like(d)
    for offset, width, height in (_P, _Q, _R, _S):
        total += height * np.exp(-0.5 * ((x - offset) / width) ** 2)
    offset, width, height = _T
    return total + height * np.exp(-0.5 * ((x - offset * root) / (width * root)) ** 2)


def ecg(
    first: int, count: int, sfreq: float, origin: float, r: FloatArray, rr: FloatArray, gain: FloatArray
) -> FloatArray:
    """Return the clean ECG at samples first … first + count − 1 of a stream.

    Parameters
    ----------
    origin : float
        Time of sample 0 [s].
    r, rr, gain : ndarray, shape (n_beats,)
        R times [s], the intervals before them [s] and R heights [mV]; beats just outside belong to it.
    """
    width = int(np.ceil((BEFORE + AFTER) * sfreq))
    starts = np.ceil((r - BEFORE - origin) * sfreq).astype(np.int64)
    index = starts[:, None] + np.arange(width)
    waves = gain[:, None] * beat(origin + index / sfreq - r[:, None], rr)
    x = np.zeros(count + 2 * width)
    for start, wave in zip((starts - first + width).tolist(), waves, strict=True):
        if 0 <= start <= count + width:
            x[start : start + width] += wave
    return x[width : width + count]


def scr(t: FloatArray, onsets: FloatArray, amplitudes: FloatArray) -> FloatArray:
    """Return the sum of skin conductance responses [µS].

    Parameters
    ----------
    t : ndarray, shape (n,)
    onsets, amplitudes : ndarray, shape (n_responses,)
        Onsets [s] and heights of each response by itself [µS].
    """
    u = t - onsets[:, None]
    active = (u > 0) & (u < SCR_TAIL)
    v = np.where(active, u, 0.0)
    top = np.exp(-SCR_PEAK / SCR_DECAY) - np.exp(-SCR_PEAK / SCR_RISE)
    shapes = (np.exp(-v / SCR_DECAY) - np.exp(-v / SCR_RISE)) / top
    total: FloatArray = (amplitudes[:, None] * shapes).sum(axis=0)
    return total

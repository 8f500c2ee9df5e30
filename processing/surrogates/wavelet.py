"""Wavelet coherence, only against circular shifts of one signal."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acquisition.stream import BoolArray, FloatArray
from processing.surrogates.phase import LEAST_CYCLES, NULL, checked_band, shift_pairs, untested
from processing.surrogates.segments import checked_pair, in_samples, shortcoming, stretches
from processing.surrogates.surrogates import ChanceTest, compared

VOICES = 12
"""Scales per octave."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WaveletCoherence:
    """Hold the coherence of the longest stretch without a hole.

    Parameters
    ----------
    test : ChanceTest
        Of its mean over the band, inside the cone of influence.
    times : ndarray, shape (n_times,)
        [s] since the first sample.
    frequencies : ndarray, shape (n_frequencies,)
        [Hz]
    coherence, phase : ndarray, shape (n_frequencies, n_times)
        0-1, and φ_T − φ_C [rad]; nan outside the cone of influence.
    """

    test: ChanceTest
    times: FloatArray
    frequencies: FloatArray
    coherence: FloatArray
    phase: FloatArray


def wavelet_coherence(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    band: tuple[float, float],
    least_shift: float = 60.0,
    n_shifts: int = 200,
    rng: np.random.Generator,
) -> WaveletCoherence:
    """Return wavelet coherence (Morlet, ω₀ = 6) in a band, and test its mean; needs the package pycwt.

    The transforms are computed once; for a shift, that of the client is shifted, and what either cone of
    influence leaves out stays out.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing; only the longest stretch that both have is used.
    sfreq, band, least_shift, n_shifts, rng
        As in `phase_locking`.

    Raises
    ------
    ValueError
        As `phase_locking` does.
    ImportError
        If pycwt is not installed.

    References
    ----------
    Grinsted, Moore & Jevrejeva (2004), doi:10.5194/npg-11-561-2004; pycwt 0.5.0b0.
    """
    x, y = checked_pair(therapist, client, sfreq)
    low = checked_band(band, sfreq)
    least = in_samples(least_shift, sfreq, "least_shift", least=1)
    why = shortcoming(x, y, sfreq)
    start, stop = longest_stretch(np.isfinite(x) & np.isfinite(y))
    x, y = x[start:stop], y[start:stop]
    varied = len(x) > 0 and np.ptp(x) > 0 and np.ptp(y) > 0
    if not varied or len(x) < max(2 * least + 1, LEAST_CYCLES * sfreq / low):
        fault = "is too short" if varied or not len(x) else "is constant"
        test = untested(f"the longest stretch without a hole, {len(x) / sfreq:g} s, {fault} {why}", len(x))
        nothing = np.empty((0, 0))
        return WaveletCoherence(
            test=test, times=np.empty(0), frequencies=np.empty(0), coherence=nothing, phase=nothing
        )
    pair = _Transforms(x, y, sfreq, band)
    coherence, phase, inside = pair.shifted(0)
    shifts = shift_pairs(len(x), least, n_shifts, rng)
    chance = np.array([np.mean(c[i]) for c, _, i in map(pair.shifted, shifts.tolist()) if i.any()])
    if not inside.any() or len(chance) < 2:
        test = untested("nothing lies inside the cone of influence", len(x))
    else:
        test = compared(float(np.mean(coherence[inside])), chance, n=len(x), null=NULL)
    return WaveletCoherence(
        test=test,
        times=(start + np.arange(len(x))) / sfreq,
        frequencies=pair.frequencies,
        coherence=np.where(inside, coherence, np.nan),
        phase=np.where(inside, phase, np.nan),
    )


class _Transforms:
    """Keep both wavelet transforms and give the coherence at any shift of the second."""

    def __init__(self, x: FloatArray, y: FloatArray, sfreq: float, band: tuple[float, float]) -> None:
        pycwt = _pycwt()
        self._mother = pycwt.Morlet(6)
        self._step, self._width = 1.0 / sfreq, 1.0 / VOICES
        scale = 1.0 / (self._mother.flambda() * band[1])
        octaves = int(np.ceil(np.log2(band[1] / band[0]) * VOICES))
        waves = []
        for signal in (x, y):
            standard = (signal - signal.mean()) / signal.std()
            wave, scales, frequencies, cone, *_ = pycwt.cwt(
                standard, self._step, self._width, scale, octaves, self._mother
            )
            waves.append(wave)
        self._x, self._y = waves
        self._scales = np.asarray(scales)
        self.frequencies: FloatArray = np.asarray(frequencies)
        self._inside = 1.0 / self.frequencies[:, None] < np.asarray(cone)[None, :]
        self._power = [self._smooth(np.abs(w) ** 2) for w in waves]

    def _smooth(self, values: NDArray[np.complex128] | FloatArray) -> NDArray[np.complex128]:
        scaled = values / self._scales[:, None]
        smooth: NDArray[np.complex128] = self._mother.smooth(scaled, self._step, self._width, self._scales)
        return smooth

    def shifted(self, shift: int) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return coherence, phase, and what lies inside both cones of influence."""
        other, power = np.roll(self._y, shift, axis=1), np.roll(self._power[1], shift, axis=1)
        cross = self._x * other.conj()
        coherence = np.abs(self._smooth(cross)) ** 2 / np.abs(self._power[0] * power)
        inside: BoolArray = self._inside & np.roll(self._inside, shift, axis=1)
        return coherence, np.angle(cross), inside


def longest_stretch(there: BoolArray) -> tuple[int, int]:
    """Return start and stop of the longest run of True; (0, 0) if there is none."""
    return max(stretches(there), key=lambda ends: ends[1] - ends[0], default=(0, 0))


def _pycwt() -> ModuleType:
    with warnings.catch_warnings():
        # pycwt 0.5.0b0 imports from a namespace that SciPy deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return import_module("pycwt")
        except ImportError as error:
            raise ImportError(
                "wavelet coherence needs the package pycwt (pip install pycwt==0.5.0b0)"
            ) from error

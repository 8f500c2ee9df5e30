"""Phase-locking value, only against circular shifts of one signal.

For respiratory sinus arrhythmia give the heart rates and the band of breathing; for its course vagal HRV.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, hilbert, sosfiltfilt

from acquisition.stream import FloatArray, IntArray
from processing.surrogates.segments import checked_pair, in_samples, shortcoming, stretches
from processing.surrogates.surrogates import ChanceTest, compared

NULL = "circular shifts"
ORDER = 3
CYCLES = 2.0
"""Cycles of the lowest frequency that are dropped at each end of a stretch, where filters see the edge."""
LEAST_CYCLES = 10.0


def phase_locking(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    band: tuple[float, float],
    least_shift: float = 60.0,
    n_shifts: int = 1000,
    rng: np.random.Generator,
) -> ChanceTest:
    """Test the phase-locking value |mean exp(i(φ_T − φ_C))| in a band.

    Each stretch without a hole is filtered on its own (Butterworth, zero phase) and loses two cycles of the
    lowest frequency at each end. All shifts come from one FFT.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing.
    sfreq : float
        [Hz]
    band : (float, float)
        Edges [Hz].
    least_shift : float
        [s]

    Raises
    ------
    ValueError
        If the signals differ in length or the band does not fit the rate.

    References
    ----------
    Lachaux et al. (1999), doi:10.1002/(SICI)1097-0193(1999)8:4<194::AID-HBM4>3.0.CO;2-C
    """
    x, y = checked_pair(therapist, client, sfreq)
    low = checked_band(band, sfreq)
    least = in_samples(least_shift, sfreq, "least_shift", least=1)
    u, v = _phasors(x, sfreq, band), _phasors(y, sfreq, band)
    there = int(((u != 0) & (v != 0)).sum())
    if there < LEAST_CYCLES * sfreq / low or len(x) < 2 * least + 1:
        why = f"{there / sfreq:g} s with a phase of both people are too few {shortcoming(x, y, sfreq)}"
        return untested(why, there)
    size = len(u)
    # Element d of a circular correlation is the sum at shift d, of all shifts at once.
    sums = np.abs(np.fft.ifft(np.fft.fft(u).conj() * np.fft.fft(v)))
    counts = np.fft.ifft(np.fft.fft(u != 0).conj() * np.fft.fft(v != 0)).real
    values = sums / np.maximum(np.rint(counts), 1.0)
    enough = np.rint(counts) >= there / 2.0
    shifts = shift_pairs(size, least, n_shifts, rng)
    shifts = shifts[enough[shifts]]
    if len(shifts) < 2:
        return untested(f"too few shifts with data of both people {shortcoming(x, y, sfreq)}", there)
    return compared(float(values[0]), values[shifts], n=there, null=NULL)


def _phasors(signal: FloatArray, sfreq: float, band: tuple[float, float]) -> NDArray[np.complex128]:
    """Return exp(iφ) in the band, 0 where there is no phase."""
    out = np.zeros(len(signal), np.complex128)
    sections = butter(ORDER, band, "bandpass", fs=sfreq, output="sos")
    drop = int(np.ceil(CYCLES * sfreq / band[0]))
    for start, stop in stretches(np.isfinite(signal)):
        part = signal[start:stop]
        if stop - start <= 3 * drop or np.ptp(part) == 0:
            continue
        analytic = hilbert(sosfiltfilt(sections, part - part.mean()))
        size = np.abs(analytic)
        phasor = np.where(size > 0, analytic / np.where(size > 0, size, 1.0), 0.0)
        out[start + drop : stop - drop] = phasor[drop : stop - start - drop]
    return out


def checked_band(band: tuple[float, float], sfreq: float) -> float:
    """Return the lower edge [Hz].

    Raises
    ------
    ValueError
        If the band does not lie between 0 and half the rate.
    """
    low, high = band
    if not 0.0 < low < high < sfreq / 2.0:
        raise ValueError(f"a band lies between 0 and {sfreq / 2:g} Hz, not at {low:g}-{high:g} Hz")
    return low


def shift_pairs(n: int, least: int, n_shifts: int, rng: np.random.Generator) -> IntArray:
    """Return shifts in pairs d, −d, at least `least` from 0."""
    half = rng.integers(least, n - least, size=n_shifts // 2, endpoint=True)
    return np.concatenate([half, n - half])


def untested(reason: str, n: int) -> ChanceTest:
    """Return a test that could not be made."""
    nan = float("nan")
    return ChanceTest(p=nan, es_perm=nan, observed=nan, n=n, null=NULL, reason=reason)

"""Quality of electrodermal activity: which samples can hold a skin conductance, and why others cannot.

The rules are those of Kleckner et al. (2018), doi:10.1109/TBME.2017.2758643: out of 0.05-60 µS, a slope
beyond 10 µS/s, and 5 s around either. Departures and additions:

- the slope is taken over 0.25 s (one sample below 4 Hz) of the signal as it comes, where Kleckner's was taken
  after a 0.35 Hz low-pass;
- a signal without any change for 10 s is flat: a stuck sensor or one at its limit;
- values that are a thousand or a million times too large or small are called so;
- a missing sample (nan) is not valid, but says nothing about its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray, IntArray, Modality
from processing.unit_doubt import looks_like

CodeArray = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdaQualityConfig:
    """Hold the limits of valid EDA.

    Parameters
    ----------
    low, high : float
        Range of skin conductance [µS] (Kleckner 2018).
    slope : float
        Fastest change [µS/s] (Kleckner 2018).
    around : float
        What lies this near to an invalid sample is invalid too [s] (Kleckner 2018).
    flat : float
        Seconds without any change that make the signal flat; the longest such run in a good wrist recording
        is 1.5 s.
    """

    low: float = 0.05
    high: float = 60.0
    slope: float = 10.0
    around: float = 5.0
    flat: float = 10.0


class Fault(IntEnum):
    """Say what is wrong with a sample."""

    NONE = 0
    MISSING = 1
    OFF = 2
    ABOVE = 3
    SLOPE = 4
    FLAT = 5
    IN_SIEMENS = 6
    IN_THOUSANDTHS = 7
    IN_MILLIONTHS = 8
    NEAR = 9


REASONS = {
    Fault.NONE: "",
    Fault.MISSING: "no data",
    Fault.OFF: "electrode off: below 0.05 µS, or not in µS",
    Fault.ABOVE: "above 60 µS: not in µS, or a short circuit",
    Fault.SLOPE: "movement: slope above 10 µS/s",
    Fault.FLAT: "EDA flat",
    Fault.IN_SIEMENS: "unit looks like S, not µS",
    Fault.IN_THOUSANDTHS: "unit looks like nS, not µS",
    Fault.IN_MILLIONTHS: "not in µS",
    Fault.NEAR: "within 5 s of invalid EDA",
}


UNITS = {Fault.IN_SIEMENS: 2, Fault.IN_THOUSANDTHS: -1, Fault.IN_MILLIONTHS: -2}
"""By which power of 1000 samples of this fault would have to be larger."""
IN_SIEMENS = (1e-7, 1e-4)
"""What reads so [µS] is 0.1-100 µS given in S; an electrode that is off reads 0, or thousandths of a µS."""
IN_THOUSANDTHS, IN_MILLIONTHS = 1e3, 1e5
"""Above these [µS] no skin conducts: it is 1-100 µS given in nS, or what is µS is said to be S."""


def said_as(reason: str, unit: str) -> str:
    """Return a reason in words of the unit that the stream says, as in `REASONS` of µS."""
    if not reason:
        return ""
    fault = next((fault for fault in UNITS if REASONS[fault] == reason), None)
    if fault is not None:
        return looks_like(Modality.EDA, unit, UNITS[fault])
    return reason.replace("not in µS", f"not in {unit}") if unit not in ("", "uS") else reason


def gap_limit(sfreq: float) -> float:
    """Return the longest step between stamps [s] that does not break a stretch of samples."""
    return max(0.5, 2.5 / sfreq)


class EdaGate:
    """Class each sample by what has come so far; carries its state from call to call.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float, config: EdaQualityConfig) -> None:
        self._config = config
        self._gap = gap_limit(sfreq)
        self._lag = max(1, round(0.25 * sfreq))
        self._span = self._lag / sfreq
        self._times: FloatArray = np.empty(0)
        self._eda: FloatArray = np.empty(0)
        self._since = np.inf

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[CodeArray, BoolArray]:
        """Return the fault of each sample, and whether a gap lies before it.

        Parameters
        ----------
        times, eda : ndarray, shape (n_samples,)
            Stamps [s], not decreasing, and skin conductance [µS].
        """
        config, n, past = self._config, len(times), len(self._times)
        t, x = np.concatenate((self._times, times)), np.concatenate((self._eda, eda))
        codes = np.zeros(n, np.int8)
        gaps = np.empty(n, bool)
        gaps[1:] = np.diff(times) > self._gap
        gaps[:1] = past == 0 or times[0] - self._times[-1] > self._gap if n else False
        lag = self._lag
        if past + n > lag:
            new = slice(max(past, lag), past + n)
            old = slice(new.start - lag, n + past - lag)
            span = np.maximum(t[new] - t[old], self._span / 2)
            with np.errstate(invalid="ignore"):
                codes[new.start - past :][np.abs(x[new] - x[old]) > config.slope * span] = Fault.SLOPE
        codes[self._flat(times, eda, gaps)] = Fault.FLAT
        with np.errstate(invalid="ignore"):
            codes[eda < config.low] = Fault.OFF
            codes[eda > config.high] = Fault.ABOVE
            codes[(eda >= IN_SIEMENS[0]) & (eda < IN_SIEMENS[1])] = Fault.IN_SIEMENS
            codes[eda > IN_THOUSANDTHS] = Fault.IN_THOUSANDTHS
            codes[eda > IN_MILLIONTHS] = Fault.IN_MILLIONTHS
        codes[~np.isfinite(eda)] = Fault.MISSING
        self._times, self._eda = t[max(0, past + n - lag) :], x[max(0, past + n - lag) :]
        return codes, gaps

    def _flat(self, times: FloatArray, eda: FloatArray, gaps: BoolArray) -> BoolArray:
        """Tell for each sample whether the signal has not changed for the time that makes it flat."""
        if len(times) == 0:
            return np.zeros(0, bool)
        before = np.append(self._eda[-1:] if len(self._eda) else np.nan, eda[:-1])
        changed = np.flatnonzero((eda != before) | gaps)
        starts = np.full(len(times), self._since)
        if len(changed):
            last = np.searchsorted(changed, np.arange(len(times)), side="right") - 1
            starts = np.where(last >= 0, times[changed[last]], self._since)
        self._since = float(starts[-1])
        return np.asarray(times - starts >= self._config.flat)


class Validity:
    """Count valid samples and faults in half-second bins, once what surrounds them is known.

    A sample is settled when all stamps up to `around` seconds after it have been seen.
    """

    BINS = 2
    """Bins per second."""

    def __init__(self, config: EdaQualityConfig) -> None:
        self._around = config.around
        self._times: FloatArray = np.empty(0)
        self._codes: CodeArray = np.empty(0, np.int8)
        self._faults: FloatArray = np.empty(0)
        self._counts: IntArray = np.zeros((0, len(Fault)), np.int64)
        self._first = 0

    def push(self, times: FloatArray, codes: CodeArray) -> None:
        """Take in classed samples."""
        self._times = np.concatenate((self._times, times))
        self._codes = np.concatenate((self._codes, codes))
        if codes.any():
            self._faults = np.concatenate((self._faults, times[codes > Fault.MISSING]))

    def faults_in(self, start: FloatArray, stop: FloatArray) -> BoolArray:
        """Tell for each interval [start, stop) whether it holds an invalid sample."""
        first, last = np.searchsorted(self._faults, start), np.searchsorted(self._faults, stop)
        return np.asarray(last > first)

    def settle(self, until: float) -> None:
        """Count the samples that are settled when all stamps below `until` have been seen."""
        n = int(np.searchsorted(self._times, until - self._around, side="right"))
        if n == 0:
            return
        times, codes = self._times[:n], self._codes[:n]
        self._times, self._codes = self._times[n:], self._codes[n:]
        if len(self._faults):
            near = self.faults_in(times - self._around, times + self._around)
            codes = np.where(near & (codes == Fault.NONE), np.int8(Fault.NEAR), codes)
        self._count(np.floor(times * self.BINS).astype(np.int64), codes)

    def _count(self, bins: IntArray, codes: CodeArray) -> None:
        if len(self._counts) == 0:
            self._first = int(bins[0])
        needed = int(bins[-1]) + 1 - self._first - len(self._counts)
        if needed > 0:
            self._counts = np.concatenate((self._counts, np.zeros((needed, len(Fault)), np.int64)))
        places = (bins - self._first) * len(Fault) + codes
        self._counts += np.bincount(places, minlength=self._counts.size).reshape(self._counts.shape)

    def window(self, starts: FloatArray, width: float) -> IntArray:
        """Return how many samples of each fault lie in [start, start + width).

        Parameters
        ----------
        starts : ndarray, shape (n,)
            Multiples of half a second [s].

        Returns
        -------
        ndarray, shape (n, n_faults)
        """
        sums = np.concatenate((np.zeros((1, len(Fault)), np.int64), np.cumsum(self._counts, axis=0)))
        first = np.round(starts * self.BINS).astype(np.int64) - self._first
        last = first + round(width * self.BINS)
        top = len(self._counts)
        return np.asarray(sums[np.clip(last, 0, top)] - sums[np.clip(first, 0, top)])

    def forget(self, before: float) -> None:
        """Let go of what lies before a moment [s]."""
        n = min(len(self._counts), int(np.floor(before * self.BINS)) - self._first)
        if n > 0:
            self._counts, self._first = self._counts[n:], self._first + n
        self._faults = self._faults[np.searchsorted(self._faults, before) :]


def dominant_reason(counts: IntArray) -> str:
    """Return the reason of the most frequent fault in a window, "no data" when it is empty."""
    if not counts.any():
        return REASONS[Fault.MISSING]
    faults = counts.copy()
    faults[Fault.NONE] = 0
    if faults[: Fault.NEAR].any():
        faults[Fault.NEAR] = 0
    return REASONS[Fault(int(np.argmax(faults)))] if faults.any() else ""

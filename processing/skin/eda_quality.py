"""Quality of electrodermal activity: which samples can hold a skin conductance, and why others cannot.

The rules are those of Kleckner et al. (2018), doi:10.1109/TBME.2017.2758643: out of 0.05-60 µS, a slope
beyond 10 µS/s, and 5 s around either. Departures and additions:

- the slope is taken over 0.25 s (one sample below 4 Hz) of the signal as it comes, where Kleckner's was taken
  after a 0.35 Hz low-pass;
- a signal without any change for 10 s is flat: a stuck sensor, or one at its limit, which is told sooner
  where it came to it moving (processing.skin.limits). A sensor of coarse steps stands still at rest, so it
  is given time in proportion to the step. What moves again is alive: flat says nothing about its neighbours;
- a low level that falls to a fraction of itself and stays there is what an electrode that came off reads
  (processing.skin.contact);
- where a tool has filled a gap by a straight line (processing.skin.lines), nothing was measured;
- after a gap a filter of the device settles or rings (processing.skin.settling);
- a dip, and the steep part of any fall that no skin makes (processing.skin.falls), is movement; it says
  nothing about its neighbours;
- where the level jumps by a quarter and stays (processing.skin.falls), an electrode sits anew, and until that
  is known there is none;
- where noise or the converter's steps could make the smallest response (processing.skin.noise), there is no
  saying of responses; of the level there is;
- values that are a thousand or a million times too large or small are called so, and those below zero; of a
  signal that was there for seconds all is in doubt (processing.skin.doubt);
- a missing sample (nan) is not valid, but says nothing about its neighbours;
- what lies before an invalid sample, and only before, counts half in `eda_quality`: a response there was
  announced before anything was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray, IntArray, Modality
from processing.corrections.edits import Edits
from processing.skin.contact import Contact
from processing.skin.doubt import BELOW
from processing.skin.steps import COARSEST, Steps
from processing.sums import after
from processing.unit_doubt import looks_like

if TYPE_CHECKING:
    from processing.skin.config import SkinConfig

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
    flat_per_step, coarsest, longest : float
        Where the smallest change so far is a step of at most `coarsest` [µS], it takes so many seconds per µS
        of the step, at least `flat` and at most `longest`: 200 s for steps of 0.02 µS, in which a level that
        falls by 0.0001 µS/s stands still. A larger change is one only when it has come back
        (processing.skin.steps), else it is a jump of a sensor that is stuck; before any step nothing is known
        of them: there it takes `flat` seconds.
    """

    low: float = 0.05
    high: float = 60.0
    slope: float = 10.0
    around: float = 5.0
    flat: float = 10.0
    flat_per_step: float = 10_000.0
    coarsest: float = COARSEST
    longest: float = 300.0


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
    DIP = 9
    NOISE = 10
    LOST = 11
    FILLED = 12
    MARKED = 13
    BENEATH = 14
    ANEW = 15
    SETTLES = 16
    NEAR = 17
    BEFORE = 18


REASONS = {
    Fault.NONE: "",
    Fault.MISSING: "no data",
    Fault.OFF: "electrode off: below {c.quality.low:g} µS, or not in µS",
    Fault.ABOVE: "above {c.quality.high:g} µS: not in µS, or a short circuit",
    Fault.SLOPE: "movement: slope above {c.quality.slope:g} µS/s",
    Fault.FLAT: "EDA flat",
    Fault.IN_SIEMENS: "unit looks like S, not µS",
    Fault.IN_THOUSANDTHS: "unit looks like nS, not µS",
    Fault.IN_MILLIONTHS: "not in µS",
    Fault.DIP: "movement: falls faster than the skin can",
    Fault.NOISE: "noise: responses of {c.scr.noise.smallest:g} µS do not stand out",
    Fault.LOST: "electrode off: fell below 0.25 µS, and far below its level",
    Fault.FILLED: "a straight line: filled, not measured",
    Fault.MARKED: "marked as artefact by hand",
    Fault.BENEATH: "below zero: electrode off, its zero is off, or it was filtered",
    Fault.ANEW: "movement: the level jumped, and stayed",
    Fault.SETTLES: "settles after a gap: a filter, not skin",
    Fault.NEAR: "within {c.quality.around:g} s of invalid EDA",
    Fault.BEFORE: "within {c.quality.around:g} s of invalid EDA",
}
"""Templates over the configuration of the skin."""


UNITS = {Fault.IN_SIEMENS: 2, Fault.IN_THOUSANDTHS: -1, Fault.IN_MILLIONTHS: -2}
"""By which power of 1000 samples of this fault would have to be larger."""
IN_SIEMENS = (1e-7, 1e-4)
"""What reads so [µS] is 0.1-100 µS given in S; an electrode that is off reads 0, or thousandths of a µS."""
IN_THOUSANDTHS, IN_MILLIONTHS = 1e3, 1e5
"""Above these [µS] no skin conducts: it is 1-100 µS given in nS, a converter's counts, or µS said to be S."""


def said_as(reason: str, unit: str, config: SkinConfig) -> str:
    """Return a reason of `REASONS` with the limits of a configuration, in words of the stream's unit."""
    if not reason:
        return ""
    fault = next((fault for fault in UNITS if REASONS[fault] == reason), None)
    if fault is not None:
        return looks_like(Modality.EDA, unit, UNITS[fault]).replace("nS,", "nS, or counts,")
    said = reason.format(c=config)
    return said.replace("not in µS", f"not in {unit}") if unit not in ("", "uS") else said


def spreads(codes: CodeArray) -> BoolArray:
    """Tell which faults make their neighbours invalid: not what has stood still, for it moves again and is
    alive, nor what was marked by hand, whose edges were chosen."""
    return np.asarray((codes > Fault.MISSING) & (codes != Fault.FLAT) & (codes != Fault.MARKED))


def said_by_hand(edits: Edits, times: FloatArray, codes: CodeArray) -> CodeArray:
    """Return the faults of samples where somebody has said what they are worth; a missing one stays so."""
    there = codes != Fault.MISSING
    codes = np.where(edits.accepts(times) & there, np.int8(Fault.NONE), codes)
    return np.where(edits.marks(times) & there, np.int8(Fault.MARKED), codes)


def quality_width(sfreq: float) -> float:
    """Return the length of the window of `eda_quality` [s]; below 4 Hz a second holds too few samples."""
    return 1.0 if sfreq >= 4.0 else 2.0


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
        self._steps = Steps(config.coarsest)
        self._contact = Contact(config.low)

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
                # What goes back and forth may be the same after just this time.
                steps = np.fmax(np.abs(x[new] - x[old]), np.abs(np.diff(x[new.start - 1 : new.stop])))
                codes[new.start - past :][steps > config.slope * span] = Fault.SLOPE
        codes[self._flat(times, eda, gaps)] = Fault.FLAT
        codes[self._contact.push(times, eda)] = Fault.LOST
        with np.errstate(invalid="ignore"):
            codes[eda < config.low] = Fault.OFF
            codes[eda < -BELOW] = Fault.BENEATH
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
        before = after(self._eda[-1] if len(self._eda) else np.nan, eda[:-1])
        smallest = self._steps.push(np.where(gaps, np.nan, eda - before))  # what a gap hides is no step
        config = self._config
        patience = config.flat_per_step * np.where(np.isfinite(smallest), smallest, 0.0)
        patience = np.clip(patience, config.flat, max(config.flat, config.longest))
        changed = np.flatnonzero((eda != before) | gaps)
        starts = np.full(len(times), self._since)
        if len(changed):
            last = np.searchsorted(changed, np.arange(len(times)), side="right") - 1
            starts = np.where(last >= 0, times[changed[last]], self._since)
        self._since = float(starts[-1])
        return np.asarray(times - starts >= patience)


def dominant_reason(counts: IntArray) -> str:
    """Return the reason of the most frequent fault in a window, "no data" when it is empty."""
    if not counts.any():
        return REASONS[Fault.MISSING]
    faults = counts.copy()
    faults[Fault.NONE] = 0
    if faults[: Fault.NEAR].any():
        faults[Fault.NEAR :] = 0
    return REASONS[Fault(int(np.argmax(faults)))] if faults.any() else ""

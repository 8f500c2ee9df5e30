"""R peaks from ECG at 100-1000 Hz: causal, with a bounded delay, to a fraction of a sample.

The result does not depend on how the ECG was cut into pieces. A beat is decided 0.3-0.9 s after its peak.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from acquisition.pieces import steps_from
from acquisition.rates import unfit_ecg
from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.heart.config import HeartConfig
from processing.heart.families import qrs_shapes
from processing.heart.holes import GAP, Holes, Spikes
from processing.heart.rpeaks_front import FrontEnd
from processing.heart.rpeaks_path import Decided, Path
from processing.heart.rpeaks_refine import TURNING, Refiner
from processing.sums import cut

SLOWEST = 99.0
"""Rates below this are refused [Hz]."""
HELD = 1.0
"""How long the ECG is held after its last sample, so that every beat before it is decided [s]."""
BEGIN, EDGE = 0.18, 0.06
"""A beat nearer to the first or the last sample is no whole QRS, or the T wave of one before it [s]."""
AROUND = 0.012
"""Stamps so near to a peak tell its time [s]."""
DELAY = HeartConfig.beat_wait
"""A beat is settled at most so long after its R peak [s]."""


class Beats(NamedTuple):
    """Hold detected beats in time order, one row each.

    Fields
    ------
    times : ndarray, shape (n_beats,)
        R peak [s].
    settled : ndarray, shape (n_beats,)
        Data time at which the beat is decided [s]: all samples before it were needed, and no other.
    heights : ndarray, shape (n_beats,)
        R peak over the baseline of the QRS, 30 Hz low-passed, signed [mV].
    contrast : ndarray, shape (n_beats,)
        QRS envelope over the noise floor before it; 0 where a spike lies on the R peak.
    likeness : ndarray, shape (n_beats,)
        Correlation with the trusted beats; 0.5 while there are too few.
    trusted : ndarray, shape (n_beats,)
        1 where the beat looks like this person's beats, else 0.
    passed : ndarray, shape (n_beats,)
        1 where a wave was passed over since the beat before that may be a beat, 0.5 where one was that is
        alone of its shape, 0.25 where it may be one only if there is no rhythm, else 0.
    waves : ndarray, shape (n_beats,)
        1 where the ECG around is waves that run into each other, else 0.
    placing : ndarray, shape (n_beats,)
        Standard deviation of the error of the R peak's time [s]; nan where nothing tells it.
    first : ndarray of bool, shape (n_beats,)
        The first beat of a gap-free stretch: no interval ends there.
    parts, norms : ndarray
        The shape around the R peak, as `qrs_shapes` gives it.
    turning : ndarray, shape (n_beats, 10)
        By how much the slopes of the QRS differ from those between the two before it, times two [mV per s],
        and the curvature of the three R peaks [mV per s²]; nan where nothing tells it.
    """

    times: FloatArray
    settled: FloatArray
    heights: FloatArray
    contrast: FloatArray
    likeness: FloatArray
    trusted: FloatArray
    passed: FloatArray
    waves: FloatArray
    placing: FloatArray
    first: BoolArray
    parts: FloatArray
    norms: FloatArray
    turning: FloatArray


@cache  # most pieces that come live settle none
def no_beats() -> Beats:
    """Return an empty table of beats."""
    none = np.empty(0)
    parts, norms = qrs_shapes(np.zeros(1), np.empty(0, np.int64), none, SLOWEST)
    return Beats(*(none,) * 9, np.empty(0, np.bool_), parts, norms, np.empty((0, TURNING)))


def joined(parts: list[Beats]) -> Beats:
    """Return several tables of beats as one."""
    parts = [part for part in parts if len(part.times)]
    if len(parts) < 2:
        return parts[0] if parts else no_beats()
    return Beats._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


class RPeaks:
    """Detect R peaks in an ECG that comes in pieces.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz], at least 100.

    Raises
    ------
    ValueError
        If the rate is too low to tell the place of an R peak.
    """

    def __init__(self, sfreq: float) -> None:
        if not sfreq >= SLOWEST:
            raise ValueError(unfit_ecg(sfreq))
        self.sfreq = float(sfreq)
        self._front = FrontEnd(self.sfreq)
        self._path = Path(self._front.rate)
        self._refine = Refiner(self.sfreq)
        self._half = max(1, round(AROUND * self.sfreq))
        self.holes = Holes(self.sfreq)
        """Where samples are missing."""
        self.spikes = Spikes(self.sfreq)
        """Where the ECG is too narrow for a heart's."""
        self.starts: list[float] = []
        """First sample of each gap-free stretch [s]."""
        self._end = -np.inf
        self._latest = -np.inf
        self._begin()

    def _begin(self) -> None:
        self._front = FrontEnd(self.sfreq)
        self._path.restart()
        self._raw = np.empty(0)
        self._stamps, self._known = np.empty(0), np.empty(0)
        self._newest = np.nan
        self.spikes.restart()
        self._offset = 0
        self._fresh = True
        self._is_over = False
        self._start = -np.inf

    def update(self, times: FloatArray, ecg: FloatArray) -> Beats:
        """Take in samples and return the beats they settle.

        Parameters
        ----------
        times : ndarray, shape (n_samples,)
            Stamps [s], not decreasing.
        ecg : ndarray, shape (n_samples,)
            ECG [mV]; samples that are nan are taken as lost.
        """
        known = np.isfinite(ecg)
        if not known.all():
            times, ecg = times[known], ecg[known]
        if len(times) == 0:
            return no_beats()
        times, ecg, came = self.holes.bridge(times, ecg)
        cuts = np.flatnonzero(steps_from(self._end, times) > GAP)
        out: list[Beats] = []
        for start, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(times)], strict=True):
            if start in cuts:
                out.append(self._finish())
                self._begin()
            if stop > start:
                out.append(self._stretch(times[start:stop], ecg[start:stop], came[start:stop]))
                self._end = float(times[stop - 1])
        return joined(out)

    def settle(self, until: float) -> Beats:
        """Return the last beats of a stretch that is known to have ended by data time `until` [s]."""
        return self._finish() if self._end + GAP < until else no_beats()

    def shape_at(self, time: float) -> tuple[FloatArray, FloatArray, float]:
        """Return the shape of the ECG around a moment of the last seconds, and its height [mV].

        The shape as `qrs_shapes` gives it, the height over the median of the ECG around it. Where a sample
        near it is not remembered, or none was recorded: a shape of nothing, and nan.
        """
        stamps, half = self._stamps, self._refine.margin
        place = int(np.searchsorted(stamps, time))
        there = half <= place < len(stamps) - half and stamps[place + half] <= self._end
        if not there or abs(stamps[place] - time) > AROUND:
            parts, norms = qrs_shapes(np.zeros(1), np.zeros(1, np.int64), np.zeros(1), self.sfreq)
            return parts[0], norms[0], np.nan
        rest = np.clip((time - stamps[place]) * self.sfreq, -1.0, 0.0)
        near = slice(place - half, place + half + 1)
        parts, norms = qrs_shapes(self._raw[near], np.array([half]), np.array([rest]), self.sfreq)
        around = np.sort(self._raw[near])
        return parts[0], norms[0], float(self._raw[place] - around[len(around) // 2])

    def _finish(self) -> Beats:
        """Decide what is pending at the end of a stretch: the ECG is held there for as long as a decision
        takes."""
        if len(self._raw) == 0 or self._is_over:
            return no_beats()
        self._is_over = True
        held = np.arange(1, round(HELD * self.sfreq) + 1) / self.sfreq
        beats = self._stretch(self._end + held, np.full(len(held), self._newest), self._end + held)
        settled = np.full(len(beats.times), np.nextafter(self._end + GAP, np.inf))
        whole = beats.times < self._end - EDGE
        return Beats._make(column[whole] for column in beats._replace(settled=settled))

    def _stretch(self, times: FloatArray, ecg: FloatArray, came: FloatArray) -> Beats:
        self._newest = float(ecg[-1])
        times, ecg, known = self.spikes.push(times, ecg, came)
        if not len(times):
            return no_beats()
        if len(self._raw) == 0:
            # held before the first sample, too, or a beat there would have no shape and no baseline
            n, self._start = self._refine.margin, float(times[0])
            self.starts.append(self._start)
            self._raw, self._offset = np.full(n, ecg[0]), -n
            self._stamps = times[0] - np.arange(n, 0, -1) / self.sfreq
            self._known = self._stamps
        self._raw = np.concatenate((self._raw, ecg))
        self._stamps = np.concatenate((self._stamps, times))
        self._known = np.concatenate((self._known, known))
        found = self._front.push(ecg)
        front = self._front
        decided = self._path.push(found, front.look, front.count, front.swing_after, front.lies_beneath)
        beats = self._place(decided)
        self._trim()
        return beats

    def _place(self, decided: list[Decided]) -> Beats:
        if not decided:
            return no_beats()
        step, offset = self._front.step, self._offset
        centres = np.array([(d.place - self._front.delay) * step for d in decided], np.int64) - offset
        inside = (centres >= self._refine.margin) & (centres < len(self._raw) - self._refine.margin)
        inside &= centres + offset >= BEGIN * self.sfreq
        kept = [d for d, ok in zip(decided, inside.tolist(), strict=True) if ok]
        at = np.array([d.at * step for d in kept], np.int64) - offset
        places, rest, heights, placing, turning = self._refine(self._raw, centres[inside])
        times = self._at(places, rest)
        settled = np.nextafter(self._known[at], np.inf)
        shapes = qrs_shapes(self._raw, places, rest, self.sfreq)
        return self._ordered(times, settled, heights, kept, (placing, *shapes, turning))

    def _at(self, places: IntArray, rest: FloatArray) -> FloatArray:
        """Return the time of samples and a rest of up to half a sample to either side [s].

        Where steps are uneven, what the low-pass gives for a sample belongs to the mean time around it.
        """
        around = cut(self._stamps, places - self._half, 2 * self._half + 1)
        period = (around[:, -1] - around[:, 0]) / (2 * self._half)
        return np.asarray(around.mean(axis=1) + rest * period)

    def _ordered(
        self,
        times: FloatArray,
        settled: FloatArray,
        heights: FloatArray,
        kept: list[Decided],
        how: tuple[FloatArray, ...],
    ) -> Beats:
        first = np.zeros(len(times), np.bool_)
        good = np.zeros(len(times), np.bool_)
        for j, time in enumerate(times.tolist()):
            good[j] = time > self._latest + 0.15 and time > self._start + BEGIN
            if good[j]:
                self._latest = time
                first[j], self._fresh = self._fresh, False
        columns = np.array([d[2:] for d in kept]).reshape(-1, 4).T
        columns[:3:2, self.spikes.under(times)] = 0.0
        waves = self._front.waves_around(np.array([d.place for d in kept], np.int64)).astype(np.float64)
        placing, *shapes = how
        numbers = (times, settled, heights, *columns, waves, placing)
        return Beats._make(c[good] for c in (*numbers, first, *shapes))

    def _trim(self) -> None:
        keep = int(3.0 * self.sfreq)
        if len(self._raw) > 4 * keep:
            self._offset += len(self._raw) - keep
            self._raw, self._stamps = self._raw[-keep:], self._stamps[-keep:]
            self._known = self._known[-keep:]


def detect_r_peaks(ecg: ArrayLike, sfreq: float) -> FloatArray:
    """Return the times of the R peaks of an ECG.

    Parameters
    ----------
    ecg : array_like, shape (n_samples,)
        ECG [mV]; nan where samples are lost.
    sfreq : float
        Sampling rate [Hz], at least 100.

    Returns
    -------
    ndarray, shape (n_beats,)
        R peaks [s] from the first sample, to a fraction of a sample.

    Raises
    ------
    ValueError
        If the rate is too low.
    """
    samples = np.asarray(ecg, np.float64)
    detector = RPeaks(sfreq)
    found = detector.update(np.arange(len(samples)) / sfreq, samples).times
    return np.concatenate((found, detector.settle(np.inf).times))

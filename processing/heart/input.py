"""From chunks of ECG or intervals to rows of judged beats."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.ibi import BeatCorrector
from processing.heart.rpeaks import DELAY, Beats, RPeaks
from processing.heart.table import BeatRows

STAMP_SLACK = 1.5
"""An interval stream goes on if a stamp is within so much of the last one plus the interval [s]."""

NOISY = 3.5
"""A beat that is not trusted and stands out of the noise floor by less is called noise."""


class EcgInput:
    """Detect, accept and judge the beats of an ECG.

    Raises
    ------
    ValueError
        If the rate is too low.
    """

    def __init__(self, sfreq: float) -> None:
        self._detector = RPeaks(sfreq)
        self._corrector = BeatCorrector()
        self._last = math.nan

    def update(self, times: FloatArray, ecg: FloatArray) -> BeatRows | None:
        """Take in samples [mV]; return the beats they settle."""
        found = self._detector.update(times, ecg)
        if len(found.times) == 0:
            return None
        intervals = np.diff(found.times, prepend=self._last)
        intervals[found.first] = np.nan
        self._last = float(found.times[-1])
        judged = self._corrector.push(
            found.times.tolist(), intervals.tolist(), found.first.tolist(), self._faults(found)
        )
        quality = np.clip((found.likeness - 0.2) / 0.7, 0.0, 1.0)
        return BeatRows(judged, found.settled, quality, found.heights, found.likeness)

    def _faults(self, found: Beats) -> list[str]:
        faults = np.full(len(found.times), "", dtype=object)
        faults[found.trusted == 0] = "unlike other beats"
        faults[(found.trusted == 0) & (found.contrast < NOISY)] = "noise"
        faults[found.settled - found.times > DELAY] = "decided late"
        return [str(fault) for fault in faults]


class IntervalInput:
    """Judge the beats of a stream of intervals, such as the Heart Rate Service or pulse intervals."""

    def __init__(self) -> None:
        self._corrector = BeatCorrector()
        self._last = math.nan

    def update(self, times: FloatArray, intervals: FloatArray) -> BeatRows | None:
        """Take in intervals [ms] stamped at the beat that ends them [s]; those that are nan or 0 are lost."""
        known = np.isfinite(intervals) & (intervals > 0)
        times, seconds = times[known], intervals[known] / 1e3
        if len(times) == 0:
            return None
        waited = np.diff(times, prepend=self._last)
        fresh = ~(np.abs(waited - seconds) <= STAMP_SLACK)
        self._last = float(times[-1])
        judged = self._corrector.push(times.tolist(), seconds.tolist(), fresh.tolist(), [""] * len(times))
        ones = np.ones(len(times))
        return BeatRows(judged, np.nextafter(times, np.inf), ones, np.full(len(times), np.nan), ones)

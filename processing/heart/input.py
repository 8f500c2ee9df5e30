"""From chunks of ECG or intervals to beats as they arrive and as they are judged."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.ibi import tabled
from processing.heart.judging import UNLIKE, Arrival, BeatJudge
from processing.heart.rpeaks import DELAY, Beats, RPeaks
from processing.heart.table import Arrivals, BeatRows, BeatTable

STAMP_SLACK = 1.5
"""An interval stream goes on if a stamp is within so much of the last one plus the interval [s]."""

NOISY = 3.5
"""A beat that is not trusted and stands out of the noise floor by less is called noise."""


class _Waiting:
    """Hold the columns of beats that have arrived and are not judged."""

    def __init__(self) -> None:
        self._quality = np.empty(0)
        self._heights = np.empty(0)

    def add(self, rows: Arrivals) -> None:
        self._quality = np.concatenate((self._quality, rows.quality))
        self._heights = np.concatenate((self._heights, rows.heights))

    def judged(self, judge: BeatJudge) -> BeatRows:
        beats, settled = tabled(judge.taken())
        n = len(settled)
        rows = BeatRows(beats, settled, self._quality[:n], self._heights[:n])
        self._quality, self._heights = self._quality[n:], self._heights[n:]
        return rows


class EcgInput:
    """Detect, accept and judge the beats of an ECG.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    table : BeatTable
        Where the beats go.

    Raises
    ------
    ValueError
        If the rate is too low.
    """

    def __init__(self, sfreq: float, table: BeatTable) -> None:
        self._detector = RPeaks(sfreq)
        self._judge = BeatJudge(has_shapes=True)
        self._waiting = _Waiting()
        self._table = table
        self._last = math.nan

    def update(self, times: FloatArray, ecg: FloatArray) -> None:
        """Take in samples [mV]."""
        self._take(self._detector.update(times, ecg))

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._take(self._detector.settle(until))
        self._judge.settle(until)
        self._table.add(self._waiting.judged(self._judge))

    def _take(self, found: Beats) -> None:
        if len(found.times) == 0:
            return
        intervals = np.diff(found.times, prepend=self._last)
        crossed = self._detector.holes.crossed(found.times, self._last) & ~found.first
        intervals[found.first | crossed] = np.nan
        self._last = float(found.times[-1])
        columns = (found.times.tolist(), found.settled.tolist(), intervals.tolist(), self._faults(found))
        beats = zip(*columns, found.parts, found.norms, strict=True)
        known = [
            self._judge.push(Arrival(*beat)._replace(missing=missing))
            for beat, missing in zip(beats, crossed.tolist(), strict=True)
        ]
        values, reasons, accepted = zip(*known, strict=True)
        rows = Arrivals(
            found.times,
            np.array(values),
            found.settled,
            np.clip((found.likeness - 0.2) / 0.7, 0.0, 1.0),
            found.heights,
            found.likeness,
            np.array(accepted, np.bool_),
            list(reasons),
        )
        self._waiting.add(rows)
        self._table.arrive(rows)
        self._table.add(self._waiting.judged(self._judge))

    def _faults(self, found: Beats) -> list[str]:
        faults = np.full(len(found.times), "", dtype=object)
        faults[found.trusted == 0] = UNLIKE
        faults[(found.trusted == 0) & (found.contrast < NOISY)] = "noise"
        faults[found.settled - found.times > DELAY] = "decided late"
        return [str(fault) for fault in faults]


class IntervalInput:
    """Judge the beats of a stream of intervals, such as the Heart Rate Service or pulse intervals.

    Parameters
    ----------
    table : BeatTable
        Where the beats go.
    """

    def __init__(self, table: BeatTable) -> None:
        self._judge = BeatJudge(has_shapes=False)
        self._waiting = _Waiting()
        self._table = table
        self._last = math.nan

    def update(self, times: FloatArray, intervals: FloatArray) -> None:
        """Take in intervals [ms] stamped at the beat that ends them [s]; those that are nan or 0 are lost."""
        known = np.isfinite(intervals) & (intervals > 0)
        times, seconds = times[known], intervals[known] / 1e3
        if len(times) == 0:
            return
        waited = np.diff(times, prepend=self._last)
        fresh = ~(np.abs(waited - seconds) <= STAMP_SLACK)
        self._last = float(times[-1])
        settled = np.nextafter(times, np.inf)
        beats = zip(times.tolist(), settled.tolist(), seconds.tolist(), fresh.tolist(), strict=True)
        found = [self._judge.push(Arrival(t, s, x, "", is_first=new)) for t, s, x, new in beats]
        values, reasons, accepted = zip(*found, strict=True)
        ones = np.ones(len(times))
        heights = np.full(len(times), np.nan)
        good = np.array(accepted, np.bool_)
        rows = Arrivals(times, np.array(values), settled, ones, heights, ones, good, list(reasons))
        self._waiting.add(rows)
        self._table.arrive(rows)
        self._table.add(self._waiting.judged(self._judge))

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._judge.settle(until)
        self._table.add(self._waiting.judged(self._judge))

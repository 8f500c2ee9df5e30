"""From chunks of ECG or intervals to beats as they arrive and as they are judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import BESIDE, BoolArray, Chunk, FloatArray, of_beats
from processing.heart.ecg_quality import WAVES
from processing.heart.ibi import MISSING, UNLIKE, Arrival, arrival_of, tabled
from processing.heart.judging import BeatJudge
from processing.heart.limits.grain import Grain
from processing.heart.rpeaks import DELAY, Beats, RPeaks, no_beats
from processing.heart.table import Arrivals, BeatRows, BeatTable

STAMP_SLACK = 1.5
"""An interval stream goes on if a stamp is within so much of the last one plus the interval [s]."""

ARTEFACT = "artefact"
"""Fault of a beat with a spike on its R peak."""
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


class BeatFeed:
    """Judge beats in order of time, and put what is known of them into the table.

    Parameters
    ----------
    table : BeatTable
        Where the beats go.
    judge : BeatJudge
    """

    def __init__(self, table: BeatTable, judge: BeatJudge) -> None:
        self._table, self._judge = table, judge
        self._waiting = _Waiting()

    def take(self, found: Beats, arrivals: Sequence[Arrival]) -> None:
        """Take in beats as they are detected, and what the judge is told of each."""
        if not arrivals:
            return
        values, reasons, accepted = zip(*map(self._judge.push, arrivals), strict=True)
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

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._judge.settle(until)
        self._table.add(self._waiting.judged(self._judge))


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
        self._feed = BeatFeed(table, BeatJudge(has_shapes=True))
        self._last = math.nan

    def update(self, times: FloatArray, ecg: FloatArray) -> None:
        """Take in samples [mV]."""
        self._take(self._detector.update(times, ecg))

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._take(self._detector.settle(until))
        self._feed.settle(until)

    def _take(self, found: Beats) -> None:
        if len(found.times) == 0:
            return
        intervals = steps_from(self._last, found.times)
        crossed = self._detector.holes.crossed(found.times, self._last) & ~found.first
        intervals[found.first | crossed] = np.nan
        self._last = float(found.times[-1])
        columns = (found.times.tolist(), found.settled.tolist(), intervals.tolist(), faults(found))
        missing = [MISSING if lost else "" for lost in crossed.tolist()]
        no, seen = repeat(False), (found.passed.tolist(), found.placing.tolist())
        shapes = (found.parts, found.norms)
        rows = zip(*columns, *shapes, no, missing, no, no, *seen, found.turning, strict=False)
        self._feed.take(found, list(map(arrival_of, rows)))


def faults(found: Beats) -> list[str]:
    """Return why each beat is no good one; "" if it is."""
    out = np.full(len(found.times), "", dtype=object)
    out[found.trusted == 0] = UNLIKE
    out[(found.trusted == 0) & (found.contrast < NOISY)] = "noise"
    out[found.contrast == 0] = ARTEFACT
    out[found.waves > 0] = WAVES
    out[found.settled - found.times > DELAY] = "decided late"
    return [str(fault) for fault in out]


class IntervalInput:
    """Judge the beats of a stream of intervals, such as the Heart Rate Service or pulse intervals.

    Parameters
    ----------
    table : BeatTable
        Where the beats go.
    """

    def __init__(self, table: BeatTable) -> None:
        self._feed = BeatFeed(table, BeatJudge(has_shapes=False))
        self._last, self._grain = math.nan, Grain()

    def update(self, times: FloatArray, intervals: FloatArray) -> None:
        """Take in intervals stamped at the beat that ends them; see `told_beats`."""
        told = told_beats(times, intervals, self._last, self._grain)
        if not len(told.times):
            return
        self._last = float(told.times[-1])
        found = plain_beats(told.times)
        own = (told.seconds, told.fresh, told.placing)
        columns = (found.times.tolist(), found.settled.tolist(), *(column.tolist() for column in own))
        self._feed.take(
            found,
            [
                Arrival(t, s, x, "", is_first=new, placing=off)
                for t, s, x, new, off in zip(*columns, strict=True)
            ],
        )

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._feed.settle(until)


def with_beside(chunk: Chunk, values: FloatArray) -> FloatArray:
    """Return intervals with what the device says of each, as `told_beats` takes them; else the values."""
    labels = chunk.info.channels
    if len(labels) == 1 or not of_beats(chunk.info.modality, labels):
        return values
    told = np.full((len(values), 3), np.nan)
    told[:, 0] = values
    for k, label in enumerate(BESIDE, 1):
        if label in labels:
            told[:, k] = chunk.samples[:, labels.index(label)]
    return told


class Told(NamedTuple):
    """Hold beats as a stream of intervals tells of them: times and intervals [s], whether the beat before did
    not come, and the standard deviation of the error of each beat's time [s], nan where nothing tells it."""

    times: FloatArray
    seconds: FloatArray
    fresh: BoolArray
    placing: FloatArray


def told_beats(times: FloatArray, intervals: FloatArray, last: float, grain: Grain) -> Told:
    """Return the beats of a stream of intervals.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Stamps [s].
    intervals : ndarray, shape (n,) or (n, 3)
        Intervals [ms], those that are nan or 0 are lost; how far the device thinks each is off [ms]: the
        two beats that it lies between have half of its variance each; and whether it was on the skin. What
        may be off by any time, and what came while it was not (0), is lost; nan says nothing.
    last : float
        The beat before [s], nan without one.
    grain : Grain
        How coarse intervals were up to here.
    """
    lengths = intervals if intervals.ndim == 1 else intervals[:, 0]
    known = np.isfinite(lengths) & (lengths > 0)
    if intervals.ndim > 1:
        known &= ~np.isinf(intervals[:, 1]) & (intervals[:, 2] != 0.0)
    times, seconds = times[known], lengths[known] / 1e3
    off = np.full(len(times), np.nan) if intervals.ndim == 1 else intervals[known, 1] / 1e3
    parts = np.array([np.where(off > 0.0, off / math.sqrt(2.0), np.nan), grain.spread(seconds)])
    placing = np.where(np.isnan(parts).all(axis=0), np.nan, np.sqrt(np.nansum(parts * parts, axis=0)))
    waited = steps_from(last, times)
    return Told(times, seconds, ~(np.abs(waited - seconds) <= STAMP_SLACK), placing)


def plain_beats(times: FloatArray) -> Beats:
    """Return beats of which only the time is known [s]: settled with it, and without fault."""
    ones = np.ones(len(times))
    none, first = np.full(len(times), np.nan), np.zeros(len(times), np.bool_)
    return no_beats()._replace(
        times=times,
        settled=np.nextafter(times, np.inf),
        heights=none,
        contrast=ones,
        likeness=ones,
        trusted=ones,
        passed=np.zeros(len(times)),
        waves=np.zeros(len(times)),
        placing=none,
        first=first,
    )

"""Doubtful places of a signal: what a person who corrects looks at one after another. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from acquisition.events.corrected import ByHand
from acquisition.stream import BoolArray, FloatArray
from processing.heart.config import HeartConfig
from processing.heart.ibi import ECTOPIC, LONG, MISPLACED, NORMAL, SHORT, Intervals
from viewer.model.trace import Trace

LOW = 0.5
"""Quality below which a second is doubtful."""
OUTLIER = 0.3
"""An interval so far from the median of those around it is doubtful, as a share of that."""
AROUND = 11
"""Intervals that this median is of."""
NEAR = 0.05
"""A correction so near to a place concerns it [s]."""
JOINED = 2.0
"""Beats that were not judged, and bad seconds, so near to each other are one place [s]."""
LARGE = 4.0
"""A response so many times larger than the median one is doubtful."""
WORDS = {ECTOPIC: "ectopic", LONG: "long interval", SHORT: "extra beat", MISPLACED: "late beat"}
LETTERS = {ECTOPIC: "E", LONG: "L", SHORT: "S", MISPLACED: "M"}
"""Letters of the classes; a beat that was not judged has a question mark."""


class Place(NamedTuple):
    """Hold a doubtful place: from start to stop [s since the first tick], where the cursor goes, and why."""

    start: float
    stop: float
    time: float
    why: str

    def done(self, by_hand: ByHand, t0: float) -> bool:
        """Tell whether a correction concerns it, or it was found right."""
        low, high = self.start - NEAR + t0, self.stop + NEAR + t0
        times = (by_hand.inserted, by_hand.deleted, by_hand.moved, by_hand.rejected, by_hand.kept)
        if any(low <= t <= high for kept in times for t in kept):
            return True
        moved = any(low <= t <= high for t in by_hand.moved.values())
        return moved or any(a < high and low < b for a, b in (*by_hand.marked, *by_hand.accepted))


def of_beats(beats: Intervals, t0: float) -> list[Place]:
    """Return the places where a beat is not normal, was not judged, or where an interval is an outlier."""
    times = beats.times - t0
    before = np.append(np.nan, times[:-1])
    odd = _outliers(times) & np.isfinite(beats.values)
    found, unjudged = [], []
    columns = (times.tolist(), before.tolist(), beats.classes.tolist(), odd.tolist(), beats.reasons)
    for time, start, kind, outlier, reason in zip(*columns, strict=True):
        start = start if time - start < HeartConfig.longest else time
        if math.isnan(kind):
            unjudged.append(Place(time, time, time, reason or "not judged"))
        elif kind != NORMAL:
            found.append(Place(start if kind in (LONG, SHORT) else time, time, time, WORDS.get(kind, "?")))
        elif outlier:
            found.append(Place(start, time, time, "outlier"))
    return ordered([*found, *_joined(unjudged)])


def _outliers(times: FloatArray) -> BoolArray:
    """Tell which intervals are far from the median of those around them."""
    intervals = np.diff(times, prepend=np.nan)
    half = AROUND // 2
    padded = np.concatenate((np.full(half, np.nan), intervals, np.full(half, np.nan)))
    around = np.lib.stride_tricks.sliding_window_view(padded, AROUND)
    usual = np.array([float(np.median(row[row == row])) if (row == row).any() else np.nan for row in around])
    far = np.abs(intervals - usual) > OUTLIER * usual
    return np.asarray(far & (intervals < HeartConfig.longest))


def of_quality(trace: Trace | None) -> list[Place]:
    """Return the stretches of low quality, a second to either side of a row of half a second each way."""
    if trace is None or not trace.n:
        return []
    values = trace.values
    bad = np.flatnonzero(values < LOW)
    rows = [
        Place(t - 0.5, t + 0.5, t, trace.reason(k) or "low quality")
        for k, t in zip(bad.tolist(), trace.times[bad].tolist(), strict=True)
    ]
    return _joined(rows)


def of_responses(peaks: FloatArray, amplitudes: FloatArray, t0: float) -> list[Place]:
    """Return responses that are much larger than most."""
    if len(peaks) < 5:
        return []
    limit = LARGE * float(np.median(amplitudes))
    large = np.flatnonzero(amplitudes > limit)
    return [Place(t, t, t, "large response") for t in (peaks[large] - t0).tolist()]


def _joined(rows: Sequence[Place]) -> list[Place]:
    out: list[Place] = []
    for row in rows:
        if out and row.start - out[-1].stop <= JOINED and row.why == out[-1].why:
            out[-1] = out[-1]._replace(stop=row.stop)
        else:
            out.append(row)
    return out


def ordered(places: Iterable[Place]) -> list[Place]:
    """Return places in order of time."""
    return sorted(places, key=lambda place: (place.time, place.start))

"""Cardiac indices on a 5 s grid: breathing rate, HF power, RSA."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing import respiration
from processing.heart_table import BeatTable
from processing.heart_windows import HeartConfig
from processing.hrv_spectrum import RSA_EDGE, RSA_RATE, cubic, hf_power, rsa_pb
from processing.ibi import NORMAL, Intervals

STEP = 5.0
"""Seconds between values."""
SETTLING = 1.2
"""Grid results wait so long after the last time they describe [s]: every beat is decided by then."""
CLOSING = 3.0
"""Further wait for the beat that closes an interpolated window [s]."""
SHORTEST = 64.0
"""Least seconds of beats behind an HF value."""
HOLE = 3.0
"""A longer stretch without an accepted beat is not interpolated [s]."""


def spectral_points(beats: Intervals, start: int, stop: int) -> tuple[FloatArray, FloatArray]:
    """Return times [s] and NN [ms] of accepted intervals, with the beats that a correction put in."""
    known = np.isfinite(beats.values[start:stop])
    times, values = beats.times[start:stop][known], beats.values[start:stop][known]
    parts = np.round(1e3 * beats.spans[start:stop][known] / values)
    if len(parts) == 0 or parts.max() <= 1:
        return times, values
    lists = [
        (time - k * value / 1e3, value)
        for time, value, n in zip(times.tolist(), values.tolist(), parts.tolist(), strict=True)
        for k in range(int(n) - 1, -1, -1)
    ]
    points = np.array(lists)
    increasing = np.concatenate(([True], np.diff(points[:, 0]) > 0.0))
    return points[increasing, 0], points[increasing, 1]


class Window(NamedTuple):
    """Hold the beats of one window for interpolation, and why not where that is not possible."""

    times: FloatArray
    values: FloatArray
    reason: str


def window_beats(beats: Intervals, first: int, stop: int, start: float, end: float, c: HeartConfig) -> Window:
    """Return the accepted ones of beats[first:stop], with a reason if [start, end] cannot be interpolated."""
    times, values = spectral_points(beats, first, stop)
    low = first + int(np.searchsorted(beats.times[first:stop], start, side="right"))
    high = first + int(np.searchsorted(beats.times[first:stop], end, side="right"))
    spans = beats.spans[low:high][np.isfinite(beats.values[low:high])]
    if len(times) < 4 or np.add.reduce(spans) < c.cover * (end - start):
        return Window(times, values, "too few accepted beats")
    if np.count_nonzero(beats.classes[low:high] > NORMAL) > c.corrected * (high - low):
        return Window(times, values, "too many corrected beats")
    if (times[1:] - times[:-1]).max() > HOLE:
        return Window(times, values, "gap")
    return Window(times, values, "")


class Value(NamedTuple):
    """Hold one result: nan with a reason where a gate is shut."""

    value: float
    quality: float
    reason: str


def _nothing(reason: str) -> Value:
    return Value(math.nan, 0.0, reason)


class GridIndices:
    """Compute the indices of one person that need interpolated intervals, each at given centres.

    Parameters
    ----------
    table : BeatTable
    has_heights : bool
        The beats come from an ECG, whose R amplitude follows the breath.
    """

    def __init__(self, table: BeatTable, *, has_heights: bool, config: HeartConfig) -> None:
        self._table, self._has_heights, self._config = table, has_heights, config
        self._centres: list[float] = []
        self._rates: list[float] = []
        self._speech_times: list[float] = []
        self._speech: list[float] = []

    def hear_speech(self, time: float, share: float) -> None:
        """Take in the share of own speech in the second that ends at `time`."""
        self._speech_times.append(time)
        self._speech.append(share)

    def forget(self, before: float) -> None:
        """Drop speech and breathing rates from before a time [s] that no window to come can reach."""
        for times, values in ((self._speech_times, self._speech), (self._centres, self._rates)):
            old = bisect_left(times, before)
            if old > 1000:
                del times[:old], values[:old]

    def spoken(self, start: float, end: float) -> float:
        """Return the share of own speech in a window, nan while unknown; see `HeartConfig.speech_lag`."""
        first = bisect_right(self._speech_times, start)
        last = bisect_right(self._speech_times, end - self._config.speech_lag)
        return math.fsum(self._speech[first:last]) / (last - first) if last > first else math.nan

    def breathing(self, centre: float) -> Value:
        """Return the breathing rate [1/min] around `centre`; ask in order."""
        beats, rows = self._table.rows.beats, self._table.rows
        half = respiration.WINDOW / 2
        end = centre + half + CLOSING
        stop = self._table.until(end, end + SETTLING)
        first = int(np.searchsorted(beats.times, centre - half - CLOSING))
        good = np.flatnonzero(beats.classes[first:stop] == 0.0) + first
        heights = rows.heights[good] if self._has_heights else None
        found = Value(*respiration.breathing_rate(beats.times[good], beats.values[good], heights, centre))
        self._centres.append(centre)
        self._rates.append(found.value)
        return found

    def hf(self, centre: float) -> Value:
        """Return HF power [ms²] of the window around `centre`."""
        c, half = self._config, self._config.hf_window / 2
        beats = self._table.rows.beats
        end = centre + half
        stop = self._table.until(end, end + SETTLING)
        first = max(0, int(np.searchsorted(beats.times, centre - half, side="right")) - 1)
        if stop - first < 4 or not end - beats.times[first] >= SHORTEST:
            return _nothing("less than 64 s of beats")
        start = max(centre - half, float(beats.times[first]))
        window = window_beats(beats, first, stop, start, end, c)
        last = end - respiration.WINDOW / 2 - CLOSING
        reason = window.reason or self._gate(window, centre - half, last, (start, end))
        if reason:
            return _nothing(reason)
        power = hf_power(window.times, window.values)
        return Value(power, 1.0, "") if math.isfinite(power) else _nothing("less than 64 s of beats")

    def rsa(self, centre: float) -> Value:
        """Return `rsa_pb` [ln ms²] of the window around `centre`."""
        c, half = self._config, self._config.rsa_window / 2
        beats, reach = self._table.rows.beats, half + RSA_EDGE
        end = centre + reach + CLOSING
        stop = self._table.until(end, end + SETTLING)
        first = int(np.searchsorted(beats.times, centre - reach - CLOSING))
        window = window_beats(beats, first, stop, centre - reach, centre + reach, c)
        n = round(2 * reach * RSA_RATE)
        at: FloatArray = np.asarray(centre + (np.arange(n) - (n - 1) / 2) / RSA_RATE)
        if len(window.times) < 4 or window.times[0] > at[0] or window.times[-1] < at[-1]:
            return _nothing("too few accepted beats")
        reason = window.reason or self._gate(
            window, centre - half, centre + half, (centre - half, centre + half)
        )
        if reason:
            return _nothing(reason)
        value = rsa_pb(cubic(window.times, window.values, at))
        return Value(value, 1.0, "") if math.isfinite(value) else _nothing("no variation")

    def _gate(self, window: Window, start: float, last: float, spoken: tuple[float, float]) -> str:
        """Tell why respiration or speech forbids a value; "" if they do not."""
        c = self._config
        rates = self._rates[bisect_left(self._centres, start) : bisect_right(self._centres, last)]
        known = sorted(rate for rate in rates if math.isfinite(rate))
        if not known or 2 * len(known) < len(rates):
            return "breathing rate unknown"
        rate = known[len(known) // 2] / 60.0
        if not c.breathing[0] <= rate <= c.breathing[1]:
            low, high = 60 * c.breathing[0], 60 * c.breathing[1]
            return f"breathing at {60 * rate:.0f}/min, outside {low:.0f}-{high:.0f}"
        if rate * float(np.mean(window.values)) / 1e3 > c.breathing_per_beat:
            return f"breathing at {60 * rate:.0f}/min is too fast for the heart rate"
        share = self.spoken(*spoken)
        return f"spoke {100 * share:.0f} % of the window" if share > c.speech else ""

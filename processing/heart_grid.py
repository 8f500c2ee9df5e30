"""Cardiac indices on a 5 s grid: breathing rate, HF power, RSA."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import Literal, NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing import respiration
from processing.heart_table import BeatTable
from processing.heart_windows import HeartConfig
from processing.hrv_spectrum import RSA_EDGE, RSA_RATE, hf_powers, rsa_values
from processing.ibi import NORMAL, Intervals
from processing.splines import cubics

STEP = 5.0
"""Seconds between values."""
SETTLING = 1.2
"""Grid results wait so long after the last time they describe [s]: every beat is decided by then."""
CLOSING = 3.0
"""Further wait for the beat that closes an interpolated window [s]."""
SHORTEST = 64.0
"""Least seconds of beats behind an HF value."""
TOO_SHORT = "less than 64 s of beats"
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


def _finite(value: float, otherwise: str) -> Value:
    return Value(value, 1.0, "") if math.isfinite(value) else _nothing(otherwise)


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

    def breathing(self, centres: FloatArray) -> list[Value]:
        """Return the breathing rate [1/min] around each centre; ask in order."""
        beats, rows = self._table.rows.beats, self._table.rows
        half = respiration.WINDOW / 2 + CLOSING
        accepted = beats.classes == 0.0
        windows = []
        for first, stop in self._reach(centres - half, centres + half):
            good = np.flatnonzero(accepted[first:stop]) + first
            heights = rows.heights[good] if self._has_heights else None
            windows.append(respiration.BreathWindow(beats.times[good], beats.values[good], heights))
        found = [Value(*values) for values in respiration.breathing_rates(windows, centres)]
        self._centres += centres.tolist()
        self._rates += [value.value for value in found]
        return found

    def hf(self, centres: FloatArray) -> list[Value]:
        """Return HF power [ms²] of the window around each centre."""
        half = self._config.hf_window / 2
        spans = self._reach(centres - half, centres + half, side="right")
        asked = [
            self._hf_window(centre, max(0, first - 1), stop)
            for centre, (first, stop) in zip(centres.tolist(), spans, strict=True)
        ]
        powers = iter(hf_powers([(w.times, w.values) for w in asked if not w.reason]))
        return [_nothing(w.reason) if w.reason else _finite(next(powers), TOO_SHORT) for w in asked]

    def rsa(self, centres: FloatArray) -> list[Value]:
        """Return `rsa_pb` [ln ms²] of the window around each centre."""
        half = self._config.rsa_window / 2 + RSA_EDGE
        n = round(2 * half * RSA_RATE)
        at: FloatArray = centres[:, None] + (np.arange(n) - (n - 1) / 2) / RSA_RATE
        spans = self._reach(centres - half - CLOSING, centres + half + CLOSING)
        asked = [
            self._rsa_window(centre, row, first, stop)
            for centre, row, (first, stop) in zip(centres.tolist(), at, spans, strict=True)
        ]
        open_ = [k for k, w in enumerate(asked) if not w.reason]
        beats = [(asked[k].times, asked[k].values) for k in open_]
        values = iter(rsa_values(cubics(beats, at[open_])) if open_ else ())
        return [_nothing(w.reason) if w.reason else _finite(next(values), "no variation") for w in asked]

    def _reach(
        self, starts: FloatArray, ends: FloatArray, side: Literal["left", "right"] = "left"
    ) -> list[tuple[int, int]]:
        """Return first and one past last of the beats from each start to each end, settled in time."""
        times, settled = self._table.rows.beats.times, self._table.rows.settled
        first = times.searchsorted(starts, side=side)
        stop = times.searchsorted(ends, side="right")
        stop = np.minimum(stop, settled.searchsorted(ends + SETTLING, side="right"))
        return list(zip(first.tolist(), stop.tolist(), strict=True))

    def _hf_window(self, centre: float, first: int, stop: int) -> Window:
        c, half = self._config, self._config.hf_window / 2
        beats, end = self._table.rows.beats, centre + half
        if stop - first < 4 or not end - beats.times[first] >= SHORTEST:
            return Window(beats.times[:0], beats.values[:0], TOO_SHORT)
        start = max(centre - half, float(beats.times[first]))
        window = window_beats(beats, first, stop, start, end, c)
        last = end - respiration.WINDOW / 2 - CLOSING
        reason = window.reason or self._gate(window, centre - half, last, (start, end))
        return window._replace(reason=reason)

    def _rsa_window(self, centre: float, at: FloatArray, first: int, stop: int) -> Window:
        c, half = self._config, self._config.rsa_window / 2
        reach = half + RSA_EDGE
        window = window_beats(self._table.rows.beats, first, stop, centre - reach, centre + reach, c)
        if len(window.times) < 4 or window.times[0] > at[0] or window.times[-1] < at[-1]:
            return window._replace(reason="too few accepted beats")
        span = (centre - half, centre + half)
        return window._replace(reason=window.reason or self._gate(window, *span, span))

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
        if rate * float(np.add.reduce(window.values) / len(window.values)) / 1e3 > c.breathing_per_beat:
            return f"breathing at {60 * rate:.0f}/min is too fast for the heart rate"
        share = self.spoken(*spoken)
        return f"spoke {100 * share:.0f} % of the window" if share > c.speech else ""

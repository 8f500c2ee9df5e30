"""Cardiac indices on a 5 s grid: breathing rate, HF power, RSA."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.filling import filled
from processing.heart import respiration
from processing.heart.config import SHORTEST_HF, HeartConfig
from processing.heart.hrv import elementwise, hinges_on_two, slice_sums, stands_out
from processing.heart.ibi import ALTERNATING, DOUBTED, NORMAL, PASSED_OVER, Intervals, is_uneven
from processing.heart.limits.placing import at_most_in_rsa, in_hf, is_negligible, placing_share
from processing.heart.limits.turning_in_bands import turned_in_band
from processing.heart.spectrum import BAND, RSA_BAND, RSA_EDGE, RSA_RATE, hf_powers, rsa_values
from processing.heart.table import BeatTable
from processing.heart.windows import ECTOPICS, FEW, IRREGULAR, PLACED, PLACING, UNSURE, most_missing, worth_of
from processing.splines import cubics

STEP, SETTLING, CLOSING = HeartConfig.step, HeartConfig.settling, HeartConfig.closing
SHORTEST = SHORTEST_HF
"""Least seconds of beats behind an HF value."""
DECIMALS = 3
"""Of a breathing rate that is said, at most."""
TOO_SHORT = "less than 64 s of beats"
HOLE = 3.0
"""A longer stretch without an accepted beat is not interpolated [s]."""


class Window(NamedTuple):
    """Hold the beats of one window for interpolation, and why not where that is not possible."""

    times: FloatArray
    values: FloatArray
    reason: str


def window_beats(
    beats: Intervals,
    spans: IntArray,
    starts: FloatArray,
    ends: FloatArray,
    c: HeartConfig,
    *,
    has_shapes: bool,
) -> list[Window]:
    """Return the accepted beats of many windows, each with a reason if it cannot be interpolated.

    Parameters
    ----------
    spans : ndarray of int, shape (n_windows, 2)
        First and one past last of the beats that a window may use.
    starts, ends : ndarray, shape (n_windows,)
        What must be covered [s].
    has_shapes : bool
        The beats were judged by their shapes, too.
    """
    first, stop = spans.T
    known = np.isfinite(beats.values)
    places, odd = _counts(known), _counts(beats.classes > NORMAL)
    uneven, turning = _counts(is_uneven(beats.rhythms)), _counts(beats.rhythms == ALTERNATING)
    low, high = (np.clip(beats.times.searchsorted(t, side="right"), first, stop) for t in (starts, ends))
    few = slice_sums(np.where(known, beats.spans, 0.0), low, high) < c.cover * (ends - starts)
    many = (odd[high] - odd[low] > c.corrected * (high - low)) | (turning[high] > turning[low])
    irregular = uneven[high] > uneven[low]
    doubted = _counts(beats.rhythms == DOUBTED)
    missing = doubted[high] - doubted[low] > most_missing(ends - starts, c)
    two = hinges_on_two(beats, low, high, c.largest)
    if not has_shapes:
        two |= stands_out(beats, low, high, c.largest_by_time)
    gates = ((missing, PASSED_OVER), (many, ECTOPICS), (irregular, IRREGULAR), (few, FEW), (two, UNSURE))
    verdicts = np.select([shut for shut, _ in gates], [why for _, why in gates], "").tolist()
    times, values = beats.times[known], beats.values[known]
    holes = _counts(times[1:] - times[:-1] > HOLE)
    out = []
    columns = places[first], places[stop]
    for begin, end, why in zip(*(col.tolist() for col in columns), verdicts, strict=True):
        torn = end - begin > 1 and bool(holes[end - 1] > holes[begin])
        why = why or (FEW if end - begin < 4 else "")
        out.append(Window(times[begin:end], values[begin:end], why or ("gap" if torn else "")))
    return out


def _bridged(times: FloatArray, heights: FloatArray) -> FloatArray:
    """Return heights with straight lines over beats without one: placed by hand where no R is seen."""
    known = np.isfinite(heights)
    return heights if known.all() or not known.any() else np.interp(times, times[known], heights[known])


def _counts(marks: BoolArray) -> IntArray:
    """Return how many marks lie before each place, shape (n + 1,)."""
    return np.concatenate(([0], np.cumsum(marks)))


class Value(NamedTuple):
    """Hold one result: nan with a reason where a gate is shut."""

    value: float
    quality: float
    reason: str


def _nothing(reason: str) -> Value:
    return Value(math.nan, 0.0, reason)


def _valued(asked: Sequence[Window], values: FloatArray, placed: FloatArray, otherwise: str) -> list[Value]:
    """Return what came of the open ones among windows, in order: `placed` is the share of each that placing
    R peaks may have added, `otherwise` why a value is nan."""
    open_ = zip(values.tolist(), worth_of(placed).tolist(), strict=True)
    out = []
    for window in asked:
        value, worth = (math.nan, 0.0) if window.reason else next(open_)
        known = Value(value, worth, PLACING if worth < 1.0 else "")
        out.append(known if math.isfinite(value) else _nothing(window.reason or otherwise))
    return out


def beyond(rate: float, low: float, high: float) -> str:
    """Return that a breathing rate [1/min] lies outside of two limits, in as many decimals as show it."""
    shown, places = (rate, low, high), 0
    while places < DECIMALS and round(low, places) <= round(rate, places) <= round(high, places):
        places += 1
    at, bottom, top = (f"{x:.{places}f}" for x in shown)
    return f"breathing at {at}/min, outside {bottom}-{top}"


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

    def hear_breathing(self, time: float, rate: float) -> None:
        """Take in the breathing rate [1/min] around `time` from a respiration stream; nan where unknown."""
        self._centres.append(time)
        self._rates.append(rate)

    def forget(self, before: float) -> None:
        """Drop speech and breathing rates from before a time [s] that no window to come can reach."""
        for times, values in ((self._speech_times, self._speech), (self._centres, self._rates)):
            old = bisect_left(times, before)
            if old > 1000:
                del times[:old], values[:old]

    @property
    def heard_speech(self) -> bool:
        """Tell whether any share of own speech was heard."""
        return bool(self._speech)

    def spoken(self, start: float, end: float) -> float:
        """Return the share of own speech in a window, nan while unknown; see `HeartConfig.speech_lag`."""
        first = bisect_right(self._speech_times, start)
        last = bisect_right(self._speech_times, end - self._config.speech_lag)
        return math.fsum(self._speech[first:last]) / (last - first) if last > first else math.nan

    def breathing(self, centres: FloatArray) -> list[Value]:
        """Return the breathing rate [1/min] around each centre; ask in order."""
        beats, rows = self._table.rows.beats, self._table.rows
        half = respiration.WINDOW / 2 + CLOSING
        good = np.isfinite(beats.values)
        times, values, heights = (
            beats.times[good],
            beats.values[good],
            _bridged(beats.times, rows.heights)[good],
        )
        windows = [
            respiration.BreathWindow(times[i:j], values[i:j], heights[i:j] if self._has_heights else None)
            for i, j in _counts(good)[self._reach(centres - half, centres + half)].tolist()
        ]
        found = [Value(*values) for values in respiration.breathing_rates(windows, centres)]
        self._centres += centres.tolist()
        self._rates += [value.value for value in found]
        return found

    def hf(self, centres: FloatArray) -> list[Value]:
        """Return HF power [ms²] of the window around each centre."""
        asked = self._hf_windows(centres)
        open_ = [k for k, w in enumerate(asked) if not w.reason]
        powers = np.array(hf_powers([(asked[k].times, asked[k].values) for k in open_]), np.float64)
        half = self._config.hf_window / 2
        placed = self._placed(centres[open_], half, powers, in_hf)
        turned = self._turned(centres[open_], half, BAND)
        return _valued(asked, powers, np.maximum(placed, turned), TOO_SHORT)

    def rsa(self, centres: FloatArray) -> list[Value]:
        """Return `rsa_pb` [ln ms²] of the window around each centre."""
        n = round(2 * (self._config.rsa_window / 2 + RSA_EDGE) * RSA_RATE)
        at: FloatArray = centres[:, None] + (np.arange(n) - (n - 1) / 2) / RSA_RATE
        asked = self._rsa_windows(centres, at)
        open_ = [k for k, w in enumerate(asked) if not w.reason]
        beats = [filled(asked[k].times, asked[k].values) for k in open_]
        values = np.array(rsa_values(cubics(beats, at[open_])) if open_ else (), np.float64)
        variances = elementwise(math.exp, values)
        half = self._config.rsa_window / 2
        placed = self._placed(centres[open_], half, variances, at_most_in_rsa)
        turned = self._turned(centres[open_], half + RSA_EDGE, RSA_BAND)
        return _valued(asked, values, np.maximum(placed, turned), "no variation")

    def _placed(
        self,
        centres: FloatArray,
        half: float,
        variances: FloatArray,
        adds: Callable[[FloatArray], FloatArray],
    ) -> FloatArray:
        """Return which part of variances of `half` s to both sides of centres placing R peaks may have added;
        0 where it is far from counting."""
        beats = self._table.rows.beats
        if is_negligible(beats, variances, PLACED):
            return np.zeros(len(centres))
        first, stop = self._reach(centres - half, centres + half, side="right").T
        times = np.append(beats.times, np.inf)
        mean = (times[np.maximum(stop - 1, first)] - times[first]) / np.maximum(stop - 1 - first, 1)
        return placing_share(beats, first, stop, variances, adds(mean))

    def _turned(self, centres: FloatArray, half: float, band: tuple[float, float]) -> FloatArray:
        """Return which part of a band a QRS that turns may have added, from `half` s to both sides."""
        first, stop = self._reach(centres - half, centres + half, side="right").T
        return turned_in_band(self._table.rows.beats, (first, stop), 2 * half, band).share

    def _reach(
        self, starts: FloatArray, ends: FloatArray, side: Literal["left", "right"] = "left"
    ) -> IntArray:
        """Return first and one past last of the beats from each start to each end, settled in time."""
        times, settled = self._table.rows.beats.times, self._table.rows.settled
        stop = np.minimum(
            times.searchsorted(ends, side="right"), settled.searchsorted(ends + SETTLING, side="right")
        )
        return np.stack((np.minimum(times.searchsorted(starts, side=side), stop), stop), axis=1)

    def _hf_windows(self, centres: FloatArray) -> list[Window]:
        half, beats = self._config.hf_window / 2, self._table.rows.beats
        ends = centres + half
        spans = self._reach(centres - half, ends, side="right")
        spans[:, 0] = np.maximum(spans[:, 0] - 1, 0)
        oldest = np.append(beats.times, np.inf)[spans[:, 0]]
        short = (spans[:, 1] - spans[:, 0] < 4) | ~(ends - oldest >= SHORTEST)
        starts = np.maximum(centres - half, oldest)
        windows = window_beats(beats, spans, starts, ends, self._config, has_shapes=self._has_heights)
        bounds = zip(starts.tolist(), (centres - half).tolist(), ends.tolist(), short.tolist(), strict=True)
        return [
            w._replace(reason=TOO_SHORT)
            if scarce
            else self._gated(w, begin, end - respiration.WINDOW / 2 - CLOSING, (start, end))
            for w, (start, begin, end, scarce) in zip(windows, bounds, strict=True)
        ]

    def _rsa_windows(self, centres: FloatArray, at: FloatArray) -> list[Window]:
        half = self._config.rsa_window / 2
        reach = half + RSA_EDGE
        spans = self._reach(centres - reach - CLOSING, centres + reach + CLOSING)
        windows = window_beats(
            self._table.rows.beats,
            spans,
            centres - reach,
            centres + reach,
            self._config,
            has_shapes=self._has_heights,
        )
        out = []
        for w, centre, first, last in zip(
            windows, centres.tolist(), at[:, 0].tolist(), at[:, -1].tolist(), strict=True
        ):
            if len(w.times) < 4 or w.times[0] > first or w.times[-1] < last:
                out.append(w._replace(reason=FEW))
            else:
                span = (centre - half, centre + half)
                out.append(self._gated(w, *span, span))
        return out

    def _gated(self, window: Window, start: float, last: float, spoken: tuple[float, float]) -> Window:
        return window._replace(reason=window.reason or self._gate(window, start, last, spoken))

    def _gate(self, window: Window, start: float, last: float, spoken: tuple[float, float]) -> str:
        """Tell why respiration or speech forbids a value; "" if they do not."""
        c = self._config
        rates = self._rates[bisect_left(self._centres, start) : bisect_right(self._centres, last)]
        known = sorted(rate for rate in rates if math.isfinite(rate))
        if not known or 2 * len(known) < len(rates):
            return "breathing rate unknown"
        rate = known[len(known) // 2] / 60.0
        if not c.breathing[0] <= rate <= c.breathing[1]:
            return beyond(60 * rate, 60 * c.breathing[0], 60 * c.breathing[1])
        if rate * float(np.add.reduce(window.values) / len(window.values)) / 1e3 > c.breathing_per_beat:
            return f"breathing at {60 * rate:.0f}/min is too fast for the heart rate"
        share = self.spoken(*spoken)
        return f"spoke {100 * share:.0f} % of the window" if share > c.speech else ""

"""Breathing rate of one person from a respiration stream, such as a belt, in whatever unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import BoolArray, Chunk, FloatArray
from processing.heart.config import RespirationConfig
from processing.heart.respiration import WINDOW
from processing.heart.spectrum import detrended
from processing.index import IndexSample, Watermarks, index_samples, released

STEP = 5.0
"""Seconds between values."""
RATE = 4.0
"""Samples are averaged over steps of the clock at this rate [Hz]."""
SLOWEST = 4.0
"""Least rate of the stream [Hz]."""
BAND = (0.08, 0.75)
"""Breathing sought in [Hz]: about 6 to 45 a minute."""
LEAST = 5
"""Passages through the middle that a window must hold, in both directions together: two breaths."""
PADDED = 1024
KEPT = 30.0
"""Seconds before the centre of the next window that are kept."""

_N = int(WINDOW * RATE)
_OFFSETS = np.arange(_N) / RATE - WINDOW / 2
_TAPER = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_N) / _N)
_FREQUENCIES: FloatArray = np.fft.rfftfreq(PADDED, 1 / RATE).astype(np.float64)
_BAND = slice(*np.searchsorted(_FREQUENCIES, BAND).tolist())
_NEAR = round(0.05 * PADDED / RATE)
"""Bins around the highest one that hold one rate: the width of the taper."""


class Points:
    """Average samples over quarters of a second of the clock, the same for any cutting."""

    def __init__(self) -> None:
        self._waiting: list[tuple[FloatArray, FloatArray]] = []
        self.times: FloatArray = np.empty(0)
        self.values: FloatArray = np.empty(0)
        self.moved: BoolArray = np.empty(0, np.bool_)
        """Whether the signal changed."""
        self.first = math.inf
        self._last = math.nan

    def push(self, times: FloatArray, values: FloatArray) -> None:
        """Take in samples; those that are missing say nothing."""
        known = np.isfinite(values)
        if known.any():
            self._waiting.append((times[known], values[known]))

    def settle(self, until: float) -> None:
        """Average what lies in the steps that end by `until` [s], all of whose samples have been seen."""
        if not self._waiting:
            return
        times, values = (np.concatenate(column) for column in zip(*self._waiting, strict=True))
        steps = np.floor(RATE * times)
        n = int(np.searchsorted(steps, math.floor(RATE * until)))
        self._waiting = [(times[n:], values[n:])] if n < len(times) else []
        if n == 0:
            return
        times, values, steps = times[:n], values[:n], steps[:n]
        self.first = min(self.first, float(times[0]))
        moved = np.diff(values, prepend=self._last) != 0.0
        self._last = float(values[-1])
        starts = np.flatnonzero(np.diff(steps, prepend=-np.inf))
        counts = np.diff(np.append(starts, n))
        middles = steps[starts] / RATE
        late = np.add.reduceat(times - np.repeat(middles, counts), starts) / counts
        self.times = np.concatenate((self.times, middles + late))
        self.values = np.concatenate((self.values, np.add.reduceat(values, starts) / counts))
        self.moved = np.concatenate((self.moved, np.logical_or.reduceat(moved, starts)))

    def forget(self, before: float) -> None:
        """Let go of what lies before a moment [s]."""
        keep = slice(int(np.searchsorted(self.times, before)), None)
        self.times, self.values, self.moved = self.times[keep], self.values[keep], self.moved[keep]


class Breath:
    """Estimate the breathing rate of one person from chunks of a respiration stream.

    Two estimates over 30 s must agree: the count of breaths in the displacement, which is the value, and the
    highest place in the spectrum of its slope, which posture and drift move little.

    Parameters
    ----------
    entity : str
        client or therapist.
    """

    def __init__(self, entity: str, *, config: RespirationConfig) -> None:
        self._entity, self._config = entity, config
        self._delay = WINDOW / 2 + config.hole
        self._points = Points()
        self._refused = ""
        self._next = math.nan

    def update(self, chunk: Chunk) -> None:
        """Take in admitted samples of the first channel, in any unit."""
        if 0.0 < chunk.info.sfreq < SLOWEST:
            self._refused = f"respiration at {chunk.info.sfreq:g} Hz: {SLOWEST:g} Hz or more are needed"
        self._points.push(
            np.asarray(chunk.times, np.float64), np.asarray(chunk.samples[:, 0], dtype=np.float64)
        )

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Let index samples pass: none bears on a belt."""

    def mark(self, event: Event, time: float) -> None:
        """Let an event pass: none bears on a belt."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks."""
        if len(ticks) == 0:
            return []
        passed = watermarks["breath"]
        if math.isnan(self._next):
            self._next = STEP * math.ceil(math.ceil(float(ticks[0])) / STEP)
        if not self._next + self._delay <= passed[-1]:
            return []
        candidates = self._next + STEP * np.arange(math.floor((passed[-1] - self._next) / STEP) + 1)
        n, available = released(candidates + self._delay, ticks, passed)
        centres: FloatArray = candidates[:n]
        self._next += STEP * n
        self._points.settle(float(passed[-1]))
        values, quality, reasons = self._rates(centres)
        self._points.forget(self._next - KEPT)
        return index_samples(centres, available, self._entity, "resp_rate", values, quality, reasons)

    def _rates(self, centres: FloatArray) -> tuple[FloatArray, FloatArray, list[str]]:
        values, quality = np.full(len(centres), math.nan), np.zeros(len(centres))
        reasons = [self._missing(centre) for centre in centres.tolist()]
        whole = [k for k, reason in enumerate(reasons) if not reason]
        if whole:
            at = (centres[whole, None] + _OFFSETS).ravel()
            series = np.interp(at, self._points.times, self._points.values).reshape(-1, _N)
            for k, (rate, share, reason) in zip(whole, breath_rates(series, self._config), strict=True):
                values[k], quality[k], reasons[k] = rate, share, reason
        return values, quality, reasons

    def _missing(self, centre: float) -> str:
        """Tell why the window around a moment cannot be used; "" if it can."""
        start, end = centre - WINDOW / 2, centre + WINDOW / 2
        points, hole = self._points, self._config.hole
        first = max(0, int(np.searchsorted(points.times, start, side="right")) - 1)
        last = int(np.searchsorted(points.times, end - 1.0 / RATE))
        times = points.times[first : last + 1]
        before = points.times[first : np.searchsorted(points.times, end)]
        if len(before) == 0 or end - before[-1] > STEP:
            return "no data"
        if self._refused:
            return self._refused
        if points.first > start - hole and times[0] > start:
            return f"less than {WINDOW:g} s of respiration"
        if times[0] > start or times[-1] < end - 1.0 / RATE or np.diff(times).max() > hole:
            return "gap"
        moves = times[points.moved[first : last + 1]]
        still = np.diff(np.concatenate(([start], moves[moves > start], [end]))).max()
        return "flat" if still >= self._config.flat else ""


def breath_rates(series: FloatArray, config: RespirationConfig) -> list[tuple[float, float, str]]:
    """Return breaths a minute, quality 0-1 and why there is no value, of windows of 30 s.

    Parameters
    ----------
    series : ndarray, shape (n_windows, 120)
        Displacement at 4 Hz in any unit.

    References
    ----------
    The count after Schäfer & Kratky (2008), doi:10.1007/s10439-007-9428-1, whose count Charlton et al.
    (2016), doi:10.1088/0967-3334/37/4/610, found the best of many; the agreement rule is ours.

    Departures
    ----------
    - breaths are counted by their passages through the middle, upward and downward, to the fraction of a
      sample; the smallest swing is a share of the upper quartile of the excursions, not of the maxima.
    """
    level = detrended(series)
    smooth = 6.0 * level[:, 2:-2] + 4.0 * (level[:, 1:-3] + level[:, 3:-1]) + level[:, :-4] + level[:, 4:]
    swings = config.swing * np.sort(np.abs(smooth), axis=1)[:, 3 * smooth.shape[1] // 4]
    slope = np.diff(series, axis=1, prepend=series[:, :1])
    line = np.fft.rfft((slope - slope.mean(axis=1, keepdims=True)) * _TAPER, PADDED)[:, _BAND]
    powers = line.real * line.real + line.imag * line.imag
    found = []
    for row, swing, power in zip(smooth, swings.tolist(), powers, strict=True):
        top = int(power.argmax())
        peak = float(_FREQUENCIES[_BAND][top])
        share = float(power[max(0, top - _NEAR) : top + _NEAR + 1].sum() / (power.sum() + 1e-300))
        rate = _counted(row, swing)
        if not abs(rate - peak) <= max(config.least, config.tolerance * rate):
            found.append((math.nan, 0.0, "breathing estimates disagree"))
        elif share < config.regular:
            found.append((math.nan, 0.0, "no regular breathing"))
        else:
            found.append((60.0 * rate, min(1.0, share), ""))
    return found


def _counted(level: FloatArray, swing: float) -> float:
    """Return the rate of breaths [Hz] that pass from beyond −swing to beyond swing, and of those back."""
    passages = [_passages(level, swing), _passages(-level, swing)]
    if sum(map(len, passages)) < LEAST:
        return math.nan
    spans = math.fsum(float(p[-1] - p[0]) for p in passages if len(p))
    return RATE * sum(len(p) - 1 for p in passages if len(p)) / spans


def _passages(level: FloatArray, swing: float) -> FloatArray:
    """Return where a breath rises through the middle, in samples."""
    beyond = np.flatnonzero(np.abs(level) > swing)
    above: BoolArray = level[beyond] > 0.0
    tops = beyond[1:][~above[:-1] & above[1:]]
    crossings = np.flatnonzero((level[:-1] < 0.0) & (level[1:] >= 0.0))
    ups = crossings[np.searchsorted(crossings, tops) - 1]
    return np.asarray(ups - level[ups] / (level[ups + 1] - level[ups]))

"""Skin conductance responses: causal detection with an absolute threshold.

A response is a rise from a trough to a peak by at least 0.05 µS (Boucsein 2012,
doi:10.1007/978-1-4614-1126-0), never a share of the largest one in the file. Departures and additions:

- the signal is smoothed by a quadratic Savitzky-Golay filter of about a second, on a grid aligned to the
  first sample of the stretch, so that any chunking gives the same numbers;
- a peak is final when the signal fell by `dip` or brought no new maximum for `hold` seconds; within 3 s;
- rises too steep for sweat glands, and those that fall about as fast as they rose, are movement.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.eda_quality import EdaGate, EdaQualityConfig, Fault

ROWS = 1024
"""Windows that are smoothed at once; bounds the memory."""
TRIM = 1024
"""Grid points that are let go of at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrConfig:
    """Hold the parameters of response detection.

    Parameters
    ----------
    minimum : float
        Smallest response [µS]: 0.05, optionally 0.01 (Boucsein 2012).
    dip : float
        Fall after a maximum that makes it a peak, and rise after a minimum that begins a response [µS].
    hold, wait : float
        A maximum that stands this long is a peak; a peak is judged so long after its time at the latest [s].
    slope, slope_share : float
        The onset is where the slope falls below both, going back from the steepest point: [µS/s] and share of
        the steepest slope.
    shortest, steepest, relative_steepest : float
        Movement: rise shorter than this [s], or steeper [µS/s], or steeper for its amplitude [1/s].
    fall, fall_share : float
        Movement: falls faster than both within 1.25 s, beyond the fall already under way: [µS/s] and share of
        the steepest rise.
    """

    minimum: float = 0.05
    dip: float = 0.003
    hold: float = 1.75
    wait: float = 1.0
    slope: float = 0.01
    slope_share: float = 0.1
    shortest: float = 0.25
    steepest: float = 2.5
    relative_steepest: float = 1.75
    fall: float = 0.1
    fall_share: float = 0.7


class Scr(NamedTuple):
    """Hold one response: moments [s], amplitude from trough to peak [µS], rise time [s].

    `known` is the stamp of the sample that settled it.
    """

    onset: float
    peak: float
    amplitude: float
    rise: float
    known: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scrs:
    """Hold responses as columns, shape (n_responses,): moments [s], amplitude [µS], rise time [s]."""

    onset: FloatArray
    peak: FloatArray
    amplitude: FloatArray
    rise: FloatArray
    known: FloatArray


class Smoother:
    """Smooth EDA onto a grid of 4 Hz (input below 8 Hz) or about 8 Hz, by fixed-length weighted sums.

    Every value is one sum over a window of fixed length at a fixed place, so chunks do not matter.
    """

    def __init__(self, sfreq: float) -> None:
        grid, width = (4.0, 1.25) if sfreq < 8.0 else (8.0, 0.8)
        self.step = max(1, int(sfreq // grid))
        self.sfreq = sfreq / self.step
        n = 2 * round(width * sfreq / 2) + 1 if sfreq >= 3.0 else 1
        u = np.arange(n) - n // 2
        self._weights = np.linalg.pinv(np.vander(u / max(1, n // 2), 3))[2] if n > 3 else np.ones(n) / n
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch."""
        self._times: FloatArray = np.empty(0)
        self._eda: FloatArray = np.empty(0)

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return grid times [s], smoothed values [µS] and the stamp of the last sample each needed [s]."""
        t, x = np.concatenate((self._times, times)), np.concatenate((self._eda, eda))
        k = len(self._weights)
        n = max(0, (len(x) - k) // self.step + 1)
        y = np.empty(n)
        if n:
            windows = np.lib.stride_tricks.sliding_window_view(x, k)[:: self.step]
            for i in range(0, n, ROWS):
                y[i : i + ROWS] = (windows[i : i + ROWS] * self._weights).sum(axis=1)
        used = n * self.step
        self._times, self._eda = t[used:], x[used:]
        return t[k // 2 :: self.step][:n], y, t[k - 1 :: self.step][:n]


class ScrDetector:
    """Find responses in one unbroken stretch after another, sample by sample on the smoothed grid."""

    SPAN = 30.0
    """How far back a trough is remembered [s]; bounds the memory."""

    def __init__(self, sfreq: float, config: ScrConfig) -> None:
        self.smoother = Smoother(sfreq)
        self._config = config
        self._hold = config.hold * self.smoother.sfreq
        self._wait = config.wait * self.smoother.sfreq
        self._span = int(self.SPAN * self.smoother.sfreq)
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch; what is not final is dropped."""
        self.smoother.reset()
        self._t: list[float] = []
        self._y: list[float] = []
        self._rising = False
        self._low = self._top = 0
        self._pending: tuple[int, int] | None = None

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[list[Scr], FloatArray, FloatArray]:
        """Return the responses that became final, and the smoothed grid: times [s] and values [µS]."""
        grid, smooth, known = self.smoother.push(times, eda)
        found = []
        for t, y, k in zip(grid.tolist(), smooth.tolist(), known.tolist(), strict=True):
            self._t.append(t)
            self._y.append(y)
            scr = self._step(k)
            if scr is not None:
                found.append(scr)
        self._trim()
        return found, grid, smooth

    def _step(self, known: float) -> Scr | None:
        y, n, dip = self._y, len(self._y) - 1, self._config.dip
        out = None
        if n == 0:
            return None
        if n - self._low > self._span:
            self._low = n - self._span if self._rising else n
        if self._rising:
            if y[n] > y[self._top]:
                self._top = n
            elif y[self._top] - y[n] >= dip or n - self._top >= self._hold:
                self._pending, self._rising = (self._low, self._top), False
                self._low = min(range(n, self._top - 1, -1), key=y.__getitem__)
        elif y[n] <= y[self._low]:
            self._low = n
        elif y[n] - y[self._low] >= dip:
            self._rising, self._top = True, n
            if self._pending:
                out, self._pending = self._judge(*self._pending, n, known), None
        if self._pending and n - self._pending[1] >= self._wait:
            out, self._pending = self._judge(*self._pending, n, known), None
        return out

    def _judge(self, low: int, top: int, now: int, known: float) -> Scr | None:
        """Return the response from a trough to a peak, None if it is too small or a movement."""
        config, f = self._config, self.smoother.sfreq
        y = np.array(self._y[low : top + 1])
        if y[-1] - y[0] < 0.9 * config.minimum:
            return None
        slopes = np.diff(y) * f
        steepest = int(np.argmax(slopes))
        onset, limit = steepest, max(config.slope, config.slope_share * float(slopes[steepest]))
        while onset > 0 and slopes[onset - 1] > limit:
            onset -= 1
        amplitude = float(y[-1] - y[max(0, onset - int(f)) : onset + 1].min())
        rise = self._t[top] - self._t[low + onset]
        if amplitude < config.minimum or self._moved(low, top, now, float(slopes[steepest]), amplitude, rise):
            return None
        return Scr(self._t[low + onset], self._t[top], amplitude, rise, known)

    def _moved(self, low: int, top: int, now: int, steepest: float, amplitude: float, rise: float) -> bool:
        """Tell whether a rise is a movement: too fast, or falls about as fast as it rose."""
        config, f = self._config, self.smoother.sfreq
        if steepest > min(config.steepest, config.relative_steepest * amplitude) or rise < config.shortest:
            return True
        fall = _steepest_fall(self._y[top : min(now, top + round(1.25 * f)) + 1]) * f
        under_way = max(0.0, _steepest_fall(self._y[max(0, low - int(f)) : low + 1]) * f)
        return fall - under_way > max(config.fall, config.fall_share * steepest)

    def _trim(self) -> None:
        """Forget what can no longer matter."""
        keep = min(self._low, *(self._pending or (self._low,))) - int(self.smoother.sfreq) - 1
        if keep > TRIM:
            del self._t[:keep], self._y[:keep]
            self._low, self._top = self._low - keep, max(0, self._top - keep)
            if self._pending:
                self._pending = self._pending[0] - keep, self._pending[1] - keep


def _steepest_fall(y: list[float]) -> float:
    return max((a - b for a, b in pairwise(y)), default=0.0)


def stretches(usable: BoolArray, starts: BoolArray) -> list[tuple[int, int, bool]]:
    """Return the runs of usable samples as (start, stop, begins a new stretch).

    A run begins at a usable sample after an unusable one, or at one of `starts`; the first run of the
    arrays carries on the stretch before unless it is in `starts`.
    """
    edges = np.flatnonzero(np.diff(usable)) + 1 if len(usable) else np.empty(0, np.int64)
    cuts = np.unique(np.concatenate(([0], edges, np.flatnonzero(starts), [len(usable)])))
    pairs = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    return [(a, b, bool(starts[a])) for a, b in pairs if usable[a]]


class ResponseFinder:
    """Split classed samples into stretches and find the responses in each.

    A missing sample or two is passed over; a gap or an invalid sample ends the stretch. Responses whose onset
    lies within `around` seconds after an invalid sample are not reported.
    """

    def __init__(self, sfreq: float, config: ScrConfig, quality: EdaQualityConfig) -> None:
        self._detector = ScrDetector(sfreq, config)
        self._around = quality.around
        self._fault = -np.inf
        self._broken = True

    def push(
        self, times: FloatArray, eda: FloatArray, codes: np.ndarray, gaps: BoolArray
    ) -> tuple[list[Scr], FloatArray, FloatArray, FloatArray]:
        """Return responses, grid times [s], smoothed values [µS], and where new stretches begin [s]."""
        present = codes != Fault.MISSING
        if not present.all():
            times, eda, codes, gaps = times[present], eda[present], codes[present], gaps[present]
        usable = (codes == Fault.NONE) | (codes == Fault.FLAT)
        starts = gaps | np.append(self._broken, ~usable[:-1])[: len(gaps)]
        found: list[Scr] = []
        grids, values, begun = [np.empty(0)], [np.empty(0)], []
        for a, b, new in stretches(usable, starts):
            if new:
                self._detector.reset()
                begun.append(times[a])
            if a and not usable[a - 1]:
                self._fault = float(times[a - 1])
            scrs, grid, value = self._detector.push(times[a:b], eda[a:b])
            found += [s for s in scrs if s.onset >= self._fault + self._around]
            grids.append(grid)
            values.append(value)
        if len(usable):
            self._broken = not usable[-1]
            if self._broken:
                self._fault = float(times[-1])
        return found, np.concatenate(grids), np.concatenate(values), np.array(begun)


def detect_scrs(
    eda: FloatArray,
    sfreq: float,
    *,
    config: ScrConfig | None = None,
    quality: EdaQualityConfig | None = None,
) -> Scrs:
    """Detect skin conductance responses, as the live estimator does.

    Parameters
    ----------
    eda : ndarray, shape (n_samples,)
        Skin conductance [µS]; nan where missing.
    sfreq : float
        Sampling rate [Hz].

    Returns
    -------
    Scrs
        Moments in seconds since the first sample.

    References
    ----------
    Boucsein (2012), doi:10.1007/978-1-4614-1126-0
    """
    quality = quality or EdaQualityConfig()
    times, eda = np.arange(len(eda)) / sfreq, np.asarray(eda, float)
    codes, gaps = EdaGate(sfreq, quality).push(times, eda)
    found, *_ = ResponseFinder(sfreq, config or ScrConfig(), quality).push(times, eda, codes, gaps)
    columns = np.array(found, float).reshape(-1, len(Scr._fields)).T
    return Scrs(**dict(zip(Scr._fields, columns, strict=True)))

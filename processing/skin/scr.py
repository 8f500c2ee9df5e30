"""Skin conductance responses: causal detection with an absolute threshold.

A response is a rise from a trough to a peak by at least 0.05 µS (Boucsein 2012,
doi:10.1007/978-1-4614-1126-0), never a share of the largest one in the file. Departures and additions:

- the signal is freed of jumps and smoothed (processing.skin.scr_signal);
- where two responses overlap the signal need not fall between them, only stand still: `tilt`;
- rises too steep for sweat glands are movement;
- a response is announced within 3 s of its peak, most within 1.6 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.skin.eda_quality import EdaGate, EdaQualityConfig, Fault
from processing.skin.scr_signal import Limits, Smoother

BEFORE = 0.5
"""Time before a trough over which its fall is taken [s]; from 8 Hz on."""
TRIM = 1024
"""Grid points that are let go of at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrConfig:
    """Hold the parameters of response detection.

    Parameters
    ----------
    minimum : float
        Smallest response [µS]: 0.05, optionally 0.01 (Boucsein 2012).
    shortest, longest : float
        Rise time [s] (Boucsein 2012: 0.5-5 s).
    dip, tilt : float
        A maximum is a peak, and a minimum a trough, when the signal left it by `dip` [µS] more than a drift
        of `tilt` [µS/s] explains: between two responses that overlap the signal may only stand still.
    wait : float
        A peak is judged at the latest so long after it [s], sooner when the next rise begins.
    slope, slope_share, onset_share : float
        The onset is where the first stretch begins that is steeper than `slope` [µS/s] and than a share of
        the steepest slope, and makes up a share of the rise.
    steepest : float
        A rise with a steeper slope for its amplitude is a movement [1/s].
    jump, jump_share, coarse_jump, coarse_jump_share : float
        See `processing.skin.scr_signal`: a jump is at least so high [µS], and this share of it is beyond the
        slope on either side; from 10 Hz on and below.
    """

    minimum: float = 0.05
    shortest: float = 0.5
    longest: float = 5.0
    dip: float = 0.0005
    tilt: float = 0.01
    wait: float = 0.75
    slope: float = 0.01
    slope_share: float = 0.1
    onset_share: float = 0.05
    steepest: float = 2.2
    jump: float = 0.04
    jump_share: float = 0.5
    coarse_jump: float = 0.12
    coarse_jump_share: float = 0.92


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


class ScrDetector:
    """Find responses in one unbroken stretch after another, sample by sample on the smoothed grid."""

    SPAN = 30.0
    """How far back a trough is remembered [s]; bounds the memory."""

    def __init__(self, sfreq: float, config: ScrConfig) -> None:
        coarse = Limits(config.coarse_jump, config.coarse_jump_share)
        self.smoother = Smoother(sfreq, Limits(config.jump, config.jump_share), coarse)
        self._config = config
        self._before = int(BEFORE * self.smoother.sfreq) if self.smoother.fine else 0
        self._tilt = config.tilt / self.smoother.sfreq
        self._wait = config.wait * self.smoother.sfreq
        self._span = int(self.SPAN * self.smoother.sfreq)
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch; what is not final is dropped."""
        self.smoother.reset()
        self._t: list[float] = []
        self._y: list[float] = []
        self._z: list[float] = []
        self._n = 0
        self._rising = False
        self._low = self._top = 0
        self._pending: tuple[int, int] | None = None

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[list[Scr], FloatArray, FloatArray]:
        """Return the responses that became final, and the smoothed grid: times [s] and values [µS]."""
        smooth = self.smoother.push(times, eda)
        found = []
        for t, y, k in zip(smooth.times.tolist(), smooth.steady.tolist(), smooth.known.tolist(), strict=True):
            self._t.append(t)
            self._y.append(y)
            self._z.append(y - self._n * self._tilt)
            self._n += 1
            scr = self._step(k)
            if scr is not None:
                found.append(scr)
        self._trim()
        return found, smooth.times, smooth.eda

    def _step(self, known: float) -> Scr | None:
        """Follow the tilted signal from trough to peak and back; judge a rise once its peak is clear."""
        z, n, dip = self._z, len(self._z) - 1, self._config.dip
        if n - self._low > self._span:
            self._low = n - self._span if self._rising else n
        out = None
        if self._rising:
            if z[n] > z[self._top]:
                self._top = n
            elif z[self._top] - z[n] >= dip:
                self._pending, self._rising = (self._low, self._top), False
                self._low = min(range(n, self._top - 1, -1), key=z.__getitem__)
        elif z[n] <= z[self._low]:
            self._low = n
        elif z[n] - z[self._low] >= dip:
            self._rising, self._top = True, n
            if self._pending:
                out, self._pending = self._judge(*self._pending, self._low, known), None
        if self._pending and n - self._pending[1] >= self._wait:
            out, self._pending = self._judge(*self._pending, n, known), None
        return out

    def _judge(self, low: int, top: int, now: int, known: float) -> Scr | None:
        """Return the response from a trough to a peak, None if it is too small or a movement."""
        config, f = self._config, self.smoother.sfreq
        top += int(np.argmax(self._y[top : now + 1]))
        y = np.array(self._y[low : top + 1])
        if y[-1] - y[0] < 0.9 * config.minimum:
            return None
        slopes = np.diff(y) * f
        onset, steepest = self._onset(y, slopes), float(slopes.max())
        trough = float(y[max(0, onset - int(f)) : onset + 1].min())
        amplitude = self._height(top) - trough + self.smoother.loss
        rise = self._t[top] - self._t[low + onset]
        fall = self._fall(low)
        too_fast = steepest + fall > config.steepest * (amplitude + fall * rise) or rise < config.shortest
        if amplitude < config.minimum or too_fast or rise > config.longest:
            return None
        return Scr(self._t[low + onset], self._t[top], amplitude, rise, known)

    def _fall(self, low: int) -> float:
        """Return how fast the signal fell before a trough [µS/s]: on a tail responses look low and steep."""
        start = max(0, low - self._before)
        if start == low:
            return 0.0
        return max(0.0, (self._y[start] - self._y[low]) / (self._t[low] - self._t[start]))

    def _height(self, top: int) -> float:
        """Return the height of a peak: of the parabola through its three points."""
        before, at, after = self._y[max(0, top - 1)], self._y[top], self._y[min(top + 1, len(self._y) - 1)]
        bend = 2.0 * at - before - after
        return at + (after - before) ** 2 / (8.0 * bend) if bend > 0.0 else at

    def _onset(self, y: FloatArray, slopes: FloatArray) -> int:
        """Return where the first steep stretch of a rise begins that makes up a share of it."""
        steep = slopes > max(self._config.slope, self._config.slope_share * float(slopes.max()))
        edges = np.flatnonzero(np.diff(np.concatenate(([False], steep, [False])).astype(np.int8)))
        least = self._config.onset_share * (y[-1] - y[0])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if y[stop] - y[start] >= least:
                return int(start)
        return int(np.argmax(slopes))

    def _trim(self) -> None:
        """Forget what can no longer matter."""
        keep = min(self._low, *(self._pending or (self._low,))) - int(self.smoother.sfreq) - 1
        if keep > TRIM:
            del self._t[:keep], self._y[:keep], self._z[:keep]
            self._low, self._top = self._low - keep, max(0, self._top - keep)
            if self._pending:
                self._pending = self._pending[0] - keep, self._pending[1] - keep


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

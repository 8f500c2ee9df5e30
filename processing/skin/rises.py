"""Rises of skin conductance: from trough to peak, sample by sample on the smoothed grid.

A response is a rise from a trough to a peak by at least 0.05 µS (Boucsein 2012,
doi:10.1007/978-1-4614-1126-0), never a share of the largest one in the file. Departures and additions:

- the signal is freed of jumps and smoothed (processing.skin.scr_signal);
- where two responses overlap the signal need not fall between them, only stand still: `tilt`; where it nearly
  does on the way up, the rise is two: `landing`;
- rises too steep for sweat glands are movement, and what comes before and after must fit too
  (processing.skin.trial);
- a response is announced within 3 s of its peak.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.falls import AnewFinder, FallConfig
from processing.skin.found import Scr, Stretch
from processing.skin.noise import NoiseConfig, NoiseFinder
from processing.skin.scr_signal import Limits, Smoother
from processing.skin.trial import Trial, TrialConfig

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
    landing, coarse_landing, long_landing : float
        A rise is two where, between two steeper parts that are both large enough, its slope is at most this
        share of the lesser; from 8 Hz on and below, and where it takes longer than `longest`.
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
    coarse_jump_share: float = 0.85
    landing: float = 0.15
    coarse_landing: float = 0.3
    long_landing: float = 0.6
    trial: TrialConfig = field(default_factory=TrialConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)

    @property
    def latest(self) -> float:
        """Return how long after its peak a response is known at the latest [s]; what comes later is none."""
        trial = self.trial
        return max(2.6, self.wait + 1.85, trial.after + 0.35, trial.slow_after + 0.35)


class ScrDetector:
    """Find responses in one unbroken stretch after another, sample by sample on the smoothed grid."""

    SPAN = 30.0
    """How far back a trough is remembered [s]; bounds the memory."""

    def __init__(self, sfreq: float, config: ScrConfig, falls: FallConfig) -> None:
        coarse = Limits(config.coarse_jump, config.coarse_jump_share)
        self.smoother = Smoother(sfreq, Limits(config.jump, config.jump_share), coarse)
        self._trial = Trial(sfreq, config.trial, config.latest, falls, self.smoother, config.minimum)
        self._noise = NoiseFinder(self.smoother, config.noise)
        self._anew = AnewFinder(self.smoother.rate, falls)
        self._config = config
        self._landing_share = config.landing if self.smoother.fine else config.coarse_landing
        self._back = int(BEFORE * self.smoother.sfreq) if self.smoother.fine else 0
        self._tilt = config.tilt / self.smoother.sfreq
        self._wait = config.wait * self.smoother.sfreq
        self._span = int(self.SPAN * self.smoother.sfreq)
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch; what is not final is dropped."""
        self.smoother.reset()
        self._trial.reset()
        self._noise.reset()
        self._anew.reset()
        self._t: list[float] = []
        self._y: list[float] = []
        self._z: list[float] = []
        self._n = 0
        self._rising = False
        self._low = self._top = 0
        self._pending: tuple[int, int] | None = None
        self._begin(0)

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[list[Scr], list[Stretch]]:
        """Return the responses that became final, and stretches at fault: falls that were decided, noise, and
        where an electrode sits anew."""
        smooth = self.smoother.push(times, eda)
        rises: list[Scr] = []
        for t, y, k in zip(smooth.times.tolist(), smooth.steady.tolist(), smooth.known.tolist(), strict=True):
            self._t.append(t)
            self._y.append(y)
            self._z.append(y - self._n * self._tilt)
            self._n += 1
            rises += self._step(k)
        self._trim()
        scrs, falls = self._trial.push(times, eda, smooth, rises)
        noise = self._noise.push(times, eda, smooth)
        return scrs, [*(fall.stretch for fall in falls), *self._anew.push(smooth), *noise]

    def _step(self, known: float) -> list[Scr]:
        """Follow the tilted signal from trough to peak and back; judge a rise once its peak is clear."""
        z, n, dip = self._z, len(self._z) - 1, self._config.dip
        if n - self._low > self._span:
            self._low = n - self._span if self._rising else n
        out: list[Scr | None] = []
        if self._rising:
            out.append(self._climb(n, known))
            if z[n] > z[self._top]:
                self._top = n
            elif z[self._top] - z[n] >= dip:
                self._pending, self._rising = (self._low, self._top), False
                self._low = min(range(n, self._top - 1, -1), key=z.__getitem__)
        elif z[n] <= z[self._low]:
            self._low = n
        elif z[n] - z[self._low] >= dip:
            self._rising, self._top = True, n
            self._begin(n)
            if self._pending:
                out.append(self._highest(*self._pending, self._low, known))
                self._pending = None
        if self._pending and n - self._pending[1] >= self._wait:
            out.append(self._highest(*self._pending, n, known))
            self._pending = None
        return [scr for scr in out if scr is not None]

    def _begin(self, n: int) -> None:
        """Begin to look for a place where a rise nearly stands still."""
        y = self._y
        self._before = max((y[k] - y[k - 1] for k in range(self._low + 1, n + 1)), default=0.0)
        self._landing: int | None = None
        self._least = self._after = 0.0

    def _climb(self, n: int, known: float) -> Scr | None:
        """Return the response that ends where its rise nearly stood still, once the next has begun."""
        y, step = self._y, self._y[n] - self._y[n - 1]
        if self._landing is None or step < self._least:
            if self._landing is None and step >= self._before:
                self._before = step
            else:
                self._landing, self._least, self._after = n, step, step
            return None
        self._after = max(self._after, step)
        limit = self._landing_share
        if self._t[n] - self._t[self._low] > self._config.longest:
            limit = max(limit, self._config.long_landing)
        place, least = self._landing, self._config.minimum
        apart = min(y[place] - y[self._low], y[n] - y[place]) >= least
        if apart and self._least <= limit * min(self._before, self._after):
            first = self._judge(self._low, place, known)
            if first is not None:
                self._low = place
                self._begin(n)
                return first
        if self._after > self._before and self._least > limit * self._before:
            self._before, self._landing = self._after, None
        return None

    def _highest(self, low: int, top: int, now: int, known: float) -> Scr | None:
        """Judge a rise up to its highest point before it went on."""
        return self._judge(low, top + int(np.argmax(self._y[top : now + 1])), known)

    def _judge(self, low: int, top: int, known: float) -> Scr | None:
        """Return the response from a trough to a peak, None if it is too small or a movement."""
        config, f = self._config, self.smoother.sfreq
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
        start = max(0, low - self._back)
        if start == low:
            return 0.0
        return max(0.0, (self._y[start] - self._y[low]) / (self._t[low] - self._t[start]))

    def _height(self, top: int) -> float:
        """Return the height of a peak: of the parabola through its three points; of a landing, its own."""
        before, at, after = self._y[max(0, top - 1)], self._y[top], self._y[min(top + 1, len(self._y) - 1)]
        bend = 2.0 * at - before - after
        return at + (after - before) ** 2 / (8.0 * bend) if bend > 0.0 and at >= max(before, after) else at

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
            self._landing = None if self._landing is None else self._landing - keep
            if self._pending:
                self._pending = self._pending[0] - keep, self._pending[1] - keep

"""The limits of a sensor: a signal that moved, then stands still at its highest or lowest value so far.

A peak of the skin is round: seen in steps of q, one that rose by n steps within three seconds stays within a
step for about a second, and some 20 s / n where it recovers slowly. What stands longer was cut off; the value
where it stood is then known for the limit, until the signal goes beyond it.

Where noise is added behind an upper limit no two samples are equal. Then the same is asked of means over a
quarter of a second that lie within what that noise makes of them, in the place of equal samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.eda_quality import Fault
from processing.skin.found import Stretch
from processing.sums import after

KEPT = 15.0
"""The first samples of a run are asked for within so long [s]."""
BLOCK = 0.25
"""Noise is averaged over so long [s]."""
WITHIN = 4.5
"""Means within so many standard deviations of the first are as if equal."""
UNLIKELY = 1.5
"""Their variance is that of their noise, and at most so many of its standard deviations more."""
STEPS, SLOWEST, AGAIN = 11.0, 34.0, 1.5
"""As `LimitConfig` has them for samples that are equal: a level that rises as a response recovers is flat."""
OVER = 20.0
"""The noise is that of so long [s]."""
KNOWN = 5.0
"""Nothing is said of it before so long [s]."""
WIDEST = 0.05
"""Where noise makes more of the means than this [µS], nothing is said: less is no extreme of the signal."""
DEVIATION = 0.3186 * math.sqrt(6.0)
"""Lower quartile of the second differences of white noise, over its standard deviation."""
LEAST = 1e-9
"""A smaller change is a rounding [µS]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitConfig:
    """Hold the parameters of limits.

    Parameters
    ----------
    before : float
        How far the signal moved is taken over so long before it stands still [s].
    steps : float
        It moved by at least so many of its smallest changes in the last `over` seconds.
    over : float
    stands, slowest : float
        It stands for the first time [s] and so much longer, divided by the steps that it moved [s]. Together
        less than the 5 s within which a sample is settled.
    again : float
        At a limit that is known it stands for so long [s].
    fewest : int
        And so many samples are the same.
    """

    before: float = 3.0
    steps: float = 10.0
    over: float = 30.0
    stands: float = 1.5
    slowest: float = 28.0
    again: float = 0.75
    fewest: int = 3


@dataclass(slots=True)
class Run:
    """Hold a run of equal samples: value [µS], moments of the sample before it and of its first [s], length.

    `needed` is how long it must stand to be at a limit [s], nan before that is asked, and `since` when it
    did; `said` is the last moment of it that was returned.
    """

    value: float
    before: float
    start: float
    length: int = 0
    needed: float = math.nan
    since: float = math.inf
    said: float = math.nan


class LimitFinder:
    """Find where one stream stands at a limit."""

    def __init__(self, config: LimitConfig | None = None) -> None:
        self._config = config or LimitConfig()
        self._t: FloatArray = np.empty(0)
        self._x: FloatArray = np.empty(0)
        self._top, self._bottom = -math.inf, math.inf
        self._limits: dict[int, float] = {}
        self._run = Run(math.nan, math.nan, math.nan)

    def push(self, times: FloatArray, eda: FloatArray) -> list[Stretch]:
        """Return stretches at a limit, each up to its last sample so far; [s], and [µS] without holes."""
        if len(times) == 0:
            return []
        past = len(self._t)
        self._t, self._x = np.concatenate((self._t, times)), np.concatenate((self._x, eda))
        before = after(self._x[past - 1] if past else np.nan, eda[:-1])
        starts = np.flatnonzero(eda != before)
        tops = np.maximum.accumulate(after(self._top, eda))[1:]
        bottoms = np.minimum.accumulate(after(self._bottom, eda))[1:]
        stops = np.concatenate((starts[1:], [len(eda)]))[: len(starts)]
        first = int(starts[0]) if len(starts) else len(eda)
        out = list[Stretch]()
        if first:
            self._grow(times[:first], float(tops[0]), float(bottoms[0]), out)
        extreme = (eda[starts] >= tops[starts]) | (eda[starts] <= bottoms[starts])
        asked = (stops - starts >= self._config.fewest) & extreme | (stops == len(eda))
        for k in np.flatnonzero(asked).tolist():
            a, b = int(starts[k]), int(stops[k])
            self._run = Run(float(eda[a]), float(self._t[max(0, past + a - 1)]), float(times[a]))
            self._grow(times[a:b], float(tops[a]), float(bottoms[a]), out)
        self._top, self._bottom = float(tops[-1]), float(bottoms[-1])
        kept = int(np.searchsorted(self._t, float(times[-1]) - self._config.over - KEPT))
        self._t, self._x = self._t[kept:], self._x[kept:]
        return out

    def _grow(self, times: FloatArray, top: float, bottom: float, out: list[Stretch]) -> None:
        """Let a run go on over new samples [s], at the extremes so far [µS]."""
        run, config = self._run, self._config
        missing = max(0, config.fewest - 1 - run.length)
        run.length += len(times)
        side = 1 if run.value >= top else -1 if run.value <= bottom else 0
        if side == 0 or run.length < config.fewest or run.before == run.start:
            return
        if math.isnan(run.needed):
            run.needed = self._needed(run, side)
        if run.since == math.inf:
            place = max(missing, int(np.searchsorted(times, run.start + run.needed - 1e-6)))
            if place >= len(times):
                return
            run.since, run.said, self._limits[side] = float(times[place]), run.before, run.value
        out.append(Stretch(Fault.FLAT, run.said, float(times[-1]), run.since))
        run.said = float(times[-1])

    def _needed(self, run: Run, side: int) -> float:
        """Return how long a run must stand to be at a limit [s]; infinite where it came too slowly."""
        config, t, x = self._config, self._t, self._x
        if self._limits.get(side) == run.value:
            return config.again
        far, near, start = np.searchsorted(
            t, (run.start - config.over, run.start - config.before, run.start)
        ).tolist()
        changes = np.abs(np.diff(x[far : start + 1]))
        changes = changes[changes > LEAST]
        if not len(changes):
            return math.inf
        moved = side * (float(x[start]) - float(x[near])) / float(changes.min())
        return config.stands + config.slowest / moved if moved >= config.steps else math.inf


@dataclass(slots=True)
class Plateau:
    """Hold means that lie together: the first one [µS] and its number, within what [µS], how long they must
    do so [s], the number of the newest, and whether they have stood long enough."""

    value: float
    first: int
    width: float
    needed: float
    last: int
    told: bool = False


class NoisyLimitFinder:
    """Find where one stream stands at its upper limit, and noise was added behind it.

    A lower limit is not sought: skin that has recovered stands still at its level, too.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float, config: LimitConfig | None = None) -> None:
        self._config = config or LimitConfig()
        self._block = max(1, round(BLOCK * sfreq))
        self._rate = sfreq / self._block
        self._kept = math.ceil((OVER + KEPT) * self._rate)
        self._raw: tuple[FloatArray, FloatArray] = (np.empty(0), np.empty(0))
        self._t = list[float]()
        self._y = list[float]()
        self._gone = 0
        """How many means have been let go."""
        self._top, self._limit = -math.inf, math.inf
        self._at: Plateau | None = None
        self._width = (-1, math.nan)

    def push(self, times: FloatArray, eda: FloatArray) -> list[Stretch]:
        """Return stretches at a limit; [s], and [µS] without holes."""
        t, x = np.concatenate((self._raw[0], times)), np.concatenate((self._raw[1], eda))
        used = len(x) // self._block * self._block
        self._raw = t[used:], x[used:]
        if not used:
            return []
        means = x[:used].reshape(-1, self._block).mean(axis=1)
        out = list[Stretch]()
        for stamp, mean in zip(t[self._block - 1 : used : self._block].tolist(), means.tolist(), strict=True):
            self._t.append(stamp)
            self._y.append(mean)
            self._top = max(self._top, mean)
            if mean >= self._top - WIDEST:
                self._look(len(self._y) - 1, out)
        if len(self._y) >= 2 * self._kept:
            old = len(self._y) - self._kept
            del self._t[:old], self._y[:old]
            self._gone += old
        return out

    def _look(self, place: int, out: list[Stretch]) -> None:
        """Let a plateau go on by a mean near the highest so far [µS], or begin with it."""
        number, value, at = self._gone + place, self._y[place], self._at
        if at is None or number != at.last + 1 or abs(value - at.value) > at.width:
            self._at = self._begun(place)
            return
        at.last = number
        if not at.told and not self._stands(at, place):
            return
        since = place - 1 if at.told else at.first - self._gone - 1
        at.told, self._limit = True, at.value
        now = self._t[place]
        out.append(Stretch(Fault.FLAT, self._t[max(0, since)], now, now))

    def _stands(self, at: Plateau, place: int) -> bool:
        """Tell whether means have stood long enough, and differ by noise alone: a round top bends."""
        stood = self._gone + place - at.first
        if stood < self._config.fewest or stood < at.needed * self._rate:
            return False
        means = np.array(self._y[place + 1 - stood : place + 1])
        return bool(means.var() <= (1.0 + UNLIKELY * math.sqrt(2.0 / stood)) * (at.width / WITHIN) ** 2)

    def _begun(self, place: int) -> Plateau | None:
        """Return a plateau that begins here; None where it could be none."""
        config, value, width = self._config, self._y[place], self._spread(place)
        if not 0.0 < width <= WIDEST or value < self._top - width:
            return None
        needed = AGAIN
        if not abs(self._limit - value) <= 2.0 * width:
            before = max(0, place - round(config.before * self._rate))
            moved = (value - self._y[before]) / width
            if moved < STEPS:
                return None
            needed = config.stands + SLOWEST / moved
        number = self._gone + place
        return Plateau(value, number, width, needed, number)

    def _spread(self, place: int) -> float:
        """Return within what noise leaves means that are alike [µS]; nan where too little is known."""
        second = int((self._gone + place) // self._rate)
        if second != self._width[0]:
            first = max(0, place + 1 - round(OVER * self._rate))
            bends = np.sort(np.abs(np.diff(self._y[first : place + 1], 2)))
            enough = len(bends) >= KNOWN * self._rate
            noise = float(bends[len(bends) // 4]) / DEVIATION if enough else math.nan
            self._width = second, WITHIN * noise
        return self._width[1]

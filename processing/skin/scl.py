"""Tonic level: what the skin conducts where no response adds to it, and between which values it lies.

Each response leaves a tail. Where the next comes before it has gone, the signal never reaches the level under
it, and what lies below cannot be seen, only concluded. So two things are told apart:

- the level (`scl`) is one that the signal reached: the 25th percentile of ten seconds less the tails, but
  never less than the lowest 1-s mean of those seconds. Responding can hold it up, and cannot press it down;
- the interval says where the level without any response lies. It follows from the tails, whose time constant
  is learned from the person: of sixteen, those count that leave the steadiest level behind. One that is too
  short leaves a level that is high after responses, one that is too long digs holes after them.

The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.skin.doubt import NO_SKIN, NO_ZERO, OHMS, Life, Upright, Zero
from processing.skin.found import Scr

CONSTANTS = np.geomspace(1.5, 45.0, 16)
"""Time constants of recovery that are tried [s]."""
EACH = 5
"""So many seconds lie between two looks at how steady the levels are."""
STILL = 0.01
"""What a level moves within `lag` s at least [µS]; less is not told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SclConfig:
    """Hold the parameters of the tonic level.

    Parameters
    ----------
    window : float
        Length of the window [s], at least 2; whole pairs of seconds count.
    quantile : float
        Which quantile of the remainder is the level.
    lookahead : float
        A second of the signal knows the responses that were settled so long after it [s]; later ones would
        make the level depend on more than a fixed delay.
    least : float
        Share of the window that must remain.
    recovery, spread : float
        Time constant of recovery before anything is known of the person [s], and the sd of its logarithm.
        Boucsein (2012, doi:10.1007/978-1-4614-1126-0): half-times of 2-10 s.
    memory, lag : float
        What was learned fades with this time constant; a steady level is one that differs little over `lag`
        [s].
    deviations, share : float
        The interval reaches so many sd beyond the levels of all time constants that are at least so likely,
        in shares of the likeliest.
    """

    window: float = 10.0
    quantile: float = 0.25
    lookahead: float = 5.0
    least: float = 0.2
    recovery: float = 5.0
    spread: float = 0.9
    memory: float = 600.0
    lag: float = 20.0
    deviations: float = 2.5
    share: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a window without a pair of seconds."""
        if not 2.0 <= self.window <= 600.0:
            raise ValueError(f"window = {self.window:g}: must be 2 to 600 s")


class LevelValue(NamedTuple):
    """Hold a level and the interval that holds the level without responses [µS]."""

    level: float
    low: float
    high: float


NO_LEVEL = LevelValue(math.nan, math.nan, math.nan)


class Second(NamedTuple):
    """Hold a second: its number, the mean of what is valid in it, and of all of it [µS]; nan of none."""

    number: int
    mean: float
    every: float

    @property
    def least(self) -> float:
        """Return the least that its level can be [µS]: the mean of all its samples, or of the valid ones
        where that is higher; nan without one."""
        return max(self.mean, self.every) if self.mean == self.mean else math.nan


class SecondMeans:
    """Average the samples of each whole second, in the same order however they come."""

    def __init__(self, silence: int) -> None:
        self._silence = silence
        self._times: FloatArray = np.empty(0)
        self._eda: FloatArray = np.empty(0)
        self._valid: BoolArray = np.empty(0, bool)
        self._next: int | None = None
        self._heard = 0

    def push(self, times: FloatArray, eda: FloatArray, valid: BoolArray) -> None:
        """Take in samples: stamps, not decreasing [s], values, and which of them are valid."""
        self._times, self._eda = np.concatenate((self._times, times)), np.concatenate((self._eda, eda))
        self._valid = np.concatenate((self._valid, valid))

    def complete(self, until: float) -> list[Second]:
        """Return the seconds that end by a moment; of a silence only the first ones."""
        if self._next is None and not len(self._times):
            return []
        if until == math.inf:
            until = math.floor(self._times[-1]) + 1.0 if len(self._times) else -math.inf
        if self._next is None:
            self._next = self._heard = math.floor(self._times[0])
        first = self._next
        stop = max(first, math.floor(until)) if math.isfinite(until) else first
        n = int(np.searchsorted(self._times, float(stop)))
        found, place = np.unique(np.floor(self._times[:n]).astype(np.int64), return_inverse=True)
        means, every = self._means(place, n, len(found), self._valid[:n]), self._means(place, n, len(found))
        self._times, self._eda, self._valid = self._times[n:], self._eda[n:], self._valid[n:]
        self._next = stop
        out: list[Second] = []
        expected = first
        for number, mean, low in zip(found.tolist(), means.tolist(), every.tolist(), strict=True):
            out += self._silent(expected, number)
            out.append(Second(number, mean, low))
            self._heard = expected = number + 1
        return out + self._silent(expected, stop)

    def _means(self, place: IntArray, n: int, size: int, chosen: BoolArray | None = None) -> FloatArray:
        """Return the mean of each second, of the chosen samples or all; nan where there is none."""
        weights = self._eda[:n]
        if chosen is not None:
            place, weights = place[chosen], weights[chosen]
        counts = np.bincount(place, minlength=size)
        sums = np.bincount(place, weights=weights, minlength=size)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    def _silent(self, start: int, stop: int) -> list[Second]:
        """Return seconds without a sample: as many in all as of a silence are given."""
        return [Second(s, math.nan, math.nan) for s in range(start, min(stop, self._heard + self._silence))]


class Recovery:
    """Learn how long the tails of a person's responses last, from how steady each leaves the level."""

    def __init__(self, config: SclConfig) -> None:
        self._config = config
        self._keep = math.exp(-EACH / config.memory)
        self._prior = -0.5 * (np.log(CONSTANTS / config.recovery) / config.spread) ** 2
        self._moved = np.zeros(len(CONSTANTS))
        self._n = 0.0
        self._past: deque[FloatArray | None] = deque(maxlen=max(1, round(config.lag / EACH)))
        self.sd = STILL
        self._weigh(self._prior)

    def pause(self) -> None:
        """Compare nothing across a silence."""
        self._past.clear()

    def push(self, levels: FloatArray | None) -> None:
        """Take in the level with each time constant [µS], every `EACH` seconds; None where there is none."""
        before = self._past[0] if len(self._past) == self._past.maxlen else None
        self._past.append(levels)
        if before is None or levels is None:
            return
        self._moved = self._keep * self._moved + (levels - before) ** 2
        self._n = self._keep * self._n + 1.0
        mean = self._moved / self._n + STILL**2
        # Windows that overlap are one: `lag` seconds count as half a one each.
        weight = -0.5 * self._n * EACH / self._config.lag * np.log(mean) + self._prior
        self._weigh(weight)
        self.sd = math.sqrt(0.5 * float(mean[self.best]))

    def _weigh(self, weight: FloatArray) -> None:
        """Turn log likelihoods into weights, and note the shortest and the longest constant that counts."""
        self.best = int(weight.argmax())
        likely = np.exp(weight - weight[self.best])
        held = (likely >= self._config.share).nonzero()[0]
        self.shortest, self.longest = int(held[0]), int(held[-1])
        self.weights = likely / np.add.reduce(likely)


class Level:
    """Follow the tonic level second by second."""

    def __init__(self, config: SclConfig) -> None:
        self._config = config
        self._half = int(config.window // 2)
        self._decay = np.exp(-1.0 / CONSTANTS)
        self._scrs: deque[Scr] = deque()
        self._begun: deque[float] = deque()
        self._tail = np.zeros(len(CONSTANTS))
        self._last: int | None = None
        self._leasts: deque[float] = deque(maxlen=2 * self._half)
        self._rest = np.full((2 * self._half, len(CONSTANTS)), np.nan)
        self._values: dict[int, LevelValue] = {}
        self._upright, self._zero, self._life = Upright(), Zero(), Life()
        self._doubted = dict[int, str]()
        self.recovery = Recovery(config)

    def push(self, scrs: Sequence[Scr], begun: Sequence[float]) -> None:
        """Take in responses, and the moments where new stretches begin [s]."""
        self._scrs.extend(scrs)
        self._begun.extend(begun)

    def take(self, new: Second) -> None:
        """Take in the next second."""
        second = new.number
        if self._last is not None and second > self._last + 1:
            self.recovery.pause()
            self._upright.pause()
            self._zero.pause()
            self._life.pause()
            self._leasts.extend([math.nan] * (2 * self._half))
            self._rest[:] = np.nan
        self._last = second
        self._advance(second)
        row = second % (2 * self._half)
        self._rest[row] = new.mean - self._tail
        self._leasts.append(new.least)
        centre = second + 1 - self._half
        self._values[centre] = self._value(second)
        self._upright.push(second, new.every)
        self._zero.push(new.every)
        self._life.push(new.mean)
        if self._zero.doubts(self._values[centre].level):
            self._doubted[centre] = NO_ZERO
        elif self._upright.doubted:
            self._doubted[centre] = OHMS
        elif self._life.doubted:
            self._doubted[centre] = NO_SKIN

    def _advance(self, second: int) -> None:
        """Bring the tails to the middle of a second."""
        middle = second + 0.5
        self._tail = self._tail * self._decay
        while self._begun and self._begun[0] <= middle:
            self._begun.popleft()
            self._tail = np.zeros(len(CONSTANTS))
        while self._scrs and self._scrs[0].peak <= middle:
            if self._scrs[0].known >= second + 1.0 + self._config.lookahead:
                break
            # What the older tails lost during the rise is part of the amplitude's foot, and comes back.
            scr = self._scrs.popleft()
            since = middle - scr.peak
            lost = np.exp(scr.rise / CONSTANTS)
            self._tail = self._tail * lost + scr.amplitude * np.exp(-since / CONSTANTS)

    def _value(self, second: int) -> LevelValue:
        """Return the level of the newest window."""
        config, learns = self._config, second % EACH == 0
        least = [m for m in self._leasts if m == m]
        n = len(least)
        if n == 0 or n < config.least * len(self._rest):
            if learns:
                self.recovery.push(None)
            return NO_LEVEL
        values = self._rest.copy()
        values.sort(axis=0)
        rank = config.quantile * (n - 1)
        place = int(rank)
        levels = values[place]
        if rank > place:
            levels = levels + (rank - place) * (values[place + 1] - levels)
        if learns:
            self.recovery.push(levels)
        recovery = self.recovery
        level = max(float(np.add.reduce(levels * recovery.weights)), min(least))
        reach = config.deviations * recovery.sd
        ends = float(levels[recovery.longest]), float(levels[recovery.shortest])
        return LevelValue(level, min(max(0.0, min(ends) - reach), level), max(level, max(ends) + reach))

    def at(self, times: FloatArray) -> list[LevelValue]:
        """Return the levels of the windows centred on whole seconds."""
        return [self._values.get(round(t), NO_LEVEL) for t in times.tolist()]

    def doubts(self, times: FloatArray) -> list[str]:
        """Say of windows centred on whole seconds why the signal was in doubt by then, "" if it was not."""
        if not self._doubted:
            return [""] * len(times)
        return [self._doubted.get(round(t), "") for t in times.tolist()]

    def forget(self, before: float) -> None:
        """Let go of what lies before a moment [s]."""
        if self._doubted:
            self._doubted = {second: why for second, why in self._doubted.items() if second >= before}
        for second in list(self._values):
            if second >= before:
                break
            del self._values[second]

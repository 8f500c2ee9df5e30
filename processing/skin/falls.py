"""Falls that no skin makes: an electrode that loses touch, a wrist that moves.

Sweat leaves the skin slowly. Within half a second the quickest response loses a third of its height over the
level that was there before it, and each later half second takes less than the one before. What falls faster
is not conductance of the skin; when it comes back within a few seconds it was a dip, else the electrode sits
anew. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray

RATE = 8.0
"""Rate of the block means in which falls are sought [Hz]."""
START = 3.0
"""So long a stretch must be known before it is judged: it may begin on the tail of a response [s]."""
COARSEST = 0.06
"""A larger change is no step of a converter [µS]."""
FOLLOWED = 0.4
"""How long a signal that is back is followed up to its height [s]."""
UNREST = 2.0
"""Length of the means of the second difference; the least of them tells the noise [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FallConfig:
    """Hold the parameters of falls.

    Parameters
    ----------
    lag : float
        A fall is measured over this time [s].
    recovery : float
        Time constant of the quickest recovery of a response [s]; Boucsein (2012,
        doi:10.1007/978-1-4614-1126-0) gives half-times of 2-10 s, this is a half-time of 0.8 s.
    least, noise : float
        A fall is at least so large [µS], and so many times the mean second difference of the calmest stretch
        before it, beyond what skin can do.
    base, usual : float
        The level before is the least of so many seconds; falls of the last `usual` seconds may happen again
        [s].
    steps : float
        And so many times the smallest change so far: a converter of coarse steps goes back and forth.
    back : float
        A dip ends when so large a share of its depth is regained.
    longest : float
        What is not back after this time is no dip [s]; docs/eda.md says why it must end before 5 s.
    """

    lag: float = 0.5
    recovery: float = 1.12
    least: float = 0.03
    noise: float = 2.9
    base: float = 15.0
    usual: float = 10.0
    steps: float = 1.2
    back: float = 0.65
    longest: float = 3.25


class Fall(NamedTuple):
    """Hold one fall: where it began, ended or was given up, and was seen and decided [s].

    `level` is the height it fell from, `base` the least of the signal before [µS]; `back` tells whether it
    came back (a dip), else `stop` is where it was seen.
    """

    start: float
    stop: float
    seen: float
    known: float
    level: float
    base: float
    back: bool


class _Least:
    """Give the least value of the last points, each in constant time."""

    def __init__(self, width: int, sign: float = 1.0) -> None:
        self._width, self._sign = width, sign
        self._kept: deque[tuple[int, float]] = deque()

    def push(self, place: int, value: float) -> None:
        """Take in the value of a place; places do not decrease."""
        value *= self._sign
        while self._kept and self._kept[-1][1] >= value:
            self._kept.pop()
        self._kept.append((place, value))

    def at(self, place: int, otherwise: float) -> float:
        """Return the least value from `width` places before a place on."""
        while self._kept and self._kept[0][0] < place - self._width:
            self._kept.popleft()
        return self._sign * self._kept[0][1] if self._kept else otherwise

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


class FallFinder:
    """Find falls in one unbroken stretch of samples after another.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float, config: FallConfig) -> None:
        self._config = config
        self._block = max(1, int(sfreq // RATE))
        self.sfreq = sfreq / self._block
        self._lag = max(1, round(config.lag * self.sfreq))
        self._share = -math.expm1(-self._lag / self.sfreq / config.recovery)
        self._first = round(START * self.sfreq)
        self._width = max(2, round(UNREST * self.sfreq))
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch; a fall that is not decided is dropped."""
        none, seconds = np.empty(0), self.sfreq
        self._raw = (none, none)
        self._sample, self._quantum = math.nan, math.inf
        self._t: deque[float] = deque(maxlen=self._lag + 1)
        self._z: deque[float] = deque(maxlen=max(3, self._lag + 1))
        self._n = self._since = 0
        self._bends: deque[float] = deque([0.0] * self._width)
        self._bend = 0.0
        self._calm = _Least(round(self._config.base * seconds))
        self._base = _Least(round(self._config.base * seconds))
        self._usual = _Least(round(self._config.usual * seconds), -1.0)
        self._fresh: deque[float] = deque([0.0] * self._lag)
        self.open: Fall | None = None
        self._low = self._last = math.inf
        self._returned: float | None = None

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[list[Fall], FloatArray, FloatArray]:
        """Return the falls that were decided, and the block means: last stamp [s] and value [µS]."""
        steps = self._smallest(eda)
        block = self._block
        if block > 1:
            t, x = np.concatenate((self._raw[0], times)), np.concatenate((self._raw[1], eda))
            used = len(x) // block * block
            self._raw = (t[used:], x[used:])
            steps = steps[block - 1 - (len(x) - len(eda)) :: block][: used // block]
            times, eda = t[block - 1 : used : block], x[:used].reshape(-1, block).mean(axis=1)
        found = []
        for t, z, step in zip(times.tolist(), eda.tolist(), steps.tolist(), strict=True):
            fall = self._step(t, z, self._config.steps * step)
            if fall is not None:
                found.append(fall)
        return found, times, eda

    def _smallest(self, eda: FloatArray) -> FloatArray:
        """Return the smallest change so far that can be a step of a converter [µS]; 0 before one."""
        if len(eda) == 0:
            return np.empty(0)
        changes = np.abs(np.diff(eda, prepend=self._sample))
        self._sample = float(eda[-1])
        changes = np.where((changes > 0.0) & (changes <= COARSEST), changes, np.inf)
        smallest = np.minimum.accumulate(np.append(self._quantum, changes))[1:]
        self._quantum = float(smallest[-1])
        return np.where(np.isinf(smallest), 0.0, smallest)

    def _step(self, t: float, z: float, coarse: float) -> Fall | None:
        """Take the next mean; return the fall that it decides."""
        self._t.append(t)
        self._z.append(z)
        self._n += 1
        noise = self._noise(z)
        if self.open is not None:
            return self._follow(self.open, t, z)
        if self._n <= self._lag:
            return None
        before = self._z[-1 - self._lag]
        if self._n - self._lag > self._since:
            self._base.push(self._n - self._lag, before)
        base = self._base.at(self._n, z)
        old = self._fresh.popleft()
        self._usual.push(self._n - self._lag, old)
        may = max(self._share * (before - base), self._usual.at(self._n, 0.0), 0.0)
        fell = before - z
        if self._n > self._first and fell > may + self._config.least + self._config.noise * noise + coarse:
            self._begin(t, z, base)
            fell = 0.0
        self._fresh.append(fell)
        return None

    def _noise(self, z: float) -> float:
        """Return the least mean second difference of the seconds before [µS]."""
        bend = abs(z - 2.0 * self._z[-2] + self._z[-3]) if self._n >= 3 else 0.0
        self._bends.append(bend)
        self._bend += bend - self._bends.popleft()
        self._calm.push(self._n, max(0.0, self._bend) / self._width)
        return self._calm.at(self._n, 0.0)

    def _begin(self, t: float, z: float, base: float) -> None:
        """Open a fall at the highest of the last points."""
        points = list(self._z)[-1 - self._lag :]
        top = max(range(self._lag), key=points.__getitem__)
        self.open = Fall(list(self._t)[top], t, t, math.inf, points[top], base, False)
        self._low, self._last, self._returned = z, z, None

    def _follow(self, fall: Fall, t: float, z: float) -> Fall | None:
        """Follow an open fall; return it once it is decided."""
        self._low = min(self._low, z)
        late = t - fall.start > self._config.longest
        if self._returned is not None and (z <= self._last or t - self._returned > FOLLOWED or late):
            return self._close(fall._replace(known=t, back=True))
        self._last = z
        if z >= fall.level - (1.0 - self._config.back) * (fall.level - self._low) and not late:
            # Its last steps count as part of it: it is followed as long as it rises, but not into a response.
            self._returned = t if self._returned is None else self._returned
            self.open = fall._replace(stop=t)
        elif late:
            self._base.clear()
            return self._close(fall._replace(stop=fall.seen, known=t))
        return None

    def _close(self, fall: Fall) -> Fall:
        """End an open fall; what lies in it belongs to no level before."""
        self.open = None
        self._since = self._n if fall.back else self._n - self._lag
        self._fresh = deque([0.0] * self._lag)
        return fall

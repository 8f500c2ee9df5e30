"""Falls that no skin makes: an electrode that loses touch, a wrist that moves.

Sweat leaves the skin slowly. Within half a second the quickest response loses a third of its height over the
level that was there before it, and each later half second takes less than the one before. What falls faster
is not conductance of the skin; when it comes back within a few seconds it was a dip, else the electrode sits
anew. So it does where the level jumps, up or down, and stays. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.eda_quality import Fault
from processing.skin.found import Stretch
from processing.skin.scr_signal import Smoothed
from processing.skin.steps import Steps
from processing.sums import trailing_sum

RATE = 8.0
"""Rate of the block means in which falls are sought [Hz]."""
START = 3.0
"""So long a stretch must be known before it is judged: it may begin on the tail of a response [s]."""
FOLLOWED = 0.4
"""How long a signal that is back is followed up to its height [s]."""
UNREST = 2.0
"""Length of the means of the second difference; the least of them tells the noise [s]."""
MOVED = 1.25
"""A level that jumps by this factor, up or down, is on another scale (processing.arousal.level)."""
SPIKE = 0.25
"""A signal is where it was before a spike if so much of its height is left at most."""
STAYS = 0.7
"""So much of the highest that it reaches stays; a response with a half-time of 6 s is on its way back."""


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
    came back (a dip), else `stop` is where it was seen; `spike` whether it only fell back from a spike.
    """

    start: float
    stop: float
    seen: float
    known: float
    level: float
    base: float
    back: bool
    spike: bool = False

    @property
    def stretch(self) -> Stretch:
        """Return the samples that are movement."""
        return Stretch(Fault.DIP, self.start, self.stop, self.known)


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
        self._far, self._near = round(config.base * self.sfreq), round(config.usual * self.sfreq)
        self._kept = max(self._far, self._near) + 2 * self._lag + self._width + 2
        self._converter = Steps()
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch; a fall that is not decided is dropped."""
        none = np.empty(0)
        self._raw = (none, none)
        self._converter.reset()
        self._t = self._z = self._base = self._steps = self._fell = none
        self._n = self._opened = 0
        self.open: Fall | None = None
        self._low = self._last = math.inf
        self._returned: float | None = None

    def push(self, times: FloatArray, eda: FloatArray) -> tuple[list[Fall], FloatArray, FloatArray]:
        """Return the falls that were decided, and the block means: last stamp [s] and value [µS]."""
        steps = self._converter.among(eda)
        block = self._block
        if block > 1:
            t, x = np.concatenate((self._raw[0], times)), np.concatenate((self._raw[1], eda))
            used = len(x) // block * block
            self._raw = (t[used:], x[used:])
            steps = steps[block - 1 - (len(x) - len(eda)) :: block][: used // block]
            times, eda = t[block - 1 : used : block], x[:used].reshape(-1, block).mean(axis=1)
        return self._follow_all(times, eda, steps), times, eda

    def _follow_all(self, times: FloatArray, eda: FloatArray, steps: FloatArray) -> list[Fall]:
        """Look at each place that falls by more than the least, and at each while a fall is open."""
        past, lag = len(self._z), self._lag
        self._t, self._z = np.concatenate((self._t, times)), np.concatenate((self._z, eda))
        self._base = np.concatenate((self._base, eda))
        self._steps = np.concatenate((self._steps, steps))
        falls = np.zeros(len(self._z) - past)
        first = max(past, lag)
        if len(self._z) > first:
            falls[first - past :] = self._z[first - lag : len(self._z) - lag] - self._z[first:]
        self._fell = np.concatenate((self._fell, falls))
        bends = np.zeros(len(self._z))
        bends[2:] = np.abs(self._z[2:] - 2.0 * self._z[1:-1] + self._z[:-2])
        self._unrest = trailing_sum(np.concatenate((np.zeros(self._width - 1), bends)), self._width)
        steep = np.flatnonzero(falls > self._config.least) + past
        found, place, i = list[Fall](), 0, past
        while i < len(self._z):
            if self.open is None:
                place = int(np.searchsorted(steep, i))
                if place == len(steep):
                    break
                i = int(steep[place])
                found += self._judge(i)
            else:
                fall = self._follow(self.open, i)
                if fall is not None:
                    found.append(fall)
            i += 1
        self._forget()
        return found

    def _judge(self, i: int) -> list[Fall]:
        """Open a fall where the signal falls by more than skin can let it; return it if it ends a spike."""
        config, z, lag = self._config, self._z, self._lag
        number = self._n + i  # places of the stretch, however much of it is still held
        if number < self._first:
            return []
        base = float(self._base[max(0, i - lag - self._far) : i - lag + 1].min())
        base = base if math.isfinite(base) else float(z[i])
        usual = float(self._fell[max(0, i - lag - self._near) : max(0, i - lag + 1)].max(initial=0.0))
        noise = float(self._unrest[max(0, i - self._far) : i + 1].min()) / self._width
        may = max(self._share * (float(z[i - lag]) - base), usual, 0.0)
        limit = may + config.least + config.noise * noise + config.steps * float(self._steps[i])
        if self._fell[i] > limit:
            self._fell[i] = 0.0
            top = i - lag + int(np.argmax(z[i - lag : i]))
            t, seen = float(self._t[top]), float(self._t[i])
            if self._ends_spike(top, i):
                return [Fall(float(self._t[top - 1]), t, seen, seen, float(z[top]), base, True, True)]
            self.open = Fall(t, seen, seen, math.inf, float(z[top]), base, False)
            self._low = self._last = float(z[i])
            self._returned, self._opened = None, number
        return []

    def _ends_spike(self, top: int, i: int) -> bool:
        """Tell whether a single mean stands over the one before it, and those after are where that was."""
        if top == 0:
            return False
        near = np.abs(self._z[top + 1 : i + 1] - self._z[top - 1])
        return bool(near.max() <= SPIKE * (self._z[top] - self._z[top - 1]))

    def _follow(self, fall: Fall, i: int) -> Fall | None:
        """Follow an open fall; return it once it is decided."""
        t, z = float(self._t[i]), float(self._z[i])
        self._fell[i] = 0.0  # what happens in a fall is not usual
        self._low = min(self._low, z)
        late = t - fall.start > self._config.longest
        if self._returned is not None and (z <= self._last or t - self._returned > FOLLOWED or late):
            # What lies in it belongs to no level before.
            self._base[max(0, self._opened - self._lag + 1 - self._n) : i + 1] = np.inf
            return self._close(fall._replace(known=t, back=True))
        self._last = z
        if z >= fall.level - (1.0 - self._config.back) * (fall.level - self._low) and not late:
            # Its last steps count as part of it: it is followed as long as it rises, but not into a response.
            self._returned = t if self._returned is None else self._returned
            self.open = fall._replace(stop=t)
        elif late:
            self._base[: i + 1 - self._lag] = np.inf
            return self._close(fall._replace(stop=fall.seen, known=t))
        return None

    def _close(self, fall: Fall) -> Fall:
        """End an open fall."""
        self.open = None
        return fall

    def _forget(self) -> None:
        """Let go of what no place to come can need."""
        n = len(self._z) - self._kept
        if n > 0:
            self._t, self._z, self._fell = self._t[n:], self._z[n:], self._fell[n:]
            self._base, self._steps = self._base[n:], self._steps[n:]
            self._n += n


class AnewFinder:
    """Find where an electrode sits anew: a jump by a quarter of the level that stays as long as a dip may.

    A jump up is what the smoother takes out (processing.skin.scr_signal), for skin rises fast, too; one down
    is any fall within `lag` of a level that stood. From it on until it is known to stay there is no level:
    that before it and that after it are not of one scale.

    Parameters
    ----------
    sfreq : float
        Rate of the smoother's means [Hz].
    """

    def __init__(self, sfreq: float, config: FallConfig) -> None:
        self._lag, self._wait = max(1, round(config.lag * sfreq)), math.ceil(config.longest * sfreq)
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch."""
        none = np.empty(0)
        self._t, self._x, self._taken = none, none, none

    def push(self, smooth: Smoothed) -> list[Stretch]:
        """Return the seconds after jumps that stayed."""
        means, lag, wait = smooth.means, self._lag, self._wait
        t, x = np.concatenate((self._t, means.times)), np.concatenate((self._x, means.eda))
        taken = np.concatenate((self._taken, means.eda - means.steady))
        first = len(x) - len(means.times)
        kept = max(0, len(x) - lag - 2 * wait)
        self._t, self._x, self._taken = t[kept:], x[kept:], taken[kept:]
        if len(x) == 0 or float(x.max()) < MOVED * float(x.min()):
            return []
        begun = np.arange(max(first - lag - wait, wait), len(x) - lag - wait)
        fell = x[begun + lag] - x[begun]
        jumps = np.where(fell < 0.0, fell, taken[begun + lag] - taken[begun])
        least = np.where(jumps > 0.0, MOVED - 1.0, 1.0 - 1.0 / MOVED) * x[begun]
        out = list[Stretch]()
        for k in np.flatnonzero(np.abs(jumps) >= least).tolist():
            i = int(begun[k])
            last = i + lag + wait
            moved = np.sign(jumps[k]) * (x[i - wait : last + 1] - x[i])
            before, after = moved[:wait], moved[wait + lag :]
            low, high = float(after.min()), float(after.max())
            if low >= max(float(least[k]), STAYS * high) and float(before.max()) <= (1.0 - STAYS) * high:
                out.append(Stretch(Fault.ANEW, float(t[i]), float(t[last]), float(smooth.told[last - first])))
        return out

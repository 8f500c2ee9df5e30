"""Contact: a low level that falls at once to a fraction of itself is that of an electrode that came off.

An electrode that hangs loose need not read zero: 0.05 to 0.2 µS are left, and where the skin conducted half a
microsiemens nothing about their size says so. Skin that was held up by responses falls back within seconds
too, but not so far: by then they have left a part, and not below all that it read before. And what falls back
to where it had been, as when a wrist is no longer pressed, only comes back. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import islice, pairwise

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import BoolArray, FloatArray

LOW = 0.25
"""An electrode that came off reads less [µS]."""
SHARE = 0.4
"""And less than this share of the level before."""
AGO, OVER = 5, 15
"""That is the least 1-s mean of so many seconds, so long ago [s]."""
KNOWN = 8
"""So many of those seconds must have been measured."""
LASTS = 2
"""It reads so for so many seconds."""
BACK = 0.5
"""It touches again where a second reads this share of the level before; a sample that does is not lost."""
STOOD, LEAST, MEMORY = 10, 0.8, 600
"""It came back to where it stood if so many of the last seconds with contact read at most 1/0.8 of it."""
FLOOR, BEFORE, LEAST_KNOWN = 0.7, 10, 30
"""Or it reads less than this share of the least second with contact up to so long ago [s]: a level without
responses does not fall so far so soon. So many seconds must be known."""
NEAR = 0.85
"""Then it touches again where a second reads this share of that least one."""
ALIVE, RISE, WITHIN = 1.15, 0.02, 3
"""Or where it rises to so many times what it was, and by so much [µS], in so many seconds: skin responds."""
ANEW = 30
"""After so many seconds without a sample, or without current, it is taken to be attached anew [s]."""


class Contact:
    """Follow whether the electrodes of one stream have contact, second by second.

    Parameters
    ----------
    none : float
        Below this no current flows [µS].
    """

    def __init__(self, none: float) -> None:
        self._none = none
        self._times: FloatArray = np.empty(0)
        self._eda: FloatArray = np.empty(0)
        self._forget()

    def _forget(self) -> None:
        """Know of no level."""
        self._means: deque[tuple[int, float]] = deque(maxlen=AGO + OVER)
        self._touched: deque[float] = deque(maxlen=MEMORY)
        self._newest: int | None = None
        self._before, self._back = math.nan, BACK
        self._low = self._nothing = 0

    def push(self, times: FloatArray, eda: FloatArray) -> BoolArray:
        """Tell for each sample whether contact is lost, by the whole seconds before it.

        Parameters
        ----------
        times, eda : ndarray, shape (n_samples,)
            Stamps, not decreasing [s], and skin conductance [µS]; nan where missing.
        """
        if len(times) == 0:
            return np.zeros(0, bool)
        past = len(self._times)
        t, x = np.concatenate((self._times, times)), np.concatenate((self._eda, eda))
        numbers = np.floor(t)
        starts = np.flatnonzero(steps_from(-np.inf, numbers))
        there = np.isfinite(x)
        counts = np.add.reduceat(there, starts, dtype=float)
        sums = np.add.reduceat(np.where(there, x, 0.0), starts)
        lost = np.zeros(len(t), bool)
        bounds = pairwise([*starts.tolist(), len(t)])
        seconds = zip(bounds, numbers[starts].tolist(), counts.tolist(), sums.tolist(), strict=True)
        for (a, b), second, n, total in seconds:
            if self._before == self._before:
                lost[a:b] = x[a:b] < self._back * self._before
            if n and b < len(t):
                self._close(int(second), total / n)
        last = int(starts[-1])
        self._times, self._eda = t[last:], x[last:]
        return lost[past:]

    def _close(self, second: int, mean: float) -> None:
        """Take in the mean of a second [µS]."""
        if self._newest is not None and second - self._newest > ANEW:
            self._forget()
        self._newest = second
        self._nothing = self._nothing + 1 if mean < self._none else 0
        if self._nothing > ANEW:
            self._forget()
        elif not math.isnan(self._before):
            responds = self._back == NEAR and self._responds(second, mean)
            if responds:  # it is attached as it is now: what was the least before is so no more
                self._touched.clear()
            if responds or mean >= self._back * self._before:
                self._before, self._low = math.nan, 0
        elif mean < LOW:
            level, floor = self._level(second), self._floor()
            fallen, beneath = mean < SHARE * level, mean < FLOOR * floor
            self._low = self._low + 1 if fallen or beneath else 0
            if fallen and self._low == LASTS and not self._stood_at(mean):
                self._before, self._back = level, BACK
            elif beneath and self._low >= LASTS:
                self._before, self._back = floor, NEAR
        else:
            self._low = 0
        self._means.append((second, mean))
        if mean >= self._none and self._low == 0:
            self._touched.append(mean)

    def _stood_at(self, mean: float) -> bool:
        """Tell whether the signal had read no more than this for a while when there was contact [µS]."""
        return sum(LEAST * one <= mean for one in self._touched) >= STOOD

    def _floor(self) -> float:
        """Return the least second with contact up to some seconds ago [µS], 0 where too little is known."""
        known = len(self._touched) - BEFORE
        return min(islice(self._touched, known)) if known >= LEAST_KNOWN else 0.0

    def _responds(self, second: int, mean: float) -> bool:
        """Tell whether the signal has just risen as skin does that responds."""
        recent = [m for number, m in self._means if second - WITHIN <= number]
        return any(mean >= max(ALIVE * m, m + RISE) for m in recent)

    def _level(self, second: int) -> float:
        """Return the level some seconds before one [µS], 0 where it is not known."""
        first, last = second - AGO - OVER, second - AGO
        means = [mean for number, mean in self._means if first < number <= last]
        return min(means) if len(means) >= KNOWN else 0.0

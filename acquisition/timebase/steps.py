"""Stamps that are the times: they pass as they are, and only what no sensor does is looked at twice."""

from __future__ import annotations

import math

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.blocks import SetBack
from acquisition.timebase.laid import Laid, Log, joined, rising

LONG = 1.6
"""Samples are missing where a step is longer than so many periods."""
LOOSE = 2.5
MORE = 0.6
"""By so many nominal periods a step must be longer than usual to tell of a loss."""
LOOK = 0.05
"""Seconds after an odd step that are waited for, to tell a stamp that slipped from a step that stays."""
CATCH_UP, CATCHING = 1.2, 0.5
"""After a step of up to so many seconds as many samples as fit into it are waited for, if they come in less
than half their time."""
ALIKE, WHOLE = 0.5, 0.25
"""Share of a period within which a stamp is where it was expected, or where another one was."""

ORDERED = np.empty(0, np.bool_)


class Steps:
    """Take stamps as the times.

    A step that is too long, or goes back, waits for the stamps of the next 0.05 s, longer while they catch
    up. If they return to where they were expected, the stamps between slipped and are replaced. If they do
    not, samples are missing; after a step back the clock began anew, and the stream goes on at once.

    Parameters
    ----------
    period : float
        Usual step [s].
    first : int
        Number of the first sample.
    loose : bool
        Steps differ so much that only a longer one tells of a loss.
    """

    def __init__(self, period: float, log: Log, *, first: int, loose: bool = False) -> None:
        self.period = period
        self._usual = period
        self._log = log
        self._look = max(2, math.ceil(LOOK / period))
        self._waiting: FloatArray = np.empty(0)
        self._last = math.nan
        self._most = LOOSE if loose else LONG
        self._shift, self._set_back = 0.0, SetBack()
        self._at = first
        self._settled = first
        self._in_order = ORDERED
        """Which of the samples that come next do so in their order, where not all do."""

    def push(self, stamps: FloatArray) -> Laid:
        """Take in stamps [s]; return what they settle."""
        raw = stamps
        if waited := len(self._waiting):  # they may pass now, as the period has become another
            raw = np.concatenate((self._waiting, stamps))
            self._settled = max(self._settled, self._at + waited)
        x = raw + self._shift if self._shift else raw
        parts = list[Laid]()
        while len(x):
            odd = self._odd(x)
            n = int(odd[0]) if len(odd) else len(x)
            if n:
                parts.append(self._pass(x[:n]))
            x, raw = x[n:], raw[n:]
            if len(x) < self._look or len(x) < (look := self._needed(x)):
                break
            x, n = self._decide(x, raw, look)
            laid = self._pass(x[:n])
            if len(self._in_order):  # the values of others stand in their places
                laid = Laid(np.where(self._in_order, laid.times, np.nan), laid.settled)
                self._in_order = ORDERED
            parts.append(laid)
            x, raw = x[n:], raw[n:]
        self._waiting = raw
        return joined(parts)

    def drain(self) -> FloatArray:
        """Return the stamps that wait [s]."""
        x, self._waiting = self._waiting + self._shift, np.empty(0)
        return self._pass(x).times if len(x) else x

    def _odd(self, x: FloatArray) -> IntArray:
        """Return where a step is too long, or goes back."""
        steps = steps_from(self._last, x)
        return np.flatnonzero((steps > self._longest()) | (steps < 0.0))

    def _longest(self) -> float:
        return max(self._most * self.period, self.period + MORE * self._usual)

    def _pass(self, x: FloatArray) -> Laid:
        numbers = np.arange(self._at, self._at + len(x))
        self._at += len(x)
        x = rising(self._last, x)
        self._last = float(x[-1])
        return Laid(x, np.maximum(numbers, self._settled))

    def _needed(self, x: FloatArray) -> int:
        """Return how many stamps must be seen: more after a step that the next ones catch up with."""
        step, went = float(x[0]) - self._last, float(x[self._look - 1] - x[0])
        if not (0.0 < step < CATCH_UP and went < CATCHING * (self._look - 1) * self.period):
            return self._look
        return max(self._look, math.ceil(step / self.period) + 2)

    def _decide(self, x: FloatArray, raw: FloatArray, look: int) -> tuple[FloatArray, int]:
        """Return stamps that begin with an odd step, put right as the next ones say, and how many are now."""
        self._settled = max(self._settled, self._at + look - 1)
        period, step = self.period, float(x[0]) - self._last
        off = x[:look] - self._last - period * np.arange(1, look + 1)
        if n := _overtaken(off / period):
            at = self._last + period * np.arange(1, n + 1)
            self._in_order = np.abs(off[:n]) <= ALIKE * period
            return np.concatenate((at, x[n:])), n
        near = np.flatnonzero(off[1:] <= ALIKE * period if step > 0 else off[1:] >= -ALIKE * period)
        if len(near):
            n = int(near[0]) + 1
            self._log.slipped(self._at, n)
            until = max(float(x[n]), self._last)
            x = x.copy()
            x[:n] = self._last + (until - self._last) * np.arange(1, n + 1) / (n + 1)
            return x, n
        if step < 0:
            self._log.back(self._at, period - step)
            self._set_back.set(period - step)
            self._shift += period - step
            x = raw + self._shift
        elif by := self._set_back.undone(step - period, ALIKE * period):
            self._log.back(self._at, -by)
            self._shift -= by
            x = raw + self._shift
        else:
            self._log.lost(self._at, max(1.0, round(step / period) - 1.0), step - period)
        return x, 1


def _overtaken(off: FloatArray) -> int:
    """Return how many of the next samples fill their places together, but in another order; 0 if they do not.

    Parameters
    ----------
    off : ndarray, shape (n,)
        By how many periods each is later than expected.
    """
    places = np.rint(off).astype(np.int64) + np.arange(len(off))
    whole = np.abs(off - np.rint(off)) <= WHOLE
    n = int(whole.argmin()) if not whole.all() else len(off)
    for k in (np.maximum.accumulate(places[:n]) == np.arange(n)).nonzero()[0].tolist():
        if np.array_equal(np.sort(places[: k + 1]), np.arange(k + 1)):
            return int(k) + 1
    return 0

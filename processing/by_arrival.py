"""Samples on a clock that is not the recorder's: they are placed by when they come.

What a stream's stamps say has an order and an interval, but nobody need have set the clock they are taken
from. Three things show that it is another one, and none of them a slow radio does:

- samples that are stamped after they came;
- samples all of which come later than any may, for seconds on end, though as fast as they are taken;
- a delay that grows or shrinks like a line for ten minutes and more: a radio's has steps.

The least delay of a stretch but one is looked at, so that packets, stalls and a wrong stamp say nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from acquisition.stream import LATENESS, FloatArray, IntArray
from acquisition.timebase.laid import TORN

WINDOW = 10.0
"""Seconds of arrivals whose least delay is one piece of evidence."""
BEFORE = 0.25
"""Samples are placed by their arrival where all of a stretch are stamped so long after it [s]: half of what
the admission of samples lets pass."""
LONGEST, FEWEST, PARTS = 720, 60, 6
"""So many stretches, two hours, tell of drift at most, ten minutes at least; in so many parts."""
DRIFTS = 0.15
"""The delay must differ by so much from the first of these to the last [s]: what comes as regularly as the
slices of a recording passes through them in up to 0.1 s."""
STRAIGHT = 0.08
"""Share of that by which no part may lie off the line through all."""
FASTEST = 1e-3
"""No clock of a device drifts faster [s per s]; nor are times moved faster: the intervals between beats hold
to a thousandth."""
GENTLY = 5e-5
"""Drift is caught up with by so much more than it goes on [s per s]."""
MOST = 3
"""So many new placements are said; more are only made."""


NOTHING = np.full(2, math.inf)
"""The two least delays of a stretch in which nothing came."""


class ByArrival:
    """Move the times of a stream's samples onto the clock by which they arrive, if theirs is another.

    Parameters
    ----------
    lateness : float
        How late a sample may arrive [s].
    say : callable
        Is told what was found: before which of the samples that are being placed, and in words.
    """

    def __init__(self, lateness: float, say: Callable[[int, str], None]) -> None:
        self._limit = max(lateness, LATENESS)
        self._say = say
        self._said = 0
        self._shift = self._slew = 0.0
        self._usual = math.nan
        self._last = self._torn = -math.inf
        """The last time that was given, and the first that may be, as times were set back [s]."""
        self._begun = self._from = math.nan
        self._window = 0
        self._least = NOTHING
        self._past: deque[tuple[float, float]] = deque(maxlen=LONGEST)
        self._back = self._told = False

    def shifts(
        self, times: FloatArray, clock: FloatArray, arrived: FloatArray, places: IntArray
    ) -> FloatArray | None:
        """Take in the next samples; return what is to be added to their times [s], None if nothing is; nan
        where a sample has no place as times are set back.

        Parameters
        ----------
        times, clock : ndarray, shape (n,)
            Of the samples, nan where one has no place, and what is added for the sender's clock [s].
        arrived : ndarray, shape (n,)
            Ticks until which they had arrived [s]; not decreasing.
        places : ndarray of int, shape (n,)
            Slices that settled them, of which the first of all tell how a stream begins.
        """
        delay = arrived - times - clock
        if math.isnan(self._begun):
            self._begin(delay[: int(places.searchsorted(places[0], "right"))], arrived)
        windows = np.floor((arrived - self._begun) / WINDOW)
        out, at = None, 0
        while at < len(times):
            if windows[at] > self._window:
                self._judge(at)
                self._window, self._from, self._least = int(windows[at]), math.nan, NOTHING
            end = int(windows.searchsorted(windows[at], "right"))
            self._least = np.partition(np.append(self._least, delay[at:end]), 1)[:2]
            if self._shift or self._slew:
                out = np.zeros(len(times)) if out is None else out
                out[at:end] = self._along(times[at:end])
            moved = times[at:end] if out is None else times[at:end] + out[at:end]
            if out is not None and self._torn > self._last:
                out[at:end][moved < self._torn] = np.nan
            self._last = max(self._last, float(np.fmax.reduce(moved)))
            at = end
        return out

    def _along(self, times: FloatArray) -> FloatArray:
        """Return the shifts of samples of one stretch [s], which lead from the last to the next one."""
        if not self._slew:
            return np.full(len(times), self._shift)
        if math.isnan(self._from):
            self._from = float(times[int(np.isfinite(times).argmax())])
        return np.asarray(self._shift + self._slew * np.clip((times - self._from) / WINDOW, 0.0, 1.0))

    def _begin(self, delay: FloatArray, arrived: FloatArray) -> None:
        """Place the first samples."""
        self._begun = float(arrived[0])
        least = _but_one(np.partition(np.append(NOTHING, delay), 1))
        if least < -BEFORE:
            self._place(0, least, 0.0)
        self._usual = least if 0.0 <= least <= self._limit else 0.0

    def _judge(self, at: int) -> None:
        """Look at the least delay of the stretch that is over, before sample `at`."""
        self._shift, self._slew = self._shift + self._slew, 0.0
        least = _but_one(self._least)
        if not math.isfinite(least):
            return
        self._past.append((self._window * WINDOW, least))
        placed = least - self._shift
        if placed < -2.0 * BEFORE or placed > self._limit:
            self._place(at, least, self._usual)
            return
        drift, now = self._drift(at)
        if drift:
            self._approach(now - self._shift, min(FASTEST, 2.0 * abs(drift) + GENTLY))
            return
        self._back = placed < -BEFORE or (self._back and placed < 0.0)
        if self._back:
            self._approach(placed, FASTEST)

    def _approach(self, placed: float, fastest: float) -> None:
        """Move what comes in the next stretch towards its usual delay, from the one it has [s]."""
        most = fastest * WINDOW
        self._slew = min(max(placed - self._usual, -most), most)

    def _place(self, at: int, least: float, usual: float) -> None:
        """Place samples with the least delay [s] as if it was the usual one."""
        before, self._shift = self._shift, least - usual
        if self._shift < before:
            self._torn = self._last + TORN
        self._past.clear()
        self._said += 1
        if self._said <= MOST:
            off = before - self._shift
            what = f"come {abs(off):.3g} s {'before' if off > 0 else 'after'} the time they are stamped with"
            self._say(at, f"samples {what}: another clock, placed by when they came")

    def _drift(self, before: int) -> tuple[float, float]:
        """Return how fast the delay changes like a line [s per s], or 0, and what it is now [s]."""
        n = len(self._past) // PARTS
        if PARTS * n < FEWEST:
            return 0.0, math.nan
        at, least = np.array(self._past)[-PARTS * n :].reshape(PARTS, n, 2).transpose(2, 0, 1)
        x, y = at.mean(axis=1), np.median(least, axis=1)
        drift = float(np.dot(x - x.mean(), y) / np.dot(x - x.mean(), x - x.mean()))
        off = y - y.mean() - drift * (x - x.mean())
        grown = abs(drift) * float(x[-1] - x[0])
        if grown < DRIFTS or np.abs(off).max() > STRAIGHT * grown or abs(drift) > FASTEST:
            return 0.0, math.nan
        if not self._told:
            self._told = True
            self._say(
                before, f"the clock of the stamps runs {-1e6 * drift:+.0f} ppm off the recorder's: followed"
            )
        return drift, float(y.mean() + drift * (self._past[-1][0] - x.mean()))


def _but_one(least: FloatArray) -> float:
    """Return the least delay but one [s], as one stamp may be wrong; the least if there is no other."""
    return float(least[1] if math.isfinite(least[1]) else least[0])

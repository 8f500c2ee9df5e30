"""A line of times over the sample count that late stamps do not pull."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.ranks import middle

ROUNDS, AGAIN = 4, 2
"""Rounds of weighting without and with a line that is known."""
REACH = 3.5
"""Deviations beyond so many standard deviations have no weight (Tukey's bisquare)."""

SLEW, FRESH = 0.004, 0.02
"""Seconds by which a second of samples is corrected; more while the line is young."""


class Fit(NamedTuple):
    """Hold time = level + period · (count - origin), and the spread of what was fitted [s]."""

    origin: float
    level: float
    period: float
    spread: float

    def at(self, counts: FloatArray) -> FloatArray:
        """Return the times of counts [s]."""
        return np.asarray(self.level + self.period * (counts - self.origin))


def spread_of(values: FloatArray) -> float:
    """Return the standard deviation of normal values with their median absolute deviation."""
    return 1.4826 * middle(np.abs(values - middle(values)))


def fit_line(
    counts: FloatArray,
    stamps: FloatArray,
    period: float,
    doubt: float,
    *,
    early: bool,
    known: Fit | None = None,
) -> Fit:
    """Fit a line through stamps [s] over counts.

    Parameters
    ----------
    period, doubt : float
        What the period is thought to be [s], and the share by which it may differ.
    early : bool
        Stamps can only be late: those after the line count half.
    known : Fit, optional
        The line so far, whose deviations give the first weights: a stall at the end would pull at a new one.

    References
    ----------
    Beaton & Tukey (1974), doi:10.1080/00401706.1974.10489171: iterated weights. Departure: a ridge holds the
    slope to the rate that is known, as long as the stamps span little.
    """
    origin = float(counts[-1])
    u = (counts - origin) * period
    y = stamps - stamps[-1] - u
    if known is None:
        weights, scale = np.ones(len(u)), max(spread_of(y), 1e-4)
    else:
        off = stamps - known.at(counts)
        off -= middle(off)
        scale = max(1.4826 * middle(np.abs(off)), 1e-5)
        weights = _weights(off, scale, early=early)
    level, slope = 0.0, 0.0
    for more in reversed(range(ROUNDS if known is None else AGAIN)):
        total = float(np.add.reduce(weights))
        mu, my = _dot(weights, u) / total, _dot(weights, y) / total
        du = u - mu
        wdu = weights * du
        slope = _dot(wdu, y - my) / (_dot(wdu, du) + (scale / doubt) ** 2)
        level = my - slope * mu
        off = y - level - slope * u
        scale = max(spread_of(off), 1e-5)
        if more:
            weights = _weights(off, scale, early=early)
    return Fit(origin, float(stamps[-1]) + level, period * (1.0 + slope), scale)


class Course:
    """A line that may be found anew and is then approached little by little."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self._late, self._from, self._slew = 0.0, fit.origin, SLEW

    def turn(self, fit: Fit, at: float, age: float) -> None:
        """Go on from count `at` to another line, after so many seconds of samples."""
        self._late = self.one(at) - fit.level - fit.period * (at - fit.origin)
        self._from, self._slew = at, SLEW + FRESH / (1.0 + age)
        self.fit = fit

    def one(self, count: float) -> float:
        """Return the time of one count [s]."""
        fit = self.fit
        time = fit.level + fit.period * (count - fit.origin)
        if self._late == 0.0:
            return time
        left = abs(self._late) - self._slew * fit.period * (count - self._from)
        return time + math.copysign(min(max(left, 0.0), abs(self._late)), self._late)

    def at(self, counts: FloatArray) -> FloatArray:
        """Return the times of increasing counts [s]."""
        times, late = self.fit.at(counts), abs(self._late)
        slew = self._slew * self.fit.period
        if self._late == 0.0 or not len(counts) or late - slew * float(counts[0] - self._from) <= 0.0:
            return times
        left = np.minimum(np.maximum(late - slew * (counts - self._from), 0.0), late)
        return times + left if self._late > 0.0 else times - left


def _weights(off: FloatArray, scale: float, *, early: bool) -> FloatArray:
    z = np.minimum((off / (REACH * scale)) ** 2, 1.0)
    weights = (1.0 - z) ** 2 + 1e-6
    return np.where(off > 0, 0.5 * weights, weights) if early else weights


def _dot(a: FloatArray, b: FloatArray) -> float:
    # not by BLAS, which may add in another order for another place in memory
    return float(np.add.reduce(a * b))

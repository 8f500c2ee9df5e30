"""A line of times over the sample count that late stamps do not pull."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.ranks import middle_and_off, quantile, ranked

ROUNDS, AGAIN, ONCE = 4, 2, 1
"""Rounds of weighting without a line that is known; with a young one; and with one that goes on from many."""
REACH = 3.5
"""Deviations beyond so many standard deviations have no weight (Tukey's bisquare)."""
LEAST = 1e-5
"""Stamps are not taken to spread by less [s]."""

SLEW, FRESH = 0.004, 0.02
"""Seconds by which a second of samples is corrected at most; more while the line is young."""
BENT = 0.002
"""The same where the rate has become another: that takes up to a minute; intervals stay true to 2 ms."""
GENTLY, WITHIN = 0.0005, 10.0
"""By so much at least, and within so many seconds if that is not too fast: any faster, and each new line is
seen in the intervals."""

STRAIGHTLY, ENDS = 1.0, 8
"""Above this stamps lie about a line, each by itself; so many at each end tell its slope by their medians."""
STRAYS, STRAIGHT = 0.5, 0.9
"""Share of what they are off, and correlation, from which packets are farther and farther off."""
OTHER = 10.0
"""By at most so much another rate may be theirs."""

NONE = np.empty(0)
ZERO, HALF, ONE = np.array(0.0), np.array(0.5), np.array(1.0)
"""Arrays, as numpy takes longer to make one of a number than to reckon with a hundred."""


class Fit:
    """Hold time = level + period · (count - origin).

    Parameters
    ----------
    origin, level, period : float
        [samples], [s], [s].
    through : ndarray, shape (2, n)
        What it was fitted to: counts, and how late stamps are [s].
    less : float
        Slope of that lateness on the line [s].
    """

    __slots__ = ("_less", "_spread", "_through", "level", "origin", "period")

    def __init__(self, origin: float, level: float, period: float, through: FloatArray, less: float) -> None:
        self.origin, self.level, self.period = origin, level, period
        self._through, self._less, self._spread = through, less, math.nan

    @property
    def spread(self) -> float:
        """Return the spread of what was fitted [s]; most lines are never asked for it."""
        if math.isnan(self._spread):
            counts, late = self._through
            self._spread = max(spread_of(late - self._less * counts), LEAST)
        return self._spread

    def at(self, counts: FloatArray) -> FloatArray:
        """Return the times of counts [s]."""
        times = counts - self.origin
        times *= self.period
        times += self.level
        return times


def spread_of(values: FloatArray) -> float:
    """Return the standard deviation of normal values with their median absolute deviation."""
    return 1.4826 * middle_and_off(values)[1]


def fit_line(
    line: FloatArray,
    period: float,
    doubt: float,
    *,
    early: bool,
    known: Fit | None = None,
    rounds: int = ROUNDS,
) -> Fit:
    """Fit a line through stamps over counts.

    Parameters
    ----------
    line : ndarray, shape (2, n)
        Counts, and stamps [s].
    period, doubt : float
        What the period is thought to be [s], and the share by which it may differ.
    early : bool
        Stamps can only be late: those after the line count half.
    known : Fit, optional
        The line so far, whose deviations give the first weights: a stall at the end would pull at a new one.
    rounds : int
        How often the stamps are weighed.

    References
    ----------
    Beaton & Tukey (1974), doi:10.1080/00401706.1974.10489171: iterated weights. Departures: a ridge holds
    the slope to the rate that is known, as long as the stamps span little; with a line that goes on from
    many one weighting is enough.
    """
    origin, last = line[:, -1].tolist()
    near = line - line[:, -1:]
    counts, late = near[0], near[1]
    base = period if known is None else known.period
    late -= base * counts
    sums = np.empty((5, len(counts)))  # rows, so that one call adds up all
    weights = sums[0]
    if known is None:
        weights[:] = 1.0
        scale = max(spread_of(late), 1e-4)
    else:
        middle, far = middle_and_off(late)
        late -= middle
        last += middle
        scale = max(1.4826 * far, LEAST)
        _weigh(weights, late, scale, early=early)
    level, found = 0.0, base
    for more in reversed(range(rounds)):
        np.multiply(weights, near, out=sums[1:3])
        np.multiply(sums[1], near, out=sums[3:])
        # not by BLAS, which may add in another order for another place in memory
        total, sum_count, sum_late, square, both = np.add.reduce(sums, axis=1).tolist()
        mean, mean_late = sum_count / total, sum_late / total
        own, shared = (square - sum_count * mean) * period**2, (both - sum_count * mean_late) * period
        slope = (shared + (base / period - 1.0) * own) / (own + (scale / doubt) ** 2)
        found = period * (1.0 + slope)
        level = mean_late - (found - base) * mean
        if more:
            off = late - level - (found - base) * counts
            scale = max(spread_of(off), LEAST)
            _weigh(weights, off, scale, early=early)
            weights += 1e-6  # all may lie far off
    return Fit(origin, last + level, found, near, found - base)


def stray(line: FloatArray, off: Sequence[float], least: float, period: float) -> bool:
    """Tell whether packets are farther and farther off the line, whose slope is wrong then.

    Parameters
    ----------
    line, off : ndarray, shape (2, n), sequence of float
        Numbers of their last samples and the stamps of these [s], and how late they are [s].
    least, period : float
        By how much the last ones are off at least, and the sample period so far [s].
    """
    counts, stamps = line
    rate = float((stamps[-1] - stamps[0]) / (counts[-1] - counts[0])) / period
    if not (1.0 / OTHER < rate < OTHER and abs(off[-1] - off[0]) > STRAYS * abs(least)):
        return False
    return abs(float(np.corrcoef(counts, off)[0, 1])) > STRAIGHT


def straight(line: FloatArray) -> float:
    """Return the period at which stamps go on [s], 0 where they do not lie about a line, each by itself.

    A clock that is set again and again makes a saw of them, at a rate that is none.

    Parameters
    ----------
    line : ndarray, shape (2, n)
        Numbers of the packets' last samples, and the stamps of these [s].
    """
    counts, stamps = line - line[:, :1]
    ends = np.median(line[:, -ENDS:], axis=1) - np.median(line[:, :ENDS], axis=1)
    period = float(ends[1] / ends[0])
    return period if unordered(stamps - period * counts, 0.8) > STRAIGHTLY else 0.0


def unordered(late: FloatArray, share: float = 1.0) -> float:
    """Return the ratio of squared steps to squares: 2 where lateness has no order, little where it goes on.

    Parameters
    ----------
    share : float
        Steps that are larger than this share of them count no more, as those from tooth to tooth of a saw.

    References
    ----------
    von Neumann (1941), doi:10.1214/aoms/1177731677.
    """
    off = late - np.add.reduce(late) / len(late)
    steps = np.abs(off[1:] - off[:-1])
    if share < 1.0:
        np.minimum(steps, quantile(ranked(steps, share), share), out=steps)
    return float(np.add.reduce(steps * steps) / max(np.add.reduce(off * off), LEAST * LEAST))


class Course:
    """A line that may be found anew and is then approached little by little."""

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self._late, self._from, self._slew, self._most = 0.0, fit.origin, SLEW, SLEW

    def turn(self, fit: Fit, at: float, age: float) -> None:
        """Go on from count `at` to another line, after so many seconds of samples."""
        self._late = self.one(at) - fit.level - fit.period * (at - fit.origin)
        self._most = self._most if self._late else SLEW
        most = self._most + (FRESH / (1.0 + age) if self._most == SLEW else 0.0)
        self._from, self._slew = at, min(most, max(GENTLY, abs(self._late) / WITHIN))
        self.fit = fit

    def bend(self, fit: Fit, at: float, *, at_once: bool) -> None:
        """Go on from count `at` to a line of another rate: more slowly, as it is farther off, or at once."""
        self._most = BENT
        self.turn(fit, at, math.inf)
        self._late = 0.0 if at_once else self._late

    def one(self, count: float) -> float:
        """Return the time of one count [s]."""
        fit = self.fit
        time = fit.level + fit.period * (count - fit.origin)
        if self._late == 0.0:
            return time
        left = abs(self._late) - self._slew * fit.period * (count - self._from)
        return time + math.copysign(min(max(left, 0.0), abs(self._late)), self._late)

    @property
    def late(self) -> float:
        """Return by how much its times differ from those of the line at most [s]."""
        return abs(self._late)

    def off(self, line: FloatArray) -> list[float]:
        """Return how late stamps are [s]: a few, for which numpy's calls cost more.

        Parameters
        ----------
        line : ndarray, shape (2, n)
            Increasing counts, and stamps [s].
        """
        fit, late, (counts, stamps) = self.fit, self._late, line.tolist()
        origin, level, period = fit.origin, fit.level, fit.period
        times = [level + period * (x - origin) for x in counts]
        if late:
            slew, begun, most = self._slew * period, self._from, abs(late)
            for k, count in enumerate(counts):
                left = most - slew * (count - begun)
                if left <= 0.0:
                    break
                left = min(left, most)
                times[k] += left if late > 0.0 else -left
        return [stamp - time for stamp, time in zip(stamps, times, strict=True)]

    def at(self, counts: FloatArray) -> FloatArray:
        """Return the times of increasing counts [s], none of which are nearer than one."""
        times = counts.copy()
        self.lay(times)
        return times

    def lay(self, counts: FloatArray) -> None:
        """Put times in place of such counts [s]."""
        late, fit, left = self.late, self.fit, NONE
        slew = self._slew * fit.period
        if late and len(counts) and late - slew * (begun := float(counts[0]) - self._from) > 0.0:
            left = counts[: int(min(late / slew - begun + 2.0, len(counts)))] - self._from
            left *= -slew
            left += late
            np.maximum(left, 0.0, out=left)
            if begun < 0.0:
                np.minimum(left, late, out=left)
        counts -= fit.origin
        counts *= fit.period
        counts += fit.level
        if len(left):
            begin = counts[: len(left)]
            (np.add if self._late > 0.0 else np.subtract)(begin, left, out=begin)


def _weigh(weights: FloatArray, off: FloatArray, scale: float, *, early: bool) -> None:
    np.multiply(off, 1.0 / (REACH * scale), out=weights)
    np.multiply(weights, weights, out=weights)
    np.minimum(weights, ONE, out=weights)
    np.subtract(ONE, weights, out=weights)
    np.multiply(weights, weights, out=weights)
    if early:
        np.multiply(weights, HALF, out=weights, where=np.greater(off, ZERO))

"""What the intervals between beats say: the usual one, breathing in them, and whether there is a rhythm at
all.

Only normal beats define what is usual, and what the limits reject cannot widen them (quartiles of all
intervals, as in Lipponen & Tarvainen 2019, widen until a bigeminy is normal).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

from processing.heart.config import HeartConfig
from processing.heart.ibi import ALTERNATING, EVEN, IRREGULAR
from processing.sums import middle

KEPT = 9
"""NN intervals whose median is the usual one."""
FEWEST = 4
"""NN intervals before that median counts; until then, that of all intervals."""
LONGEST = HeartConfig.longest
"""A longer time without a beat is a gap, not an interval [s]."""
SERIES = 24
"""Intervals that breathing is sought in: three breaths at 8/min and 64 bpm."""
DIFFERENCES = 20
"""Differences that irregularity is judged from."""


class Breath(NamedTuple):
    """Hold how well an interval follows from the two before it.

    `explained` is the share of the variance, `neighbours` the correlation of one interval with the next,
    `expected` the next interval [s], `spread` the standard deviation of what is left [s].
    """

    explained: float
    neighbours: float
    expected: float
    spread: float


UNKNOWN = Breath(0.0, 0.0, math.nan, math.nan)


def breath(series: list[float]) -> Breath:
    """Fit a second-order autoregression to intervals [s]; nan where there is none or a beat was not normal.

    Breathing makes each interval follow from those before; in fibrillation it follows from nothing.
    """
    known = [value for value in series if value == value]
    if len(known) < SERIES // 2:
        return UNKNOWN
    mean = math.fsum(known) / len(known)
    off = [value - mean for value in series]
    n = 0
    one = cross = two = with_one = with_two = total = level = neighbours = 0.0
    for x, y, z in zip(off, off[1:], off[2:], strict=False):
        if x == x and y == y and z == z:
            n += 1
            one, cross, two = one + y * y, cross + x * y, two + x * x
            with_one, with_two, total = with_one + y * z, with_two + x * z, total + z * z
    for x, y in pairwise(off):
        if x == x and y == y:
            level, neighbours = level + 0.5 * (x * x + y * y), neighbours + x * y
    determinant = one * two - cross * cross
    if n < SERIES // 2 - 2 or determinant <= 1e-12 or total <= 0.0:
        return UNKNOWN
    a = (with_one * two - with_two * cross) / determinant
    b = (with_two * one - with_one * cross) / determinant
    left = max(0.0, total - a * with_one - b * with_two)
    expected = mean + a * off[-1] + b * off[-2]
    return Breath(1.0 - left / total, neighbours / level, expected, math.sqrt(left / (n - 2)))


class Limits(NamedTuple):
    """Hold the limits on intervals as shares of the usual one; ours, set on six records of MIT-BIH and
    simulated breathing, `jump` and `before` apart for beats of which only the time is known."""

    early: float = 0.85
    """A beat before this is early, if the next interval is longer by `rebound`."""
    very_early: float = 0.80
    """A beat before this is early even if no pause follows it."""
    hurried: float = 0.75
    """A beat before this is early whatever follows, if it is also `early` against the interval before: two
    ectopic beats in a row, or a run. A heart that gets faster does so step by step."""
    rebound: float = 1.15
    pause: float = 0.97
    jump: float = 1.35
    """A beat is early if the next interval is so much longer than its own, and its own under `before`."""
    before: float = 0.93
    notch: float = 0.05
    """How much shorter than both its neighbours the interval of an early beat must be, if only they tell."""
    two: float = 1.85
    """After an early beat: where so few usual intervals make two, and the next makes three of them within
    `whole`, the second beat was early, too."""
    whole: float = 0.15
    missed: float = 1.75
    """A longer one tells nothing of the beat before it: a beat may have been missed."""
    long: float = 1.45
    """A longer interval is a pause or a missed beat, and no NN."""
    extra: float = 0.60
    """Two marks closer than this are one beat marked twice, or a wave that is no beat."""
    irregular: float = 0.12
    """Median difference over the median interval from which a rhythm is irregular."""
    very_irregular: float = 0.16
    followed: tuple[float, float] = (0.20, 0.35)
    """Share of variance from which such differences follow a breath, up to `very_irregular` and over it.
    Of 24 random intervals, 0.27 are exceeded once in twenty times; a minute holds four such stretches."""
    alternating: float = 0.8
    """Share of differences that turn, from which an irregular rhythm is one of short and long intervals."""
    explained: float = 0.5
    """Share of variance from which the intervals follow a breath."""


BY_SHAPE = Limits()
BY_TIME = Limits(jump=1.22, before=0.98)


class Rhythm:
    """Follow the intervals of one person.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._normal: list[float] = []
        self._all: list[float] = []
        self.usual = math.nan
        """The usual interval [s]; nan while none is known."""
        self._series: list[float] = []
        self._last = math.nan
        self._triple: list[float] = []
        self._changes: list[float] = []
        self._sizes: list[float] = []
        self._levels: list[float] = []

    @property
    def is_steady(self) -> bool:
        """Tell whether the last NN intervals differ little."""
        return len(self._normal) >= FEWEST and max(self._normal) < 1.35 * min(self._normal)

    def saw(self, interval: float) -> None:
        """Take in any interval [s]: until a few normal ones are known, nothing else is."""
        if len(self._normal) < FEWEST and interval < LONGEST:
            self._all = [*self._all[1 - KEPT :], interval]
            self.usual = middle(self._all)

    def accept(self, interval: float) -> None:
        """Take in an interval between two normal beats [s]."""
        self._normal = [*self._normal[1 - KEPT :], interval]
        if len(self._normal) >= FEWEST:
            self.usual = middle(self._normal)

    def restart(self, intervals: list[float]) -> None:
        """Take up another rhythm [s]."""
        self._normal = list(intervals)
        self.usual = middle(self._normal)

    def is_early(self, interval: float, following: float) -> bool:
        """Tell whether a beat came before its time, from the interval before and the one after it [s]."""
        c, p, q = self._limits, interval / self.usual, following / self.usual
        notch = min(self._last - interval, following - interval) / self.usual
        early = p < c.early and q > p * c.rebound and (q > c.pause or p < c.very_early)
        jumps = p < c.before and p * c.jump < q < c.missed and not notch < c.notch
        hurried = p < c.hurried and not interval > c.early * self._last
        return (early or jumps or hurried) and not self._breathed(interval, notch)

    def is_second(self, last: float, interval: float, following: float) -> bool:
        """Tell of a beat whose interval follows an early one whether it came early as well: in its time after
        that, but not after the last normal beat, and with a pause after it that makes up for both [s]."""
        c, two, q = self._limits, (last + interval) / self.usual, following / self.usual
        return two < c.two and q > c.rebound and abs(two + q - 3.0) < c.whole

    def _breathed(self, interval: float, notch: float) -> bool:
        """Tell whether a short interval is part of a breath: expected, or hardly shorter than others."""
        found, c = breath(self._series), self._limits
        if not (found.explained > 0.8 * c.explained and found.neighbours > -0.25):
            return False
        near = min(max(3.0 * found.spread, 0.04 * interval), 0.12 * interval)
        expected = found.explained > c.explained and abs(interval - found.expected) < near
        return notch < c.notch or expected

    def follow(self, interval: float, usual_shape: bool, is_normal: bool) -> float:
        """Take in the interval before a beat [s], and return what the rhythm up to it is like.

        Only beats of usual shape are followed, early or not: judged on those that are in time, any rhythm is
        regular.
        """
        known = usual_shape and interval < LONGEST
        self._series = [*self._series[1 - SERIES :], interval if known else math.nan]
        self._last = interval if is_normal else math.nan
        self._triple = [*self._triple[-2:], interval] if known else []
        if len(self._triple) == 3:
            change = interval - self._triple[1]
            self._changes = [*self._changes[1 - DIFFERENCES :], change]
            self._sizes = [*self._sizes[1 - DIFFERENCES :], abs(change)]
            self._levels = [*self._levels[1 - DIFFERENCES :], interval]
        return self._regularity()

    def _regularity(self) -> float:
        changes, c = self._changes, self._limits
        if len(changes) < DIFFERENCES:
            return EVEN
        level = middle(self._levels)
        typical = middle(self._sizes) / level
        if typical <= c.irregular:
            return EVEN
        found = breath(self._series)
        least = c.followed[1] if typical > c.very_irregular else c.followed[0]
        if found.explained > least and found.neighbours > -0.25:
            return EVEN
        if found.explained > c.explained:
            return ALTERNATING
        large = 0.15 * level
        turns = sum(1 for a, b in pairwise(changes) if a * b < 0 and abs(a) > large and abs(b) > large)
        return ALTERNATING if turns > c.alternating * (len(changes) - 1) else IRREGULAR

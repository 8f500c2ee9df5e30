"""Swings beside a rise: what goes up and down at one pace is a breath, a pulse or an alias of the mains.

A swing falls as fast as it rose; a response recovers several times more slowly. Responses between swings
leave tails, so each swing is measured over the line from the trough before it to the one after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.found import Scr
from processing.sums import median

NEAR = 0.3
"""The trough before a rise lies at most so long after its onset [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmConfig:
    """Hold the parameters of swings in a row.

    Parameters
    ----------
    turns : float
        A turn of the signal is one by this share of the rise's amplitude.
    steeper : float
        The middle half of the fall of a swing takes at most so many times as long as that of its rise.
    smaller, larger : float
        Swings are at most so many times smaller and larger than the rise, which is small on a tail.
    paced : float
        Their lengths differ from the median one by at most this factor.
    whole, lasting, enough : int, float, int
        So many of them are a row, if together they last so long [s], or are `enough`.
    most : float
        They are at least this share of what goes up and down by so much.
    periods, over : float
        They lie within so many of their median lengths before the onset, and within so many seconds.
    many, half, about : int, float, float
        So many of any length within `over` seconds, this share of them swings, are noise; their sizes are
        within so many times `smaller` and `larger`.
    quickest : float
        The rise takes at least this share of their median length, and at most all of it.
    """

    turns: float = 0.3
    steeper: float = 1.4
    smaller: float = 1.6
    larger: float = 2.0
    paced: float = 1.3
    whole: int = 3
    lasting: float = 18.0
    enough: int = 6
    most: float = 0.6
    periods: float = 12.0
    over: float = 60.0
    many: int = 12
    half: float = 0.5
    about: float = 1.25
    quickest: float = 0.2


class Cycle(NamedTuple):
    """Hold what goes up and down: its first trough and its last [s], its height over their line [µS], and
    whether it falls as fast as it rose, which is told only where its size is about that of the rise."""

    start: float
    stop: float
    height: float
    swings: bool


def turns(y: FloatArray, least: float) -> list[int]:
    """Return the places of troughs and peaks in turn, from a trough on, each `least` from the next."""
    out: list[int] = []
    bends = _bends(y)
    if not bends:
        return out
    low = high = bends[0]
    lowest = highest = float(y[low])
    rising: bool | None = None
    for i, value in zip(bends, y[bends].tolist(), strict=True):
        if value > highest:
            high, highest = i, value
        if value < lowest:
            low, lowest = i, value
        if rising is not False and highest - value >= least:
            if rising:
                out.append(high)
            rising, low, lowest = False, i, value
        elif rising is not True and value - lowest >= least:
            out.append(low)
            rising, high, highest = True, i, value
    return out


def _bends(y: FloatArray) -> list[int]:
    """Return the places at which the signal turns at all, the first of equal ones, and both ends."""
    if len(y) == 0:
        return []
    steps = np.diff(y)
    moves = np.flatnonzero(steps)
    if len(moves) == 0:
        return [0]
    up = steps[moves] > 0.0
    return [0, *(moves[:-1][up[1:] != up[:-1]] + 1).tolist(), int(moves[-1]) + 1]


def _middle(t: FloatArray, share: FloatArray) -> float:
    """Return how long a flank that rises from 0 to 1 takes for its middle half [s]."""
    ends = []
    levels = (0.25, 0.75)
    for level, k in zip(levels, share.searchsorted(levels).tolist(), strict=True):
        step = float(share[k] - share[k - 1]) if k else 0.0
        part = (level - float(share[k - 1])) / step if step > 0.0 else 0.0
        ends.append(float(t[k - 1] + part * (t[k] - t[k - 1])) if k else float(t[0]))
    return ends[1] - ends[0]


def cycle(
    t: FloatArray, y: FloatArray, start: int, stop: int, steeper: float, sizes: tuple[float, float]
) -> Cycle:
    """Return what goes up and down between two troughs; moments [s], smoothed signal [µS].

    Whether it swings is looked at only where its height lies within `sizes`.
    """
    at = t[start : stop + 1] - t[start]
    z = y[start : stop + 1] - y[start] - at / at[-1] * (y[stop] - y[start])
    peak = int(np.argmax(z))
    height = float(z[peak])
    if peak == 0 or not sizes[0] <= height <= sizes[1]:
        return Cycle(float(t[start]), float(t[stop]), max(height, 0.0), False)
    rise = _middle(at[: peak + 1], np.maximum.accumulate(z[: peak + 1]) / height)
    fall = _middle(at[peak:], 1.0 - np.minimum.accumulate(z[peak:]) / height)
    step = float(at[1])
    return Cycle(float(t[start]), float(t[stop]), height, fall <= steeper * rise + 0.5 * step)


class Beside(NamedTuple):
    """Hold what went up and down in the time before a rise, and the height of the rise over it [µS]."""

    cycles: list[Cycle]
    height: float

    def alike(self, smaller: float, larger: float) -> list[Cycle]:
        """Return those at most so many times smaller and larger than the rise."""
        return [c for c in self.cycles if self.height / smaller <= c.height <= self.height * larger]


def beside(rise: Scr, t: FloatArray, y: FloatArray, config: RhythmConfig) -> Beside:
    """Return what went up and down before a rise.

    Parameters
    ----------
    t, y : ndarray, shape (n,)
        Moments [s] and smoothed signal [µS], up to the peak at least.
    """
    moments = (rise.onset - config.over, rise.onset + NEAR, rise.peak - 1e-3)
    first, last, peak = np.searchsorted(t, moments).tolist()
    before, z = t[first:last], y[first:last]
    places = turns(z, config.turns * rise.amplitude)
    if len(places) % 2 == 0 and len(z):
        since = places[-1] if places else 0
        places.append(since + int(np.argmin(z[since:])))
    if len(places) < 2 * config.whole + 1:
        return Beside([], rise.amplitude)
    height = max(rise.amplitude, float(y[peak] - z[places[-1]]))
    about = max(config.about, 1.0)
    sizes = height / (about * config.smaller), height * (about * config.larger)
    cycles = [
        cycle(before, z, a, c, config.steeper, sizes) for a, c in zip(places[::2], places[2::2], strict=False)
    ]
    return Beside(cycles, height)


def wavers(before: Beside, config: RhythmConfig) -> bool:
    """Tell whether the signal goes up and down at no one pace, as noise of low frequencies does."""
    alike = before.alike(config.about * config.smaller, config.about * config.larger)
    return len(alike) >= config.many and sum(c.swings for c in alike) >= config.half * len(alike)


class Pace(NamedTuple):
    """Hold the median length of swings in a row [s], and their median height [µS]."""

    length: float
    height: float


def pace(rise: Scr, before: Beside, config: RhythmConfig) -> Pace | None:
    """Return the pace of the swings that a rise follows upon, if it has their size."""
    alike = before.alike(config.smaller, config.larger)
    swings = [c for c in alike if c.swings]
    if len(swings) < config.whole:
        return None
    usual = median([c.stop - c.start for c in swings])
    recent = [c for c in alike if c.start >= rise.onset - config.periods * usual]
    good = [
        c for c in recent if c.swings and usual / config.paced <= c.stop - c.start <= usual * config.paced
    ]
    slow = config.quickest * usual <= rise.rise <= usual
    needed = max(config.whole, min(config.lasting / usual, config.enough))
    if not slow or len(good) < max(needed, config.most * len(recent)):
        return None
    return Pace(usual, median([c.height for c in good]))

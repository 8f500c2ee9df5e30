"""Doubt: three things that make a whole signal no skin conductance in µS, though each sample could be one.

Whether it stands upright: conductance of the skin rises in a response faster than it recovers. Its inverse in
ohms does the opposite, and its numbers can be those of a conductance: 25 µS are 40 kΩ, 2 µS half a megohm.
So the steepest rises of ten minutes are held against the steepest falls, as shares of the level: on simulated
skin that responds the rises are steeper, on its inverse the falls are twice as steep. Where nothing responds,
or a wrist moves, neither can be told.

Whether it has a zero: skin conducts less than nothing only where the zero of its sensor is off, or was taken
away. An amplifier that was not set to zero or passes no slow change, a program that takes away the mean or
divides by the spread: all give values on both sides of zero, and those above it look like a conductance. By
as much as such a signal was below zero, the level is at least too low. A moment below zero is none of this:
an electrode that slips can press an amplifier there.

Whether it is skin: an electrode that is off from the start reads what one reads that came off, and nothing
before it says so. Skin that conducts so little rises when it responds; until it has, it is in doubt.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from processing.skin.contact import ALIVE, LOW, WITHIN
from processing.sums import median

SPAN = 600
"""Seconds that are looked at."""
EVERY = 10
"""Seconds between two looks."""
ENOUGH = 0.3
"""Share of them that must be known, each with the second before it."""
TAILS = (0.03, 0.01)
"""The steepest are either of these shares of the seconds: few responses are few steep ones."""
STEEPER = 1.8
"""A fall so many times as steep as a rise is none of a conductance."""
BEYOND = 4.0
"""And so many times as steep as the median change, up or down: noise has 2.8 and 3.8."""
LEAST = 0.004
"""And by this share of the level in a second: a level that dries falls more slowly."""
OHMS = "falls faster than it rises: ohms, not siemens, or upside down?"

RUNNING = 5
"""The mean of each of so many seconds running is below zero, or it was a moment."""
BELOW = 0.05
"""By so much [µS]: an amplifier that is set to zero reads a little on either side."""
SHARE = 0.1
"""A level is in doubt that is too low by this share of itself: its logarithm is off by a whole least scale of
the arousal index."""
NO_ZERO = "has been below zero: its zero is off, or it was filtered"

SILENT = 60
"""So many seconds are known without a rise."""
RISE = 0.015
"""It is one by so much [µS]: noise of an electrode that is off makes less of means of a second."""
NO_SKIN = "low, and no response since it began: electrode off, or dry skin"


class Upright:
    """Follow one stream second by second."""

    def __init__(self) -> None:
        self._changes = np.full(SPAN, np.nan)
        self._n = 0
        self._last = math.nan
        self.doubted = False

    def pause(self) -> None:
        """Begin anew after a silence."""
        self._changes[:] = np.nan
        self._last, self.doubted = math.nan, False

    def push(self, second: int, mean: float) -> None:
        """Take in the mean of a second that is valid [µS], nan where there is none."""
        level = math.log(mean) if mean > 0.0 else math.nan
        self._changes[self._n % SPAN] = level - self._last
        self._n += 1
        self._last = level
        if second % EVERY:
            return
        changes = np.sort(self._changes[np.isfinite(self._changes)])
        if len(changes) < ENOUGH * SPAN:
            self.doubted = False
            return
        middle = float(changes[len(changes) // 2])
        places = [int(tail * len(changes)) for tail in TAILS]
        falls = [middle - float(changes[k]) for k in places]
        rises = [float(changes[-1 - k]) - middle for k in places]
        steep = all(fall > max(STEEPER * rise, LEAST) for fall, rise in zip(falls, rises, strict=True))
        self.doubted = steep and min(falls) > BEYOND * median(np.abs(changes - middle).tolist())


class Zero:
    """Follow one stream second by second, and remember how far below zero it has been."""

    def __init__(self) -> None:
        self._means: deque[float] = deque(maxlen=RUNNING)
        self.off = 0.0
        """By how much the zero is off at least [µS]; 0 while nothing says so."""
        self._level = 0.0

    def pause(self) -> None:
        """Begin to count seconds anew after a silence; the zero is the sensor's, and stays where it is."""
        self._means.clear()

    def push(self, mean: float) -> None:
        """Take in the mean of all samples of a second [µS], nan where there is none."""
        self._means.append(mean)
        if len(self._means) == RUNNING and all(m < -BELOW for m in self._means):
            self.off = max(self.off, -max(self._means))

    def doubts(self, level: float) -> bool:
        """Tell whether a level [µS] is too low by much of itself; of none, nan, whether the last one was."""
        if not math.isnan(level):
            self._level = level
        return self.off > SHARE * self._level


class Life:
    """Follow one stream second by second, and tell whether it has been that of skin since it began."""

    def __init__(self) -> None:
        self.pause()

    def pause(self) -> None:
        """Begin anew after a silence: it may be attached anew, or not any more."""
        self._recent: deque[float] = deque(maxlen=WITHIN)
        self._known, self._seen = 0, False

    @property
    def doubted(self) -> bool:
        """Tell whether it was low for a while, and nothing has risen as skin does that responds."""
        return not self._seen and self._known >= SILENT

    def push(self, mean: float) -> None:
        """Take in the mean of a second that is valid [µS], nan where there is none."""
        if not self._seen and mean == mean:
            rose = any(mean >= max(ALIVE * m, m + RISE) for m in self._recent)  # of nan this is false
            self._seen = mean >= LOW or rose
            self._known += 1
        self._recent.append(mean)

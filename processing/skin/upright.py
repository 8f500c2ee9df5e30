"""Whether a signal stands upright: conductance of the skin rises in a response faster than it recovers.

Its inverse in ohms does the opposite, and its numbers can be those of a conductance: 25 µS are 40 kΩ, and
2 µS half a megohm. So the steepest rises of ten minutes are held against the steepest falls, as shares of the
level: on simulated skin that responds the rises are steeper, on its inverse the falls are twice as steep.
Where nothing responds, or a wrist moves, neither can be told. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

SPAN = 600
"""Seconds that are looked at."""
EVERY = 10
"""Seconds between two looks."""
ENOUGH = 0.7
"""Share of them that must be known, each with the second before it."""
TAILS = (0.03, 0.01)
"""The steepest are either of these shares of the seconds: few responses are few steep ones."""
STEEPER = 1.8
"""A fall so many times as steep as a rise is none of a conductance."""
BEYOND = 4.0
"""And so many times as steep as the median change, up or down: noise has 2.8 and 3.8."""
LEAST = 0.004
"""And by this share of the level in a second: a level that dries falls more slowly."""
DOUBT = "falls faster than it rises: ohms, not siemens?"


class Upright:
    """Follow one stream second by second."""

    def __init__(self) -> None:
        self._changes: deque[float] = deque(maxlen=SPAN)
        self._last = math.nan
        self.doubted = False

    def pause(self) -> None:
        """Begin anew after a silence."""
        self._changes.clear()
        self._last, self.doubted = math.nan, False

    def push(self, second: int, mean: float) -> None:
        """Take in the mean of a second that is valid [µS], nan where there is none."""
        level = math.log(mean) if mean > 0.0 else math.nan
        self._changes.append(level - self._last)
        self._last = level
        if second % EVERY:
            return
        changes = np.array(self._changes)
        changes = np.sort(changes[np.isfinite(changes)])
        if len(changes) < ENOUGH * SPAN:
            self.doubted = False
            return
        middle = float(changes[len(changes) // 2])
        usual = float(np.median(np.abs(changes - middle)))
        places = [int(tail * len(changes)) for tail in TAILS]
        self.doubted = all(
            middle - float(changes[k])
            > max(STEEPER * (float(changes[-1 - k]) - middle), BEYOND * usual, LEAST)
            for k in places
        )

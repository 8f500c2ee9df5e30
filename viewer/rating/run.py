"""A sitting as it goes: countdown, samples on an even grid of the recording's clock, pause. No Qt, no clock.

A sample bears what the scale showed at its moment, however late the window comes to writing it: changes are
kept with their moments. Where the window stood still for longer than a second, so does the recording.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Literal

from acquisition.ratings.files import SFREQ
from viewer.rating.scale import Scale

COUNTDOWN = 3.0
"""Seconds before a rating begins or goes on."""
STOOD_STILL = 1.0
"""A longer time between two looks is not rated [s]."""
State = Literal["waiting", "countdown", "rating", "paused", "done"]


class Run:
    """Go through a recording at the pace of the clock and give samples.

    Parameters
    ----------
    write : callable
        Takes a stamp [s, clock of the recording] and the values of the axes.
    start, stop : float
        Where the sitting begins, and where the recording ends [s].
    """

    def __init__(
        self, scale: Scale, write: Callable[[float, tuple[float, ...]], None], start: float, stop: float
    ) -> None:
        self.scale, self._write, self._stop = scale, write, stop
        self.state: State = "waiting"
        self.at = start
        self._ends = self._looked = math.nan
        self._next = math.ceil(start * SFREQ)
        self._changes: deque[tuple[float, tuple[float, ...]]] = deque()

    def begin(self, now: float) -> None:
        """Begin, or go on after a pause: the countdown comes first."""
        if self.state in ("waiting", "paused"):
            self.state, self._ends = "countdown", now + COUNTDOWN

    def pause(self) -> None:
        """Stand still until `begin`."""
        if self.state in ("countdown", "rating"):
            self.state = "paused" if self.state == "rating" or self._changes else "waiting"
            self.scale.let_go()

    def left(self, now: float) -> int:
        """Return the seconds of the countdown that are left, from 3 to 1."""
        return max(1, math.ceil(self._ends - now))

    def changed(self, now: float) -> None:
        """Note that the scale was set."""
        if self.state == "rating":
            self._changes.append((self.position(now), self.scale.values))

    def position(self, now: float) -> float:
        """Return which moment of the recording it is now [s]."""
        since = now - self._looked if self.state == "rating" else 0.0
        return self.at + (since if 0.0 <= since <= STOOD_STILL else 0.0)

    def look(self, now: float) -> None:
        """Go on to now, and give the samples that became due."""
        if self.state == "countdown" and now >= self._ends:
            self.state, self._looked = "rating", max(self._ends, now - STOOD_STILL)
            self._changes.append((self.at, self.scale.values))
        if self.state != "rating":
            return
        before, self.at = self.at, min(self.position(now), self._stop)
        self._looked = now
        if self.scale.advance(self.at - before):
            self._changes.append((self.at, self.scale.values))
        self._give()
        if self.at >= self._stop:
            self.state = "done"

    def _give(self) -> None:
        while self._next / SFREQ <= self.at:
            time = self._next / SFREQ
            while len(self._changes) > 1 and self._changes[1][0] <= time:
                self._changes.popleft()
            self._write(time, self._changes[0][1])
            self._next += 1

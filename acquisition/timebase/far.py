"""Stamps that are far from where they were expected: they slipped, or the clock begins anew with them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.ranks import steps_from

FAR = 5.0
"""Stamps that go back by more begin a segment, or slipped [s]."""
SOON = 0.5
"""Stamps that step forward by more [s], though samples arrive as before, have jumped."""
HOUR = 3600.0
"""Where it is not known when samples arrived: a longer step forward is a jump, a shorter one a gap [s]."""
STAYS, LONGEST = 0.25, 3.0
"""Seconds of samples that must agree on a jump; after which it is one even if they do not."""
DRIFT = 1e-4
"""Share by which the clocks of sender and recorder may differ."""
UNKNOWN = 0.01
"""What is taken for a sample period that is not known [s]."""


class Watch:
    """Compare stamps with the last good one, and with when samples arrived."""

    def __init__(self) -> None:
        self.stamp = math.nan
        """The last good stamp of the segment [s]."""
        self.number = -1
        """Which sample has it."""
        self.arrived = math.nan
        """When the last sample arrived [s]."""
        self._lag = math.inf

    def restart(self) -> None:
        """Begin a segment."""
        self.stamp, self._lag = math.nan, math.inf

    def take(self, stamps: FloatArray, heard: FloatArray, first: int) -> None:
        """Take in stamps that are good, or nan, and when they arrived; `first` is the first one's number."""
        known = np.flatnonzero(np.isfinite(stamps))
        if len(known):
            v = stamps[known]
            self.stamp, self.number = float(v[-1]), first + int(known[-1])
            lag = float(_lag(v, heard[known]).min())
            self._lag = min(self._lag, lag) if lag == lag else self._lag
        self.arrived = float(heard[-1])

    def until_far(self, stamps: FloatArray, heard: FloatArray) -> int:
        """Return how many stamps come before the first that is far off."""
        at = np.flatnonzero(np.isfinite(stamps))
        v = stamps[at]
        steps = steps_from(self.stamp, v)
        far = steps < -FAR
        lag = _lag(v, heard[at])
        if len(lag) and not np.isnan(lag[0]):
            least = np.minimum.accumulate(np.append(self._lag, lag))[:-1]
            far |= (steps > SOON) & (lag < least - SOON)
        else:
            far |= steps > HOUR
        return int(at[int(far.argmax())]) if far.any() else len(stamps)

    def is_back(self, stamp: float, heard: float, number: int, period: float) -> bool:
        """Tell whether a stamp, after others that were far off, is where it was expected."""
        step = stamp - self.stamp - (number - self.number) * (period if period > 0 else UNKNOWN)
        if -FAR <= step <= SOON:
            return True
        if math.isnan(heard):
            return 0 < step <= HOUR
        return step > 0 and heard - stamp - DRIFT * stamp >= self._lag - SOON


def stays(away: Sequence[float], period: float, packet: float) -> bool:
    """Tell whether stamps that are far off go on where they are.

    Parameters
    ----------
    away : sequence of float
        Stamps of consecutive samples [s], nan for those that have none.
    period, packet : float
        Sample period, and length of a packet [s].
    """
    places = [k for k, stamp in enumerate(away) if not math.isnan(stamp)]
    span = (places[-1] - places[0]) * (period if period > 0 else UNKNOWN)
    if span >= max(LONGEST, 4.0 * packet):
        return True
    went = away[places[-1]] - away[places[0]]
    return span >= max(STAYS, 2.2 * packet) and 0.5 * span <= went <= 1.5 * span


def _lag(stamps: FloatArray, heard: FloatArray) -> FloatArray:
    """Return how late samples arrived [s], so that it does not fall while clocks drift apart."""
    return heard - stamps - DRIFT * stamps

"""Stamps that are far from where they were expected: they slipped, or the clock begins anew with them."""

from __future__ import annotations

import math

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import FloatArray, IntArray

NUMBER = 1e11
"""A stamp beyond this is no time [s]: three thousand years."""
PAUSE = 1.5
"""Silence [s] that a new segment does not go on over at once."""
FAR = 5.0
"""Stamps that go back by more begin a segment, or slipped [s]."""
STEP = 1.5
"""Periods that a step forward may be long, where samples are so far apart that `FAR` is no gap."""
SOON = 0.5
"""Stamps that step forward by more [s], though samples arrive as before, have jumped."""
HOUR = 3590.0
"""Where it is not known when samples arrived: a longer step forward is a jump [s], a shorter one a gap,
unless the stamps soon come back."""
STAYS, LONGEST = 0.25, 3.0
"""Seconds of samples that must agree on a jump; after which those that do not agree say nothing, and a step
forward is a gap where arrivals are not known."""
GOES_ON = 0.1
"""Share of their time by which stamps after a gap have gone on at least, as the rate may be another."""
DRIFT = 1e-4
"""Share by which the clocks of sender and recorder may differ."""
UNKNOWN = 0.01
"""What is taken for a sample period that is not known [s]."""


class Watch:
    """Compare stamps with the last good one, and with when samples arrived.

    Parameters
    ----------
    period : float
        Sample period as far as it is known [s], else nan.
    """

    def __init__(self, period: float = math.nan) -> None:
        self._far = max(FAR, STEP * period) if period > 0 else FAR
        self.stamp = math.nan
        """The last good stamp of the segment [s]."""
        self.number = -1
        """Which sample has it."""
        self.arrived = math.nan
        """When the last sample arrived [s]."""
        self._lag = math.inf
        self._numbers: IntArray = np.empty(0, np.int64)
        self._stamps: FloatArray = np.empty(0)
        """Of the samples that were taken in last, where some have no stamp, and of the one before."""

    def restart(self) -> None:
        """Begin a segment."""
        self.stamp, self._lag = math.nan, math.inf

    def take(self, stamps: FloatArray, heard: FloatArray, first: int) -> IntArray | None:
        """Take in stamps that are good, or nan, and when they arrived; return which are, None if all are.

        `first` is the number of the first.
        """
        at, last = _finite(stamps), len(stamps) - 1
        self.arrived = float(heard[-1])
        if at is not None:
            stamps, heard, last = stamps[at], heard[at], int(at[-1]) if len(at) else -1
            self._numbers, self._stamps = np.append(self.number, first + at), np.append(self.stamp, stamps)
        if len(stamps):
            self.stamp, self.number = float(stamps[-1]), first + last
            lag = math.nan if heard[-1] != heard[-1] else float(np.minimum.reduce(_lag(stamps, heard)))
            self._lag = min(self._lag, lag) if lag == lag else self._lag
        return at

    def before(self, number: int) -> tuple[int, float]:
        """Return how many samples ago the last one before a sample was that has a stamp, and that stamp [s].

        Only for samples that were taken in last, if some of these have no stamp.
        """
        place = int(self._numbers.searchsorted(number)) - 1
        stamp = float(self._stamps[place]) if place >= 0 else math.nan
        return (number, 0.0) if math.isnan(stamp) else (number - int(self._numbers[place]), stamp)

    def until_far(self, stamps: FloatArray, heard: FloatArray) -> int:
        """Return how many stamps come before the first that is far off."""
        at, n = _finite(stamps), len(stamps)
        if at is not None:
            stamps, heard = stamps[at], heard[at]
        if not len(stamps):
            return n
        steps = steps_from(self.stamp, stamps)
        far = steps < -FAR
        if np.isnan(heard[0]):
            far |= steps > self._far
        elif np.fmax.reduce(steps) > SOON and self._is_sooner(lag := _lag(stamps, heard)):
            least = np.minimum.accumulate(np.append(self._lag, lag))[:-1]
            far |= (steps > SOON) & (lag < least - SOON)
        if not far.any():
            return n
        place = int(far.argmax())
        return place if at is None else int(at[place])

    def _is_sooner(self, lag: FloatArray) -> bool:
        """Tell whether samples may have arrived so much sooner after their stamps than any before."""
        return not (math.isfinite(self._lag) and np.minimum.reduce(lag) >= self._lag - SOON)

    def is_gap(self, stamp: float, heard: float) -> bool:
        """Tell whether a stamp that is far off comes after a gap, if those after it go on from there."""
        return math.isnan(heard) and 0 < stamp - self.stamp <= HOUR

    def is_back(self, stamp: float, heard: float, number: int, period: float, *, gap: bool) -> bool:
        """Tell whether a stamp is where it was expected, after others that were far off, or after a `gap`."""
        step = stamp - self.stamp - (number - self.number) * (period if period > 0 else UNKNOWN)
        if -FAR <= step <= SOON:
            return True
        if math.isnan(heard):
            return not gap and 0 < step <= HOUR
        return step > 0 and heard - stamp - DRIFT * stamp >= self._lag - SOON


class Away:
    """Hold stamps that are far off, and when they arrived, until it is known what they are."""

    def __init__(self) -> None:
        self._held: list[tuple[float, float]] = []
        self._ends = [(0, math.nan)] * 2
        self.gap = False
        """Whether they may come after a gap."""

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, stamp: float, heard: float, watch: Watch) -> None:
        """Hold one."""
        if not self._held:
            self.gap = watch.is_gap(stamp, heard)
            self._ends[0] = (0, stamp)
        if not math.isnan(stamp):
            self._ends[1] = (len(self._held), stamp)
        self._held.append((stamp, heard))

    def told(self, period: float, packet: float) -> bool | None:
        """Tell whether they go on where they are, or what they say is no time; None if that is not known yet.

        Parameters
        ----------
        period, packet : float
            Sample period, and length of a packet [s].
        """
        (first, begun), (last, stamp) = self._ends
        span = (last - first) * (period if period > 0 else UNKNOWN)
        long = span >= max(LONGEST, 4.0 * packet)
        if not (long or (span >= max(STAYS, 2.2 * packet) and not self.gap)):
            return None
        least, most = (GOES_ON * span, math.inf) if self.gap else (0.5 * span, 1.5 * span)
        on = least <= stamp - begun <= most
        return on or (False if long else None)

    def let_go(self) -> tuple[FloatArray, FloatArray]:
        """Return the stamps and when they arrived, and hold none [s]."""
        stamps, heard = np.array(self._held).T
        self._held = []
        return stamps, heard


def counted_on(stamps: FloatArray, known: IntArray, since: int, before: float, step: float) -> FloatArray:
    """Return stamps with those that are missing counted on from the one before [s].

    Parameters
    ----------
    stamps, known : ndarray
        [s], and the places of those that are there.
    since, before : int, float
        How many samples before the first the last one was that was there, and its stamp [s].
    step : float
        By how much each stamp is later than the one before [s].
    """
    if len(known) == len(stamps):
        return stamps
    at = np.arange(len(stamps))
    last = np.full(len(stamps), -1)
    last[known] = known
    last = np.maximum.accumulate(last)
    return np.where(last < 0, before + (at + since) * step, stamps[last] + (at - last) * step)


def _lag(stamps: FloatArray, heard: FloatArray) -> FloatArray:
    """Return how late samples arrived [s], so that it does not fall while clocks drift apart."""
    lag = heard - stamps
    lag -= DRIFT * stamps
    return lag


def _finite(stamps: FloatArray) -> IntArray | None:
    """Return which stamps are finite, None if all are."""
    finite = np.isfinite(stamps)
    return None if finite.all() else np.flatnonzero(finite)

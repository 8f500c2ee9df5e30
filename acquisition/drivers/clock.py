"""Device clock → LSL clock: from when packets arrived to when their samples were taken.

A packet can only be late, never early: `clock_fit` says which line of LSL time over device time that leaves.
Everything here is causal: a stamp once given is never changed, so corrections are spread over the samples
that follow.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from acquisition.drivers.clock_fit import (
    INTERVAL,
    MAX_SKEW,
    UPPER,
    Line,
    Point,
    connection_interval,
    likely_line,
    lower_hull,
    middle_edge,
    missed,
)
from acquisition.stream import FloatArray

BUCKET = 0.5
"""Seconds of which only the earliest packet is kept, and the first, which stands for all."""
WINDOW = 300
"""Buckets that the line is fitted to: two and a half minutes without gaps."""
OLDEST = 900.0
"""Seconds of device time after which a packet no longer counts."""
SKEW = 0.002
"""Spread of the skew of crystals, before anything is known."""
SETTLED = 5e-5
"""The least spread that a known skew is given when a clock begins anew: it changes with temperature."""
HELD_UP = 0.1
"""Seconds of delay from which on an arrival says nothing about connection events."""
APART = 5.0
"""Seconds between packets after which connection events may be other ones."""
SHORT, LEARNT, SLOW = 6.0, 15.0, 0.06
"""For beats: seconds over which the least delay is taken while the skew is not known; from which on the hull
tells it; and that it must explain to tell it sooner."""
EARLY = 0.25
"""Seconds by which a packet may be earlier than its line before its clock counts as set anew."""
YOUNG = 15.0
"""Seconds after the first packet within which a line may rest on late ones alone."""
LATE = 0.5
"""Seconds by which all packets must be late, throughout `PATIENCE`, before the clock counts as set back."""
PATIENCE = 12.0
STEADY = 0.1
"""Seconds within which the least delays of both halves of `PATIENCE` must agree: a busy machine is late too,
but now more and now less."""
SLEW = 0.004
"""Seconds by which stamps are corrected in a second of samples, so that intervals stay true to 0.4 %."""
AHEAD, BRAKE = 0.25, 0.5
"""Seconds by which stamps may run ahead of their clock, which no estimate is wrong by, before they are held
back by half: they must not lie in the future, and must not run backwards."""


class DeviceClock:
    """Estimate the LSL time of a device's stamps.

    Parameters
    ----------
    at_events : bool
        Whether packets leave at the next connection event after they are ready. A strap that tells of beats
        once a second keeps them for longer than that, now more and now less: then only the lower hull counts,
        and no wait shows that the clock was set.
    """

    def __init__(self, *, at_events: bool = True) -> None:
        self._at_events = at_events
        self._earliest: deque[Point] = deque(maxlen=WINDOW)
        self._firsts: deque[Point] = deque(maxlen=WINDOW)
        self._arrivals: deque[float] = deque(maxlen=48)
        self._buckets = 0
        self._interval: float | None = None
        self._prior = (0.0, SKEW)
        self._line = Line(math.nan, math.nan, 0.0, MAX_SKEW)
        self._delays: deque[Point] = deque()
        self.resets = 0
        """How often the clock was set."""
        self.renewed = 0
        """How often it turned out that all packets so far had been late."""

    @property
    def skew(self) -> float:
        """Return by how much LSL seconds are longer than device seconds, as a fraction."""
        return self._line.skew

    def observe(self, device: float, arrival: float, *, goes_on: bool = False) -> bool:
        """Take in a packet; tell whether the device's clock was set anew with it.

        Parameters
        ----------
        device : float
            Stamp of its last sample on the device's clock [s].
        arrival : float
            LSL clock [s].
        goes_on : bool
            Whether its stamps follow those of the packet before without a gap: then a packet that is early
            soon after the begin shows that those before it were late, and not that the clock was set.
        """
        reset = self._is_set_anew(device, arrival)
        if reset and goes_on and device - self._earliest[0][0] < YOUNG:
            self.restart()
            self.renewed += 1
            reset = False
        if reset:
            self.restart()
            self.resets += 1
        if not self._earliest or device - self._earliest[-1][0] >= BUCKET:
            self._begin_bucket(device, arrival)
            self._fit()
            return reset
        x, y = self._earliest[-1]
        # The bucket keeps its earliest packet, measured along the line.
        along = arrival - (device - x) * (1.0 + self.skew)
        if along < y:
            self._earliest[-1] = (x, along)
            if len(self._earliest) < 8 or not self._at_events:
                self._fit()
        return reset

    def restart(self) -> None:
        """Forget the offset but not the rate: the same crystal, begun anew."""
        if self._line.spread < SKEW / 4:
            self._prior = (self._line.skew, max(2.0 * self._line.spread, SETTLED))
        for kept in (self._earliest, self._firsts, self._arrivals, self._delays):
            kept.clear()
        self._line = Line(math.nan, math.nan, self._line.skew, max(self._line.spread, SETTLED))

    def lsl(self, device: float) -> float:
        """Return the LSL time of a device stamp [s], by what is known now; nan before the first packet."""
        return self._line.lsl(device)

    def _is_set_anew(self, device: float, arrival: float) -> bool:
        if not self._earliest or not self._at_events:
            return False
        delay = arrival - self.lsl(device)
        if device < self._earliest[-1][0] - 60.0 or delay < -EARLY:
            return True
        if delay < LATE:
            self._delays.clear()
            return False
        self._delays.append((arrival, delay))
        return self._is_late_for_good(arrival)

    def _is_late_for_good(self, arrival: float) -> bool:
        """Tell whether all packets of some time were late, and steadily so."""
        if arrival - self._delays[0][0] <= PATIENCE:
            return False
        while self._delays[0][0] < arrival - PATIENCE:
            self._delays.popleft()
        half = arrival - PATIENCE / 2
        early = [d for t, d in self._delays if t < half]
        late = [d for t, d in self._delays if t >= half]
        return bool(early) and abs(min(early) - min(late)) < STEADY

    def _begin_bucket(self, device: float, arrival: float) -> None:
        if self._earliest and device - self._earliest[-1][0] > APART:
            self._arrivals.clear()
        if not self._earliest or arrival - self.lsl(device) < HELD_UP:
            self._arrivals.append(arrival)
        self._earliest.append((device, arrival))
        self._firsts.append((device, arrival))
        self._buckets += 1
        while self._earliest[0][0] < device - OLDEST:
            self._earliest.popleft()
            self._firsts.popleft()
        if self._buckets % 8 == 0 and len(self._arrivals) >= 12:
            self._interval = connection_interval(self._arrivals)
        self._put_right()

    def _put_right(self) -> None:
        """Count a packet that missed its event, as its neighbours show, as if it had not."""
        if len(self._firsts) < 5:
            return
        last = [self._firsts[k] for k in range(-5, 0)]
        too_long = missed([y - (1.0 + self.skew) * x for x, y in last], self._interval or INTERVAL)
        if too_long is not None:
            self._firsts[-3] = (last[2][0], last[2][1] - too_long)

    def _fit(self) -> None:
        if not self._at_events:
            self._line = _nearest_below(self._earliest, self._line)
            return
        # The same packets count whenever they are looked at, so they are chosen by their number.
        n = len(self._firsts)
        step = -(-n // UPPER)
        upper = [p for k, p in enumerate(self._firsts, self._buckets - n) if k % step == 0]
        known = (self._line.skew, self._line.spread)
        self._line = likely_line(self._earliest, upper, self._interval, known, self._prior)


def _nearest_below(points: Sequence[Point], before: Line) -> Line:
    """Return the line below all points that is nearest; while it tells no skew, the least delay of late."""
    newest = points[-1][0]
    span = newest - points[0][0]
    if len(points) >= 4:
        (x0, y0), (x1, y1) = middle_edge(lower_hull(points), points)
        skew = (y1 - y0) / (x1 - x0) - 1.0
        telling = span >= LEARNT or abs(skew - before.skew) * span > SLOW
        if telling and abs(skew) <= MAX_SKEW:
            return Line(x0, y0 - x0, skew, 0.0)
    reach = OLDEST if before.spread == 0.0 else SHORT
    recent = [p for p in points if p[0] >= newest - reach]
    offset = min(y - x - before.skew * (x - newest) for x, y in recent)
    return Line(newest, offset, before.skew, before.spread)


class Clock(Protocol):
    """What a device's clock is known by."""

    @property
    def skew(self) -> float:
        """Return by how much LSL seconds are longer than device seconds, as a fraction."""

    def lsl(self, device: float) -> float:
        """Return the LSL time of a device stamp [s]."""


@dataclass(slots=True)
class Stamps:
    """Give the samples of one stream their LSL stamps: never backwards, corrections spread out.

    Parameters
    ----------
    clock : Clock
        May be shared by all streams of a device.
    slew : float
        Seconds by which stamps are corrected in a second of samples.
    """

    clock: Clock
    slew: float = SLEW
    _device: float = math.nan
    _lsl: float = math.nan
    _begun: float = math.nan

    @property
    def last(self) -> float:
        """Return the last stamp given [s], nan if none was."""
        return self._lsl

    def restart(self) -> None:
        """Begin a new stretch: its first sample is placed anew, but not before the last stamp."""
        self._device = math.nan

    def renew(self) -> None:
        """Let corrections be as fast as at the begin: all stamps so far were too late."""
        self._begun = self._device

    def give(self, device: FloatArray) -> FloatArray:
        """Return LSL stamps [s] of samples, given their times on the device's clock [s], shape (n,)."""
        if math.isnan(self._device):
            self._begin(device)
        end = float(device[-1])
        span = end - self._device
        target = self.clock.lsl(end)
        if span <= 0.0:
            return np.full(len(device), self._lsl)
        straight = span * (1.0 + self.clock.skew)
        # A young estimate is wrong by up to a connection interval, so it may be corrected faster.
        most = span * (self.slew + 0.05 / max(1.0, end - self._begun))
        if self._lsl + straight - target > AHEAD:
            most = BRAKE * span
        step = straight + min(max(target - self._lsl - straight, -most), most)
        stamps = self._lsl + (device - self._device) * (step / span)
        # Whatever the device sends, time does not run backwards.
        stamps = np.maximum.accumulate(np.maximum(stamps, self._lsl))
        self._device, self._lsl = end, float(stamps[-1])
        return stamps

    def _begin(self, device: FloatArray) -> None:
        """Set out one sample before the first, so that the first is placed by the clock alone."""
        period = float(device[1] - device[0]) if len(device) > 1 else 1e-3
        first = self.clock.lsl(float(device[0]))
        previous = self._lsl
        self._device = float(device[0]) - period
        self._lsl = first - period * (1.0 + self.clock.skew)
        if not math.isnan(previous):
            self._lsl = max(self._lsl, previous)
        self._begun = float(device[0])

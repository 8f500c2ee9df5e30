"""Device clock → LSL clock: from when packets arrived to when their samples were taken.

A packet can only be late, never early. So the true line of LSL time over device time is the one that touches
the points (device stamp, arrival) from below: the edge of their lower convex hull over the middle of the
window. Late packets lie above it and count for nothing. Everything here is causal: a stamp once given is
never changed, so corrections are spread over the samples that follow.

References
----------
Moon, Skelly & Towsley (1999), doi:10.1109/INFCOM.1999.749287: skew from the lower hull of delays. Departures:

- a sliding window that reaches back over gaps in the connection, since a crystal keeps its rate;
- before the hull is long enough to tell the skew, the least delay of the last seconds at the last known skew.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray

BUCKET = 0.5
"""Seconds of which only the earliest point is kept."""
WINDOW = 300
"""Buckets that the line is fitted to: two and a half minutes without gaps."""
OLDEST = 900.0
"""Seconds of device time after which a point no longer counts."""
SHORT = 6.0
"""Seconds over which the least delay is taken while the skew is not known."""
LEARNT = 15.0
"""Seconds from which on the hull tells the skew; sooner if it explains more than `INTERVAL`."""
INTERVAL = 0.06
"""Seconds: a slow connection interval, the error of a point."""
MAX_SKEW = 0.025
"""Crystals of belts are within two per cent; anything beyond is a fault of stamps."""
EARLY = 0.25
"""Seconds by which a packet may be earlier than its line before its clock counts as set anew."""
LATE = 0.5
"""Seconds by which all packets must be late, throughout `PATIENCE`, before the clock counts as set back."""
PATIENCE = 12.0
SLEW = 0.004
"""Seconds by which stamps are corrected in a second of samples, so that intervals stay true to 0.4 %."""


class DeviceClock:
    """Estimate the LSL time of a device's stamps.

    Parameters
    ----------
    late, patience : float
        All packets of `patience` seconds must be `late` seconds late before the clock counts as set back.
    """

    def __init__(self, *, late: float = LATE, patience: float = PATIENCE) -> None:
        self._late, self._patience = late, patience
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._skew = 0.0
        self._learnt = False
        self._line: tuple[float, float] | None = None
        self._on_time = -math.inf
        self.resets = 0
        """How often the clock was set."""

    @property
    def skew(self) -> float:
        """Return by how much LSL seconds are longer than device seconds, as a fraction."""
        return self._skew

    def observe(self, device: float, arrival: float) -> bool:
        """Take in a packet; tell whether the device's clock was set anew with it.

        Parameters
        ----------
        device : float
            Stamp of its last sample on the device's clock [s].
        arrival : float
            LSL clock [s].
        """
        reset = self._is_set_anew(device, arrival)
        if reset:
            self.restart()
            self.resets += 1
        if self._points and device - self._points[-1][0] < BUCKET:
            last = self._points[-1]
            # The bucket keeps its earliest packet, measured along the line.
            if arrival - last[1] < (device - last[0]) * (1.0 + self._skew):
                self._points[-1] = (last[0], arrival - (device - last[0]) * (1.0 + self._skew))
            else:
                return reset
        else:
            self._points.append((device, arrival))
            while self._points[0][0] < device - OLDEST:
                self._points.popleft()
        self._fit()
        return reset

    def restart(self) -> None:
        """Forget the offset but not the rate: the same crystal, begun anew."""
        self._points.clear()
        self._line = None
        self._on_time = -math.inf

    def lsl(self, device: float) -> float:
        """Return the LSL time of a device stamp [s], by what is known now; nan before the first packet."""
        if self._line is None:
            return math.nan
        origin, offset = self._line
        return device + offset + self._skew * (device - origin)

    def _is_set_anew(self, device: float, arrival: float) -> bool:
        if self._line is None:
            self._on_time = arrival
            return False
        delay = arrival - self.lsl(device)
        if device < self._points[-1][0] - 60.0 or delay < -EARLY:
            return True
        if delay < self._late:
            self._on_time = arrival
        return arrival - self._on_time > self._patience

    def _fit(self) -> None:
        newest = self._points[-1][0]
        span = newest - self._points[0][0]
        if len(self._points) >= 4:
            (x0, y0), (x1, y1) = _middle_edge(list(self._points))
            skew = (y1 - y0) / (x1 - x0) - 1.0
            telling = span >= LEARNT or abs(skew - self._skew) * span > INTERVAL
            if telling and abs(skew) <= MAX_SKEW:
                self._skew, self._line, self._learnt = skew, (x0, y0 - x0), True
                return
        recent = [p for p in self._points if p[0] >= newest - (OLDEST if self._learnt else SHORT)]
        offset = min(y - x - self._skew * (x - newest) for x, y in recent)
        self._line = (newest, offset)


def _middle_edge(points: list[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the edge of the lower hull over the mean of x: the line below all points that is nearest."""
    hull: list[tuple[float, float]] = []
    for p in points:
        while len(hull) >= 2 and _right_of(hull[-2], hull[-1], p):
            hull.pop()
        hull.append(p)
    middle = sum(x for x, _ in points) / len(points)
    k = next(k for k in range(1, len(hull)) if hull[k][0] >= middle)
    return hull[k - 1], hull[k]


def _right_of(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> bool:
    """Tell whether b lies on or above the line from a to p."""
    return (b[0] - a[0]) * (p[1] - a[1]) <= (p[0] - a[0]) * (b[1] - a[1])


@dataclass(slots=True)
class Stamps:
    """Give the samples of one stream their LSL stamps: never backwards, corrections spread out.

    Parameters
    ----------
    clock : DeviceClock
        May be shared by all streams of a device.
    slew : float
        Seconds by which stamps are corrected in a second of samples.
    """

    clock: DeviceClock
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

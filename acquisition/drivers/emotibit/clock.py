"""An EmotiBit's clock: a line through the moments that its round trips give, each as good as it was short.

A round trip says when the host's answer was there, to within half of what it took. Until the first one, the
packets of data say it, of which none can be early.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

WINDOW = 300.0
"""Seconds of device time that count."""
SKEW = 1e-3
"""Spread of the skew before anything is known."""
LEAST = 1e-3
"""Seconds by which even the shortest round trip may be wrong."""


class RoundTripClock:
    """Estimate the LSL time of a device's stamps."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float, float]] = deque()
        self._least = math.inf
        self._best = math.inf
        self._origin, self._offset = 0.0, math.nan
        self.skew = 0.0
        """By how much LSL seconds are longer than the device's, as a fraction."""
        self.resets = 0
        """How often the device began anew."""

    def observe(self, device: float, arrival: float) -> None:
        """Take in a packet of data: it was not early [s]."""
        self._least = min(self._least, arrival - device)
        if not self._points:
            self._origin, self._offset = device, self._least

    def point(self, device: float, lsl: float, trip: float) -> None:
        """Take in a moment of both clocks, half-way through a round trip [s]."""
        self._best = min(self._best, trip)
        self._points.append((device, lsl, trip))
        while self._points[0][0] < device - WINDOW:
            self._points.popleft()
        self._fit()

    def restart(self) -> None:
        """Forget the offset but not the rate: the same crystal, begun anew."""
        self._points.clear()
        self._least = math.inf
        self._offset = math.nan

    def lsl(self, device: float) -> float:
        """Return the LSL time of a device stamp [s]; nan before anything came."""
        return device + self._offset + self.skew * (device - self._origin)

    def _fit(self) -> None:
        x, y, trips = np.array(self._points).T
        weights = (LEAST + (trips - self._best) / 2.0) ** -2.0
        self._origin = float((weights * x).sum() / weights.sum())
        late, since = y - x, x - self._origin
        spread = float((weights * since**2).sum()) + SKEW**-2.0
        self.skew = float((weights * since * late).sum()) / spread
        self._offset = float((weights * late).sum() / weights.sum())

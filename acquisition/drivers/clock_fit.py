"""The line of LSL time over device time that packets allow: none was early, and few waited long.

A packet waits for the next connection event, so it arrives between nothing and one connection interval late;
some miss their event, and some are held up for longer. A line is possible where no packet is earlier than it,
and the more likely the fewer packets are later than an interval. What is given is the mean of all lines,
each as likely as that. While packets wait in turn for shorter and longer, this is the line that touches them
from below. Where all wait equally long, which happens when the connection interval nearly divides the time
between packets, nobody can tell from outside how long: then it is the middle of what is possible.

References
----------
Moon, Skelly & Towsley (1999), doi:10.1109/INFCOM.1999.749287: skew from the lower hull of delays. Departures:

- the upper side counts too, since a connection interval bounds the usual wait;
- a mean over lines instead of the best line, with a prior of the skew.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray

Point = tuple[float, float]

MAX_SKEW = 0.025
"""Crystals of belts are within two per cent; anything beyond is a fault of stamps."""
INTERVAL = 0.0375
"""Seconds between connection events, as long as it is not known."""
INTERVALS = np.arange(6, 41) * 0.00125
"""What a connection interval may be [s]: multiples of 1.25 ms from 7.5 ms; longer than 50 ms is unusual."""
LONGEST = 0.05
"""Seconds of a usual wait at most, where connection events show no fixed interval."""
JITTER = 0.004
"""Seconds that a device takes until a packet is ready; it comes on top of the wait."""
DOUBT = 0.6
"""Log likelihood that a packet costs for each interval by which it waited too long."""
LONG = 0.7
"""Share of an interval by which a packet waits longer than its neighbours if it missed its event."""
SKEWS, WAITS = 21, 10
"""Number of skews and of least waits that are tried."""
UPPER = 100
"""Packets of the upper side that are looked at."""


@dataclass(frozen=True, slots=True)
class Line:
    """LSL time = device time + offset + skew · (device time - origin), known to `spread` of the skew."""

    origin: float
    offset: float
    skew: float
    spread: float

    def lsl(self, device: float) -> float:
        """Return the LSL time of a device time [s]."""
        return device + self.offset + self.skew * (device - self.origin)


def lower_hull(points: Iterable[Point]) -> list[Point]:
    """Return the lower convex hull of points, ordered by x."""
    hull: list[Point] = []
    for x, y in points:
        while len(hull) >= 2:
            (ax, ay), (bx, by) = hull[-2:]
            if (bx - ax) * (y - ay) > (x - ax) * (by - ay):
                break
            hull.pop()
        hull.append((x, y))
    return hull


def middle_edge(hull: Sequence[Point], points: Collection[Point]) -> tuple[Point, Point]:
    """Return the edge of a hull over the mean of x: the line below all points that is nearest to them."""
    middle = sum(x for x, _ in points) / len(points)
    k = next(k for k in range(1, len(hull)) if hull[k][0] >= middle)
    return hull[k - 1], hull[k]


def connection_interval(arrivals: Sequence[float]) -> float | None:
    """Return the longest connection interval that arrivals [s] fit, None if they fit none."""
    if len(arrivals) < 12:
        return None
    since = np.asarray(arrivals) - arrivals[0]
    fits = np.abs(np.exp(2j * np.pi * since[:, None] / INTERVALS).mean(axis=0))
    good = np.flatnonzero(fits > max(0.85, float(fits.max()) - 0.05))
    return float(INTERVALS[good[-1]]) if len(good) else None


def missed(waits: Sequence[float], interval: float) -> float | None:
    """Return by how much the middle one of five waits is to be shortened, None if it was sent in time."""
    around = max(min(waits[0], waits[1]), min(waits[3], waits[4]))
    return waits[2] - around if waits[2] - around > LONG * interval else None


def likely_line(
    lower: Sequence[Point],
    upper: Sequence[Point],
    interval: float | None,
    before: tuple[float, float],
    prior: tuple[float, float],
) -> Line:
    """Return the mean of the lines that packets allow.

    Parameters
    ----------
    lower, upper : sequence of (device time, arrival)
        The earliest packet of each bucket of time, and one of each that stands for all [s].
    interval : float or None
        Connection interval, None if not known [s].
    before, prior : (skew, spread)
        As it was last known, and before anything was.
    """
    newest = lower[-1][0]
    reference = lower[-1][1] - newest
    span = newest - lower[0][0]
    if span <= 0.0:
        return Line(newest, reference - (interval or INTERVAL) / 2, *before)
    hull = lower_hull(lower)
    low, high = _relative(hull, newest, reference), _relative(upper, newest, reference)
    wait = interval or _usual_wait(low, high, before[0])
    half = max(4.0 * before[1] + 1e-5, wait / span)
    first, last = before[0] - half, before[0] + half
    if len(lower) >= 40:
        # What was known may have been wrong: look beside the hull's own slope too.
        (x0, y0), (x1, y1) = middle_edge(hull, lower)
        slope = min(max((y1 - y0) / (x1 - x0) - 1.0, -MAX_SKEW), MAX_SKEW)
        first, last = min(first, slope - wait / span), max(last, slope + wait / span)
    return _mean(low, high, wait, (first, last), prior, newest, reference)


def _relative(points: Sequence[Point], newest: float, reference: float) -> tuple[FloatArray, FloatArray]:
    x = np.array([p[0] for p in points])
    y = np.array([p[1] for p in points])
    return x - newest, y - x - reference


def _usual_wait(
    low: tuple[FloatArray, FloatArray], high: tuple[FloatArray, FloatArray], skew: float
) -> float:
    """Return how long packets wait at most, some that missed their event excepted [s]."""
    if len(high[0]) < 20:
        return INTERVAL
    waits = high[1] - skew * high[0] - (low[1] - skew * low[0]).min()
    return min(max(float(INTERVALS[0]), float(np.quantile(waits, 0.9))), LONGEST)


def _mean(
    low: tuple[FloatArray, FloatArray],
    high: tuple[FloatArray, FloatArray],
    wait: float,
    bounds: tuple[float, float],
    prior: tuple[float, float],
    newest: float,
    reference: float,
) -> Line:
    """Return the mean over skews, and over what the packet that waited least may have waited."""
    least = (np.arange(WAITS) + 0.5) / WAITS * wait
    first, last = (min(max(b, -MAX_SKEW), MAX_SKEW) for b in bounds)
    for _ in range(3):
        skews = np.linspace(first, last, SKEWS)
        touching = (low[1][:, None] - low[0][:, None] * skews).min(axis=0)
        waits = high[1][:, None] - high[0][:, None] * skews - touching
        over = waits[:, :, None] - (wait + JITTER - least)
        faults = sum(np.count_nonzero(over > n * wait, axis=0) for n in range(3))
        likely = -DOUBT * faults - 1.5 * np.log1p(((skews - prior[0]) / prior[1]) ** 2)[:, None]
        weights = np.exp(likely - likely.max())
        weights /= weights.sum()
        of_skew = weights.sum(axis=1)
        mean = float((of_skew * skews).sum())
        spread = math.sqrt(float((of_skew * (skews - mean) ** 2).sum()))
        step = (last - first) / (SKEWS - 1)
        if spread > 2 * step:
            break
        reach = 4.0 * max(spread, step)
        first, last = max(mean - reach, -MAX_SKEW), min(mean + reach, MAX_SKEW)
    offset = float((weights * (touching[:, None] - least)).sum())
    return Line(newest, reference + offset, mean, spread)

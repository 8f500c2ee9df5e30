"""Excursions of the arousal index from its band: one state machine, live and offline.

- An excursion begins when the index has been strictly past an edge for `hold` seconds: `on` is the first
  sample of that run, known at on + hold.
- It ends when the index has been at least `inside`·s_A within the edge for `back` seconds: `off` is the first
  sample of that run, known at off + back.
- Where there is no index or no edge the state is unknown; that censors. After it, past an edge, the state
  stays unknown until one of the two is decided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray

UNKNOWN = math.nan


class Crossing(NamedTuple):
    """Hold the moments of an excursion: side (1 above, −1 below), on and off [s]; censored at either end."""

    side: int
    on: float
    off: float
    censored: bool


class BandState:
    """Follow whether the index is above, within or below its band, one sample after another."""

    def __init__(self, *, hold: float = 10.0, back: float = 5.0, inside: float = 0.5) -> None:
        self._hold, self._back, self._inside = hold, back, inside
        self.state = UNKNOWN
        self.reset()

    def reset(self) -> None:
        """Forget all runs: what comes next begins from unknown."""
        self.state = UNKNOWN
        self._runs: dict[int, float | None] = {1: None, -1: None}
        self._returned: float | None = None
        self._open: tuple[int, float, bool] | None = None
        self._fresh = True
        self._early = False

    def step(self, time: float, value: float, low: float, high: float, scale: float) -> Crossing | None:
        """Take the next sample; return the excursion that it ends, if any. `state` is then up to date.

        Parameters
        ----------
        time, value : float
            [s], [SD]; value nan where unknown.
        low, high, scale : float
            Edges and s_A [SD].
        """
        if math.isnan(value) or math.isnan(low) or math.isnan(high):
            return self._lose(time)
        for side, past in ((1, value > high), (-1, value < low)):
            if not past:
                self._runs[side] = None
            elif self._runs[side] is None:
                self._runs[side] = time
                self._early = self._fresh
        self._fresh = False
        ended = self._leave(time, value, low, high, scale) if self._open else None
        if not self._open:
            self._enter(time)
        return ended

    def close(self, time: float) -> Crossing | None:
        """Return the excursion that is still open at the end, censored."""
        return self._lose(time)

    def _lose(self, time: float) -> Crossing | None:
        ended = Crossing(self._open[0], self._open[1], time, True) if self._open else None
        self.reset()
        return ended

    def _leave(self, time: float, value: float, low: float, high: float, scale: float) -> Crossing | None:
        """End the open excursion if the index has been back for long enough."""
        assert self._open
        side, on, censored = self._open
        depth = value - high if side > 0 else low - value
        if depth > -self._inside * scale:
            self._returned = None
            return None
        if self._returned is None:
            self._returned = time
        if time - self._returned < self._back:
            return None
        ended = Crossing(side, on, self._returned, censored)
        self._open, self._returned, self.state = None, None, 0.0
        return ended

    def _enter(self, time: float) -> None:
        """Begin an excursion if the index has been past an edge for long enough."""
        for side, since in self._runs.items():
            if since is not None and time - since >= self._hold:
                self._open, self.state = (side, since, self._early), float(side)
                return
        if all(since is None for since in self._runs.values()):
            self.state = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """Hold one excursion from the band.

    Parameters
    ----------
    side : int
        1 above, −1 below.
    on, off : float
        [s]; half-open.
    peak, peak_time, depth : float
        Value furthest out [SD], its moment [s], and how far that is past the edge [SD].
    area : float
        Integral of the distance past the edge over [on, off), within the band 0 [SD·s].
    censored : bool
        It was cut by a gap or the end, or already under way when the index came.
    """

    side: int
    on: float
    off: float
    peak: float
    peak_time: float
    depth: float
    area: float
    censored: bool

    @property
    def duration(self) -> float:
        """Return off − on [s]."""
        return self.off - self.on


def excursions(
    times: FloatArray,
    values: FloatArray,
    low: FloatArray | float,
    high: FloatArray | float,
    scale: FloatArray | float,
    *,
    hold: float = 10.0,
    back: float = 5.0,
    inside: float = 0.5,
    merge: float = 10.0,
) -> list[Excursion]:
    """Find all excursions of a finished series.

    Parameters
    ----------
    times, values : ndarray, shape (n,)
        [s] at an even step, and the index [SD]; nan where unknown.
    low, high, scale : ndarray, shape (n,), or float
        Edges of the band and s_A [SD].
    merge : float
        Excursions to the same side with at most this between them are one [s].
    """
    if len(times) < 2:  # there is no step, so nothing lasts
        return []
    edges = [np.broadcast_to(np.asarray(x, float), times.shape) for x in (low, high, scale)]
    machine, found = BandState(hold=hold, back=back, inside=inside), list[Crossing]()
    for row in zip(times.tolist(), values.tolist(), *(e.tolist() for e in edges), strict=True):
        ended = machine.step(*row)
        if ended:
            found.append(ended)
    step = float(np.median(np.diff(times)))
    last = machine.close(float(times[-1]) + step)
    found += [last] if last else []
    return [_measured(c, times, values, edges[0], edges[1], step) for c in _merged(found, merge)]


def _merged(found: Sequence[Crossing], merge: float) -> list[Crossing]:
    out: list[Crossing] = []
    for crossing in found:
        if out and out[-1].side == crossing.side and crossing.on - out[-1].off <= merge:
            both = out[-1].censored or crossing.censored
            out[-1] = Crossing(crossing.side, out[-1].on, crossing.off, both)
        else:
            out.append(crossing)
    return out


def _measured(
    crossing: Crossing, times: FloatArray, values: FloatArray, low: FloatArray, high: FloatArray, step: float
) -> Excursion:
    inside = np.flatnonzero((times >= crossing.on) & (times < crossing.off) & np.isfinite(values))
    edge = high if crossing.side > 0 else low
    past = crossing.side * (values[inside] - edge[inside])
    furthest = int(np.nanargmax(past))
    return Excursion(
        side=crossing.side,
        on=crossing.on,
        off=crossing.off,
        peak=float(values[inside[furthest]]),
        peak_time=float(times[inside[furthest]]),
        depth=float(past[furthest]),
        area=float(np.nansum(np.maximum(past, 0.0))) * step,
        censored=crossing.censored,
    )


def recovery(
    times: FloatArray, values: FloatArray, median: float, excursion: Excursion, *, hold: float = 5.0
) -> tuple[float, bool]:
    """Return T50: seconds from the peak until the index has come half way back to its median, and stays.

    Parameters
    ----------
    median : float
        Median of the index at rest [SD].
    hold : float
        How long it must stay [s].

    Returns
    -------
    seconds : float
        T50, or the time until it was censored [s].
    censored : bool
        A gap or the end came first.
    """
    half = 0.5 * abs(excursion.peak - median)
    since: float | None = None
    start = int(np.searchsorted(times, excursion.peak_time))
    for t, value in zip(times[start:].tolist(), values[start:].tolist(), strict=True):
        if math.isnan(value):
            return t - excursion.peak_time, True
        if abs(value - median) > half:
            since = None
            continue
        since = t if since is None else since
        if t - since >= hold:
            return since - excursion.peak_time, False
    return float(times[-1]) - excursion.peak_time, True


def shares_of_time(
    times: FloatArray, known: BoolArray, found: Sequence[Excursion]
) -> tuple[float, float, float]:
    """Return the percentages of valid time within, above and below.

    Excursions that are one over a gap hold what is not known: only what is counts.

    Parameters
    ----------
    times, known : ndarray, shape (n,)
        [s] at an even step, and where the index counts.
    """
    total = int(np.count_nonzero(known))
    if total == 0:
        return math.nan, math.nan, math.nan
    above, below = (sum(seconds_in(e, times, known) for e in found if e.side == side) for side in (1, -1))
    return 100.0 * (total - above - below) / total, 100.0 * above / total, 100.0 * below / total


def seconds_in(excursion: Excursion, times: FloatArray, mine: BoolArray) -> int:
    """Return how many of some seconds lie in an excursion."""
    return int(np.count_nonzero(mine & (times >= excursion.on) & (times < excursion.off)))

"""How a corrected signal is drawn: the page, colours and letters, lines of no more points than pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtGui import QPolygonF

from acquisition.events.corrected import ByHand
from acquisition.stream import BoolArray, FloatArray
from processing.heart.ibi import ECTOPIC, LONG, MISPLACED, NORMAL, SHORT
from viewer.corrections.places import LETTERS
from viewer.theme import Theme

PAGES = (5.0, 10.0, 30.0)
"""Lengths of a page [s]."""
LEFT, RIGHT = 52, 10
"""Room for the scale on the left, and on the right [px]."""
SHAPES = {"": "tick", "E": "diamond", "L": "bar", "S": "triangle", "M": "triangle", "?": "ring"}
BY_HAND = {"inserted": "+", "moved": "↔", "rejected": "×", "deleted": "−"}


@dataclass(slots=True)
class View:
    """Hold what is in view: the page [s since the first tick], cursor, what is chosen, a stretch begun."""

    start: float = 0.0
    seconds: float = 10.0
    cursor: float = 0.0
    chosen: float = math.nan
    """The beat or response that is chosen [s since the first tick]; nan if none is."""
    begun: float = math.nan
    """Where a stretch was begun; nan if none was."""
    begun_op: str = ""
    dragged: float = math.nan
    """Where a beat or an edge is dragged to."""
    span: tuple[float, float] | None = None
    """A stretch as it is being dragged."""

    @property
    def stop(self) -> float:
        """Return the end of the page [s]."""
        return self.start + self.seconds

    def x(self, seconds: float, width: int) -> float:
        """Return where a moment is drawn [px]."""
        return LEFT + (seconds - self.start) / self.seconds * (width - LEFT - RIGHT)

    def time(self, x: float, width: int) -> float:
        """Return the moment at a place [s since the first tick]."""
        return self.start + (x - LEFT) / max(width - LEFT - RIGHT, 1) * self.seconds


def letter_of(kind: float) -> str:
    """Return the letter of a class; "" for a normal beat, a question mark where it was not judged."""
    return "?" if math.isnan(kind) else LETTERS.get(kind, "")


def colour_of(kind: float, theme: Theme) -> str:
    """Return the colour of a class."""
    if math.isnan(kind):
        return theme.alert
    return {NORMAL: theme.dim, ECTOPIC: theme.above, LONG: theme.opposed, SHORT: theme.opposed,
            MISPLACED: theme.opposed}.get(kind, theme.dim)  # fmt: skip


def said_of(time: float, by_hand: ByHand) -> str:
    """Return the sign of what was done to a beat that counts; "" if nothing was."""
    if time in by_hand.rejected:
        return BY_HAND["rejected"]
    if time in by_hand.inserted:
        return BY_HAND["inserted"]
    return BY_HAND["moved"] if time in by_hand.moved.values() else ""


def thinned(
    times: FloatArray, values: FloatArray, start: float, stop: float, n: int
) -> tuple[FloatArray, FloatArray]:
    """Return a line with at most two points a bin: its least and its largest value, so that no peak is lost.

    Parameters
    ----------
    times, values : ndarray
        In order; nan values are left out.
    n : int
        Bins between start and stop.
    """
    known = np.isfinite(values)
    if not known.all():
        times, values = times[known], values[known]
    if len(times) <= 3 * n:
        return times, values
    at = np.clip(((times - start) / (stop - start) * n).astype(np.int64), 0, n - 1)
    begins = np.flatnonzero(np.diff(at, prepend=-1))
    low, high = np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
    return np.repeat(times[begins], 2), np.column_stack((low, high)).ravel()


def lines(xs: FloatArray, ys: FloatArray, cuts: BoolArray) -> list[QPolygonF]:
    """Return polylines, cut where `cuts` is true before a point."""
    edges = [0, *np.flatnonzero(cuts).tolist(), len(xs)]
    out = []
    for first, last in pairwise(edges):
        if last > first:
            out.append(arrayToQPolygonF(xs[first:last], ys[first:last]))
    return out


def steps(low: float, high: float, about: int) -> list[float]:
    """Return round values between two, about so many."""
    if not high > low:
        return []
    rough = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * k for k in (1.0, 2.0, 5.0, 10.0) if power * k >= rough)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]

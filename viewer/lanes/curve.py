"""Curves of a lane: what does not change is drawn once a page, the newest stretch again and again.

Measured with pyqtgraph 0.14 on software rendering: width-1 pens without antialiasing and a short live tail
cost a tenth of one curve that scrolls.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from acquisition.stream import FloatArray
from viewer.model.history import Line, straightened
from viewer.model.page import Page
from viewer.model.trace import Trace

AT_LEAST = 1.0
"""Seconds after which a slow line is drawn anew, even if nothing has moved by a pixel."""
EMPTY: Line = (np.empty(0), np.empty(0, np.float32))


class Curve(Protocol):
    """Draw one line of a lane."""

    entity: str

    def rebuild(self, page: Page, n_bins: int, live: bool) -> None:
        """Draw the whole page."""

    def refresh(self, page: Page) -> bool:
        """Draw what is new; tell whether anything was."""

    def clear(self) -> None:
        """Draw nothing."""

    def end(self) -> tuple[float, float] | None:
        """Return the newest point that is drawn, if the line goes on to there."""

    def extent(self, page: Page) -> tuple[float, float]:
        """Return the smallest and largest value of the page; nan where there is none."""


class BrokenLine(pg.PlotCurveItem):  # type: ignore[misc]  # pyqtgraph has no types
    """A line whose gaps cost nothing: pyqtgraph's own cuts it at each of them, 37 ms for an hour of many."""

    def generatePath(self, x: FloatArray, y: FloatArray) -> Any:
        """Return the path through all points, with no line where one of its ends is missing."""
        if self.opts["connect"] != "finite":
            return super().generatePath(x, y)
        there = np.flatnonzero(np.isfinite(y))
        joined = np.diff(there, append=-1) == 1
        return pg.functions.arrayToQPath(x[there], y[there], connect=joined, finiteCheck=False)


def new_item(plot: Any, colour: str, dash: Qt.PenStyle = Qt.PenStyle.SolidLine) -> Any:
    """Return a line of a plot, one pixel wide, with nothing in it yet."""
    pen = pg.mkPen(colour, width=1, style=dash)
    pen.setCosmetic(True)
    item = BrokenLine(pen=pen, skipFiniteCheck=True, antialias=False)
    plot.addItem(item, ignoreBounds=True)
    return item


def unmoved(seconds: float, page: Page, n_bins: int) -> bool:
    """Tell whether so much new data would not show on a page yet: less than a pixel, and not a while."""
    return 0.0 < seconds < min(page.seconds / n_bins, AT_LEAST)


def set_line(item: Any, line: Line) -> None:
    """Give a line to its item; one without gaps needs no test of each point."""
    x, y = line
    broken = bool(len(y)) and bool(np.isnan(y).any())
    item.setData(x, y, connect="finite" if broken else "all")


class Samples(Protocol):
    """Give the samples of an index; `Trace` does."""

    @property
    def n(self) -> int:
        """Return how many samples there are."""

    @property
    def times(self) -> FloatArray:
        """Return all times [s]."""

    def line(self, start: float, stop: float, n_bins: int) -> Line:
        """Return the polyline between two times [s], thinned to so many bins."""

    def extent(self, start: float, stop: float) -> tuple[float, float]:
        """Return the smallest and largest value between two times; nan without any."""


class TraceCurve:
    """Draw an index; there are few samples, so the page is drawn anew with each."""

    def __init__(
        self,
        plot: Any,
        trace: Callable[[], Samples],
        entity: str,
        colour: str,
        dash: Qt.PenStyle = Qt.PenStyle.SolidLine,
        *,
        scales: bool = True,
        ends: bool = True,
    ) -> None:
        self.entity = entity
        self._trace = trace
        self._item = new_item(plot, colour, dash)
        self._scales, self._ends = scales, ends
        self._drawn = -1
        self._newest = -math.inf
        """Stamp of the newest sample that is drawn [s]."""
        self._bins = 1
        self._last: tuple[float, float] | None = None

    def rebuild(self, page: Page, n_bins: int, live: bool) -> None:
        self._bins, self._drawn = n_bins, -1
        self.refresh(page)

    def refresh(self, page: Page) -> bool:
        trace = self._trace()
        if trace.n == self._drawn:
            return False
        newest = float(trace.times[-1]) if trace.n else -math.inf
        if self._drawn != -1 and unmoved(newest - self._newest, page, self._bins):
            return False
        self._drawn, self._newest = trace.n, newest
        x, y = trace.line(page.start, page.stop, self._bins)
        set_line(self._item, straightened(x, y))
        finite = np.isfinite(y)
        whole = bool(len(y)) and bool(finite[-1])
        self._last = (float(x[-1]), float(y[-1])) if whole else None
        return True

    def clear(self) -> None:
        self._drawn, self._last = -1, None
        set_line(self._item, EMPTY)

    def end(self) -> tuple[float, float] | None:
        return self._last if self._ends else None

    def extent(self, page: Page) -> tuple[float, float]:
        if not self._scales:
            return math.nan, math.nan
        return self._trace().extent(page.start, page.stop)


class TickCurve:
    """Draw a short mark at each sample of an index of events, at a height of its own."""

    def __init__(
        self,
        plot: Any,
        trace: Callable[[], Trace],
        entity: str,
        colour: str,
        heights: Callable[[], tuple[float, float]],
    ) -> None:
        self.entity = entity
        self._trace, self._heights = trace, heights
        self._item = new_item(plot, colour)
        self._drawn: tuple[int, tuple[float, float]] = (-1, (math.nan, math.nan))

    def rebuild(self, page: Page, n_bins: int, live: bool) -> None:
        self._drawn = (-1, (math.nan, math.nan))
        self.refresh(page)

    def refresh(self, page: Page) -> bool:
        trace, heights = self._trace(), self._heights()
        if (trace.n, heights) == self._drawn:
            return False
        self._drawn = trace.n, heights
        times, values = trace.between(page.start, page.stop)
        times = times[np.isfinite(values)]
        self._item.setData(np.repeat(times, 2), np.tile(np.array(heights), len(times)), connect="pairs")
        return True

    def clear(self) -> None:
        self._item.setData([], [])
        self._drawn = (-1, (math.nan, math.nan))

    def end(self) -> tuple[float, float] | None:
        return None

    def extent(self, page: Page) -> tuple[float, float]:
        return math.nan, math.nan

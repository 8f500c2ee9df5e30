"""Lane: one strip of the shared time axis: header, scale, curves, marker lines, letters at the line ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGraphicsRectItem, QHBoxLayout, QWidget

from acquisition.stream import FloatArray
from viewer.lanes.coarse import Coarse
from viewer.lanes.curve import Curve
from viewer.lanes.header import LETTERS, LaneHeader, font
from viewer.lanes.plot import LEFT, RIGHT, LanePlot, apart
from viewer.lanes.tail import TailStrip
from viewer.model.definitions import Definition
from viewer.model.page import Page, rescaled
from viewer.theme import Theme

LETTER_HEIGHT, LETTER_WIDTH = 13.0, 15.0
SETTLED = 60
"""Milliseconds after which a width that no longer changes is drawn for."""


class Lane(QWidget):
    """Show one signal of one or both people.

    Parameters
    ----------
    definition : Definition
        Title, unit and hover text.
    span : float
        Least height of the scale, in the lane's unit.
    fast : bool
        Whether it is drawn at every frame (raw signals) or four times a second.
    """

    def __init__(
        self, definition: Definition, theme: Theme, *, span: float, fast: bool, people: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.fast, self.people = fast, people
        self._theme, self._span = theme, span
        self.header = LaneHeader(definition.title, definition.unit, definition.hover(), theme)
        self.plot = LanePlot(theme)
        self.plot.setToolTip(definition.hover())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.header)
        row.addWidget(self.plot, 1)
        self.curves: list[Curve] = []
        self.coarse: Coarse | None = None
        """What is shown in their place on long pages."""
        self._far = False
        self._near = (definition.title, definition.unit, definition.hover(), span)
        self.strips: list[TailStrip] = []
        """What draws the newest seconds above the plot."""
        self._page: Page | None = None
        self._live = True
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.timeout.connect(self._redraw)
        self._scale: tuple[float, float] | None = None
        self.fixed: tuple[float, float] | None = None
        """A scale that was chosen; None: it fits the data."""
        self._paused: frozenset[str] = frozenset()
        self._marks = pg.PlotCurveItem(
            pen=pg.mkPen(theme.border, width=1), connect="pairs", skipFiniteCheck=True
        )
        self.plot.addItem(self._marks, ignoreBounds=True)
        self._mark_times: FloatArray = np.empty(0)
        pen = pg.mkPen(theme.text, width=1)
        self._cursor = pg.PlotCurveItem(pen=pen, connect="pairs", skipFiniteCheck=True)
        self.plot.addItem(self._cursor, ignoreBounds=True)
        self.pauses: list[tuple[float, float]] = []
        """When nothing was stored [s]; shown in grey."""
        self._spans: list[Any] = []
        self._letters = {person: self._letter(person) for person in people} if len(people) > 1 else {}
        self._word = self._paused_word(16)

    def _letter(self, person: str) -> Any:
        item = pg.TextItem(LETTERS[person], color=self._theme.person(person), anchor=(0.0, 0.5))
        item.setFont(font(11, bold=True))
        item.hide()
        self.plot.addItem(item, ignoreBounds=True)
        return item

    def _paused_word(self, pixels: int) -> Any:
        word = pg.TextItem("paused", color=self._theme.dim, anchor=(0.5, 0.5))
        word.setFont(font(pixels, bold=True))
        word.hide()
        self.plot.addItem(word, ignoreBounds=True)
        return word

    @property
    def n_bins(self) -> int:
        """Return the width of the time axis [px]."""
        return max(self.width() - LEFT - RIGHT, 50)

    @property
    def drawn(self) -> Sequence[Curve]:
        """Return the curves that the page has."""
        return self.coarse.curves if self.coarse is not None and self._far else self.curves

    def _choose(self, page: Page) -> None:
        """Take the curves that go with the length of a page."""
        coarse = self.coarse
        far = coarse is not None and page.seconds > coarse.above
        if coarse is None or far == self._far:
            return
        for curve in self.drawn:
            curve.clear()
        self._far, self._scale = far, None
        title, unit, hover, self._span = (
            (coarse.title, coarse.unit, coarse.hover, coarse.span) if far else self._near
        )
        self.header.set_title(title, hover, unit)
        self.plot.setToolTip(hover)

    def show_page(self, page: Page, *, live: bool) -> None:
        """Draw a page from scratch."""
        self._choose(page)
        self._page, self._live = page, live
        self.plot.view.setXRange(page.start, page.stop, padding=0)
        self.rescale()
        for curve in self.drawn:
            if curve.entity not in self._paused:
                curve.rebuild(page, self.n_bins, live)
                curve.refresh(page)
        self.draw_marks(self._mark_times)
        self._draw_pauses()
        self.place_letters()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Thin the lines anew for the width there is now, once it has stopped changing."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._resized.start(SETTLED)

    def _redraw(self) -> None:
        if self._page is not None and self.isVisible():
            self.show_page(self._page, live=self._live)

    def show_cursor(self, time: float | None) -> None:
        """Draw the cursor of a review at a time [s], or none."""
        scale = self._scale or (0.0, 1.0)
        self._cursor.setData([] if time is None else [time, time], [] if time is None else list(scale))

    def _draw_pauses(self) -> None:
        """Grey the stretches of the page in which nothing was stored."""
        page, scale = self._page, self._scale
        if page is None or scale is None:
            return
        for item in self._spans:
            self.plot.removeItem(item)
        self._spans = []
        for start, stop in self.pauses:
            left, right = max(start, page.start), min(stop, page.stop)
            if left >= right:
                continue
            box = QGraphicsRectItem(left, scale[0], right - left, scale[1] - scale[0])
            box.setPen(pg.mkPen(None))
            box.setBrush(pg.mkBrush(self._theme.paused))
            box.setZValue(-10)
            word = self._paused_word(12)
            word.setPos(QPointF((left + right) / 2, sum(scale) / 2))
            word.setVisible((right - left) / page.seconds * self.n_bins > 60)
            self.plot.addItem(box, ignoreBounds=True)
            self._spans += [box, word]

    def refresh(self) -> None:
        """Draw what is new since the last call."""
        if self._page is None:
            return
        drawn = [c.refresh(self._page) for c in self.drawn if c.entity not in self._paused]
        if any(drawn):
            self.place_letters()

    def rescale(self) -> None:
        """Fit the scale to the data of the page, if it no longer does."""
        if self._page is None:
            return
        extents = [c.extent(self._page) for c in self.drawn if c.entity not in self._paused]
        lows = [low for low, _ in extents if math.isfinite(low)]
        highs = [high for _, high in extents if math.isfinite(high)]
        fresh = rescaled(self._scale, (min(lows), max(highs)), self._span) if lows else None
        if self.fixed is not None and not self._far:
            fresh = None if self._scale == self.fixed else self.fixed
        if fresh is None and self._scale is None:
            fresh = (-self._span / 2, self._span / 2)
        if fresh is not None:
            self._scale = fresh
            self.plot.view.setYRange(*fresh, padding=0)
            self.draw_marks(self._mark_times)
            self._draw_pauses()
            self.place_letters()
        # Without a value there is nothing the numbers of a scale could refer to.
        axis = self.plot.axis
        if axis.style["showValues"] != bool(lows):
            axis.setStyle(showValues=bool(lows))  # it draws all its numbers anew

    @property
    def marks(self) -> FloatArray:
        """Return where lines go across the lane [s]."""
        return self._mark_times

    def heights(self, low: float, high: float) -> tuple[float, float]:
        """Return two shares of the lane's height as values of its scale."""
        bottom, top = self._scale or (0.0, 1.0)
        return bottom + low * (top - bottom), bottom + high * (top - bottom)

    def draw_marks(self, times: FloatArray) -> None:
        """Draw a line across the lane at each time [s]: one item for all."""
        self._mark_times = times
        for strip in self.strips:
            strip.marks = times
            strip.update()
        if self._scale is not None:
            ends = np.tile(np.array(self._scale), len(times))
            self._marks.setData(np.repeat(times, 2), ends, connect="pairs")

    def place_letters(self) -> None:
        """Put each person's letter at the end of their line, without overlap."""
        if self._page is None or self._scale is None or not self._letters:
            return
        ends = {p: self._end_of(p) for p in self._letters}
        shown = {
            p: e for p, e in ends.items() if e is not None and self._page.start <= e[0] <= self._page.stop
        }
        height = self.plot.height() or 1
        per_pixel = (self._scale[1] - self._scale[0]) / height
        levels = apart([e[1] for e in shown.values()], LETTER_HEIGHT * per_pixel, self._scale)
        level = dict(zip(shown, levels, strict=True))
        pixel = self._page.seconds / self.n_bins
        for person, item in self._letters.items():
            item.setVisible(person in shown)
            if person in shown:
                left = min(shown[person][0] + 4 * pixel, self._page.stop - LETTER_WIDTH * pixel)
                item.setPos(QPointF(left, level[person]))

    def _end_of(self, person: str) -> tuple[float, float] | None:
        if person in self._paused:
            return None
        ends = [c.end() for c in self.drawn if c.entity == person]
        known = [e for e in ends if e is not None]
        return max(known) if known else None

    def set_paused(self, paused: frozenset[str]) -> None:
        """Show nothing of those who are paused; grey the lane when it has nobody else."""
        if paused == self._paused:
            return
        self._paused = paused
        empty = paused.issuperset(self.people)
        self.plot.setBackground(self._theme.paused if empty else self._theme.panel)
        for curve in self.drawn:
            if curve.entity in paused:
                curve.clear()
        self._word.setVisible(empty)
        if self._page is not None and self._scale is not None:
            self._word.setPos(QPointF(self._page.start + self._page.seconds / 2, sum(self._scale) / 2))
            self.place_letters()

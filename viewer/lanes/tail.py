"""The newest seconds of a raw signal, in a strip of its own above the page: a frame paints nothing else.

A graphics view paints all that touches what changed, thirty times a second. The strip is opaque, so the view
below it is left alone; measured, a frame of two ECG lanes costs a third of what it did.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from acquisition.stream import FloatArray
from viewer.model.history import Line, stretches
from viewer.model.page import Page

SPARE = 8
"""Width beyond the newest sample that the strip grows by at once [px]."""


class TailStrip(QWidget):
    """Cover the page of a plot from the end of its history on, and draw the line there.

    Parameters
    ----------
    colour, ground, mark : str
        Of the line, behind it, and of the lines at markers.
    """

    def __init__(self, plot: Any, colour: str, ground: str, mark: str) -> None:
        super().__init__(plot.viewport())
        self._plot, self._view = plot, plot.view
        self._pens = [QPen(QColor(c), 1) for c in (colour, mark)]
        for pen in self._pens:
            pen.setCosmetic(True)  # as the page's, also on a screen of high resolution
        self._ground, self.colour = QColor(ground), QColor(colour)
        self._points: NDArray[np.float64] = np.empty((2, 1024))
        self._n = 0
        self._whole = True
        """Whether the line has no gaps."""
        self._place: tuple[object, ...] = ()
        self._box = QRectF()
        self._mapping = (0.0, 1.0, 0.0, 1.0)
        self.marks: FloatArray = np.empty(0)
        """Where lines go across the lane [s]."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        plot.viewport().installEventFilter(self)
        self._view.sigResized.connect(self._moved)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show nothing on a plot whose size has changed, until it is drawn anew."""
        if event.type() == QEvent.Type.Resize:
            self._moved()
            self.hide()
        return False

    def _moved(self) -> None:
        self._place = ()

    def fits(self, page: Page) -> bool:
        """Tell whether what is drawn, if anything, is where the plot would have it."""
        return self._n == 0 or self._place == (page, *self._view.state["viewRange"][1])

    @property
    def going(self) -> bool:
        """Tell whether there is a line that can go on."""
        return self._n > 0 and bool(self._place)

    def show_line(self, line: Line, page: Page) -> None:
        """Draw a line [s, lane's unit] that begins where the history of the page ends."""
        self._n, self._whole = 0, True
        if len(line[0]) == 0:
            self.show_nothing()
            return
        if not self._place or self._place != (page, *self._view.state["viewRange"][1]):
            self._map(page)
        self._put(line)
        left, right = self._reach()
        self.setGeometry(left, 0, max(right + SPARE - left, 1), self._plot.viewport().height())
        self.show()
        self.update()

    def go_on(self, line: Line, kept: int) -> None:
        """Put a line in place of all points from `kept` on: what comes before stays as it is drawn."""
        drawn = math.floor(self._points[0, max(kept - 1, 0)])
        self._n = kept
        self._put(line)
        left, right = self._reach()
        if right > left + self.width():
            self.resize(right + SPARE - left, self.height())
        self.update(drawn - left - 2, 0, right - drawn + 4, self.height())

    def _put(self, line: Line) -> None:
        begin, end = self._n, self._n + len(line[0])
        if end > self._points.shape[1]:
            grown = np.empty((2, 2 * end))
            grown[:, :begin] = self._points[:, :begin]
            self._points = grown
        zero_x, per_second, zero_y, per_unit = self._mapping
        self._points[0, begin:end] = zero_x + line[0] * per_second
        self._points[1, begin:end] = zero_y + line[1].astype(np.float64) * per_unit
        self._whole = self._whole and bool(np.isfinite(line[1]).all())
        self._n = end

    def _reach(self) -> tuple[int, int]:
        """Return from where to where the line goes [px of the plot], within its box."""
        first, last = float(self._points[0, 0]), float(self._points[0, self._n - 1])
        return math.floor(first), min(math.ceil(last) + 2, math.floor(self._box.right()) + 1)

    def show_nothing(self) -> None:
        """Leave the plot as it is."""
        self._n, self._place = 0, ()
        self.hide()

    def _map(self, page: Page) -> None:
        """Work out where seconds and values are on the plot [px], and keep what that depends on."""
        self._box = box = self._view.mapRectToScene(self._view.boundingRect())
        low, high = self._view.state["viewRange"][1]
        per_second, per_unit = box.width() / page.seconds, -box.height() / (high - low)
        self._mapping = (
            box.left() - page.start * per_second,
            per_second,
            box.bottom() - low * per_unit,
            per_unit,
        )
        self._place = (page, low, high)

    def points(self) -> tuple[FloatArray, FloatArray]:
        """Return what is drawn, in pixels of the plot; nothing while it is hidden."""
        n = self._n if self.isVisible() else 0
        return self._points[0, :n], self._points[1, :n]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, rect, left = QPainter(self), event.rect(), self.x()
        painter.fillRect(rect, self._ground)
        self._draw_marks(painter, rect.left() - 1, rect.right() + 1)
        xs = self._points[0, : self._n]
        begin = max(int(np.searchsorted(xs, rect.left() + left - 2)) - 1, 0)
        x, y = xs[begin:] - left, self._points[1, begin : self._n]
        painter.setPen(self._pens[0])
        if self._box.top() > rect.top() or self._box.bottom() < rect.bottom():
            painter.setClipRect(self._box.translated(-left, 0))
        for run in [(x, y)] if self._whole and len(x) > 1 else stretches(x, y):
            painter.drawPolyline(pg.functions.arrayToQPolygonF(*run))
        painter.end()

    def _draw_marks(self, painter: QPainter, left: int, right: int) -> None:
        """Draw the lines at markers between two places [px of the strip]."""
        if len(self.marks) == 0:
            return
        marks = self._mapping[0] + self.marks * self._mapping[1] - self.x()
        painter.setPen(self._pens[1])
        for x in marks[(marks >= left) & (marks <= right)].tolist():
            painter.drawLine(QPointF(x, self._box.top()), QPointF(x, self._box.bottom()))

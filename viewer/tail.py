"""The newest seconds of a raw signal, in a strip of its own above the page: a frame paints nothing else.

A graphics view paints all that touches what changed, thirty times a second. The strip is opaque, so the view
below it is left alone; measured, a frame of two ECG lanes costs a third of what it did.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from acquisition.stream import FloatArray
from viewer.history import Line
from viewer.page import Page

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
        self._plot = plot
        self._pens = [QPen(QColor(c), 1) for c in (colour, mark)]
        self._ground, self.colour = QColor(ground), QColor(colour)
        self._x: FloatArray = np.empty(0)
        self._y: FloatArray = np.empty(0)
        self._place: tuple[object, ...] = ()
        self._box = QRectF()
        self._mapping = (0.0, 1.0, 0.0, 1.0)
        self.marks: FloatArray = np.empty(0)
        """Where lines go across the lane [s]."""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        plot.viewport().installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show nothing on a plot whose size has changed, until it is drawn anew."""
        if event.type() == QEvent.Type.Resize:
            self._place = ()
            self.hide()
        return False

    def fits(self, page: Page) -> bool:
        """Tell whether what is drawn, if anything, is where the plot would have it."""
        return len(self._x) == 0 or (bool(self._place) and self._place[0] == self._map(page))

    def show_line(self, line: Line, page: Page) -> None:
        """Draw a line [s, lane's unit] that begins where the history of the page ends."""
        times, values = line
        if len(times) == 0:
            self.show_nothing()
            return
        place = self._map(page)
        xs = self._mapping[0] + times * self._mapping[1]
        drawn = self._x[-1] if len(self._x) else -math.inf
        self._x, self._y = xs, self._mapping[2] + values.astype(np.float64) * self._mapping[3]
        left, right = math.floor(xs[0]), min(math.ceil(xs[-1]) + 2, math.floor(self._box.right()) + 1)
        rect = QRect(left, 0, max(right + SPARE - left, 1), self._plot.viewport().height())
        same = (place, left) == self._place and self.isVisible()
        if not same or not self.geometry().contains(QRect(left, 0, right - left, 1)):
            self._place = (place, left)
            self.setGeometry(rect)
            self.show()
            self.update()
        else:
            self.update(QRect(math.floor(drawn) - left - 2, 0, right - math.floor(drawn) + 4, self.height()))

    def show_nothing(self) -> None:
        """Leave the plot as it is."""
        self._x, self._y, self._place = np.empty(0), np.empty(0), ()
        self.hide()

    def _map(self, page: Page) -> tuple[object, ...]:
        """Work out where seconds and values are on the plot [px]; return what it depends on."""
        view = self._plot.getPlotItem().vb
        self._box = box = view.mapRectToScene(view.boundingRect())
        low, high = view.state["viewRange"][1]
        per_second, per_unit = box.width() / page.seconds, -box.height() / (high - low)
        self._mapping = (
            box.left() - page.start * per_second,
            per_second,
            box.bottom() - low * per_unit,
            per_unit,
        )
        return (page, box.getRect(), low, high)

    def points(self) -> tuple[FloatArray, FloatArray]:
        """Return what is drawn, in pixels of the plot; nothing while it is hidden."""
        return (self._x, self._y) if self.isVisible() else (np.empty(0), np.empty(0))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, rect, left = QPainter(self), event.rect(), self.x()
        painter.fillRect(rect, self._ground)
        painter.setPen(self._pens[1])
        marks = self._mapping[0] + self.marks * self._mapping[1] - left
        for x in marks[(marks >= rect.left() - 1) & (marks <= rect.right() + 1)].tolist():
            painter.drawLine(QPointF(x, self._box.top()), QPointF(x, self._box.bottom()))
        begin = max(int(np.searchsorted(self._x, rect.left() + left - 2)) - 1, 0)
        x, y = self._x[begin:], self._y[begin:]
        painter.setPen(self._pens[0])
        painter.translate(-left, 0)
        painter.setClipRect(self._box)
        for run in _finite(x, y):
            painter.drawPolyline(pg.functions.arrayToQPolygonF(*run))
        painter.end()


def _finite(x: FloatArray, y: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return the stretches of a line between its gaps."""
    good = np.isfinite(y)
    if good.all():
        return [(x, y)] if len(x) > 1 else []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]

"""Event lane: marker lines, bars of intervals, labels that never touch, and the time axis of all lanes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.text import how_many
from viewer.lanes.header import font
from viewer.lanes.plot import LEFT, RIGHT
from viewer.model.markers import Marker, bar_slots, place
from viewer.model.page import Page, clock, time_marks
from viewer.theme import Theme

ROW = 15
ROWS = 3
BAR = 4
SLOTS = 3
"""Intervals that may run at once and still have a bar of their own."""
AXIS_HEIGHT = 18


class EventLane(QWidget):
    """Show the events of the page."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._page = Page(0.0, 60.0)
        self._markers: list[Marker] = []
        self._now = 0.0
        self._cursor: float | None = None
        self.setFixedHeight(ROWS * ROW + BAR * SLOTS + AXIS_HEIGHT + 4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("<b>Events</b><br>Stamped on the LSL clock at the key press. Bars are intervals.")
        self.boxes: list[QRectF] = []
        """Where labels were last drawn [px]."""

    def sizeHint(self) -> QSize:
        return QSize(600, self.height())

    def show_markers(self, page: Page, shown: list[Marker], now: float) -> None:
        """Show a page and its events; open intervals reach to `now` [s]."""
        self._page, self._markers, self._now = page, shown, now
        self.setAccessibleDescription(f"{how_many(len(shown), 'event')} on this page")
        self.update()

    def show_cursor(self, time: float | None) -> None:
        """Show the cursor of a review at a time [s], or none."""
        if time != self._cursor:
            self._cursor = time
            self.update()

    def _x(self, time: float) -> float:
        return LEFT + (time - self._page.start) / self._page.seconds * (self.width() - LEFT - RIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, bottom = self._theme, self.height() - AXIS_HEIGHT
        lane = QRectF(0, 0, self.width(), bottom)
        painter.fillRect(lane, QColor(theme.panel))
        painter.setFont(font(12, bold=True))
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(10, 0, LEFT, bottom), Qt.AlignmentFlag.AlignVCenter, "Events")
        self._draw_axis(painter, bottom)
        painter.setClipRect(QRectF(LEFT, 0, self.width() - LEFT - RIGHT, bottom))
        slots = bar_slots([(m.start, self._stop(m)) for m in self._markers], SLOTS)
        for marker, slot in zip(self._markers, slots, strict=True):
            self._draw_marker(painter, marker, bottom, slot)
        self._draw_labels(painter)
        if self._cursor is not None:
            painter.setPen(QPen(QColor(theme.text), 1))
            painter.drawLine(QPointF(self._x(self._cursor), 0), QPointF(self._x(self._cursor), bottom))
        painter.end()

    def _draw_axis(self, painter: QPainter, top: float) -> None:
        theme = self._theme
        painter.setFont(font(10))
        most = max((self.width() - LEFT - RIGHT) // 90, 2)
        for mark in time_marks(self._page, most):
            x = self._x(mark)
            painter.setPen(QColor(theme.border))
            painter.drawLine(QPointF(x, top), QPointF(x, top + 4))
            painter.setPen(QColor(theme.dim))
            box = QRectF(x - 40, top + 4, 80, AXIS_HEIGHT - 4)
            if box.left() >= LEFT - 40 and box.right() <= self.width() + 16:
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, clock(mark))

    def _draw_marker(self, painter: QPainter, marker: Marker, bottom: float, slot: int) -> None:
        colour = QColor(self._theme.person(marker.actor))
        left = self._x(marker.start)
        right = self._x(self._now if marker.open else marker.stop)
        painter.setPen(QPen(colour, 1))
        if left >= LEFT:
            painter.drawLine(QPointF(left, 0), QPointF(left, bottom - 1))
        left, right = max(left, LEFT), min(right, self.width() - RIGHT)
        if right > left:
            bar = QRectF(left, bottom - BAR * (slot + 1), right - left, BAR - 1)
            colour.setAlpha(230 if marker.open else 140)
            painter.fillRect(bar, colour)

    def _draw_labels(self, painter: QPainter) -> None:
        painter.setFont(font(11))
        measure = QFontMetricsF(painter.font())
        shown = [m for m in self._markers if m.start < self._page.stop and self._stop(m) > self._page.start]
        lefts = [max(self._x(m.start) + 4, LEFT + 4) - LEFT for m in shown]
        order = sorted(range(len(shown)), key=lambda k: lefts[k])
        widths = [measure.horizontalAdvance(shown[k].label) for k in order]
        labels = place([lefts[k] for k in order], widths, ROWS, self.width() - LEFT - RIGHT)
        self.boxes = []
        for label in labels:
            marker = shown[order[label.marker]]
            text = marker.label + (f" +{label.more}" if label.more else "")
            box = QRectF(LEFT + label.left, label.row * ROW + 2, measure.horizontalAdvance(text), ROW)
            self.boxes.append(box)
            painter.fillRect(box.adjusted(-2, 1, 2, -1), QColor(self._theme.panel))
            painter.setPen(QColor(self._theme.person(marker.actor)))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _stop(self, marker: Marker) -> float:
        return self._now if marker.open else max(marker.stop, marker.start + 1e-6)

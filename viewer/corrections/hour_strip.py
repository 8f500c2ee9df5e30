"""The whole hour as a strip: doubtful places, what was marked, and the page; a click goes there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.events.corrected import ByHand
from viewer.corrections.look import LEFT, RIGHT, View
from viewer.corrections.places import Place
from viewer.lanes.header import font
from viewer.model.page import clock
from viewer.theme import Theme

HEIGHT = 34


class HourStrip(QWidget):
    """Draw the hour; `go` takes the moment that was clicked [s since the first tick]."""

    def __init__(self, theme: Theme, view: View, go: Callable[[float], object]) -> None:
        super().__init__()
        self._theme, self.view, self._go = theme, view, go
        self.length, self.t0 = 1.0, 0.0
        self.places: Sequence[Place] = ()
        self.done: Sequence[bool] = ()
        self.by_hand = ByHand()
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The hour: doubtful places and the page")

    def sizeHint(self) -> QSize:
        return QSize(900, HEIGHT)

    def _x(self, seconds: float) -> float:
        return LEFT + seconds / max(self.length, 1e-9) * (self.width() - LEFT - RIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(theme.window))
        bar = QRectF(LEFT, 4, self.width() - LEFT - RIGHT, 14)
        painter.fillRect(bar, QColor(theme.panel))
        for kept, colour in ((self.by_hand.marked, theme.alert), (self.by_hand.accepted, theme.below)):
            for start, stop in kept:
                left, right = self._x(start - self.t0), self._x(stop - self.t0)
                painter.fillRect(QRectF(left, 4, max(right - left, 2.0), 14), QColor(colour))
        for place, done in zip(self.places, self.done, strict=True):
            x = self._x(place.time)
            painter.setPen(QPen(QColor(theme.border if done else theme.above), 1))
            painter.drawLine(QPointF(x, 12 if done else 5), QPointF(x, 17))
        painter.setPen(QPen(QColor(theme.text), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        left = self._x(self.view.start)
        painter.drawRect(QRectF(left, 2, max(self._x(self.view.stop) - left, 3.0), 18))
        painter.setFont(font(11))
        painter.setPen(QColor(theme.dim))
        low = QRectF(LEFT, 20, self.width() - LEFT - RIGHT, 14)
        painter.drawText(low, Qt.AlignmentFlag.AlignLeft, "0:00:00")
        painter.drawText(low, Qt.AlignmentFlag.AlignRight, clock(self.length))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        share = (event.position().x() - LEFT) / max(self.width() - LEFT - RIGHT, 1)
        self._go(min(max(share, 0.0), 1.0) * self.length)

"""The line below the video: the hour, what of it has a video, and the cursor; a press or drag goes there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.theme import Theme
from viewer.video.cover import Span

EDGE = 10.0
HIGH = 22


class Track(QWidget):
    """Show where in the hour the cursor is, and which stretches have a video."""

    chosen = Signal(float)
    """Somebody goes to a moment [s]."""

    def __init__(self, theme: Theme, spans: Sequence[Span], end: float) -> None:
        super().__init__()
        self._theme, self._spans, self._end, self._at = theme, spans, max(end, 1.0), 0.0
        self.setFixedHeight(HIGH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The hour, and what of it has a video")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(400, HIGH)

    def show_at(self, seconds: float) -> None:
        """Show where the cursor is [s]."""
        before, self._at = self._x(self._at), seconds
        if round(before) != round(self._x(seconds)):
            self.update()

    def _x(self, seconds: float) -> float:
        share = min(max(seconds / self._end, 0.0), 1.0)
        return EDGE + share * (self.width() - 2 * EDGE)

    def time_at(self, x: float) -> float:
        """Return the moment at a place [px]."""
        share = (x - EDGE) / max(self.width() - 2 * EDGE, 1.0)
        return min(max(share, 0.0), 1.0) * self._end

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.chosen.emit(self.time_at(event.position().x()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        middle = self.height() / 2
        painter.fillRect(QRectF(EDGE, middle - 1, self.width() - 2 * EDGE, 2), QColor(theme.border))
        for start, stop in self._spans:
            left = self._x(start)
            painter.fillRect(QRectF(left, middle - 3, max(self._x(stop) - left, 2.0), 6), QColor(theme.dim))
        painter.fillRect(QRectF(self._x(self._at) - 1.5, 2, 3, self.height() - 4), QColor(theme.text))
        painter.end()

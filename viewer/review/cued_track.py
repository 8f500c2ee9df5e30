"""The track of a cued review: where its moments lie in the session, and which are answered or asked now."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.lanes.header import font
from viewer.model.cued_session import CuedSession
from viewer.model.page import clock
from viewer.theme import Theme


class Track(QWidget):
    """Show the hour as a line, its moments as ticks, and the one that is asked about."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._session: CuedSession | None = None
        self._end = 1.0
        self.setFixedHeight(56)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Moments of the hour")

    def sizeHint(self) -> QSize:
        return QSize(600, 56)

    def show_session(self, session: CuedSession, end: float) -> None:
        """Show where a session stands; `end` is the length of the recording [s]."""
        self._session, self._end = session, max(end, 1.0)
        self.setAccessibleDescription(session.progress())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, session = QPainter(self), self._theme, self._session
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width() - 24.0
        painter.fillRect(QRectF(12, 20, width, 3), QColor(theme.border))
        painter.setFont(font(11))
        painter.setPen(QColor(theme.dim))
        ends = ((0.0, Qt.AlignmentFlag.AlignLeft), (self._end, Qt.AlignmentFlag.AlignRight))
        for time, side in ends:
            painter.drawText(QRectF(12, 38, width, 16), side, clock(time))
        if session is not None:
            for k, (moment, there) in enumerate(zip(session.moments, session.answered, strict=True)):
                x = 12 + moment.stop / self._end * width
                here = k == session.at
                box = QRectF(
                    x - (5 if here else 3), 11 if here else 15, 10 if here else 6, 21 if here else 13
                )
                painter.setPen(QColor(theme.text if here or there else theme.dim))
                painter.setBrush(QColor(theme.text if there else theme.window))
                painter.drawRoundedRect(box, 2, 2)
        painter.end()

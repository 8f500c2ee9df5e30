"""The page of two moments: which had more of what is asked? Nothing is on it that a rater may not see."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from acquisition.errors import AttunementError
from viewer.commands import key_of
from viewer.lanes.header import font
from viewer.model.page import clock
from viewer.rating.pairs import Comparing
from viewer.rating.shown import Hour
from viewer.theme import Theme
from viewer.video.cover import Cover
from viewer.video.hearing import loudest
from viewer.video.level import Level, mutes
from viewer.video.moments import Moments
from viewer.video.pane import VideoPane

KEYS = {
    Qt.Key.Key_1: "first",
    Qt.Key.Key_Left: "first",
    Qt.Key.Key_2: "second",
    Qt.Key.Key_Right: "second",
    Qt.Key.Key_0: "neither",
    Qt.Key.Key_Down: "neither",
}
DONE = "all pairs are answered · Esc closes"
PLAYS = f"Space plays both, 1 then 2   ·   {key_of('mute', 'cued')} sound off or on"
FOOT = "1 or ←   ·   2 or →   ·   0 or ↓ neither   ·   Backspace asks again   ·   Esc ends; answers are kept"


class PairsPage(QWidget):
    """Show two moments and take the answer, by key or a click on one."""

    def __init__(
        self,
        comparing: Comparing,
        hour: Hour,
        length: float,
        theme: Theme,
        cover: Cover | None = None,
        level: Level | None = None,
    ) -> None:
        super().__init__()
        self._level = level
        self.comparing, self._hour, self._length, self._theme = comparing, hour, length, theme
        self.fault = ""
        self.setWindowTitle("Two moments")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.question)
        heard = level or loudest
        self.panes = [VideoPane(cover, theme, self, heard) for _ in range(2)] if cover is not None else []
        for pane in self.panes:
            pane.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.moments = Moments(self.panes, length)
        self.resize(self.sizeHint())
        self._stand()

    def _stand(self) -> None:
        """Have the videos stand at the two moments."""
        pair = self.comparing.pair
        for pane in self.panes:
            pane.setVisible(pair is not None)
        self.moments.stand(pair or ())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for pane, box in zip(self.panes, self._boxes(), strict=False):
            pane.setGeometry(box.adjusted(12, 100, -12, -12).toAlignedRect())

    def sizeHint(self) -> QSize:
        return QSize(1100, 640)

    @property
    def question(self) -> str:
        """Return what is asked."""
        return f"Which of these two moments had {self.comparing.asked}?"

    def answer(self, chosen: str) -> None:
        """Take an answer; what could not be stored is said, and asked again."""
        try:
            self.comparing.choose(chosen)
            self.fault = ""
        except AttunementError as error:
            self.fault = str(error)
        self._stand()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if event.isAutoRepeat() or (self._level is not None and mutes(event, self._level)):
            return
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key == Qt.Key.Key_Backspace:
            self.comparing.back()
            self._stand()
            self.update()
        elif key == Qt.Key.Key_Space and self.panes:
            self.moments.play_or_stop()
        elif key in KEYS:
            self.answer(KEYS[key])
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        for box, chosen in zip(self._boxes(), ("first", "second"), strict=True):
            if box.contains(event.position()):
                self.answer(chosen)

    def _boxes(self) -> tuple[QRectF, QRectF]:
        width, height = self.width() / 2.0 - 90.0, self.height() - 260.0
        return QRectF(60, 130, width, height), QRectF(self.width() / 2.0 + 30, 130, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, pair = QPainter(self), self._theme, self.comparing.pair
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(theme.window))
        self._text(painter, QRectF(0, 40, self.width(), 60), DONE if pair is None else self.question, 26)
        if pair is not None:
            for box, start, number in zip(self._boxes(), pair, (1, 2), strict=True):
                painter.setPen(QPen(QColor(theme.border), 2.0))
                painter.setBrush(QColor(theme.panel))
                painter.drawRoundedRect(box, 10, 10)
                large, head = (24, 46) if self.panes else (36, 70)
                self._text(
                    painter,
                    QRectF(box.left(), box.top() + head - (42 if self.panes else 50), box.width(), 50),
                    str(number),
                    22,
                )
                span = f"{clock(start)} – {clock(start + self._length)}"
                self._text(
                    painter,
                    QRectF(box.left(), box.top() + head, box.width(), 60 if not self.panes else 46),
                    span,
                    large,
                )
                self._strips(painter, box, start)
        foot = QRectF(0, self.height() - 84, self.width(), 30)
        self._text(painter, foot, self.fault or self.comparing.progress(), 16, alert=bool(self.fault))
        keys = f"{PLAYS}   ·   {FOOT}" if self.panes else FOOT
        self._text(painter, QRectF(0, self.height() - 46, self.width(), 26), keys, 13)
        painter.end()

    def _strips(self, painter: QPainter, box: QRectF, start: float) -> None:
        begin, top = self._hour.begin + start, box.top() + 150.0
        for name, (times, values) in self._hour.strips.items():
            self._text(painter, QRectF(box.left() + 14, top - 16, box.width() - 28, 16), name, 11)
            first, last = np.searchsorted(times, (begin, begin + self._length))
            painter.setPen(QPen(QColor(self._theme.person(name.split(" ", 1)[0])), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            wide = box.width() - 28.0
            points = [
                QPointF(box.left() + 14 + (t - begin) / self._length * wide, top + 36 - 34 * v)
                for t, v in zip(times[first:last].tolist(), values[first:last].tolist(), strict=True)
            ]
            painter.drawPolyline(QPolygonF(points))
            top += 62.0

    def _text(self, painter: QPainter, box: QRectF, text: str, size: int, *, alert: bool = False) -> None:
        painter.setFont(font(size))
        painter.setPen(QColor(self._theme.alert if alert else self._theme.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

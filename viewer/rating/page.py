"""The page of a rating: the scale alone, big, between its anchor words; what may be seen lies above it."""

from __future__ import annotations

from collections import deque

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.session.rating_settings import Axis
from viewer.commands import key_of
from viewer.lanes.header import font
from viewer.model.page import clock
from viewer.rating.run import Run
from viewer.rating.shown import Hour
from viewer.theme import Theme

BEFORE = 20.0
"""Seconds of a trace without ends, and of what is shown above, that are seen."""
STRIP = 54
MARGIN = 90
NARROW = 560
"""Less room has the words of the first axis in the square of two, not beside it [px]."""


class RatingPage(QWidget):
    """Draw where a rater stands; it takes no input."""

    def __init__(self, run: Run, axes: tuple[Axis, ...], hour: Hour, theme: Theme) -> None:
        super().__init__()
        self.run, self._axes, self._hour, self._theme = run, axes, hour, theme
        self.said, self.now = "", 0.0
        self.heard = False
        """Whether a video with its sound is beside it."""
        self._trace: deque[tuple[float, float]] = deque(maxlen=1200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        words = "; ".join(f"{a.name}: {a.less} to {a.more}" for a in axes)
        self.setAccessibleName(f"Rating, {words}")

    def sizeHint(self) -> QSize:
        return QSize(1100, 640)

    @property
    def words(self) -> str:
        """Return what is said in the middle."""
        state = self.run.state
        if state == "countdown":
            return str(self.run.left(self.now))
        return {
            "waiting": "Space begins",
            "paused": "paused · Space goes on",
            "done": "the recording is over · Esc closes",
        }.get(state, "")

    def show_now(self, now: float, said: str = "") -> None:
        """Draw how it stands now; `said` is what went wrong."""
        self.now, self.said = now, said
        if self.run.state == "rating":
            self._trace.append((self.run.at, self.run.scale.values[0]))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(theme.window))
        top = self._strips(painter)
        room = QRectF(MARGIN, top + 30, self.width() - 2 * MARGIN, self.height() - top - 120)
        if len(self._axes) == 2:
            self._square(painter, room)
        elif self.run.scale.bounded:
            self._line(painter, room)
        else:
            self._course(painter, room)
        self._foot(painter)
        painter.end()

    def _strips(self, painter: QPainter) -> float:
        """Draw what may be seen of the session up to now; return where it ends [px]."""
        top = 16.0
        for name, (times, values) in self._hour.strips.items():
            box = QRectF(MARGIN, top, self.width() - 2 * MARGIN, STRIP - 14)
            colour = QColor(self._theme.person(name.split(" ", 1)[0]))
            painter.setPen(QColor(self._theme.dim))
            painter.setFont(font(11))
            painter.drawText(QRectF(8, top, MARGIN - 12, STRIP - 14), _WRAPPED, name)
            first, last = np.searchsorted(times, (self.run.at - BEFORE, self.run.at))
            painter.setPen(QPen(colour, 2.0))
            painter.drawPolyline(
                QPolygonF(
                    [
                        QPointF(
                            box.right() - (self.run.at - t) / BEFORE * box.width(),
                            box.bottom() - v * box.height(),
                        )
                        for t, v in zip(times[first:last].tolist(), values[first:last].tolist(), strict=True)
                    ]
                )
            )
            top += STRIP
        return top

    def _line(self, painter: QPainter, room: QRectF) -> None:
        theme, y = self._theme, room.center().y()
        painter.setPen(QPen(QColor(theme.dim), 6.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
        painter.setPen(QPen(QColor(theme.dim), 3.0))
        painter.drawLine(QPointF(room.center().x(), y - 16), QPointF(room.center().x(), y + 16))
        x = room.left() + (self.run.scale.values[0] + 1.0) / 2.0 * room.width()
        self._knob(painter, QPointF(x, y))
        self._word(painter, QRectF(room.left() - 70, y + 50, 400, 60), self._axes[0].less, _LEFT)
        self._word(painter, QRectF(room.right() - 330, y + 50, 400, 60), self._axes[0].more, _RIGHT)

    def _square(self, painter: QPainter, room: QRectF) -> None:
        narrow = room.width() < NARROW
        side = min(room.width() + 2 * MARGIN - 30 if narrow else room.width() - 320, room.height() - 70)
        box = QRectF(room.center().x() - side / 2, room.center().y() - side / 2, side, side)
        painter.setPen(QPen(QColor(self._theme.dim), 3.0))
        painter.drawRect(box)
        painter.drawLine(QPointF(box.center().x(), box.top()), QPointF(box.center().x(), box.bottom()))
        painter.drawLine(QPointF(box.left(), box.center().y()), QPointF(box.right(), box.center().y()))
        (x, y), scale = self._place(), side / 2
        self._knob(painter, QPointF(box.center().x() + x * scale, box.center().y() - y * scale))
        first, second = self._axes
        middle = box.center().y() - 25
        if narrow:
            inside = QRectF(box.left() + 8, middle - 24, side - 16, 50)
            self._word(painter, inside, first.less, _LEFT)
            self._word(painter, inside, first.more, _RIGHT)
        else:
            self._word(painter, QRectF(box.left() - 320, middle, 300, 50), first.less, _RIGHT)
            self._word(painter, QRectF(box.right() + 20, middle, 300, 50), first.more, _LEFT)
        self._word(painter, QRectF(box.left(), box.top() - 48, side, 44), second.more, _CENTRE)
        self._word(painter, QRectF(box.left(), box.bottom() + 4, side, 44), second.less, _CENTRE)

    def _place(self) -> tuple[float, float]:
        """Return where the knob of two axes lies; of a scale without ends it stays in the square."""
        x, y = self.run.scale.values
        return (x, y) if self.run.scale.bounded else (float(np.tanh(x / 2)), float(np.tanh(y / 2)))

    def _course(self, painter: QPainter, room: QRectF) -> None:
        """Draw the last seconds of a trace without ends: only its course says something."""
        since = [(t, v) for t, v in self._trace if t >= self.run.at - BEFORE]
        values = [v for _, v in since] or [self.run.scale.values[0]]
        middle, reach = (max(values) + min(values)) / 2, max(max(values) - min(values), 1.0) * 0.6
        box = room.adjusted(60, 20, -60, -20)

        def at(t: float, v: float) -> QPointF:
            x = box.right() - (self.run.at - t) / BEFORE * box.width()
            return QPointF(x, box.center().y() - (v - middle) / reach * box.height() / 2)

        painter.setPen(QPen(QColor(self._theme.dim), 3.0))
        painter.drawPolyline(QPolygonF([at(t, v) for t, v in since]))
        self._knob(painter, at(self.run.at, self.run.scale.values[0]))
        self._word(painter, QRectF(room.left() - 70, box.top() - 30, 500, 50), self._axes[0].more, _LEFT)
        self._word(painter, QRectF(room.left() - 70, box.bottom() - 20, 500, 50), self._axes[0].less, _LEFT)

    def _knob(self, painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(QColor(self._theme.window), 4.0))
        painter.setBrush(QColor(self._theme.text))
        painter.drawEllipse(at, 24.0, 24.0)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _word(self, painter: QPainter, box: QRectF, text: str, side: Qt.AlignmentFlag) -> None:
        painter.setFont(font(24))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _foot(self, painter: QPainter) -> None:
        theme, box = self._theme, QRectF(0, self.height() - 74, self.width(), 40)
        if words := self.words:
            large = font(22)
            if self.run.state == "countdown":
                large = font(96, bold=True)
                box = QRectF(0, self.height() / 2 - 220, self.width(), 130)
                if self.height() < 440 or self.width() < NARROW:  # beside a video
                    large, box = font(44, bold=True), QRectF(0, self.height() - 84, self.width(), 56)
            painter.setFont(large)
            painter.setPen(QColor(theme.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.setFont(font(13))
        painter.setPen(QColor(theme.alert if self.said else theme.dim))
        foot = QRectF(16, self.height() - 30, self.width() - 32, 22)
        at = (
            f"{clock(max(self.run.at - self._hour.begin, 0.0))} of {clock(self._hour.end - self._hour.begin)}"
        )
        more = "" if self.width() < NARROW else "   ·   Space pauses, Esc ends; what was rated is kept"
        if more and self.heard:
            more += f"   ·   {key_of('mute', 'cued')} sound off or on"
        painter.drawText(foot, _LEFT, self.said or at + more)


_LEFT, _RIGHT, _CENTRE = (
    Qt.AlignmentFlag.AlignLeft,
    Qt.AlignmentFlag.AlignRight,
    Qt.AlignmentFlag.AlignHCenter,
)
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap

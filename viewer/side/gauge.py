"""The arousal gauge of a person: band, needle with whisker, trail of a minute, and above all a word."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.stream import Role
from viewer.lanes.header import LETTERS, font, letter_badge
from viewer.model.definitions import definition
from viewer.model.reading import TRAIL, GaugeReading
from viewer.theme import Theme, blend

ARROWS = {"above": "▲ ", "below": "▼ "}
HEAD = 34.0
FOOT = 62.0


class Gauge(QWidget):
    """Show one person's arousal index against their own reference band."""

    def __init__(self, role: Role, code: str, theme: Theme) -> None:
        super().__init__()
        self.role = role
        self._code, self._theme = code, theme
        self._name = role.value.capitalize()
        self.reading = GaugeReading(kind="no data", word="no data")
        self.setMinimumSize(176, 138)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"Arousal gauge of the {role.value}")
        self.setToolTip(
            definition("arousal").hover() + "<br>Whisker: range of the last 10 s. Right: the last 60 s. "
            "Shaded zones are outside the band; the blank one is the band."
        )

    def sizeHint(self) -> QSize:
        return QSize(212, 300)

    def show_reading(self, reading: GaugeReading) -> None:
        """Show what is known now."""
        self.reading = reading
        self.setAccessibleDescription(self.text())
        self.update()

    def text(self) -> str:
        """Return all words on the gauge."""
        reading = self.reading
        return " · ".join(
            t for t in (ARROWS.get(reading.kind, "") + reading.word, reading.note, reading.baseline) if t
        )

    def _scale(self) -> QRectF:
        return QRectF(58, HEAD, 30, max(self.height() - HEAD - FOOT, 20))

    def _y(self, value: float) -> float:
        """Return the height of a value [px]; the band fills the middle half of the scale."""
        reading, scale = self.reading, self._scale()
        width = reading.high - reading.low
        share = (reading.high + width / 2 - value) / (2 * width)
        return scale.top() + min(max(share, 0.0), 1.0) * scale.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.paused if self.reading.kind == "paused" else self._theme.panel))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        self._draw_head(painter)
        if math.isfinite(self.reading.value):
            self._draw_zones(painter)
            self._draw_trail(painter)
            self._draw_needle(painter)
        else:
            self._draw_empty(painter)
        self._draw_words(painter)
        painter.end()

    def _draw_head(self, painter: QPainter) -> None:
        theme = self._theme
        colour = theme.person(self.role)
        letter_badge(painter, QRectF(12, 9, 18, 18), LETTERS[self.role], colour, theme.panel)
        painter.setPen(QColor(theme.text))
        painter.setFont(font(14, bold=True))
        painter.drawText(QRectF(38, 8, self.width(), 20), Qt.AlignmentFlag.AlignVCenter, self._name)
        painter.setPen(QColor(theme.dim))
        painter.setFont(font(12))
        box = QRectF(0, 8, self.width() - 12, 20)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._code)

    def _draw_zones(self, painter: QPainter) -> None:
        theme, scale, reading = self._theme, self._scale(), self.reading
        top, bottom = self._y(reading.high), self._y(reading.low)
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, a, b in ((theme.above, scale.top(), top), (theme.below, bottom, scale.bottom())):
            painter.fillRect(
                QRectF(scale.left(), a, scale.width(), b - a), QColor(blend(colour, theme.panel, 0.72))
            )
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(scale)
        painter.setFont(font(11))
        for value, y in ((reading.high, top), (reading.low, bottom)):
            painter.setPen(QPen(QColor(theme.dim), 1))
            painter.drawLine(QPointF(scale.left() - 4, y), QPointF(scale.right(), y))
            box = QRectF(0, y - 8, scale.left() - 7, 16)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(box, flags, f"{value:+.1f}")
        if bottom - top > 30:  # else it would touch the edges' numbers
            painter.drawText(QRectF(0, (top + bottom) / 2 - 8, scale.left() - 7, 16), flags, "band")

    def _draw_needle(self, painter: QPainter) -> None:
        theme, scale, reading = self._theme, self._scale(), self.reading
        x, y = scale.center().x(), self._y(reading.value)
        painter.setPen(QPen(QColor(theme.text), 2))
        low, high = reading.whisker
        if math.isfinite(low) and math.isfinite(high):
            painter.drawLine(QPointF(x, self._y(low)), QPointF(x, self._y(high)))
        style = Qt.PenStyle.DashLine if reading.partial else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(theme.text), 2, style))
        painter.drawLine(QPointF(scale.left() - 3, y), QPointF(scale.right() + 3, y))
        painter.setBrush(QColor(theme.panel if reading.partial else theme.text))
        painter.setPen(QPen(QColor(theme.text), 1.5))
        tip = scale.right() + 2
        painter.drawPolygon(QPolygonF([QPointF(tip, y), QPointF(tip + 9, y - 5), QPointF(tip + 9, y + 5)]))

    def _draw_trail(self, painter: QPainter) -> None:
        if self.reading.trail is None:
            return
        times, values = self.reading.trail
        left, width = self._scale().right() + 18, self.width() - self._scale().right() - 30
        painter.setPen(QPen(QColor(self._theme.person(self.role)), 1.5))
        run: list[QPointF] = []
        for time, value in zip(times.tolist(), values.tolist(), strict=True):
            if math.isfinite(value):
                run.append(QPointF(left + width * (1 + time / TRAIL), self._y(value)))
            elif run:
                painter.drawPolyline(QPolygonF(run))
                run = []
        if run:
            painter.drawPolyline(QPolygonF(run))
        painter.setPen(QPen(QColor(self._theme.grid), 1, Qt.PenStyle.DashLine))
        for edge in (self.reading.low, self.reading.high):
            painter.drawLine(QPointF(left, self._y(edge)), QPointF(left + width, self._y(edge)))

    def _draw_empty(self, painter: QPainter) -> None:
        """Draw an empty, hatched scale: neither a zone nor a needle."""
        scale = self._scale()
        painter.setPen(QPen(QColor(self._theme.dim), 1, Qt.PenStyle.DashLine))
        painter.setBrush(QBrush(QColor(self._theme.border), Qt.BrushStyle.BDiagPattern))
        painter.drawRect(scale)

    def _draw_words(self, painter: QPainter) -> None:
        theme, reading, width = self._theme, self.reading, self.width()
        y = self.height() - FOOT + 8
        painter.setPen(QColor(theme.text))
        painter.setFont(font(14, bold=True))
        words = ARROWS.get(reading.kind, "") + reading.word
        painter.drawText(QRectF(6, y, width - 12, 18), Qt.AlignmentFlag.AlignCenter, words)
        painter.setPen(QColor(theme.dim))
        painter.setFont(font(11))
        value = "" if not math.isfinite(reading.value) else f"{reading.value:+.1f} SD"
        for k, text in enumerate((" · ".join(t for t in (value, reading.note) if t), reading.baseline)):
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width - 12)
            painter.drawText(QRectF(6, y + 19 + 15 * k, width - 12, 15), Qt.AlignmentFlag.AlignCenter, elided)

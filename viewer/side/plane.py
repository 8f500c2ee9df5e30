"""The plane of a person: EDA level against vagal HRV, a trail of two minutes, and a cross for own rest."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.stream import Role
from processing.indices import VAGAL
from viewer.lanes.header import LETTERS, font, letter_badge
from viewer.model.definitions import definition
from viewer.model.page import rescaled
from viewer.model.plane_reading import LOW, TRAIL, PlaneReading
from viewer.theme import Theme

LEFT, HEAD, FOOT = 34.0, 36.0, 78.0
SPANS = (1.0, 1.0)
"""Least width and height that is shown [ln ms, µS]."""
X, Y = definition(VAGAL), definition("scl")
X_WINDOW, Y_WINDOW = (what.window.partition(",")[0] for what in (X, Y))
HOVER = (
    f"<b>EDA level against {X.title}</b><br>To the right: {X.title} of the {X_WINDOW} [{X.unit}]. Up: skin"
    f" conductance level of {Y_WINDOW} [{Y.unit}].<br>Line: the last two minutes. Cross: middle"
    " and spread (1.4826 MAD) of both in this person's rest baseline of today. Hollow point: low"
    f" quality.<br>Places in the plane have no names. Speech and breathing change {X.title}.<br>"
)


class Plane(QWidget):
    """Show one person's two measures against each other."""

    def __init__(self, role: Role, code: str, theme: Theme) -> None:
        super().__init__()
        self.role, self._code, self._theme = role, code, theme
        self.reading = PlaneReading(kind="no data", word="no data", trail=np.empty((0, 3)))
        self.scales: list[tuple[float, float] | None] = [None, None]
        self.setMinimumSize(176, 150)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"EDA level against {X.title} of the {role.value}")
        self.setToolTip(HOVER + X.hover())

    def sizeHint(self) -> QSize:
        return QSize(212, 300)

    def show_reading(self, reading: PlaneReading) -> None:
        """Show what is known now."""
        self.reading = reading
        self._rescale()
        self.setAccessibleDescription(self.text())
        self.update()

    def text(self) -> str:
        """Return all words on the plane."""
        return " · ".join(t for t in (self.reading.word, self.reading.note, self._of_cross()) if t)

    def _of_cross(self) -> str:
        if self.reading.kind == "paused":
            return ""
        return "cross: rest baseline" if self.reading.cross is not None else "no baseline cross"

    def _rescale(self) -> None:
        cross = self.reading.cross
        for k, own in enumerate(("x", "y")):
            seen = self.reading.trail[:, 1 + k] if self.reading.kind != "paused" else np.empty(0)
            values = [*seen[np.isfinite(seen)].tolist(), getattr(self.reading, own)]
            if cross is not None:
                middle, spread = getattr(cross, own), getattr(cross, f"d{own}")
                values += [middle - spread, middle + spread]
            finite = [v for v in values if math.isfinite(v)]
            if finite:
                fresh = rescaled(self.scales[k], (min(finite), max(finite)), SPANS[k])
                self.scales[k] = fresh if fresh is not None else self.scales[k]

    def _box(self) -> QRectF:
        return QRectF(LEFT, HEAD, self.width() - LEFT - 12, max(self.height() - HEAD - FOOT, 20))

    def _at(self, x: float, y: float) -> QPointF:
        box = self._box()
        (left, right), (low, high) = (s or (0.0, 1.0) for s in self.scales)
        return QPointF(
            box.left() + (x - left) / (right - left) * box.width(),
            box.bottom() - (y - low) / (high - low) * box.height(),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.paused if self.reading.kind == "paused" else theme.panel))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        self._draw_head(painter)
        box = self._box()
        placed = self.reading.kind == "placed"
        painter.setPen(QPen(QColor(theme.border if placed else theme.dim), 1))
        hatch = QBrush(QColor(theme.border), Qt.BrushStyle.BDiagPattern)
        painter.setBrush(Qt.BrushStyle.NoBrush if placed else hatch)
        painter.drawRect(box)
        if self.reading.kind != "paused":
            self._draw_cross(painter)
            if placed:
                self._draw_trail(painter)
                self._draw_point(painter)
            self._draw_scales(painter)
        self._draw_words(painter)
        painter.end()

    def _draw_head(self, painter: QPainter) -> None:
        theme = self._theme
        letter_badge(painter, QRectF(12, 9, 18, 18), LETTERS[self.role], theme.person(self.role), theme.panel)
        painter.setPen(QColor(theme.text))
        painter.setFont(font(14, bold=True))
        box = QRectF(38, 8, self.width(), 20)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.role.value.capitalize())
        painter.setPen(QColor(theme.dim))
        painter.setFont(font(12))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, 8, self.width() - 12, 20), flags, self._code)

    def _draw_cross(self, painter: QPainter) -> None:
        cross = self.reading.cross
        if cross is None:
            return
        painter.setPen(QPen(QColor(self._theme.text), 1))
        for dx, dy in ((cross.dx, 0.0), (0.0, cross.dy)):
            painter.drawLine(self._at(cross.x - dx, cross.y - dy), self._at(cross.x + dx, cross.y + dy))

    def _draw_trail(self, painter: QPainter) -> None:
        rows = self.reading.trail
        colour = QColor(self._theme.person(self.role))
        for k in range(1, len(rows)):
            if np.isfinite(rows[k - 1 : k + 1]).all():
                colour.setAlphaF(max(0.25, 1.0 - 0.75 * float(rows[k, 0]) / TRAIL))
                painter.setPen(QPen(colour, 1.5))
                painter.drawLine(self._at(*rows[k - 1, 1:]), self._at(*rows[k, 1:]))

    def _draw_point(self, painter: QPainter) -> None:
        theme, reading = self._theme, self.reading
        colour = QColor(theme.person(self.role))
        painter.setPen(QPen(colour, 2))
        painter.setBrush(QColor(theme.panel) if reading.quality < LOW else colour)
        painter.drawEllipse(self._at(reading.x, reading.y), 5, 5)

    def _draw_scales(self, painter: QPainter) -> None:
        box = self._box()
        painter.setFont(font(10))
        painter.setPen(QColor(self._theme.dim))
        right, top = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignTop
        (left, end), (low, high) = (s or (math.nan, math.nan) for s in self.scales)
        painter.drawText(QRectF(box.left(), box.bottom() + 2, 60, 12), top, _number(left))
        painter.drawText(QRectF(box.right() - 60, box.bottom() + 2, 60, 12), right, _number(end))
        middle = Qt.AlignmentFlag.AlignHCenter
        painter.drawText(QRectF(box.left(), box.bottom() + 2, box.width(), 12), middle, X.title)
        painter.drawText(QRectF(0, box.bottom() - 12, LEFT - 4, 12), right, _number(low))
        painter.drawText(QRectF(0, box.top(), LEFT - 4, 12), right, _number(high))
        painter.drawText(QRectF(0, box.center().y() - 7, LEFT - 4, 14), right, "EDA")

    def _draw_words(self, painter: QPainter) -> None:
        theme, width, y = self._theme, self.width(), self.height() - FOOT + 20
        rows = (
            (self.reading.word, 13, theme.text),
            (self.reading.note, 11, theme.dim),
            (self._of_cross(), 11, theme.dim),
        )
        for text, size, colour in rows:
            painter.setFont(font(size, bold=size == 13))
            painter.setPen(QColor(colour))
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width - 12))
            painter.drawText(QRectF(6, y, width - 12, 18), Qt.AlignmentFlag.AlignCenter, elided)
            y += 18


def _number(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else ""

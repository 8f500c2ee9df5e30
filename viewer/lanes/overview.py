"""Overview: the whole session below the lanes (HR, arousal, events), to see it and to go elsewhere in it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.stream import PEOPLE
from viewer.lanes.header import font
from viewer.lanes.plot import LEFT, RIGHT
from viewer.model.history import Line, stretches
from viewer.model.markers import Marker
from viewer.model.model import SessionModel
from viewer.model.page import Page, clock, time_marks
from viewer.theme import Theme

SHOWN = (("HR", "hr"), ("Arousal", "arousal"))
AXIS_HEIGHT = 15


class Overview(QWidget):
    """Show the whole session; a click or a drag asks for another page."""

    scrubbed = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._picture: QPixmap | None = None
        self._page = Page(0.0, 60.0)
        self._end = 60.0
        self._drawn: tuple[SessionModel, list[Marker]] | None = None
        self.setFixedHeight(66)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("<b>Whole session</b><br>HR, arousal index and events. Click or drag to look back.")
        self.setAccessibleName("Overview of the whole session")

    def sizeHint(self) -> QSize:
        return QSize(600, self.height())

    def show_session(self, model: SessionModel, shown: list[Marker]) -> None:
        """Draw the session anew; it is kept as a picture until the next call."""
        self._end, self._drawn = max(model.elapsed, 60.0), (model, shown)
        self._picture = QPixmap(self.size() * self.devicePixelRatioF())
        self._picture.setDevicePixelRatio(self.devicePixelRatioF())
        self._picture.fill(QColor(self._theme.panel))
        painter = QPainter(self._picture)
        self._draw_axis(painter)
        for marker in shown:
            colour = QColor(self._theme.person(marker.actor))
            colour.setAlpha(150)
            painter.setPen(QPen(colour, 1))
            x = self._x(marker.start)
            painter.drawLine(QPointF(x, 1), QPointF(x, self._bottom()))
        half = self._bottom() / len(SHOWN)
        for row, (title, index) in enumerate(SHOWN):
            if not any((role.value, index) in model.traces for role in PEOPLE):
                continue
            band = QRectF(0, row * half, self.width(), half)
            painter.setFont(font(11))
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(band.adjusted(10, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, title)
            self._draw_index(painter, model, index, band)
        painter.end()
        self.update()

    def show_page(self, page: Page) -> None:
        """Show which stretch the lanes show."""
        if page != self._page:
            self._page = page
            self.update()

    def _bottom(self) -> float:
        return self.height() - AXIS_HEIGHT

    def _width(self) -> float:
        return max(self.width() - LEFT - RIGHT, 10)

    def _x(self, time: float) -> float:
        return LEFT + time / self._end * self._width()

    def _draw_axis(self, painter: QPainter) -> None:
        painter.setFont(font(10))
        painter.setPen(QColor(self._theme.dim))
        for mark in time_marks(Page(0.0, self._end), max(int(self._width() // 110), 2)):
            half = painter.fontMetrics().horizontalAdvance(clock(mark)) / 2 + 1
            box = QRectF(self._x(mark) - half, self._bottom(), 2 * half, AXIS_HEIGHT)
            box.moveRight(min(box.right(), self.width()))
            if box.left() >= LEFT - 40:
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, clock(mark))

    def _draw_index(self, painter: QPainter, model: SessionModel, index: str, band: QRectF) -> None:
        """Draw both people on one scale: the middle 98 % of all their values."""
        people = [p for p in ("client", "therapist") if p not in {r.value for r in model.paused}]
        lines = {p: model.trace(p, index).line(0.0, self._end, int(self._width())) for p in people}
        values = np.concatenate([np.empty(0, np.float32), *(y[np.isfinite(y)] for _, y in lines.values())])
        if len(values) == 0:
            return
        low, high = (float(v) for v in np.percentile(values, (1, 99)))
        for person, line in lines.items():
            painter.setPen(QPen(QColor(self._theme.person(person)), 1))
            x_of = self._x(0.0), self._width() / self._end
            _draw(painter, line, x_of, band.adjusted(0, 4, 0, -4), (low, max(high, low + 1e-3)))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None and self._drawn is not None:
            self.show_session(*self._drawn)
        painter = QPainter(self)
        if self._picture is not None:
            painter.drawPixmap(0, 0, self._picture)
        left, right = self._x(self._page.start), self._x(min(self._page.stop, self._end))
        box = QRectF(left, 0.5, max(right - left, 3.0), self._bottom() - 1)
        shade = QColor(self._theme.text)
        shade.setAlpha(34)
        painter.fillRect(box, shade)
        painter.setPen(QPen(QColor(self._theme.text), 1))
        painter.drawRect(box)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._scrub(event)

    def _scrub(self, event: QMouseEvent) -> None:
        time = (event.position().x() - LEFT) / self._width() * self._end
        self.scrubbed.emit(min(max(time, 0.0), self._end))


def _draw(
    painter: QPainter, line: Line, x_of: tuple[float, float], band: QRectF, scale: tuple[float, float]
) -> None:
    """Draw the stretches of a line between its gaps; `x_of` is a place and a width a second [px]."""
    times, values = line
    share = np.clip((scale[1] - values.astype(np.float64)) / (scale[1] - scale[0]), 0.0, 1.0)
    xs, ys = x_of[0] + times * x_of[1], band.top() + share * band.height()
    for x, y in stretches(xs, ys):
        painter.drawPolyline(pg.functions.arrayToQPolygonF(x, y))

"""The signal of a page with its beats or responses, stretches, cursor, and what is dragged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.events.corrected import Stretch
from acquisition.stream import FloatArray
from viewer.corrections.bench import Lane
from viewer.corrections.look import (
    BY_HAND,
    LEFT,
    RIGHT,
    SHAPES,
    View,
    colour_of,
    letter_of,
    lines,
    said_of,
    steps,
    thinned,
)
from viewer.corrections.places import Place
from viewer.lanes.header import font
from viewer.model.event_rows import fine_clock
from viewer.theme import Theme, blend

HEAD, FOOT = 38, 20
"""Room for ticks and letters above the signal, and for the clock below [px]."""
MARGIN = 0.08
UNITS = {"ecg": "ECG [mV]", "skin": "EDA [µS]"}
Grip = Callable[[QMouseEvent, str, float], None]
"""Takes press, drag, release or double, with the moment under the mouse."""


class SignalView(QWidget):
    """Draw one page of a signal; what the mouse does is told to whoever owns it.

    Parameters
    ----------
    view : View
        What is in view; shared with the other parts of the page.
    """

    def __init__(self, theme: Theme, view: View, grip: Grip) -> None:
        super().__init__()
        self._theme, self.view, self._grip = theme, view, grip
        self.lane: Lane | None = None
        self.t0 = 0.0
        self.classes: dict[float, float] = {}
        """Beat [s, LSL clock] → its class."""
        self.responses: tuple[FloatArray, FloatArray] = (np.empty(0), np.empty(0))
        """Onsets and peaks that count [s, LSL clock]."""
        self._line: tuple[FloatArray, FloatArray] = (np.empty(0), np.empty(0))
        self._scale = (-1.0, 1.0)
        self.setMinimumHeight(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName("Signal with beats and stretches")

    def sizeHint(self) -> QSize:
        return QSize(900, 340)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(theme.panel))
        if self.lane is None:
            painter.end()
            return
        start, stop = self.view.start + self.t0, self.view.stop + self.t0
        times, values = self.lane.signal.part(start - 0.2, stop + 0.2)
        self._line = thinned(times, values, start, stop, max(self.width() - LEFT - RIGHT, 10))
        self._scale = self._limits(self._line[1])
        self._grid(painter)
        self._stretches(painter)
        painter.setClipRect(QRectF(LEFT, 0, self.width() - LEFT - RIGHT, self.height()))
        if self.lane.signal.is_ecg or self.lane.key[1] == "skin":
            self._signal(painter)
        else:
            self._intervals_only(painter)
        if self.lane.key[1] == "heart":
            self._beats(painter)
        else:
            self._responses(painter)
        self._cursor(painter)
        painter.end()

    def _limits(self, values: FloatArray) -> tuple[float, float]:
        if not len(values):
            return -1.0, 1.0
        low, high = float(values.min()), float(values.max())
        room = max(MARGIN * (high - low), 1e-3)
        return low - room, high + room

    def _y(self, value: FloatArray) -> FloatArray:
        low, high = self._scale
        return self.height() - FOOT - (value - low) / (high - low) * (self.height() - HEAD - FOOT)

    def _x(self, seconds: float) -> float:
        return self.view.x(seconds, self.width())

    def _grid(self, painter: QPainter) -> None:
        theme, view = self._theme, self.view
        painter.setFont(font(11))
        bottom = self.height() - FOOT
        for t in steps(view.start, view.stop, 10):
            x = self._x(t)
            painter.setPen(QPen(QColor(theme.grid), 1))
            painter.drawLine(QPointF(x, HEAD), QPointF(x, bottom))
            painter.setPen(QColor(theme.dim))
            whole = abs(t - round(t)) < 1e-6
            if whole or view.seconds <= 5.0:
                half = painter.fontMetrics().horizontalAdvance(fine_clock(t)) / 2 + 1
                box = QRectF(x - half, bottom + 2, 2 * half, FOOT - 2)
                box.moveRight(min(box.right(), self.width()))
                painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, fine_clock(t))
        unit = UNITS.get(
            "skin" if self.lane is None or self.lane.key[1] == "skin" else self.lane.signal.info.modality
        )
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(2, 2, LEFT + 40, 16), Qt.AlignmentFlag.AlignLeft, unit or "")
        for value in steps(*self._scale, 4) if unit else ():
            y = float(self._y(np.array([value]))[0])
            painter.setPen(QPen(QColor(theme.grid), 1))
            painter.drawLine(QPointF(LEFT, y), QPointF(self.width() - RIGHT, y))
            painter.setPen(QColor(theme.dim))
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), side, f"{value:g}".replace("-", "−"))

    def _stretches(self, painter: QPainter) -> None:
        assert self.lane is not None
        theme, by_hand, view = self._theme, self.lane.by_hand, self.view
        for kept, colour, said in (
            (by_hand.marked, theme.alert, "artefact"),
            (by_hand.accepted, theme.below, "accepted"),
        ):
            for (start, stop), why in kept.items():
                self._stretch(painter, start - self.t0, stop - self.t0, colour, f"{said}  {why}".strip())
        for place in self.lane.low:
            self._low(painter, place)
        if view.span is not None:
            self._stretch(painter, *view.span, theme.text, "")
        elif view.begun == view.begun:
            colour = theme.alert if view.begun_op == "mark" else theme.below
            low, high = sorted((view.begun, view.cursor))
            self._stretch(painter, low, high, colour, f"{view.begun_op} … to the cursor")

    def _low(self, painter: QPainter, low: Place) -> None:
        """Draw a stretch of low quality, and why it is."""
        if low.stop < self.view.start or low.start > self.view.stop:
            return
        left, right = max(self._x(low.start), LEFT), min(self._x(low.stop), self.width() - RIGHT)
        box = QRectF(left, HEAD - 2, right - left, 5)
        painter.fillRect(box, QColor(self._theme.alert))
        painter.setPen(QColor(self._theme.text))
        painter.setFont(font(11))
        painter.drawText(QPointF(left + 4, HEAD + 30), low.why)

    def _stretch(self, painter: QPainter, start: float, stop: float, colour: str, said: str) -> None:
        if stop < self.view.start or start > self.view.stop:
            return
        left, right = max(self._x(start), LEFT), min(self._x(stop), self.width() - RIGHT)
        box = QRectF(left, HEAD, max(right - left, 1.0), self.height() - HEAD - FOOT)
        painter.fillRect(box, QColor(blend(colour, self._theme.panel, 0.16)))
        pattern = Qt.BrushStyle.BDiagPattern if colour == self._theme.alert else Qt.BrushStyle.HorPattern
        painter.fillRect(box, QBrush(QColor(blend(colour, self._theme.panel, 0.35)), pattern))
        painter.setPen(QPen(QColor(colour), 2))
        for edge in (start, stop):
            if self.view.start <= edge <= self.view.stop:
                painter.drawLine(QPointF(self._x(edge), HEAD), QPointF(self._x(edge), self.height() - FOOT))
        painter.setPen(QColor(self._theme.text))
        painter.setFont(font(11))
        painter.drawText(box.adjusted(5, 2, -2, -2), Qt.AlignmentFlag.AlignTop, said)

    def _signal(self, painter: QPainter) -> None:
        assert self.lane is not None
        times, values = self._line
        if not len(times):
            painter.setPen(QColor(self._theme.dim))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "nothing was recorded here")
            return
        xs = LEFT + (times - self.t0 - self.view.start) / self.view.seconds * (self.width() - LEFT - RIGHT)
        gap = max(0.15, 3.0 / max(self.lane.signal.info.sfreq, 1e-3)) if self.lane.signal.info.sfreq else 3.0
        pen = QPen(QColor(self._theme.person(self.lane.key[0])), 1)
        pen.setCosmetic(True)  # a wider one is stroked, which takes a hundred times as long
        painter.setPen(pen)
        for line in lines(xs, self._y(values), np.diff(times, prepend=times[0]) > gap):
            painter.drawPolyline(line)

    def _intervals_only(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._theme.dim))
        painter.setFont(font(12))
        said = "only the beats were recorded, no ECG"
        painter.drawText(self.rect().adjusted(0, HEAD, 0, 0), Qt.AlignmentFlag.AlignCenter, said)

    def shown_beats(self) -> FloatArray:
        """Return the beats or responses of the page that count [s since the first tick]."""
        if self.lane is None:
            return np.empty(0)
        times = self.lane.beat_times() - self.t0
        return times[(times >= self.view.start) & (times <= self.view.stop)]

    def _beats(self, painter: QPainter) -> None:
        assert self.lane is not None
        theme, done = self._theme, self.lane.by_hand
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        start, stop = self.view.start + self.t0, self.view.stop + self.t0
        for gone in (*done.deleted, *done.moved):
            if start <= gone <= stop:
                said = BY_HAND["deleted"] if gone in done.deleted else ""
                self._tick(painter, gone - self.t0, theme.dim, said, "", ghost=True)
        times = self.lane.beat_times()
        inside = (times >= self.view.start + self.t0) & (times <= self.view.stop + self.t0)
        for time in times[inside].tolist():
            kind = self.classes.get(time, 0.0)
            said = said_of(time, done)
            colour = theme.below if said and said != BY_HAND["rejected"] else colour_of(kind, theme)
            self._tick(
                painter, time - self.t0, colour, said, "" if said == BY_HAND["rejected"] else letter_of(kind)
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _tick(
        self, painter: QPainter, at: float, colour: str, said: str, letter: str, *, ghost: bool = False
    ) -> None:
        """Draw one beat: a line, the shape of its class over it, and its letter or what was done."""
        if not self.view.start <= at <= self.view.stop:
            return
        x = self._x(at)
        chosen = abs(at - self.view.chosen) < 1e-6
        moved = chosen and self.view.dragged == self.view.dragged
        x = self._x(self.view.dragged) if moved else x
        pen = QPen(QColor(colour), 2.4 if chosen else 1.2)
        if ghost:
            pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(x, HEAD - 8), QPointF(x, self.height() - FOOT))
        if not ghost:
            self._shape(painter, SHAPES[letter], x, colour, filled=letter != "?")
        painter.setPen(QColor(self._theme.text if letter or said else colour))
        painter.setFont(font(13, bold=True))
        text = f"{letter}{said}"
        painter.drawText(QRectF(x - 20, 1, 40, 17), Qt.AlignmentFlag.AlignCenter, text)
        if chosen:
            painter.setPen(QPen(QColor(self._theme.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(x - 9, 17, 18, HEAD - 20), 3, 3)

    def _shape(self, painter: QPainter, shape: str, x: float, colour: str, *, filled: bool) -> None:
        y = HEAD - 11.0
        painter.setBrush(QColor(colour) if filled else QColor(self._theme.panel))
        if shape == "diamond":
            painter.drawPolygon(
                QPolygonF([QPointF(x, y - 6), QPointF(x + 5, y), QPointF(x, y + 6), QPointF(x - 5, y)])
            )
        elif shape == "triangle":
            painter.drawPolygon(QPolygonF([QPointF(x - 5, y - 5), QPointF(x + 5, y - 5), QPointF(x, y + 5)]))
        elif shape == "bar":
            painter.drawRect(QRectF(x - 6, y - 2.5, 12, 5))
        elif shape == "ring":
            painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
        else:
            painter.drawEllipse(QPointF(x, y), 2.5, 2.5)

    def _responses(self, painter: QPainter) -> None:
        assert self.lane is not None
        theme, done = self._theme, self.lane.by_hand
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        onsets, peaks = self.responses
        for onset, peak in zip((onsets - self.t0).tolist(), (peaks - self.t0).tolist(), strict=True):
            self._rise(painter, onset, peak)
        for time in done.rejected:
            self._tick(painter, time - self.t0, theme.dim, BY_HAND["rejected"], "", ghost=True)
        for peak in (peaks - self.t0).tolist():
            self._tick(painter, peak, theme.text, "", "")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _rise(self, painter: QPainter, onset: float, peak: float) -> None:
        """Draw where a response begins, and a line from there to its peak."""
        if peak < self.view.start or onset > self.view.stop:
            return
        painter.setPen(QPen(QColor(self._theme.dim), 1.2, Qt.PenStyle.DashLine))
        y = self.height() - FOOT - 8.0
        painter.drawLine(QPointF(self._x(onset), y), QPointF(self._x(peak), y))
        painter.drawLine(QPointF(self._x(onset), y - 5), QPointF(self._x(onset), y + 5))

    def _cursor(self, painter: QPainter) -> None:
        if self.view.start <= self.view.cursor <= self.view.stop:
            x = self._x(self.view.cursor)
            painter.setPen(QPen(QColor(self._theme.text), 1))
            painter.drawLine(QPointF(x, HEAD), QPointF(x, self.height() - FOOT))
            painter.setBrush(QColor(self._theme.text))
            y = self.height() - FOOT + 0.0
            painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x - 5, y + 7), QPointF(x + 5, y + 7)]))

    def edge_at(self, x: float, near: float = 5.0) -> tuple[Stretch, str] | None:
        """Return the stretch [s, LSL clock] whose edge is at a place, and which edge it is."""
        if self.lane is None:
            return None
        every = [
            (abs(self._x(edge - self.t0) - x), stretch, what)
            for stretch in (*self.lane.by_hand.marked, *self.lane.by_hand.accepted)
            for edge, what in zip(stretch, ("start", "stop"), strict=True)
        ]
        close = [found for found in every if found[0] <= near]
        return min(close)[1:] if close else None

    def beat_at(self, x: float, near: float = 6.0) -> float | None:
        """Return the beat or response at a place [s since the first tick]."""
        beats = self.shown_beats()
        if not len(beats):
            return None
        far = np.abs(np.array([self._x(beat) for beat in beats.tolist()]) - x)
        k = int(far.argmin())
        return float(beats[k]) if far[k] <= near else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip(event, "press", self.view.time(event.position().x(), self.width()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if held:
            self._grip(event, "drag", self.view.time(event.position().x(), self.width()))
        x = event.position().x()
        over = self.edge_at(x) is not None or (self.beat_at(x) is not None and not held)
        self.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip(event, "release", self.view.time(event.position().x(), self.width()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._grip(event, "double", self.view.time(event.position().x(), self.width()))

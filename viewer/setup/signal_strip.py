"""Signal strip: the last ten seconds of a stream in the set-up, and what the pipeline says of it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6.QtCore import QElapsedTimer, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.stream import FloatArray, Modality
from viewer.lanes.header import font
from viewer.status.device_state import NAMES
from viewer.theme import Theme

SPAN = 10.0
"""Seconds that are shown."""
HEIGHT = 54
TEXT = 210
"""Width of the words on the right [px]."""
LEAST = {Modality.ECG: 0.5, Modality.EDA: 0.2}
"""Least range of the scale [mV, µS]: the noise of a sensor at rest is not drawn as large as a signal."""
PERIOD = 66
"""Milliseconds between two drawings while something comes."""
UNJUDGED = (Modality.RESP, Modality.VOICE, Modality.RATING)
"""What comes without a word on whether it sits well."""
SHOWN = (Modality.ECG, Modality.EDA, Modality.RR, Modality.PPI, *UNJUDGED)
"""What has a strip; a movement needs none."""


class SignalStrip(QWidget):
    """Show a stream as it comes: waveform, heart rate, beats, and whether the sensor sits well.

    Parameters
    ----------
    role : str
        client or therapist, for the colour of the line.
    """

    def __init__(self, name: str, role: str, modality: Modality, unit: str, theme: Theme) -> None:
        super().__init__()
        self.name, self.modality, self._role, self._unit, self._theme = name, modality, role, unit, theme
        self.text, self.ok, self.settled = "", False, False
        self._points: deque[tuple[float, float]] = deque()
        self._clock = QElapsedTimer()
        self._clock.start()
        self._fixed: float | None = None
        self._offset = math.nan
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.update)
        self._timer.start(PERIOD)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Signal of the {role}: {name}")

    def sizeHint(self) -> QSize:
        return QSize(500, HEIGHT)

    def _now(self) -> float:
        return self._clock.elapsed() / 1000.0 if self._fixed is None else self._fixed

    def take(self, times: list[float], values: list[float | None]) -> None:
        """Take in samples with their stamps [s], on any clock; the first come as new as they can be."""
        now = self._now()
        if math.isnan(self._offset) and times:
            self._offset = now - times[-1]
        for time, value in zip(times, values, strict=True):
            self._points.append((time + self._offset, math.nan if value is None else value))
        while self._points and self._points[0][0] < now - SPAN - 2.0:
            self._points.popleft()

    def judge(self, said: Mapping[str, Any]) -> None:
        """Take in how the stream does: `ok`, `settled` and `text` of `attune devices check --follow`."""
        self.ok, self.settled, self.text = bool(said["ok"]), bool(said["settled"]), str(said["text"])
        self.setAccessibleDescription(f"{self.word}: {self.text}")

    def hold(self) -> None:
        """Stand still, at the newest sample: nothing more comes."""
        self._fixed = self._points[-1][0] if self._points else self._now()
        self._timer.stop()
        self.update()

    @property
    def word(self) -> str:
        """Return ok, LOOK, or that it is not known yet."""
        if not self.text:
            return "" if self.modality in UNJUDGED else "listening …"
        return "ok" if self.ok else "LOOK" if self.settled else "listening …"

    def values(self) -> tuple[FloatArray, FloatArray]:
        """Return what is drawn: seconds before now, negative, and values."""
        if not self._points:
            return np.empty(0), np.empty(0)
        both = np.array(self._points)
        times = both[:, 0] - max(self._now(), self._points[-1][0])
        keep = (times > -SPAN) & (times <= 0.0)
        return times[keep], both[keep, 1]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        box = QRectF(0, 2, self.width() - TEXT - 10, HEIGHT - 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(QColor(theme.panel))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(QColor(theme.dim))
        painter.setFont(font(11))
        kind = NAMES.get(self.modality, str(self.modality))
        painter.drawText(box.adjusted(6, 2, -6, -2), Qt.AlignmentFlag.AlignTop, f"{kind} · {self.name}")
        self._draw_curve(painter, box.adjusted(4, 14, -4, -4))
        self._draw_words(painter, box.right() + 10)
        painter.end()

    def _draw_curve(self, painter: QPainter, box: QRectF) -> None:
        times, values = self.values()
        known = np.isfinite(values)
        if not known.any():
            return
        low, high = float(values[known].min()), float(values[known].max())
        spare = max(LEAST.get(self.modality, 0.0) - (high - low), 0.0) / 2
        low, high = low - spare, high + spare
        scale = (box.height() - 2) / (high - low) if high > low else 0.0
        theme = self._theme
        painter.setPen(QPen(QColor(theme.person(self._role) if self._role else theme.text), 1))
        xs = box.right() + times / SPAN * box.width()
        ys = box.bottom() - 1 - (values - low) * scale if scale else np.full(len(values), box.center().y())
        # A gap in the stamps or in the values breaks the line.
        usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        broken = ~known | np.append(True, np.diff(times) > max(4 * usual, 0.3 if usual < 0.2 else 4.0))
        for run in np.split(np.arange(len(xs)), np.flatnonzero(broken)):
            points = [QPointF(xs[k], ys[k]) for k in run if known[k]]
            if points:
                painter.drawPolyline(QPolygonF(points))
        painter.setPen(QColor(theme.dim))
        painter.setFont(font(10))
        size = f"{high - low:.3g} {self._unit}".strip()
        painter.drawText(
            box.adjusted(0, -13, -2, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, size
        )

    def _draw_words(self, painter: QPainter, left: float) -> None:
        theme, wrong = self._theme, self.settled and not self.ok
        colour = theme.alert if wrong else theme.text if self.ok else theme.dim
        painter.setPen(QColor(colour))
        painter.setFont(font(13, bold=self.ok or wrong))
        painter.drawText(QRectF(left, 6, TEXT, 18), Qt.AlignmentFlag.AlignVCenter, self.word)
        painter.setFont(font(11))
        painter.setPen(QColor(theme.alert if wrong else theme.dim))
        flags = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(left, 24, TEXT, HEIGHT - 24), flags, self.text)

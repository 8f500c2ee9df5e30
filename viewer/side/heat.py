"""The heat map: coupling at every lag over ten minutes, pale where chance alone would give as much."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from acquisition.stream import BoolArray
from viewer.lanes.header import font
from viewer.model.column import Float32Array
from viewer.model.definitions import SYNC_SIGNALS
from viewer.model.lag_map import SPAN, LagMapReading, in_columns
from viewer.model.page import clock
from viewer.model.readouts import briefly
from viewer.theme import Theme, blend

COLUMNS = 100
"""Columns of the picture: 6 s each."""
LEFT, RIGHT, HEAD, FOOT = 34.0, 12.0, 38.0, 66.0
PALE, STRONG = 0.28, 0.6
"""Share of the colour just inside and just outside the chance band: the step between them is the band."""
HOVER = (
    "<b>Synchrony at each lag</b><br>Windowed cross-lagged correlation of the two people (Boker 2002) in the"
    " last ten minutes. Each column is a window, placed at its centre; each row a lag.<br>Upper half: the"
    " client follows, the therapist leads. Lower half: the therapist follows, the client leads.<br>Pale:"
    " inside the chance band of that window. Strong: outside it; so is about one window in twenty by chance"
    " alone. Grey: no value, as before there is a chance band (the first 5 minutes); where all is grey it"
    " says why.<br>A single patch says nothing about the session: see the statement in the header of the"
    " synchrony lane."
)


class HeatMap(QWidget):
    """Show lag against time."""

    def __init__(self, theme: Theme, signal: str) -> None:
        super().__init__()
        self._theme, self._signal = theme, signal
        self.reading: LagMapReading | None = None
        self.picture: QImage | None = None
        self.paused = False
        self.setMinimumSize(176, 176)
        self.setMaximumHeight(230)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"Synchrony of {SYNC_SIGNALS[signal]} at each lag, last ten minutes")
        self.setToolTip(HOVER)

    def sizeHint(self) -> QSize:
        return QSize(212, 210)

    def show_map(self, reading: LagMapReading) -> None:
        """Show the ten minutes up to now."""
        self.reading, self.paused = reading, False
        z, outside = in_columns(reading, COLUMNS)
        self.picture = _picture(coloured(z, outside, in_band_limit(reading), self._theme))
        self.setAccessibleDescription(self.text())
        self.update()

    def show_paused(self) -> None:
        """Show nothing of two people of whom one is paused."""
        if not self.paused:
            self.reading, self.picture, self.paused = None, None, True
            self.setAccessibleDescription(self.text())
            self.update()

    def text(self) -> str:
        """Return in words what there is to see."""
        reading = self.reading
        if self.paused:
            return "paused"
        if reading is None or len(reading.z) == 0:
            return "no data"
        if not np.isfinite(reading.z).any():
            return briefly(reading.reason) or "no data"
        judged = np.isfinite(reading.high) & np.isfinite(reading.z).any(axis=1)
        share = float(reading.outside[judged].any(axis=1).mean()) if judged.any() else 0.0
        return f"outside chance band in {share:.0%} of windows".replace("%", " %")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.paused if self.paused else theme.panel))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        box = QRectF(LEFT, HEAD, self.width() - LEFT - RIGHT, max(self.height() - HEAD - FOOT, 20.0))
        painter.setPen(QColor(theme.text))
        painter.setFont(font(12, bold=True))
        painter.drawText(QPointF(10, 17), f"Lags of sync {SYNC_SIGNALS[self._signal]}")
        if self.paused:
            painter.setPen(QColor(theme.dim))
            painter.setFont(font(16, bold=True))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "paused")
            painter.end()
            return
        if self.picture is not None:
            painter.drawImage(box, self.picture)
        self._draw_axes(painter, box)
        self._draw_legend(painter, box.bottom() + 30)
        painter.end()

    def _draw_axes(self, painter: QPainter, box: QRectF) -> None:
        theme, reading = self._theme, self.reading
        painter.setFont(font(10))
        painter.setPen(QColor(theme.border))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        painter.drawLine(QPointF(LEFT, box.center().y()), QPointF(box.right(), box.center().y()))
        painter.setPen(QColor(theme.dim))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(LEFT, HEAD - 16, box.width(), 15), middle, "therapist leads")
        painter.drawText(QRectF(LEFT, box.bottom() + 1, box.width(), 15), middle, "client leads")
        if reading is None:
            return
        reach = f"{reading.lags[-1]:g}"
        right = middle | Qt.AlignmentFlag.AlignRight
        for label, y in (
            (f"+{reach} s", box.top() + 6),
            ("0", box.center().y()),
            (f"−{reach} s", box.bottom() - 6),
        ):
            painter.drawText(QRectF(0, y - 8, LEFT - 4, 16), right, label)
        start, stop = clock(max(reading.stop - SPAN, 0.0)), clock(reading.stop)
        self._draw_word(painter, box)
        line = QRectF(LEFT, box.bottom() + 14, box.width(), 15)
        painter.drawText(line, middle, start)
        painter.drawText(line, right, stop)

    def _draw_word(self, painter: QPainter, box: QRectF) -> None:
        """Say in the middle of the map why it is empty: beside the names of the leaders there is no room."""
        word = self.text_on_map()
        if not word:
            return
        metrics = painter.fontMetrics()
        word = metrics.elidedText(word, Qt.TextElideMode.ElideRight, round(box.width()) - 14)
        width = metrics.horizontalAdvance(word) + 14.0
        plate = QRectF(box.center().x() - width / 2, box.top() + box.height() / 4 - 9, width, 18)
        painter.fillRect(plate, QColor(self._theme.panel))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, word)

    def text_on_map(self) -> str:
        """Return why there is nothing to be seen at all, where that is so."""
        reading = self.reading
        return "" if reading is not None and np.isfinite(reading.z).any() else self.text()

    def _draw_legend(self, painter: QPainter, top: float) -> None:
        theme = self._theme
        painter.setFont(font(10))
        rows = (
            ((theme.together, "same direction"), (theme.opposed, "opposite")),
            ((blend(theme.together, theme.panel, PALE), "pale: by chance"), (no_data(theme), "no data")),
        )
        for k, row in enumerate(rows):
            y = top + 14 * k
            for (colour, word), x in zip(row, (LEFT, LEFT + 98), strict=True):
                painter.fillRect(QRectF(x, y + 4, 8, 8), QColor(colour))
                painter.setPen(QColor(theme.dim))
                painter.drawText(QPointF(x + 12, y + 12), word)


def no_data(theme: Theme) -> str:
    """Return the grey of a window that has no value."""
    return blend(theme.dim, theme.panel, 0.45)


def in_band_limit(reading: LagMapReading) -> float:
    """Return the |z| that takes the full colour: twice a usual chance band."""
    high = reading.high[np.isfinite(reading.high)]
    return 2.0 * float(np.median(high)) if len(high) else 2.0


def coloured(z: Float32Array, outside: BoolArray, full: float, theme: Theme) -> np.ndarray:
    """Return the colours of a map.

    Parameters
    ----------
    z, outside : ndarray, shape (n, n_lags)
        Values, and which of them are outside the chance band.
    full : float
        |z| that takes the full colour.

    Returns
    -------
    ndarray of uint8, shape (n_lags, n, 3)
        The greatest lag, at which the therapist leads, on top.
    """
    size = np.minimum(np.abs(np.nan_to_num(z)) / full, 1.0)
    share = np.where(outside, STRONG + (1.0 - STRONG) * size, PALE * size)[..., None]
    colour = np.where(z[..., None] < 0, _rgb(theme.opposed), _rgb(theme.together))
    mixed = share * colour + (1.0 - share) * _rgb(theme.panel)
    mixed[np.isnan(z)] = _rgb(no_data(theme))
    return np.ascontiguousarray(np.rint(mixed).astype(np.uint8).transpose(1, 0, 2)[::-1])


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)


def _picture(rgb: np.ndarray) -> QImage:
    height, width = rgb.shape[:2]
    image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.copy()  # Qt does not keep the bytes

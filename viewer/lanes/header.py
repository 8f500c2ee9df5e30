"""Header of a lane: its title and unit, and per person the newest value, or why there is none."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.model.readouts import Readout
from viewer.theme import Theme

WIDTH = 160
LEAST_LINE = 13.0
"""A lane too low for lines of this height has its values beside the title [px]."""
LEAST_BESIDE = 12.0
"""Lower lines than this could not be read [px]: the first two stay, further ones are told on hover."""
LETTERS = {"client": "C", "therapist": "T", "dyad": ""}


def font(pixels: int, *, bold: bool = False) -> QFont:
    """Return the interface font in a size that does not depend on the screen's resolution."""
    chosen = QFont()
    chosen.setPixelSize(pixels)
    chosen.setBold(bold)
    return chosen


def fitted(chosen: QFont, text: str, width: float) -> QFont:
    """Return a font in which a text has room [px], as far as it stays readable: smaller, then narrower."""
    made = QFont(chosen)
    for pixels, stretch in ((chosen.pixelSize(), 100), *((p, s) for s in (100, 88, 76) for p in (10, 9))):
        made.setPixelSize(min(pixels, chosen.pixelSize()))
        made.setStretch(stretch)
        if QFontMetricsF(made).horizontalAdvance(text) <= width:
            break
    return made


def letter_badge(painter: QPainter, box: QRectF, letter: str, colour: str, ground: str) -> None:
    """Draw a person's letter, dark or light on their colour."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(QColor(ground))
    painter.setFont(font(int(box.height() * 0.78), bold=True))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)
    painter.restore()


class LaneHeader(QWidget):
    """Show title, unit and readouts of a lane."""

    def __init__(self, title: str, unit: str, hover: str, theme: Theme) -> None:
        super().__init__()
        self.title, self.unit = title, unit
        self._theme, self._hover = theme, hover
        self._readouts: tuple[Readout, ...] = ()
        self.setFixedWidth(WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setToolTip(hover)
        self.setAccessibleName(f"{title} {unit}".strip())

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 40)

    def show_readouts(self, readouts: tuple[Readout, ...]) -> None:
        """Show the newest values."""
        if readouts != self._readouts:
            self._readouts = readouts
            self.setAccessibleDescription(self.text())
            details = [f"{r.entity.capitalize()}: {r.detail}" for r in readouts if r.detail]
            rated = [r for r in readouts if self._quality(r)]  # a low lane has no place for it
            details += [f"{r.entity.capitalize()}: {r.text}, quality {r.quality:.2f}" for r in rated]
            self.setToolTip("<br>".join([self._hover, *details]))
            self.update()

    def set_title(self, title: str, hover: str, unit: str | None = None) -> None:
        """Change what the lane shows; its unit stays unless one is given."""
        self.title, self._hover = title, hover
        self.unit = self.unit if unit is None else unit
        self.setToolTip(hover)
        self.update()

    def text(self) -> str:
        """Return the readouts as one line of words."""
        return "; ".join(
            f"{LETTERS[r.entity]} {r.text}{' ' * bool(self._quality(r))}{self._quality(r)}".strip()
            for r in self._readouts
        )

    def _quality(self, readout: Readout) -> str:
        shown = readout.is_value and math.isfinite(readout.quality)
        return f"q {readout.quality:.2f}" if shown else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, left = self._theme, 10.0
        painter.fillRect(self.rect(), QColor(theme.panel))
        rows = len(self._readouts)
        if self.height() < LEAST_LINE * (rows + 1):
            self._draw_beside(painter)
            painter.end()
            return
        line = min(18.0, (self.height() - 4) / (rows + 1))
        y = max((self.height() - line * (rows + 1)) / 2, 0.0)
        painter.setFont(font(min(12, int(line) - 3), bold=True))
        painter.setPen(QColor(theme.text))
        width = painter.fontMetrics().horizontalAdvance(self.title)
        painter.drawText(QRectF(left, y, WIDTH, line), Qt.AlignmentFlag.AlignVCenter, self.title)
        painter.setFont(font(11))
        painter.setPen(QColor(theme.dim))
        painter.drawText(QRectF(left + width + 6, y, WIDTH, line), Qt.AlignmentFlag.AlignVCenter, self.unit)
        for readout in self._readouts:
            y += line
            self._draw_readout(painter, readout, QRectF(left, y, WIDTH - left - 4, line))
        painter.end()

    def _draw_beside(self, painter: QPainter) -> None:
        """Draw a low lane: the title, and beside it what the values are; units are told on hover."""
        theme, rows = self._theme, self._readouts[: max(int(self.height() // LEAST_BESIDE), 2)]
        line = min(18.0, self.height() / max(len(rows), 1))
        y = (self.height() - line * len(rows)) / 2
        painter.setFont(font(12, bold=True))
        painter.setPen(QColor(theme.text))
        width = painter.fontMetrics().horizontalAdvance(self.title)
        title = QRectF(10.0, 0, WIDTH, self.height())
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, self.title)
        left = max(10.0 + width + 8, 76.0)
        for k, readout in enumerate(rows):
            box = QRectF(left, y + k * line, WIDTH - left - 2, line)
            self._draw_readout(painter, replace(readout, quality=math.nan), box)

    def _draw_readout(self, painter: QPainter, readout: Readout, box: QRectF) -> None:
        theme = self._theme
        colour = theme.person(readout.entity)
        letter = LETTERS[readout.entity]
        if letter:
            side = min(box.height() - 3, 14.0)
            badge = QRectF(box.left(), box.center().y() - side / 2, side, side)
            letter_badge(painter, badge, letter, colour, theme.panel)
            box = box.adjusted(side + 6, 0, 0, 0)
        quality = self._quality(readout)
        if quality:
            painter.setFont(font(10))
            painter.setPen(QColor(theme.dim))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, quality)
            box = box.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(quality) - 6, 0)
        pixels = min(13, int(box.height()) - 3)
        chosen = font(pixels, bold=True) if readout.is_value else font(min(pixels, 11))
        painter.setFont(fitted(chosen, readout.text, box.width()))
        painter.setPen(QColor(colour if readout.is_value else theme.dim))
        text = painter.fontMetrics().elidedText(readout.text, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

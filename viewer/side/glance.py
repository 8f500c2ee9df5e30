"""Glance: two words for the therapist in the room, own first; off by default, silent, blanked by any key."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from acquisition.stream import Role
from viewer.lanes.header import LETTERS, font, letter_badge
from viewer.model.reading import GaugeReading
from viewer.side.gauge import ARROWS
from viewer.theme import Theme, blend

STEADY = 5.0
"""Least seconds between two changes."""
ORDER = (Role.THERAPIST, Role.CLIENT)
NAMES = {Role.THERAPIST: "You", Role.CLIENT: "Client"}
WORDS = {"above": "above", "within": "within", "below": "below"}


def glance_word(reading: GaugeReading) -> tuple[str, str]:
    """Return arrow and word for a reading; what is not a place in the band is told in its own words."""
    arrow = ARROWS.get(reading.kind, "").strip()
    return arrow, WORDS.get(reading.kind, reading.word)


class Steady:
    """Let a picture change at most once in five seconds."""

    def __init__(self) -> None:
        self.shown: tuple[tuple[str, str], ...] = ()
        self._since = -STEADY

    def offer(self, wanted: tuple[tuple[str, str], ...], now: float) -> bool:
        """Take what would be shown at `now` [s]; tell whether it is shown from now on."""
        if wanted == self.shown or now - self._since < STEADY:
            return False
        self.shown, self._since = wanted, now
        return True


class GlanceWindow(QWidget):
    """Show where each person is relative to their own reference band, without digits.

    Parameters
    ----------
    read : callable
        Returns the reading of a person now.
    clock : callable
        Returns a time that runs evenly [s].
    """

    def __init__(
        self, theme: Theme, read: Callable[[Role], GaugeReading], clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self._theme, self._read, self._clock = theme, read, clock
        self.steady = Steady()
        self.blank = False
        self.setWindowTitle("Attunement — glance")
        self.resize(420, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(500)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(420, 240)

    def refresh(self) -> None:
        """Look at both people, and change the picture if it may."""
        if self.steady.offer(tuple(glance_word(self._read(role)) for role in ORDER), self._clock()):
            self.setAccessibleDescription(self.text())
            self.update()

    def text(self) -> str:
        """Return the words on the picture."""
        if self.blank or not self.steady.shown:
            return ""
        pairs = zip(ORDER, self.steady.shown, strict=True)
        return "; ".join(f"{NAMES[role]}: {arrow} {word}".replace("  ", " ") for role, (arrow, word) in pairs)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._toggle()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._toggle()

    def _toggle(self) -> None:
        self.blank = not self.blank
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.window))
        if not self.blank:
            half = self.height() / 2
            for k, (role, (arrow, word)) in enumerate(zip(ORDER, self.steady.shown, strict=False)):
                self._draw_person(
                    painter, QRectF(8, 8 + k * half, self.width() - 16, half - 16), role, arrow, word
                )
        painter.end()

    def _draw_person(self, painter: QPainter, box: QRectF, role: Role, arrow: str, word: str) -> None:
        theme = self._theme
        edge = {"▲": theme.above, "▼": theme.below}.get(arrow)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.panel))
        painter.drawRoundedRect(box, 8, 8)
        if edge is not None:
            painter.setBrush(QColor(blend(edge, theme.panel, 0.72)))
            painter.drawRoundedRect(QRectF(box.left(), box.top(), 10, box.height()), 5, 5)
        letter_badge(painter, QRectF(box.left() + 24, box.center().y() - 14, 28, 28), LETTERS[role],
                     theme.person(role), theme.panel)  # fmt: skip
        painter.setPen(QColor(theme.dim))
        painter.setFont(font(18))
        painter.drawText(box.adjusted(64, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, NAMES[role])
        painter.setPen(QColor(theme.text))
        painter.setFont(font(28, bold=True))
        painter.drawText(
            box.adjusted(150, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, f"{arrow} {word}".strip()
        )

"""Glance: two words for the therapist in the room, own first; off by default, silent, blanked by Esc.

Whoever else sees the screen reads letters, arrows and places, no name, no number and no reason.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from acquisition.stream import Role
from viewer.lanes.header import LETTERS, font, letter_badge
from viewer.model.reading import GaugeReading
from viewer.side.gauge import ARROWS
from viewer.theme import Theme, blend

STEADY = 5.0
"""Least seconds between two changes."""
ORDER = (Role.THERAPIST, Role.CLIENT)
WORDS = {"above": "upper", "within": "middle", "below": "lower", "paused": "paused"}
NOTHING = "no value"
"""What is said where there is no place in a band; why, the operator's window says."""
CAPITAL = 1.0 / 11.0
"""Height of a capital letter over that of the window: readable at two metres."""
USUAL = QSize(480, 300)


def glance_word(reading: GaugeReading) -> tuple[str, str]:
    """Return arrow and word for a reading; what is no place in the band is no value, whatever the reason."""
    arrow = ARROWS.get(reading.kind, "").strip()
    return arrow, WORDS.get(reading.kind, NOTHING)


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
    steady : Steady, optional
        What the window before this one showed, so that a change of theme is none of the picture.
    closed : callable, optional
        Is told when it is closed, with its place.
    """

    def __init__(
        self,
        theme: Theme,
        read: Callable[[Role], GaugeReading],
        clock: Callable[[], float],
        *,
        steady: Steady | None = None,
        closed: Callable[[bytes], None] | None = None,
    ) -> None:
        super().__init__()
        self._theme, self._read, self._clock, self._closed = theme, read, clock, closed
        self.steady = steady or Steady()
        self.blank = False
        self.setWindowTitle("Attunement — glance")
        self.setMinimumSize(220, 130)
        self.resize(USUAL)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setAccessibleName("Glance: own place above, the other person's below")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(500)
        self.refresh()

    def sizeHint(self) -> QSize:
        return USUAL

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
        return "; ".join(f"{LETTERS[role]} {f'{arrow} {word}'.strip()}" for role, (arrow, word) in pairs)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.blank = not self.blank
            self.setAccessibleDescription(self.text())
            self.update()
        elif event.key() == Qt.Key.Key_F11:
            self.showNormal() if self.isFullScreen() else self.showFullScreen()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        if self._closed is not None:
            self._closed(bytes(self.saveGeometry().data()))
        super().closeEvent(event)

    def capital(self) -> float:
        """Return the height of a capital letter of the words [px]."""
        return QFontMetricsF(font(self._pixels(), bold=True)).capHeight()

    def _pixels(self) -> int:
        """Return the size of the words [px]: as the height asks; larger where the longest has room in a line.

        In a narrow window arrow and word stand below each other.
        """
        base = QFontMetricsF(font(100, bold=True))
        tall = CAPITAL * self.height() * 100.0 / base.capHeight()
        longest = max(base.horizontalAdvance(f"▲ {word}") for word in (*WORDS.values(), NOTHING))
        wide = (self.width() - 32.0) * 100.0 / (longest + 1.95 * base.capHeight() + 40.0)
        return max(int(min(tall * 1.6, max(wide, tall))), 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.window))
        if not self.blank:
            half = self.height() / 2
            for k, (role, (arrow, word)) in enumerate(zip(ORDER, self.steady.shown, strict=False)):
                box = QRectF(8, 8 + k * half, self.width() - 16, half - 16)
                self._draw_person(painter, box, role, arrow, word)
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
        words = font(self._pixels(), bold=True)
        side = 1.3 * QFontMetricsF(words).capHeight()
        badge = QRectF(box.left() + 20, box.center().y() - side / 2, side, side)
        letter_badge(painter, badge, LETTERS[role], theme.person(role), theme.panel)
        painter.setPen(QColor(theme.text))
        painter.setFont(words)
        left = badge.right() + 0.5 * side
        room = QRectF(left, box.top(), box.right() - 8 - left, box.height())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(room, flags, f"{arrow} {word}".strip())

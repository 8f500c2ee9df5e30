"""Chips: one per device, its state as a shape, a colour and a word."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from acquisition.stream import Role
from viewer.lanes.header import LETTERS, font, letter_badge
from viewer.status.device_state import DeviceState
from viewer.theme import Theme

HEIGHT = 24


class Chip(QWidget):
    """Show the state of one device."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = DeviceState("", "waiting", "", "")
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_state(self, state: DeviceState) -> None:
        """Show a state; nothing is drawn anew if it is the same."""
        if state == self._state:
            return
        self._state = state
        self.setToolTip(state.detail)
        self.setAccessibleName(f"{state.name} {state.word}")
        self.setFixedWidth(self.sizeHint().width())
        self.update()

    def text(self) -> str:
        """Return the words on the chip."""
        return f"{self._state.name} {self._state.word}"

    def sizeHint(self) -> QSize:
        bold, plain = QFontMetricsF(font(12, bold=True)), QFontMetricsF(font(12))
        width = bold.horizontalAdvance(self._state.name) + plain.horizontalAdvance(self._state.word)
        return QSize(int(width) + 44, HEIGHT)

    def colour(self) -> str:
        """Return the colour of the shape and of the word."""
        theme = self._theme
        return {"ok": theme.text, "paused": theme.dim, "waiting": theme.dim}.get(
            self._state.level, theme.alert
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.raised))
        painter.drawRoundedRect(QRectF(self.rect()), HEIGHT / 2, HEIGHT / 2)
        self._draw_shape(painter, QPointF(14, HEIGHT / 2))
        painter.setFont(font(12, bold=True))
        painter.setPen(QColor(self._theme.text))
        left = 25.0
        painter.drawText(QRectF(left, 0, 200, HEIGHT), Qt.AlignmentFlag.AlignVCenter, self._state.name)
        left += QFontMetricsF(painter.font()).horizontalAdvance(self._state.name) + 6
        painter.setFont(font(12))
        painter.setPen(QColor(self._theme.dim if self._state.level == "ok" else self.colour()))
        painter.drawText(QRectF(left, 0, 200, HEIGHT), Qt.AlignmentFlag.AlignVCenter, self._state.word)
        painter.end()

    def _draw_shape(self, painter: QPainter, middle: QPointF) -> None:
        """Draw a disc (ok), bars (paused), a ring (waiting), a triangle (low, stale), a cross (lost)."""
        colour, r = QColor(self.colour()), 4.5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        match self._state.level:
            case "ok":
                painter.drawEllipse(middle, r - 0.5, r - 0.5)
            case "paused":
                for x in (-3.5, 1.0):
                    painter.drawRect(QRectF(middle.x() + x, middle.y() - r, 2.5, 2 * r))
            case "low" | "stale":
                corners = [QPointF(0, -r), QPointF(r, r - 1), QPointF(-r, r - 1)]
                painter.drawPolygon(QPolygonF([middle + c for c in corners]))
            case "lost":
                painter.setPen(QPen(colour, 2))
                painter.drawLine(middle + QPointF(-r + 1, -r + 1), middle + QPointF(r - 1, r - 1))
                painter.drawLine(middle + QPointF(-r + 1, r - 1), middle + QPointF(r - 1, -r + 1))
            case _:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(colour, 1.5))
                painter.drawEllipse(middle, r - 1, r - 1)


class PersonChips(QWidget):
    """Show the chips of one person, after their letter."""

    def __init__(self, role: Role, code: str, theme: Theme) -> None:
        super().__init__()
        self._role, self._theme = role, theme
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(24, 0, 0, 0)
        self._row.setSpacing(6)
        self.chips: list[Chip] = []
        self.setToolTip(f"{role.value.capitalize()} {code}")
        self.setFixedHeight(HEIGHT)

    def show_states(self, states: list[DeviceState]) -> None:
        """Show one chip a device."""
        while len(self.chips) < len(states):
            chip = Chip(self._theme)
            self.chips.append(chip)
            self._row.addWidget(chip)
        for chip, state in zip(self.chips, states, strict=False):
            chip.show_state(state)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self._theme.person(self._role)
        letter_badge(painter, QRectF(0, 3, 18, 18), LETTERS[self._role], colour, self._theme.window)
        painter.end()

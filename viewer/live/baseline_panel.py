"""Baselines: for each a button, the time left, and per person what it gave so far and the verdict."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from acquisition.stream import PEOPLE, Role
from processing.arousal.baseline import CODES, Code
from viewer.lanes.header import LETTERS, letter_badge
from viewer.live.baseline_state import BaselineState, baseline_state, countdown
from viewer.model.model import SessionModel
from viewer.theme import Theme

TITLES = {
    "baseline_rest": ("Rest", "seated, quiet, 5 min", "F5"),
    "baseline_talk": ("Neutral talk", "2 min", "F6"),
}
WORDS = {"accepted": "ACCEPTED", "refused": "REFUSED"}


class Share(QWidget):
    """Show how much of a baseline is over."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self.share = theme, 0.0
        self.setFixedHeight(4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_share(self, share: float) -> None:
        """Show a share, 0-1."""
        self.share = share
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.border))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        painter.setBrush(QColor(self._theme.dim))
        painter.drawRoundedRect(QRectF(0, 0, self.width() * self.share, self.height()), 2, 2)
        painter.end()


class Badge(QWidget):
    """Show a person's letter."""

    def __init__(self, role: Role, theme: Theme) -> None:
        super().__init__()
        self._role, self._theme = role, theme
        self.setFixedSize(18, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme
        letter_badge(
            painter, QRectF(0, 0, 18, 18), LETTERS[self._role], theme.person(self._role), theme.window
        )
        painter.end()


class BaselinePanel(QWidget):
    """Show the baselines of both people.

    Parameters
    ----------
    press : callable or None
        Begins or ends a baseline by its code; None where nothing can be marked.
    """

    def __init__(self, theme: Theme, press: Callable[[str], None] | None) -> None:
        super().__init__()
        self._theme = theme
        self.buttons: dict[Code, QPushButton] = {}
        self.clocks: dict[Code, QLabel] = {}
        self.bars: dict[Code, Share] = {}
        self.lines: dict[tuple[Code, Role], QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for block, code in enumerate(CODES):
            self._add(grid, 5 * block, code, press)

    def _add(self, grid: QGridLayout, row: int, code: Code, press: Callable[[str], None] | None) -> None:
        title, what, key = TITLES[code]
        self.buttons[code] = button = QPushButton(f"Begin  {key}")
        button.setAccessibleName(f"{title} baseline")
        button.setMinimumWidth(110)
        button.setEnabled(press is not None)
        if press is not None:
            button.clicked.connect(lambda _=False, c=code: press(c))
        heading = QLabel(f"<b>{title}</b> · {what}")
        self.clocks[code] = clock = QLabel()
        clock.setStyleSheet("font-size: 18px; font-weight: bold;")
        clock.setAccessibleName(f"Time left of the {title.lower()} baseline")
        self.bars[code] = Share(self._theme)
        grid.addWidget(button, row, 0)
        grid.addWidget(heading, row, 1, 1, 2)
        grid.addWidget(clock, row, 3, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.bars[code], row + 1, 0, 1, 4)
        for k, role in enumerate(PEOPLE):
            self.lines[code, role] = line = QLabel()
            line.setWordWrap(True)
            line.setTextFormat(Qt.TextFormat.PlainText)
            line.setAccessibleName(f"{title} baseline of the {role.value}")
            grid.addWidget(Badge(role, self._theme), row + 2 + k, 0, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(line, row + 2 + k, 1, 1, 3)
        grid.setRowMinimumHeight(row + 4, 12)

    def show_model(self, model: SessionModel, moment: float) -> None:
        """Show how the baselines go at a moment [s since the first tick]."""
        for code in CODES:
            states = {r: baseline_state(model, code, r, moment) for r in PEOPLE}
            longest = max(states.values(), key=lambda s: (s.kind == "running", s.share))
            self.clocks[code].setText(countdown(longest))
            self.bars[code].show_share(longest.share)
            verb = "End" if longest.kind == "running" else "Begin"
            self.buttons[code].setText(f"{verb}  {TITLES[code][2]}")
            for role, state in states.items():
                self._show_line(self.lines[code, role], state)

    def _show_line(self, line: QLabel, state: BaselineState) -> None:
        word = WORDS.get(state.kind, "")
        text = f"{word}: {state.text.partition(': ')[2]}" if word else state.text
        colour = {"refused": self._theme.alert, "none": self._theme.dim}.get(state.kind, self._theme.text)
        if line.text() != text:
            line.setText(text)
            line.setAccessibleDescription(text)
        line.setStyleSheet(f"color: {colour};" + (" font-weight: bold;" if word else ""))

"""Bottom bar: a button a marker with its key, pause buttons, the note box, the last marker, and undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from acquisition.events.vocabulary import PAUSE, Code
from viewer.commands import key_of
from viewer.keys import marker_key
from viewer.lanes.header import font
from viewer.model.definitions import NOTICE
from viewer.model.markers import label_of
from viewer.model.wording import forbidden
from viewer.theme import Theme

if TYPE_CHECKING:
    from viewer.live.desk import Desk

COLUMNS = 12
NARROW = 1370
"""A bar less wide than this has two rows, or the names of the markers would be cut off [px]."""
LEAST = 640
"""The least width of a bar [px]."""
SKIP = ("note", PAUSE)
"""Codes that have a box or buttons of their own."""


class MarkerButton(QAbstractButton):
    """Show a code, its key, whose it is, and whether its interval runs."""

    def __init__(self, code: Code, theme: Theme) -> None:
        super().__init__()
        self.code = code
        self._theme = theme
        self.running = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(38)
        self.setMinimumWidth(64)
        self.key = key = marker_key(code.hotkey)
        lines = [f"<b>{label_of(code.code)}</b> ({code.kind}, {code.actor})"]
        lines += [code.meaning] if not forbidden(code.meaning) else []
        lines += [f"Key {key}; Shift+{key}: about 10 s ago"] if key else []
        self.setToolTip("<br>".join(lines))
        self.setAccessibleName(f"marker {label_of(code.code)}")

    def set_running(self, running: bool) -> None:
        """Show that the interval is open."""
        if running != self.running:
            self.running = running
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(104, 38)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        colour = QColor(theme.person(self.code.actor))
        painter.setPen(colour if self.running else QColor(theme.border))
        painter.setBrush(
            QColor(theme.raised if self.isDown() or self.underMouse() or self.running else theme.panel)
        )
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(3, 8, 3, box.height() - 15), 1.5, 1.5)
        left = 12.0
        if self.key:
            left = self._draw_key(painter, left)
        painter.setFont(font(12))
        painter.setPen(QColor(theme.text))
        text = label_of(self.code.code)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(left, 0, self.width() - left - 3, self.height()), flags, text)
        if self.running:
            painter.setFont(font(10, bold=True))
            painter.setPen(colour)
            flags = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(0, 0, self.width() - 6, self.height() - 3), flags, "on")
        painter.end()

    def _draw_key(self, painter: QPainter, left: float) -> float:
        painter.setFont(font(11, bold=True))
        width = max(painter.fontMetrics().horizontalAdvance(self.key) + 8.0, 18.0)
        cap = QRectF(left, self.height() / 2 - 9, width, 18)
        painter.setPen(QColor(self._theme.border))
        painter.setBrush(QColor(self._theme.raised))
        painter.drawRoundedRect(cap, 3, 3)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self.key)
        return left + width + 7


class MarkerBar(QWidget):
    """Hold the markers of a profile; without a desk there is only the notice."""

    def __init__(self, codes: Sequence[Code], theme: Theme, desk: Desk | None) -> None:
        super().__init__()
        self._theme, self._grid, self._rows = theme, QGridLayout(), 0
        self._desk: Desk | None = None
        self.buttons = [MarkerButton(c, theme) for c in codes if c.code not in SKIP]
        self.pauses = {role: QPushButton() for role in ("client", "therapist")}
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note (Enter)")
        self.note.setMaxLength(2000)
        self.note.setFixedWidth(240)
        self.note.setAccessibleName("Note")
        self.value = QLineEdit()
        self.value.setMaxLength(200)
        self.value.setFixedWidth(240)
        self.value.hide()
        self.last = QLabel()
        self.last.setAccessibleName("Last marker")
        self.last.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.undo = QPushButton(f"Undo  {key_of('undo')}")
        self.undo.setToolTip("Void the last marker; again, the one before")
        self.undo.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        notice = QLabel(NOTICE)
        notice.setStyleSheet(f"color: {theme.dim}; font-size: 11px;")
        self._lay_out(notice)
        self.show_paused(frozenset())
        if desk is not None:
            self._connect(desk)
        for widget in (self.note, self.undo, *self.pauses.values()):
            widget.setVisible(desk is not None)

    def press(self, code: str) -> None:
        """Press a marker by its name, if it is one of the profile."""
        button = next((b for b in self.buttons if b.code.code == code), None)
        if button is not None and self._desk is not None:
            self._desk.press(button.code, False)

    def _connect(self, desk: Desk) -> None:
        self._desk = desk
        self.undo.clicked.connect(desk.undo)
        for button in self.buttons:
            button.clicked.connect(lambda _=False, c=button.code: desk.press(c, _shift_held()))
        for role, pause in self.pauses.items():
            pause.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            pause.clicked.connect(lambda _=False, r=role: desk.pause(r))
        desk.connect(self)

    def _lay_out(self, notice: QLabel) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 6)
        column.setSpacing(4)
        first, second = self._grid, QHBoxLayout()
        first.setSpacing(5)
        for widget in (*self.buttons, *self.pauses.values()):
            widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._arrange()
        second.setSpacing(10)
        second.addWidget(self.note)
        second.addWidget(self.value)
        second.addWidget(self.undo)
        second.addWidget(self.last, 1)
        second.addWidget(notice)
        column.addLayout(first)
        column.addLayout(second)

    def _arrange(self) -> None:
        """Put the buttons into as few rows as the width allows."""
        widgets = [*self.buttons, *self.pauses.values()]
        narrow = self._rows > 0 and self.width() < NARROW
        for box in (self.note, self.value):
            box.setFixedWidth(160 if narrow else 240)
        rows = max(-(-len(widgets) // COLUMNS), 2 if narrow and self.buttons else 1)
        if rows == self._rows:
            return
        self._rows, columns = rows, max(-(-len(widgets) // rows), 1)
        for k, widget in enumerate(widgets):
            widget.setFixedHeight(38 if rows == 1 else 26)
            self._grid.addWidget(widget, k // columns, k % columns)

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST, super().minimumSizeHint().height())  # the rows follow the width

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def ask_value(self, code: Code) -> None:
        """Ask for the value of a marker that was pressed just now."""
        self.value.clear()
        self.value.setPlaceholderText(f"{label_of(code.code)}: {code.value}")
        self.value.setAccessibleName(f"Value of {label_of(code.code)}: {code.value}")
        self.note.hide()
        self.value.show()
        self.value.setFocus()

    def end_value(self) -> None:
        """Give the note box its place back."""
        self.value.hide()
        self.note.show()

    def show_paused(self, paused: frozenset[str]) -> None:
        """Name what each pause button does next."""
        for role, button in self.pauses.items():
            key = key_of(f"pause_{role}")
            button.setText(f"{'Resume' if role in paused else 'Pause'} {role}  {key}")
            button.setToolTip(f"Nothing of the person is stored or shown while paused  ({key})")

    def show_last(self, text: str, *, failed: bool) -> None:
        """Show the last marker, or what went wrong with it."""
        colour = self._theme.alert if failed else self._theme.text
        style = f"color: {colour};" + (" font-weight: bold;" if failed else "")
        if self.last.styleSheet() != style:
            self.last.setStyleSheet(style)
        if self.last.text() != text:
            self.last.setText(text)
            self.last.setToolTip(text)


def _shift_held() -> bool:
    return bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)

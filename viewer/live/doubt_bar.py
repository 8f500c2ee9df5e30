"""Say over the whole width who sends a stream that waits, until somebody confirms or refuses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMessageBox, QPushButton, QVBoxLayout, QWidget

from acquisition.text import clean_line
from viewer.commands import key_of
from viewer.model.doubts import Doubt
from viewer.theme import Theme

SHOWN = 3
"""Streams that have a line each; of more the number is told."""
Answer = Callable[[Doubt, bool], None]


class DoubtBar(QFrame):
    """Hold a line a stream that waits; hidden while none does.

    Parameters
    ----------
    answer : callable
        Takes the stream, and whether it is confirmed.
    """

    def __init__(self, theme: Theme, answer: Answer) -> None:
        super().__init__()
        self._answer = answer
        self._shown: tuple[Doubt, ...] | None = None
        self.lines: list[DoubtLine] = []
        self.more = _label("")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 4, 12, 4)
        self._column.setSpacing(3)
        self._column.addWidget(self.more)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(
            f"DoubtBar {{ background: {theme.raised}; border: 2px solid {theme.alert}; }}"
            f"DoubtBar QWidget {{ background: transparent; }}"
            f"DoubtBar QLabel {{ color: {theme.text}; font-size: 13px; }}"
        )
        self.hide()

    def show_doubts(self, doubts: Sequence[Doubt]) -> None:
        """Show what waits now."""
        if (fresh := tuple(doubts)) == self._shown:
            return
        self._shown = fresh
        for line in self.lines:
            self._column.removeWidget(line)
            line.deleteLater()
        self.lines = [DoubtLine(doubt, self._answer) for doubt in fresh[:SHOWN]]
        for k, line in enumerate(self.lines):
            self._column.insertWidget(k, line)
        more = len(fresh) - len(self.lines)
        self.more.setText(f"{more} more wait: attune confirm lists them")
        self.more.setVisible(more > 0)
        self.setVisible(bool(fresh))


class DoubtLine(QWidget):
    """Name one stream and who sends it, with the two answers."""

    def __init__(self, doubt: Doubt, answer: Answer) -> None:
        super().__init__()
        self.text = _label(said(doubt))
        self.text.setAccessibleName("A stream waits")
        self.text.setToolTip(self.text.text().replace("<", "&lt;"))
        self.text.setWordWrap(True)
        self.confirm = _button("Confirm", f"{doubt.stream} is recorded from now on; what came before is not")
        self.refuse = _button("Refuse", "What this sender sent is deleted, and nothing of it is recorded")
        self.confirm.clicked.connect(lambda: answer(doubt, True))
        self.refuse.clicked.connect(lambda: answer(doubt, False))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.confirm)
        row.addWidget(self.refuse)


def said(doubt: Doubt) -> str:
    """Return in words what waits, who sends it, and why it is doubted."""
    sender = clean_line(doubt.sender, 240)
    return f"NOT RECORDED until confirmed: {clean_line(doubt.stream)}, sent by {sender}: {doubt.why}"


def ask_answer(parent: QWidget, doubt: Doubt) -> bool | None:
    """Ask who sends a stream; None, also what Esc gives, leaves it waiting."""
    box = QMessageBox(parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowTitle("A stream waits")
    box.setText("Is this sender who it should be?")
    box.setInformativeText(said(doubt))
    yes = box.addButton("Confirm", QMessageBox.ButtonRole.AcceptRole)
    no = box.addButton("Refuse", QMessageBox.ButtonRole.DestructiveRole)
    later = box.addButton("Leave it waiting", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(later)
    box.setEscapeButton(later)
    box.exec()
    if box.clickedButton() is yes:
        return True
    return False if box.clickedButton() is no else None


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # a sender's name must not be taken for markup
    return label


def _button(text: str, hover: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setToolTip(f"{hover} ({key_of('confirm')} asks)")
    return button

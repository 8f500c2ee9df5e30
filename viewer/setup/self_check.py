"""Self-check: four questions that a therapist answers for themselves before an hour.

What is answered is shown once, to whoever answered, and goes with the window. Who wants to keep it seals it
to a passphrase of their own (`acquisition.protection.private_page`); else it is written nowhere. It is sent
nowhere, compared with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from acquisition.errors import AttunementError
from acquisition.protection.private_page import PrivatePage, lines_of
from viewer.setup.own_passphrase import own_passphrase
from viewer.style import style_sheet
from viewer.theme import Theme

QUESTIONS = (
    ("Settled now", "not at all", "fully"),
    ("Outside pressures", "none", "very many"),
    ("Competent for what today asks", "not at all", "fully"),
    ("Boundaries clear", "not at all", "fully"),
)
"""What is asked, and what 0 and 10 mean."""
PRIVATE = "For you alone. Nothing is written to a disk, sent, or put into a report; it goes with this window."
SEALABLE = (
    "For you alone. It goes with this window, unless you keep it sealed to yourself; no report shows it."
)
KEPT = "Kept. Your own passphrase opens it, and nothing else; no report and no export reads it."
UNANSWERED = "–"


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold an answer: a number from 0 to 10, None where none was given, and words of one's own."""

    value: int | None
    words: str


def said_of(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return answers as they are kept: title of the question → value and words that there are."""
    titles = (title for title, _, _ in QUESTIONS)
    pairs = ((title, {"value": a.value, "words": a.words}) for title, a in zip(titles, answers, strict=True))
    return {title: {k: v for k, v in said.items() if v not in (None, "")} for title, said in pairs}


class Asked(QWidget):
    """Ask one question: a scale that has no place until it is touched, and a line for one's own words."""

    def __init__(self, question: tuple[str, str, str], theme: Theme) -> None:
        super().__init__()
        title, low, high = question
        self._theme = theme
        self.answered = False
        self.scale = QSlider(Qt.Orientation.Horizontal)
        self.scale.setRange(0, 10)
        self.scale.setPageStep(1)
        self.scale.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.scale.setAccessibleName(f"{title}, 0 {low} to 10 {high}")
        self.scale.valueChanged.connect(self._touched)
        self.scale.sliderPressed.connect(self._touched)
        self.value = QLabel(UNANSWERED)
        self.value.setMinimumWidth(26)
        self.value.setStyleSheet("font-size: 16px; font-weight: bold;")
        self.words = QLineEdit()
        self.words.setMaxLength(500)
        self.words.setPlaceholderText("in your own words")
        self.words.setAccessibleName(f"{title}, in your own words")
        heading = QLabel(title)
        heading.setStyleSheet("font-size: 14px; font-weight: bold;")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 6, 0, 6)
        grid.setColumnStretch(1, 1)
        grid.addWidget(heading, 0, 0, 1, 4)
        for column, text in ((0, f"0 {low}"), (2, f"10 {high}")):
            label = QLabel(text)
            label.setStyleSheet(f"color: {theme.dim};")
            label.setMinimumWidth(80)
            grid.addWidget(label, 1, column)
        grid.addWidget(self.scale, 1, 1)
        grid.addWidget(self.value, 1, 3)
        grid.addWidget(self.words, 2, 0, 1, 4)
        self._open()

    def _touched(self) -> None:
        self.answered = True
        self.value.setText(str(self.scale.value()))
        self.scale.setStyleSheet("")

    @property
    def answer(self) -> Answer:
        """Return what was answered."""
        return Answer(self.scale.value() if self.answered else None, self.words.text().strip())

    def forget(self) -> None:
        """Forget what was answered."""
        self.words.clear()
        self.scale.setValue(0)
        self._open()

    def _open(self) -> None:
        """Show that nothing was answered: a handle that is empty, and no number."""
        self.answered = False
        self.value.setText(UNANSWERED)
        self.scale.setStyleSheet(
            f"QSlider::handle:horizontal {{ background: {self._theme.window};"
            f" border: 2px solid {self._theme.dim}; border-radius: 7px; width: 10px; margin: -5px 0; }}"
        )


class SelfCheck(QWidget):
    """Ask the four questions, and show the answers back."""

    def __init__(self, theme: Theme, own: PrivatePage | None = None) -> None:
        super().__init__()
        self._theme = theme
        self._own = own
        self.ask_passphrase = own_passphrase
        """How a passphrase is asked for."""
        self.closed: Callable[[], object] | None = None
        """Told that it was closed."""
        self.asked = [Asked(question, theme) for question in QUESTIONS]
        self.shown = [QLabel() for _ in QUESTIONS]
        self.pages = QStackedWidget()
        self.earlier_text = QPlainTextEdit()
        self.earlier_text.setReadOnly(True)
        self.earlier_text.setAccessibleName("What I kept before")
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.keep = QPushButton("Keep, sealed to me alone")
        self.earlier = QPushButton("What I kept before…")
        self.show_answers = QPushButton("Show my answers")
        self.back = QPushButton("Back")
        self.end = QPushButton("Close and forget")
        self.setWindowTitle("Attunement — self-check")
        self.setStyleSheet(style_sheet(theme))
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.resize(620, 560)
        self._lay_out()
        self.show_answers.clicked.connect(self._show_answers)
        self.keep.clicked.connect(self._keep)
        self.earlier.clicked.connect(self._show_earlier)
        self.back.clicked.connect(lambda: self._turn(0))
        self.end.clicked.connect(self.close)
        QShortcut(QKeySequence("Esc"), self).activated.connect(self.close)
        self._turn(0)

    def _lay_out(self) -> None:
        for parts in (self.asked, self.shown):
            page = QWidget()
            column = QVBoxLayout(page)
            column.setContentsMargins(0, 0, 0, 0)
            for part in parts:
                column.addWidget(part)
            column.addStretch(1)
            self.pages.addWidget(page)
        self.pages.addWidget(self.earlier_text)
        for label in self.shown:
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setStyleSheet("font-size: 14px; padding: 8px 0;")
        private = QLabel(PRIVATE if self._own is None else SEALABLE)
        private.setWordWrap(True)
        private.setStyleSheet(f"color: {self._theme.dim};")
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.earlier, self.back, self.keep, self.show_answers, self.end):
            row.addWidget(button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 14, 18, 14)
        outer.addWidget(private)
        outer.addWidget(self.pages, 1)
        outer.addWidget(self.told)
        outer.addLayout(row)

    def _turn(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self.back.setVisible(page != 0)
        self.show_answers.setVisible(page == 0)
        self.keep.setVisible(page == 1 and self._own is not None)
        self.earlier.setVisible(page == 0 and self._own is not None and self._own.made)
        self.told.clear()
        self.earlier_text.clear()

    def _show_answers(self) -> None:
        for label, asked, (title, low, high) in zip(self.shown, self.asked, QUESTIONS, strict=True):
            answer = asked.answer
            value = "not answered" if answer.value is None else f"{answer.value} (0 {low}, 10 {high})"
            label.setText(f"{title}: {value}" + (f"\n{answer.words}" if answer.words else ""))
            label.setAccessibleName(label.text())
        self._turn(1)

    def _keep(self) -> None:
        """Seal the answers to whoever answered; the first time, to a new passphrase."""
        if self._own is None:
            return
        try:
            if not self._own.made:
                passphrase = self.ask_passphrase(self, new=True)
                if not passphrase:
                    return
                self._own.make(passphrase)
            self._own.keep(said_of([one.answer for one in self.asked]))
        except AttunementError as error:
            self.told.setText(str(error))
            return
        self.keep.setVisible(False)
        self.end.setText("Close")
        self.told.setText(KEPT)

    def _show_earlier(self) -> None:
        passphrase = self.ask_passphrase(self, new=False) if self._own is not None else ""
        if self._own is None or not passphrase:
            return
        try:
            entries, faults = self._own.read(passphrase)
        except AttunementError as error:
            self.told.setText(str(error))
            return
        self._turn(2)
        self.earlier_text.setPlainText("\n".join(lines_of(entries, faults)))

    def closeEvent(self, event: QCloseEvent) -> None:
        for asked in self.asked:
            asked.forget()
        for label in self.shown:
            label.clear()
            label.setAccessibleName("")
        self._turn(0)
        super().closeEvent(event)
        if self.closed is not None:
            self.closed()

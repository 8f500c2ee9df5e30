"""The page of a cued review: a moment, three answers, how sure, how far one has come; no signal is on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from acquisition.stream import Role
from viewer.model.cued_session import CuedSession
from viewer.model.definitions import NOTICE
from viewer.review.cued_track import Track
from viewer.theme import Theme
from viewer.video.moments import Moments

ANSWERS = (
    ("felt_ok", "I could feel and think"),
    ("felt_over", "It was too much"),
    ("felt_under", "I was numb, gone or flat"),
)
"""Codes, and what they mean in the words of the vocabulary."""
PLAY, STOP = "Play this moment  Space", "Stop  Space"
ASK, SURE = "How was this moment for you?", "How sure are you?"


class CuedReview(QWidget):
    """Ask about one moment after another.

    Parameters
    ----------
    said : callable
        Returns why the last answer was not stored; "" if it was.
    leave : callable
        Goes back to the review.
    other : callable
        Asks the other person instead.
    moments : Moments, optional
        Plays the moment that is asked about, in a pane on the page.
    """

    def __init__(
        self,
        session: CuedSession,
        theme: Theme,
        end: float,
        *,
        title: str,
        said: Callable[[], str],
        leave: Callable[[], object],
        other: Callable[[], object],
        moments: Moments | None = None,
    ) -> None:
        super().__init__()
        self.session, self._theme, self._end, self._said, self._leave = session, theme, end, said, leave
        self.chosen = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title, self.progress = _label(title, 14, theme.dim), _label("", 14, theme.text)
        self.span, self.question = _label("", 40, theme.text, bold=True), _label(ASK, 18, theme.text)
        self.hint = _label("", 13, theme.dim)
        self.track = Track(theme)
        self.answers = {code: _button(f"{k}   {text}", 56) for k, (code, text) in enumerate(ANSWERS, 1)}
        self.sure = [_button(str(k), 40) for k in range(11)]
        self.unsaid = _button("no answer to this   ↵", 40)
        self.back, self.on = _button("←  back", 32), _button("later  →", 32)
        self.close_button = _button("Close  Esc", 32)
        asked = "therapist" if session.role is Role.CLIENT else "client"
        self.other_button = _button(f"Ask the {asked}  Tab", 32)
        self._other = other
        self.moments = moments
        self.play = _button(PLAY, 32)
        self._connect()
        self._lay_out()
        self.show_moment()

    def _connect(self) -> None:
        for code, button in self.answers.items():
            button.setCheckable(True)
            button.clicked.connect(partial(self.choose, code))
        for k, button in enumerate(self.sure):
            button.clicked.connect(partial(self.store, float(k)))
        self.unsaid.clicked.connect(lambda: self.store(None))
        self.back.clicked.connect(lambda: self.go(-1))
        self.on.clicked.connect(lambda: self.go(1))
        self.close_button.clicked.connect(lambda: self._leave())
        self.other_button.clicked.connect(lambda: self._other())
        self.play.clicked.connect(lambda: self.play_moment())
        if self.moments is not None:
            self.moments.changed.connect(self._show_playing)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(60, 24, 60, 16)
        column.setSpacing(14)
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.progress)
        head.addSpacing(20)
        head.addWidget(self.other_button)
        head.addWidget(self.close_button)
        column.addLayout(head)
        column.addWidget(self.track)
        self._lay_out_video(column)
        for part in (self.span, self.question):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        column.addLayout(_row(list(self.answers.values()), 14))
        self.scale = QWidget()
        inner = QVBoxLayout(self.scale)
        inner.setContentsMargins(0, 10, 0, 0)
        ends = _label("How sure are you?   0: not at all      10: entirely", 14, self._theme.text)
        ends.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner.addWidget(ends)
        inner.addLayout(_row([*self.sure, self.unsaid], 6))
        column.addWidget(self.scale)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        column.addWidget(self.hint)
        column.addStretch(2 if self.moments is None else 0)
        foot.addWidget(self.back)
        foot.addWidget(self.on)
        foot.addStretch(1)
        foot.addWidget(_label(NOTICE, 11, self._theme.dim))
        column.addLayout(foot)

    def _lay_out_video(self, column: QVBoxLayout) -> None:
        if self.moments is None:
            self.play.hide()
            column.addStretch(1)
            return
        column.setContentsMargins(60, 12, 60, 8)
        column.setSpacing(8)
        self.span.setStyleSheet(self.span.styleSheet().replace("40px", "22px"))
        column.addWidget(self.moments.panes[0], 1)
        column.addLayout(_row([self.play], 0))

    def play_moment(self) -> None:
        """Play the moment that is asked about, or stop."""
        if self.moments is not None:
            self.moments.play_or_stop()

    def _show_playing(self) -> None:
        assert self.moments is not None
        self.play.setText(STOP if self.moments.playing else PLAY)

    def choose(self, code: str) -> None:
        """Choose an answer; how sure comes next."""
        if self.session.moments:
            self.chosen = code
            self._show()

    def store(self, certainty: float | None) -> None:
        """Store the chosen answer with how sure the person is, and go on to the next moment."""
        if not self.chosen:
            return
        if self.session.store(self.chosen, certainty):
            self.show_moment()
        self._show()

    def go(self, by: int) -> None:
        """Go to another moment; what was chosen and not stored is dropped."""
        self.session.go(by)
        self.show_moment()

    def show_moment(self) -> None:
        """Show the moment that is asked about, with its answer if there is one."""
        answer = self.session.answer(self.session.at) if self.session.moments else None
        self.chosen = "" if answer is None else answer.code
        self._show()

    def _show(self) -> None:
        session, there = self.session, bool(self.session.moments)
        self.progress.setText(session.progress())
        self.span.setText(session.span() if there else "")
        if self.moments is not None:
            self.moments.stand([session.moments[session.at].start] if there else [])
            self.moments.panes[0].setVisible(there)
            self.play.setVisible(there)
        self.question.setText(ASK if there else session.progress())
        self.track.show_session(session, self._end)
        answer = session.answer(session.at) if there else None
        for code, button in self.answers.items():
            button.setChecked(code == self.chosen)
            button.setEnabled(there)
        for k, button in enumerate(self.sure):
            button.setCheckable(True)
            button.setChecked(answer is not None and answer.value == float(k))
        for button in (*self.sure, self.unsaid):
            button.setEnabled(bool(self.chosen))
        self.back.setEnabled(session.at > 0)
        self.on.setEnabled(session.at < session.last)
        self.hint.setText(self._said() or self._advice())

    def _advice(self) -> str:
        if not self.session.moments:
            return ""
        if self.session.done:
            return "All moments are answered. Answers may still be changed; Close ends the review."
        beside = "with the video or the sound if there is one" if self.moments is None else "with the video"
        return (
            f"Think back to these 20 seconds, {beside}. Whoever does not "
            "remember goes on with later. Every answer is stored at once; the rest may wait."
        )

    def take_back(self) -> None:
        """Drop what was chosen and not stored."""
        self.show_moment()

    def ask_other(self) -> None:
        """Ask the other person instead."""
        self._other()

    def digit(self, k: int) -> None:
        """Take a digit: 1, 2, 3 answer, then 0-9 say how sure."""
        if self.fresh and 1 <= k <= len(ANSWERS):
            self.choose(ANSWERS[k - 1][0])
        elif not self.fresh:
            self.store(float(k))

    @property
    def fresh(self) -> bool:
        """Tell whether the next digit answers; else it says how sure."""
        answer = self.session.answer(self.session.at) if self.session.moments else None
        return not self.chosen or (answer is not None and answer.code == self.chosen)


def _label(text: str, pixels: int, colour: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    weight = "font-weight: bold;" if bold else ""
    label.setStyleSheet(f"color: {colour}; font-size: {pixels}px; {weight}")
    return label


def _button(text: str, height: int) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setMinimumHeight(height)
    button.setAccessibleName(text)
    return button


def _row(buttons: list[QPushButton], spacing: int) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(spacing)
    row.addStretch(1)
    for button in buttons:
        if len(buttons) == len(ANSWERS):
            button.setMinimumWidth(240)
            button.setStyleSheet("font-size: 15px;")
        row.addWidget(button)
    row.addStretch(1)
    return row

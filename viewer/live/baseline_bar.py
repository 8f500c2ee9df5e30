"""Baseline bar: over the lanes, while a baseline runs, is judged, or was judged just now."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from acquisition.stream import PEOPLE, Role
from processing.arousal.baseline import CODES, Code
from viewer.live.baseline_panel import TITLES, WORDS, Badge, Share
from viewer.live.baseline_state import BaselineState, baseline_state, countdown
from viewer.model.model import SessionModel
from viewer.theme import Theme

STAYS = 90.0
"""Seconds for which a verdict stays to be read."""
STALE = "band, gauges and arousal index are those of before"
ORDER = ("running", "judging", "accepted", "refused")


class BaselineBar(QFrame):
    """Show the baseline that goes on: the time left, and per person what it gave so far, or the verdict.

    Parameters
    ----------
    press : callable or None
        Begins or ends a baseline by its code; None where nothing can be marked.
    """

    def __init__(self, theme: Theme, press: Callable[[str], None] | None) -> None:
        super().__init__()
        self._theme, self._press = theme, press
        self.code: Code | None = None
        """The baseline that is shown."""
        self.title, self.clock = QLabel(), QLabel()
        self.share = Share(theme)
        self.share.setFixedWidth(110)
        self.lines = {role: _Elided() for role in PEOPLE}
        self.end = QPushButton()
        self.end.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.end.clicked.connect(self._end)
        self.again = QPushButton("Compute again")
        self.again.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.again.setToolTip("Compute all indices anew, with the baselines as they are marked now")
        self.stale = False
        self._lay_out()
        self.setAccessibleName("Baseline")
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 3)
        row.setSpacing(10)
        timed = QVBoxLayout()
        timed.setSpacing(2)
        timed.addWidget(self.clock)
        timed.addWidget(self.share)
        self.title.setStyleSheet("font-weight: bold;")
        self.clock.setStyleSheet("font-size: 14px; font-weight: bold;")
        row.addWidget(self.title)
        row.addLayout(timed)
        for role, line in self.lines.items():
            row.addWidget(Badge(role, self._theme))
            row.addWidget(line, 1)
        row.addWidget(self.end)
        row.addWidget(self.again)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(
            f"BaselineBar {{ border-top: 1px solid {self._theme.border}; "
            f"border-bottom: 1px solid {self._theme.border}; }}"
        )

    def show_model(self, model: SessionModel, moment: float) -> None:
        """Show how the baselines go at a moment [s since the first tick]; nothing where none does."""
        self.again.setVisible(self.stale)
        if self.stale:
            self._show_stale()
            return
        states = {c: {r: baseline_state(model, c, r, moment) for r in PEOPLE} for c in CODES}
        grows = model.state == "growing"
        going = {c: s for c, s in states.items() if any(_goes(x, moment, grows) for x in s.values())}
        if not going:
            self.code = None
            self.hide()
            return
        code = min(going, key=lambda c: min(_rank(s) for s in going[c].values()))
        self.code, shown = code, going[code]
        first = min(shown.values(), key=_rank)
        running = first.kind == "running"
        self.title.setText(f"{TITLES[code][0]} baseline")
        self.clock.setText(countdown(first))
        for part in (self.clock, self.share):
            part.setVisible(running)
        self.share.show_share(first.share)
        self.end.setText(f"End  {TITLES[code][2]}")
        self.end.setVisible(running and self._press is not None)
        for role, state in shown.items():
            self._show_line(self.lines[role], role, state)
        self.show()

    def _show_stale(self) -> None:
        """Say that a review has other baselines than those the values on screen were computed with."""
        self.code = None
        self.title.setText("Baselines were changed")
        for part in (self.clock, self.share, self.end):
            part.hide()
        for line, text in zip(self.lines.values(), (STALE, ""), strict=True):
            line.show_text(text)
            line.setStyleSheet(f"color: {self._theme.text};")
        self.show()

    def _show_line(self, line: _Elided, role: Role, state: BaselineState) -> None:
        word = WORDS.get(state.kind, "")
        line.show_text(f"{word}: {state.text.partition(': ')[2]}" if word else state.text)
        colour = {"refused": self._theme.alert, "none": self._theme.dim}.get(state.kind, self._theme.text)
        line.setStyleSheet(f"color: {colour};" + (" font-weight: bold;" if word else ""))
        line.setAccessibleName(f"Baseline of the {role.value}")

    def _end(self) -> None:
        if self.code is not None and self._press is not None:
            self._press(self.code)

    def text(self) -> str:
        """Return what it says, "" while it is hidden."""
        if self.isHidden():
            return ""
        said = (self.title.text(), self.clock.text(), *(line.whole for line in self.lines.values()))
        return " · ".join(t for t in said if t)


def _goes(state: BaselineState, moment: float, grows: bool) -> bool:
    """Tell whether a baseline is to be shown; of a recording that is over, only what was said of it."""
    fresh = not math.isnan(state.ended) and moment - state.ended <= STAYS
    if not grows:
        return state.kind in WORDS and fresh
    return state.kind == "running" or (state.kind != "none" and fresh)


def _rank(state: BaselineState) -> int:
    return ORDER.index(state.kind) if state.kind in ORDER else len(ORDER)


class _Elided(QLabel):
    """Show as much of a text as there is room for, and all of it on hover."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, text: str) -> None:
        """Show another text."""
        self.whole = text
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self._fit()

    def _fit(self) -> None:
        fits = self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, self.width())
        if fits != self.text():
            self.setText(fits)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

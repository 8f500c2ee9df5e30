"""What stands around the signal of the correction editor: who, why, which signal, places, effect, buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from acquisition.events.corrected import ByHand
from acquisition.events.corrections import REASONS
from processing.results.corrected import said
from viewer.chooser import Chooser
from viewer.commands import key_of
from viewer.corrections.bench import Value
from viewer.corrections.look import PAGES
from viewer.corrections.places import Place
from viewer.model.definitions import NOTICE
from viewer.model.event_rows import fine_clock
from viewer.review.bar import box, button
from viewer.theme import Theme

SIGNAL_NAMES = {"heart": "heart", "skin": "skin"}
ACTS = (
    ("insert", "Insert", "Place a beat at the R wave near the cursor; with Alt exactly there"),
    ("move", "Move here", "Put the chosen beat at the R wave near the cursor; with Alt exactly there"),
    ("delete", "Delete", "Take the chosen beat out: its two intervals become one"),
    ("reject", "Reject", "Void both intervals of the chosen beat; of the skin, take the response out"),
    ("mark", "Mark", "Begin a stretch that is no signal, and end it"),
    ("accept", "Accept", "Begin a stretch that counts whatever the gates say, and end it"),
    ("clear", "Clear", "Take the stretch at the cursor back"),
    ("restore", "As detected", "Take back what was done to the chosen beat"),
    ("keep", "Right as it is", "Note that the doubtful place was looked at, and go to the next"),
    ("undo", "Undo", "Take back your last act, also one of an earlier day"),
    ("redo", "Redo", "Do the last act again that was undone"),
)
SIDE = 236
"""Width of the list of places [px]."""
HELP = "F1 lists all keys"


class CorrectionFrame:
    """Hold buttons, boxes and lists; what they do is connected by the page.

    Parameters
    ----------
    people : dict of str to str
        Role → how the person is called.
    """

    def __init__(self, theme: Theme, title: str, people: dict[str, str]) -> None:
        self._theme = theme
        self.listens = True
        """Whether a chosen row was chosen by somebody, and not by the page itself."""
        self.title = QLabel(title)
        self.title.setStyleSheet("font-size: 14px; font-weight: bold;")
        self.signals = {
            (role, part): _toggle(f"{name} · {SIGNAL_NAMES[part]}", "Correct this signal (Tab, S)")
            for role, name in people.items()
            for part in SIGNAL_NAMES
        }
        self.lengths = [_toggle(f"{seconds:g} s", "Length of the page (Ctrl++, Ctrl+−)") for seconds in PAGES]
        self.show_length(PAGES[1])
        self.who = box(
            "R2", "Who corrects", f"Your code, such as R2; never a name ({_key('correct_who')})", 64
        )
        self.why = Chooser(theme)
        self.why.setEditable(True)
        self.why.setAccessibleName("Why")
        self.why.setToolTip("Stored with each correction; Ctrl and a digit choose")
        self.why.setMinimumWidth(170)
        self.close_button = button("Close  Esc", "Back to the review")
        self.acts = {
            name: button(f"{text}  {_key(f'correct_{name}')}".strip(), hover) for name, text, hover in ACTS
        }
        self.effect, self.counts, self.left = QLabel(), QLabel(), QLabel()
        for label in (self.effect, self.counts, self.left):
            label.setWordWrap(True)
        self.effect.setStyleSheet("font-size: 13px;")
        self.left.setStyleSheet("font-weight: bold;")
        self.counts.setStyleSheet(f"color: {theme.dim};")
        self.places: QListWidget = QListWidget()
        self.places.setAccessibleName("Doubtful places")
        self.places.setUniformItemSizes(True)
        self.message = QLabel()
        self.message.setMinimumHeight(18)

    def lay_out(self, column: QBoxLayout, plots: Sequence[QWidget]) -> None:
        """Put everything in its place, the plots in the middle."""
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addSpacing(6)
        left: list[QWidget] = [*self.signals.values(), *self.lengths]
        right: list[QWidget] = [QLabel("Who"), self.who, QLabel("Why"), self.why, self.close_button]
        for part in left:
            head.addWidget(part)
        head.addStretch(1)
        for part in right:
            head.addWidget(part)
        column.addLayout(head)
        middle, drawn, side = QHBoxLayout(), QVBoxLayout(), QVBoxLayout()
        for plot, share in zip(plots, (10, 4, 0), strict=True):
            drawn.addWidget(plot, share)
        for label in (self.effect, self.counts, self.left):
            side.addWidget(label)
        side.addWidget(self.places, 1)
        holder = QWidget()
        holder.setLayout(side)
        holder.setFixedWidth(SIDE)
        side.setContentsMargins(4, 0, 0, 0)
        middle.addLayout(drawn, 1)
        middle.addWidget(holder)
        column.addLayout(middle, 1)
        row = QHBoxLayout()
        row.setSpacing(4)
        for act in self.acts.values():
            act.setStyleSheet("padding: 4px 6px;")
            row.addWidget(act)
        row.addStretch(1)
        column.addLayout(row)
        foot = QHBoxLayout()
        foot.addWidget(self.message, 1)
        foot.addWidget(_dim(f"{HELP}   {NOTICE.split('.')[0]}.", self._theme))
        column.addLayout(foot)

    def say(self, text: str, *, failed: bool) -> None:
        """Show what became of the last act."""
        colour = self._theme.alert if failed else self._theme.text
        self.message.setStyleSheet(f"color: {colour};" + ("font-weight: bold;" if failed else ""))
        self.message.setText(text)

    def show_length(self, seconds: float) -> None:
        """Show which length the page has."""
        for length, part in zip(PAGES, self.lengths, strict=True):
            part.setChecked(length == seconds)

    def show_signals(self, keys: Sequence[tuple[str, str]], now: tuple[str, str]) -> None:
        """Show which signals there are, and which is corrected."""
        for key, part in self.signals.items():
            part.setVisible(key in keys)
            part.setChecked(key == now)
        for name in ("insert", "move", "delete"):
            self.acts[name].setEnabled(now[1] == "heart")

    def show_reasons(self, kind: str) -> None:
        """List the reasons of a kind of signal."""
        reasons = REASONS["heart" if kind == "heart" else "skin"]
        self.why.clear()
        self.why.addItem("")
        for k, reason in enumerate(reasons, 1):
            self.why.addItem(f"{k}  {reason}", reason)

    def choose_reason(self, k: int) -> None:
        """Choose a reason by its number."""
        if 0 <= k < self.why.count():
            self.why.setCurrentIndex(k)

    def reason_in(self, text: str) -> str:
        """Return the reason that a text of the box stands for: one of the list, or what was typed."""
        k = self.why.findText(text)
        return str(self.why.itemData(k) or "") if k >= 0 else text.strip()

    def show_places(self, places: Sequence[Place], done: Sequence[bool]) -> None:
        """List the doubtful places, with those that are done ticked, and count them."""
        with self._silent():
            row = self.places.currentRow()
            texts = [
                f"{'✓' if d else '·'}  {fine_clock(p.time)}  {p.why}"
                for p, d in zip(places, done, strict=True)
            ]
            if self.places.count() == len(texts):
                for k, text in enumerate(texts):
                    if self.places.item(k).text() != text:
                        self.places.item(k).setText(text)
            else:
                self.places.clear()
                self.places.addItems(texts)
                row = -1
            self.places.setCurrentRow(row)
        self.left.setText(f"{sum(done)} of {len(places)} doubtful places done")

    def choose_place(self, k: int) -> None:
        """Show which place of the list one is at."""
        with self._silent():
            self.places.setCurrentRow(k)

    @contextmanager
    def _silent(self) -> Iterator[None]:
        self.listens, before = False, self.listens
        try:
            yield
        finally:
            self.listens = before

    def show_counts(self, by_hand: ByHand, who: str) -> None:
        """Say how much was corrected in this signal."""
        self.counts.setText(f"{who or 'nobody'}: {said([by_hand])}")

    def show_rmssd(self, before: Value, after: Value, window: float, *, stale: bool) -> None:
        """Show RMSSD of a window [s] around the cursor, as detected and as corrected."""
        late = "…" if stale else _number(after.value, "ms")
        reason = before.reason if stale or before.reason == after.reason else after.reason or before.reason
        why = f"\n({reason})" if reason else ""
        self.effect.setText(
            f"RMSSD, {window:g} s around the cursor:\n{_number(before.value, 'ms')}  →  {late}{why}"
        )

    def show_rate(self, before: float, after: float) -> None:
        """Show the responses of the minute around the cursor, as detected and as corrected [1/min]."""
        rates = f"{_number(before, '/min')}  →  {_number(after, '/min')}"
        self.effect.setText(f"Responses, 60 s around the cursor:\n{rates}")


def _number(value: float, unit: str) -> str:
    return f"{value:.1f} {unit}" if value == value else "no value"


def _key(name: str) -> str:
    return key_of(name, "corrections")


def _toggle(text: str, hover: str) -> QPushButton:
    made = button(text, hover)
    made.setCheckable(True)
    return made


def _dim(text: str, theme: Theme) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet(f"color: {theme.dim}; font-size: 11px;")
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return label

"""Bar of a review: play at a speed, who edits and why, and the event that is added at the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from acquisition.events.vocabulary import ACTORS, Code
from viewer.chooser import Chooser
from viewer.commands import key_of
from viewer.lanes.header import font
from viewer.model.markers import label_of
from viewer.model.wording import forbidden
from viewer.theme import Theme

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
OWN = "actor of the code"


def button(text: str, hover: str) -> QPushButton:
    """Return a button that leaves the focus where it is."""
    made = QPushButton(text)
    made.setToolTip(hover)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


def box(placeholder: str, name: str, hover: str, width: int = 0) -> QLineEdit:
    """Return a box to type into; without a width it takes what is free."""
    made = QLineEdit()
    made.setPlaceholderText(placeholder)
    made.setAccessibleName(name)
    made.setToolTip(hover)
    if width:
        made.setFixedWidth(width)
    return made


def speed_box(theme: Theme, speeds: Sequence[float]) -> Chooser:
    """Return a box to choose how fast the cursor runs; it leaves the focus where it is."""
    made = Chooser(theme)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setToolTip("Speed of playing (+ and −)")
    made.setAccessibleName("Speed of playing")
    for speed in speeds:
        made.addItem(f"× {speed:g}", speed)
    return made


def time_label(theme: Theme) -> QLabel:
    """Return what shows where the cursor is."""
    made = QLabel("0:00:00.0")
    made.setFont(font(15, bold=True))
    made.setStyleSheet(f"color: {theme.text}; font-size: 15px; font-weight: bold;")
    made.setMinimumWidth(92)
    return made


class ReviewBar(QWidget):
    """Hold the buttons and boxes of a review; what they do is connected by whoever owns it."""

    def __init__(self, theme: Theme, codes: Sequence[Code]) -> None:
        super().__init__()
        self._theme = theme
        self.back = button("◀  [", "Previous event ([)")
        self.play = button("Play", "Let the cursor run, or stop it (Space)")
        self.on = button("]  ▶", "Next event (])")
        self.play.setFixedWidth(70)
        self.speed = speed_box(theme, SPEEDS)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.time = time_label(theme)
        self.time.setToolTip("The cursor: numbers, gauges and chips speak of this moment")
        self.who = box("R2", "Who edits", "Code of whoever edits, such as R2; never a name", 64)
        self.why = box(
            "why (needed to change what was recorded)", "Why", "Stays until changed; stored with each edit"
        )
        self.why_label = QLabel("Why")
        self.undo = button(
            f"Undo  {_key('undo_edit')}", "Take back your own last edit, also one of an earlier day"
        )
        self.cued = button(
            "Cued review…", f"About 16 moments for the client to say how each was ({_key('cued')})"
        )
        self.joint = button("Joint replay…", f"For client and therapist together ({_key('joint')})")
        self.beats = button(
            "Correct beats…", f"Insert, move, delete beats, mark artefacts ({_key('corrections')})"
        )
        self.video = button(f"Video  {_key('video')}", "Open the video that is linked, or close it")
        self.video.hide()
        self._make_adding(codes)
        self.count = QLabel()
        self.count.setStyleSheet(f"color: {theme.dim};")
        self._lay_out()

    def _make_adding(self, codes: Sequence[Code]) -> None:
        self.code = _searched(Chooser(self._theme))
        self.code.setAccessibleName("Event to add")
        self.code.setToolTip("Type a part of the name")
        self.code.setMinimumWidth(180)
        for code in codes:
            key = f"  ({code.hotkey.upper()})" if len(code.hotkey) == 1 else ""
            self.code.addItem(label_of(code.code) + key, code.code)
            hover = "" if forbidden(code.meaning) else code.meaning
            self.code.setItemData(self.code.count() - 1, hover, Qt.ItemDataRole.ToolTipRole)
        self.actor = Chooser(self._theme)
        self.actor.setAccessibleName("Actor")
        self.actor.addItem(OWN, "")
        for actor in ACTORS:
            if actor != "any":
                self.actor.addItem(actor, actor)
        self.value = box("value", "Value", "As the vocabulary allows for this event", 80)
        self.note = box("note", "Note", "Free text; never a name")
        self.add = button(
            f"Add at cursor  {_key('add')}", "Add the event; an interval begins, and ends with the next"
        )
        self.keys = QCheckBox("Keys mark")
        self.keys.setToolTip("The keys of the vocabulary add their event at the cursor")
        self.keys.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.filter = box(
            f"filter ({_key('filter')})", "Filter", "Only events that hold each of these words", 150
        )
        self.filter.setClearButtonEnabled(True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 4)
        column.setSpacing(4)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(6)
        left: tuple[QWidget, ...] = (self.back, self.play, self.on, self.speed, self.time)
        for widget in (*left, QLabel("Who"), self.who):
            first.addWidget(widget)
        first.addStretch(1)
        first.addWidget(self.why_label)
        first.addWidget(self.why, 100)
        for widget in (self.undo, self.video, self.beats, self.cued, self.joint):
            first.addWidget(widget)
        for part in (self.code, self.actor, self.value, self.note, self.add, self.keys, self.filter):
            second.addWidget(part)
        second.addWidget(self.count)
        second.setStretchFactor(self.note, 1)
        column.addLayout(first)
        column.addLayout(second)

    def step_speed(self, by: int) -> None:
        """Choose the next faster or slower speed."""
        self.speed.setCurrentIndex(min(max(self.speed.currentIndex() + by, 0), len(SPEEDS) - 1))

    @property
    def chosen_code(self) -> str:
        """Return the code that is chosen or typed in full; "" if it is none."""
        text = self.code.currentText().strip().casefold()
        for k in range(self.code.count()):
            if text in (self.code.itemText(k).casefold(), label_of(self.code.itemData(k)).casefold()):
                return str(self.code.itemData(k))
            if text == self.code.itemData(k):
                return text
        return ""


def _searched(combo: QComboBox) -> QComboBox:
    """Let a list be searched by any part of its texts."""
    combo.setEditable(True)
    combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    completer = QCompleter(combo.model(), combo)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    combo.setCompleter(completer)
    return combo


def _key(name: str) -> str:
    return key_of(name, "review")

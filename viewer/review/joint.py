"""Joint replay: client and therapist look at the hour together, each seeing only what both agreed to show.

A person's lines are there when their consent to see own values is in the session file and they have said so
here, with their own button; either may take it back at once. Nothing is shown at first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QWidget

from acquisition.event import Event
from acquisition.events.vocabulary import PAUSE, Vocabulary
from acquisition.stream import PEOPLE, Role
from viewer.commands import key_of
from viewer.model.model import SessionModel
from viewer.theme import Theme

GROUPS = ("structure", "consent and rights", "self report", "change moments")
"""Groups of codes whose events are shown: none in which one person judges the other."""
HIDDEN = ("note",)
"""Free text may hold what was not meant for both."""
NOBODY = "Nothing of a person is shown. Each shows their own lines with their own button above."


def may_show(model: SessionModel, role: Role) -> bool:
    """Tell whether a person's consent lets their own values be shown to them."""
    return role.value in model.facts.views


def shared_events(events: Mapping[str, Event], vocabulary: Vocabulary, people: frozenset[str]) -> list[Event]:
    """Return the events that both may see: none of a person who shows nothing, none that judge somebody."""
    out = []
    for event in events.values():
        code = vocabulary.codes.get(event.code)
        own = event.actor not in ("client", "therapist") or event.actor in people
        pause = event.code == PAUSE
        if code is not None and code.group in GROUPS and code.code not in HIDDEN and (own or pause):
            out.append(event)
    return sorted(out, key=lambda e: e.onset)


class JointBar(QWidget):
    """Hold a button for each person and the way back."""

    def __init__(
        self,
        model: SessionModel,
        theme: Theme,
        shown: frozenset[str],
        change: Callable[[str, bool], object],
        leave: Callable[[], object],
    ) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 2)
        row.setSpacing(18)
        title = QLabel("Joint replay")
        title.setStyleSheet(f"color: {theme.text}; font-size: 15px; font-weight: bold;")
        row.addWidget(title)
        self.boxes: dict[str, QCheckBox] = {}
        for role in PEOPLE:
            key = key_of(f"show_{role.value}", "joint")
            box = QCheckBox(f"{role.value.capitalize()} {model.facts.code(role)}: show my lines  {key}")
            box.setChecked(role.value in shown)
            box.setEnabled(may_show(model, role))
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.setToolTip(
                "To be pressed by the person whose lines they are; it may be taken back at any time"
            )
            box.toggled.connect(lambda on, r=role.value: change(r, on))
            self.boxes[role.value] = box
            row.addWidget(box)
        self.why = QLabel(why_not(model, shown))
        self.why.setStyleSheet(f"color: {theme.dim};")
        row.addWidget(self.why, 1)
        self.close_button = QPushButton("Close  Esc")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.close_button.clicked.connect(lambda: leave())
        row.addWidget(self.close_button)


def why_not(model: SessionModel, shown: frozenset[str]) -> str:
    """Return in words of whom nothing is shown, and why."""
    parts = [
        f"nothing of the {r.value} is shown: no consent to see own values (view = true)"
        for r in PEOPLE
        if not may_show(model, r)
    ]
    if not parts and not shown:
        parts.append("nothing of a person is shown until they press their button")
    elif not parts and len(shown) == 1:
        parts.append("what belongs to both is shown when both are")
    return "; ".join(parts)

"""Devices that change hands: what the technician is asked before client and therapist exchange theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from acquisition.recorder.assigning import KINDS
from acquisition.stream import Modality

EVERY = "all devices"


class Swap(NamedTuple):
    """Say since when, and which kinds of device; all without any."""

    since: str
    only: tuple[str, ...]


class SwapDialog(QDialog):
    """Ask which devices were on the wrong person, and since when.

    Parameters
    ----------
    there : iterable of Modality
        What is recorded of the two people.
    """

    def __init__(self, parent: QWidget, there: Iterable[Modality]) -> None:
        super().__init__(parent)
        present = set(there)
        self.setWindowTitle("Client ⇄ therapist")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Which devices")
        self.kind.addItems([EVERY, *(kind for kind, of in KINDS.items() if present.intersection(of))])
        self.now = QRadioButton("from now: they have just changed hands")
        self.start = QRadioButton("from the start: they were on the wrong person all along")
        self.now.setChecked(True)
        group = QButtonGroup(self)
        said = QLabel(
            "The client's devices become the therapist's, and the therapist's the client's. What was stored "
            "stays as it is; every reader is told whose it is. Ctrl+Z takes it back."
        )
        said.setWordWrap(True)
        buttons = QDialogButtonBox()
        self.swap = buttons.addButton("Exchange devices", QDialogButtonBox.ButtonRole.AcceptRole)
        back = buttons.addButton("Back", QDialogButtonBox.ButtonRole.RejectRole)
        back.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(said)
        column.addWidget(self.kind)
        for radio in (self.now, self.start):
            group.addButton(radio)
            column.addWidget(radio)
        column.addWidget(buttons)
        self.setMinimumWidth(420)

    def answer(self) -> Swap:
        """Return what was chosen."""
        kind = self.kind.currentText()
        return Swap("start" if self.start.isChecked() else "now", () if kind == EVERY else (kind,))


def ask_swap(parent: QWidget, there: Iterable[Modality]) -> Swap | None:
    """Ask which devices change hands, and since when; None if none."""
    dialog = SwapDialog(parent, there)
    return dialog.answer() if dialog.exec() else None

"""A device in the place of another: what the technician is asked, and which devices are near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from acquisition.devices.nearby import Found
from acquisition.session.profile import shipped
from acquisition.stream import PEOPLE
from viewer.setup.device_probe import DeviceProbe

KNOWN_BY = {"address": "Bluetooth address", "source_id": "source id of its stream", "name": "name"}
"""What tells a device from others: key of a session file → words."""
SAID = (
    "The new device measures in the place of the one that measures the same, once it is open; until then "
    "that one goes on, and the recording does not stop. Ctrl+Z takes it back."
)


class Replacement(NamedTuple):
    """Say whose device is replaced, by one of which profile, and what that is known by."""

    role: str
    profile: str
    known: dict[str, str]


class ReplaceDialog(QDialog):
    """Ask whose device is replaced, and by which one of those that are near, or by one that is typed.

    Parameters
    ----------
    probe : DeviceProbe, optional
        Looks for devices in a process of its own.
    """

    def __init__(self, parent: QWidget, probe: DeviceProbe | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Replace a device")
        self.probe = probe or DeviceProbe(self)
        self.person, self.profile, self.key = QComboBox(), QComboBox(), QComboBox()
        self.near, self.identity, self.state = QListWidget(), QLineEdit(), QLabel()
        self.look = QPushButton("Look again")
        self._found: list[Found] = []
        buttons = QDialogButtonBox()
        self.replace = buttons.addButton("Replace the device", QDialogButtonBox.ButtonRole.AcceptRole)
        back = buttons.addButton("Back", QDialogButtonBox.ButtonRole.RejectRole)
        back.setDefault(True)
        self._fill()
        self._lay_out(buttons)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.near.currentRowChanged.connect(self._choose)
        self.identity.textChanged.connect(self._check)
        self.look.clicked.connect(self.scan)
        self.probe.found.connect(self.show_found)
        self.probe.said.connect(self.state.setText)
        self.finished.connect(lambda _: self.probe.stop())
        self._check()

    def _fill(self) -> None:
        for role in PEOPLE:
            self.person.addItem(role.value.capitalize(), role.value)
        for key, words in KNOWN_BY.items():
            self.key.addItem(words, key)
        self.profile.addItems([name for name in shipped() if name != "simulated"])
        named = {
            self.person: "Whose device", self.profile: "Profile", self.key: "Known by",
            self.near: "Devices that are near", self.identity: "Address, source id or name",
        }  # fmt: skip
        for part, name in named.items():
            part.setAccessibleName(name)
        self.near.setMinimumHeight(120)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        said = QLabel(SAID)
        said.setWordWrap(True)
        self.state.setWordWrap(True)
        known = QHBoxLayout()
        known.addWidget(self.key)
        known.addWidget(self.identity, 1)
        looked = QHBoxLayout()
        looked.addWidget(self.state, 1)
        looked.addWidget(self.look)
        form = QFormLayout()
        form.addRow("Whose", self.person)
        form.addRow("Near", self.near)
        form.addRow("", looked)
        form.addRow("Profile", self.profile)
        form.addRow("Known by", known)
        column = QVBoxLayout(self)
        column.addWidget(said)
        column.addLayout(form)
        column.addWidget(buttons)
        self.setMinimumWidth(520)

    def scan(self) -> None:
        """Look for devices that are near; those that were found stay to be chosen meanwhile."""
        self.state.setText("looking for devices …")
        self.look.setEnabled(False)
        self.probe.scan()

    def show_found(self, found: Sequence[Found]) -> None:
        """List what is near."""
        self._found = [one for one in found if one.identity or one.name]
        self.near.clear()
        for one in self._found:
            self.near.addItem(
                f"{one.name or 'unnamed'} · {one.identity} · {one.profile or 'no profile fits'}"
            )
        self.state.setText("" if self._found else "nothing is near; it can be typed below")
        self.look.setEnabled(True)

    def _choose(self, row: int) -> None:
        if not 0 <= row < len(self._found):
            return
        one = self._found[row]
        key = "name" if not one.identity else "address" if one.kind == "ble" else "source_id"
        self.key.setCurrentIndex(self.key.findData(key))
        self.identity.setText(one.identity or one.name)
        if one.profile:
            self.profile.setCurrentText(one.profile)

    def _check(self) -> None:
        self.replace.setEnabled(bool(self.identity.text().strip()))

    def answer(self) -> Replacement:
        """Return what was chosen."""
        known = {str(self.key.currentData()): self.identity.text().strip()}
        return Replacement(str(self.person.currentData()), self.profile.currentText(), known)


def ask_replacement(parent: QWidget) -> Replacement | None:
    """Ask which device takes the place of which; None if none."""
    dialog = ReplaceDialog(parent)
    dialog.scan()
    return dialog.answer() if dialog.exec() else None

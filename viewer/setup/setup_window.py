"""Set-up before a recording: which devices are near, on whom they are, whether the session could begin."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from acquisition.errors import AttunementError
from acquisition.protection.private_page import PrivatePage, place_of
from acquisition.session.devices import write_devices
from acquisition.session.hearts import lopsided, with_definitions
from acquisition.session.session import Device
from acquisition.session.toml import dump_session, load_session
from acquisition.stream import PEOPLE
from acquisition.text import how_many
from viewer import settings as persistence
from viewer.model.definitions import NOTICE
from viewer.setup.assignment import candidates, carried, devices_of, memory, senders, verdict_of
from viewer.setup.consent_text import consent_lines
from viewer.setup.device_probe import COMMAND, DeviceProbe
from viewer.setup.device_rows import HEADS, DeviceRow
from viewer.setup.doubts import ask_begin
from viewer.setup.finding_list import FindingList
from viewer.setup.self_check import SelfCheck
from viewer.style import style_sheet
from viewer.theme import THEMES

BUSY = {
    "scan": "looking for devices …",
    "identify": "opening the devices …",
    "check": "checking: devices, signals, consent, disk, clock; this takes up to half a minute …",
}


class SetUpWindow(QWidget):
    """Let the technician find devices, say who wears them, and check the session before it begins.

    Parameters
    ----------
    path : Path
        The session file; it is changed only when asked to.
    out : Path or None
        Parent of the recording, for the free space.
    kept : QSettings
        Where the assignment of last time is.
    command : sequence of str
        What runs the `devices` commands.
    """

    begin_asked = Signal()
    """The session file is written, the devices are free, and the recording is to begin."""

    def __init__(
        self, path: Path, *, kept: QSettings, out: Path | None = None, command: Sequence[str] = COMMAND
    ) -> None:
        super().__init__()
        self.path, self._kept = path, kept
        self.session = load_session(path)
        self._out = out or Path(self.session.recording.directory)
        self.emulated = any(d.settings.get("emulated") for d in self.session.devices)
        self._theme = THEMES[persistence.load(kept).theme]
        self._scratch = tempfile.TemporaryDirectory(prefix="attunement-set-up-")
        self.rows: list[DeviceRow] = []
        self.probe = DeviceProbe(self, command)
        self.probe.found.connect(self._found)
        self.probe.moved.connect(self._moved)
        self.probe.came.connect(self._came)
        self.probe.judged.connect(self._judged)
        self.probe.listening.connect(
            lambda n: self._say(f"listening to {how_many(n, 'stream')}: tap one sensor at a time")
        )
        self.probe.checked.connect(self._checked)
        self.probe.said.connect(self._heard)
        self.probe.changed.connect(self._show_running)
        self.setWindowTitle(f"Attunement — set-up of {self.session.id}")
        self.setStyleSheet(style_sheet(self._theme))
        self.resize(QSize(1180, 860).boundedTo(self.screen().availableSize() - QSize(8, 34)))
        self._build()
        self._show(candidates([], self._worn(), self._remembered()))

    def _worn(self) -> list[Device]:
        return [d for d in self.session.devices if d.role in PEOPLE]

    def _remembered(self) -> dict[str, str]:
        return persistence.remembered(self._kept)

    def _build(self) -> None:
        self.look = _button("Look again", "Look for Bluetooth devices and LSL streams (Ctrl+R)", self.scan)
        self.tap = _button(
            "Identify by tap", "Shows which stream reacts to a tap; nothing is recorded", self.identify
        )
        self.test = _button(
            "Check", "Whether the session could begin: devices, signals, disk, clock", self.check
        )
        self.save = _button("Save", "Write the devices into the session file (Ctrl+S)", self.write)
        self.private = _button(
            "Self-check…",
            "For the therapist, in private: four questions; kept only if they seal it to themselves",
            self.self_check,
        )
        self.self_check_page: SelfCheck | None = None
        self.begin = _button("Begin recording", "Save, let go of the devices, and record", self.start)
        self.status, self.message = QLabel(), QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setAccessibleName("What the set-up does")
        self.findings = FindingList(self._theme)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(6, 1)
        for column, head in enumerate(HEADS):
            self._grid.addWidget(self._dim(head), 0, (1, 2, 4, 5, 6)[column])
        self._lay_out()
        for keys, action in (("Ctrl+R", self.scan), ("Ctrl+S", self.write), ("Esc", self.probe.stop)):
            QShortcut(QKeySequence(keys), self).activated.connect(action)

    def _lay_out(self) -> None:
        inner, scroll = QWidget(), QScrollArea()
        column = QVBoxLayout(inner)
        column.setSpacing(8)
        column.addWidget(self._title("Devices"))
        column.addLayout(self._grid)
        column.addWidget(self._title("Consent"))
        for line in consent_lines(self.session):
            column.addWidget(self._dim(line))
        column.addWidget(self._title("Check"))
        column.addWidget(self.findings)
        column.addWidget(self._title("Baseline"))
        column.addWidget(
            self._dim("Taken once the recording runs: F2 in its window shows the countdown and the verdict.")
        )
        column.addStretch(1)
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        outer, first, last = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        for button in (self.look, self.tap, self.test):
            first.addWidget(button)
        first.addWidget(self.status, 1)
        last.addWidget(self._dim(NOTICE), 1)
        last.addWidget(self.private)
        last.addWidget(self.save)
        last.addWidget(self.begin)
        self.message.hide()
        outer.addLayout(first)
        outer.addWidget(self.message)
        outer.addWidget(scroll, 1)
        outer.addLayout(last)

    def _title(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setStyleSheet("font-size: 14px; font-weight: bold; padding-top: 6px;")
        label.setIndent(0)  # flush with what stands below it
        return label

    def _dim(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(len(text) > 60)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setStyleSheet(f"color: {self._theme.dim}; font-size: 11px;")
        return label

    def _show(self, listed: list[Any]) -> None:
        for row in self.rows:
            for widget in row.widgets():
                self._grid.removeWidget(widget)
                widget.deleteLater()
        self.rows = [DeviceRow(c, self._theme, self._changed) for c in listed]
        for k, row in enumerate(self.rows):
            row.put(self._grid, 1 + 3 * k)
        self._changed()

    def _changed(self) -> None:
        """Forget what was checked before: it no longer holds."""
        self.findings.show_findings([])
        self._show_running()

    @property
    def devices(self) -> tuple[Device, ...]:
        """Return the devices as they are assigned now."""
        return devices_of([r.candidate for r in self.rows], self.session, emulated=self.emulated)

    def self_check(self) -> None:
        """Open the therapist's own page, always anew."""
        self.self_check_page = SelfCheck(self._theme, PrivatePage(place_of(self.session.therapist.code)))
        self.self_check_page.show()

    def scan(self) -> None:
        """Look for what is near."""
        self._forget()
        self.probe.scan(emulated=self.emulated)

    def identify(self) -> None:
        """Listen for taps, or stop listening."""
        if self.probe.running == "identify":
            self.probe.stop()
        else:
            for row in self.rows:
                row.forget()
            self._with_scratch(self.probe.identify)

    def check(self) -> None:
        """Check whether the session could begin with the devices as they are assigned now."""
        for row in self.rows:
            row.clear()
        self._with_scratch(lambda path: self.probe.check(path, self._out))

    def _with_scratch(self, then: Callable[[Path], None]) -> None:
        """Write the session as it would be to a file of its own, and use that."""
        self._forget()
        path = Path(self._scratch.name) / "session.toml"
        devices = tuple(self._absolute(d) for d in self.devices)
        path.write_text(dump_session(replace(self.session, devices=devices)), "utf-8")
        try:
            load_session(path)
        except AttunementError as error:
            self._heard(str(error).replace(str(path), self.path.name))
        else:
            then(path)

    def _absolute(self, device: Device) -> Device:
        """Return a device whose own profile is found from any folder."""
        if not device.profile.endswith(".toml"):
            return device
        return replace(device, profile=str((self.path.parent / device.profile).resolve()))

    def write(self) -> bool:
        """Write the devices into the session file, and remember them; tell whether that went well."""
        try:
            write_devices(self.path, self.devices)
        except (AttunementError, OSError) as error:
            self._heard(f"NOT SAVED: {error}")
            return False
        self.session = load_session(self.path)
        persistence.remember(self._kept, memory([r.candidate for r in self.rows], self._remembered()))
        self._say(f"saved: {self.path.name}, {how_many(len(self.session.devices), 'device')}")
        return True

    def start(self) -> None:
        """Save, let go of the devices, and ask for the recording; what is in doubt is asked first."""
        doubts = self.doubts()
        if (not doubts or ask_begin(self, doubts)) and self.write():
            self.probe.when_idle(self.begin_asked.emit)

    def _found(self, found: list[Any]) -> None:
        fresh = candidates(found, self._worn(), self._remembered())
        self._show(carried(fresh, [r.candidate for r in self.rows]))
        near = len(found)
        self._say(
            f"{near} near" if near else "nothing near: is it worn, switched on, not held by another app?"
        )

    def doubts(self) -> list[str]:
        """Return why the recording should not begin unasked: hearts on one person, what a check found."""
        doubt = lopsided(with_definitions(self.devices, self.path.parent))
        found = [f"{r.candidate.name}: {r.verdict[1]}" for r in self.rows if r.verdict and not r.verdict[0]]
        return [*([doubt] if doubt else []), *found]

    def _senders(self, said: dict[str, Any]) -> list[DeviceRow]:
        """Return the rows that a stream comes from."""
        named = senders([r.candidate for r in self.rows], said, emulated=self.emulated)
        return [r for r in self.rows if any(r.candidate is c for c in named)]

    def _came(self, said: dict[str, Any]) -> None:
        for row in self._senders(said):
            row.take(said)

    def _judged(self, said: dict[str, Any]) -> None:
        for row in self._senders(said):
            row.judge(said)

    def _moved(self, said: dict[str, Any]) -> None:
        at = time.strftime("%H:%M:%S")
        for row in self._senders(said):
            row.react(at)
        self._say(f"{said['role']}: {said['stream']} moves")

    def _checked(self, findings: list[Any]) -> None:
        self.findings.show_findings(findings)
        for row, device in zip(self._assigned(), self.devices, strict=False):
            row.verdict = verdict_of(device, findings)
            row.hold()
            row.show_state()
        faults = sum(not f["ok"] for f in findings)
        self._say("checked: the session could begin" if not faults else f"checked: {faults} need a look")

    def _assigned(self) -> list[DeviceRow]:
        return [r for r in self.rows if r.candidate.role and not r.candidate.fault]

    def _say(self, text: str) -> None:
        self.status.setText(text)
        self.status.setAccessibleDescription(text)

    def _heard(self, line: str) -> None:
        lines = [*self.message.text().splitlines(), *line.splitlines()]
        self.message.setText("\n".join(dict.fromkeys(lines[-6:])))
        self.message.setStyleSheet(f"color: {self._theme.alert};")
        self.message.show()

    def _forget(self) -> None:
        self.message.clear()
        self.message.hide()

    def _show_running(self) -> None:
        running = self.probe.running
        if running:
            self._say(BUSY[running])
        elif self.status.text() in BUSY.values():
            self._say("")
        assigned = bool(self._assigned())
        self.look.setEnabled(not running)
        self.test.setEnabled(not running and assigned)
        self.tap.setEnabled(running == "identify" or (not running and assigned))
        self.tap.setText("Stop identifying" if running == "identify" else "Identify by tap")
        self.begin.setEnabled(assigned)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.self_check_page is not None:
            self.self_check_page.close()
        self.probe.close()
        self._scratch.cleanup()
        super().closeEvent(event)


def _button(text: str, hover: str, action: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(hover)
    button.setAccessibleName(text)
    button.clicked.connect(lambda _=False: action())
    return button

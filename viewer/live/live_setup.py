"""Set-up beside a running recording: baselines with countdown and verdict, devices, taps, consent, disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from acquisition.batch import Batch
from acquisition.stream import PEOPLE, Role, StreamInfo
from acquisition.text import how_many
from viewer.live.baseline_panel import Badge, BaselinePanel
from viewer.live.live_tap import LiveTap
from viewer.model.model import SessionModel
from viewer.model.page import clock
from viewer.setup.device_rows import Moved
from viewer.status.device_state import DeviceState, device_states
from viewer.status.strip import size_text
from viewer.style import style_sheet
from viewer.theme import Theme

PERIOD = 500
"""Milliseconds between two looks."""
KEPT = 5
"""Taps that stay to be read, the newest first."""


class LiveSetUp(QWidget):
    """Show what the technician needs around a recording.

    Parameters
    ----------
    moment : callable
        Returns the moment that is shown [s since the first tick].
    disk : callable
        Returns the free space beside the recording [bytes]; nan where it is not known.
    press : callable or None
        Presses a marker by its code.
    hands : mapping, optional
        What may be done with devices: what its button says → what it does.
    """

    def __init__(
        self,
        model: SessionModel,
        theme: Theme,
        *,
        moment: Callable[[], float],
        disk: Callable[[], float],
        press: Callable[[str], None] | None,
        hands: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        super().__init__()
        self._model, self._theme, self._moment, self._disk = model, theme, moment, disk
        self._tap = LiveTap()
        self._taps: list[str] = []
        self.baselines = BaselinePanel(theme, press)
        self.tapped = QLabel("Tap one sensor at a time: the stream that reacts is marked.")
        self.tapped.setAccessibleName("Stream that reacts to a tap")
        self.machine, self.clock = QLabel(), QLabel()
        self.clock.setWordWrap(True)
        self.hands = {text: QPushButton(text) for text in hands or ()}
        for text, act in (hands or {}).items():
            self.hands[text].clicked.connect(act)
        self._devices = QGridLayout()
        self._rows: dict[tuple[Role, str], tuple[Moved, QLabel, QLabel]] = {}
        self.setWindowTitle(f"Attunement — set-up of {model.facts.id}")
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setStyleSheet(style_sheet(theme))
        self.resize(780, 640)
        self._lay_out()
        QShortcut(QKeySequence("Esc"), self).activated.connect(self.close)
        for code, key in (("baseline_rest", "F5"), ("baseline_talk", "F6")):
            if press is not None:
                QShortcut(QKeySequence(key), self).activated.connect(lambda c=code: press(c))
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(PERIOD)
        self.refresh()

    def _lay_out(self) -> None:
        inner, scroll = QWidget(), QScrollArea()
        column = QVBoxLayout(inner)
        column.setSpacing(8)
        column.addWidget(_title("Baselines"))
        column.addWidget(self.baselines)
        column.addWidget(_title("Devices"))
        self._devices.setHorizontalSpacing(10)
        self._devices.setVerticalSpacing(5)
        self._devices.setColumnStretch(3, 1)
        column.addLayout(self._devices)
        column.addWidget(self._dim(self.tapped))
        if self.hands:
            row = QHBoxLayout()
            for button in self.hands.values():
                row.addWidget(button)
            row.addStretch(1)
            column.addLayout(row)
        column.addWidget(_title("Consent"))
        for line in self._model.facts.consent or ("not in the recording",):
            column.addWidget(self._dim(QLabel(line)))
        column.addWidget(_title("Disk and clock"))
        column.addWidget(self.machine)
        column.addWidget(self.clock)
        column.addStretch(1)
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(scroll)

    def _dim(self, label: QLabel) -> QLabel:
        label.setWordWrap(True)
        label.setStyleSheet(f"color: {self._theme.dim};")
        return label

    def hear(self, batch: Batch) -> None:
        """Take in what was recorded, for taps."""
        if not self.isVisible():
            return
        for info in self._tap.hear(batch):
            if info.role not in self._model.paused:
                self._react(info)

    def _react(self, info: StreamInfo) -> None:
        said = f"{clock(self._moment())} {info.role}: {info.name} ({info.device}) moves"
        self._taps = [said, *self._taps][:KEPT]
        self.tapped.setText("\n".join(self._taps))
        row = self._rows.get((info.role, info.device or info.name))
        if row is not None:
            row[0].react()

    def refresh(self) -> None:
        """Look at everything anew."""
        model, moment = self._model, self._moment()
        self.baselines.show_model(model, moment)
        now = model.now + max(moment - model.elapsed, 0.0)
        for role in PEOPLE:
            for state in device_states(model, role, now):
                self._show_device(role, state)
        disk = self._disk()
        self.machine.setText("disk: not known" if math.isnan(disk) else f"disk: {size_text(disk)} free")
        jumps = [n for n in model.notices if n.kind == "clock"]
        last = f"; last: {jumps[-1].message}" if jumps else ""
        text = how_many(len(jumps), "jump") + last if jumps else "no jump since the start"
        self.clock.setText(f"clock: {text}")

    def _show_device(self, role: Role, state: DeviceState) -> None:
        key = role, state.device
        if key not in self._rows:
            row = len(self._rows)
            labels = Moved(self._theme), QLabel(), QLabel()
            labels[2].setWordWrap(True)
            self._devices.addWidget(labels[0], row, 0)
            self._devices.addWidget(Badge(role, self._theme), row, 1)
            self._devices.addWidget(labels[1], row, 2)
            self._devices.addWidget(labels[2], row, 3)
            self._rows[key] = labels
        _, name, words = self._rows[key]
        name.setText(f"{state.device} · {state.name}")
        facts = self._facts(role, state.device)
        words.setText(state.word + (f"; {facts}" if facts else ""))
        well = state.level in ("ok", "paused", "waiting")
        words.setStyleSheet(f"color: {self._theme.text if well else self._theme.alert};")
        self._rows[key][0].setAccessibleName(f"Tap of {role.value} {state.device}")

    def _facts(self, role: Role, device: str) -> str:
        """Return battery and signal strength as the device last told them."""
        names = {
            h.info.name
            for h in self._model.health.values()
            if h.info.role == role and h.info.device == device
        }
        told: dict[str, str] = {}
        for notice in self._model.notices:
            if notice.kind == "health" and notice.role == role and notice.stream in names:
                told |= _told(notice.message)
        return ", ".join(f"{k} {v}" for k, v in told.items())

    def closeEvent(self, event: QCloseEvent) -> None:
        self._tap = LiveTap()
        super().closeEvent(event)


def _told(message: str) -> dict[str, str]:
    """Return battery and signal strength from "connected (rssi …, battery 87 %)" or "battery 12 %"."""
    inner = message.partition("(")[2].rstrip(")") or message
    pairs = (part.strip().partition(" ") for part in inner.split(","))
    return {key: value for key, _, value in pairs if key in ("battery", "rssi") and value}


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet("font-size: 14px; font-weight: bold; padding-top: 6px;")
    label.setIndent(0)  # flush with what stands below it
    return label

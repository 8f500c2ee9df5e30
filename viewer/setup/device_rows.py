"""Rows of the set-up: one device each, with its signal strength, profile, person, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from acquisition.session.profile import shipped
from acquisition.stream import PEOPLE, Modality
from viewer.chooser import Chooser
from viewer.lanes.header import font
from viewer.setup.assignment import NOBODY, Candidate, strength
from viewer.setup.signal_strip import SHOWN, SignalStrip
from viewer.theme import Theme

HEADS = ("Device", "Signal", "Profile", "Person", "State")
BEATS = (Modality.RR, Modality.PPI)
MOVED = 2500
"""Milliseconds that a tapped row stays marked."""
HIDDEN = ("simulated", "wav_file", "microphone", "lsl_markers", "lsl_audio")
"""Profiles that no wearable has."""


class Bars(QWidget):
    """Show a signal strength as four bars."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._bars = theme, 0
        self.setFixedSize(26, 18)

    def show_bars(self, bars: int) -> None:
        """Show 0-4 bars."""
        self._bars = bars
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(26, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        for k in range(4):
            height = 4.0 + 3.5 * k
            painter.setBrush(QColor(self._theme.text if k < self._bars else self._theme.border))
            painter.drawRect(QRectF(2 + 6 * k, 16 - height, 4, height))
        painter.end()


class Moved(QWidget):
    """Show a disc for a while when a sensor was tapped, a dot in a ring from then on, a ring before."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.on = False
        self.taps = 0
        """How often it was tapped."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._rest)
        self.setFixedSize(16, 18)

    def react(self) -> None:
        """Show that it moved."""
        self.on = True
        self.taps += 1
        self.setAccessibleDescription("moves")
        self._timer.start(MOVED)
        self.update()

    def forget(self) -> None:
        """Show that it was not tapped."""
        self.taps = 0
        self._timer.stop()
        self._rest()

    def _rest(self) -> None:
        self.on = False
        self.setAccessibleDescription("was tapped" if self.taps else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self._theme.text if self.on else self._theme.dim))
        painter.setBrush(QColor(self._theme.text) if self.on else Qt.BrushStyle.NoBrush)
        size = 5 if self.on or self.taps else 3.5
        painter.drawEllipse(QPointF(8, 9), size, size)
        if self.taps and not self.on:
            painter.setBrush(QColor(self._theme.text))
            painter.drawEllipse(QPointF(8, 9), 2.2, 2.2)
        painter.end()


class DeviceRow:
    """Show a device in a row of a grid.

    Parameters
    ----------
    changed : callable
        Called when person or profile were chosen.
    """

    def __init__(self, candidate: Candidate, theme: Theme, changed: Callable[[], None]) -> None:
        self.candidate, self._theme, self._changed = candidate, theme, changed
        self.dot = Moved(theme)
        self.name = QLabel()
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.identity = QLabel()
        self.bars, self.signal = Bars(theme), QLabel()
        self.profile, self.person = Chooser(theme), Chooser(theme)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.verdict: tuple[bool, str] | None = None
        self.tapped = ""
        """When it was tapped last, as the clock on the wall says."""
        self.signals = QWidget()
        self.strips: dict[str, SignalStrip] = {}
        self._stack = QVBoxLayout(self.signals)
        self._stack.setContentsMargins(0, 0, 0, 6)
        self._stack.setSpacing(2)
        self._fill()
        self.show_state()

    def _fill(self) -> None:
        c, theme = self.candidate, self._theme
        self.name.setText(c.name)
        self.name.setFont(font(13, bold=True))
        self.name.setStyleSheet("font-size: 13px; font-weight: bold;")
        self.identity.setText(c.identity if c.identity != c.name else "")
        self.identity.setStyleSheet(f"color: {theme.dim}; font-size: 11px;")
        bars, words = strength(c.found.rssi if c.found else None)
        self.bars.show_bars(bars)
        self.signal.setText(words or {"lsl": "LSL stream", "": "not seen"}.get(c.kind, ""))
        for profile in ["", *(p for p in shipped() if p not in HIDDEN or p == c.profile)]:
            self.profile.addItem(profile or "choose…", profile)
        if c.profile and self.profile.findData(c.profile) < 0:
            self.profile.addItem(c.profile, c.profile)
        self.profile.setCurrentIndex(self.profile.findData(c.profile))
        for role in (NOBODY, *PEOPLE):
            self.person.addItem(str(role).capitalize() if role else "nobody", str(role))
        self.person.setCurrentIndex(self.person.findData(c.role))
        self._name_controls()
        self.profile.currentIndexChanged.connect(self._chosen)
        self.person.currentIndexChanged.connect(self._chosen)

    def _name_controls(self) -> None:
        who = f"{self.candidate.name} {self.candidate.identity}".strip()
        self.profile.setAccessibleName(f"Profile of {who}")
        self.person.setAccessibleName(f"Person who wears {who}")
        self.signal.setAccessibleName(f"Signal of {who}: {self.signal.text()}")
        self.dot.setAccessibleName(f"Tap of {who}")
        self.profile.setToolTip("What the device is: which streams it delivers, and which driver reads it")
        self.person.setToolTip("Who wears it; only what that person agreed to is recorded")
        self.dot.setToolTip("Filled while the sensor reacts to a tap")

    def _chosen(self) -> None:
        self.candidate = replace(
            self.candidate,
            role=str(self.person.currentData()),
            profile=str(self.profile.currentData()),
            remembered=False,
        )
        self.verdict = None
        self.clear()
        self.show_state()
        self._changed()

    def widgets(self) -> list[QWidget]:
        """Return its widgets, from left to right."""
        return [
            self.dot,
            self.name,
            self.identity,
            self.bars,
            self.signal,
            self.profile,
            self.person,
            self.state,
            self.signals,
        ]

    def put(self, grid: QGridLayout, row: int) -> None:
        """Put its widgets into three lines of a grid."""
        grid.addWidget(self.dot, row, 0)
        grid.addWidget(self.name, row, 1)
        grid.addWidget(self.identity, row + 1, 1, Qt.AlignmentFlag.AlignTop)
        if self.candidate.kind == "ble":
            grid.addWidget(self.bars, row, 2)
        grid.addWidget(self.signal, row, 3)
        grid.addWidget(self.profile, row, 4)
        grid.addWidget(self.person, row, 5)
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.state.setContentsMargins(0, 5, 0, 0)  # on one line with the choices beside it
        grid.addWidget(self.state, row, 6, 2, 1)
        grid.setRowMinimumHeight(row + 1, 20)
        grid.addWidget(self.signals, row + 2, 1, 1, 6)
        self.signals.hide()

    def react(self, at: str) -> None:
        """Show that its sensor was tapped at a time."""
        self.tapped = at
        self.dot.react()
        self.show_state()

    def forget(self) -> None:
        """Forget taps."""
        self.tapped = ""
        self.dot.forget()
        self.show_state()

    def take(self, said: Mapping[str, Any]) -> None:
        """Show what one of its streams sent."""
        modality, stream = Modality(str(said["modality"])), str(said["stream"])
        if modality not in SHOWN:
            return
        if modality in BEATS and any(s.modality is Modality.ECG for s in self.strips.values()):
            return  # its ECG shows the same heart, and more
        if stream not in self.strips:
            unit = said["unit"]
            strip = SignalStrip(stream, self.candidate.role, modality, str(unit), self._theme)
            self.strips[stream] = strip
            self._stack.addWidget(strip)
            if modality is Modality.ECG:
                self._drop([n for n, s in self.strips.items() if s.modality in BEATS])
            self.signals.show()
        self.strips[stream].take(said["times"], said["values"])

    def judge(self, said: Mapping[str, Any]) -> None:
        """Show how one of its streams does."""
        if (strip := self.strips.get(str(said["stream"]))) is not None:
            strip.judge(said)

    def hold(self) -> None:
        """Let what is drawn stand still."""
        for strip in self.strips.values():
            strip.hold()

    def clear(self) -> None:
        """Take the signals away."""
        self._drop(list(self.strips))
        self.signals.hide()

    def _drop(self, names: list[str]) -> None:
        for name in names:
            strip = self.strips.pop(name)
            self._stack.removeWidget(strip)
            strip.hide()
            strip.deleteLater()

    def show_state(self) -> None:
        """Show why it cannot be used, or what the check found, or where its person comes from."""
        c, colour = self.candidate, self._theme.dim
        if c.fault:
            text, colour = c.fault, self._theme.alert
        elif self.verdict is not None:
            ok, said = self.verdict
            text, colour = ("ok: " if ok else "look: ") + said, self._theme.text if ok else self._theme.alert
        elif c.found is None:
            text, colour = "in the session file, not seen now", self._theme.alert
        elif c.remembered:
            text = "person as last time"
        else:
            text = "in the session file" if c.device is not None else "new"
        self.state.setText(f"{text} · tapped {self.tapped}" if self.tapped else text)
        self.state.setStyleSheet(f"color: {colour};")

"""Top strip: recording or not, how long, which file, which devices, and how late the screen is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from acquisition.stream import PEOPLE, Role
from viewer.chooser import Chooser
from viewer.commands import key_of
from viewer.lanes.header import font
from viewer.model.facts import SessionFacts
from viewer.model.page import WHOLE, WINDOWS, clock
from viewer.status.chips import PersonChips
from viewer.status.device_state import DeviceState
from viewer.theme import Theme

BEHIND = 3.0
"""Latency that is no longer told in milliseconds [s]: the window catches up, or the recorder hangs."""
STATES = {"growing": "REC", "closed": "REVIEW", "cut": "CUT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StripFacts:
    """Say what the strip shows; nan where it is not known."""

    state: str
    elapsed: float
    file: str
    disk: float
    """Free space [bytes]."""
    streams: tuple[int, int]
    latency: float
    """Seconds from a sample's stamp to its pixel."""
    fault: str = ""
    """What stopped the screen, if anything did."""
    loading: str = ""
    """What is waited for, and how far it is."""


class Recording(QWidget):
    """Show a dot and a word: recording, reviewing, or a recording that was cut."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._state = theme, ""
        self.setFixedSize(72, 30)

    def show_state(self, state: str) -> None:
        """Show growing, closed or cut."""
        if state != self._state:
            self._state = state
            self.setAccessibleName(self.text())
            self.setFixedWidth(34 + QFontMetrics(font(14, bold=True)).horizontalAdvance(self.text()))
            self.update()

    def text(self) -> str:
        """Return the word."""
        return STATES.get(self._state, "")

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self._state == "growing"
        colour = QColor(self._theme.alert if on else self._theme.dim)
        painter.setPen(colour)
        painter.setBrush(colour if on else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(10, 15), 5.5, 5.5)
        painter.setFont(font(14, bold=True))
        painter.drawText(QRectF(23, 0, 80, 30), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class Strip(QWidget):
    """Show the state of the recording and its devices."""

    def __init__(self, facts: SessionFacts, theme: Theme, *, on_stop: Callable[[], None] | None) -> None:
        super().__init__()
        self.recording = Recording(theme)
        self.clock = _label("0:00:00", theme.text, 20, bold=True)
        self.file = _label("", theme.text, 13)
        self.disk = _label("", theme.dim, 12, "Free space on the disk of the recording")
        self.streams = _label("", theme.dim, 12, "Streams that speak, of those expected")
        self.latency = _label("", theme.dim, 12, "From the stamp of the newest raw sample to its pixel")
        self.chips = {role: PersonChips(role, facts.code(role), theme) for role in PEOPLE}
        self.length = Chooser(theme)
        self.length.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.length.setToolTip(f"Length of the time axis ({key_of('shorter')} and {key_of('longer')})")
        self.length.setAccessibleName("Length of the time axis")
        for seconds in WINDOWS:
            self.length.addItem(length_text(seconds), seconds)
        self.menu: QToolButton = QToolButton()
        self.menu.setText("View")
        self.menu.setToolTip("Lanes, synchrony, theme, set-up, figure (Alt+V)")
        self.menu.setAccessibleName("View menu")
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stop = QPushButton("Stop…")
        self.stop.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.stop.setToolTip(f"End the recording; asks first ({key_of('stop')})")
        self.stop.setAccessibleName("Stop recording")
        self.stop.setVisible(on_stop is not None)
        if on_stop is not None:
            self.stop.clicked.connect(on_stop)
        self._lay_out()
        self._theme = theme

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 4)
        column.setSpacing(2)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(self.recording)
        for label in (self.clock, self.file):
            first.addWidget(label)
            first.addSpacing(12)
        first.addStretch(1)
        for label in (self.latency, self.streams, self.disk):
            first.addWidget(label)
            first.addSpacing(14)
        first.addWidget(self.length)
        first.addWidget(self.menu)
        first.addWidget(self.stop)
        second.setSpacing(20)
        for role in PEOPLE:
            second.addWidget(self.chips[role])
        second.addStretch(1)
        column.addLayout(first)
        column.addLayout(second)

    def show_length(self, seconds: float) -> None:
        """Show the length of the time axis."""
        self.length.setCurrentIndex(self.length.findData(seconds))

    def show_facts(self, facts: StripFacts) -> None:
        """Show the state of the recording."""
        self.recording.show_state(facts.state)
        _put(self.clock, clock(facts.elapsed))
        _put(self.file, facts.file)
        _put(self.disk, "" if math.isnan(facts.disk) else f"disk {size_text(facts.disk)} free")
        _put(self.streams, f"streams {facts.streams[0]}/{facts.streams[1]}" if facts.streams[1] else "")
        live = facts.state == "growing" and math.isfinite(facts.latency)
        late = latency_text(facts.latency) if live else ""
        _put(self.latency, facts.fault or facts.loading or late)
        behind = bool(facts.fault) or (live and facts.latency > BEHIND)
        waits = bool(facts.loading) and not facts.fault
        colour = self._theme.text if waits else self._theme.alert if behind else self._theme.dim
        style = f"color: {colour}; font-size: 12px;" + "font-weight: bold;" * (behind or waits)
        if self.latency.styleSheet() != style:  # to set it costs as much as to draw a lane
            self.latency.setStyleSheet(style)

    def show_devices(self, states: dict[Role, list[DeviceState]]) -> None:
        """Show a chip for each device."""
        for role, chips in self.chips.items():
            chips.show_states(states.get(role, []))


def _label(text: str, colour: str, pixels: int, hover: str = "", *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setFont(font(pixels, bold=bold))
    label.setStyleSheet(f"color: {colour}; font-size: {pixels}px;" + ("font-weight: bold;" if bold else ""))
    label.setToolTip(hover)
    return label


def _put(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)


def latency_text(seconds: float) -> str:
    """Return how late the screen is: milliseconds, or how far it is behind the clock."""
    if seconds <= BEHIND:
        return f"latency {1000 * seconds:.0f} ms"
    return f"SCREEN {seconds:.0f} s BEHIND" if seconds < 120 else f"SCREEN {seconds / 60:.0f} min BEHIND"


def size_text(n: float) -> str:
    """Return bytes as GB or TB."""
    return f"{n / 1e9:.0f} GB" if n < 1e12 else f"{n / 1e12:.1f} TB"


def length_text(seconds: float) -> str:
    """Return the length of a page in words."""
    if seconds == WHOLE:
        return "whole session"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.0f} h"

"""Device probe: `attune devices scan`, `identify`, `check` in a child process: the window never waits."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from viewer.setup.assignment import found_of

COMMAND = (sys.executable, "-m", "viewer.cli")
LOG = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):")
"""What libraries write for programmers."""
GRACE = 15_000
"""Milliseconds that a child may take to let go of its devices before it is killed."""


class DeviceProbe(QObject):
    """Run one look at the devices at a time.

    Parameters
    ----------
    command : sequence of str
        What runs the `devices` commands.
    """

    found = Signal(list)
    """Devices and streams that are near: list of Found."""
    listening = Signal(int)
    """So many streams are heard: taps can begin."""
    moved = Signal(dict)
    """The stream that reacted to a tap: role, stream, device (its profile), sender."""
    came = Signal(dict)
    """What a stream sent while it is checked: as in `moved`, and modality, unit, times, values."""
    judged = Signal(dict)
    """How it does: as in `moved`, and ok, settled, text."""
    checked = Signal(list)
    """Findings of a check: list of dict with part, what, ok, text."""
    said = Signal(str)
    """A line that the child wrote for people."""
    changed = Signal()
    """A look has begun or ended."""

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._command = tuple(command)
        self._process: QProcess | None = None
        self._part = ""
        self._then: list[Any] = []
        self.running = ""
        """scan, identify or check; "" while nothing runs."""

    def scan(self, seconds: float = 6.0, *, emulated: bool = False) -> None:
        """Look for what is near."""
        self._start("scan", ["scan", "--seconds", f"{seconds:g}", "--json", *["--emulated"] * emulated])

    def identify(self, session: Path) -> None:
        """Listen for taps until told to stop."""
        self._start("identify", ["identify", str(session), "--seconds", "3600", "--json"])

    def check(self, session: Path, out: Path, seconds: float = 10.0) -> None:
        """Check whether a session could begin."""
        told = ["--seconds", f"{seconds:g}", "--json", "--follow"]
        self._start("check", ["check", str(session), "--out", str(out), *told])

    def stop(self) -> None:
        """End what runs; it lets go of its devices first."""
        process = self._process
        if process is None or process.state() == QProcess.ProcessState.NotRunning:
            return
        if sys.platform == "win32":
            process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.processId(), signal.SIGINT)
            QTimer.singleShot(GRACE, process, process.kill)

    def when_idle(self, then: Any) -> None:
        """Call a function once nothing runs any more: now, or after what runs was ended."""
        if not self.running:
            then()
            return
        self._then.append(then)
        self.stop()

    def _start(self, what: str, arguments: list[str]) -> None:
        if self.running:
            return
        process = QProcess(self)
        process.setProgram(self._command[0])
        process.setArguments([*self._command[1:], "devices", *arguments])
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._failed)
        self._process, self.running, self._part = process, what, ""
        process.start()
        self.changed.emit()

    def _read(self) -> None:
        if self._process is None:
            return
        lines = (
            self._part + bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        ).split("\n")
        self._part = lines.pop()
        for line in lines:
            self._take(line)

    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
            for line in text.splitlines():
                if line.strip() and not LOG.match(line):
                    self.said.emit(line.strip())

    def _take(self, line: str) -> None:
        try:
            value = json.loads(line)
            if self.running == "scan" and isinstance(value, list):
                self.found.emit(found_of(line))
            elif value.get("event") in ("moved", "signal", "contact"):
                told = {"moved": self.moved, "signal": self.came, "contact": self.judged}
                told[value["event"]].emit(value)
            elif self.running == "check":
                self.checked.emit(list(value["findings"]))
            elif value["event"] == "listening":
                for missing in value["missing"]:
                    self.said.emit(str(missing))
                self.listening.emit(len(value["streams"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            self.said.emit(line.strip())

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self.said.emit(f"cannot look for devices: {self._process.errorString()}")
            self._finished()

    def _finished(self, *_: object) -> None:
        self._read()
        if self._part.strip():
            self._take(self._part)
        process, self._process, self.running, self._part = self._process, None, "", ""
        if process is not None:
            process.deleteLater()
        then, self._then = self._then, []
        self.changed.emit()
        for call in then:
            call()

    def close(self, milliseconds: int = 3000) -> None:
        """End what runs and wait for it, but no longer than so."""
        process = self._process
        self.stop()
        if process is not None and not process.waitForFinished(milliseconds):
            process.kill()
            process.waitForFinished(milliseconds)

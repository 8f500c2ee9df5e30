"""A window that is killed between a marker's press and its typed value: the marker is on disk by then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.event import Event
from acquisition.events.overlay import effective
from acquisition.recorder.control import Client
from acquisition.recording.recording import Recording
from acquisition.simulation.demo_session import simulated_session
from tests.waiting import wait_for
from viewer import settings as persistence
from viewer.live.recorder_process import RecorderProcess
from viewer.opened import open_window
from viewer.window import OperatorWindow

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120_000


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let a recorder run in a process of its own; settings and control files are those of the test."""
    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    session = tmp_path / "session.toml"
    session.write_text(simulated_session(seed=3).replace("past = true", "past = false"), "utf-8")
    with RecorderProcess(session, out=tmp_path) as recorder:
        yield recorder.await_recording(90.0)


def press_type_and_die(path: Path) -> None:
    """Run a window until a value is half typed, then kill it as nothing can be caught or tidied up."""
    command = [sys.executable, "-m", "tests.viewer.typing_window", str(path)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as window:
        try:
            assert window.stdout is not None
            said = json.loads(window.stdout.readline())
            assert said == {"typed": "op", "visible": True}  # the press came, its value did not
            wait_for(lambda: bool(segments(path)), "the marker is stored while its value is being typed")
        finally:
            window.kill()
    assert window.returncode != 0


def segments(path: Path) -> list[Event]:
    """Return the segments that are in the recording by now."""
    source = Recording(path, follow=True)
    out: list[Event] = []
    while (batch := source.poll()) is not None:
        out += [event for _, event in batch.events if event.code == "segment"]
    return out


def following(window: OperatorWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: any(m.code == "segment" for m in window.panel.shown), timeout=PATIENCE)
    qtbot.waitUntil(lambda: any(b.running for b in window.panel.bar.buttons), timeout=PATIENCE)


@pytest.mark.slow
def test_marker_whose_value_was_being_typed_survives_the_death_of_the_window(
    recording: Path, qtbot: QtBot
) -> None:
    press_type_and_die(recording)
    (begun,) = segments(recording)
    assert (begun.phase, begun.value, begun.ref) == ("on", None, "")
    window = open_window(recording, control=Client.find(recording))
    try:
        following(window, qtbot)
        (shown,) = [m for m in window.panel.shown if m.code == "segment"]
        assert shown.open and shown.start == pytest.approx(begun.onset - window.model.t0)
        qtbot.keyClick(window, Qt.Key.Key_F8)  # the new window ends what the dead one began
        wait_for(lambda: len(segments(recording)) > 1, "the end is stored")
    finally:
        window.close()
    assert [(e.phase, e.ref) for e in effective(segments(recording))] == [("on", ""), ("off", begun.id)]

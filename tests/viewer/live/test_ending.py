"""A window on a running recording: closing it asks, and a recorder that is gone is an alarm."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from acquisition.recorder.control import Client
from acquisition.recording.lock import held
from acquisition.simulation.demo_session import simulated_session
from acquisition.stream import PEOPLE
from tests.waiting import wait_for
from viewer import settings as persistence
from viewer.live.ending import AlarmBar, ask_closing
from viewer.live.live import Left, watch
from viewer.live.recorder_process import RecorderProcess
from viewer.opened import open_window
from viewer.review.review import Review
from viewer.status.device_state import device_states
from viewer.theme import DARK
from viewer.window import OperatorWindow

PATIENCE = 120_000


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecorderProcess]:
    """Let a recorder run in a process of its own; settings and control files are those of the test."""
    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    session = tmp_path / "session.toml"
    session.write_text(simulated_session(seed=3).replace("past = true", "past = false"), "utf-8")
    with RecorderProcess(session, out=tmp_path) as process:
        process.await_recording(90.0)
        yield process
        process.stop()


def answering(texts: list[str], seen: list[str]) -> QTimer:
    """Press the buttons of the dialogs that open, one after another; `seen` gets what each offers."""
    timer = QTimer()

    def press() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and texts:
            offered = {b.text(): b for b in box.buttons() if b.isVisibleTo(box)}
            seen.append(", ".join(sorted(offered)))
            offered[texts.pop(0)].click()

    timer.timeout.connect(press)
    timer.start(50)
    return timer


@pytest.mark.slow
def test_closing_asks_and_the_recording_goes_on_if_that_is_the_answer(
    recorder: RecorderProcess, qtbot: QtBot
) -> None:
    path, seen = recorder.await_recording(), list[str]()
    window = open_window(path, control=Client.find(path))
    window.asks = lambda: ask_closing(window, keeps=True)
    timer = answering(["Back", "Close the window, keep recording"], seen)
    window.close()
    assert window.isVisible(), "Back leaves everything as it was"
    window.close()
    timer.stop()
    assert not window.isVisible()
    assert window.closing == "keep"
    assert seen == ["Back, Close the window, keep recording, Stop and discard…, Stop the recording"] * 2
    assert held(path)
    Client.find(path).stop()
    assert recorder.wait(60) == 0
    assert not held(path)


def test_a_monitor_offers_no_recording_that_goes_on(qtbot: QtBot) -> None:
    parent, seen = AlarmBar(DARK, 1.0, again=None, review=lambda: None), list[str]()
    qtbot.addWidget(parent)
    timer = answering(["Stop the recording"], seen)
    assert ask_closing(parent, keeps=False) == "stop"
    timer.stop()
    assert seen == ["Back, Stop the recording"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "left"), [("Close the window, keep recording", "kept"), ("Stop the recording", "ended")]
)
def test_attune_live_leaves_the_recorder_as_was_answered(
    recorder: RecorderProcess, qtbot: QtBot, answer: str, left: Left
) -> None:
    path, seen = recorder.await_recording(), list[str]()
    app = QApplication.instance()
    assert isinstance(app, QApplication)

    def close() -> None:
        for widget in app.topLevelWidgets():
            if isinstance(widget, OperatorWindow) and widget.isVisible():
                widget.close()

    shut = QTimer()
    shut.setSingleShot(True)
    shut.timeout.connect(close)
    shut.start(1500)
    timer = answering([answer], seen)
    assert watch(path, recorder) == left
    timer.stop()
    assert seen
    assert recorder.running == (left == "kept")
    assert held(path) == (left == "kept")
    if left == "kept":
        Client.find(path).stop()
        assert recorder.wait(60) == 0


@pytest.mark.slow
def test_a_killed_recorder_is_an_alarm_and_no_marker_is_lost_in_silence(
    recorder: RecorderProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds: list[int] = []
    monkeypatch.setattr(AlarmBar, "sound", staticmethod(lambda: sounds.append(1)))
    path = recorder.await_recording()
    window = open_window(path, control=Client.find(path))
    try:
        qtbot.waitUntil(lambda: window.model.elapsed > 1.0, timeout=PATIENCE)
        os.kill(recorder.process.pid, signal.SIGKILL)
        wait_for(lambda: not recorder.running, "the recorder is dead")
        qtbot.waitUntil(lambda: window.model.lost, timeout=PATIENCE)
        (alarm,) = window.panel.findChildren(AlarmBar)
        # A window lays a new panel out in its next turn: what is not hidden appears then.
        qtbot.waitUntil(alarm.isVisible, timeout=PATIENCE)
        assert alarm.text.text().startswith("RECORDING ENDED 0:0")
        assert sounds == [1]
        assert window.face == "live", "it does not become a review by itself"
        assert not isinstance(window.review, Review)
        words = {s.word for role in PEOPLE for s in device_states(window.model, role, window.model.now)}
        assert {w.removeprefix("ECG ") for w in words} == {"not recorded"}
        button = next(b for b in window.panel.bar.buttons if b.code.code == "segment")
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "NOT STORED" in window.panel.bar.last.text(), timeout=PATIENCE)
        qtbot.mouseClick(alarm.review, Qt.MouseButton.LeftButton)
        assert not window.panel.findChildren(AlarmBar)
        assert isinstance(window.review, Review)
    finally:
        window.close()


@pytest.mark.slow
def test_ctrl_c_ends_the_recording_without_a_question(recorder: RecorderProcess, qtbot: QtBot) -> None:
    path, seen = recorder.await_recording(), list[str]()
    timer, press = answering(["Back"], seen), QTimer()
    press.setSingleShot(True)
    press.timeout.connect(lambda: os.kill(os.getpid(), signal.SIGINT))
    press.start(1500)
    assert watch(path, recorder) == "ended"
    timer.stop()
    assert seen == [] and not held(path)

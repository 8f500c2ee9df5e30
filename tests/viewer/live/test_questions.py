"""Replacing a device and discarding a recording from the window: asked first, going back is the default."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from acquisition.devices.nearby import Found
from tests.acquisition.simulated import record
from tests.viewer.conftest import MakeWindow
from tests.viewer.model.test_marking import FakeRecorder
from viewer.live import replacing
from viewer.live.discarding import discard
from viewer.live.replacing import ReplaceDialog
from viewer.model.wording import forbidden

NEAR = [
    Found(kind="ble", name="Polar H10 1234", identity="C7:4C:DA:51:37:51", profile="polar_h10"),
    Found(kind="lsl", name="EDA", identity="opensignals-7", profile="lsl_eda"),
]


class Probe(QObject):
    """Find two devices at once."""

    found = Signal(list)
    said = Signal(str)
    stopped = 0

    def scan(self) -> None:
        QTimer.singleShot(0, lambda: self.found.emit(NEAR))

    def stop(self) -> None:
        self.stopped += 1


def asked(act: Callable[[Any], object]) -> None:
    """Answer the next question once it is there."""

    def look() -> None:
        box = QApplication.activeModalWidget()
        if box is None:
            QTimer.singleShot(10, look)
        else:
            act(box)

    QTimer.singleShot(10, look)


def press(*texts: str) -> None:
    """Press buttons of the next questions, one each."""
    left = list(texts)

    def act(box: QMessageBox) -> None:
        text = left.pop(0)
        if left:
            asked(act)
        next(b for b in box.buttons() if b.text().replace("&", "") == text).click()

    asked(act)


def test_a_device_that_is_near_takes_the_place_of_another(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "DeviceProbe", lambda parent: Probe(parent))
    window = make_window(control="fake")
    assert window.desk is not None
    recorder = window.desk.marking._recorder
    assert isinstance(recorder, FakeRecorder)

    def choose(dialog: ReplaceDialog) -> None:
        assert not dialog.replace.isEnabled()
        if not dialog.near.count():
            QTimer.singleShot(10, lambda: choose(dialog))
            return
        dialog.person.setCurrentText("Therapist")
        dialog.near.setCurrentRow(0)
        dialog.replace.click()

    asked(choose)
    window.desk.ask_replacement()
    asked(lambda dialog: dialog.reject())
    window.desk.ask_replacement()
    qtbot.waitUntil(lambda: bool(recorder.calls))
    assert recorder.calls == ["replace therapist polar_h10 {'address': 'C7:4C:DA:51:37:51'}"]
    assert "searching polar_h10 C7:4C:DA:51:37:51" in window.desk.last_text()


def test_one_that_is_typed_is_known_by_what_was_chosen(qtbot: QtBot, make_window: MakeWindow) -> None:
    probe = Probe()
    dialog = ReplaceDialog(make_window(), probe)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.profile.setCurrentText("lsl_eda")
    dialog.key.setCurrentText("name")
    dialog.identity.setText(" OpenSignals ")
    assert dialog.replace.isEnabled()
    assert dialog.answer() == ("client", "lsl_eda", {"name": "OpenSignals"})
    dialog.show_found([])
    assert "nothing is near" in dialog.state.text() and not forbidden(replacing.SAID)
    dialog.reject()
    assert probe.stopped == 1


def test_what_the_recorder_refuses_is_said(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window(control="fake")
    assert window.desk is not None
    recorder = window.desk.marking._recorder
    assert isinstance(recorder, FakeRecorder)
    recorder.refusal = "no profile named 'x'"
    window.desk.marking.replace("client", "x", {"name": "y"})

    def said() -> str:
        assert window.desk is not None
        window.desk.marking.poll()
        return window.desk.marking.message

    qtbot.waitUntil(lambda: said() == "NOT STORED: replacement of a device: no profile named 'x'")


def test_to_discard_is_asked_twice_and_only_where_it_can_be_done(make_window: MakeWindow) -> None:
    window = make_window(control="fake")
    assert window.desk is not None
    done: list[str] = []

    def hidden(box: QMessageBox) -> None:
        button = next(b for b in box.buttons() if "discard" in b.text())
        assert not button.isVisible()
        box.reject()

    asked(hidden)
    window.desk.ask_stop()
    window.desk.questions.discards = lambda: done.append("gone")
    press("Stop and discard…", "Back")
    window.desk.ask_stop()
    assert not done
    press("Stop and discard…", "Stop and erase")
    window.desk.ask_stop()
    assert done == ["gone"]
    recorder = window.desk.marking._recorder
    assert isinstance(recorder, FakeRecorder) and not recorder.calls


def test_nothing_of_a_discarded_recording_is_left_but_its_certificates(tmp_path: Path) -> None:
    path = tmp_path / "D07_S03"
    record(path, n_ticks=40)
    before = {p.name: p.read_bytes() for p in path.glob("*.xdf")}
    assert before
    made = discard(path)
    assert not list(path.glob("**/*.xdf"))
    assert {json.loads(p.read_text("utf-8"))["role"] for p in made} >= {"client", "therapist"}
    left = b"".join(p.read_bytes() for p in path.rglob("*") if p.is_file())
    for data in before.values():
        for k in range(0, len(data) - 64, max(len(data) // 20, 64)):
            assert data[k : k + 64] not in left

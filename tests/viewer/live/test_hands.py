"""Devices change hands from the window: one action, asked first, and every line is the right person's."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.stream import Modality, Role
from tests.acquisition.recorder.test_assigning import CLIENTS, THERAPISTS, valued
from tests.acquisition.recorder.test_recorder import recording
from tests.viewer.conftest import MakeWindow
from tests.viewer.model.test_marking import FakeRecorder
from viewer.live.hands import SwapDialog
from viewer.model.wording import forbidden
from viewer.opened import open_window
from viewer.status.device_state import device_states


def answer(*, since: str, kind: str, accept: bool = True) -> None:
    """Answer the question as soon as it is there."""

    def act() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, SwapDialog)
        dialog.kind.setCurrentText(kind)
        (dialog.start if since == "start" else dialog.now).setChecked(True)
        dialog.swap.click() if accept else dialog.reject()

    QTimer.singleShot(50, act)


def test_one_action_asks_which_devices_and_since_when(make_window: MakeWindow) -> None:
    window = make_window(control="fake")
    assert window.desk is not None
    recorder = window.desk.marking._recorder
    assert isinstance(recorder, FakeRecorder)
    answer(since="now", kind="skin", accept=False)
    window.desk.ask_swap()
    answer(since="start", kind="heart")
    window.desk.ask_swap()
    answer(since="now", kind="all devices")
    window.desk.ask_swap()
    window.desk.marking.close()
    assert recorder.calls == ["swap from start heart", "swap from now all"]


def test_the_question_offers_only_what_is_recorded_and_its_words_are_plain(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    dialog = SwapDialog(make_window(), [Modality.ECG, Modality.EDA])
    qtbot.addWidget(dialog)
    assert [dialog.kind.itemText(k) for k in range(dialog.kind.count())] == ["all devices", "heart", "skin"]
    assert not forbidden(dialog.now.text() + dialog.start.text() + dialog.swap.text())


def test_a_window_that_follows_shows_each_person_what_is_theirs(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viewer import settings as persistence

    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    with recording(valued(), tmp_path / "out") as client:
        [path] = (tmp_path / "out").iterdir()
        window = open_window(path, control=client)
        qtbot.addWidget(window)
        key = Role.CLIENT, Modality.ECG

        def last() -> float:
            return float(window.model.waves[key].values[-1]) if key in window.model.waves else 0.0

        qtbot.waitUntil(lambda: abs(last() - CLIENTS) < 1e-3, timeout=120_000)
        answer(since="start", kind="all devices")
        assert window.desk is not None
        window.desk.ask_swap()
        qtbot.waitUntil(lambda: abs(last() - THERAPISTS) < 1e-3, timeout=120_000)
        values = window.model.waves[key].values
        assert abs(float(values[0]) - THERAPISTS) < 1e-3  # also what came before the swap
        qtbot.waitUntil(
            lambda: any(m.label.startswith("devices change hands") for m in window.panel.shown),
            timeout=120_000,
        )
        window.desk.undo()
        qtbot.waitUntil(lambda: abs(last() - CLIENTS) < 1e-3, timeout=120_000)

        def levels() -> list[tuple[str, str]]:
            states = device_states(window.model, Role.CLIENT, window.model.now)
            return [(s.device, s.level) for s in states]

        # A constant is flat, and not lost.
        qtbot.waitUntil(lambda: levels() == [("ECG", "low")], timeout=120_000)
        window.asks = None
        window.close()

"""Streams that wait for a confirmation: the window names who sends them, and takes the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import MakeWindow
from tests.viewer.model.test_marking import FakeRecorder
from tests.waiting import wait_for
from viewer.live.doubt_bar import DoubtBar
from viewer.window import OperatorWindow

HOSTILE = "'ECG' <b>of</b>\n\x1b[2J\u202ethe room</b><img src=x>" + "x" * 5000


def waits(name: str = "ECG", sender: str = "'ECG' (host elsewhere) uid b") -> dict[str, Any]:
    why = "it comes from 'elsewhere', at the check it came from 'room'"
    return {"role": "client", "name": name, "source_id": "e", "sender": sender, "why": why, "since": 1.0}


@pytest.fixture
def recorder() -> FakeRecorder:
    return FakeRecorder()


def bar_of(window: OperatorWindow) -> DoubtBar:
    assert window.desk is not None and window.desk.doubt_bar is not None
    return window.desk.doubt_bar


def looked(window: OperatorWindow, n: int) -> DoubtBar:
    """Look until so many streams are shown as waiting."""
    assert window.desk is not None
    window.desk.doubts._due = -1.0
    wait_for(lambda: window.desk.look_for_doubts() or len(window.desk.doubts.waiting) == n)  # type: ignore[union-attr]
    window.desk.look_for_doubts()
    return bar_of(window)


def confirm(box: QMessageBox) -> None:
    next(b for b in box.buttons() if b.text() == "Confirm").click()


def test_nothing_is_shown_while_nothing_waits(make_window: MakeWindow, recorder: FakeRecorder) -> None:
    window = make_window(control=recorder)
    assert looked(window, 0).isHidden()


@pytest.mark.parametrize("yes", [True, False])
def test_a_press_answers_for_the_sender_that_is_shown(
    make_window: MakeWindow, recorder: FakeRecorder, yes: bool
) -> None:
    recorder.doubted = [waits()]
    window = make_window(control=recorder)
    bar = looked(window, 1)
    (line,) = bar.lines
    assert not bar.isHidden()
    assert line.text.text() == (
        "NOT RECORDED until confirmed: client ECG, sent by 'ECG' (host elsewhere) uid b: "
        "it comes from 'elsewhere', at the check it came from 'room'"
    )
    (line.confirm if yes else line.refuse).click()
    wait_for(lambda: recorder.calls)
    assert recorder.calls == [f"confirm client ECG {yes} 'ECG' (host elsewhere) uid b key"]
    assert looked(window, 0).isHidden()


def test_a_refusal_of_the_recorder_is_said_and_the_stream_waits_on(
    make_window: MakeWindow, recorder: FakeRecorder
) -> None:
    recorder.doubted, recorder.refusal = [waits()], "it comes from somebody else by now"
    window = make_window(control=recorder)
    looked(window, 1).lines[0].confirm.click()
    assert window.desk is not None
    marking = window.desk.marking

    def failed() -> bool:
        marking.poll()
        return marking.failed

    wait_for(failed)
    assert marking.message == "NOT STORED: confirmation of client ECG: it comes from somebody else by now"
    assert len(looked(window, 1).lines) == 1


def test_what_a_sender_says_of_itself_is_text_of_one_bounded_line(
    make_window: MakeWindow, recorder: FakeRecorder
) -> None:
    recorder.doubted = [waits(sender=HOSTILE)]
    window = make_window(control=recorder)
    (line,) = looked(window, 1).lines
    assert line.text.textFormat() is Qt.TextFormat.PlainText
    text = line.text.text()
    assert text.isprintable() and "<b>of</b>" in text and len(text) < 500
    assert "<img" not in line.text.toolTip()
    line.confirm.click()  # the recorder gets the name as it gave it
    wait_for(lambda: recorder.calls)
    assert HOSTILE in recorder.calls[0]


def test_many_take_few_lines(make_window: MakeWindow, recorder: FakeRecorder) -> None:
    recorder.doubted = [waits(f"ECG {k}") for k in range(50)]
    bar = looked(make_window(control=recorder), 50)
    assert len(bar.lines) == 3
    assert bar.more.text() == "47 more wait: attune confirm lists them"


def test_the_keys_ask_and_leave_it_waiting_by_default(
    make_window: MakeWindow, recorder: FakeRecorder, qtbot: QtBot
) -> None:
    recorder.doubted = [waits()]
    window = make_window(control=recorder)
    looked(window, 1)
    seen: list[str] = []
    answers: list[Callable[[QMessageBox], object]] = [
        lambda box: QTest.keyClick(box, Qt.Key.Key_Escape),
        confirm,
    ]

    def press() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox) and answers:
            seen.append(box.informativeText())
            answers.pop(0)(box)

    timer = QTimer()
    timer.timeout.connect(press)
    timer.start(50)
    assert window.desk is not None
    window.desk.ask_doubt()
    assert recorder.calls == []
    window.desk.ask_doubt()
    timer.stop()
    wait_for(lambda: recorder.calls)
    assert "sent by 'ECG'" in seen[0]
    assert recorder.calls[0].startswith("confirm client ECG True")


@pytest.mark.parametrize("said", [[{"odd": 1}], None, 5])
def test_an_answer_that_cannot_be_read_stops_no_window(
    make_window: MakeWindow, recorder: FakeRecorder, said: Any
) -> None:
    window = make_window(control=recorder)
    asked: list[int] = []

    def answer() -> Any:
        asked.append(1)
        return said

    recorder.waiting = answer  # type: ignore[method-assign]
    assert window.desk is not None
    window.desk.doubts._due = -1.0
    wait_for(lambda: window.desk.look_for_doubts() or asked)  # type: ignore[union-attr]
    assert looked(window, 0).isHidden()

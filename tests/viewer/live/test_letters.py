"""Letters beside the note box: typing stores nothing, a lone letter keeps the moment of its press."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.events.vocabulary import load_vocabulary
from tests.viewer.conftest import MakeWindow
from tests.viewer.test_window import marked, recorder
from tests.waiting import wait_for
from viewer.live.letters import Letter, Letters
from viewer.window import OperatorWindow

CODES = load_vocabulary().codes
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
KEYS = {"m": CODES["mismatch"], "n": CODES["now_moment"]}


def pressed(letters: str, gaps: list[float]) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Return what is marked, and what is written, with the moments."""
    marks: list[tuple[str, float]] = []
    written: list[tuple[str, float]] = []
    held = Letters(lambda letter: marks.append((letter.text, letter.time)), lambda *w: written.append(w))
    now = 0.0
    for text, gap in zip(letters, gaps, strict=True):
        now += gap
        held.press(Letter(text, now, KEYS.get(text), counts=text.isalpha()), gap)
    held.settle()
    return marks, written


@pytest.mark.parametrize(
    ("letters", "gaps", "marks", "note"),
    [
        ("m", [9.0], "m", ""),
        ("mn", [9.0, 0.4], "mn", ""),
        ("mnm", [9.0, 0.4, 0.4], "", "mnm"),
        ("mnm", [9.0, 0.4, 0.41], "mnm", ""),
        ("mnmn", [9.0, 0.41, 0.1, 0.1], "m", "nmn"),
        ("mnmn", [9.0, 0.1, 0.1, 0.41], "n", "mnm"),
        ("them", [9.0, 0.1, 0.1, 0.1], "", "them"),
        ("x", [9.0], "", ""),
        ("n m n", [9.0, 0.2, 0.2, 0.2, 0.2], "", "n m n"),
        (",m", [9.0, 0.1], "m", ""),
    ],
)
def test_three_quick_letters_are_typing(letters: str, gaps: list[float], marks: str, note: str) -> None:
    marked_, written = pressed(letters, gaps)
    assert "".join(text for text, _ in marked_) == marks
    assert "".join(text for text, _ in written) == note


@given(st.lists(st.tuples(st.sampled_from("mnxy"), st.floats(0.01, 1.0)), max_size=40))
def test_each_letter_marks_or_is_written_with_its_own_moment(keys: list[tuple[str, float]]) -> None:
    """The rule once more, over whole runs: quick neighbours belong together, three of them are typing."""
    moments, now = [], 0.0
    for _, gap in keys:
        now += gap
        moments.append(now)
    runs: list[list[int]] = [[0]] if keys else []
    for before, k in pairwise(range(len(keys))):
        if keys[k][1] <= 0.4:
            runs[-1].append(k)
        else:
            runs.append([k])
        assert before == k - 1
    typed = [k for run in runs if len(run) >= 3 for k in run]
    lone = [k for run in runs if len(run) < 3 for k in run if keys[k][0] in KEYS]
    marks, written = pressed("".join(text for text, _ in keys), [gap for _, gap in keys])
    assert marks == [(keys[k][0], moments[k]) for k in lone]
    assert "".join(text for text, _ in written) == "".join(keys[k][0] for k in typed)


def settled(window: OperatorWindow) -> None:
    def done() -> bool:
        QApplication.processEvents()
        desk = window.desk
        assert desk is not None
        return not desk.letters.held and desk.marking.waiting == 0

    wait_for(done)


def test_lone_letter_is_stored_later_with_the_stamp_of_its_press(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window()
    moment = window.model.now
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert recorder(window).events == []
    window.model.now += 0.3
    qtbot.keyClick(window, Qt.Key.Key_N, SHIFT)
    window.model.now += 5.0
    assert [(e.code, e.time, e.t_shift) for e in marked(window, 2)] == [
        ("mismatch", moment, 0.0),
        ("now_moment", moment + 0.3, -10.0),
    ]


def test_letters_in_quick_succession_are_a_note_from_their_first(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window()
    note, moment = window.panel.bar.note, window.model.now
    note.setText("before")
    qtbot.keyClick(window, Qt.Key.Key_N)
    window.model.now += 0.1
    qtbot.keyClick(window, Qt.Key.Key_O)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert note.text() == "before no m" and note.hasFocus()
    qtbot.keyClicks(note, "ore 5")
    window.model.now += 7.0
    qtbot.keyClick(note, Qt.Key.Key_Return)
    settled(window)
    assert [(e.code, e.note, e.onset) for e in recorder(window).events] == [
        ("note", "before no more 5", moment)
    ]


def test_letter_just_after_a_note_is_still_typing(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    note = window.panel.bar.note
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.keyClicks(note, "calm")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClick(window, Qt.Key.Key_M)
    settled(window)
    assert recorder(window).events == [] and note.text().endswith("m")


@pytest.mark.parametrize("key", ["F10", "pause", "close", "undo"])
def test_what_waits_is_stored_before_anything_else(make_window: MakeWindow, qtbot: QtBot, key: str) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_M)
    if key == "F10":
        qtbot.keyClick(window, Qt.Key.Key_F10)
    elif key == "pause":
        qtbot.keyClick(window, Qt.Key.Key_F12)
    elif key == "undo":
        qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    else:
        window.close()
    wait_for(lambda: recorder(window).events)
    assert recorder(window).events[0].code == "mismatch"


def test_letters_in_another_window_mark_nothing(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    other = window.beside.show_set_up()
    qtbot.waitUntil(other.isActiveWindow, timeout=60_000)
    for key in (Qt.Key.Key_M, Qt.Key.Key_N):
        qtbot.keyClick(other, key)
    assert window.desk is not None and not window.desk.letters.held
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    qtbot.keyClick(window, Qt.Key.Key_F10)
    assert [e.code for e in marked(window, 1)] == ["sync_mark"]


def test_a_number_right_after_a_letter_is_its_value(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    code = next(b.code for b in window.panel.bar.buttons if b.code.code == "suds")
    assert window.desk is not None
    window.desk.letter(code, False)
    qtbot.keyClick(window, Qt.Key.Key_7)
    assert window.panel.bar.value.text() == "7"
    qtbot.keyClick(window.panel.bar.value, Qt.Key.Key_Return)
    assert [e.value for e in marked(window, 2)] == [None, 7.0]

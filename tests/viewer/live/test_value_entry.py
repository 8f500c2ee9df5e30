"""Values typed live: the marker keeps the time of its key, and is never lost for want of a value."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from acquisition.errors import VocabularyError
from acquisition.events.vocabulary import load_vocabulary
from tests.viewer.conftest import MakeWindow
from tests.viewer.test_window import marked
from tests.waiting import wait_for
from viewer.live.value_entry import read_value
from viewer.window import OperatorWindow

CODES = load_vocabulary().codes


def opened(make_window: MakeWindow, profile: str = "") -> OperatorWindow:
    window = make_window()
    window.profiles = lambda name: load_vocabulary().profile(name)
    if profile:
        window.change(profile=profile)
        QApplication.processEvents()  # the panel before it is gone, and with it its focus
        window.activateWindow()
        wait_for(lambda: QApplication.processEvents() or window.isActiveWindow())
    return window


def test_label_of_a_segment_keeps_the_time_of_its_key(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = opened(make_window)
    pressed = window.model.now
    qtbot.keyClick(window, Qt.Key.Key_F8)
    box = window.panel.bar.value
    assert box.isVisible() and [(e.phase, e.value) for e in marked(window, 1)] == [("on", None)]
    assert window.panel.bar.last.text() == "segment at 0:01:59: Enter adds its value, Esc none"
    window.model.now += 4.0
    box.setFocus()
    qtbot.keyClicks(box, "opening m")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    first, event = marked(window, 2)
    assert (event.code, event.phase, event.value, event.time) == ("segment", "on", "opening m", pressed)
    assert (first.time, event.ref) == (pressed, first.id)
    assert not box.isVisible() and "segment begins “opening m”" in window.panel.bar.last.text()
    qtbot.keyClick(window, Qt.Key.Key_F8)
    off = marked(window, 3)[2]
    assert (off.phase, off.ref, off.value) == ("off", event.id, None)


def test_value_that_the_code_does_not_take_is_refused_in_words(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = opened(make_window, "therapist")
    window.press("ther_unsafe")
    box = window.panel.bar.value
    box.setFocus()
    qtbot.keyClicks(box, "11")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert [e.value for e in marked(window, 1)] == [None] and "from 0 to 10" in window.panel.bar.last.text()
    box.clear()
    qtbot.keyClicks(box, "7,5")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert marked(window, 2)[1].value == 7.5


def test_press_is_stored_at_once_whether_or_not_a_value_follows(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = opened(make_window)
    pressed = window.model.now
    qtbot.keyClick(window, Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier)
    event = marked(window, 1)[0]
    assert (event.value, event.time, event.t_shift) == (None, pressed, -10.0)
    window.model.now += 10.5
    window.draw_all()
    assert not window.panel.bar.value.isVisible()
    window.press("suds")
    qtbot.keyClick(window.panel.bar.value, Qt.Key.Key_Escape)
    assert (marked(window, 2)[1].code, marked(window, 2)[1].value) == ("suds", None)
    assert not window.panel.bar.value.isVisible()


def test_undo_takes_a_press_back_that_waits_for_its_value(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = opened(make_window)
    window.press("suds")
    assert window.desk is not None and window.desk.values.asked is not None
    window.panel.bar.value.setText("55")
    window.desk.undo()
    first, void = marked(window, 2)
    assert (first.value, void.phase, void.ref) == (None, "void", first.id)
    assert window.panel.bar.value.isHidden() and len(marked(window, 2)) == 2


def test_next_marker_and_the_end_store_what_was_typed(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = opened(make_window)
    qtbot.keyClick(window, Qt.Key.Key_F8)
    window.panel.bar.value.setText("work")
    qtbot.keyClick(window, Qt.Key.Key_F10)
    assert [(e.code, e.value) for e in marked(window, 3)] == [
        ("segment", None),
        ("segment", "work"),
        ("sync_mark", None),
    ]
    window.press("suds")
    window.panel.bar.value.setText("55")
    window.close()
    assert [(e.code, e.value) for e in marked(window, 5)][4] == ("suds", 55.0)


@pytest.mark.parametrize(
    ("code", "typed", "value"),
    [
        ("suds", "40", 40.0),
        ("segment", "7", "7"),
        ("over_observed", "3", 3.0),
        ("safety_test", "passed", "passed"),
        ("note", " a b ", "a b"),
        ("suds", " ", None),
        ("ther_unsafe", "7", 7.0),
        ("ther_unsafe", "7,5 personal", "7.5 personal"),
        ("ther_unsafe", "professional", "professional"),
    ],
)
def test_typed_text_becomes_what_the_code_takes(code: str, typed: str, value: object) -> None:
    assert read_value(typed, CODES[code]) == value


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("suds", "101"),
        ("suds", "much"),
        ("safety_test", "maybe"),
        ("suds", "inf"),
        ("ther_unsafe", "11 personal"),
        ("ther_unsafe", "7 friend"),
    ],
)
def test_other_text_is_refused(code: str, typed: str) -> None:
    with pytest.raises(VocabularyError):
        read_value(typed, CODES[code])


def test_every_marker_can_be_set_from_the_keyboard(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = opened(make_window, "therapist")
    menu = window.choose_marker()
    texts = [a.text() for a in menu.actions()]
    assert texts == ["now moment\tN", "mismatch\tM", "ther unsafe"]
    menu.actions()[2].trigger()
    assert not window.panel.bar.value.isHidden()
    menu.close()

"""The therapist's self-check: shown back, judged by nobody, and kept only sealed to themselves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from acquisition.protection.private_page import PrivatePage
from tests.viewer.setup.test_setup import MakeSetUp, make_set_up
from viewer.model.wording import forbidden
from viewer.setup.own_passphrase import OwnPassphrase
from viewer.setup.self_check import KEPT, QUESTIONS, Answer, SelfCheck
from viewer.theme import DARK, LIGHT, Theme

__all__ = ["make_set_up"]
WORDS = "a hard call this morning"


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_answers_are_shown_back_and_go_with_the_window(qtbot: QtBot, theme: Theme) -> None:
    page = SelfCheck(theme)
    qtbot.addWidget(page)
    page.show()
    assert [a.answer for a in page.asked] == [Answer(None, "")] * 4
    page.asked[0].scale.setValue(7)
    page.asked[1].words.setText(WORDS)
    qtbot.mouseClick(page.show_answers, Qt.MouseButton.LeftButton)
    shown = [label.text() for label in page.shown]
    assert shown[0] == "Settled now: 7 (0 not at all, 10 fully)"
    assert shown[1] == f"Outside pressures: not answered\n{WORDS}"
    qtbot.mouseClick(page.end, Qt.MouseButton.LeftButton)
    assert not page.isVisible()
    assert [a.answer for a in page.asked] == [Answer(None, "")] * 4
    assert not any(label.text() for label in page.shown)


def test_nothing_ranks_advises_or_judges(qtbot: QtBot) -> None:
    page = SelfCheck(DARK)
    qtbot.addWidget(page)
    for asked in page.asked:
        asked.scale.setValue(10)
    page._show_answers()
    texts = [w.text() for w in page.findChildren(QLabel)] + [b.text() for b in page.findChildren(QPushButton)]
    assert not any(forbidden(t) for t in texts)
    assert len(texts) == 4 * 4 + 4 + 2 + 5  # the questions, their ends and values, the answers, and no more
    controls = [*page.findChildren(QSlider), *page.findChildren(QLineEdit)]
    assert len(controls) == 2 * len(QUESTIONS) and all(c.accessibleName() for c in controls)


def test_kept_it_is_sealed_to_whoever_answered(qtbot: QtBot, tmp_path: Path) -> None:
    own = PrivatePage(tmp_path / "T02")
    page = SelfCheck(DARK, own)
    qtbot.addWidget(page)
    page.show()
    typed = iter(["my own long passphrase", "wrong", "my own long passphrase"])
    page.ask_passphrase = lambda parent, *, new: next(typed)
    assert page.earlier.isHidden() and page.keep.isHidden()
    page.asked[0].scale.setValue(7)
    page.asked[1].words.setText(WORDS)
    qtbot.mouseClick(page.show_answers, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.keep, Qt.MouseButton.LeftButton)
    assert page.told.text() == KEPT and page.keep.isHidden()
    assert not any(WORDS.encode() in f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    qtbot.mouseClick(page.back, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.earlier, Qt.MouseButton.LeftButton)
    assert "not the passphrase" in page.told.text() and page.earlier_text.toPlainText() == ""
    qtbot.mouseClick(page.earlier, Qt.MouseButton.LeftButton)
    shown = page.earlier_text.toPlainText()
    assert "Settled now: 7" in shown and f"Outside pressures: not answered – {WORDS}" in shown
    page.close()
    assert page.earlier_text.toPlainText() == ""


def test_a_new_passphrase_is_long_and_typed_twice(qtbot: QtBot) -> None:
    dialog = OwnPassphrase(None, new=True)
    qtbot.addWidget(dialog)
    dialog.fields[0].setText("long enough to be one")
    dialog._given()
    assert "not the same" in dialog.fault.text()
    for field in dialog.fields:
        field.setText("short")
    dialog._given()
    assert "12 at least" in dialog.fault.text() and dialog.result() == 0
    for field in dialog.fields:
        field.setText("long enough to be one")
    dialog._given()
    assert dialog.result() == 1 and dialog.passphrase == "long enough to be one"


def test_nothing_is_written_while_it_is_answered(
    make_set_up: MakeSetUp, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = make_set_up()
    written: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        mode = arguments[1] if event == "open" and len(arguments) > 1 else ""
        if watching and isinstance(mode, str) and set(mode) & set("wax+"):
            written.append(str(arguments[0]))

    watching = True
    sys.addaudithook(watch)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    qtbot.mouseClick(window.private, Qt.MouseButton.LeftButton)
    page = window.self_check_page
    assert page is not None and page.isVisible()
    page.asked[3].scale.setValue(4)
    qtbot.keyClicks(page.asked[3].words, WORDS)
    page._show_answers()
    page.close()
    watching = False
    assert written == []
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before
    assert all(WORDS not in p.read_bytes().decode(errors="replace") for p in before)
    assert all(WORDS not in str(window._kept.value(key)) for key in window._kept.allKeys())


def test_closing_the_set_up_closes_it(make_set_up: MakeSetUp) -> None:
    window = make_set_up()
    window.self_check()
    page = window.self_check_page
    assert page is not None
    page.asked[0].scale.setValue(3)
    window.close()
    assert not page.isVisible() and page.asked[0].answer == Answer(None, "")

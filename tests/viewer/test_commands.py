"""The table of commands: keys, menus, the overlay of F1 and the pages of docs say the same, in every face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeySequence
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from acquisition.events.vocabulary import load_vocabulary
from tests.viewer.conftest import MakeWindow
from tests.viewer.review.test_review import recorded
from tests.viewer.test_window import marked
from viewer import commands
from viewer.command import Command, Face, spoken
from viewer.commands import COMMANDS, GROUPS, allowed, key_of
from viewer.key_overlay import MARKERS, columns, lines
from viewer.key_tables import BLOCK, with_tables
from viewer.keys import bound, marker_keys
from viewer.model.wording import forbidden
from viewer.review.reviewing import Reviewing
from viewer.theme import THEMES, contrast
from viewer.window import OperatorWindow

DOCS = Path(__file__).resolve().parents[2] / "docs"
FACES: tuple[Face, ...] = get_args(Face)
Faced = Callable[[Face], OperatorWindow]


@pytest.fixture
def faced(make_window: MakeWindow, tmp_path: Path) -> Faced:
    """Return a function that opens a window and turns it to one of its faces."""

    def make(face: Face, **more: Any) -> OperatorWindow:
        if face in ("live", "watch"):
            return make_window(control="fake" if face == "live" else None, **more)
        reviewing = Reviewing(tmp_path, rater="R2" if face == "blind" else "")
        model = recorded()
        model.facts = replace(model.facts, views=frozenset({"client", "therapist"}))
        window = make_window(model, control=None, reviewing=reviewing, reviewer="R2", **more)
        if face in ("cued", "joint", "corrections"):
            reviewing.turn(window, face)
        return window

    return make


@pytest.mark.parametrize("face", FACES)
def test_no_key_has_two_commands_in_a_face(face: Face) -> None:
    keys = [QKeySequence(key).toString() for c in allowed(face) for key in c.keys_in(face)]
    assert sorted(keys) == sorted(set(keys)) and all(keys)


def test_every_command_has_a_name_of_its_own_and_words() -> None:
    names = [c.name for c in COMMANDS]
    assert len(set(names)) == len(names)
    assert all(c.text or c.name.startswith(("digit_", "surest")) for c in COMMANDS)
    assert not any(forbidden(text) for c in COMMANDS for text in (c.text, c.menu, c.shown))
    assert all(c.do is not None or c.shown for c in COMMANDS)


def test_the_shipped_vocabulary_takes_no_key_of_a_command() -> None:
    hotkeys = {c.hotkey.upper() for c in load_vocabulary().codes.values() if c.hotkey}
    for face in ("live", "review", "blind"):
        taken = {key.upper() for c in allowed(face) for key in c.keys_in(face)}
        assert not hotkeys - {"F12"} & taken, face  # F12 pauses the client, as the vocabulary says


@pytest.mark.parametrize("face", FACES)
def test_keys_menu_and_list_of_a_face_are_those_of_the_table(faced: Faced, face: Face, qtbot: QtBot) -> None:
    window = faced(face)
    assert window.face == face
    keys = {s.key().toString() for s in window._shortcuts}
    wanted = {key for c in allowed(face, window) for key in c.keys_in(face)}
    wanted |= {m.key for m in marker_keys(window)}
    wanted |= {f"Shift+{m.key}" for m in marker_keys(window) if m.ago is not None}
    assert keys == {QKeySequence(key).toString() for key in wanted}
    assert bool(marker_keys(window)) is (face in ("live", "review", "blind"))
    if face in ("live", "watch", "review", "blind"):
        offers_the_commands_of_its_face(window, keys)
    lists_all_that_works_and_nothing_else(window, qtbot)


def offers_the_commands_of_its_face(window: OperatorWindow, keys: set[str]) -> None:
    menu = window.panel.strip.menu.menu()
    assert menu is not None
    texts = [a.text() for a in menu.actions()]
    for text in texts:
        _, tab, key = text.partition("\t")
        assert not tab or key in keys, text
    for command in allowed(window.face, window):
        if command.menu:
            text = command.menu.format(theme="Light")
            key = next(iter(command.keys_in(window.face)), "")
            assert text + (f"\t{key}" if key else "") in texts


def lists_all_that_works_and_nothing_else(window: OperatorWindow, qtbot: QtBot) -> None:
    face = window.face
    qtbot.keyClick(window, Qt.Key.Key_F1)
    overlay = window.keys.overlay
    assert overlay is not None and overlay.isVisible()
    here = [c for c in allowed(face, window) if c.text and c.shown_in(face)]
    assert {c.text for c in here} <= {text for _, text in overlay.lines}
    wanted = [(c.shown_in(face), c.text) for group in GROUPS for c in here if c.group == group]
    heads = (*GROUPS, MARKERS)
    marked = [(m.key, m.text) for m in marker_keys(window)]
    assert [line for line in overlay.lines if line[0] or line[1] not in heads] == wanted + marked
    shown = {label.text() for label in overlay.findChildren(QLabel)}
    assert {part for line in overlay.lines for part in line if part} <= shown
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert window.keys.overlay is None and not overlay.isVisible()


@pytest.mark.parametrize("face", FACES)
def test_each_key_does_its_command(
    make_window: MakeWindow, faced: Faced, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noting(command: Command) -> Command:
        return command if command.do is None else replace(command, do=lambda _: done.append(command.name))

    monkeypatch.setattr(commands, "COMMANDS", tuple(map(noting, COMMANDS)))
    window = faced(face)
    by_key = {QKeySequence(key).toString(): c.name for key, c in bound(window)}
    for shortcut in window._shortcuts:
        name = by_key.get(shortcut.key().toString())
        if name is not None:
            shortcut.activated.emit()
            assert done.pop() == name
    assert not done and by_key


def test_keys_mark_while_they_are_listed_and_esc_closes_the_list_first(faced: Faced, qtbot: QtBot) -> None:
    window = faced("live")
    qtbot.keyClick(window, Qt.Key.Key_F1)
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert marked(window, 1)[0].code == "mismatch"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.keys.overlay is None
    window = faced("cued")
    qtbot.keyClick(window, Qt.Key.Key_F1)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.keys.overlay is None and window.reviewing is not None
    assert window.reviewing.face == "cued"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.centralWidget() is not window.reviewing.page


@pytest.mark.parametrize(
    ("theme", "size"), list(zip(THEMES, [(1600, 950), (1280, 720)] * len(THEMES), strict=False))
)
def test_the_list_leaves_the_recording_in_sight_and_can_be_read(
    faced: Any, theme: str, size: tuple[int, int]
) -> None:
    window = faced("live", theme=theme)
    window.resize(*size)
    window.keys.toggle()
    overlay = window.keys.overlay
    assert overlay is not None
    strip, bar = window.panel.strip, window.panel.bar
    assert overlay.y() >= strip.mapTo(window, strip.rect().bottomLeft()).y()
    assert overlay.geometry().bottom() <= bar.mapTo(window, bar.rect().topLeft()).y()
    picture = overlay.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert picture.pixelColor(4, 40).name().upper() == THEMES[theme].window
    assert contrast(THEMES[theme].text, THEMES[theme].window) >= 4.5
    for label in overlay.findChildren(QLabel):  # nothing is cut off
        assert label.wordWrap() or label.width() >= label.sizeHint().width()


def test_a_change_of_theme_shows_the_list_in_the_new_one(faced: Faced, qtbot: QtBot) -> None:
    window = faced("live")
    window.keys.toggle()
    before = window.keys.overlay
    window.change(theme="light")
    after = window.keys.overlay
    assert after is not None and after is not before and after.isVisible()
    strip = window.panel.strip  # what says whether the recording runs stays in sight
    qtbot.waitUntil(lambda: after.y() >= strip.mapTo(window, strip.rect().bottomLeft()).y() > 40)


def test_a_key_that_a_laboratory_gave_a_marker_is_the_markers(make_window: MakeWindow) -> None:
    known = load_vocabulary().codes["mismatch"]
    window = make_window()
    window._codes = [replace(known, hotkey="F3")]
    window.rebuild()
    assert [m.key for m in marker_keys(window)] == ["F3"]
    assert "side" not in {c.name for _, c in bound(window)}
    assert ("F3", "gauges, or EDA against lnRMSSD") not in lines(window)
    assert ("F3", "mismatch") in lines(window)


def test_keys_are_shown_as_a_reader_knows_them() -> None:
    shown = [spoken(key) for key in ("Ctrl+Return", "Shift+Left", "Ctrl++", "Ctrl+-", "+", "-", "F1", "[")]
    assert shown == ["Ctrl+Enter", "Shift+←", "Ctrl++", "Ctrl+−", "+", "−", "F1", "["]
    assert (key_of("figure"), key_of("figure", "review"), key_of("lanes", "review")) == (
        "Ctrl+E", "Ctrl+Shift+E", "",
    )  # fmt: skip


def test_columns_hold_every_line_in_order_and_no_head_at_a_foot() -> None:
    found = [("", "A"), *((str(k), "x") for k in range(15)), ("", "B"), *((str(k), "y") for k in range(20))]
    for most in (1, 2, 3, 4, 9):
        shared = columns(found, most)
        assert [line for column in shared for line in column] == found
        assert len(shared) <= most and all(column[-1][0] for column in shared)


def pages() -> Iterator[Path]:
    yield from (page for page in sorted(DOCS.rglob("*.md")) if BLOCK.search(page.read_text("utf-8")))


def test_the_tables_in_docs_are_those_of_the_commands() -> None:
    for page in pages():
        text = page.read_text("utf-8")
        assert with_tables(text) == text, f"python -m viewer.key_tables {page}"


def test_every_command_stands_in_a_table_of_docs() -> None:
    blocks = [(m[2], m[3].split(", ")) for page in pages() for m in BLOCK.finditer(page.read_text("utf-8"))]
    missing = [
        c.name for c in COMMANDS if c.text and not any(f in c.faces and c.group in g for f, g in blocks)
    ]
    assert missing == []

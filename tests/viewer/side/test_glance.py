"""The glance view: words before colour, no digits, one change in five seconds at most."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from pytestqt.qtbot import QtBot

from acquisition.stream import Role
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import fill
from tests.viewer.test_window import CONTROL, marked, picture
from viewer.model.reading import GaugeReading
from viewer.side.glance import STEADY, GlanceWindow, Steady, glance_word
from viewer.theme import DARK, LIGHT, Theme
from viewer.window import OperatorWindow


def test_picture_changes_at_most_once_in_five_seconds() -> None:
    steady, changes = Steady(), []
    for k in range(600):
        now = k / 10
        if steady.offer((("", f"word {k}"), ("", "x")), now):
            changes.append(now)
    assert len(changes) == 12
    assert min(np.diff(changes)) >= STEADY


def test_own_band_comes_first_without_digits_and_escape_alone_blanks(qtbot: QtBot) -> None:
    readings = {
        Role.THERAPIST: GaugeReading(kind="within", word="near upper edge", value=1.2, low=-1.5, high=1.6),
        Role.CLIENT: GaugeReading(kind="above", word="above reference band", value=2.2, low=-1.5, high=1.6),
    }
    window = GlanceWindow(DARK, lambda role: readings[role], lambda: 100.0)
    qtbot.addWidget(window)
    window.show()
    assert window.text() == "T middle; C ▲ upper"
    assert not re.search(r"\d", window.text())
    shown = picture(window)
    for key in (Qt.Key.Key_Space, Qt.Key.Key_A):
        qtbot.keyClick(window, key)
    qtbot.mouseClick(window, Qt.MouseButton.LeftButton)
    assert window.text()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    blank = picture(window)
    assert window.text() == "" and len(np.unique(blank.reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 10
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.text()


def test_missing_value_is_never_within() -> None:
    for word in ("no data", "not reliable", "no baseline"):
        assert glance_word(GaugeReading(kind=word, word=word)) == ("", "no value")
    assert glance_word(GaugeReading(kind="paused", word="paused")) == ("", "paused")
    assert glance_word(GaugeReading(kind="unknown", word="partial")) == ("", "no value")


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("size", [(420, 240), (800, 600), (1280, 720), (1920, 1080), (600, 900)])
def test_words_grow_with_the_window_and_stay_inside(
    qtbot: QtBot, size: tuple[int, int], theme: Theme
) -> None:
    reading = GaugeReading(kind="below", word="below reference band")
    window = GlanceWindow(theme, lambda role: reading, lambda: 100.0)
    qtbot.addWidget(window)
    window.resize(*size)
    window.show()
    assert window.capital() >= size[1] / 12
    edge = picture(window)[:, -14:-10].reshape(-1, 3).astype(int)  # beside the words
    text = [int(theme.text[k : k + 2], 16) for k in (1, 3, 5)]
    assert np.abs(edge - text).max(axis=1).min() > 60


def test_the_picture_names_nobody_and_gives_no_reason(qtbot: QtBot) -> None:
    for kind in ("no data", "not reliable", "no baseline", "unknown", "above", "within", "below", "paused"):
        reading = GaugeReading(kind=kind, word=kind, note="electrode off", baseline="no baseline marked")
        window = GlanceWindow(DARK, dict.fromkeys(Role, reading).__getitem__, lambda: 100.0)
        qtbot.addWidget(window)
        words = window.text().casefold()
        for said in ("client", "you", "electrode", "baseline", "reliable", "band"):
            assert said not in words


def test_f11_fills_the_screen_and_the_place_is_remembered(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = agreed(make_window)
    qtbot.keyClick(window, Qt.Key.Key_G, CONTROL)
    glance = window.beside.glance
    assert glance is not None
    qtbot.keyClick(glance, Qt.Key.Key_F11)
    assert glance.isFullScreen()
    qtbot.keyClick(glance, Qt.Key.Key_F11)
    assert not glance.isFullScreen()
    glance.resize(555, 333)
    glance.close()
    assert window.settings.glance
    window.close()
    again = agreed(make_window)
    again.beside.show_glance()
    assert again.beside.glance is not None and again.beside.glance.size() == QSize(555, 333)


def test_the_glance_takes_the_theme_without_a_change_of_its_picture(make_window: MakeWindow) -> None:
    window = agreed(make_window)
    window.beside.show_glance()
    first = window.beside.glance
    assert first is not None
    first.steady.shown = (("", "middle"), ("▲", "upper"))
    first.blank = True
    window.change(theme="light")
    second = window.beside.glance
    assert second is not None and second is not first and not first.isVisible()
    assert second._theme is LIGHT and second.blank
    assert second.steady.shown == (("", "middle"), ("▲", "upper"))


def test_marker_keys_mark_while_the_glance_has_the_keys(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = agreed(make_window)
    window.beside.show_glance()
    glance = window.beside.glance
    assert glance is not None
    glance.activateWindow()
    qtbot.waitUntil(glance.isActiveWindow, timeout=60_000)
    qtbot.keyClick(glance, Qt.Key.Key_F5)
    assert marked(window, 1)[0].code == "baseline_rest"
    assert glance.text()


def agreed(make_window: MakeWindow) -> OperatorWindow:
    model = synthetic.model()
    fill(model, 60.0)
    model.facts = replace(model.facts, glance=True)
    return make_window(model)

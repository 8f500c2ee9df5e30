"""The glance view: words before colour, no digits, one change in five seconds at most."""

from __future__ import annotations

import re

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.stream import Role
from tests.viewer.test_window import picture
from viewer.model.reading import GaugeReading
from viewer.side.glance import STEADY, GlanceWindow, Steady, glance_word
from viewer.theme import DARK


def test_picture_changes_at_most_once_in_five_seconds() -> None:
    steady, changes = Steady(), []
    for k in range(600):
        now = k / 10
        if steady.offer((("", f"word {k}"), ("", "x")), now):
            changes.append(now)
    assert len(changes) == 12
    assert min(np.diff(changes)) >= STEADY


def test_own_band_comes_first_without_digits_and_any_key_blanks(qtbot: QtBot) -> None:
    readings = {
        Role.THERAPIST: GaugeReading(kind="within", word="near upper edge", value=1.2, low=-1.5, high=1.6),
        Role.CLIENT: GaugeReading(kind="above", word="above reference band", value=2.2, low=-1.5, high=1.6),
    }
    window = GlanceWindow(DARK, lambda role: readings[role], lambda: 100.0)
    qtbot.addWidget(window)
    window.show()
    assert window.text() == "You: within; Client: ▲ above"
    assert not re.search(r"\d", window.text())
    shown = picture(window)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    blank = picture(window)
    assert window.text() == "" and len(np.unique(blank.reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 10


def test_missing_value_is_never_within() -> None:
    for word in ("no data", "not reliable", "no baseline", "paused"):
        assert glance_word(GaugeReading(kind=word, word=word)) == ("", word)
    assert glance_word(GaugeReading(kind="unknown", word="partial")) == ("", "partial")

"""The window fits the screen, however small or scaled: what matters is inside and in sight."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QScreen
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import MakeWindow
from viewer.desktop import place
from viewer.window import USUAL


@pytest.mark.parametrize(
    "size",
    [(1280, 720), (1366, 768), (1920, 1080), (960, 540), (910, 512)],
    ids=["1280x720", "1366x768", "1920x1080", "1920x1080 at 200 %", "1366x768 at 150 %"],
)
def test_stop_pauses_and_gauges_are_inside_the_screen(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    room = QRect(20, 10, size[0] - 20, size[1] - 10)
    monkeypatch.setattr(QScreen, "availableGeometry", lambda _: room)
    window = make_window()
    place(window, USUAL, window.settings.geometry)
    qtbot.waitUntil(lambda: window.panel.size() == window.size(), timeout=60_000)
    assert room.contains(window.geometry())
    assert window.width() == min(USUAL.width(), room.width() - 8)
    bar, strip = window.panel.bar, window.panel.strip
    gauges = list(window.panel.gauges.values())
    for widget in (strip.stop, bar.undo, bar.note, *bar.pauses.values(), *bar.buttons, *gauges):
        qtbot.waitUntil(widget.isVisible, timeout=60_000)
        inside = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
        assert window.rect().contains(inside), widget
        assert widget.height() >= widget.minimumSizeHint().height()

    def apart() -> bool:  # once the rows of the bar and the column beside the lanes are laid out
        above, below = (QRect(g.mapTo(window, QPoint(0, 0)), g.size()) for g in gauges)
        return not above.intersects(below) and below.bottom() < bar.mapTo(window, QPoint(0, 0)).y()

    qtbot.waitUntil(apart, timeout=120_000)
    for widget in (*bar.pauses.values(), *gauges, strip.stop):
        assert window.rect().contains(QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()))


def test_place_of_a_larger_screen_is_not_taken(
    make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window()
    window.resize(1600, 950)
    geometry = bytes(window.saveGeometry().data())
    room = QRect(0, 0, 1280, 720)
    monkeypatch.setattr(QScreen, "availableGeometry", lambda _: room)
    window = make_window(geometry=geometry)
    place(window, USUAL, window.settings.geometry)
    assert room.contains(window.geometry())


def test_pause_buttons_show_their_keys(make_window: MakeWindow) -> None:
    pauses = make_window().panel.bar.pauses
    assert [p.text() for p in pauses.values()] == ["Pause client  F12", "Pause therapist  Ctrl+F12"]

"""The marker bar: every name is whole, however narrow the window."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetricsF
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import MakeWindow
from viewer.lanes.header import font
from viewer.model.markers import label_of


@pytest.mark.parametrize(("width", "rows"), [(1600, 1), (1370, 1), (1280, 2), (1024, 2)])
def test_names_of_the_markers_are_whole_at_any_width(
    make_window: MakeWindow, qtbot: QtBot, width: int, rows: int
) -> None:
    window = make_window()
    bar = window.panel.bar
    for size in (1600, width):  # from one row to two, and back
        window.resize(size, 640)
        qtbot.waitUntil(lambda size=size: bar.width() == size, timeout=60_000)  # type: ignore[misc]
    qtbot.waitUntil(lambda: len({b.y() for b in bar.buttons}) == rows, timeout=60_000)
    measure = QFontMetricsF(font(12))
    for button in bar.buttons:
        words = label_of(button.code.code).split()
        room = button.width() - 12.0 - (QFontMetricsF(font(11, bold=True)).horizontalAdvance(button.key) + 15)
        assert max(measure.horizontalAdvance(word) for word in words) <= room, button.code.code
        assert rows == 1 or measure.horizontalAdvance(" ".join(words)) <= room, button.code.code

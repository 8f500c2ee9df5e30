"""Lanes: shown, hidden, moved, made higher, put on a scale; and lengths of the time axis."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDoubleSpinBox, QLineEdit, QListWidget
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import MakeWindow
from tests.viewer.test_window import CONTROL
from viewer import settings as persistence
from viewer.model.page import WHOLE, length_of
from viewer.settings import Settings


def test_lane_is_moved_hidden_and_scaled_and_all_persists(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_L, CONTROL)
    dialog = window.beside.show_lanes()
    names = list(window.panel.lanes.lanes)
    assert [dialog.list.item(k).text() for k in range(dialog.list.count())] == names
    dialog.list.setCurrentRow(names.index("Arousal"))
    for _ in range(names.index("Arousal")):
        dialog.move_lane(-1)
    assert next(iter(window.panel.lanes.lanes)) == "Arousal" and dialog.lane == "Arousal"
    usual = window.panel.lanes.heights["Arousal"]
    dialog.tall.setCurrentIndex(dialog.tall.findData(1.6))
    dialog.scale.setCurrentIndex(1)
    dialog.low.setValue(-5.0)
    dialog.high.setValue(6.0)
    dialog._apply()
    dialog.list.item(3).setCheckState(Qt.CheckState.Unchecked)
    hidden = dialog.list.item(3).text()

    def holds() -> None:
        lanes = window.panel.lanes
        assert next(iter(lanes.lanes)) == "Arousal" and lanes.heights["Arousal"] == round(1.6 * usual)
        assert lanes.lanes["Arousal"].plot.view.viewRange()[1] == [-5.0, 6.0]
        assert lanes.lanes[hidden].isHidden()

    holds()
    dialog.close()
    window.close()
    window = make_window()
    holds()
    shown = {n: lane for n, lane in window.panel.lanes.lanes.items() if lane.isVisible()}
    top = {n: lane.mapTo(window, lane.rect().topLeft()).y() for n, lane in shown.items()}
    assert top["Arousal"] == min(top.values())


def test_scale_that_was_chosen_stays_and_one_that_fits_comes_back(make_window: MakeWindow) -> None:
    window = make_window(scales=(("HR", (30.0, 180.0)),))
    lane = window.panel.lanes.lanes["HR"]
    for _ in range(3):
        window.draw_all()
    assert lane.plot.view.viewRange()[1] == [30.0, 180.0]
    window.change(scales=())
    low, high = window.panel.lanes.lanes["HR"].plot.view.viewRange()[1]
    assert 40.0 < low < high < 110.0


def test_what_was_kept_badly_takes_its_default(make_window: MakeWindow, tmp_path: object) -> None:
    window = make_window()
    for key, bad in (
        ("sizes", "[1]"),
        ("scales", '{"HR": [3, 1], "EDA": "x"}'),
        ("seconds", "x"),
        ("side", "q"),
    ):
        window.kept.setValue(key, bad)
    assert persistence.load(window.kept) == Settings(geometry=persistence.load(window.kept).geometry)


def test_axis_is_ten_seconds_to_the_whole_session(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(seconds=400.0)
    for _ in range(12):
        qtbot.keyClick(window, Qt.Key.Key_Plus, CONTROL)
    page = window.panel.page
    assert page is not None and page.seconds == 10.0 and page.start < window.model.elapsed < page.stop
    for _ in range(12):
        qtbot.keyClick(window, Qt.Key.Key_Minus, CONTROL)
    page = window.panel.page
    assert page is not None and (page.start, page.seconds) == (0.0, 450.0)
    assert window.panel.strip.length.currentText() == "whole session"
    window.close()
    again = make_window(seconds=400.0)
    assert again.panel.chosen == WHOLE and again.panel.page == page


@pytest.mark.parametrize("elapsed", [0.0, 30.0, 51.0, 3600.0, 7300.0, 40_000.0])
def test_page_of_the_whole_session_holds_it_with_room(elapsed: float) -> None:
    length = length_of(WHOLE, elapsed)
    assert elapsed <= 0.95 * length + 1e-9 and length <= max(90.0, 1.36 * elapsed)
    assert length_of(WHOLE, elapsed, grows=False) == max(elapsed, 60.0)
    assert length_of(WHOLE, elapsed + 0.01) in (length, length_of(WHOLE, elapsed + 1.0))


def test_every_control_has_an_accessible_name_and_a_way_by_keys(make_window: MakeWindow) -> None:
    window = make_window()
    dialog = window.beside.show_lanes()
    kinds = (QAbstractButton, QComboBox, QLineEdit, QListWidget, QDoubleSpinBox)
    controls = [c for kind in kinds for c in (*window.findChildren(kind), *dialog.findChildren(kind))]
    inner = ("qt_spinbox_lineedit",)
    shown = [c for c in controls if c.isVisible() and c.objectName() not in inner]
    nameless = [c for c in shown if not (c.accessibleName() or getattr(c, "text", str)())]
    assert not nameless
    keys = {s.key().toString() for s in window._shortcuts}
    assert {
        "F2",
        "F3",
        "F4",
        "F12",
        "Ctrl+F12",
        "Ctrl+E",
        "Ctrl+L",
        "Ctrl+T",
        "Ctrl+Z",
        "Alt+V",
        "End",
    } <= keys
    assert not {"Q", "Del", "Backspace", "Shift+Q"} & keys


def test_theme_glance_and_menu_answer_to_keys(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    qtbot.keyClick(window, Qt.Key.Key_T, CONTROL)
    assert window.settings.theme == "light"
    qtbot.keyClick(window, Qt.Key.Key_G, CONTROL)
    assert window.beside.glance is None  # nobody agreed to it

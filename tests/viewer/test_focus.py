"""Whatever has the keys is seen to have them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSlider,
    QTableWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.viewer.test_window import picture
from viewer.style import style_sheet
from viewer.theme import THEMES

MADE: list[Callable[[], QWidget]] = [
    lambda: QPushButton("Press"),
    QToolButton,
    QComboBox,
    QLineEdit,
    QListWidget,
    QDoubleSpinBox,
    lambda: QCheckBox("Tick"),
    lambda: QSlider(Qt.Orientation.Horizontal),
    lambda: QTableWidget(2, 2),
]


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_focus_is_a_frame_in_the_colour_of_text(qtbot: QtBot, theme: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.setStyleSheet(style_sheet(THEMES[theme]))
    column = QVBoxLayout(window)
    first = QPushButton("first")
    column.addWidget(first)
    widgets = [make() for make in MADE]
    for widget in widgets:
        column.addWidget(widget)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    text = THEMES[theme].text
    wanted = [int(text[k : k + 2], 16) for k in (1, 3, 5)]

    def framed(widget: QWidget) -> int:
        pixels = picture(widget).astype(int)
        return int((np.abs(pixels - wanted).max(axis=-1) < 40).sum())

    for widget in widgets:
        first.setFocus()
        before, size = framed(widget), widget.size()
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.setFocus()
        qtbot.waitUntil(widget.hasFocus, timeout=60_000)
        assert framed(widget) - before > widget.width(), widget
        assert widget.size() == size, f"{widget} moves what is beside it"

"""Keys of the window: markers, with Shift for about ten seconds ago, and moving about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence, QShortcut

from viewer.live.desk import Desk

if TYPE_CHECKING:
    from viewer.window import OperatorWindow


def bind_keys(
    window: OperatorWindow, desk: Desk | None, more: Mapping[str, Callable[[], object]] | None = None
) -> list[QShortcut]:
    """Give the window its keys: those that mark only with a desk, and `more` of a review."""
    panel = window.panel
    keys: dict[str, Callable[[], object]] = {
        "Left": lambda: panel.step(-0.5),
        "Right": lambda: panel.step(0.5),
        "[": lambda: panel.jump(-1),
        "]": lambda: panel.jump(1),
        "End": window.go_live,
        "Space": window.play_or_pause,
        "Esc": panel.setFocus if desk is None else desk.leave,
        "Ctrl++": lambda: window.longer(-1),
        "Ctrl+-": lambda: window.longer(1),
        "Ctrl+T": window.other_theme,
        "Ctrl+G": window.beside.show_glance,
        "Ctrl+L": window.beside.show_lanes,
        "Alt+V": window.show_menu,
        "F2": window.beside.show_set_up,
        "Ctrl+E": window.beside.ask_figure,
        "F3": window.show_side,
    }
    if desk is not None:
        keys |= _marker_keys(window, desk)
    keys |= more or {}
    return [_shortcut(window, key, action) for key, action in keys.items()]


def _marker_keys(window: OperatorWindow, desk: Desk) -> dict[str, Callable[[], object]]:
    keys: dict[str, Callable[[], object]] = {
        "Ctrl+Z": desk.undo,
        "Return": desk.enter,
        "F4": window.choose_marker,
        "Ctrl+Shift+Q": desk.ask_stop,
        "F12": lambda: desk.pause("client"),
        "Ctrl+F12": lambda: desk.pause("therapist"),
    }
    for button in window.panel.bar.buttons:
        if is_key(button.key):
            keys[button.key] = partial(desk.press, button.code, False)
            keys[f"Shift+{button.key}"] = partial(desk.press, button.code, True)
    return keys


def _shortcut(window: OperatorWindow, key: str, action: Callable[[], object]) -> QShortcut:
    shortcut = QShortcut(QKeySequence(key), window)
    shortcut.setAutoRepeat(key.removeprefix("Shift+") in ("Left", "Right"))
    shortcut.activated.connect(action)
    return shortcut


def unbind(shortcuts: Iterable[QShortcut]) -> None:
    """Take keys back, before a panel is built anew."""
    for shortcut in shortcuts:
        shortcut.setEnabled(False)
        shortcut.deleteLater()


def is_key(name: str) -> bool:
    """Tell whether a hotkey of the vocabulary is a key of a keyboard."""
    return len(name) == 1 or (name[:1] == "F" and name[1:].isdigit())

"""Keys of the window: those of the commands, and those of the markers, with Shift for about 10 s ago."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from viewer.command import LISTED, Command
from viewer.commands import allowed
from viewer.model.markers import label_of
from viewer.operator import Operator


@dataclass(frozen=True, slots=True)
class MarkerKey:
    """Hold the key of a marker, its words, and what it does, with Shift too if that does something."""

    key: str
    text: str
    press: Callable[[], object]
    ago: Callable[[], object] | None = None


def marker_keys(window: Operator) -> list[MarkerKey]:
    """Return the keys that mark now."""
    desk, review = window.desk, window.review
    found: list[MarkerKey] = []
    if window.face == "live" and desk is not None:
        for code in (button.code for button in window.panel.bar.buttons):
            press = desk.letter if len(code.hotkey) == 1 else desk.press
            now, ago = (partial(press, code, shifted) for shifted in (False, True))
            found.append(MarkerKey(marker_key(code.hotkey), label_of(code.code), now, ago))
    elif window.face in LISTED and review is not None:
        found = [
            MarkerKey(marker_key(code.hotkey), label_of(code.code), partial(review.press, code.code))
            for code in review.codes.values()
        ]
    return list({marker.key: marker for marker in found if is_key(marker.key)}.values())


def bound(window: Operator) -> list[tuple[str, Command]]:
    """Return the keys of the commands that are allowed now, but none that the vocabulary gives a marker."""
    taken = {m.key for m in marker_keys(window)}
    every = [(key, c) for c in allowed(window.face, window) for key in c.keys_in(window.face)]
    return [(key, c) for key, c in every if key not in taken and c.do is not None]


def bind_keys(window: Operator, parent: QWidget, only: frozenset[str] | None = None) -> list[QShortcut]:
    """Give a window its keys, of the commands those named if not all."""
    out = [
        _shortcut(parent, key, partial(command.do, window), command.repeats)
        for key, command in bound(window)
        if command.do is not None and (only is None or command.name in only)
    ]
    return out + bind_markers(window, parent)


def bind_markers(window: Operator, parent: QWidget) -> list[QShortcut]:
    """Give a window the keys that mark now, and no others."""
    out = []
    for marker in marker_keys(window):
        out.append(_shortcut(parent, marker.key, marker.press))
        if marker.ago is not None:
            out.append(_shortcut(parent, f"Shift+{marker.key}", marker.ago))
    return out


def _shortcut(parent: QWidget, key: str, action: Callable[[], object], repeats: bool = False) -> QShortcut:
    shortcut = QShortcut(QKeySequence(key), parent)
    shortcut.setAutoRepeat(repeats)
    shortcut.activated.connect(action)
    return shortcut


def unbind(shortcuts: Iterable[QShortcut]) -> None:
    """Take keys back, before a panel is built anew."""
    for shortcut in shortcuts:
        shortcut.setEnabled(False)
        shortcut.deleteLater()


def marker_key(hotkey: str) -> str:
    """Return a hotkey of the vocabulary as its button shows it."""
    return {"numpad": "Num"}.get(hotkey, hotkey if len(hotkey) > 1 else hotkey.upper())


def is_key(name: str) -> bool:
    """Tell whether a hotkey of the vocabulary is a key of a keyboard."""
    return len(name) == 1 or (name[:1] == "F" and name[1:].isdigit())

"""The View menu: which lanes are shown, whose coupling, what stands beside them, and commands."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from viewer.command import Command
from viewer.commands import allowed, key_of
from viewer.model.definitions import SYNC_SIGNALS
from viewer.model.markers import label_of
from viewer.operator import Operator
from viewer.settings import SIDES

LIVE = ("therapist", "technician")
"""Profiles with few enough keys."""
FIRST = ("lanes",)
"""Commands above the lanes; the others are below."""


def view_menu(window: Operator) -> QMenu:
    """Return the menu of a window; it says how things are when it is opened."""
    menu = QMenu(window.panel.strip)
    menu.aboutToShow.connect(partial(_fill, menu, window))
    _fill(menu, window)
    return menu


def _fill(menu: QMenu, window: Operator) -> None:
    menu.clear()
    commands = [c for c in allowed(window.face, window) if c.menu]
    for command in (c for c in commands if c.name in FIRST):
        _add(menu, window, command)
    for name, lane in window.panel.lanes.lanes.items():
        action = QAction(name, menu, checkable=True, checked=not lane.isHidden())
        action.toggled.connect(lambda on, n=name: window.show_lane(n, on))
        menu.addAction(action)
    menu.addSeparator()
    _add_signals(menu, window)
    _add_sides(menu, window)
    if window.profiles is not None and window.model.state == "growing":
        _add_profiles(menu, window)
    for command in (c for c in commands if c.name not in FIRST):
        _add(menu, window, command)


def _add(menu: QMenu, window: Operator, command: Command) -> None:
    """Offer a command, with the key that it has in this window."""
    other = "Light" if window.settings.theme == "dark" else "Dark"
    keys = command.keys_in(window.face)
    text = command.menu.format(theme=other) + (f"\t{keys[0]}" if keys else "")
    if command.do is not None:
        menu.addAction(text, partial(command.do, window))


def marker_menu(window: Operator) -> QMenu:
    """Return a menu of all markers that can be set now."""
    menu = QMenu(window.panel.bar)
    for button in window.panel.bar.buttons:
        label = label_of(button.code.code) + (f"\t{button.key}" if button.key else "")
        menu.addAction(label, partial(window.press, button.code.code))
    return menu


def _add_signals(menu: QMenu, window: Operator) -> None:
    """Offer the couplings that there are."""
    group = QActionGroup(menu)
    present = [s for s in SYNC_SIGNALS if ("dyad", f"sync_{s}") in window.model.traces]
    for signal in present or [window.settings.sync_signal]:
        action = QAction(f"Synchrony of {SYNC_SIGNALS[signal]}", menu, checkable=True)
        action.setChecked(signal == window.settings.sync_signal)
        action.triggered.connect(lambda _=False, s=signal: window.change(sync_signal=s))
        group.addAction(action)
        menu.addAction(action)
    menu.addSeparator()


def _add_sides(menu: QMenu, window: Operator) -> None:
    """Offer what may stand beside the lanes; a key takes the other one."""
    group = QActionGroup(menu)
    key = key_of("side", window.face)
    for side, title in SIDES.items():
        there = side == window.panel.settings.side
        action = QAction(
            title if there or not key else f"{title}\t{key}", menu, checkable=True, checked=there
        )
        action.triggered.connect(lambda _=False, s=side: window.show_side(s))
        group.addAction(action)
        menu.addAction(action)
    menu.addSeparator()


def _add_profiles(menu: QMenu, window: Operator) -> None:
    """Offer the profiles of keys that a person can use live."""
    group = QActionGroup(menu)
    own = window.model.facts.profile
    for profile, title in (("", f"Keys: as in the session file ({own})"), *((p, f"Keys: {p}") for p in LIVE)):
        action = QAction(title, menu, checkable=True)
        action.setChecked(profile == window.settings.profile)
        action.triggered.connect(lambda _=False, p=profile: window.change(profile=p))
        group.addAction(action)
        menu.addAction(action)
    menu.addSeparator()

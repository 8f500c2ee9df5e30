"""The View menu: which lanes are shown, whose coupling, which theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from viewer.definitions import SYNC_SIGNALS
from viewer.settings import SIDES

if TYPE_CHECKING:
    from viewer.window import OperatorWindow

LIVE = ("therapist", "technician")
"""Profiles with few enough keys."""


def view_menu(window: OperatorWindow) -> QMenu:
    """Return the menu of a window."""
    menu = QMenu(window)
    for name, lane in window.panel.lanes.lanes.items():
        action = QAction(name, menu, checkable=True, checked=not lane.isHidden())
        action.toggled.connect(lambda on, n=name: window.show_lane(n, on))
        menu.addAction(action)
    menu.addSeparator()
    signals = QActionGroup(menu)
    present = [s for s in SYNC_SIGNALS if ("dyad", f"sync_{s}") in window.model.traces]
    for signal in present or [window.settings.sync_signal]:
        action = QAction(f"Synchrony of {SYNC_SIGNALS[signal]}", menu, checkable=True)
        action.setChecked(signal == window.settings.sync_signal)
        action.triggered.connect(lambda _=False, s=signal: window.change(sync_signal=s))
        signals.addAction(action)
        menu.addAction(action)
    menu.addSeparator()
    _add_sides(menu, window)
    if window.profiles is not None and window.model.state == "growing":
        _add_profiles(menu, window)
    other = "light" if window.settings.theme == "dark" else "dark"
    menu.addAction("Set-up: baselines, devices, taps\tF2", window.show_set_up)
    menu.addAction("Save this figure…\tCtrl+E", window.ask_figure)
    if window.may_glance:
        menu.addAction("Glance window for the therapist", window.show_glance)
    menu.addAction(f"{other.capitalize()} theme", lambda: window.change(theme=other))
    return menu


def _add_sides(menu: QMenu, window: OperatorWindow) -> None:
    """Offer what may stand beside the lanes; a key takes the other one."""
    group = QActionGroup(menu)
    for side, title in SIDES.items():
        there = side == window.panel.settings.side
        action = QAction(title if there else f"{title}\tF3", menu, checkable=True, checked=there)
        action.triggered.connect(lambda _=False, s=side: window.show_side(s))
        group.addAction(action)
        menu.addAction(action)
    menu.addSeparator()


def _add_profiles(menu: QMenu, window: OperatorWindow) -> None:
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

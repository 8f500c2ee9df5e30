"""The View menu: which lanes are shown, whose coupling, which theme."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from viewer.model.definitions import SYNC_SIGNALS
from viewer.model.markers import label_of
from viewer.settings import SIDES

if TYPE_CHECKING:
    from viewer.window import OperatorWindow

LIVE = ("therapist", "technician")
"""Profiles with few enough keys."""


def view_menu(window: OperatorWindow) -> QMenu:
    """Return the menu of a window."""
    menu = QMenu(window)
    menu.addAction("Order, heights and scales of lanes…\tCtrl+L", window.beside.show_lanes)
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
    menu.addAction("Set-up: baselines, devices, taps\tF2", window.beside.show_set_up)
    menu.addAction("Save this figure…\tCtrl+E", window.beside.ask_figure)
    if window.beside.may_glance:
        menu.addAction("Glance window for the therapist\tCtrl+G", window.beside.show_glance)
    menu.addAction(f"{other.capitalize()} theme\tCtrl+T", window.other_theme)
    return menu


def marker_menu(window: OperatorWindow) -> QMenu:
    """Return a menu of all markers that can be set now."""
    menu = QMenu(window)
    for button in window.panel.bar.buttons:
        label = label_of(button.code.code) + (f"\t{button.key}" if button.key else "")
        menu.addAction(label, partial(window.press, button.code.code))
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

"""A joystick or game pad, a dial, or a pedal with buttons, as a HID device (hidapi).

A stick's place is the place on the scale; on a scale without ends its place is the pace. With one axis the
way of the stick that is moved first sets it; with two, right is more of the first and up more of the second.
A dial moves the scale by its steps. A pedal is at the end for "more" while it is down.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

from acquisition.errors import AttunementError
from viewer.rating import hid_report as usages
from viewer.rating.hid_report import Control, controls
from viewer.rating.kinds import DIAL, JOYSTICK, the_one
from viewer.rating.scale import Scale

ABSENT = "hidapi is not installed (pip install 'attunement[rating]'): no joystick, dial or pedal can be used"
DOWNWARDS = (usages.Y, usages.RY, usages.RZ)
"""Axes that grow towards whoever holds the stick."""
TAKEN = 0.2
"""A stick that has gone so far from where it lay is the one that is meant [scale units]."""
LONGEST = 4096
_STICKS = (usages.JOYSTICK, usages.GAME_PAD, usages.MULTI_AXIS)
_OTHERS = (usages.POINTER, usages.MOUSE, usages.KEYBOARD, usages.KEYPAD)


class Handle(Protocol):
    """What hidapi opens."""

    def read(self, max_length: int) -> Sequence[int]:
        """Return the next report; nothing where there is none."""

    def close(self) -> None:
        """Close it."""


class HidDevice:
    """Move a scale by the reports of a device.

    Parameters
    ----------
    name : str
        How messages call it.
    take : callable
        Takes a report and the scale; tells whether the scale was moved.
    """

    def __init__(self, name: str, handle: Handle, take: Callable[[bytes, Scale], bool]) -> None:
        self.name, self._handle, self._take = name, handle, take

    def drive(self, scale: Scale) -> bool:
        """Move a scale by the reports that came; see `viewer.rating.kinds.Device`."""
        moved = False
        try:
            while report := self._handle.read(LONGEST):
                moved |= self._take(bytes(report), scale)
        except (OSError, ValueError) as error:
            raise AttunementError(f"{self.name}: is gone ({error}); plug it in and call again") from error
        return moved

    def close(self) -> None:
        """Close it."""
        self._handle.close()


class Stick:
    """Take the reports of a joystick or game pad."""

    def __init__(self, found: Sequence[Control], n_axes: int, *, bounded: bool) -> None:
        self._controls = [c for c in found if c.page == usages.DESKTOP and c.usage in usages.AXES]
        self._controls = [c for c in self._controls if not c.relative]
        self._n, self._bounded = n_axes, bounded
        self._lay: dict[Control, float] = {}
        self._axis: dict[Control, int] = {}
        if n_axes == 2:
            for axis, usage in enumerate((usages.X, usages.Y)):
                self._axis |= {c: axis for c in self._controls[::-1] if c.usage == usage}

    def __bool__(self) -> bool:
        """Tell whether there is a stick for each axis."""
        return len(self._controls) >= self._n and (self._n == 1 or len(set(self._axis.values())) == 2)

    def take(self, report: bytes, scale: Scale) -> bool:
        """Move a scale by a report."""
        moved = False
        for control in self._controls:
            value = control.value(report)
            if value is None:
                continue
            place = control.place(value) * (-1.0 if control.usage in DOWNWARDS else 1.0)
            if self._n == 1 and not self._axis:
                far = abs(place - self._lay.setdefault(control, place)) >= TAKEN
                self._axis |= {control: 0} if far else {}
            if (axis := self._axis.get(control)) is not None:
                moved |= self._set(scale, axis, place)
        return moved

    def _set(self, scale: Scale, axis: int, place: float) -> bool:
        if self._bounded:
            before = scale.values[axis]
            scale.put(axis, place)
            return scale.values[axis] != before
        # Where it comes to rest is never quite the middle: it would go on by itself.
        scale.hold(axis, place if abs(place) >= TAKEN / 2 else 0.0)
        return False  # the passing of time moves it


class Dial:
    """Take the reports of a dial or wheel."""

    def __init__(self, found: Sequence[Control], steps: int) -> None:
        kinds = (usages.DIAL, usages.WHEEL, usages.SLIDER)
        mine = [c for c in found if c.page == usages.DESKTOP and c.usage in kinds]
        mine += [c for c in found if c.page == usages.DESKTOP and c.usage in usages.AXES and c.relative]
        self._control = mine[0] if mine else None
        self._step, self._last = 2.0 / steps, 0
        self._known = False

    def __bool__(self) -> bool:
        """Tell whether there is a dial."""
        return self._control is not None

    def take(self, report: bytes, scale: Scale) -> bool:
        """Move a scale by a report."""
        control = self._control
        value = control.value(report) if control is not None else None
        if control is None or value is None:
            return False
        if control.relative:
            scale.turn(0, value * self._step)
            return value != 0
        before, self._last = self._last, value
        known, self._known = self._known, True
        if control.wraps or not scale.bounded:
            return known and self._turned(control, value - before, scale)
        scale.put(0, control.place(value))
        return True

    def _turned(self, control: Control, by: int, scale: Scale) -> bool:
        around = control.high - control.low + 1
        if control.wraps:
            by = (by + around // 2) % around - around // 2
        scale.turn(0, by * self._step)
        return by != 0


class Pedal:
    """Take the reports of a device with buttons: more while one is down, less while none is."""

    def __init__(self, found: Sequence[Control]) -> None:
        self._buttons = [c for c in found if c.page == usages.BUTTONS and c.high == 1]

    def __bool__(self) -> bool:
        """Tell whether there is a button."""
        return bool(self._buttons)

    def take(self, report: bytes, scale: Scale) -> bool:
        """Move a scale by a report."""
        said = [value for button in self._buttons if (value := button.value(report)) is not None]
        if not said:
            return False
        before = scale.values[0]
        scale.put(0, 1.0 if any(said) else -1.0)
        return scale.values[0] != before


def open_hid(how: str, name: str, n_axes: int, *, bounded: bool, steps: int) -> HidDevice:
    """Open a HID device by the beginning of its name; "" where there is only one.

    Raises
    ------
    AttunementError
        If the library or the device is not there, cannot be opened or has nothing of that kind, or it is not
        clear which is meant.
    """
    library = _library()
    there = _there(library.enumerate(), how)
    path = the_one(there, name, f"HID device is needed for --input {how}")
    said = there[path]
    handle = library.device()
    try:
        handle.open_path(path)
        handle.set_nonblocking(1)
        found = controls(bytes(handle.get_report_descriptor()))
    except (OSError, ValueError) as error:
        raise AttunementError(f"{said}: cannot be opened ({error}){_permission()}") from error
    taker = _taker(how, found, n_axes, bounded=bounded, steps=steps)
    if not taker:
        handle.close()
        there_is = ", ".join(sorted({_word(c) for c in found})) or "nothing"
        raise AttunementError(f"{said}: has nothing for --input {how} and {n_axes} axes (it has: {there_is})")
    return HidDevice(said, handle, taker.take)


def _library() -> Any:
    # On Linux the module hid takes devices away from the system while they are open; hidraw does not.
    try:
        return import_module("hidraw" if sys.platform == "linux" else "hid")
    except ImportError as error:
        raise AttunementError(ABSENT) from error


def _there(found: Sequence[dict[str, Any]], how: str) -> dict[bytes, str]:
    """Return path and name of what may be meant: mice and keyboards are the window's."""
    out: dict[bytes, str] = {}
    for one in found:
        page, usage = one.get("usage_page", 0), one.get("usage", 0)
        stick = page == usages.DESKTOP and usage in _STICKS
        other = page == usages.DESKTOP and usage in _OTHERS
        if stick or (how != JOYSTICK and not other):
            said = str(one.get("product_string") or "").strip()
            out.setdefault(one["path"], said or f"{one['vendor_id']:04x}:{one['product_id']:04x}")
    return out


def _taker(
    how: str, found: Sequence[Control], n_axes: int, *, bounded: bool, steps: int
) -> Stick | Dial | Pedal:
    if how == JOYSTICK:
        return Stick(found, n_axes, bounded=bounded)
    return Dial(found, steps) if how == DIAL else Pedal(found)


def _word(control: Control) -> str:
    if control.page == usages.BUTTONS:
        return "buttons"
    names = ("X", "Y", "Z", "Rx", "Ry", "Rz", "slider", "dial", "wheel")
    known = control.page == usages.DESKTOP and control.usage in usages.AXES
    return names[control.usage - usages.X] if known else f"usage {control.page:x}:{control.usage:x}"


def _permission() -> str:
    return ": see docs/ratings.md for the line that udev needs" if sys.platform == "linux" else ""

"""What moves a scale: mouse, keys, fader, joystick, dial, pedal; what each can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from acquisition.errors import AttunementError
from viewer.rating.scale import Scale

MOUSE, KEYBOARD, MIDI, JOYSTICK, DIAL, PEDAL = "mouse", "keyboard", "midi", "joystick", "dial", "pedal"
STEPS = 48
"""Steps of a dial from end to end, if nothing else is said."""

_Key = TypeVar("_Key")


class Device(Protocol):
    """What moves a scale beside mouse and keys."""

    def drive(self, scale: Scale) -> bool:
        """Move a scale by what came since it was last asked; tell whether anything did.

        Raises
        ------
        AttunementError
            If the device is gone.
        """

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Say what an input can do: how many axes, and whether it serves a scale without ends."""

    axes: int
    unbounded: bool


KINDS = {
    MOUSE: Kind(2, True),
    KEYBOARD: Kind(2, True),
    MIDI: Kind(2, False),
    JOYSTICK: Kind(2, True),
    DIAL: Kind(1, True),
    PEDAL: Kind(1, False),
}
INPUTS = tuple(KINDS)


def refuse_input(how: str, n_axes: int, *, bounded: bool) -> None:
    """Refuse a scale that an input cannot move.

    Raises
    ------
    AttunementError
        Names those that can.
    """
    if n_axes > KINDS[how].axes:
        able = ", ".join(name for name, kind in KINDS.items() if kind.axes >= n_axes)
        raise AttunementError(f"--input {how}: moves one axis, and there are {n_axes} (for two: {able})")
    if not bounded and not KINDS[how].unbounded:
        able = ", ".join(name for name, kind in KINDS.items() if kind.unbounded)
        raise AttunementError(f"--input {how}: has two ends, and the scale has none (without ends: {able})")


def the_one(there: Mapping[_Key, str], name: str, what: str) -> _Key:
    """Return the key of the device whose name begins so; "" for the only one.

    Parameters
    ----------
    what : str
        What is needed, for the message.

    Raises
    ------
    AttunementError
        If none or several do; names all that are there.
    """
    chosen = [key for key, said in there.items() if said.startswith(name)]
    if len(chosen) != 1:
        fit = f"{name!r} fits {len(chosen)}" if name else f"{len(there)} are there"
        raise AttunementError(f"--port: one {what}, {fit} ({', '.join(there.values()) or 'none'})")
    return chosen[0]

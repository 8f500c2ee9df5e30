"""A MIDI fader or wheel in place of mouse and keys: its place is the place on the scale.

The control that is moved first sets the first axis, the next other one the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from acquisition.errors import AttunementError
from viewer.rating.kinds import the_one
from viewer.rating.scale import Scale

ABSENT = "is not installed (pip install 'attunement[rating]'): no MIDI fader can be used"
WHEEL = "pitchwheel"


class Port(Protocol):
    """What mido opens: messages that came since it was last asked."""

    def iter_pending(self) -> Iterable[Any]:
        """Return them."""

    def close(self) -> None:
        """Close it."""


class Fader:
    """Turn messages of a port into places on a scale.

    Parameters
    ----------
    n_axes : int
        1 or 2.
    """

    def __init__(self, port: Port, n_axes: int) -> None:
        self._port, self._n = port, n_axes
        self._controls: list[object] = []

    def poll(self) -> list[float | None]:
        """Return where each axis was set last since it was asked, from -1 to 1; None where it was not."""
        out: list[float | None] = [None] * self._n
        for message in self._port.iter_pending():
            found = _place(message)
            if found is None:
                continue
            control, value = found
            if control not in self._controls:
                self._controls.append(control)
            if (axis := self._controls.index(control)) < self._n:
                out[axis] = value
        return out

    def drive(self, scale: Scale) -> bool:
        """Move a scale by what came; see `viewer.rating.kinds.Device`."""
        said = [(axis, value) for axis, value in enumerate(self.poll()) if value is not None]
        for axis, value in said:
            scale.put(axis, value)
        return bool(said)

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def _place(message: Any) -> tuple[object, float] | None:
    if message.type == "control_change":
        return (message.channel, message.control), message.value / 63.5 - 1.0
    if message.type == WHEEL:
        return (message.channel, WHEEL), max(-1.0, message.pitch / 8191.0)
    return None


def open_fader(name: str, n_axes: int) -> Fader:
    """Open a MIDI input by the beginning of its name; "" where there is only one.

    Raises
    ------
    AttunementError
        If the libraries or the input are not there, or it is not clear which is meant.
    """
    try:
        import mido

        there = {port: port for port in mido.get_input_names()}
    except ImportError as error:
        raise AttunementError(f"{error.name or 'mido'} {ABSENT}") from error
    except Exception as error:  # the system's own: rtmidi has errors of its own kind
        raise AttunementError(f"MIDI cannot be used: {error}") from error
    chosen = the_one(there, name, "MIDI input is needed")
    try:
        return Fader(mido.open_input(chosen), n_axes)
    except Exception as error:
        raise AttunementError(f"{chosen}: cannot be opened: {error}") from error

"""Open what moves a scale beside mouse and keys."""

from __future__ import annotations

from viewer.rating.fader import open_fader
from viewer.rating.hid import open_hid
from viewer.rating.kinds import DIAL, JOYSTICK, MIDI, PEDAL, Device


def open_input(how: str, port: str, n_axes: int, *, bounded: bool, steps: int) -> Device | None:
    """Open what moves the scale; None for what the window itself hears: mouse, keys, a pedal that is a key.

    Parameters
    ----------
    port : str
        How the name of the device begins; "" where there is only one.
    steps : int
        Steps of a dial from end to end.

    Raises
    ------
    AttunementError
        If the library or the device is not there, or it is not clear which is meant.
    """
    if how == MIDI:
        return open_fader(port, n_axes)
    if how in (JOYSTICK, DIAL) or (how == PEDAL and port):
        return open_hid(how, port, n_axes, bounded=bounded, steps=steps)
    return None

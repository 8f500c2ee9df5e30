"""The emulated radio of a demonstration; filled in by `demo_radio`."""

from __future__ import annotations

from acquisition.drivers.ble_radio import Radio
from acquisition.emulated.bumble_radio import Air


def demo_radio() -> Radio:
    """Return a radio on an air of its own."""
    return Air().radio()

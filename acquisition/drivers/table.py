"""The drivers by name; a module is imported when a session needs it: no radio code without a radio device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from acquisition.drivers import Driver
from acquisition.errors import DeviceError

MODULES: dict[str, str] = {
    "bitalino": "acquisition.drivers.bitalino",
    "heart_rate": "acquisition.drivers.heart_rate",
    "lsl": "acquisition.drivers.lsl",
    "microphone": "acquisition.drivers.microphone",
    "movesense": "acquisition.drivers.movesense",
    "polar": "acquisition.drivers.polar",
    "simulated": "acquisition.drivers.simulated",
    "wav_file": "acquisition.drivers.wav_file",
}
"""Driver → module. Each module has `open_driver(devices, session) -> Driver` for all its devices at once."""

Opener = Callable[[Sequence[object], object], Driver]


def names() -> list[str]:
    """Return the names of all drivers."""
    return sorted(MODULES)


def opener(name: str) -> Opener:
    """Import a driver's module and return its `open_driver`.

    Raises
    ------
    DeviceError
        If there is no such driver, or what it needs is not installed.
    """
    if name not in MODULES:
        raise DeviceError(f"no driver named {name!r} (known: {', '.join(names())})")
    try:
        return cast(Opener, import_module(MODULES[name]).open_driver)
    except ImportError as error:
        raise DeviceError(f"driver {name!r} cannot be loaded: {error}") from error

"""The drivers by name; a module is imported when a session needs it: no radio code without a radio device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple, cast

from acquisition.drivers import Driver
from acquisition.errors import DeviceError


class Line(NamedTuple):
    """Where a driver is, with `open_driver(devices, session) -> Driver` for all its devices at once.

    And where its emulated twin is, with `twin(air, hardware, body, device)`, and what reads what its
    devices keep over a drop-out, with `KEEPS` (samples or beats), `keeps(device)` (modalities that a device
    was to keep), `over_the_air` and, for samples, `from_files`, for beats, `forget`; "" for one that has
    none.
    """

    module: str
    twin: str = ""
    memory: str = ""


TABLE: dict[str, Line] = {
    "bitalino": Line("acquisition.drivers.bitalino", twin="acquisition.emulated.bitalino"),
    "emotibit": Line("acquisition.drivers.emotibit.driver", memory="acquisition.drivers.emotibit.card"),
    "heart_rate": Line("acquisition.drivers.heart_rate", twin="acquisition.emulated.strap"),
    "lsl": Line("acquisition.drivers.lsl"),
    "microphone": Line("acquisition.drivers.microphone"),
    "movesense": Line("acquisition.drivers.movesense", twin="acquisition.emulated.movesense"),
    "nuanic": Line(
        "acquisition.drivers.nuanic.driver",
        twin="acquisition.emulated.nuanic",
        memory="acquisition.drivers.nuanic.memory",
    ),
    "polar": Line(
        "acquisition.drivers.polar.driver",
        twin="acquisition.emulated.polar",
        memory="acquisition.drivers.polar.memory",
    ),
    "shimmer": Line(
        "acquisition.drivers.shimmer.unit",
        twin="acquisition.emulated.shimmer",
        memory="acquisition.drivers.shimmer.card",
    ),
    "simulated": Line("acquisition.drivers.simulated"),
    "wav_file": Line("acquisition.drivers.wav_file"),
}
"""Driver → its line."""

Opener = Callable[[Sequence[object], object], Driver]


def names() -> list[str]:
    """Return the names of all drivers."""
    return sorted(TABLE)


def opener(name: str) -> Opener:
    """Import a driver's module and return its `open_driver`.

    Raises
    ------
    DeviceError
        If there is no such driver, or what it needs is not installed.
    """
    if name not in TABLE:
        raise DeviceError(f"no driver named {name!r} (known: {', '.join(names())})")
    try:
        return cast(Opener, import_module(TABLE[name].module).open_driver)
    except ImportError as error:
        raise DeviceError(f"driver {name!r} cannot be loaded: {error}") from error


def twin_of(name: str, title: str) -> str:
    """Return the module of a driver's emulated twin; `title` is how messages call the device.

    Raises
    ------
    DeviceError
        If there is none, so that nothing looks for a real device in its place.
    """
    if name not in TABLE or not TABLE[name].twin:
        known = ", ".join(sorted(other for other, line in TABLE.items() if line.twin))
        raise DeviceError(f"{title}: no emulated twin for driver {name!r} (drivers with one: {known})")
    return TABLE[name].twin

"""Emulated wearables for two people: what `attune demo --ble` records, through the real drivers.

A session whose devices have `settings = { emulated = true }` needs no hardware: their twins run in the
recorder's process, on the event loop of the drivers, and measure the simulated dyad (docs/simulation.md).
With `tap = 5.0` somebody taps that device every five seconds (for `attune devices identify`).
With `past = true` twelve minutes before the start are written first, as if the same devices had sent them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.ble_loop import Runner
from acquisition.drivers.ble_radio import Radio
from acquisition.drivers.table import twin_of
from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Bodies, Body
from acquisition.emulated.peripheral import Hardware
from acquisition.errors import DeviceError
from acquisition.event import Event, Notice
from acquisition.lsl.clock import local_clock
from acquisition.session.profile import DeviceProfile
from acquisition.session.session import Device
from acquisition.session.toml import parse_session
from acquisition.simulation.demo_session import emulated_session
from acquisition.simulation.dyad import Dyad, completed
from acquisition.simulation.past import write_past
from acquisition.simulation.script import Script
from acquisition.stream import FloatArray, Modality, Role, StreamInfo

SKEWS = {Role.CLIENT: 0.003, Role.THERAPIST: -0.002}
"""Crystal errors of the emulated devices: theirs are no better than real ones."""
ADVERTISING = 152.5
"""Time between two advertisements [ms], one that phones find soon (Apple, Accessory Design Guidelines)."""
INTERVAL = 0.0375
"""Connection interval [s]."""


class _Twin(Protocol):
    async def start(self) -> None:
        """Switch on."""


def _advertised(profile: DeviceProfile | None) -> str:
    return profile.names[0] if profile and profile.names else ""


class Wearables:
    """The emulated wearables of a session, and the past of the people who wear them."""

    def __init__(self, clock: Callable[[], float] = local_clock) -> None:
        self.air = Air()
        self._clock = clock
        self._twins: list[_Twin] = []
        self._bodies: Bodies | None = None
        self._seed: int | None = None
        self._infos: list[StreamInfo] = []
        self._written = False
        self.start = math.nan
        """LSL time at which the script's live part starts [s]: when the devices are switched on."""

    def add(self, device: Device, infos: Sequence[StreamInfo]) -> None:
        """Put the twin of a device on the air once the radio is used.

        Raises
        ------
        DeviceError
            If there is no twin of its kind, or two devices ask for different people.
        """
        settings, profile = device.effective, device.definition
        driver = profile.driver if profile else ""
        module = twin_of(driver, device.title)
        seed = int(settings.get("seed", 1))
        if self._seed not in (None, seed):
            raise DeviceError(f"{device.title}: seed = {seed}: must be the same for all emulated devices")
        if self._bodies is None:
            self._seed, self._bodies = seed, Bodies(seed, lambda: 0.0)
        self._infos += infos
        hardware = Hardware(
            name=device.name or f"{_advertised(profile) or device.profile} {device.address[-5:]}",
            address=device.address or f"C0:00:00:00:00:{len(self._twins):02X}",
            skew=SKEWS.get(device.role, 0.001),
            interval=INTERVAL,
            advertising=ADVERTISING,
            maker=("Attunement", f"emulated {device.profile}", "1.0"),
        )
        body = Body(self._bodies, device.role, float(settings.get("tap", math.inf)))
        make = import_module(module).twin
        self._twins.append(make(self.air, hardware, body, device))

    async def prepare(self) -> None:
        """Switch everything on."""
        if self._bodies is not None and self._infos:
            self._bodies.prepare()
        self.start = self._clock()
        for twin in self._twins:
            await twin.start()

    def write_past(self, store: Any, *, wall: float) -> float:
        """Write twelve minutes before the start of the live part, once for all drivers of the radio."""
        start = self.start
        if self._written:
            return start
        self._written = True
        wanted = [i for i in self._infos if i.modality in (Modality.ECG, Modality.EDA, Modality.RESP)]
        plain = [replace(i, unit=_PLAIN[i.modality]) for i in wanted]
        dyad = Dyad(Script(self._seed or 0), tuple(completed(i) for i in plain))
        store_in_units = _Units(store, {i.key: i for i in wanted})
        now = self._clock()
        # What the wearables measured before the first slice comes with the first slices of the recorder.
        write_past(store_in_units, dyad, start, wall=wall - (now - start))
        return start


_PLAIN = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.RESP: ""}
_FACTORS = {("mV", "uV"): 1e3, ("mV", "mV"): 1.0, ("uS", "uS"): 1.0, ("", ""): 1.0}


class _Units:
    """A store that takes the simulator's units and writes those of the devices."""

    def __init__(self, store: Any, infos: dict[tuple[Role, str], StreamInfo]) -> None:
        self._store, self._infos = store, infos

    def open_stream(self, info: StreamInfo) -> None:
        """Make a stream known."""
        self._store.open_stream(self._infos[info.key])

    def samples(self, info: StreamInfo, times: FloatArray, samples: NDArray[Any]) -> None:
        """Take samples."""
        real = self._infos[info.key]
        factor = _FACTORS[_PLAIN[info.modality], real.unit] * (
            25.0 if info.modality is Modality.RESP else 1.0
        )
        self._store.samples(real, times, (samples * factor).astype(np.float32))

    def event(self, event: Event) -> None:
        """Take an event."""
        self._store.event(event)

    def notice(self, notice: Notice) -> None:
        """Take a notice."""
        self._store.notice(notice)

    def paused(self, role: Role, on: bool = True) -> None:
        """Begin or end a person's pause."""
        self._store.paused(role, on)

    def tick(self, time: float, wall: float) -> None:
        """End a slice."""
        self._store.tick(time, wall)

    def bulk(self) -> AbstractContextManager[None]:
        """Gather slices into large writes."""
        gathered: AbstractContextManager[None] = self._store.bulk()
        return gathered


def radio_in_range() -> Radio:
    """Return a radio with the devices of the demonstration in range, to be scanned for."""
    radio = demo_radio()
    for device in parse_session(emulated_session(past=False), "session.toml").devices:
        radio.wearables.add(device, [])
    return radio


def demo_radio(runner: Runner | None = None, clock: Callable[[], float] = local_clock) -> Radio:
    """Return a radio with emulated wearables; drivers add theirs to `Radio.wearables`."""
    wearables = Wearables(clock)
    radio = wearables.air.radio(runner, wearables.prepare)
    radio.wearables = wearables
    return radio

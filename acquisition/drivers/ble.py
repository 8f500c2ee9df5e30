"""What all Bluetooth LE drivers share: devices of a session → wearables kept connected → one driver."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from acquisition.drivers import Drained, Kept, SignsOf
from acquisition.drivers.ble_device import Keeper, Wearable
from acquisition.drivers.ble_loop import Runner
from acquisition.drivers.ble_radio import Radio, shared_radio
from acquisition.drivers.ble_stream import Outbox
from acquisition.errors import DeviceError
from acquisition.lsl.clock import local_clock
from acquisition.session.profile import DeviceProfile, ProfileStream
from acquisition.session.session import Device
from acquisition.session.toml_table import Scalar
from acquisition.simulation.past import Store
from acquisition.stream import Modality, StreamInfo

STOPPING = 8.0
"""Seconds all devices together may take to stop."""
COMMON_SETTINGS = ("emulated", "past", "seed", "tap")
"""Of demonstrations: a device emulated in this process, twelve simulated minutes before, which people, and
every how many seconds somebody taps it."""

Maker = Callable[[Device, DeviceProfile, Outbox], Wearable]


class Opener:
    """Open the driver of all devices of one kind: what a driver module calls `open_driver`.

    Parameters
    ----------
    make : callable
        Device, its profile, where chunks go → wearable.
    """

    def __init__(self, make: Maker) -> None:
        self._make = make

    def __call__(
        self,
        devices: Sequence[Device],
        session: object = None,
        *,
        radio: Radio | None = None,
        clock: Callable[[], float] = local_clock,
    ) -> BleDriver:
        """Return the driver.

        Parameters
        ----------
        session : object
            Drivers of other kinds need it.
        radio : Radio, optional
            The one of the process if not given.
        clock : callable
            LSL clock [s].

        Raises
        ------
        DeviceError
            On a device without address and name, a stream that is there twice, or a profile or setting that
            cannot be met.
        """
        return _open(devices, self._make, radio, clock)


def _open(
    devices: Sequence[Device], make: Maker, radio: Radio | None, clock: Callable[[], float]
) -> BleDriver:
    out: Outbox = deque()
    emulated = {d.emulated for d in devices}
    if len(emulated) > 1:
        raise DeviceError(f"{devices[0].title}: emulated and real devices of one kind cannot be mixed")
    if radio is None:
        radio = shared_radio(emulated=True in emulated)
    keepers = []
    for device in devices:
        if not (device.address or device.name):
            raise DeviceError(
                f"{device.title}: neither address nor name (attune devices scan lists what is in range)"
            )
        assert device.definition is not None  # a session file as read has it
        wearable = make(device, device.definition, out)
        keepers.append(Keeper(device, wearable, radio, out, clock))
        if radio.wearables is not None:
            radio.wearables.add(device, wearable.infos())
    _refuse_twice(keepers)
    return BleDriver(keepers, radio, out)


def _refuse_twice(keepers: Sequence[Keeper]) -> None:
    names = [i.key for k in keepers for i in k.wearable.infos()]
    if twice := sorted({f"{role} {name}" for role, name in names if names.count((role, name)) > 1}):
        raise DeviceError(
            f"stream {twice[0]} twice: give the second device a profile with other stream names"
        )


def check_settings(device: Device, known: Mapping[str, type | tuple[type, ...]]) -> dict[str, Scalar]:
    """Return the settings of a device.

    Raises
    ------
    DeviceError
        If one is unknown, or of another type.
    """
    settings = device.effective
    for key, value in settings.items():
        if key in COMMON_SETTINGS:
            continue
        if key not in known:
            raise DeviceError(f"{device.title}: no setting {key!r} (known: {', '.join(known) or 'none'})")
        if isinstance(value, bool) or not isinstance(value, known[key]):
            raise DeviceError(f"{device.title}: {key} = {value!r}: is not of the right kind")
    return settings


def stream_info(
    device: Device, stream: ProfileStream, *, unit: str, sfreq: float, channels: tuple[str, ...], format: str
) -> StreamInfo:
    """Describe a stream of a device as the profile names it and the driver delivers it.

    Raises
    ------
    DeviceError
        If the profile says another unit than the device sends.
    """
    if stream.unit not in ("", unit):
        raise DeviceError(f"{device.title}: {stream.modality} comes in {unit}, not {stream.unit!r}")
    which = device.source_id or device.address or device.name
    return StreamInfo(
        name=stream.name or f"{device.profile} {stream.modality}",
        role=device.role,
        modality=stream.modality,
        sfreq=sfreq,
        unit=unit,
        channels=stream.channels or channels,
        format=format,
        lateness=device.definition.latency if device.definition else 2.0,
        exact=sfreq > 0,
        source_id=f"attunement-{device.role}-{which}-{stream.modality}",
        device=device.profile,
    )


def beats_info(device: Device, stream: ProfileStream, *, unit: str, channels: tuple[str, ...]) -> StreamInfo:
    """Describe a stream of intervals, and of what the device says beside each.

    A profile that names the first channels only gets these.

    Raises
    ------
    DeviceError
        As `stream_info`; or if the profile names other ones beside the intervals.
    """
    info = stream_info(device, stream, unit=unit, sfreq=0.0, channels=channels, format="float32")
    if info.channels[1:] != channels[1 : len(info.channels)]:
        beside = ", ".join(channels[1:])
        raise DeviceError(f"{device.title}: channels beside {info.channels[0]!r} must be {beside}, or none")
    return info


def refuse_other(device: Device, profile: DeviceProfile, known: Sequence[Modality]) -> None:
    """Refuse a profile with streams that the driver cannot deliver.

    Raises
    ------
    DeviceError
        Naming the first of them.
    """
    for stream in profile.streams:
        if stream.modality not in known:
            raise DeviceError(
                f"{device.title}: {profile.driver} has no {stream.modality} (known: {', '.join(known)})"
            )


class BleDriver:
    """Deliver the streams of several Bluetooth LE devices of one kind."""

    def __init__(self, keepers: Sequence[Keeper], radio: Radio, out: Outbox) -> None:
        self.keepers = list(keepers)
        self.radio = radio
        self._out = out
        self._runner: Runner | None = None
        self._running: Future[Any] | None = None

    def streams(self) -> list[StreamInfo]:
        """Return the streams of all devices."""
        return [info for keeper in self.keepers for info in keeper.infos()]

    def ready(self) -> bool:
        """Tell whether every device streams."""
        return all(keeper.streaming for keeper in self.keepers)

    def missing(self) -> list[str]:
        """Return a line for each device that does not stream: why."""
        return [f"{k.device.title}: {k.fault}" for k in self.keepers if not k.streaming]

    def kept(self) -> Sequence[Kept]:
        """Return the devices, each with what it said of itself."""
        return self.keepers

    def signs(self) -> SignsOf:
        """Return battery and signal strength by stream."""
        return {info.key: k.signs for k in self.keepers for info in k.wearable.infos()}

    def start(self) -> None:
        """Begin to search and connect."""
        self._runner = self.radio.acquire()
        self._running = self._runner.submit(self._run())

    async def _run(self) -> None:
        await asyncio.gather(*(keeper.run() for keeper in self.keepers))

    def drain(self) -> list[Drained]:
        """Return what arrived since the last call."""
        return [self._out.popleft() for _ in range(len(self._out))]

    def break_off(self) -> None:
        """Break the connections as a drop-out does; they are made again."""
        if self._runner is not None:
            for keeper in self.keepers:
                self._runner.submit(keeper.break_off())

    def stop(self) -> None:
        """Stop the devices, disconnect, and release the radio."""
        if self._runner is None or self._running is None:
            return
        self._runner.submit(self._stop_all())
        self._runner.finish(self._running, STOPPING)
        self._runner = self._running = None
        self.radio.release()

    async def _stop_all(self) -> None:
        for keeper in self.keepers:
            keeper.stop()

    def write_past(self, store: Store, *, wall: float) -> float | None:
        """Write simulated minutes before the start, where emulated devices were asked for them."""
        if self.radio.wearables is None or not any(k.device.effective.get("past") for k in self.keepers):
            return None
        start: float = self.radio.wearables.write_past(store, wall=wall)
        return start

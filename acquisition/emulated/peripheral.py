"""What all emulated wearables share: a GATT server, a crystal, connection events, faults on demand."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.host import Host
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.profiles.battery_service import BatteryService
from bumble.profiles.device_information_service import DeviceInformationService
from bumble.transport.common import AsyncPipeSink

from acquisition.emulated.bumble_radio import Air
from acquisition.stream import FloatArray

Signal = Callable[[FloatArray], FloatArray]
"""Seconds since the device was switched on, shape (n,) → values."""


@dataclass(slots=True, kw_only=True)
class Hardware:
    """Say what an emulated device is, and what is wrong with it; faults may be set at any time.

    Parameters
    ----------
    skew : float
        By how much its crystal is too fast.
    interval : float
        Connection interval [s]; packets leave at its events. 0: at once.
    advertising : float
        Time between two of its advertisements [ms].
    mtu : int
        Largest that the device agrees to.
    battery : int
        [%]
    needs_pairing : bool
        Refuses commands with "insufficient authentication" until it is paired.
    refuses_pairing : bool
        Refuses to be paired, as a device does that is bonded to a phone.
    hold_until : float
        Loop time [s] before which packets are kept, to leave in a burst.
    lose : int
        How many packets are lost from now on.
    twice : int
        How many packets are sent twice from now on.
    """

    name: str
    address: str
    skew: float = 0.0
    interval: float = 0.0
    advertising: float = 1000.0
    mtu: int = 517
    battery: int = 87
    needs_pairing: bool = False
    refuses_pairing: bool = False
    hold_until: float = 0.0
    lose: int = 0
    twice: int = 0
    maker: tuple[str, str, str] = field(default=("Attunement", "emulated", "1.0"))


class _Consent(PairingDelegate):
    """Accept to be paired, or refuse."""

    def __init__(self, hardware: Hardware) -> None:
        super().__init__()
        self._hardware = hardware

    async def accept(self) -> bool:
        """Return whether it may go on."""
        return not self._hardware.refuses_pairing


class Peripheral:
    """An emulated device on the air; the wearables put their services and what they send on top.

    Parameters
    ----------
    services : sequence of Service
        Beside Battery and Device Information.
    advertised : sequence of str
        UUIDs in its advertisement.
    """

    def __init__(
        self, air: Air, hardware: Hardware, services: Sequence[Any], advertised: Sequence[str]
    ) -> None:
        self.air, self.hardware = air, hardware
        self._services, self._advertised = services, advertised
        self._device: Any = None
        self.connection: Any = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._queue: asyncio.Queue[tuple[Any, bytes]] = asyncio.Queue()
        self.switched_on = 0.0
        self.connected: Callable[[], None] = lambda: None
        self.disconnected: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Switch on and advertise."""
        h = self.hardware
        controller = Controller(h.name, link=self.air.link, public_address=h.address)
        self._device = Device(
            name=h.name, address=Address(h.address), host=Host(controller, AsyncPipeSink(controller))
        )
        self._device.gatt_server.max_mtu = h.mtu
        maker, model, firmware = h.maker
        self._device.add_services(
            [
                *self._services,
                BatteryService(lambda _: self.hardware.battery),
                DeviceInformationService(maker, model, "12345678", firmware_revision=firmware),
            ]
        )
        self._device.advertising_data = _advertisement(h.name, self._advertised)
        self._device.advertising_interval_min = self._device.advertising_interval_max = h.advertising
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)
        self._device.pairing_config_factory = lambda _: PairingConfig(delegate=_Consent(h))
        await self._device.power_on()
        self.switched_on = self.now()
        await self.advertise(True)
        self._spawn(self._send())

    @property
    def may_be_used(self) -> bool:
        """Tell whether commands are taken: always, or once the connection is encrypted."""
        return not self.hardware.needs_pairing or bool(self.connection and self.connection.is_encrypted)

    def now(self) -> float:
        """Return the time of the loop [s]."""
        return asyncio.get_running_loop().time()

    async def advertise(self, on: bool) -> None:
        """Begin or end to be seen."""
        if on:
            await self._device.start_advertising(auto_restart=False)
        else:
            await self._device.stop_advertising()

    def _on_connection(self, connection: Any) -> None:
        self.connection = connection
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        while not self._queue.empty():
            self._queue.get_nowait()
        self.connected()

    def _on_disconnection(self, *_: Any) -> None:
        self.connection = None
        self.stop_sending()
        self.disconnected()
        if self.in_range:
            self._spawn(self.advertise(True))

    in_range = True

    def _spawn(self, coroutine: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def keep(self, coroutine: Any) -> asyncio.Task[None]:
        """Begin what outlives the connection, such as measuring onto a card."""
        return self._spawn(coroutine)

    def run(self, coroutine: Any) -> asyncio.Task[None]:
        """Begin what ends with the connection."""
        task = asyncio.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def stop_sending(self) -> None:
        """End all that was begun by `run`."""
        for task in list(self._running):
            task.cancel()

    async def drop(self) -> None:
        """Break the connection."""
        if self.connection is not None:
            await self.connection.disconnect()

    async def leave(self) -> None:
        """Go out of range."""
        self.in_range = False
        if self.connection is not None:
            await self.drop()
        else:
            await self.advertise(False)

    async def come_back(self) -> None:
        """Come into range again."""
        self.in_range = True
        await self.advertise(True)

    def notify(self, characteristic: Any, data: bytes) -> None:
        """Put a packet into the queue of the radio."""
        if self.hardware.lose > 0:
            self.hardware.lose -= 1
            return
        self._queue.put_nowait((characteristic, data))
        if self.hardware.twice > 0:
            self.hardware.twice -= 1
            self._queue.put_nowait((characteristic, data))

    def indicate(self, characteristic: Any, data: bytes) -> None:
        """Send an indication at once."""
        self._spawn(self._device.indicate_subscribers(characteristic, data))

    async def _send(self) -> None:
        """Send what is queued at connection events."""
        event = 0.0
        while True:
            packets = [await self._queue.get()]
            interval = self.hardware.interval
            while self.now() < self.hardware.hold_until:
                await asyncio.sleep(self.hardware.hold_until - self.now())
            if interval:
                if event < self.now():
                    event += math.ceil((self.now() - event) / interval) * interval
                await asyncio.sleep(max(0.0, event - self.now()))
            # One event carries all that waits.
            while not self._queue.empty():
                packets.append(self._queue.get_nowait())
            for characteristic, data in packets:
                if self.connection is not None:
                    await self._device.notify_subscribers(characteristic, data)


def _advertisement(name: str, services: Sequence[str]) -> bytes:
    parts: list[tuple[Any, bytes]] = [(AdvertisingData.FLAGS, b"\x06")]
    for uuid in services:
        short = uuid.endswith("-0000-1000-8000-00805f9b34fb")
        kind = (
            AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
            if short
            else AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
        )
        parts.append((kind, bytes(UUID(uuid[4:8]).uuid_bytes if short else UUID(uuid).uuid_bytes)))
    parts.append((AdvertisingData.COMPLETE_LOCAL_NAME, name.encode()))
    return bytes(AdvertisingData(parts))


def notifying(uuid: str) -> Any:
    """Return a characteristic that notifies."""
    return Characteristic(_uuid(uuid), Characteristic.Properties.NOTIFY, Characteristic.Permissions(0), b"")


def commanded(uuid: str, written: Callable[[bytes], None], read: Callable[[], bytes] | None = None) -> Any:
    """Return a characteristic that takes commands, and indicates its answers where it can be read."""
    properties = Characteristic.Properties.WRITE | Characteristic.Properties.WRITE_WITHOUT_RESPONSE
    permissions = Characteristic.WRITEABLE
    if read is not None:
        properties |= Characteristic.Properties.READ | Characteristic.Properties.INDICATE
        permissions |= Characteristic.READABLE
    value = CharacteristicValue(
        read=lambda _: read() if read is not None else b"", write=lambda _, data: written(bytes(data))
    )
    return Characteristic(_uuid(uuid), properties, permissions, value)


def piped(uuid: str, written: Callable[[bytes], None], *, acknowledged: bool) -> Any:
    """Return a characteristic that takes bytes and sends bytes: each acknowledged, or neither."""
    of = Characteristic.Properties
    properties = of.WRITE | of.INDICATE if acknowledged else of.WRITE_WITHOUT_RESPONSE | of.NOTIFY
    value = CharacteristicValue(write=lambda _, data: written(bytes(data)))
    return Characteristic(_uuid(uuid), properties, Characteristic.WRITEABLE, value)


def service(uuid: str, characteristics: Sequence[Any]) -> Any:
    """Return a service."""
    return Service(_uuid(uuid), list(characteristics))


def _uuid(uuid: str) -> Any:
    return UUID(uuid[4:8]) if uuid.endswith("-0000-1000-8000-00805f9b34fb") else UUID(uuid)

"""A connected wearable, as a driver sees it: read, write, subscribe, each with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from bleak import BleakClient
from bleak.exc import BleakError

from acquisition.errors import PacketError

ANSWER = 6.0
"""Seconds a device may take for an answer."""

Heard = Callable[[bytes, float], None]
Tap = Callable[[str, str, bytes, float], None]
"""Way ("read", "written", "heard"), characteristic, bytes, moment [s, LSL clock]."""


def _untapped(way: str, uuid: str, data: bytes, now: float) -> None:
    """Pass over what goes through a link."""


class Link:
    """What a driver may do with a connected device.

    Parameters
    ----------
    clock : callable
        LSL clock [s], read when a notification arrives.
    tap : callable, optional
        Told of all bytes, for a trial of the device.
    """

    def __init__(self, client: BleakClient, clock: Callable[[], float], tap: Tap = _untapped) -> None:
        self._client, self._clock, self._tap = client, clock, tap
        self._asked = 23
        self._heard: dict[str, Heard] = {}
        self.heard = clock()
        self.ended: asyncio.Event = asyncio.Event()
        self.faults: dict[str, int] = {}
        self.told: Callable[[str], None] = lambda _: None

    @property
    def mtu(self) -> int:
        """Return the bytes of a packet, three of them for its header."""
        # Where BlueZ does not say what it negotiated, bleak warns and assumes the least.
        known = self._client.services.characteristics.values()
        return max([self._asked, *(c.max_write_without_response_size + 3 for c in known)])

    async def read(self, uuid: str) -> bytes:
        """Read a characteristic."""
        data = bytes(await asyncio.wait_for(self._client.read_gatt_char(uuid), ANSWER))
        self._tap("read", uuid, data, self._clock())
        return data

    async def write(self, uuid: str, data: bytes, *, response: bool = True) -> None:
        """Write a characteristic."""
        self._tap("written", uuid, data, self._clock())
        await asyncio.wait_for(self._client.write_gatt_char(uuid, data, response=response), ANSWER)

    async def subscribe(self, uuid: str, heard: Heard) -> None:
        """Call `heard` with each notification and its arrival [s, LSL clock]; the last one counts."""
        again = uuid in self._heard
        self._heard[uuid] = heard
        if again:
            return

        def take(_: Any, data: bytearray) -> None:
            now = self.heard = self._clock()
            self._tap("heard", uuid, bytes(data), now)
            try:
                self._heard[uuid](bytes(data), now)
            except PacketError as error:
                self._fault(str(error))

        try:
            await asyncio.wait_for(self._client.start_notify(uuid, take), ANSWER)
        except BaseException:
            del self._heard[uuid]
            raise

    def has(self, uuid: str) -> bool:
        """Tell whether the device has a service or characteristic."""
        services = self._client.services
        return services.get_service(uuid) is not None or services.get_characteristic(uuid) is not None

    def can(self, uuid: str, *ways: str) -> bool:
        """Tell whether a characteristic is there that can be used in one of these ways, such as "write"."""
        found = self._client.services.get_characteristic(uuid)
        return found is not None and any(way in found.properties for way in ways)

    async def pair(self) -> None:
        """Pair with the device."""
        await self._client.pair()

    async def rssi(self) -> int | None:
        """Return the signal strength of the connection [dBm], None where the system does not tell it."""
        read = getattr(self._client._backend, "get_rssi", None)
        return None if read is None else int(await asyncio.wait_for(read(), ANSWER))

    async def acquire_mtu(self) -> None:
        """Ask an old BlueZ for the MTU, which it tells only on request; others negotiate by themselves."""
        backend = self._client._backend
        acquire = getattr(backend, "_acquire_mtu", None)
        if acquire is None or self.mtu > self._asked:
            return
        with suppress(BleakError, TimeoutError, OSError):
            await asyncio.wait_for(acquire(), ANSWER)
            self._asked = max(self._asked, getattr(backend, "_mtu_size", None) or 0)

    def _fault(self, what: str) -> None:
        kind = what.split(" ", 1)[0]
        self.faults[kind] = self.faults.get(kind, 0) + 1
        if self.faults[kind] == 1:
            self.told(what)

"""One wearable kept connected: found, opened, watched, found again; what goes wrong is told once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from bleak import BleakClient
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from acquisition.drivers import NO_SIGNS
from acquisition.drivers.ble_link import ANSWER, Link, Tap
from acquisition.drivers.ble_radio import CONNECTING, Near, Radio, Wanted
from acquisition.drivers.ble_stream import Outbox
from acquisition.errors import DeviceError, PacketError
from acquisition.event import Notice, NoticeKind
from acquisition.gatt import heart_rate as hrs
from acquisition.session.session import Device
from acquisition.stream import StreamInfo

SEARCH = 12.0
"""Seconds a search lasts before it is told that nothing was found; it goes on then."""
BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two attempts."""
LOOK_PERIOD = 60.0
"""Seconds between two looks at battery and signal strength."""
WEAK = -90
"""Signal strength [dBm] at which drop-outs are near."""
LOW = (20, 10, 5)
"""Battery levels that are told of [%]."""
_AUTHENTICATION = (0x05, 0x08, 0x0C, 0x0F)
"""ATT errors that ask for pairing."""


class Wearable(Protocol):
    """What a driver module brings: how to start and stop one device, and its streams."""

    patience: float
    """Seconds of silence after which the connection counts as dead."""

    def infos(self) -> list[StreamInfo]:
        """Return the streams of the device."""

    async def begin(self, link: Link) -> None:
        """Negotiate settings, subscribe and start."""

    async def end(self, link: Link) -> None:
        """Send the commands that stop it."""

    def lost(self, now: float, why: str) -> None:
        """Note in each stream that the connection broke."""


class Keeper:
    """Keep one device connected until it is told to stop.

    Parameters
    ----------
    device : Device
        Which one; has an address or a name.
    clock : callable
        LSL clock [s].
    """

    def __init__(
        self, device: Device, wearable: Wearable, radio: Radio, out: Outbox, clock: Callable[[], float]
    ) -> None:
        self.device, self.wearable = device, wearable
        self._radio, self._out, self._clock = radio, out, clock
        self._wanted = Wanted(device.address, "" if device.address else device.name)
        self._stop = asyncio.Event()
        self._told = ""
        self.signs = NO_SIGNS
        self.fault = "not found yet"
        self.streaming = False
        self.facts: dict[str, str] = {}
        """Maker, model, firmware, battery, signal strength, MTU."""
        self.paired = False
        self.tap: Tap | None = None
        """Told of all bytes of the links to come."""
        self._client: BleakClient | None = None

    def infos(self) -> list[StreamInfo]:
        """Return the device's streams with what is known about it."""
        return [replace(i, metadata={**self.facts, **i.metadata}) for i in self.wearable.infos()]

    async def run(self) -> None:
        """Connect again and again."""
        attempt = 0
        while not self._stop.is_set():
            try:
                if await self._one_connection():
                    attempt = 0
            except DeviceError as error:
                self._complain(str(error))
            except (BleakError, OSError, EOFError, TimeoutError, PacketError, AssertionError) as error:
                self._complain(in_words(error))
            self.streaming = False
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), BACKOFF[min(attempt, len(BACKOFF) - 1)])
            attempt += 1

    async def break_off(self) -> None:
        """Break the connection as a drop-out does: without a word to the device."""
        if self._client is not None:
            await self._client.disconnect()

    def stop(self) -> None:
        """End after the stop commands; `run` returns then."""
        self._stop.set()

    async def _one_connection(self) -> bool:
        """Find, connect and stream until the connection breaks; tell whether it ever streamed."""
        near = await self._until_stopped(self._radio.find(self._wanted, SEARCH))
        if near is None:
            return False
        ended = asyncio.Event()
        client = self._radio.client(near.device, ended.set)
        link: Link | None = None
        try:
            async with self._radio.lock:
                await asyncio.wait_for(client.connect(), CONNECTING + 1.0)
                link = Link(client, self._clock, self.tap) if self.tap else Link(client, self._clock)
                self._client = client
                link.ended, link.told = ended, self._health
                await self._open(link, near)
            await self._watch(link)
            return True
        finally:
            self.streaming = False
            if not self._stop.is_set():
                self.wearable.lost(self._clock(), "connection lost")
            await self._close(client, link if not ended.is_set() else None)

    async def _open(self, link: Link, near: Near) -> None:
        await link.acquire_mtu()
        self.facts |= {"mtu": str(link.mtu), "address": near.address}
        self._note_rssi(near.rssi)
        await self._read_facts(link)
        try:
            await self.wearable.begin(link)
        except BleakGATTProtocolError as error:
            if error.code not in _AUTHENTICATION:
                raise
            await self._pair(link, near)
            await self.wearable.begin(link)
        said = ", ".join(f"{k} {v}" for k, v in self.facts.items() if k not in ("address", "serial"))
        self._health(f"connected ({said})")
        self.streaming, self.fault, self._told = True, "", ""

    async def _pair(self, link: Link, near: Near) -> None:
        try:
            await asyncio.wait_for(link.pair(), CONNECTING)
        except (BleakError, TimeoutError, NotImplementedError, EOFError) as error:
            why = str(error).strip() or type(error).__name__
            raise DeviceError(
                f"{self._wanted} wants to be paired, and pairing failed ({why}): pair it in the system's "
                f"Bluetooth settings (Linux: bluetoothctl pair {near.address}) and close other apps "
                "that use it; it will be tried again"
            ) from error
        self.paired = True
        self._health("it wanted to be paired, and was")

    async def _read_facts(self, link: Link) -> None:
        for key, uuid in hrs.DEVICE_INFORMATION.items():
            with suppress(BleakError, TimeoutError):
                if said := hrs.text(await link.read(uuid)):
                    self.facts[key] = said
        await self._read_battery(link)

    async def _read_battery(self, link: Link) -> None:
        with suppress(BleakError, TimeoutError, PacketError):
            level = hrs.battery(await link.read(hrs.BATTERY))
            self.facts["battery"] = f"{level} %"
            before = 101.0 if math.isnan(self.signs.battery) else self.signs.battery
            if any(level <= low < before for low in LOW):
                self._health(f"battery {level} %")
            self.signs = replace(self.signs, battery=float(level))

    async def _read_rssi(self, link: Link) -> None:
        """Read the signal strength of the connection; that of the search stays where nobody tells."""
        with suppress(BleakError, TimeoutError):
            if (rssi := await link.rssi()) is not None:
                self._note_rssi(rssi)

    def _note_rssi(self, rssi: int) -> None:
        self.facts["rssi"] = f"{rssi} dBm"
        before = 0.0 if math.isnan(self.signs.rssi) else self.signs.rssi
        if rssi <= WEAK < before:
            self._health(f"weak signal ({rssi} dBm): it is far away, or a body is in between")
        self.signs = replace(self.signs, rssi=float(rssi))

    async def _watch(self, link: Link) -> None:
        """Wait until the connection breaks, falls silent, or all is to end."""
        next_look = self._clock() + LOOK_PERIOD
        link.heard = self._clock()
        while not self._stop.is_set() and not link.ended.is_set():
            await _first(1.0, self._stop.wait(), link.ended.wait())
            now = self._clock()
            if now - link.heard > self.wearable.patience:
                self._health(f"connected, but silent for {now - link.heard:.0f} s; connecting again")
                return
            if now >= next_look:
                next_look = now + LOOK_PERIOD
                await self._read_battery(link)
                await self._read_rssi(link)

    async def _close(self, client: BleakClient, link: Link | None) -> None:
        if link is not None and client.is_connected:
            with suppress(BleakError, DeviceError, PacketError, OSError, EOFError, TimeoutError):
                await asyncio.wait_for(self.wearable.end(link), ANSWER)
        with suppress(BleakError, OSError, EOFError, TimeoutError):
            await asyncio.wait_for(client.disconnect(), ANSWER)

    async def _until_stopped(self, search: Coroutine[Any, Any, Near]) -> Near | None:
        task = asyncio.ensure_future(search)
        await _first(math.inf, task, self._stop.wait())
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, DeviceError):
                await task
            return None
        return task.result()

    def _complain(self, what: str) -> None:
        self.fault = what
        if what != self._told:
            self._told = what
            self._health(what)

    def _health(self, what: str, kind: NoticeKind = "health") -> None:
        for info in self.wearable.infos()[:1]:
            text = f"{self.device.title}: {what}"
            self._out.append(
                Notice(time=self._clock(), kind=kind, role=info.role, stream=info.name, message=text)
            )


async def _first(seconds: float, *waits: Any) -> None:
    """Wait for the first of several, but no longer than so; those made here are cancelled, tasks are left."""
    tasks = [w if isinstance(w, asyncio.Task) else asyncio.ensure_future(w) for w in waits]
    try:
        await asyncio.wait(
            tasks, timeout=None if seconds == math.inf else seconds, return_when="FIRST_COMPLETED"
        )
    finally:
        for task, wait in zip(tasks, waits, strict=True):
            if task is not wait and not task.done():
                task.cancel()


def in_words(error: BaseException) -> str:
    """Return what an error of the radio means for the person at the screen."""
    if isinstance(error, BleakDeviceNotFoundError):
        return "found, but it refuses the connection: another app or phone may hold it; close that one"
    if isinstance(error, TimeoutError):
        return (
            "found, but it does not answer: another app or phone may hold it, or it is at the edge of range"
        )
    return f"Bluetooth: {str(error).strip() or type(error).__name__}"

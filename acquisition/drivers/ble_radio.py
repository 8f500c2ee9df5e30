"""The Bluetooth radio: one search for all, one connection made at a time.

Bleak and its event loop never leave these modules; tests and demonstrations bring another radio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from acquisition.drivers.ble_loop import CLOSING, LoopThread, Runner
from acquisition.errors import DeviceError

SETTLE = 1.5
"""Seconds to go on looking once a name was found: another device may have the same."""
ROUND = 5.0
"""Seconds after which a search lets others connect."""
CONNECTING = 20.0
"""Seconds a connection may take."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say which device is meant: by address, else by its exact name."""

    address: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Return it as messages have it."""
        return self.address or repr(self.name)

    def matches(self, near: Near) -> bool:
        """Tell whether a device in range is the one."""
        if self.address:
            return near.address.casefold() == self.address.casefold()
        return near.name == self.name


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """A device in range: what it calls itself, the services it offers, signal strength [dBm]."""

    name: str
    address: str
    rssi: int
    services: tuple[str, ...]
    device: BLEDevice

    def __str__(self) -> str:
        """Return it as messages have it."""
        return f"{self.name or 'unnamed'} ({self.address}, {self.rssi} dBm)"


@dataclass(slots=True, eq=False)
class _Search:
    wanted: Wanted
    found: asyncio.Future[Near]
    hits: dict[str, Near] = field(default_factory=dict)


class Radio:
    """Find devices and connect to them.

    Parameters
    ----------
    backend : type, optional
        Client backend of bleak; the system's own if not given.
    scanner : callable, optional
        Makes a scanner from a detection callback.
    runner : Runner, optional
        Where coroutines run; a thread of its own if not given.
    prepare, finish : callable, optional
        Awaited before the first use, and after the last.
    """

    def __init__(
        self,
        *,
        backend: Any = None,
        scanner: Callable[..., Any] | None = None,
        runner: Runner | None = None,
        prepare: Callable[[], Awaitable[None]] | None = None,
        finish: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._backend, self._scanner, self._own = backend, scanner or BleakScanner, runner
        self._runner: Runner | None = runner
        self._prepare, self._finish = prepare, finish
        self._users = 0
        self._lock: asyncio.Lock | None = None
        self._searches: list[_Search] = []
        self._scan_task: asyncio.Task[None] | None = None
        self.near: dict[str, Near] = {}
        """Who was seen, by address."""
        self.wearables: Any = None
        """Emulated wearables that live on it, see `acquisition.emulated.demo`."""

    @property
    def lock(self) -> asyncio.Lock:
        """Return what must be held to search or to connect."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock

    def acquire(self) -> Runner:
        """Begin to use the radio; returns what runs its coroutines."""
        self._users += 1
        if self._runner is None:
            self._runner = LoopThread()
        if self._users == 1:
            self._lock, self._scan_task = None, None
            if self._prepare is not None:
                self._runner.finish(self._runner.submit(_await(self._prepare)), CONNECTING)
        return self._runner

    def release(self) -> None:
        """End to use it; the last user ends its thread."""
        self._users -= 1
        if self._users or self._runner is None:
            return
        if self._finish is not None:
            self._runner.finish(self._runner.submit(_await(self._finish)), CLOSING)
        if self._own is None:
            self._runner.close()
            self._runner = None

    def client(self, device: BLEDevice, lost: Callable[[], None]) -> BleakClient:
        """Return a client that is not yet connected; `lost` is called when the connection breaks."""
        more = {} if self._backend is None else {"backend": self._backend}
        return BleakClient(device, lambda _: lost(), timeout=CONNECTING, **more)

    async def scan(self, seconds: float) -> list[Near]:
        """Return who is in range, the strongest first."""
        self.near.clear()
        async with self.lock, self._scanner(detection_callback=self._note):
            await asyncio.sleep(seconds)
        return sorted(self.near.values(), key=lambda n: -n.rssi)

    async def find(self, wanted: Wanted, seconds: float) -> Near:
        """Return the device that is meant.

        Raises
        ------
        DeviceError
            If it is not in range, two have its name, or the radio is off.
        """
        # Who is looked for was seen before the drop-out; that it was near then is no news.
        self.near = {address: near for address, near in self.near.items() if not wanted.matches(near)}
        search = _Search(wanted, asyncio.get_running_loop().create_future())
        self._searches.append(search)
        if self._scan_task is None or self._scan_task.done():
            self._scan_task = asyncio.create_task(self._scan_rounds())
        try:
            return await asyncio.wait_for(search.found, seconds)
        except TimeoutError:
            raise DeviceError(self._not_found(wanted)) from None
        finally:
            self._searches.remove(search)

    async def _scan_rounds(self) -> None:
        while self._searches:
            try:
                async with self.lock, self._scanner(detection_callback=self._note):
                    await self._until_found()
            except (BleakError, OSError) as error:
                for search in self._searches:
                    if not search.found.done():
                        search.found.set_exception(DeviceError(no_bluetooth(error)))
            await asyncio.sleep(0.05)

    async def _until_found(self) -> None:
        """Look for one round, or until somebody is found."""
        loop = asyncio.get_running_loop()
        end = loop.time() + ROUND
        settled: dict[int, float] = {}
        while loop.time() < end:
            for search in self._searches:
                # An address is unique, a name may not be.
                due = settled.setdefault(id(search), loop.time() + SETTLE) if search.hits else None
                if (
                    search.hits
                    and not search.found.done()
                    and (search.wanted.address or loop.time() >= (due or 0))
                ):
                    _decide(search)
            if not self._searches or any(s.found.done() for s in self._searches):
                return
            await asyncio.sleep(0.1)

    def _note(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        near = Near(
            name=advertisement.local_name or device.name or "",
            address=device.address,
            rssi=advertisement.rssi,
            services=tuple(advertisement.service_uuids),
            device=device,
        )
        self.near[near.address] = near
        for search in self._searches:
            if search.wanted.matches(near):
                search.hits[near.address] = near

    def _not_found(self, wanted: Wanted) -> str:
        near = ", ".join(str(n) for n in sorted(self.near.values(), key=lambda n: -n.rssi)[:8])
        return (
            f"no device {wanted} in range: off, not worn, too far away, or another app or phone holds it "
            f"(in range: {near or 'none'})"
        )


def _decide(search: _Search) -> None:
    if len(search.hits) == 1:
        search.found.set_result(next(iter(search.hits.values())))
        return
    places = ", ".join(sorted(search.hits))
    search.found.set_exception(
        DeviceError(
            f"{len(search.hits)} devices are called {search.wanted} ({places}), so none is used: "
            "set address = ... to the one that is meant"
        )
    )


def no_bluetooth(error: BaseException) -> str:
    """Return in words why the radio cannot be used."""
    if isinstance(error, FileNotFoundError):
        return "Bluetooth cannot be used: no Bluetooth service runs on this machine (BlueZ over D-Bus)"
    return f"Bluetooth cannot be used: {str(error).strip() or type(error).__name__}"


async def _await(make: Callable[[], Awaitable[None]]) -> None:
    await make()


_shared: dict[str, Radio] = {}
_emulated: list[Callable[[], Radio]] = []


def hand_in(make: Callable[[], Radio]) -> None:
    """Say what makes the radio of emulated wearables: whoever begins a recording knows it, no driver does."""
    _emulated[:] = [make]


def shared_radio(emulated: bool = False) -> Radio:
    """Return the one radio that all drivers of this process share, or the emulated one.

    Raises
    ------
    DeviceError
        If emulated wearables are asked for where nobody has handed them in.
    """
    kind = "emulated" if emulated else "system"
    if kind not in _shared:
        if emulated and not _emulated:
            raise DeviceError("emulated = true: there are no emulated wearables in this process")
        _shared[kind] = _emulated[0]() if emulated else Radio()
    return _shared[kind]

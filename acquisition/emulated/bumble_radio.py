"""A Bluetooth radio without hardware: a Bumble central on a link in this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from bleak import BleakScanner
from bleak.backends.scanner import AdvertisementDataCallback
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
)
from bumble.controller import Controller
from bumble.device import Device
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from acquisition.drivers.ble_loop import Runner
from acquisition.drivers.ble_radio import Radio
from acquisition.emulated.bumble_backend import BumbleClient, BumbleScanner

# What Bumble's controller logs concerns packets that cross a disconnection; a user can do nothing with it.
logging.getLogger("bumble").setLevel(logging.CRITICAL)


class Air:
    """The link that emulated devices and the central share; made on first use, inside the event loop.

    `on` false: the adapter is switched off.
    """

    def __init__(self) -> None:
        self.link: Any = LocalLink()  # type: ignore[no-untyped-call]
        self.central: Any = None
        self.on = True
        self.rssi = -50
        """Signal strength of connections [dBm]; Bumble's link has the same in advertisements, always."""
        self.clients: set[BumbleClient] = set()

    async def power_on(self, address: str = "F0:F1:F2:F3:F4:F5") -> None:
        """Switch the central on."""
        asyncio.get_running_loop().set_exception_handler(_no_late_answers)
        controller = Controller("central", link=self.link, public_address=address)
        self.central = Device(
            name="central", address=Address(address), host=Host(controller, AsyncPipeSink(controller))
        )
        await self.central.power_on()

    def check(self) -> None:
        """Raise bleak's error if the adapter is switched off."""
        if not self.on:
            raise BleakBluetoothNotAvailableError(
                "the adapter is switched off", BleakBluetoothNotAvailableReason.POWERED_OFF
            )

    async def switch(self, on: bool) -> None:
        """Switch the adapter off or on; off, all connections break."""
        self.on = on
        for client in list(self.clients) if not on else []:
            await client.disconnect()

    def radio(
        self, runner: Runner | None = None, prepare: Callable[[], Any] | None = None, **more: Any
    ) -> Radio:
        """Return the radio that drivers use."""
        air = self

        class Client(BumbleClient):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(air, *args, **kwargs)

        class Scanner(BumbleScanner):
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(air, *args, **kwargs)

        def scanner(detection_callback: AdvertisementDataCallback) -> BleakScanner:
            return BleakScanner(detection_callback, backend=Scanner)

        async def begin() -> None:
            if self.central is None:
                await self.power_on()
            if prepare is not None:
                await prepare()

        return Radio(backend=Client, scanner=scanner, runner=runner, prepare=begin, **more)


def _no_late_answers(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over answers to cancelled commands, which Bumble's host does not expect."""
    late = isinstance(context.get("exception"), asyncio.InvalidStateError)
    if not (late and Host.on_packet.__qualname__ in repr(context.get("handle"))):
        loop.default_exception_handler(context)

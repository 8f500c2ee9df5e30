"""Fetch over the air: a device is connected once more, as often as it takes, and asked for what it kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from acquisition.drivers.ble_device import Keeper
from acquisition.drivers.ble_link import Link
from acquisition.drivers.ble_radio import Radio, shared_radio
from acquisition.drivers.ble_stream import Outbox
from acquisition.errors import DeviceError
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.refilling.kept import Kept, OverTheAir, Wanted
from acquisition.session.session import Device
from acquisition.stream import StreamInfo

PATIENCE = 120.0
"""Seconds without a connection, or within one without a packet, after which it is given up."""
LOOK = 0.5


class _Fetching:
    """A device that is asked for what it kept, as what keeps devices connected sees it."""

    patience = PATIENCE

    def __init__(self, infos: Sequence[StreamInfo], fetch: OverTheAir) -> None:
        self._infos, self._fetch = list(infos), fetch
        self.found: list[Kept] | None = None
        self.refused = ""
        self.link: Link | None = None
        self.done: Callable[[], None] = lambda: None

    def infos(self) -> list[StreamInfo]:
        """Return the streams."""
        return self._infos

    async def begin(self, link: Link) -> None:
        """Fetch; a connection that breaks is made again, what the device refuses is final."""
        self.link = link
        try:
            self.found = await self._fetch(link, link.told)
        except DeviceError as error:
            self.refused = str(error)
        self.done()

    async def end(self, link: Link) -> None:
        """Do nothing: it does not measure."""

    def lost(self, now: float, why: str) -> None:
        """Do nothing: what keeps it connected goes on."""


def fetch(
    device: Device,
    wanted: Sequence[Wanted],
    make: Callable[[Device, Sequence[Wanted]], OverTheAir],
    *,
    radio: Radio | None = None,
    clock: Callable[[], float] = local_clock,
    said: Callable[[str], None] = lambda _: None,
) -> list[Kept]:
    """Return what a device kept of each stream.

    Raises
    ------
    DeviceError
        If it is not found, refuses, or its connection breaks without any progress.
    """
    asked = _Fetching([w.info for w in wanted], make(device, wanted))
    radio = radio or shared_radio(emulated=device.emulated)
    out: Outbox = deque()
    keeper = Keeper(device, asked, radio, out, clock)
    asked.done = keeper.stop
    runner = radio.acquire()
    try:
        running = runner.submit(keeper.run())
        since = clock()
        while not running.done():
            runner.finish(runner.submit(asyncio.sleep(LOOK)), 10 * LOOK)
            since = clock() if _tell(out, said) else since
            since = max(since, asked.link.heard if asked.link is not None else since)
            if clock() - since > PATIENCE:
                runner.submit(_stop(keeper))
                why = keeper.fault if asked.link is None else "nothing comes any more"
                raise DeviceError(f"{device.title}: {why}")
    finally:
        radio.release()
    if asked.found is None:
        raise DeviceError(f"{device.title}: {asked.refused or keeper.fault}")
    return asked.found


async def _stop(keeper: Keeper) -> None:
    keeper.stop()


def _tell(out: Outbox, said: Callable[[str], None]) -> bool:
    told = False
    while out:
        item = out.popleft()
        if isinstance(item, Notice):
            said(item.message)
            told = True
    return told

"""Nuanic rings, experimental: skin conductance, by what one project found out about them."""

from __future__ import annotations

import asyncio
import math
import time

import numpy as np

from acquisition.drivers import Assumption
from acquisition.drivers.ble import Opener, check_settings, refuse_other, stream_info
from acquisition.drivers.ble_link import Link
from acquisition.drivers.ble_stream import Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.errors import DeviceError
from acquisition.gatt.nuanic import (
    EDA,
    FINGER,
    MODE,
    NOT_SET,
    OFF_FINGER,
    RATE,
    RATES,
    RAW,
    TIME,
    Record,
    set_time,
)
from acquisition.session.profile import DeviceProfile
from acquisition.session.session import Device
from acquisition.stream import Modality, StreamInfo


class Ring:
    """One ring."""

    patience = 90.0  # a change of mode silences it for a minute

    def __init__(self, device: Device, profile: DeviceProfile, out: Outbox) -> None:
        check_settings(device, {})
        refuse_other(device, profile, (Modality.EDA,))
        stream = profile.streams[0]
        if stream.sfreq not in RATES:
            known = ", ".join(map(str, RATES))
            raise DeviceError(f"{device.title}: eda at {stream.sfreq:g} Hz (known: {known} Hz)")
        self._sfreq = int(stream.sfreq)
        info = stream_info(
            device, stream, unit="uS", sfreq=float(stream.sfreq), channels=("EDA",), format="float32"
        )
        self._stream = PacketStream(info, DeviceClock(), out)
        self._boot = -1
        self._link: Link | None = None
        self._setting: asyncio.Task[None] | None = None
        self._fingers: set[int] = set()
        self._changed_mode = False

    def infos(self) -> list[StreamInfo]:
        """Return the stream, and beside it its stamps."""
        return [self._stream.info, self._stream.time_info]

    async def begin(self, link: Link) -> None:
        """Set time and rate, subscribe, and choose raw EDA where it is not chosen yet."""
        if not link.has(EDA):
            raise DeviceError("it does not send skin resistance: no Nuanic ring, or an older one")
        self._link = link
        if self._boot < 0:
            await self._set_time()
        await link.write(RATE, bytes([self._sfreq]))
        await link.subscribe(EDA, self._heard)
        if link.can(FINGER, "notify", "indicate"):
            await link.subscribe(FINGER, self._finger)
        if (await link.read(MODE))[:1] != bytes([RAW]):
            # The same mode once more would not silence it; another one does, for a minute.
            self._changed_mode = True
            link.told("its mode was changed: it is silent for a minute now")
            await link.write(MODE, bytes([RAW]))

    async def _set_time(self) -> None:
        assert self._link is not None
        await self._link.write(TIME, set_time(round(time.time() * 1e3)))

    def _heard(self, data: bytes, now: float) -> None:
        record = Record.from_bytes(data)
        if record.ms < NOT_SET:
            # It was switched on anew: until its clock is set, stamps say nothing.
            if self._setting is None or self._setting.done():
                self._setting = asyncio.ensure_future(self._set_time())
            return
        if self._boot not in (-1, record.boot):
            self._stream.restart("the ring was started anew")
        self._boot = record.boot
        if math.isfinite(us := record.conductance):
            self._stream.packet(np.array([[us]], np.float32), record.ms * 1_000_000, now)

    def _finger(self, data: bytes, now: float) -> None:
        state = data[0] if data else 0
        if state not in self._fingers and self._link is not None:
            self._fingers.add(state)
            if state == OFF_FINGER:
                self._link.told("it is not on a finger")

    def assumptions(self) -> list[Assumption]:
        """Return what only the real ring can say."""
        states = ", ".join(map(str, sorted(self._fingers))) or "none"
        changed = "mode was changed" if self._changed_mode else "it was not changed"
        return [
            Assumption("states of the finger", "1 off, 2 on", states),
            Assumption("number of starts", "goes on by one at each", str(self._boot)),
            Assumption("after a change of mode", "silent for 60 s", changed),
            Assumption("EDA scale", "1e6 / ohm: 470 kOhm is 2.13 µS", "see the values of the EDA"),
        ]  # fmt: skip

    async def end(self, link: Link) -> None:
        """Do nothing: another mode would silence it for a minute."""

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke."""
        self._stream.lost(now, why)


open_driver = Opener(Ring)

"""EmotiBits of a session as one driver: EDA, acceleration, beats of the optical sensor."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from acquisition.drivers import Assumption, Drained, Kept, Signs, SignsOf
from acquisition.drivers.ble import check_settings, refuse_other, stream_info
from acquisition.drivers.ble_loop import LoopThread
from acquisition.drivers.ble_stream import Outbox
from acquisition.drivers.emotibit.clock import RoundTripClock
from acquisition.drivers.emotibit.host import Host
from acquisition.drivers.emotibit.signals import Channel, Signals
from acquisition.errors import DeviceError
from acquisition.event import Notice
from acquisition.gatt.emotibit import TAGS
from acquisition.lsl.clock import local_clock
from acquisition.session.session import Device
from acquisition.stream import Modality, StreamInfo

SETTINGS: dict[str, type | tuple[type, ...]] = {"port": int, "card": str}
"""`port` of the device, where it is not the usual one; `card`: "on" where it is to write to its card too,
which heals gaps afterwards, else "off"."""
STOPPING = 3.0
_UNITS = {Modality.EDA: "uS", Modality.ACC: "g"}
_LABELS = {Modality.EDA: ("EDA",), Modality.ACC: ("x", "y", "z")}
_RATES = {Modality.EDA: 15.0, Modality.ACC: 25.0}


class Worn:
    """One EmotiBit."""

    def __init__(self, device: Device, out: Outbox, clock: Callable[[], float]) -> None:
        profile = device.definition
        assert profile is not None  # a session file as read has it
        settings = check_settings(device, SETTINGS)
        refuse_other(device, profile, tuple(TAGS))
        if not (device.address or device.name):
            raise DeviceError(f"{device.title}: neither address nor name (its id, such as MD-V5-0000108)")
        self.device, self._out, self._now = device, out, clock
        self._clock = RoundTripClock()
        self.channels = [
            Channel(_info(device, s), TAGS[s.modality], self._clock, out) for s in profile.streams
        ]
        self.signals = Signals(self.channels, self._clock, self._tell)
        port = settings.get("port", 0)
        self._where = (
            device.address,
            "" if device.address else device.name,
            port if isinstance(port, int) else 0,
        )
        if (card := settings.get("card", "off")) not in ("on", "off"):
            raise DeviceError(f"{device.title}: card = {card!r}: must be on or off")
        self._card = card == "on"
        self.host: Host | None = None

    def infos(self) -> list[StreamInfo]:
        """Return its streams, each with its device stamps."""
        return [info for c in self.channels for info in (c.info, c.time_info)]

    async def run(self) -> None:
        """Keep it connected."""
        address, name, port = self._where
        self.host = Host(address, name, port, self.signals, self._now, self._tell, card=self._card)
        await self.host.run()

    @property
    def streaming(self) -> bool:
        """Tell whether it sends."""
        return self.host is not None and self.host.streaming and all(c.samples for c in self.channels)

    @property
    def fault(self) -> str:
        """Return why it does not."""
        return (self.host.fault or "connected, and silent") if self.host is not None else "not found yet"

    @property
    def facts(self) -> dict[str, str]:
        """Return what it said of itself."""
        return {"id": self.host.who} if self.host is not None and self.host.who else {}

    def assumptions(self) -> list[Assumption]:
        """Return what only the real device can say."""
        order, signals = self.signals.order, self.signals
        best = f"{signals.best * 1e3:.0f} ms at best" if signals.round_trips else "none"
        came = f"{order.lost} never, {order.late} late, {order.doubled} twice"
        trips, damaged = signals.round_trips, signals.damaged
        return [
            Assumption("round trips", "one each 5 s, a few ms", f"{trips}, {best}", trips > 0),
            Assumption("packets", "come once, in order", came),
            Assumption("lines", "none that is cut or no line", f"{damaged} are", damaged == 0),
            Assumption("EDA unit", "µS by the device (V4 and later)", "see the values of the EDA"),
        ]  # fmt: skip

    def _tell(self, what: str) -> None:
        info = self.channels[0].info
        text = f"{self.device.title}: {what}"
        self._out.append(
            Notice(time=self._now(), kind="health", role=info.role, stream=info.name, message=text)
        )


def _info(device: Device, stream: Any) -> StreamInfo:
    m = stream.modality
    if stream.sfreq != _RATES[m]:
        raise DeviceError(f"{device.title}: {m} comes at {_RATES[m]:g} Hz, not {stream.sfreq:g} Hz")
    return stream_info(device, stream, unit=_UNITS[m], sfreq=_RATES[m], channels=_LABELS[m], format="float32")


class EmotiBitDriver:
    """Deliver the streams of several EmotiBits."""

    def __init__(self, worn: Sequence[Worn], out: Outbox) -> None:
        self.worn, self._out = list(worn), out
        self._runner: LoopThread | None = None
        self._running: Future[Any] | None = None

    def streams(self) -> list[StreamInfo]:
        """Return the streams of all devices."""
        return [info for one in self.worn for info in one.infos()]

    def ready(self) -> bool:
        """Tell whether every device streams."""
        return all(one.streaming for one in self.worn)

    def missing(self) -> list[str]:
        """Return a line for each device that does not stream: why."""
        return [f"{one.device.title}: {one.fault}" for one in self.worn if not one.streaming]

    def kept(self) -> Sequence[Kept]:
        """Return the devices."""
        return self.worn

    def signs(self) -> SignsOf:
        """Return the battery by stream."""
        return {i.key: Signs(battery=one.signals.battery) for one in self.worn for i in one.infos()}

    def start(self) -> None:
        """Begin to call them."""
        self._runner = LoopThread()
        self._running = self._runner.submit(self._run())

    async def _run(self) -> None:
        await asyncio.gather(*(one.run() for one in self.worn))

    def drain(self) -> list[Drained]:
        """Return what arrived since the last call."""
        return [self._out.popleft() for _ in range(len(self._out))]

    def stop(self) -> None:
        """Let the devices go."""
        if self._runner is None or self._running is None:
            return
        self._runner.submit(self._stop())
        self._runner.finish(self._running, STOPPING)
        self._runner.close()
        self._runner = self._running = None

    async def _stop(self) -> None:
        for one in self.worn:
            if one.host is not None:
                one.host.stop()


def open_driver(
    devices: Sequence[Device], session: object = None, *, clock: Callable[[], float] = local_clock
) -> EmotiBitDriver:
    """Return the driver of the EmotiBits of a session.

    Raises
    ------
    DeviceError
        On a device that is not said which, or a profile or setting that cannot be met.
    """
    out: Outbox = deque()
    return EmotiBitDriver([Worn(device, out, clock) for device in devices], out)

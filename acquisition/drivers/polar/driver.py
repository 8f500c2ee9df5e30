"""Polar belts and bands by Polar Measurement Data: ECG, ACC, PPI; RR by the standard service beside it."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter

import numpy as np

from acquisition.drivers import Assumption
from acquisition.drivers.ble import Opener, beats_info, check_settings, refuse_other, stream_info
from acquisition.drivers.ble_link import ANSWER, Link
from acquisition.drivers.ble_stream import BeatStream, Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.drivers.heart_rate import rr_info, subscribe_rr
from acquisition.drivers.polar.memory import Files, keep_rr, stop_rr
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.polar import (
    CONTROL,
    DATA,
    Command,
    Measurement,
    Op,
    Response,
    Setting,
    Settings,
    Status,
    parse_features,
    parse_settings,
    parse_stopped,
)
from acquisition.gatt.polar_frame import Frame, pulse_intervals
from acquisition.session.profile import DeviceProfile, ProfileStream
from acquisition.session.session import Device
from acquisition.stream import CONTACT, ERROR, Modality, StreamInfo

SETTINGS: dict[str, type | tuple[type, ...]] = {"acc_range": int, "keep": str}
"""`acc_range` [g]: the smallest that the device offers if not given. `keep`: "rr" where an H10 is to keep its
beats in its memory, too, else "off"."""
MTU = 232
"""Bytes that the largest frame of an H10 needs: 73 samples, a header of 10, and 3 of the protocol."""
_STREAMS = {Modality.ECG: Measurement.ECG, Modality.ACC: Measurement.ACC, Modality.PPI: Measurement.PPI}
_UNITS = {Modality.ECG: "uV", Modality.ACC: "mg"}
_CHANNELS = {Modality.ECG: ("ECG",), Modality.ACC: ("x", "y", "z")}


class PolarDevice:
    """One belt or band."""

    patience = 40.0  # the first pulse interval of a Verity Sense takes 25 s

    def __init__(self, device: Device, profile: DeviceProfile, out: Outbox) -> None:
        settings = check_settings(device, SETTINGS)
        refuse_other(device, profile, (*_STREAMS, Modality.RR))
        self._range = int(settings.get("acc_range", 0))
        self._wanted = {_STREAMS[s.modality]: s for s in profile.streams if s.modality in _STREAMS}
        clock = DeviceClock()
        self._packets = {
            _STREAMS[s.modality]: PacketStream(_packet_info(device, s), clock, out)
            for s in profile.streams
            if s.modality in _UNITS
        }
        self._factor: dict[Measurement, float] = {}
        self._rr = self._ppi = None
        for s in profile.streams:
            if s.modality is Modality.RR:
                self._rr = BeatStream(rr_info(device, profile), out, seconds=1 / 1024)
            elif s.modality is Modality.PPI:
                info = beats_info(device, s, unit="ms", channels=("PPI", ERROR, CONTACT))
                self._ppi = BeatStream(info, out, seconds=1e-3)
        if (keep := settings.get("keep", "off")) not in ("rr", "off"):
            raise DeviceError(f"{device.title}: keep = {keep!r}: must be rr or off")
        self._files = Files() if keep == "rr" and self._rr is not None else None
        self._name = f"A{round(time.time()):X}"
        self._answers: asyncio.Queue[Response] = asyncio.Queue()
        self._link: Link | None = None
        self._kinds: Counter[str] = Counter()
        self._offered: dict[str, str] = {}

    def infos(self) -> list[StreamInfo]:
        """Return the streams: those with device stamps, then those of intervals."""
        with_time = [i for p in self._packets.values() for i in (p.info, p.time_info)]
        return with_time + [s.info for s in (self._rr, self._ppi) if s is not None]

    async def begin(self, link: Link) -> None:
        """Ask what the device can do, negotiate, and start what the profile wants."""
        self._link = link
        if self._wanted:
            await self._begin_measurements(link)
        if self._rr is not None:
            await subscribe_rr(link, self._rr)
        if self._files is not None:
            link.told(await keep_rr(link, self._files, self._name))

    async def _begin_measurements(self, link: Link) -> None:
        if not link.has(CONTROL):
            raise DeviceError(
                "it has no Polar Measurement Data: an H9, or firmware before 3; update it, or use heart_rate"
            )
        if Measurement.ECG in self._wanted and link.mtu < MTU:
            link.told(f"MTU {link.mtu}: packets of {MTU} bytes may come cut, and are left out then")
        able = parse_features(await link.read(CONTROL))
        for measurement in self._wanted:
            if measurement not in able:
                names = ", ".join(sorted(m.name for m in able)) or "nothing"
                raise DeviceError(f"it does not measure {measurement.name} (it measures {names})")
        self._answers = asyncio.Queue()
        # Both subscriptions come before any command, or the device refuses.
        await link.subscribe(CONTROL, self._answered)
        await link.subscribe(DATA, self._data)
        for measurement, stream in self._wanted.items():
            await self._start(link, measurement, stream)

    async def _start(self, link: Link, measurement: Measurement, stream: ProfileStream) -> None:
        settings: Settings = {}
        if measurement is not Measurement.PPI:
            answer = await self._ask(link, Command(Op.GET_SETTINGS, measurement))
            offered = parse_settings(_accepted(answer, f"settings of {measurement.name}"))
            self._offered[measurement.name] = "; ".join(
                f"{s.name.lower()} {', '.join(f'{v:g}' for v in values)}" for s, values in offered.items()
            )
            settings = self._choose(measurement, stream, offered)
        start = Command(Op.START, measurement, settings)
        answer = await self._ask(link, start)
        if answer.status is Status.ALREADY:
            # A start of an earlier connection goes on, with settings nobody knows.
            await self._ask(link, Command(Op.STOP, measurement))
            answer = await self._ask(link, start)
        said = parse_settings(_accepted(answer, f"start of {measurement.name}"))
        self._factor[measurement] = said.get(Setting.FACTOR, (1.0,))[0]

    def _choose(self, measurement: Measurement, stream: ProfileStream, offered: Settings) -> Settings:
        """Return one value of each setting that the device offers; the rate is the profile's."""
        chosen: dict[Setting, tuple[float, ...]] = {
            s: (max(v),) for s, v in offered.items() if v and s is not Setting.FACTOR
        }
        if stream.sfreq not in offered.get(Setting.RATE, ()):
            rates = ", ".join(f"{r:g}" for r in offered.get(Setting.RATE, ())) or "none"
            raise DeviceError(
                f"{measurement.name} at {stream.sfreq:g} Hz is not offered (offered: {rates} Hz)"
            )
        chosen[Setting.RATE] = (stream.sfreq,)
        if ranges := offered.get(Setting.RANGE):
            chosen[Setting.RANGE] = (self._range or min(ranges),)
            if self._range and self._range not in ranges:
                names = ", ".join(f"{r:g}" for r in ranges)
                raise DeviceError(f"acc_range = {self._range} is not offered (offered: {names})")
        return chosen

    async def _ask(self, link: Link, command: Command) -> Response:
        """Send a command and return its answer, with the parameters of all its parts."""
        await link.write(CONTROL, bytes(command))
        parameters = b""
        while True:
            try:
                answer = await asyncio.wait_for(self._answers.get(), ANSWER)
            except TimeoutError:
                raise DeviceError(f"no answer to {command.op.name} {command.measurement.name}") from None
            if answer.op != command.op or answer.measurement != command.measurement:
                continue
            parameters += answer.parameters
            if not answer.more:
                return Response(
                    op=answer.op, measurement=answer.measurement, status=answer.status, parameters=parameters
                )

    def _answered(self, data: bytes, now: float) -> None:
        stopped = parse_stopped(data)
        if stopped is None:
            self._answers.put_nowait(Response.from_bytes(data))
        elif self._link is not None:
            names = ", ".join(m.name for m in stopped)
            self._link.told(f"the device stopped {names}; connecting again")
            self._link.ended.set()

    def _data(self, data: bytes, now: float) -> None:
        frame = Frame.from_bytes(data)
        how = "compressed" if frame.compressed else "raw"
        self._kinds[f"{frame.measurement.name} {how} {frame.kind}"] += 1
        if frame.measurement is Measurement.PPI and self._ppi is not None:
            beats = pulse_intervals(frame.payload)
            touches = {True: 1.0, False: 0.0, None: math.nan}
            kept = [(b.told, float(b.error), touches[b.contact]) for b in beats]
            self._ppi.intervals(kept, [float(b.interval) for b in beats], now)
        elif frame.measurement in self._packets:
            samples = frame.samples()
            factor = self._factor.get(frame.measurement, 1.0)
            if frame.compressed and frame.kind == 0 and frame.measurement is Measurement.ACC:
                factor *= 1e3  # this layout is in g
            scaled = samples if factor == 1.0 else samples * factor
            self._packets[frame.measurement].packet(scaled.astype(np.float32), frame.stamp, now)

    def assumptions(self) -> list[Assumption]:
        """Return what only the real device can say."""
        mtu = self._link.mtu if self._link is not None else 0
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self._kinds.items())) or "none"
        wide = mtu >= MTU or Measurement.ECG not in self._wanted
        found = [
            Assumption("MTU", f"at least {MTU} where it sends an ECG", str(mtu), wide),
            Assumption("frames", "ECG raw 0; ACC raw 1, or compressed 0 or 1; PPI raw 0", kinds),
        ]
        return found + [Assumption(f"{m} offers", "-", said) for m, said in self._offered.items()]

    async def end(self, link: Link) -> None:
        """Stop all measurements: a belt that is only disconnected stays on until its battery is empty."""
        for measurement in self._wanted:
            await self._ask(link, Command(Op.STOP, measurement))
        if self._files is not None:
            await stop_rr(self._files)

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke."""
        for stream in (*self._packets.values(), self._rr, self._ppi):
            if stream is not None:
                stream.lost(now, why)


open_driver = Opener(PolarDevice)


def _packet_info(device: Device, stream: ProfileStream) -> StreamInfo:
    if not stream.sfreq > 0:
        raise DeviceError(f"{device.title}: stream {stream.modality} needs sfreq, the rate to ask for [Hz]")
    return stream_info(
        device,
        stream,
        unit=_UNITS[stream.modality],
        sfreq=stream.sfreq,
        channels=_CHANNELS[stream.modality],
        format="float32",
    )


def _accepted(answer: Response, what: str) -> bytes:
    """Return the parameters of an answer.

    Raises
    ------
    DeviceError
        If the device refused.
    """
    if answer.status is not Status.OK:
        raise DeviceError(f"{what} refused: {answer.status.words}")
    try:
        parse_settings(answer.parameters)
    except PacketError as error:
        raise DeviceError(f"{what}: {error}") from error
    return answer.parameters

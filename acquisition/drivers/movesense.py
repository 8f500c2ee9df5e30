"""Movesense sensors by the GATT SensorData Protocol: ECG, and RR intervals from the sensor's own detector."""

from __future__ import annotations

import asyncio

import numpy as np

from acquisition.drivers import Assumption
from acquisition.drivers.ble import Opener, check_settings, refuse_other, stream_info
from acquisition.drivers.ble_link import ANSWER, Link
from acquisition.drivers.ble_stream import BeatStream, Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.movesense import (
    COMMANDS,
    DATA,
    ECG_UV,
    RATES,
    Assembler,
    EcgPacket,
    HeartRatePacket,
    Result,
    subscribe,
    unsubscribe,
)
from acquisition.session.profile import DeviceProfile, ProfileStream
from acquisition.session.session import Device
from acquisition.stream import Modality, StreamInfo

SETTINGS: dict[str, type | tuple[type, ...]] = {"ecg_uv": (int, float)}
"""`ecg_uv`: microvolts of one unit, for firmware with another scale."""
_ECG, _HR = 100, 101
_PACKET = 70
_WRAP = 1 << 32
"""Milliseconds after which the sensor's stamps begin anew."""


class Sensor:
    """One sensor."""

    patience = 10.0

    def __init__(self, device: Device, profile: DeviceProfile, out: Outbox) -> None:
        settings = check_settings(device, SETTINGS)
        refuse_other(device, profile, (Modality.ECG, Modality.RR))
        self._scale = float(settings.get("ecg_uv", ECG_UV))
        self._ecg = self._rr = None
        for stream in profile.streams:
            if stream.modality is Modality.ECG:
                self._ecg = PacketStream(_ecg_info(device, stream), DeviceClock(), out)
            else:
                info = stream_info(device, stream, unit="ms", sfreq=0.0, channels=("RR",), format="float32")
                self._rr = BeatStream(info, out, seconds=1e-3)
        self._parts = Assembler(_PACKET)
        self._results: asyncio.Queue[Result] = asyncio.Queue()
        self._stamp, self._laps = 0, 0

    def infos(self) -> list[StreamInfo]:
        """Return the streams."""
        ecg = [] if self._ecg is None else [self._ecg.info, self._ecg.time_info]
        return ecg + ([] if self._rr is None else [self._rr.info])

    async def begin(self, link: Link) -> None:
        """Subscribe to what the profile wants."""
        if not link.has(COMMANDS):
            raise DeviceError("it has no GATT SensorData service: its firmware lacks that app module")
        self._results, self._parts = asyncio.Queue(), Assembler(_PACKET)
        await link.subscribe(DATA, self._heard)
        if self._ecg is not None:
            await self._subscribe(link, _ECG, f"/Meas/ECG/{self._ecg.info.sfreq:g}")
        if self._rr is not None:
            await self._subscribe(link, _HR, "/Meas/HR")

    async def _subscribe(self, link: Link, reference: int, path: str) -> None:
        await link.write(COMMANDS, subscribe(reference, path))
        while True:
            try:
                result = await asyncio.wait_for(self._results.get(), ANSWER)
            except TimeoutError:
                raise DeviceError(f"no answer to the subscription of {path}") from None
            if result.reference == reference:
                break
        if not 200 <= result.status < 300:
            raise DeviceError(f"{path} refused with status {result.status}: another rate, or already in use")

    def _heard(self, data: bytes, now: float) -> None:
        if data[:1] == b"\x01":
            self._results.put_nowait(Result.from_bytes(data))
        elif data[1:2] == bytes([_HR]):
            if self._rr is not None:
                self._rr.beats(HeartRatePacket.from_bytes(data).rr, now)
        elif data[1:2] == bytes([_ECG]):
            whole = self._parts.feed(data)
            if whole is not None:
                self._take(EcgPacket.from_bytes(whole), now)
        else:
            raise PacketError(f"movesense: {data[:2].hex(' ') or 'nothing'} belongs to no subscription")

    def _take(self, packet: EcgPacket, now: float) -> None:
        if self._ecg is None:
            return
        if packet.stamp < self._stamp - _WRAP // 2:
            self._laps += 1
        self._stamp = packet.stamp
        samples = np.array(packet.samples, np.float64)[:, None] * self._scale
        # The sensor stamps the first sample of a packet.
        last = (packet.stamp + self._laps * _WRAP) * 1_000_000
        last += round((len(samples) - 1) * 1e9 / self._ecg.info.sfreq)
        self._ecg.packet(samples.astype(np.float32), last, now)

    def assumptions(self) -> list[Assumption]:
        """Return what only the real sensor can say."""
        return [
            Assumption("stamp of an ECG packet", "that of its first sample", "see how late its packets are"),
            Assumption(
                "ECG scale", f"{self._scale:g} µV a unit", "see the swing of the ECG: 0.5 to 3 mV when worn"
            ),
        ]

    async def end(self, link: Link) -> None:
        """End the subscriptions."""
        for reference, stream in ((_ECG, self._ecg), (_HR, self._rr)):
            if stream is not None:
                await link.write(COMMANDS, unsubscribe(reference))

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke."""
        for stream in (self._ecg, self._rr):
            if stream is not None:
                stream.lost(now, why)


open_driver = Opener(Sensor)


def _ecg_info(device: Device, stream: ProfileStream) -> StreamInfo:
    if stream.sfreq not in RATES:
        known = ", ".join(map(str, RATES))
        raise DeviceError(f"{device.title}: ecg at {stream.sfreq:g} Hz (known: {known} Hz)")
    return stream_info(device, stream, unit="uV", sfreq=stream.sfreq, channels=("ECG",), format="float32")

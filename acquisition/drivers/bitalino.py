"""BITalino boards over Bluetooth LE: ECG, EDA, respiration on one board; frames counted, none filled in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.drivers import Assumption
from acquisition.drivers.ble import Opener, check_settings, refuse_other, stream_info
from acquisition.drivers.ble_link import Link
from acquisition.drivers.ble_stream import Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.bitalino import (
    COMMANDS,
    FRAMES,
    NARROW_BITS,
    RATES,
    STOP,
    WIDE_BITS,
    Frame,
    FrameReader,
    frame_size,
    rate_command,
    start_command,
)
from acquisition.session.profile import DeviceProfile, ProfileStream
from acquisition.session.session import Device
from acquisition.stream import FloatArray, Modality, StreamInfo

SETTINGS: dict[str, type | tuple[type, ...]] = {"ecg": int, "eda": int, "resp": int, "eda_board": str}
"""Channel of each sensor, 1 to 6; `eda_board` is "revolution" or "classic", which have other scales."""
VCC = 3.3
ECG_GAIN = 1100.0
EDA_GAIN = 0.132
"""[V/µS]"""
DOUBT = 0.4
"""Seconds after a silence within which delayed frames have all arrived."""
_ORDER = (Modality.ECG, Modality.EDA, Modality.RESP)
_UNITS = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.RESP: ""}


def convert(modality: Modality, readings: FloatArray, bits: int, *, eda_board: str) -> FloatArray:
    """Return converter readings in the unit of the stream, by the makers' transfer functions.

    Parameters
    ----------
    readings : ndarray
        0 to 2**bits - 1.
    eda_board : str
        "revolution": (ADC/2ⁿ)·VCC/0.132 µS. "classic": 1/(1 - ADC/2ⁿ) µS.

    Returns
    -------
    ndarray
        ECG in mV, EDA in µS, respiration in percent of the range, from -50 to 50.
    """
    share = readings / float(1 << bits)
    if modality is Modality.ECG:
        return (share - 0.5) * VCC / ECG_GAIN * 1e3
    if modality is Modality.EDA:
        return 1.0 / (1.0 - share) if eda_board == "classic" else share * VCC / EDA_GAIN
    return (share - 0.5) * 100.0


class _Counted(NamedTuple):
    """A frame, its number since the board began to count, and when it arrived [s]."""

    number: int
    arrival: float
    frame: Frame


class Board:
    """One board."""

    patience = 8.0

    def __init__(self, device: Device, profile: DeviceProfile, out: Outbox) -> None:
        self._settings = check_settings(device, SETTINGS)
        refuse_other(device, profile, _ORDER)
        self._sfreq = _rate(device, profile)
        self._eda_board = str(self._settings.get("eda_board", "revolution"))
        if self._eda_board not in ("revolution", "classic"):
            raise DeviceError(
                f"{device.title}: eda_board = {self._eda_board!r}: must be revolution or classic"
            )
        self._clock = DeviceClock()
        self._inputs = sorted((self._channel(device, s), s) for s in profile.streams)
        self._streams = [PacketStream(self._info(device, s), self._clock, out) for _, s in self._inputs]
        self._reader = FrameReader(len(self._inputs))
        self._count, self._seq, self._arrival = -1, 0, 0.0
        self._waiting: list[_Counted] = []
        self._doubt = math.inf

    def _channel(self, device: Device, stream: ProfileStream) -> int:
        value = self._settings.get(str(stream.modality))
        if not isinstance(value, int) or not 1 <= value <= 6:
            raise DeviceError(
                f"{device.title}: {stream.modality} = {value!r}: say on which channel the sensor sits, 1 to 6"
            )
        if stream.modality is Modality.EDA and value > 4:
            raise DeviceError(f"{device.title}: eda = {value}: channels 5 and 6 have 6 bits, too few for EDA")
        return value

    def _info(self, device: Device, stream: ProfileStream) -> StreamInfo:
        name = str(stream.modality).upper()
        unit = _UNITS[stream.modality]
        return stream_info(device, stream, unit=unit, sfreq=self._sfreq, channels=(name,), format="float32")

    def infos(self) -> list[StreamInfo]:
        """Return the streams, and beside the first its device stamps, which hold for all."""
        return [*(s.info for s in self._streams), self._streams[0].time_info]

    async def begin(self, link: Link) -> None:
        """Set the rate, subscribe and start."""
        if not link.has(FRAMES):
            raise DeviceError("it has no BITalino service: a board with Bluetooth classic, or another device")
        if link.mtu - 3 < frame_size(len(self._inputs)):
            raise DeviceError(f"MTU {link.mtu} is too small for a frame")
        self._reader = FrameReader(len(self._inputs))
        self._count, self._waiting, self._doubt = -1, [], math.inf
        for stream in self._streams:
            stream.restart("the board counts anew after a reconnection")
        await link.subscribe(FRAMES, self._heard)
        # A board that still runs takes no other command than stop.
        await link.write(COMMANDS, STOP)
        await link.write(COMMANDS, rate_command(self._sfreq))
        await link.write(COMMANDS, start_command([c for c, _ in self._inputs]))

    def _heard(self, data: bytes, now: float) -> None:
        damaged = self._reader.damaged
        for frame in self._reader.feed(data):
            self._count_on(frame, now)
            self._waiting.append(_Counted(self._count, now, frame))
        self._settle(now)
        if self._reader.damaged > damaged:
            raise PacketError(
                f"bitalino: {self._reader.damaged - damaged} bytes with a wrong CRC are left out"
            )

    def _count_on(self, frame: Frame, now: float) -> None:
        """Count a frame by its number modulo 16; after a silence that is longer, the count is in doubt."""
        if self._count < 0:
            self._count = 0
        else:
            step = (frame.seq - self._seq) % 16 or 16
            if (now - self._arrival) * self._sfreq - step > 24.0 and math.isinf(self._doubt):
                self._doubt = now
            self._count += step
        self._seq, self._arrival = frame.seq, now

    def _settle(self, now: float) -> None:
        """Deliver what was counted, once it is known whether a silence was loss or delay.

        Delayed frames come all at once, and soon none is late; after a loss all stay late, by what was lost.
        """
        if not math.isinf(self._doubt):
            late = min(c.arrival - self._clock.lsl(c.number / self._sfreq) for c in self._waiting)
            rounds = late * self._sfreq / 16.0
            if rounds >= 0.5:
                if now - self._doubt < DOUBT:
                    return
                self._count += 16 * round(rounds)
                self._waiting = [
                    c._replace(number=c.number + 16 * round(rounds)) if c.arrival >= self._doubt else c
                    for c in self._waiting
                ]
            self._doubt = math.inf
        run: list[_Counted] = []
        for counted in self._waiting:
            if run and (counted.number != run[-1].number + 1 or counted.arrival != run[-1].arrival):
                self._deliver(run)
                run = []
            run.append(counted)
        self._waiting = []
        if run:
            self._deliver(run)

    def _deliver(self, run: Sequence[_Counted]) -> None:
        readings = np.array([c.frame.analog for c in run], np.float64)
        stamp = round(run[-1].number * 1e9 / self._sfreq)
        for k, stream in enumerate(self._streams):
            bits = WIDE_BITS if k < 4 else NARROW_BITS
            modality = stream.info.modality
            values = convert(modality, readings[:, k : k + 1], bits, eda_board=self._eda_board)
            stream.packet(values.astype(np.float32), stamp, run[-1].arrival, with_time=k == 0)

    def assumptions(self) -> list[Assumption]:
        """Return what only the real board can say."""
        damaged = self._reader.damaged
        return [
            Assumption("frames with a wrong CRC", "none", f"{damaged} bytes", damaged == 0),
            Assumption(
                "EDA scale", f"{self._eda_board} board; measure a known resistor: 470 kOhm is 2.13 µS",
                "see the values of the EDA",
            ),
            Assumption("stop, rate and start", "taken while it is idle, with no answer", "it streams", True),
        ]  # fmt: skip

    async def end(self, link: Link) -> None:
        """Stop the board."""
        await link.write(COMMANDS, STOP)

    def lost(self, now: float, why: str) -> None:
        """Note that the connection broke."""
        self._doubt = math.inf
        self._settle(now)
        for stream in self._streams:
            stream.lost(now, why)


open_driver = Opener(Board)


def _rate(device: Device, profile: DeviceProfile) -> float:
    rates = {s.sfreq for s in profile.streams}
    if len(rates) != 1 or not rates <= set(map(float, RATES)):
        known = ", ".join(map(str, RATES))
        raise DeviceError(f"{device.title}: all streams of a board need one sfreq (known: {known} Hz)")
    return rates.pop()

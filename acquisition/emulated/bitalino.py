"""An emulated BITalino board."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np

from acquisition.drivers import bitalino as board
from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Body
from acquisition.emulated.peripheral import Hardware, Peripheral, Signal, commanded, notifying, service
from acquisition.gatt import bitalino as bt
from acquisition.session.session import Device
from acquisition.stream import FloatArray, Modality

PER_PACKET = 4
"""Frames in a notification of a twin: as many as come within a connection interval."""


def toy_reading(t: FloatArray) -> FloatArray:
    """Return readings that climb and fall slowly."""
    return np.asarray(512.0 + 300.0 * np.sin(2 * np.pi * 0.1 * t))


class EmulatedBitalino:
    """A board on the air.

    Parameters
    ----------
    readings : mapping of int to callable
        Channel → converter readings over seconds since it was switched on; others read their middle.
    per_packet : int
        Frames in a notification.
    """

    def __init__(
        self,
        air: Air,
        hardware: Hardware,
        *,
        readings: Mapping[int, Signal] | None = None,
        per_packet: int = 1,
    ) -> None:
        self._readings = dict(readings or {})
        self._per_packet = per_packet
        self.commands: list[bytes] = []
        self.sent: list[tuple[float, tuple[int, ...]]] = []
        """True time of each frame that was measured [s, loop], and its readings."""
        self._sfreq = 1000
        self._task: asyncio.Task[None] | None = None
        self._data = notifying(bt.FRAMES)
        self._commands = commanded(bt.COMMANDS, self._written)
        services = [service(bt.SERVICE, [self._commands, self._data])]
        self.body = Peripheral(air, hardware, services, [bt.SERVICE])

    async def start(self) -> None:
        """Switch on."""
        await self.body.start()

    def _written(self, data: bytes) -> None:
        self.commands.append(data)
        command = data[0]
        if command in (0x00, 0xFF):
            if self._task is not None:
                self._task.cancel()
            self._task = None
        elif command & 0x03 == 0x03:
            self._sfreq = bt.RATES[command >> 6]
        elif command & 0x03 == 0x01:
            channels = [c for c in range(1, 7) if command & (1 << (1 + c))]
            self._task = self.body.run(self._measure(channels))

    async def _measure(self, channels: list[int]) -> None:
        sfreq = self._sfreq * (1.0 + self.body.hardware.skew)
        began, done, n = self.body.now(), 0, self._per_packet
        widths = bt.widths(len(channels))
        while True:
            await asyncio.sleep(began + (done + n) / sfreq - self.body.now())
            times = began + np.arange(done + 1, done + n + 1) / sfreq
            since = times - self.body.switched_on
            rows = zip(
                *(
                    _readings(self._readings.get(c, toy_reading), since, bits)
                    for c, bits in zip(channels, widths, strict=True)
                ),
                strict=True,
            )
            packet = b""
            for k, analog in enumerate(rows):
                self.sent.append((float(times[k]), analog))
                packet += bytes(bt.Frame((done + k) % 16, 0, analog))
            done += n
            self.body.notify(self._data, packet)


def _readings(signal: Signal, since: FloatArray, bits: int) -> list[int]:
    values = signal(since) if bits == bt.WIDE_BITS else signal(since) / 16
    whole: list[int] = np.clip(np.rint(values), 0, (1 << bits) - 1).astype(int).tolist()
    return whole


def _eda_reading(us: FloatArray) -> FloatArray:
    return np.asarray(us * board.EDA_GAIN / board.VCC * (1 << bt.WIDE_BITS))


def _ecg_reading(mv: FloatArray) -> FloatArray:
    return np.asarray((mv * 1e-3 * board.ECG_GAIN / board.VCC + 0.5) * (1 << bt.WIDE_BITS))


def _resp_reading(breath: FloatArray) -> FloatArray:
    return np.asarray((0.5 + 0.25 * breath) * (1 << bt.WIDE_BITS))


READINGS = {Modality.EDA: _eda_reading, Modality.ECG: _ecg_reading, Modality.RESP: _resp_reading}
"""From what the body does to the readings of a board's converter: the inverse of the driver's conversion."""


def twin(air: Air, hardware: Hardware, body: Body, device: Device) -> EmulatedBitalino:
    """Return a board that measures a simulated person."""
    settings = device.effective
    readings = {
        int(settings[m]): body.signal(m, 100.0, READINGS[m], tap=300.0) for m in READINGS if m in settings
    }
    return EmulatedBitalino(air, hardware, readings=readings, per_packet=PER_PACKET)

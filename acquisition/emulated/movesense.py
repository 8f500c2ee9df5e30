"""An emulated Movesense sensor: ECG and heart rate by subscription."""

from __future__ import annotations

import asyncio

import numpy as np

from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Body, microvolts
from acquisition.emulated.peripheral import Hardware, Peripheral, Signal, commanded, notifying, service
from acquisition.emulated.polar import toy_ecg
from acquisition.gatt import movesense as ms
from acquisition.session.session import Device
from acquisition.stream import Modality

PACKET = 16


class EmulatedMovesense:
    """A sensor on the air; its stamps begin at `stamp` [ms], `beat_times` as of `Body.beats`."""

    def __init__(
        self,
        air: Air,
        hardware: Hardware,
        *,
        ecg: Signal = toy_ecg,
        beat_times: Signal | None = None,
        stamp: int = 5000,
    ) -> None:
        self._ecg, self._stamp, self._beat_times = ecg, stamp, beat_times
        self.commands: list[bytes] = []
        self.sent: list[tuple[float, int]] = []
        """True time of each ECG sample [s, loop], and its value in units."""
        self._subscribed: dict[int, asyncio.Task[None]] = {}
        self._data = notifying(ms.DATA)
        self._commands = commanded(ms.COMMANDS, self._written)
        services = [service(ms.SERVICE, [self._commands, self._data])]
        self.body = Peripheral(air, hardware, services, [ms.SERVICE])

    async def start(self) -> None:
        """Switch on."""
        await self.body.start()

    def _written(self, data: bytes) -> None:
        self.commands.append(data)
        reference, path = data[1], data[2:].decode()
        if data[0] == ms.UNSUBSCRIBE:
            task = self._subscribed.pop(reference, None)
            if task is not None:
                task.cancel()
            return
        status = 200
        if path.startswith("/Meas/ECG/") and int(path.rsplit("/", 1)[1]) in ms.RATES:
            self._subscribed[reference] = self.body.run(
                self._send_ecg(reference, int(path.rsplit("/", 1)[1]))
            )
        elif path == "/Meas/HR":
            self._subscribed[reference] = self.body.run(self._send_hr(reference))
        else:
            status = 404
        self.body.notify(self._data, bytes(ms.Result(reference, status)))

    async def _send_ecg(self, reference: int, nominal: int) -> None:
        sfreq = nominal * (1.0 + self.body.hardware.skew)
        began, done = self.body.now(), 0
        while True:
            done += PACKET
            await asyncio.sleep(began + done / sfreq - self.body.now())
            times = began + np.arange(done - PACKET + 1, done + 1) / sfreq
            values = np.round(self._ecg(times - self.body.switched_on) / ms.ECG_UV).astype(int).tolist()
            self.sent += zip(times.tolist(), values, strict=True)
            first = (times[0] - self.body.switched_on) * (1.0 + self.body.hardware.skew) * 1e3
            stamp = (self._stamp + round(float(first))) % (1 << 32)
            self.body.notify(self._data, bytes(ms.EcgPacket(reference, stamp, tuple(values))))

    async def _send_hr(self, reference: int) -> None:
        told, beats = self.body.now() - self.body.switched_on, np.empty(0)
        while True:
            await asyncio.sleep(1.0)
            now = self.body.now() - self.body.switched_on
            times = np.arange(np.ceil(told), now)  # one a second, where nobody wears it
            if self._beat_times is not None:
                times = self._beat_times(np.array([told, now]))
            told, beats = now, np.append(beats[-1:], times)
            rr = np.rint(1e3 * np.diff(beats)).astype(int).tolist()
            if rr:
                self.body.notify(self._data, bytes(ms.HeartRatePacket(reference, 60e3 / rr[-1], tuple(rr))))


def twin(air: Air, hardware: Hardware, body: Body, device: Device) -> EmulatedMovesense:
    """Return a sensor that measures a simulated person."""
    ecg = body.signal(Modality.ECG, 250.0, microvolts, tap=3000.0)
    return EmulatedMovesense(air, hardware, ecg=ecg, beat_times=body.beats())

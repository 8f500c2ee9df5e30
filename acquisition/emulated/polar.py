"""An emulated Polar belt or band: Polar Measurement Data (ECG, ACC, PPI) and the Heart Rate Service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bumble.att import ATT_Error, ErrorCode

from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Body, microvolts
from acquisition.emulated.peripheral import Hardware, Peripheral, Signal, commanded, notifying, service
from acquisition.emulated.polar_band import EVERY, FIRST, Pulses, wave
from acquisition.emulated.polar_band import OFFERED as OF_BAND
from acquisition.emulated.polar_memory import Memory
from acquisition.emulated.strap import beats
from acquisition.errors import PacketError
from acquisition.gatt import heart_rate as hrs
from acquisition.gatt import polar as pmd
from acquisition.gatt.polar import Measurement, Op, Setting, Status
from acquisition.gatt.polar_frame import Frame, PulseInterval, encode_deltas, encode_raw
from acquisition.session.session import Device
from acquisition.stream import PEOPLE, FloatArray, Modality

FRAME = {Measurement.ECG: 73, Measurement.ACC: 36, Measurement.PPG: 24}
"""Samples of a packet."""
OFFERED: dict[Measurement, pmd.Settings] = {
    Measurement.ECG: {Setting.RATE: (130,), Setting.RESOLUTION: (14,)},
    Measurement.ACC: {
        Setting.RATE: (25, 50, 100, 200),
        Setting.RESOLUTION: (16,),
        Setting.RANGE: (2, 4, 8),
    },
}


def toy_ecg(t: FloatArray) -> FloatArray:
    """Return an ECG of one beat a second [µV]."""
    phase = t % 1.0
    wave = 1000.0 * np.exp(-(((phase - 0.3) / 0.015) ** 2)) + 150.0 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    return np.asarray(wave - 30.0)


def toy_acc(t: FloatArray) -> FloatArray:
    """Return gravity on a device that is turned slowly, shape (n, 3) [mg]."""
    return np.asarray(1000 * np.stack([np.sin(t), np.cos(t), np.zeros_like(t)], axis=1))


class EmulatedPolar:
    """A belt or band on the air.

    Parameters
    ----------
    ecg : callable
        Signal [µV] over seconds since it was switched on.
    acc : callable
        The same for acceleration, shape (n, 3) [mg].
    measures : sequence of Measurement
        What it offers: ECG and ACC for an H10; PPG, PPI and ACC (as deltas) for a band.
    offered : mapping
        Which settings of these.
    compressed : bool
        Whether ACC comes as delta frames.
    pulses : Pulses, optional
        Of a band: its pulse intervals; one a second if not given.
    light : callable, optional
        Of a band: its PPG, shape (n, 4).
    """

    def __init__(
        self,
        air: Air,
        hardware: Hardware,
        *,
        ecg: Signal = toy_ecg,
        acc: Signal = toy_acc,
        beat_times: Signal | None = None,
        measures: Sequence[Measurement] = (Measurement.ECG, Measurement.ACC),
        offered: Mapping[Measurement, pmd.Settings] = OFFERED,
        compressed: bool = False,
        pulses: Pulses | None = None,
        light: Signal | None = None,
    ) -> None:
        self._ecg, self._acc, self._measures, self._compressed = ecg, acc, tuple(measures), compressed
        self._beats, self._offered, self._pulses, self._light = beat_times, offered, pulses, light
        self.commands: list[bytes] = []
        self.fail_next: Status | None = None
        self.silent = False
        self.touches: bool | None = True
        """Whether it touches skin, as it says."""
        self._streams: dict[Measurement, asyncio.Task[None]] = {}
        self.sent: list[tuple[float, int]] = []
        """True time of each ECG sample that was measured [s, loop], and its value: the truth for tests."""
        self._epoch = pmd.RESTARTED
        self._born: float | None = None
        self._control = commanded(pmd.CONTROL, self._written, self._features)
        self._data = notifying(pmd.DATA)
        self._hr = notifying(hrs.MEASUREMENT)
        services = [
            service(hrs.SERVICE, [self._hr]),
            service(pmd.SERVICE, [self._control, self._data]),
        ]
        self.memory = Memory(beat_times)
        services.append(self.memory.service)
        self.body = self.memory.body = Peripheral(air, hardware, services, [hrs.SERVICE])
        self.body.connected = self._connected

    async def start(self) -> None:
        """Switch on."""
        await self.body.start()
        self._born = self.body.now()

    async def pull_battery(self) -> None:
        """Take the battery out: out of range, and its clock begins anew when it comes back."""
        await self.body.leave()

    async def put_battery(self) -> None:
        """Put a battery in: the clock begins at 2019."""
        self._epoch, self._born = pmd.RESTARTED, self.body.now()
        self._streams = {}
        await self.body.come_back()

    def _connected(self) -> None:
        self._streams = {}
        self.body.run(self._beat())

    def _features(self) -> bytes:
        bits = sum(1 << m for m in self._measures)
        return bytes([pmd.FEATURES]) + bits.to_bytes(2, "little") + bytes(14)

    def _written(self, data: bytes) -> None:
        self.commands.append(data)
        if not self.body.may_be_used:
            raise ATT_Error(ErrorCode.INSUFFICIENT_AUTHENTICATION)
        if self.silent:
            return
        try:
            command = pmd.Command.from_bytes(data)
        except PacketError:
            self._answer(data[0], data[1], Status.BAD_OP)
            return
        status, parameters = self._obey(command)
        if self.fail_next is not None:
            status, parameters, self.fail_next = self.fail_next, b"", None
        self._answer(command.op, command.measurement, status, parameters)

    def _answer(self, op: int, measurement: int, status: Status, parameters: bytes = b"") -> None:
        said = pmd.Response(op=op, measurement=measurement, status=status, parameters=parameters)
        self.body.indicate(self._control, bytes(said))

    def _obey(self, command: pmd.Command) -> tuple[Status, bytes]:
        m = command.measurement
        if m not in self._measures:
            return Status.UNSUPPORTED, b""
        if command.op is Op.GET_SETTINGS:
            return Status.OK, pmd.dump_settings(self._offered.get(m, {}))
        if command.op is Op.STOP:
            task = self._streams.pop(m, None)
            if task is not None:
                task.cancel()
            return Status.OK, b""
        if m in self._streams:
            return Status.ALREADY, b""
        for setting, values in command.settings.items():
            if not set(values) <= set(self._offered.get(m, {}).get(setting, ())):
                return Status.BAD_PARAMETER, b""
        self._streams[m] = self.body.run(self._measure(m, command.settings))
        return Status.OK, b""

    def _stamp(self, true: float) -> int:
        return self._epoch + round((true - (self._born or 0.0)) * (1.0 + self.body.hardware.skew) * 1e9)

    async def _measure(self, measurement: Measurement, settings: pmd.Settings) -> None:
        if measurement is Measurement.PPI:
            return await self._pulse()
        sfreq = settings[Setting.RATE][0] * (1.0 + self.body.hardware.skew)
        n, began, done = FRAME[measurement], self.body.now(), 0
        while True:
            done += n
            last = began + done / sfreq
            await asyncio.sleep(last - self.body.now())
            times = began + np.arange(done - n + 1, done + 1) / sfreq
            self.body.notify(self._data, bytes(self._frame(measurement, times)))

    def _frame(self, measurement: Measurement, times: FloatArray) -> Frame:
        since, compressed, kind = times - self.body.switched_on, measurement is not Measurement.ECG, 0
        if measurement is Measurement.ECG:
            values = np.round(self._ecg(since)).astype(np.int64)[:, None]
            self.sent += zip(times.tolist(), values[:, 0].tolist(), strict=True)
            payload = encode_raw(values, 3)
        elif measurement is Measurement.PPG and self._light is not None:
            payload = encode_deltas(np.round(self._light(since)).astype(np.int64), 22, bits=16)
        else:
            values = np.round(self._acc(since)).astype(np.int64)
            compressed, kind = self._compressed, 1
            payload = encode_deltas(values, 16, bits=13) if compressed else encode_raw(values, 2)
        stamp = self._stamp(float(times[-1]))
        return Frame(measurement=measurement, stamp=stamp, kind=kind, compressed=compressed, payload=payload)

    async def _pulse(self) -> None:
        """Tell of pulse intervals; what came before the first time it does not tell of."""
        if self._pulses is not None:
            await asyncio.sleep(FIRST - EVERY)
        since = self.body.now() - self.body.switched_on
        while True:
            await asyncio.sleep(EVERY)
            now = self.body.now() - self.body.switched_on
            rows = _even() if self._pulses is None else self._pulses.told(since, now, self.touches)
            since = now
            payload = b"".join(map(bytes, rows))
            frame = Frame(measurement=Measurement.PPI, stamp=0, kind=0, compressed=False, payload=payload)
            if rows:
                self.body.notify(self._data, bytes(frame))

    async def _beat(self) -> None:
        intervals = self._pulses is None  # a band says its heart rate only
        await beats(self.body, self._hr, self._beats, lambda: self.touches, intervals=intervals)


def _even() -> list[PulseInterval]:
    """Return five seconds of a heart that beats once a second; the last is spoilt by movement."""
    return [PulseInterval(hr=60, interval=1000, error=8, blocked=k == 4, contact=True) for k in range(5)]


def h10(
    air: Air, name: str = "Polar H10 12345678", address: str = "C7:4C:DA:51:37:51", **more: Any
) -> EmulatedPolar:
    """Return an H10, its crystal 0.3 % fast, its radio like a phone's."""
    hardware: dict[str, Any] = {
        "skew": 0.003,
        "interval": 0.0375,
        "maker": ("Polar Electro Oy", "H10", "5.0.0"),
    }
    hardware |= {k: more.pop(k) for k in list(more) if k in Hardware.__slots__}
    return EmulatedPolar(air, Hardware(name=name, address=address, **hardware), **more)


def twin(air: Air, hardware: Hardware, body: Body, device: Device) -> EmulatedPolar:
    """Return a belt that measures a simulated person, or a band, where the profile wants pulse intervals."""
    acc, beat_times = body.tapped(toy_acc, 1500.0), body.beats()
    if device.definition is not None and Modality.PPI in {s.modality for s in device.definition.streams}:
        rng = np.random.default_rng([int(device.effective.get("seed", 1)), PEOPLE.index(device.role)])
        return EmulatedPolar(
            air,
            hardware,
            acc=acc,
            beat_times=beat_times,
            measures=tuple(OF_BAND),
            offered=OF_BAND,
            compressed=True,
            pulses=Pulses(beat_times, body.tapped(np.zeros_like, 1.0), rng),
            light=wave(beat_times),
        )
    ecg = body.signal(Modality.ECG, 130.0, microvolts, tap=3000.0)
    return EmulatedPolar(air, hardware, ecg=ecg, acc=acc, beat_times=beat_times)

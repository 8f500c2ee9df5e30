"""An emulated Nuanic ring."""

from __future__ import annotations

import asyncio

import numpy as np
from bumble.att import ATT_Error, ErrorCode

from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.demo_signals import Body
from acquisition.emulated.peripheral import Hardware, Peripheral, Signal, commanded, notifying, service
from acquisition.gatt import nuanic as ring
from acquisition.session.session import Device
from acquisition.stream import FloatArray, Modality

SILENCE = 60.0
"""Seconds without EDA after a change of mode."""


def toy_eda(t: FloatArray) -> FloatArray:
    """Return a skin conductance [µS]."""
    return np.asarray(3.0 + np.sin(2.0 * t))


class EmulatedRing:
    """A ring on the air.

    Parameters
    ----------
    eda : callable
        Conductance [µS] over seconds since it was switched on.
    mode : int
        In which it is found.
    """

    def __init__(self, air: Air, hardware: Hardware, *, eda: Signal = toy_eda, mode: int = ring.RAW) -> None:
        self._eda, self.mode, self.rate, self.boot = eda, mode, 4, 6
        self.sent: list[tuple[float, float]] = []
        """True time of each sample that was measured [s, loop], and its value."""
        self._clock, self._set_at = 0, 0.0
        self._silent_until = -1.0
        self.kept: list[ring.Record] = []
        """What is in its memory."""
        self.chunk, self.drop_after = 20, 0
        """Bytes of its memory that one reading gives, and readings after which the connection breaks."""
        self._stream, self._at = b"", 0
        self._measuring: asyncio.Task[None] | None = None
        self._data, self._finger = notifying(ring.EDA), notifying(ring.FINGER)
        services = [
            service(
                ring.SERVICE,
                [
                    self._data,
                    self._finger,
                    commanded(ring.RATE, self._set_rate),
                    commanded(ring.TIME, self._set_time),
                    commanded(ring.MODE, self._set_mode, lambda: bytes([self.mode])),
                    commanded(ring.REWIND, self._rewind),
                    commanded(ring.STORAGE, lambda _: None, self._read),
                ],
            )
        ]
        self.body = Peripheral(air, hardware, services, [])

    async def start(self) -> None:
        """Switch on: it measures whether anybody is connected or not."""
        await self.body.start()
        self._set_at = self.body.now()
        self._measuring = self.body.keep(self._measure())

    async def restart(self) -> None:
        """Be switched on anew: its clock begins at 1970."""
        await self.body.leave()
        if self._measuring is not None:
            self._measuring.cancel()
        self.boot, self._clock, self._set_at = self.boot + 1, 0, self.body.now()
        self._measuring = self.body.keep(self._measure())
        await self.body.come_back()

    def take_off(self) -> None:
        """Be taken off the finger."""
        self.body.notify(self._finger, bytes([ring.OFF_FINGER]))

    def _may(self) -> None:
        if not self.body.may_be_used:
            raise ATT_Error(ErrorCode.INSUFFICIENT_AUTHENTICATION)

    def _set_rate(self, data: bytes) -> None:
        self._may()
        self.rate = data[0]

    def _set_time(self, data: bytes) -> None:
        self._may()
        self._clock, self._set_at = int.from_bytes(data, "little"), self.body.now()

    def _set_mode(self, data: bytes) -> None:
        self._may()
        if data[0] != self.mode:
            self.mode, self._silent_until = data[0], self.body.now() + SILENCE

    def _rewind(self, data: bytes) -> None:
        self._may()
        at = (int.from_bytes(data[:2], "little"), int.from_bytes(data[2:], "little"))
        self._at = next((k for k, r in enumerate(self.kept) if (r.boot, r.ms) >= at), len(self.kept))
        self._stream = b""

    def _read(self) -> bytes:
        self._may()
        if self.drop_after:
            self.drop_after -= 1
            if not self.drop_after:
                self.body.keep(self.body.drop())
        while len(self._stream) < self.chunk and self._at < len(self.kept):
            self._stream += bytes(self.kept[self._at])
            self._at += 1
        given, self._stream = self._stream[: self.chunk], self._stream[self.chunk :]
        return given

    async def _measure(self) -> None:
        await asyncio.sleep(0.5)
        skew = 1.0 + self.body.hardware.skew
        true = self.body.now()
        while True:
            true += 1.0 / (self.rate * skew)
            await asyncio.sleep(true - self.body.now())
            if self.mode != ring.RAW or true < self._silent_until:
                continue
            us = float(self._eda(np.array([true - self.body.switched_on]))[0])
            ohm = round(1e6 / us)
            self.sent.append((true, us))
            ms = self._clock + round((true - self._set_at) * skew * 1e3)
            self.kept.append(ring.Record(self.boot, ms, ohm))
            self.body.notify(self._data, bytes(self.kept[-1]))


def twin(air: Air, hardware: Hardware, body: Body, device: Device) -> EmulatedRing:
    """Return a ring that measures a simulated person."""
    return EmulatedRing(air, hardware, eda=body.signal(Modality.EDA, 16.0, lambda us: us, tap=2.0))

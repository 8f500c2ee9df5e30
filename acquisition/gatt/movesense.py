"""Movesense GATT SensorData Protocol: commands, answers, ECG and heart rate packets; no radio.

References
----------
movesense.com/docs/esw/gatt_sensordata_protocol. One unit of ECG is 1 V / 20 / 2¹⁷ = 0.38147 µV (Movesense's
own answer, stackoverflow.com/a/68001451).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from acquisition.errors import PacketError

SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMANDS = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA = "34800002-7185-4d5d-b431-630e7050e8f0"
ECG_UV = 1e6 / 20 / (1 << 17)
"""Microvolts of one unit of ECG."""
RATES = (125, 128, 200, 250, 256, 500, 512)
HELLO, SUBSCRIBE, UNSUBSCRIBE = 0, 1, 2
_RESULT, _DATA, _MORE = 1, 2, 3


def subscribe(reference: int, path: str) -> bytes:
    """Return the command that subscribes to a path such as /Meas/ECG/250 under a reference from 1 to 255."""
    return bytes([SUBSCRIBE, reference]) + path.encode("ascii")


def unsubscribe(reference: int) -> bytes:
    """Return the command that ends a subscription."""
    return bytes([UNSUBSCRIBE, reference])


@dataclass(frozen=True, slots=True)
class Result:
    """Hold the answer to a command: a status as in HTTP."""

    reference: int
    status: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an answer."""
        if len(data) < 4 or data[0] != _RESULT:
            raise PacketError(f"movesense: {data.hex(' ') or 'nothing'} is no answer")
        return cls(data[1], int.from_bytes(data[2:4], "little"))

    def __bytes__(self) -> bytes:
        """Return the notification."""
        return struct.pack("<BBH", _RESULT, self.reference, self.status)


@dataclass(frozen=True, slots=True)
class EcgPacket:
    """Hold ECG samples [units of `ECG_UV`]; `stamp` is that of the first [ms since the device started]."""

    reference: int
    stamp: int
    samples: tuple[int, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a whole packet, see `Assembler`."""
        if len(data) < 10 or (len(data) - 6) % 4 or data[0] != _DATA:
            raise PacketError(f"movesense: {len(data)} bytes are no ECG packet: {data[:8].hex(' ')} …")
        reference, stamp = struct.unpack_from("<BI", data, 1)
        return cls(reference, stamp, struct.unpack_from(f"<{(len(data) - 6) // 4}i", data, 6))

    def __bytes__(self) -> bytes:
        """Return the notification."""
        head = struct.pack("<BBI", _DATA, self.reference, self.stamp)
        return head + struct.pack(f"<{len(self.samples)}i", *self.samples)


@dataclass(frozen=True, slots=True)
class HeartRatePacket:
    """Hold a heart rate [1/min] and RR intervals [ms], oldest first."""

    reference: int
    hr: float
    rr: tuple[int, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a packet of /Meas/HR."""
        if len(data) < 6 or len(data) % 2 or data[0] != _DATA:
            raise PacketError(f"movesense: {data.hex(' ') or 'nothing'} is no heart rate packet")
        reference, hr = struct.unpack_from("<Bf", data, 1)
        return cls(reference, hr, struct.unpack_from(f"<{(len(data) - 6) // 2}H", data, 6))

    def __bytes__(self) -> bytes:
        """Return the notification."""
        return struct.pack(f"<BBf{len(self.rr)}H", _DATA, self.reference, self.hr, *self.rr)


class Assembler:
    """Join a packet that came in two notifications, which happens where the MTU is small."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._first = b""

    def feed(self, data: bytes) -> bytes | None:
        """Return a whole data packet, None while its second part is missing.

        Raises
        ------
        PacketError
            If a second part comes without its first.
        """
        if data[:1] == bytes([_MORE]):
            first, self._first = self._first, b""
            if not first or data[1:2] != first[1:2]:
                raise PacketError("movesense: the second part of a packet without its first")
            return first + bytes(data[2:])
        if len(data) < self._size:
            self._first = bytes(data)
            return None
        self._first = b""
        return bytes(data)

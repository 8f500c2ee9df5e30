"""Data frames of Polar Measurement Data: samples raw or as deltas, and pulse intervals."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from acquisition.errors import PacketError
from acquisition.gatt.polar import TYPE_MASK, Measurement
from acquisition.stream import FloatArray, IntArray

HEADER = 10
_COMPRESSED = 0x80
_WIDEST = 32
_RAW = {(Measurement.ECG, 0): (1, 3), (Measurement.ACC, 0): (3, 1), (Measurement.ACC, 1): (3, 2),
        (Measurement.ACC, 2): (3, 3), (Measurement.SKIN_TEMPERATURE, 0): (1, 4),
        (Measurement.PRESSURE, 0): (1, 4), (Measurement.TEMPERATURE, 0): (1, 4)}  # fmt: skip
"""Measurement and type of an uncompressed frame → channels, bytes a value."""
_ECG_BITS = {1: (3, 14), 2: (3, 18), 3: (7, 24)}
"""Type of an ECG frame that holds more → bytes of a sample, and how many bits at its begin are the ECG."""
_DELTA = {(Measurement.ACC, 0): (3, 16), (Measurement.ACC, 1): (3, 16), (Measurement.PPG, 0): (4, 22),
          (Measurement.PPG, 7): (17, 24), (Measurement.PPG, 8): (25, 24), (Measurement.PPG, 10): (21, 24),
          (Measurement.PPG, 13): (3, 24), (Measurement.GYRO, 0): (3, 16), (Measurement.MAG, 0): (3, 16),
          (Measurement.MAG, 1): (4, 16), (Measurement.GYRO, 1): (3, 32)}  # fmt: skip
"""The same of a compressed frame → channels, bits of the reference sample."""
_BITS = {(Measurement.GYRO, 1), (Measurement.SKIN_TEMPERATURE, 0), (Measurement.PRESSURE, 0),
         (Measurement.TEMPERATURE, 0)}  # fmt: skip
"""Frames whose numbers are the bits of a float32: deltas are of these as integers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Hold one data notification.

    Parameters
    ----------
    measurement : Measurement
    stamp : int
        Time of the last sample on the device's clock [ns since 2000-01-01].
    kind : int
        Frame type, which says how samples are laid out.
    compressed : bool
    payload : bytes
    """

    measurement: Measurement
    stamp: int
    kind: int
    compressed: bool
    payload: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a notification of the data characteristic.

        Raises
        ------
        PacketError
            If it is shorter than a header, or of an unknown measurement.
        """
        if len(data) < HEADER:
            raise PacketError(f"polar: frame of {len(data)} bytes is shorter than its header")
        if data[0] & TYPE_MASK not in Measurement.__members__.values():
            raise PacketError(f"polar: frame of the unknown measurement {data[0] & TYPE_MASK}")
        return cls(
            measurement=Measurement(data[0] & TYPE_MASK),
            stamp=int.from_bytes(data[1:9], "little"),
            kind=data[9] & ~_COMPRESSED,
            compressed=bool(data[9] & _COMPRESSED),
            payload=bytes(data[HEADER:]),
        )

    def __bytes__(self) -> bytes:
        """Return the notification."""
        head = struct.pack("<BQB", self.measurement, self.stamp, self.kind | _COMPRESSED * self.compressed)
        return head + self.payload

    def samples(self) -> IntArray | FloatArray:
        """Return the samples as sent, shape (n_samples, n_channels): ECG in µV, ACC in mg, MAG in mG.

        Of ECG frames with contact, impedance or a second signal it is the ECG alone; the last channel of PPG
        frames 7 to 13 is a status, the fourth of MAG 1 a calibration.

        Raises
        ------
        PacketError
            If the layout is unknown, or the frame is cut.
        """
        if self.measurement is Measurement.ECG and not self.compressed and self.kind in _ECG_BITS:
            return _ecg_alone(self.payload, *_ECG_BITS[self.kind])
        layouts = _DELTA if self.compressed else _RAW
        if (self.measurement, self.kind) not in layouts:
            how = "compressed " if self.compressed else ""
            raise PacketError(f"polar: {how}{self.measurement.name} frame of the unknown type {self.kind}")
        channels, size = layouts[self.measurement, self.kind]
        decode = decode_deltas if self.compressed else _decode_raw
        values = decode(self.payload, channels, size)
        return of_bits(values) if (self.measurement, self.kind) in _BITS else values


def _ecg_alone(payload: bytes, size: int, bits: int) -> IntArray:
    if not payload or len(payload) % size:
        raise PacketError(
            f"polar: {len(payload)} bytes are no whole samples of {size}: cut off by a small MTU?"
        )
    parts = np.frombuffer(payload, np.uint8).astype(np.int64).reshape(-1, size)
    values = (parts[:, :3] << (8 * np.arange(3))).sum(axis=1) & ((1 << bits) - 1)
    sign = 1 << (bits - 1)
    return np.asarray(((values ^ sign) - sign)[:, None], np.int64)


def of_bits(values: IntArray) -> FloatArray:
    """Return the numbers whose float32 bits integers are, modulo 2**32."""
    bits = (values & 0xFFFFFFFF).astype("<u4")
    return np.asarray(bits.view("<f4").astype(np.float64))


def as_bits(values: FloatArray) -> IntArray:
    """Return the float32 bits of numbers as signed integers; the inverse of `of_bits`."""
    return np.asarray(values.astype("<f4").view("<i4").astype(np.int64))


def _decode_raw(payload: bytes, channels: int, size: int) -> IntArray:
    if not payload or len(payload) % (channels * size):
        raise PacketError(
            f"polar: {len(payload)} bytes are no whole samples of {channels * size}: cut off by a small MTU?"
        )
    parts = np.frombuffer(payload, np.uint8).astype(np.int64).reshape(-1, channels, size)
    values = (parts << (8 * np.arange(size))).sum(axis=2)
    sign = 1 << (8 * size - 1)
    return np.asarray((values ^ sign) - sign, np.int64)


def encode_raw(samples: IntArray, size: int) -> bytes:
    """Return uncompressed samples, shape (n_samples, n_channels), `size` bytes a value."""
    return b"".join(int(v).to_bytes(size, "little", signed=True) for v in samples.ravel())


def decode_deltas(payload: bytes, channels: int, resolution: int) -> IntArray:
    """Return the samples of a delta frame, shape (n_samples, n_channels).

    Parameters
    ----------
    payload : bytes
        A reference sample, then blocks of [bits][count] and count · channels signed deltas, packed least
        significant bit first and padded to a byte.
    resolution : int
        Bits of the reference sample.

    Raises
    ------
    PacketError
        If a block is cut off or its width impossible.
    """
    size = -(-resolution // 8)
    at = channels * size
    if len(payload) < at:
        raise PacketError(f"polar: {len(payload)} bytes are no reference sample of {at}")
    steps = [[int.from_bytes(payload[k : k + size], "little", signed=True) for k in range(0, at, size)]]
    while at < len(payload):
        if at + 2 > len(payload) or payload[at] > _WIDEST:
            raise PacketError(f"polar: no block of deltas at byte {at}")
        bits, count = payload[at], payload[at + 1]
        end = at + 2 + -(-bits * count * channels // 8)
        if end > len(payload):
            raise PacketError(f"polar: {count} samples of {bits} bits are cut off at byte {at}")
        values = unpack_bits(payload[at + 2 : end], bits, count * channels)
        steps += [values[k : k + channels] for k in range(0, len(values), channels)]
        at = end
    return np.cumsum(np.array(steps, np.int64), axis=0)


def unpack_bits(data: bytes, bits: int, count: int) -> list[int]:
    """Return `count` signed numbers of `bits` bits each, packed least significant bit first."""
    if bits == 0:
        return [0] * count
    whole, mask, sign = int.from_bytes(data, "little"), (1 << bits) - 1, 1 << (bits - 1)
    return [(((whole >> (bits * k)) & mask) ^ sign) - sign for k in range(count)]


def pack_bits(values: Sequence[int], bits: int) -> bytes:
    """Return signed numbers packed least significant bit first, padded to a byte."""
    whole = sum((v & ((1 << bits) - 1)) << (bits * k) for k, v in enumerate(values))
    return whole.to_bytes(-(-bits * len(values) // 8), "little")


def encode_deltas(samples: IntArray, resolution: int, *, bits: int, block: int = 32) -> bytes:
    """Return the payload of a delta frame; the inverse of `decode_deltas`."""
    size = -(-resolution // 8)
    out = b"".join(int(v).to_bytes(size, "little", signed=True) for v in samples[0])
    deltas = np.diff(samples, axis=0)
    for k in range(0, len(deltas), block):
        part = deltas[k : k + block]
        out += bytes([bits, len(part)]) + pack_bits([int(v) for v in part.ravel()], bits)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseInterval:
    """Hold one pulse interval: interval and its error estimate [ms], heart rate [1/min]."""

    hr: int
    interval: int
    error: int
    blocked: bool
    contact: bool | None

    @property
    def told(self) -> float:
        """Return the interval [ms]; nan where movement spoils it."""
        return math.nan if self.blocked or not self.interval else float(self.interval)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the six bytes of one interval; `blocked` means that movement spoils it."""
        if len(data) != 6:
            raise PacketError(f"polar: {len(data)} bytes are no pulse interval")
        hr, interval, error, flags = struct.unpack("<BHHB", data)
        contact = bool(flags & 2) if flags & 4 else None
        return cls(hr=hr, interval=interval, error=error, blocked=bool(flags & 1), contact=contact)

    def __bytes__(self) -> bytes:
        """Return the six bytes."""
        flags = self.blocked | (0 if self.contact is None else 4 | 2 * self.contact)
        return struct.pack("<BHHB", self.hr, self.interval, self.error, flags)


def pulse_intervals(payload: bytes) -> list[PulseInterval]:
    """Return the intervals of a PPI frame, oldest first."""
    if len(payload) % 6:
        raise PacketError(f"polar: {len(payload)} bytes are no whole pulse intervals")
    return [PulseInterval.from_bytes(payload[k : k + 6]) for k in range(0, len(payload), 6)]

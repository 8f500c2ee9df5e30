"""Polar Measurement Data: commands, answers, settings and data frames; no radio.

References
----------
Polar BLE SDK, online_measurement.pdf and its gatt/client/pmd sources. Departures:

- the service's identifier as in the sources; the document drops its last digit;
- delta frames are packed least significant bit first, as the SDK does and some public clients do not.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from acquisition.errors import PacketError

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
RESPONSE, FEATURES, STOPPED = 0xF0, 0x0F, 0x01
TYPE_MASK = 0x3F
RESTARTED = 599_616_000_000_000_000
"""Stamp with which an H10 or H9 begins after it was without power: 2019-01-01 [ns since 2000]."""


class Measurement(IntEnum):
    """What a device measures."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    GYRO = 5
    MAG = 6
    SKIN_TEMPERATURE = 7
    SDK_MODE = 9
    LOCATION = 10
    PRESSURE = 11
    TEMPERATURE = 12
    OFFLINE_HR = 14


class Op(IntEnum):
    """Commands."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3


class Setting(IntEnum):
    """Settings of a measurement; FACTOR comes only in the answer to a start."""

    RATE = 0
    RESOLUTION = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4
    FACTOR = 5
    SECURITY = 6


class Status(IntEnum):
    """What a device says to a command."""

    OK = 0
    BAD_OP = 1
    BAD_TYPE = 2
    UNSUPPORTED = 3
    BAD_LENGTH = 4
    BAD_PARAMETER = 5
    ALREADY = 6
    BAD_RESOLUTION = 7
    BAD_RATE = 8
    BAD_RANGE = 9
    BAD_MTU = 10
    BAD_CHANNELS = 11
    BAD_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14

    @property
    def words(self) -> str:
        """Return what it means."""
        return _WORDS.get(self, self.name.lower().replace("_", " "))


_WORDS = {
    Status.UNSUPPORTED: "not supported",
    Status.ALREADY: "already in that state",
    Status.BAD_MTU: "the MTU is too small",
    Status.IN_CHARGER: "it is in its charger",
    Status.BAD_STATE: "not possible in its present state",
}
_FORMATS = {
    Setting.RATE: "<H",
    Setting.RESOLUTION: "<H",
    Setting.RANGE: "<H",
    Setting.RANGE_MILLI: "<I",
    Setting.CHANNELS: "<B",
    Setting.FACTOR: "<f",
    Setting.SECURITY: "<16s",
}
Settings = Mapping[Setting, tuple[float, ...]]


def parse_settings(data: bytes) -> Settings:
    """Return setting → choices, from the parameters of an answer.

    Raises
    ------
    PacketError
        If a setting is unknown or cut off.
    """
    out: dict[Setting, tuple[float, ...]] = {}
    at = 0
    while at < len(data):
        if data[at] not in _FORMATS or at + 2 > len(data):
            raise PacketError(f"polar: no setting at byte {at} of {data.hex(' ')}")
        setting, count = Setting(data[at]), data[at + 1]
        form = _FORMATS[setting]
        end = at + 2 + count * struct.calcsize(form)
        if end > len(data):
            raise PacketError(f"polar: setting {setting.name.lower()} is cut off in {data.hex(' ')}")
        if setting is not Setting.SECURITY:
            out[setting] = tuple(v for (v,) in struct.iter_unpack(form, data[at + 2 : end]))
        at = end
    return out


def dump_settings(settings: Settings) -> bytes:
    """Return settings as they stand in a command or answer."""
    out = b""
    for setting, values in settings.items():
        form = _FORMATS[setting]
        cast = float if setting is Setting.FACTOR else int
        out += bytes([setting, len(values)]) + b"".join(struct.pack(form, cast(v)) for v in values)
    return out


@dataclass(frozen=True, slots=True)
class Command:
    """Hold a command; a start names one value for each setting."""

    op: Op
    measurement: Measurement
    settings: Settings = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        """Return what is written to the control point."""
        return bytes([self.op, self.measurement]) + dump_settings(self.settings)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a command, as an emulated device does."""
        try:
            op, measurement = Op(data[0]), Measurement(data[1] & TYPE_MASK)
        except (IndexError, ValueError) as error:
            raise PacketError(f"polar: {data.hex(' ') or 'nothing'} is no command") from error
        return cls(op, measurement, parse_settings(data[2:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Hold one answer of the control point; `more` says that another one continues its parameters."""

    op: int
    measurement: int
    status: Status
    more: bool = False
    parameters: bytes = b""

    def __bytes__(self) -> bytes:
        """Return the indication."""
        head = bytes([RESPONSE, self.op, self.measurement, self.status])
        return head if self.status is not Status.OK else head + bytes([self.more]) + self.parameters

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an indication that begins with F0.

        Raises
        ------
        PacketError
            If it is none, or its status is unknown.
        """
        if len(data) < 4 or data[0] != RESPONSE or data[3] not in Status.__members__.values():
            raise PacketError(f"polar: {data.hex(' ') or 'nothing'} is no answer")
        return cls(
            op=data[1],
            measurement=data[2],
            status=Status(data[3]),
            more=len(data) > 4 and data[4] != 0,
            parameters=bytes(data[5:]),
        )


def parse_features(data: bytes) -> frozenset[Measurement]:
    """Return what a device can measure, from reading its control point.

    Raises
    ------
    PacketError
        If it is not a list of features.
    """
    if len(data) < 2 or data[0] != FEATURES:
        raise PacketError(f"polar: {data.hex(' ') or 'nothing'} is no list of features")
    bits = int.from_bytes(data[1:3], "little")
    return frozenset(m for m in Measurement if m <= Measurement.SKIN_TEMPERATURE and bits & (1 << m))


def parse_stopped(data: bytes) -> frozenset[Measurement] | None:
    """Return what a device says it has stopped, None if the value says something else."""
    if not data or data[0] != STOPPED:
        return None
    types = {b & TYPE_MASK for b in data[1:]}
    return frozenset(m for m in Measurement if m in types)

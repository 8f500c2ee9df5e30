"""What a Shimmer answers: firmware, what it does, how it is set, battery and clock; no radio.

References
----------
ShimmerResearch/log-and-stream-common (answers).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from acquisition.errors import PacketError


@dataclass(frozen=True, slots=True)
class Version:
    """Hold which firmware a unit has: 3 is LogAndStream."""

    firmware: int
    major: int
    minor: int
    patch: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the payload of an answer."""
        return cls(*_unpacked("<HHBB", data, "version"))

    def __bytes__(self) -> bytes:
        """Return the payload."""
        return struct.pack("<HHBB", self.firmware, self.major, self.minor, self.patch)

    def __str__(self) -> str:
        """Return it as the makers write it."""
        return f"{self.major}.{self.minor:02d}.{self.patch:03d}"

    @property
    def number(self) -> tuple[int, int, int]:
        """Return what is compared."""
        return self.major, self.minor, self.patch


@dataclass(frozen=True, slots=True)
class Status:
    """Hold what a unit does: the bits of its one or two bytes."""

    flags: int
    more: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the payload of an answer."""
        if len(data) not in (1, 2):
            raise PacketError(f"shimmer: status of {len(data)} bytes, not 1 or 2")
        return cls(*data)

    @property
    def docked(self) -> bool:
        """Tell whether it lies in its dock, or hangs on a cable: its card is not its own then."""
        return bool(self.flags & 0x01 or self.more & 0x01)

    @property
    def sensing(self) -> bool:
        """Tell whether it samples."""
        return bool(self.flags & 0x02)

    @property
    def logging(self) -> bool:
        """Tell whether it writes to its card."""
        return bool(self.flags & 0x08)

    @property
    def streaming(self) -> bool:
        """Tell whether it sends."""
        return bool(self.flags & 0x10)

    @property
    def card(self) -> bool:
        """Tell whether there is a card that can be written to."""
        return bool(self.flags & 0x20) and not self.flags & 0x40


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Hold how a unit is set: ticks between samples, configuration, and the channels of a frame."""

    ticks: int
    config: bytes
    buffer: int
    channels: tuple[int, ...]

    @classmethod
    def from_bytes(cls, data: bytes, config_bytes: int) -> Self:
        """Read the payload of an answer.

        Raises
        ------
        PacketError
            If it is not as long as it says.
        """
        head = 4 + config_bytes
        if len(data) < head or len(data) != head + data[head - 2]:
            raise PacketError(f"shimmer: inquiry of {len(data)} bytes is not as long as it says")
        ticks = int.from_bytes(data[:2], "little")
        return cls(ticks, data[2 : head - 2], data[head - 1], tuple(data[head:]))

    def __bytes__(self) -> bytes:
        """Return the payload."""
        head = self.ticks.to_bytes(2, "little") + self.config
        return head + bytes([len(self.channels), self.buffer, *self.channels])


def battery_mv(data: bytes) -> float:
    """Return the battery's voltage [mV] that an answer says."""
    raw, _ = _unpacked("<HB", data, "battery")
    return raw * 6000.0 / 4095.0


def clock_ticks(data: bytes) -> int:
    """Return the clock that an answer says, in ticks since 1970."""
    (ticks,) = _unpacked("<Q", data, "clock")
    return ticks


def _unpacked(form: str, data: bytes, what: str) -> Sequence[int]:
    if len(data) != struct.calcsize(form):
        raise PacketError(f"shimmer: {what} of {len(data)} bytes, not {struct.calcsize(form)}")
    return struct.unpack(form, data)

"""Nuanic rings: records of skin resistance, settings; from one reverse engineering, on no device tried.

References
----------
PhelaPoscam/Nuanic_Moodmetric_BLE (MIT), which contradicts itself in part; only what it is sure of is used.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from acquisition.errors import PacketError

SERVICE = "5491faaf-b0c2-4167-8f3d-bc6b31db69e7"
EDA = "42dcb71b-1817-43bd-8ea3-7272780a1c9f"
FINGER = "3c180fcc-bfec-4b7c-8e52-1a37f123e449"
RATE = "516b0fb6-d861-4619-9dd0-0105e8b85128"
TIME = "dc9c31a7-fbd3-467a-8777-10900c423d3b"
MODE = "3cce21a7-e602-4e02-8c52-1e0366c1c846"
STORAGE = "7c3b82e7-22b7-4cb6-8458-ba325edf6ede"
REWIND = "2175c13f-60e4-4de5-80af-0d06f1b54880"
SIZE = 14
"""Bytes of a record."""
RATES = (3, 4, 6, 8, 12, 16)
RAW = 1
"""Mode in which skin resistance is sent, not what the ring makes of it."""
OFF_FINGER, ON_FINGER = 1, 2
NOT_SET = 1_000_000_000_000
"""Milliseconds since 1970 below which a ring's clock was not set since it was switched on."""


@dataclass(frozen=True, slots=True)
class Record:
    """Hold one record: how often the ring was started, milliseconds since 1970, skin resistance [ohm]."""

    boot: int
    ms: int
    ohm: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a notification.

        Raises
        ------
        PacketError
            If it is cut.
        """
        if len(data) != SIZE:
            raise PacketError(f"nuanic: record of {len(data)} bytes, not {SIZE}")
        return cls(*struct.unpack("<HQI", data))

    def __bytes__(self) -> bytes:
        """Return the notification."""
        return struct.pack("<HQI", self.boot, self.ms, self.ohm)

    @property
    def conductance(self) -> float:
        """Return skin conductance [µS]; nan for a resistance of nothing."""
        return 1e6 / self.ohm if self.ohm else float("nan")


def set_time(ms: int) -> bytes:
    """Return what sets the clock [ms since 1970]."""
    return struct.pack("<Q", ms)


def rewind(boot: int, ms: int) -> bytes:
    """Return what lets its memory be read from a moment of one of its starts on."""
    return struct.pack("<HQ", boot, ms)

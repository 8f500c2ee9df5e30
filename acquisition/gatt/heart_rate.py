"""Packets of the Heart Rate, Battery and Device Information services: bytes in, values out, no radio.

References
----------
Bluetooth SIG, Heart Rate Service 1.0; BleHrClient of the Polar BLE SDK.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from acquisition.errors import PacketError

SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
LOCATION = "00002a38-0000-1000-8000-00805f9b34fb"
BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
DEVICE_INFORMATION = {
    "manufacturer": "00002a29-0000-1000-8000-00805f9b34fb",
    "model": "00002a24-0000-1000-8000-00805f9b34fb",
    "serial": "00002a25-0000-1000-8000-00805f9b34fb",
    "firmware": "00002a26-0000-1000-8000-00805f9b34fb",
}
RR_UNIT = 1e3 / 1024
"""Milliseconds of one unit of an RR interval."""
_WIDE, _CONTACT, _CONTACT_KNOWN, _ENERGY, _RR = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartRate:
    """Hold one Heart Rate Measurement.

    Parameters
    ----------
    hr : int
        Heart rate [1/min]; 0 where the device found none.
    wide : bool
        Whether it is sent in two bytes.
    contact : bool or None
        Whether the electrodes touch skin; None where the device cannot tell.
    energy : int or None
        Energy expended [kJ].
    rr : tuple of int
        RR intervals [1/1024 s], oldest first.
    """

    hr: int
    wide: bool = False
    contact: bool | None = None
    energy: int | None = None
    rr: tuple[int, ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a notification of 2A37; the flags say what is in it.

        Raises
        ------
        PacketError
            If it is shorter or longer than its flags say.
        """
        if not data:
            raise PacketError("heart rate: empty packet")
        flags, at = data[0], 1
        wide = bool(flags & _WIDE)
        hr, at = _take(data, at, 2 if wide else 1, "heart rate")
        energy = None
        if flags & _ENERGY:
            energy, at = _take(data, at, 2, "energy")
        rest = data[at:]
        if len(rest) % 2 or (rest and not flags & _RR):
            raise PacketError(f"heart rate: {len(rest)} bytes too many in {data.hex(' ')}")
        rr = struct.unpack(f"<{len(rest) // 2}H", rest)
        contact = bool(flags & _CONTACT) if flags & _CONTACT_KNOWN else None
        return cls(hr=hr, wide=wide, contact=contact, energy=energy, rr=rr)

    def __bytes__(self) -> bytes:
        """Return the notification."""
        flags = _WIDE * self.wide | _ENERGY * (self.energy is not None) | _RR * bool(self.rr)
        if self.contact is not None:
            flags |= _CONTACT_KNOWN | _CONTACT * self.contact
        out = bytes([flags]) + self.hr.to_bytes(2 if self.wide else 1, "little")
        if self.energy is not None:
            out += struct.pack("<H", self.energy)
        return out + struct.pack(f"<{len(self.rr)}H", *self.rr)


def _take(data: bytes, at: int, n: int, what: str) -> tuple[int, int]:
    """Return the unsigned number of n bytes at a place, and the place after it."""
    if len(data) < at + n:
        raise PacketError(f"heart rate: {what} is cut off in {data.hex(' ')}")
    return int.from_bytes(data[at : at + n], "little"), at + n


def battery(data: bytes) -> int:
    """Return the battery level [%].

    Raises
    ------
    PacketError
        If it is not one byte from 0 to 100.
    """
    if len(data) != 1 or data[0] > 100:
        raise PacketError(f"battery: {data.hex(' ') or 'empty'} is not a level")
    return data[0]


def text(data: bytes) -> str:
    """Return a text of the Device Information service; some makers end it with zeros."""
    return data.split(b"\0")[0].decode("utf-8", "replace").strip()

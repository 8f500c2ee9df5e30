"""BITalino: commands, frames of 10-bit and 6-bit channels with CRC-4 and a 4-bit sequence number; no radio.

References
----------
BITalino (r)evolution Python API; the PLUX sensor sheets for the scales.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from acquisition.errors import PacketError

SERVICE = "c566488a-0882-4e1b-a6d0-0b717e652234"
COMMANDS = "4051eb11-bf0a-4c74-8730-a48f4193fcea"
FRAMES = "40fdba6b-672e-47c4-808a-e529adff3633"
RATES = (1, 10, 100, 1000)
STOP = b"\x00"
IDLE = b"\xff"
"""Back to idle from any mode, on (r)evolution boards."""
WIDE_BITS, NARROW_BITS = 10, 6
_WIDE_CHANNELS = 4


def rate_command(sfreq: float) -> bytes:
    """Return the command that sets the rate [Hz].

    Raises
    ------
    PacketError
        If the board has no such rate.
    """
    if sfreq not in RATES:
        raise PacketError(f"bitalino: no rate of {sfreq:g} Hz (known: {', '.join(map(str, RATES))})")
    return bytes([RATES.index(int(sfreq)) << 6 | 0x03])


def start_command(channels: Sequence[int]) -> bytes:
    """Return the command that starts the channels, numbered from 1 to 6."""
    command = 0x01
    for channel in channels:
        if not 1 <= channel <= 6:
            raise PacketError(f"bitalino: no channel {channel} (known: 1 to 6)")
        command |= 1 << (1 + channel)
    return bytes([command])


def frame_size(n_channels: int) -> int:
    """Return the bytes of a frame with so many channels."""
    return -(-(12 + sum(widths(n_channels))) // 8)


def widths(n_channels: int) -> list[int]:
    """Return the bits of each channel of a frame, in its order."""
    wide = min(n_channels, _WIDE_CHANNELS)
    return [WIDE_BITS] * wide + [NARROW_BITS] * (n_channels - wide)


def _crc_table() -> list[list[int]]:
    table = []
    for x in range(16):
        row = []
        for byte in range(256):
            crc = x
            for bit in range(7, -1, -1):
                crc <<= 1
                if crc & 0x10:
                    crc ^= 0x03
                crc = (crc ^ ((byte >> bit) & 1)) & 0x0F
            row.append(crc)
        table.append(row)
    return table


_CRC = _crc_table()


def crc4(data: bytes) -> int:
    """Return the CRC-4 (polynomial x⁴ + x + 1) of a frame whose own CRC is taken as 0."""
    crc = 0
    for byte in data[:-1]:
        crc = _CRC[crc][byte]
    return _CRC[crc][data[-1] & 0xF0]


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold one frame.

    Parameters
    ----------
    seq : int
        Number modulo 16.
    digital : int
        I1, I2, O1, O2 from bit 3 to bit 0.
    analog : tuple of int
        Readings of the converter, in the order of the channels.
    """

    seq: int
    digital: int
    analog: tuple[int, ...]

    @classmethod
    def from_bytes(cls, data: bytes, n_channels: int) -> Self:
        """Read a frame.

        Raises
        ------
        PacketError
            If its length or CRC is wrong.
        """
        if len(data) != frame_size(n_channels):
            due = f"{frame_size(n_channels)} for {n_channels} channels"
            raise PacketError(f"bitalino: frame of {len(data)} bytes, not {due}")
        if crc4(data) != data[-1] & 0x0F:
            raise PacketError(f"bitalino: CRC of {data.hex(' ')} is wrong")
        # Read from its end, a frame is one number: sequence, CRC, digital, then the channels in order.
        whole, left = int.from_bytes(data, "little"), 8 * len(data) - 12
        analog = []
        for bits in widths(n_channels):
            left -= bits
            analog.append((whole >> left) & ((1 << bits) - 1))
        return cls(data[-1] >> 4, data[-2] >> 4, tuple(analog))

    def __bytes__(self) -> bytes:
        """Return the frame."""
        size = frame_size(len(self.analog))
        left = 8 * size - 12
        whole = (self.seq & 0x0F) << (8 * size - 4) | (self.digital & 0x0F) << left
        for bits, value in zip(widths(len(self.analog)), self.analog, strict=True):
            left -= bits
            whole |= (value & ((1 << bits) - 1)) << left
        data = whole.to_bytes(size, "little")
        return data[:-1] + bytes([data[-1] | crc4(data)])


class FrameReader:
    """Cut the bytes of notifications into frames, wherever the notifications are cut.

    Parameters
    ----------
    n_channels : int
    """

    def __init__(self, n_channels: int) -> None:
        self._n, self._size = n_channels, frame_size(n_channels)
        self._left = b""
        self.damaged = 0
        """Bytes that belonged to no frame."""

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are whole by now."""
        buffer, frames, at = self._left + bytes(data), [], 0
        while at + self._size <= len(buffer):
            if self._fits(buffer, at):
                frames.append(Frame.from_bytes(buffer[at : at + self._size], self._n))
                at += self._size
            else:
                step = self._next(buffer, at)
                self.damaged += step
                at += step
        self._left = buffer[at:]
        return frames

    def _fits(self, buffer: bytes, at: int) -> bool:
        part = buffer[at : at + self._size]
        return crc4(part) == part[-1] & 0x0F

    def _next(self, buffer: bytes, at: int) -> int:
        """Return how many bytes to skip: one frame if the next begins there, else to where two fit."""
        size = self._size
        for step in (size, *range(1, size)):
            starts = range(at + step, min(at + step + 2 * size, len(buffer) - size + 1), size)
            if len(starts) and all(self._fits(buffer, s) for s in starts):
                return int(step)
        return 1 if len(buffer) - at > 3 * size else int(size)

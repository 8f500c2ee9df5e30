"""A Shimmer's card: commands that list and read it, and what its log files hold; no radio, no file system.

References
----------
ShimmerResearch/log-and-stream-common (file transfer, header of a log file, frames without their first byte).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import PacketError
from acquisition.gatt.shimmer import LAP, LONGEST_PATH, Op, full_stamp
from acquisition.gatt.shimmer_values import Layout, column, layout, stamps
from acquisition.stream import IntArray

HEADER = 384
"""Bytes before the frames of a file."""
_SYNC = 0x04


class FileState(IntEnum):
    """Why the card did not do what was asked; 1 to 13 are errors of its file system."""

    OK = 0x00
    NO_CARD = 0xF0
    BUSY = 0xF1
    BAD_ARGUMENTS = 0xF2


class EndCode(IntEnum):
    """Why a reading ended."""

    WINDOW = 0
    END_OF_FILE = 1
    ABORTED = 2
    CARD_LOST = 3
    FILE_SYSTEM = 4
    SUPERSEDED = 5
    DENIED = 6
    NOT_FOUND = 7


STATES: dict[int, str] = {
    FileState.NO_CARD: "no card, or it lies in its dock or hangs on a cable",
    FileState.BUSY: "it still measures",
    FileState.BAD_ARGUMENTS: "it does not take these arguments",
}
ENDS: dict[int, str] = {
    EndCode.ABORTED: "reading was ended",
    EndCode.CARD_LOST: "the card was taken away",
    EndCode.FILE_SYSTEM: "the card's file system failed",
    EndCode.DENIED: "reading is refused (it measures, or lies in its dock)",
    EndCode.NOT_FOUND: "there is no such file",
}


def _path(path: str) -> bytes:
    said = path.encode("ascii", errors="replace")
    if not 0 < len(said) <= LONGEST_PATH:
        raise PacketError(f"shimmer: path {path!r} is longer than {LONGEST_PATH} bytes, or empty")
    return bytes([len(said)]) + said


def list_files(path: str, start: int = 0, most: int = 16) -> bytes:
    """Return the command that lists a folder from its entry `start` on."""
    return struct.pack("<BHB", Op.LIST_FILES, start, most) + _path(path)


def read_file(path: str, offset: int, window: int, block: int = 512) -> bytes:
    """Return the command that reads `window` bytes of a file, in packets of `block` bytes."""
    return struct.pack("<BIIH", Op.READ_FILE, offset, window, block) + _path(path)


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one entry of a folder; a name may be cut."""

    name: str
    folder: bool
    size: int
    cut: bool = False

    def __bytes__(self) -> bytes:
        """Return it as a listing has it."""
        name = self.name.encode("ascii")
        head = struct.pack("<BIHHB", self.folder | self.cut << 1, self.size, 0, 0, len(name))
        return head + name


@dataclass(frozen=True, slots=True)
class Listing:
    """Hold a part of a folder's entries, from number `start` on."""

    state: int
    start: int
    entries: tuple[Entry, ...]
    more: bool

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the payload of an answer.

        Raises
        ------
        PacketError
            If it is not as long as it says.
        """
        if len(data) < 7:
            raise PacketError(f"shimmer: listing of {len(data)} bytes is cut")
        state, start, size, n, flags = struct.unpack("<BHHBB", data[:7])
        entries: list[Entry] = []
        at = 7
        while len(entries) < n:
            if at + 10 > len(data) or at + 10 + data[at + 9] > len(data):
                raise PacketError("shimmer: a listing is cut within an entry")
            attributes, length, _, _, n_name = struct.unpack("<BIHHB", data[at : at + 10])
            name = data[at + 10 : at + 10 + n_name].decode("ascii", errors="replace")
            entries.append(Entry(name, bool(attributes & 1), length, bool(attributes & 2)))
            at += 10 + n_name
        if at != 7 + size or at != len(data):
            raise PacketError("shimmer: a listing is not as long as it says")
        return cls(state, start, tuple(entries), bool(flags & 1))

    def __bytes__(self) -> bytes:
        """Return the payload."""
        body = b"".join(map(bytes, self.entries))
        return struct.pack("<BHHBB", self.state, self.start, len(body), len(self.entries), self.more) + body


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHeader:
    """Hold what the first bytes of a log file say.

    Parameters
    ----------
    ticks : int
        Between two samples, as the unit was told.
    start : int
        Its clock when it began to measure, in ticks since 1970.
    channels : tuple of int
        Of each frame.
    registers : tuple of bytes
        Of both chips of an ExG board, 10 bytes each.
    """

    ticks: int
    start: int
    channels: tuple[int, ...]
    mac: str = ""
    registers: tuple[bytes, bytes] = (bytes(10), bytes(10))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read the header.

        Raises
        ------
        PacketError
            If it is cut, the unit's clock was joined with others', or it says nothing that can be.
        """
        if len(data) < HEADER:
            raise PacketError(f"shimmer: header of {len(data)} bytes, not {HEADER}")
        if data[16] & _SYNC:
            raise PacketError(
                "shimmer: the file was written with SD-sync on: its clock is another unit's in part"
            )
        ticks, n = int.from_bytes(data[:2], "little"), data[314]
        if ticks < 2 or not 0 < n <= HEADER - 315:
            raise PacketError(f"shimmer: {ticks} ticks and {n} channels: no log file")
        return cls(
            ticks=ticks,
            start=_start(data),
            channels=tuple(data[315 : 315 + n]),
            mac=data[24:30].hex(":").upper(),
            registers=(bytes(data[56:66]), bytes(data[66:76])),
        )

    def __bytes__(self) -> bytes:
        """Return the header."""
        data = bytearray(HEADER)
        data[:2] = self.ticks.to_bytes(2, "little")
        data[24:30] = bytes.fromhex(self.mac.replace(":", "")) if self.mac else bytes(6)
        data[30:32] = (10).to_bytes(2, "big")
        data[56:66], data[66:76] = self.registers
        whole = self.start.to_bytes(8, "big")
        data[44:47], data[251] = whole[:3], whole[3]
        data[252:256] = whole[4:][::-1]
        data[314] = len(self.channels)
        data[315 : 315 + len(self.channels)] = bytes(self.channels)
        return bytes(data)

    @property
    def layout(self) -> Layout:
        """Return the layout of the frames."""
        return layout(self.channels)


def _start(data: bytes) -> int:
    """Return when a unit began: bits 32 to 63 lie apart, highest first, the others lowest first."""
    high = data[44] << 56 | data[45] << 48 | data[46] << 40 | data[251] << 32
    return int(high | int.from_bytes(data[252:256], "little"))


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """Hold frames of a log file.

    Parameters
    ----------
    stamps : ndarray, shape (n_frames,)
        Ticks since 1970.
    frames : ndarray of uint8, shape (n_frames, size)
    """

    header: LogHeader
    stamps: IntArray
    frames: NDArray[np.uint8]

    def readings(self, channel: int) -> IntArray:
        """Return the readings of a channel."""
        return column(self.frames, self.header.layout, channel)


def read_frames(header: LogHeader, data: bytes, near: int | None = None) -> Logged:
    """Return the frames of a piece of a file that begins with a whole one; one cut at its end is left out.

    Parameters
    ----------
    near : int, optional
        Ticks less than 256 s from the first frame's; the file's start if not given. The first frames of a
        later file of an hour may lie before its start: they had waited to be written.
    """
    size = header.layout.size
    n = len(data) // size
    frames = np.frombuffer(data[: n * size], np.uint8).reshape(n, size)
    raw = stamps(frames)
    if n == 0:
        return Logged(header, raw, frames)
    first = int(raw[0])
    begin = full_stamp(first, header.start if near is None else near)
    steps = np.diff(raw) % LAP
    return Logged(header, begin + np.concatenate([[0], np.cumsum(steps)]).astype(np.int64), frames)


def joined(parts: Sequence[Logged]) -> Logged:
    """Return the frames of several pieces, each stamp once, in order."""
    order_of = np.concatenate([p.stamps for p in parts])
    _, first = np.unique(order_of, return_index=True)
    return Logged(parts[0].header, order_of[first], np.concatenate([p.frames for p in parts])[first])

"""The card of an emulated Shimmer: folders of log files, listed and read as over the air."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from acquisition.gatt.shimmer import LONGEST_PATH, Said, with_crc
from acquisition.gatt.shimmer_card import HEADER, EndCode, Entry, FileState, Listing, LogHeader

HOURLY = 3600.0
BUDGET = 232
"""Bytes of entries in one part of a listing."""


class Card:
    """Keep log files; the newest one may be written to.

    Parameters
    ----------
    trial, name : str
        Parts of the names of folders.
    """

    def __init__(self, trial: str = "Attune_65a0f3c1", name: str = "Attunement") -> None:
        self.files: dict[str, bytearray] = {}
        self._trial, self._name = trial, name
        self._folders = 0
        self.folder = ""
        self.damaged: set[int] = set()
        """Numbers of blocks, counted over all readings, that leave with a wrong checksum."""
        self.lost: set[int] = set()
        """Numbers of blocks that are lost on the way."""
        self.busy: Callable[[], int] = lambda: FileState.OK
        self._session = 0
        self.blocks = 0
        self._header = b""
        self._begun = 0

    def begin(self, header: LogHeader) -> None:
        """Begin a folder, and its first file."""
        self.folder = f"data/{self._trial}/{self._name}-{self._folders:03d}"
        self._folders += 1
        self._header, self._begun = bytes(header), header.start
        self.files[f"{self.folder}/000"] = bytearray(self._header)

    def write(self, ticks: int, frame: bytes) -> None:
        """Write a frame from its stamp on; an hour later into the next file."""
        hour = int((ticks - self._begun) / 32768 / HOURLY)
        path = f"{self.folder}/{hour:03d}"
        if path not in self.files:
            later = replace(LogHeader.from_bytes(self._header), start=ticks + 20)  # this frame had to wait
            self.files[path] = bytearray(bytes(later))
        self.files[path] += frame

    def list(self, command: bytes) -> bytes:
        """Return the answer to a command that lists."""
        start, most, path = *struct.unpack("<HB", command[1:4]), _path(command[4:])
        if (state := self.busy()) != FileState.OK:
            return bytes([Said.FILES]) + bytes(Listing(state, start, (), False))
        inside = sorted(
            {p.removeprefix(f"{path}/").split("/")[0] for p in self.files if p.startswith(f"{path}/")}
        )
        if not inside:
            return bytes([Said.FILES]) + bytes(Listing(5, start, (), False))
        entries, size = [], 0
        for name in inside[start : start + (most or 16)]:
            data = self.files.get(f"{path}/{name}")
            entry = Entry(name, data is None, len(data or b""))
            if (size := size + len(bytes(entry))) > BUDGET:
                break
            entries.append(entry)
        more = start + len(entries) < len(inside)
        return bytes([Said.FILES]) + bytes(Listing(FileState.OK, start, tuple(entries), more))

    def read(self, command: bytes) -> Iterator[bytes]:
        """Yield the packets of a reading."""
        offset, window, block = struct.unpack("<IIH", command[1:11])
        path = _path(command[11:])
        self._session = (self._session + 1) % 256
        data = self.files.get(path or "")
        end = self._refused(data)
        if end is not None or data is None:
            yield self._end(end or EndCode.NOT_FOUND, offset)
            return
        block = max(64, min(block or 512, 1024)) & ~3
        stop, number = min(offset + window, len(data)), 0
        while offset < stop:
            piece = bytes(data[offset : min(offset + block, stop)])
            yield self._block(number, piece)
            offset += len(piece)
            number += 1
        yield self._end(EndCode.END_OF_FILE if offset >= len(data) else EndCode.WINDOW, offset)

    def _refused(self, data: bytearray | None) -> EndCode | None:
        if self.busy() != FileState.OK:
            return EndCode.DENIED
        return EndCode.NOT_FOUND if data is None else None

    def _block(self, number: int, piece: bytes) -> bytes:
        self.blocks += 1
        if self.blocks in self.lost:
            return b""
        head = struct.pack("<BBBHH", 0x8A, Said.FILE_DATA, self._session, number % 65536, len(piece))
        whole = with_crc(head + piece)
        return whole[:-1] + bytes([whole[-1] ^ 1]) if self.blocks in self.damaged else whole

    def _end(self, code: int, offset: int) -> bytes:
        return with_crc(struct.pack("<BBBBI", 0x8A, Said.FILE_END, self._session, code, offset))

    def frames_of(self, path: str) -> bytes:
        """Return a file without its header."""
        return bytes(self.files[path][HEADER:])


def _path(data: bytes) -> str | None:
    if not data or not 0 < data[0] <= LONGEST_PATH or len(data) != 1 + data[0]:
        return None
    return data[1:].decode("ascii", errors="replace").strip("/")

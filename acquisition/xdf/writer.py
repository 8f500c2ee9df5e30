"""Write one XDF file, a slice at a time: all of a slice reaches the file, or nothing."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from struct import pack
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from acquisition.xdf.form import (
    BOUNDARY_CHUNK,
    EXPLICIT,
    FILE_HEADER,
    MAGIC,
    SAMPLES,
    SAMPLES_HEAD,
    STREAM_HEADER,
    TICK_ID,
    Stream,
    chunk,
    footer_chunk,
    offset_chunk,
    samples_chunk,
)
from acquisition.xdf.header import TICK_XML, parse_header

_FLAGS = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)


class Sealing(Protocol):
    """What seals the bytes of a file as they are written; see `acquisition.protection.frames`."""

    head: bytes

    def frame(self, data: bytes, *, final: bool = False) -> bytes:
        """Return bytes as they are stored."""

    def kept(self) -> tuple[int, int]:
        """Take the last frame as written."""

    def take_back(self, state: tuple[int, int]) -> None:
        """Take the last frame as cut off again."""


class Writer:
    """Append to one new XDF file.

    Chunks collect in memory. `seal` ends a slice with a tick, `flush` writes all sealed slices in one
    `os.write`. What is not sealed when the file is closed is not written.

    Parameters
    ----------
    path : Path
        The file, which must not exist; only its owner may read it.
    created : str
        Date and time for the file header, ISO 8601.
    recording, role : str
        Id of the recording, and whose file it is: it keeps saying so under another name. "" to say nothing.
    seal : Sealing, optional
        What seals the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        created: str = "",
        recording: str = "",
        role: str = "",
        seal: Sealing | None = None,
    ) -> None:
        self.path = path
        self.size = 0
        self._sealing, self._kept = seal, (0, 0)
        self._pending: list[bytes] = []
        self._counted: list[tuple[int, int, float, float]] = []
        self._sealed: list[bytes] = []
        self.backlog = 0
        """Bytes that are sealed and not yet written."""
        self._written: tuple[int, bytes] = (0, b"")
        """Where the last write began, and its bytes before they were sealed."""
        self._stats: dict[int, tuple[int, float, float]] = {}
        self._streams: dict[int, Stream] = {}
        said = {"datetime": created, "recording": recording, "role": role}
        about = "".join(f"<{k}>{v}</{k}>" for k, v in said.items() if v)
        self._pending.append(
            MAGIC + chunk(FILE_HEADER, f"<info><version>1.0</version>{about}</info>".encode())
        )
        tick = self.header(TICK_ID, TICK_XML)
        self.offset(tick, 0.0, 0.0)  # pyxdf complains of a stream without one
        first = self._take_pending()
        self._crc = zlib.crc32(first)
        self._seal(first)
        self.fd = os.open(path, _FLAGS, 0o600)
        self.flush()

    def header(self, stream_id: int, xml: bytes) -> Stream:
        """Open a stream, anywhere in the file."""
        stream = parse_header(stream_id, xml)
        self._streams[stream_id] = stream
        self._pending.append(chunk(STREAM_HEADER, pack("<I", stream_id) + xml))
        self._counted.append((stream_id, 0, 0.0, 0.0))
        return stream

    def samples(
        self, stream: Stream, times: FloatArray, samples: NDArray[np.generic] | Sequence[object]
    ) -> None:
        """Take samples with their stamps [s]; shape (n_samples,) and (n_samples, n_channels)."""
        if len(times):
            self._pending.append(samples_chunk(stream, times, samples))
            self._counted.append((stream.id, len(times), float(times[0]), float(times[-1])))

    def offset(self, stream: Stream, collected: float, value: float) -> None:
        """Take a clock offset [s]."""
        self._pending.append(offset_chunk(stream, collected, value))

    def seal(self, number: int, time: float, wall: float, *, boundary: bool = False) -> None:
        """End a slice with its tick; a boundary, if any, follows the tick."""
        data = self._take_pending()
        head = SAMPLES_HEAD.pack(4, 52, SAMPLES, TICK_ID, 4, 1)
        head += pack("<Bddd", EXPLICIT, time, number, wall)
        clock_offset = pack("<d", 0.0)  # ticks are stamped on the clock that all offsets refer to
        crc = zlib.crc32(clock_offset, zlib.crc32(head, zlib.crc32(data, self._crc)))
        after = BOUNDARY_CHUNK if boundary else b""
        self._count(TICK_ID, 1, time, time)
        self._seal(data + head + pack("<d", crc) + clock_offset + after)
        self._crc = zlib.crc32(after)

    def _seal(self, data: bytes) -> None:
        self._sealed.append(data)
        self.backlog += len(data)

    def _take_pending(self) -> bytes:
        data = b"".join(self._pending)
        for counted in self._counted:
            self._count(*counted)
        self._pending.clear()
        self._counted.clear()
        return data

    def _count(self, stream_id: int, n: int, first: float, last: float) -> None:
        before = self._stats.get(stream_id, (0, 0.0, 0.0))
        if n:
            before = before[0] + n, before[1] if before[0] else first, last
        self._stats[stream_id] = before

    def flush(self) -> None:
        """Append all sealed slices, or nothing of them.

        Raises
        ------
        OSError
            If the disk refuses. The file then ends as it did before, and the slices are kept for another try.
        """
        self._append(b"".join(self._sealed))
        self._sealed.clear()
        self.backlog = 0

    def _append(self, data: bytes, *, final: bool = False) -> None:
        start, stored = self.size, self._stored(data, final=final)
        view = memoryview(stored)
        try:
            while view:
                view = view[os.write(self.fd, view) :]
        except BaseException:
            os.ftruncate(self.fd, start)
            raise
        self.size += len(stored)
        self._written = start, data
        if self._sealing is not None and stored:
            self._kept = self._sealing.kept()

    def _stored(self, data: bytes, *, final: bool) -> bytes:
        """Return bytes as they go into the file."""
        if self._sealing is None or not data:
            return data
        return (b"" if self.size else self._sealing.head) + self._sealing.frame(data, final=final)

    def unflush(self) -> None:
        """Take back what the last `flush` wrote, because the slice could not be written to another file."""
        start, data = self._written
        if data:
            os.ftruncate(self.fd, start)
            self.size = start
            if self._sealing is not None:
                self._sealing.take_back(self._kept)
            self._sealed.insert(0, data)
            self.backlog += len(data)
            self._written = start, b""

    def finish(self) -> None:
        """Write the footers, the tick stream's last: it alone says that the file is whole."""
        order = sorted(self._stats, key=lambda key: (key == TICK_ID, key))
        footers = b"".join(footer_chunk(self._streams[key], *self._stats[key]) for key in order)
        self._append(footers, final=True)

    def close(self) -> None:
        """Close the file as it is."""
        os.close(self.fd)

"""The facts of the format: chunks, tags, sample rows; and what ours adds: ticks and fixed stream ids.

A file is ``XDF:`` and then chunks: length (a varlen integer) | uint16 tag | content, all little-endian. Tags
are 1 file header, 2 stream header, 3 samples, 4 clock offset, 5 boundary, 6 stream footer.

Our own files hold, as stream 1, a tick at the end of each slice: double64 number, wall time, CRC-32 and
clock offset. The CRC covers the file's bytes since the last tick's end (or the file's beginning), the tick's
own included, except the eight of the CRC itself. Lengths of sample chunks take the 4-byte form throughout, so
that a reader finds all it needs of a chunk at fixed places.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from struct import Struct, pack

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray

MAGIC = b"XDF:"
FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY, STREAM_FOOTER = range(1, 7)
BOUNDARY_UUID = bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")
MAX_CHUNK = 1 << 24
"""Longest chunk that is believed [bytes]."""
NUMPY_FORMATS = {
    "int8": "<i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "float32": "<f4",
    "double64": "<f8",
}
SAMPLES_HEAD = Struct("<BIHIBI")
"""Our form of a sample chunk's head: 4 | length | tag | stream id | 4 | number of samples."""
TICK_BODY = Struct("<Bddddd")
"""Inside of a tick: 8 | time | number | wall time | CRC | clock offset."""
EXPLICIT, DEDUCED = 8, 0
"""First byte of a sample: a stamp follows, or it is the previous one plus a sample interval."""

NEVER = 1 << 62
"""A place beyond all bytes."""

TICK_ID, NOTICES_ID, EVENTS_ID = 1, 2, 3
"""Ids in each file of ours; other streams get one that follows from their name, see `stream_id`."""
_FIRST_FREE_ID = 16


@dataclass(slots=True, eq=False)
class Stream:
    """Hold what a reader must know of a stream to decode its samples.

    Parameters
    ----------
    kind : str
        The stream's type, such as ECG or Markers.
    sfreq : float
        Nominal rate [Hz]; 0 for irregular streams.
    xml : bytes
        The header as it stands in the file; empty while only presumed.
    row : int
        Bytes of a sample with its stamp; -1 for strings, whose length varies.
    """

    id: int
    name: str
    kind: str
    n_channels: int
    sfreq: float
    format: str
    xml: bytes = b""
    row: int = field(init=False, default=-1)
    dtype: np.dtype[np.void] | None = field(init=False, default=None)
    last: float | bytes = field(init=False, default=0.0)
    """Stamp of the last sample, or the rows that end with it."""

    def __post_init__(self) -> None:
        if self.format != "string":
            value = (NUMPY_FORMATS[self.format], (self.n_channels,))
            self.dtype = np.dtype([("b", "u1"), ("t", "<f8"), ("v", *value)])
            self.row = self.dtype.itemsize

    @property
    def is_tick(self) -> bool:
        """Tell whether this is our stream of ticks."""
        own = self.id == TICK_ID and self.kind == "Tick"
        return own and (self.n_channels, self.format) == (4, "double64")


def stream_id(name: str, taken: Collection[int] = ()) -> int:
    """Return the id of a stream in our files; it follows from the name, so a lost header can be presumed."""
    wanted = zlib.crc32(name.encode()) & 0x7FFF_FFFF
    while wanted < _FIRST_FREE_ID or wanted in taken:
        wanted += 1
    return wanted


def varlen(value: int) -> bytes:
    """Return an integer as its size (1, 4 or 8) and its bytes."""
    if value < 1 << 8:
        return pack("<BB", 1, value)
    return pack("<BI", 4, value) if value < 1 << 32 else pack("<BQ", 8, value)


def chunk(tag: int, content: bytes) -> bytes:
    """Return a chunk."""
    return varlen(len(content) + 2) + pack("<H", tag) + content


BOUNDARY_CHUNK = chunk(BOUNDARY, BOUNDARY_UUID)


def find_boundary(buf: bytes, at: int) -> int:
    """Return where the next boundary begins, from `at` on; `NEVER` if there is none."""
    found = buf.find(BOUNDARY_UUID, at)
    return NEVER if found < 0 else found


def samples_chunk(
    stream: Stream, times: FloatArray, samples: NDArray[np.generic] | Sequence[object]
) -> bytes:
    """Return a sample chunk in which each sample carries its own stamp, so that it can be read alone.

    Parameters
    ----------
    times : array, shape (n_samples,)
        Stamps [s].
    samples : array, shape (n_samples, n_channels) or (n_samples,)
    """
    n = len(times)
    if stream.dtype is not None:
        rows = np.empty(n, stream.dtype)
        rows["b"], rows["t"] = EXPLICIT, times
        rows["v"] = np.asarray(samples).reshape(n, stream.n_channels)
        body = rows.tobytes()
    else:
        texts = np.asarray(samples, object).reshape(n, stream.n_channels)
        body = b"".join(_text_row(float(t), row) for t, row in zip(times, texts, strict=True))
    return SAMPLES_HEAD.pack(4, len(body) + 11, SAMPLES, stream.id, 4, n) + body


def _text_row(time: float, texts: NDArray[np.object_]) -> bytes:
    coded = [str(text).encode("utf-8", "replace") for text in texts]
    return pack("<Bd", EXPLICIT, time) + b"".join(pack("<BI", 4, len(x)) + x for x in coded)


def offset_chunk(stream: Stream, collected: float, value: float) -> bytes:
    """Return a clock offset: when it was measured on the sender's clock, and the seconds to add."""
    return chunk(CLOCK_OFFSET, pack("<Idd", stream.id, collected, value))


def footer_chunk(stream: Stream, count: int, first: float, last: float) -> bytes:
    """Return a stream footer."""
    xml = (
        f"<info><first_timestamp>{float(first)!r}</first_timestamp><last_timestamp>{float(last)!r}</last_timestamp>"
        f"<sample_count>{count}</sample_count></info>"
    )
    return chunk(STREAM_FOOTER, pack("<I", stream.id) + xml.encode())

"""What a decoder finds in a file."""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from acquisition.xdf.form import (
    CLOCK_OFFSET,
    DEDUCED,
    EXPLICIT,
    MAX_CHUNK,
    NUMPY_FORMATS,
    STREAM_FOOTER,
    Stream,
)

_LENGTH_BYTES = {1: 2, 4: 5, 8: 9}


class Rows(NamedTuple):
    """Hold a sample chunk of numbers with explicit stamps, not yet decoded: many are decoded at once."""

    stream: Stream
    n: int
    body: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Hold samples: `times` (n_samples,) as stamped [s], `samples` (n_samples, n_channels)."""

    stream: Stream
    times: FloatArray
    samples: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Offset:
    """Say when a clock offset was measured on the sender's clock, and the seconds to add."""

    stream: Stream
    collected: float
    value: float


@dataclass(frozen=True, slots=True)
class Header:
    """Say that a stream begins."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Footer:
    """Say that a stream has ended."""

    stream: Stream
    xml: bytes


class TickMark(NamedTuple):
    """End a slice. If it is not `intact`, neither the number nor anything since the last tick can be trusted.

    `start` and `stop` bound the slice in the file [bytes].
    """

    number: int
    time: float
    wall: float
    intact: bool
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Name bytes [start, stop) of a file that cannot be read, and why.

    `breaks` is False if the bytes form a whole chunk that only says nothing: its slice may be intact.
    """

    start: int
    stop: int
    why: str
    breaks: bool = True

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"bytes {self.start}-{self.stop}: {self.why}"


Item = Rows | Samples | Offset | Header | Footer | TickMark | Damage


class BrokenChunk(ValueError):
    """Report bytes that are no chunk, or a chunk whose inside does not fit it."""


def decode_rows(rows: Rows) -> Samples:
    """Return the samples of a chunk."""
    table = np.frombuffer(rows.body, rows.stream.dtype, rows.n)
    return Samples(rows.stream, table["t"].copy(), table["v"].copy())


def read_item(tag: int, stream: Stream, buf: bytes, at: int, end: int) -> Rows | Samples | Offset | Footer:
    """Read the inside of a sample chunk, clock offset or footer, after the stream's id.

    Raises
    ------
    BrokenChunk
        If it does not fill buf[at:end] exactly.
    """
    if tag == CLOCK_OFFSET:
        if end - at != 16:
            raise BrokenChunk("a clock offset of a wrong length")
        return Offset(stream, *unpack_from("<dd", buf, at))
    return Footer(stream, buf[at:end]) if tag == STREAM_FOOTER else parse_samples(stream, buf, at, end)


def parse_samples(stream: Stream, buf: bytes, at: int, end: int) -> Rows | Samples:
    """Read the inside of a sample chunk in any form that XDF allows.

    Raises
    ------
    BrokenChunk
        If it does not fill buf[at:end] exactly.
    """
    n, at = read_varlen(buf, at, end)
    if n > end - at:
        raise BrokenChunk(f"{n} samples in {end - at} bytes")
    if stream.row > 0 and n * stream.row == end - at:
        body = buf[at:end]
        if body[:: stream.row].count(EXPLICIT) == n:
            if n:
                stream.last = body
            return Rows(stream, n, body)
    return _each_sample(stream, buf, at, end, n)


def frame(buf: bytes, at: int, n: int, longest: int = MAX_CHUNK) -> tuple[int, int, int] | None:
    """Return the tag of a chunk, where its inside begins and where it ends; None if more is needed.

    Parameters
    ----------
    longest : int
        Longest chunk that is believed [bytes].

    Raises
    ------
    BrokenChunk
        If no chunk begins so.
    """
    head = _LENGTH_BYTES.get(buf[at])
    if head is None:
        raise BrokenChunk("zeros" if buf[at] == 0 else "a bad length byte")
    if at + head + 2 > n:
        return None
    length = int.from_bytes(buf[at + 1 : at + head], "little")
    tag = int.from_bytes(buf[at + head : at + head + 2], "little")
    if not 2 <= length <= longest or not 1 <= tag <= 6:
        raise BrokenChunk(f"a chunk of {length} bytes with tag {tag}")
    return tag, at + head + 2, at + head + length


def read_varlen(buf: bytes, at: int, end: int) -> tuple[int, int]:
    """Return an integer and the place after it."""
    size = buf[at] if at < end else 0
    if size not in (1, 4, 8) or at + 1 + size > end:
        raise BrokenChunk("a bad length inside a chunk")
    return int.from_bytes(buf[at + 1 : at + 1 + size], "little"), at + 1 + size


def _each_sample(stream: Stream, buf: bytes, at: int, end: int, n: int) -> Samples:
    times, last = np.empty(n), last_stamp(stream)
    values: list[Any] = []
    for i in range(n):
        kind = buf[at] if at < end else -1
        if kind == EXPLICIT and at + 9 <= end:
            last, at = unpack_from("<d", buf, at + 1)[0], at + 9
        elif kind == DEDUCED:
            # Without a rate a deduced stamp is the one before: samples that came together.
            last, at = last + (1 / stream.sfreq if stream.sfreq > 0 else 0.0), at + 1
        else:
            raise BrokenChunk("a bad stamp")
        times[i] = last
        value, at = _value(stream, buf, at, end)
        values.append(value)
    if at != end:
        raise BrokenChunk("a chunk longer than its samples")
    if n:
        stream.last = last
    return Samples(stream, times, _table(stream, values))


def _value(stream: Stream, buf: bytes, at: int, end: int) -> tuple[Any, int]:
    if stream.dtype is not None:
        stop = at + stream.row - 9
        if stop > end:
            raise BrokenChunk("a sample longer than its chunk")
        return buf[at:stop], stop
    texts = []
    for _ in range(stream.n_channels):
        size, at = read_varlen(buf, at, end)
        if size > end - at:
            raise BrokenChunk("a text longer than its chunk")
        texts.append(buf[at : at + size].decode("utf-8", "replace"))
        at += size
    return texts, at


def _table(stream: Stream, values: list[Any]) -> NDArray[Any]:
    shape = (len(values), stream.n_channels)
    if stream.dtype is not None:
        return np.frombuffer(b"".join(values), NUMPY_FORMATS[stream.format]).reshape(shape)
    table = np.empty(shape, object)
    for i, texts in enumerate(values):
        table[i] = texts
    return table


def last_stamp(stream: Stream) -> float:
    """Return the stamp from which the next one is deduced [s]."""
    if isinstance(stream.last, bytes):
        stream.last = float(unpack_from("<d", stream.last, len(stream.last) - stream.row + 1)[0])
    return stream.last

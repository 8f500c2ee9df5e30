"""Find chunks in bytes that come in any portions, and go on after damage."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from struct import unpack_from

from acquisition.xdf.form import (
    BOUNDARY,
    BOUNDARY_CHUNK,
    BOUNDARY_UUID,
    CLOCK_OFFSET,
    EXPLICIT,
    MAGIC,
    MAX_CHUNK,
    SAMPLES,
    SAMPLES_HEAD,
    STREAM_FOOTER,
    STREAM_HEADER,
    TICK_BODY,
    TICK_ID,
    Stream,
)
from acquisition.xdf.header import parse_header
from acquisition.xdf.items import (
    BrokenChunk,
    Damage,
    Footer,
    Header,
    Item,
    Offset,
    Rows,
    TickMark,
    decode_rows,
    parse_samples,
)

_NEVER = 1 << 62
_LENGTH_BYTES = {1: 2, 4: 5, 8: 9}
_NAMED_TAGS = (SAMPLES, STREAM_HEADER, CLOCK_OFFSET, STREAM_FOOTER)


class Decoder:
    """Turn bytes, fed in any portions, into items that depend on the bytes alone.

    Damage is a bad length byte, a chunk longer than 16 MiB, an unknown tag, an inside that does not fill its
    chunk, or a chunk that runs over a boundary; reading goes on after the next boundary. After the tick
    stream's footer nothing is read.

    Parameters
    ----------
    presumed : iterable of Stream
        Streams whose headers may have been lost.
    """

    def __init__(self, presumed: Iterable[Stream] = ()) -> None:
        self.streams: dict[int, Stream] = {s.id: s for s in presumed}
        self.closed = False
        self._rest = b""
        self._base = 0  # place of _rest in the file
        self._started = False
        self._crc = 0
        self._slice = 0  # where the open slice begins in the file
        self._lost: int | None = None  # where damage began, while a boundary is sought
        self._why = ""
        self._unknown: set[int] = set()
        self._boundary = -1
        self._hashed = 0
        self._out: list[Item] = []

    def feed(self, data: bytes, *, final: bool = False) -> list[Item]:
        """Return the items that are complete now; `final`: no more bytes will come."""
        return [decode_rows(i) if type(i) is Rows else i for i in self.feed_rows(data, final=final)]

    def feed_rows(self, data: bytes, *, final: bool = False) -> list[Item]:
        """Return the same, with numbers left as `Rows`, to be decoded many at once."""
        buf = self._rest + data if self._rest else data
        self._out, at = [], 0
        if self.closed or not (self._started or len(buf) >= len(MAGIC) or final):
            self._rest = b"" if self.closed else buf
            return self._out
        if not self._started and buf:
            self._started = True
            at = self._begin(buf)
        self._hashed, self._boundary = 0, _find(buf, at)
        at = self._walk(buf, at, final)
        self._crc = zlib.crc32(memoryview(buf)[self._hashed : at], self._crc)
        self._base += at
        self._rest = b"" if self.closed else buf[at:]
        if final and self._lost is not None:
            self._out.append(Damage(self._lost, self._base, self._why))
            self._lost = None
        return self._out

    def _begin(self, buf: bytes) -> int:
        if buf[:4] == MAGIC:
            return 4
        self._lost, self._why = 0, "no XDF file" if not MAGIC.startswith(buf) else "cut"
        return 0

    def _walk(self, buf: bytes, at: int, final: bool) -> int:
        """Take chunks from `at` on; return the place of the first byte that is still needed."""
        n = len(buf)
        while at < n and not self.closed:
            if self._lost is not None:
                if self._boundary < at:
                    self._boundary = _find(buf, at)
                if self._boundary == _NEVER:
                    at = n if final else max(at, n - len(BOUNDARY_UUID) + 1)
                    self._hashed = at
                    break
                at = self._resume()
            at = self._fast(buf, at, n)
            if at >= n:
                break
            try:
                end = self._chunk(buf, at, n)
            except BrokenChunk as error:
                self._lost, self._why = self._base + at, str(error)
                continue
            if end < 0:
                if not final:
                    break
                self._lost, self._why = self._base + at, "cut"
                continue
            at = end
        return at

    def _resume(self) -> int:
        """Go on after the boundary. It follows a tick, so what comes next is a whole slice."""
        at = self._hashed = self._boundary + len(BOUNDARY_UUID)
        self._out.append(Damage(self._lost or 0, self._base + at, self._why))
        self._lost, self._crc = None, zlib.crc32(BOUNDARY_CHUNK)
        self._slice = self._base + at - len(BOUNDARY_CHUNK)
        return at

    def _fast(self, buf: bytes, at: int, n: int) -> int:
        """Take sample chunks of numbers as we write them; stop at anything else."""
        unpack, streams, out = SAMPLES_HEAD.unpack_from, self.streams, self._out
        view, tick = memoryview(buf), streams.get(TICK_ID)
        tick = tick if _is_tick(tick) else None
        # A chunk must not hold a whole boundary: then the length is wrong.
        limit = min(n, (self._boundary if self._boundary >= at else _find(buf, at)) + len(BOUNDARY_UUID) - 1)
        while at + 16 <= n:
            form, length, tag, key, inner, count = unpack(buf, at)
            if form != 4 or tag != SAMPLES or inner != 4:
                break
            stream, end = streams.get(key), at + 5 + length
            if stream is None or end > limit or length > MAX_CHUNK:
                break
            row = stream.row
            if row < 0 or count * row != length - 11:
                break
            if stream is tick:
                if count != 1 or buf[at + 16] != EXPLICIT:
                    break
                self._tick(view, end)
            else:
                body = buf[at + 16 : end]
                if body[::row].count(EXPLICIT) != count or not count:
                    break
                stream.last = body
                out.append(Rows(stream, count, body))
            at = end
        return at

    def _tick(self, view: memoryview, end: int) -> None:
        """End a slice with the one tick before `end`."""
        _, time, number, wall, crc, _ = TICK_BODY.unpack_from(view, end - TICK_BODY.size)
        seen = zlib.crc32(view[self._hashed : end - 16], self._crc)
        intact = zlib.crc32(view[end - 8 : end], seen) == crc and 0 <= number < 1 << 53
        start, self._slice = self._slice, self._base + end
        self._crc, self._hashed = 0, end
        self._out.append(TickMark(int(number) if intact else -1, time, wall, intact, start, self._slice))

    def _chunk(self, buf: bytes, at: int, n: int) -> int:
        """Take any one chunk; return its end, or -1 if it is not all there yet."""
        head = _LENGTH_BYTES.get(buf[at])
        if head is None:
            raise BrokenChunk("zeros" if buf[at] == 0 else "a bad length byte")
        if at + head + 2 > n:
            return -1
        length = int.from_bytes(buf[at + 1 : at + head], "little")
        tag = int.from_bytes(buf[at + head : at + head + 2], "little")
        if not 2 <= length <= MAX_CHUNK or not 1 <= tag <= 6:
            raise BrokenChunk(f"a chunk of {length} bytes with tag {tag}")
        inside, end = at + head + 2, at + head + length
        if self._boundary < at:
            self._boundary = _find(buf, at)
        over = self._boundary + len(BOUNDARY_UUID) <= end
        if tag == BOUNDARY and end <= n and (length != 18 or self._boundary != inside):
            raise BrokenChunk("a boundary chunk without the boundary")
        if tag != BOUNDARY and over:
            raise BrokenChunk("a chunk that runs over a boundary")
        if end > n:
            return -1
        if tag in _NAMED_TAGS:
            self._named(tag, buf, at, inside, end)
        return end

    def _named(self, tag: int, buf: bytes, at: int, inside: int, end: int) -> None:
        """Take a chunk that belongs to a stream."""
        if end - inside < 4:
            raise BrokenChunk("a chunk without its stream's id")
        key, inside = int.from_bytes(buf[inside : inside + 4], "little"), inside + 4
        if tag == STREAM_HEADER:
            self._header(key, buf, at, inside, end)
            return
        stream = self.streams.get(key)
        if stream is None:
            if key not in self._unknown:
                self._unknown.add(key)
                self._skip(at, end, f"stream {key} has no header and is left out")
        elif tag == CLOCK_OFFSET:
            if end - inside != 16:
                raise BrokenChunk("a clock offset of a wrong length")
            self._out.append(Offset(stream, *unpack_from("<dd", buf, inside)))
        elif tag == STREAM_FOOTER:
            self._out.append(Footer(stream, buf[inside:end]))
            self.closed = key == TICK_ID and _is_tick(stream)
        else:
            samples = parse_samples(stream, buf, inside, end)
            if key == TICK_ID and _is_tick(stream):
                self._odd_tick(samples, buf, end)
            else:
                self._out.append(samples)

    def _skip(self, at: int, end: int, why: str) -> None:
        self._out.append(Damage(self._base + at, self._base + end, why, breaks=False))

    def _odd_tick(self, samples: Item, buf: bytes, end: int) -> None:
        """Take a tick that is not in the form in which ticks are written."""
        if isinstance(samples, Rows) and samples.n == 1:
            self._tick(memoryview(buf), end)
        else:
            raise BrokenChunk("a tick chunk without one tick")

    def _header(self, key: int, buf: bytes, at: int, inside: int, end: int) -> None:
        known = self.streams.get(key)
        if known is not None and known.xml:
            raise BrokenChunk(f"a second header of stream {key}")
        try:
            stream = parse_header(key, buf[inside:end])
        except ValueError as error:  # the chunk itself is whole: only this stream is lost
            self._skip(at, end, str(error))
            return
        self.streams[key] = stream
        self._out.append(Header(stream))


def _find(buf: bytes, at: int) -> int:
    found = buf.find(BOUNDARY_UUID, at)
    return _NEVER if found < 0 else found


def _is_tick(stream: Stream | None) -> bool:
    return (
        stream is not None
        and stream.id == TICK_ID
        and stream.kind == "Tick"
        and (stream.n_channels, stream.format) == (4, "double64")
    )

"""Find chunks in bytes that come in any portions, and go on after damage."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import cast

from acquisition.xdf.form import (
    BOUNDARY,
    BOUNDARY_CHUNK,
    BOUNDARY_UUID,
    CLOCK_OFFSET,
    EXPLICIT,
    MAGIC,
    MAX_CHUNK,
    NEVER,
    SAMPLES,
    SAMPLES_HEAD,
    STREAM_FOOTER,
    STREAM_HEADER,
    TICK_BODY,
    TICK_ID,
    Stream,
    find_boundary,
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
    frame,
    read_item,
)
from acquisition.xdf.runs import WORTH, Plan, Run

_NAMED_TAGS = (SAMPLES, STREAM_HEADER, CLOCK_OFFSET, STREAM_FOOTER)


class Decoder:
    """Turn bytes, fed in any portions, into items that depend on the bytes alone.

    Damage is a bad length byte, a chunk longer than is believed, an unknown tag, an inside that does not
    fill its chunk, or a chunk that runs over a boundary; reading goes on after the next boundary. After the
    tick stream's footer nothing is read.

    A header decides how all that follows is read. One that stands in a slice whose CRC is wrong may itself be
    what was damaged: after that slice its stream is the presumed one again.

    Parameters
    ----------
    presumed : iterable of Stream
        Streams whose headers may have been lost or damaged.
    longest : int
        Longest chunk that is believed [bytes]: files of others may hold a whole stream in one.
    """

    def __init__(self, presumed: Iterable[Stream] = (), *, longest: int = MAX_CHUNK) -> None:
        self._longest = longest
        self.streams: dict[int, Stream] = {s.id: s for s in presumed}
        self._presumed = dict(self.streams)
        self._unsure: list[int] = []
        """Streams whose headers stand in the open slice, so that no CRC says yet that they are whole."""
        self.closed = False
        self._rest = b""
        self._base = 0  # place of _rest in the file
        self._started = self._runs = False
        self._crc = 0
        self._slice = 0  # where the open slice begins in the file
        self._lost: int | None = None  # where damage began, while a boundary is sought
        self._why = ""
        self._unknown: set[int] = set()
        self._boundary, self._hashed = -1, 0
        self._plan: Plan | None = None
        self._out: list[Item | Run] = []

    @property
    def waiting(self) -> int:
        """Return how many bytes wait for the rest of their chunk."""
        return len(self._rest)

    def feed(self, data: bytes, *, final: bool = False) -> list[Item]:
        """Return the items that are complete now; `final`: no more bytes will come."""
        return [decode_rows(i) if type(i) is Rows else i for i in self.feed_rows(data, final=final)]

    def feed_rows(self, data: bytes, *, final: bool = False) -> list[Item]:
        """Return the same, with numbers left as `Rows`, to be decoded many at once."""
        return cast("list[Item]", self.feed_runs(data, final=final, runs=False))

    def feed_runs(self, data: bytes, *, final: bool = False, runs: bool = True) -> list[Item | Run]:
        """Return the same, with many plain slices in a row as one `Run`."""
        buf = self._rest + data if self._rest else data
        self._out, at = [], 0
        self._plan, self._runs = None, runs
        if self.closed or not (self._started or len(buf) >= len(MAGIC) or final):
            self._rest = b"" if self.closed else buf
            return self._out
        if not self._started and buf:
            self._started, at = True, self._begin(buf)
        self._hashed, self._boundary = 0, find_boundary(buf, at)
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
                    self._boundary = find_boundary(buf, at)
                if self._boundary == NEVER:
                    at = n if final else max(at, n - len(BOUNDARY_UUID) + 1)
                    self._hashed = at
                    break
                at = self._resume()
            at, stop = self._many(buf, at)
            at = self._fast(buf, at, n, stop)
            if at == stop or at >= n:
                continue
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
        self._doubt()
        at = self._hashed = self._boundary + len(BOUNDARY_UUID)
        self._out.append(Damage(self._lost or 0, self._base + at, self._why))
        self._lost, self._crc = None, zlib.crc32(BOUNDARY_CHUNK)
        self._slice = self._base + at - len(BOUNDARY_CHUNK)
        return at

    def _many(self, buf: bytes, at: int) -> tuple[int, int]:
        """Take the plain slices that begin here; return where they end, and where the next ones begin."""
        if not self._runs or (len(buf) - at < WORTH and self._plan is None):
            return at, NEVER
        self._plan = self._plan or Plan(buf, at, self._base, self.streams)
        if self._base + at != self._slice:
            return at, self._plan.next(at + 1)
        run, at = self._plan.take(at)
        if run is not None:
            self._out.append(run)
            self._crc, self._hashed, self._slice = 0, at, self._base + at
        return at, self._plan.next(at)

    def _fast(self, buf: bytes, at: int, n: int, stop: int) -> int:
        """Take sample chunks of numbers as we write them, to `stop` at most; stop at anything else."""
        unpack, streams, out = SAMPLES_HEAD.unpack_from, self.streams, self._out
        view, tick = memoryview(buf), streams.get(TICK_ID)
        tick = tick if tick is not None and tick.is_tick else None
        # A chunk must not hold a whole boundary: then the length is wrong.
        limit = min(
            n, (self._boundary if self._boundary >= at else find_boundary(buf, at)) + len(BOUNDARY_UUID) - 1
        )
        while at + 16 <= n and at != stop:
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
        if intact:
            self._unsure.clear()
        else:
            self._doubt()
        self._out.append(TickMark(int(number) if intact else -1, time, wall, intact, start, self._slice))

    def _doubt(self) -> None:
        """Take back headers of a slice that is not whole, where it is known without them what they said."""
        for key in self._unsure:
            self.streams[key] = self._presumed.get(key, self.streams[key])
            self._plan = None  # it believed them
        self._unsure.clear()

    def _chunk(self, buf: bytes, at: int, n: int) -> int:
        """Take any one chunk; return its end, or -1 if it is not all there yet."""
        if (found := frame(buf, at, n, self._longest)) is None:
            return -1
        tag, inside, end = found
        if self._boundary < at:
            self._boundary = find_boundary(buf, at)
        if tag == BOUNDARY and end <= n and (end - inside != 16 or self._boundary != inside):
            raise BrokenChunk("a boundary chunk without the boundary")
        if tag != BOUNDARY and self._boundary + len(BOUNDARY_UUID) <= end:
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
            return
        item = read_item(tag, stream, buf, inside, end)
        self.closed = type(item) is Footer and stream.is_tick
        if not stream.is_tick or type(item) in (Footer, Offset):
            self._out.append(item)
        elif type(item) is Rows and item.n == 1:
            self._tick(memoryview(buf), end)  # not in the form in which ticks are written
        else:
            raise BrokenChunk("a tick chunk without one tick")

    def _skip(self, at: int, end: int, why: str) -> None:
        self._out.append(Damage(self._base + at, self._base + end, why, breaks=False))

    def _header(self, key: int, buf: bytes, at: int, inside: int, end: int) -> None:
        if key in self.streams and self.streams[key].xml:
            raise BrokenChunk(f"a second header of stream {key}")
        try:
            stream = parse_header(key, buf[inside:end])
        except ValueError as error:  # the chunk itself is whole: only this stream is lost
            self._skip(at, end, str(error))
            return
        if (known := self._presumed.get(key)) is not None and known.is_tick:
            # Without ticks there is no slice, and no CRC that would say that this header is wrong.
            if not stream.is_tick:
                self._skip(at, end, "a header of the ticks that says something else")
                return
        else:
            self._unsure.append(key)
        self.streams[key] = stream
        self._out.append(Header(stream))
        self._plan = None  # it knew less

"""One file of a recording as whole slices, read as far as it goes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from struct import pack

import numpy as np

from acquisition.event import Event, Notice
from acquisition.events.foreign import foreign_event, marker_texts
from acquisition.protection.frames import Lost, is_sealed, seems_closed
from acquisition.protection.plain import Plaintext
from acquisition.recording.columns import ColumnBuilder
from acquisition.recording.contents import open_unlinked
from acquisition.recording.slices import Block, Column, Key, split
from acquisition.stream import IntArray, Role, StreamInfo
from acquisition.xdf.decoder import Decoder
from acquisition.xdf.form import EVENTS_ID, NOTICES_ID, STREAM_FOOTER, TICK_ID, Stream, stream_id
from acquisition.xdf.header import OWN_HEADERS, TYPES, parse_header, stream_info
from acquisition.xdf.items import Damage, Item, Offset, Rows, Samples, TickMark
from acquisition.xdf.runs import Run

_BLOCK = 1 << 18
"""Bytes read at once."""
_END = 1 << 17
"""Longest frame of footers that is looked for at the end of a sealed file [bytes]."""


class Tail:
    """Follow one file.

    Parameters
    ----------
    expected : callable
        Returns the streams the recorder expected. They replace what headers say, and stand in for lost
        ones.
    """

    def __init__(self, path: Path, role: Role, expected: Callable[[], Iterable[StreamInfo]] = tuple) -> None:
        self.path, self.role = path, role
        self.ended = False
        """Whether nothing more will come from the file."""
        self.damage: list[Damage] = []
        self.n_slices = 0
        """How many whole slices were read."""
        self.n_ready = 0
        """How many of them were not taken yet."""
        self.last = -1
        """Number of the last whole slice."""
        self._expected = expected
        self._at = 0
        self._plain = Plaintext(path)
        self._decoder: Decoder | None = None
        self._pending: list[Item] = []
        self._ready: deque[Block] = deque()
        self._infos: dict[int, StreamInfo | None] = {}
        self._offsets: dict[int, float] = {}
        self._now = math.nan
        self._strange: set[int] = set()
        """Streams of markers whose stamps are of another clock."""
        self._clear()

    def _clear(self) -> None:
        self._ticks: list[TickMark] = []
        self._columns: dict[int, ColumnBuilder] = {}
        self._events: list[tuple[int, Event]] = []
        self._notices: list[tuple[int, Notice]] = []

    @property
    def closed(self) -> bool:
        """Tell whether the file's own end was read."""
        return self._decoder is not None and self._decoder.closed

    @property
    def read(self) -> int:
        """Return how many bytes were read [B]."""
        return self._at

    def headers(self) -> list[StreamInfo]:
        """Return the devices' streams whose headers were read so far."""
        streams = self._decoder.streams.values() if self._decoder else ()
        found = [stream_info(s, self.role) for s in streams if s.xml and s.id not in OWN_HEADERS]
        return [info for info in found if info is not None]

    def fill(self, n: int, *, final: bool) -> None:
        """Read until n slices are ready or the file has no more; `final`: it will not grow any more.

        The file is open only meanwhile, so that a directory that is followed can be deleted anywhere.
        """
        if self.ended or self.n_ready >= n:
            return
        try:
            with open(self.path, "rb", buffering=0, opener=open_unlinked) as file:
                file.seek(self._at)
                while not self.ended and self.n_ready < n and (data := file.read(_BLOCK)):
                    self._at += len(data)
                    self._feed(data)
        except FileNotFoundError:
            pass
        if final and not self.ended and self.n_ready < n:
            self._feed(b"", final=True)
            self.ended = True

    def _feed(self, data: bytes, *, final: bool = False) -> None:
        for part in self._plain.feed(data, final=final):
            if isinstance(part, Lost):
                self.damage.append(Damage(part.start, part.stop, part.why))
            else:
                self._decode(part)
        if final:
            self._decode(b"", final=True)

    def _decode(self, data: bytes, *, final: bool = False) -> None:
        if self._decoder is None and data:
            mine = [info for info in self._expected() if info.role == self.role]
            self._decoder = Decoder(presumed_streams(mine))
        if self._decoder is not None:
            self._take(self._decoder.feed_runs(data, final=final))
            self.ended = self._decoder.closed

    def _take(self, items: Sequence[Item | Run]) -> None:
        for item in items:
            if type(item) is TickMark:
                self._tick(item)
                self._pending = []
            elif isinstance(item, Run):
                self._flush()
                self._run(item)
            elif type(item) is Damage:
                self.damage.append(item)
                if item.breaks:
                    self._pending = []
            else:
                self._pending.append(item)
        self._flush()

    def _flush(self) -> None:
        if self._ticks:
            self._ready.append(self._block())
            self._clear()

    def _run(self, run: Run) -> None:
        """Take many slices."""
        again = int(np.searchsorted(run.numbers, self.last, side="right"))
        for k in range(again):
            self._repeated(int(run.numbers[k]), int(run.starts[k]), int(run.stops[k]))
        columns: dict[Key, Column] = {}
        for rows in run.rows:
            info = self._info(rows.stream)
            for k, _, _, value in rows.offsets:
                if k >= again:
                    self._offsets[rows.stream.id] = value
            if info is not None:
                columns[info.key] = Column(info, rows.times, rows.samples, rows.slices, rows.offsets)
        block = Block(run.numbers, run.times, run.walls, columns, [], [])
        if again < len(run.numbers):
            self._ready.append(split(block, again)[1] if again else block)
        self.last = max(self.last, int(run.numbers[-1]))
        self.n_slices += len(run.numbers) - again
        self.n_ready += len(run.numbers) - again

    def _repeated(self, number: int, start: int, stop: int) -> None:
        self.damage.append(Damage(start, stop, f"slice {number} comes again"))

    def _tick(self, tick: TickMark) -> None:
        if not tick.intact:
            self.damage.append(Damage(tick.start, tick.stop, "a slice whose CRC is wrong"))
        elif tick.number <= self.last:
            self._repeated(tick.number, tick.start, tick.stop)
        else:
            self._now = tick.time
            self._accept(len(self._ticks))
            self._ticks.append(tick)
            self.last = tick.number
            self.n_slices += 1
            self.n_ready += 1

    def _accept(self, k: int) -> None:
        """Take what is pending as slice k of the block."""
        columns = self._columns
        for item in self._pending:
            if type(item) is Rows:
                column = columns.get(item.stream.id) or self._column(item.stream)
                column.got.append(item)
                column.slices.append(k)
                column.n += item.n
            elif type(item) is Samples:
                self._samples(k, item)
            elif type(item) is Offset and item.stream.id > EVENTS_ID:
                self._offsets[item.stream.id] = item.value
                column = columns.get(item.stream.id) or self._column(item.stream)
                column.offsets.append((k, column.n, item.collected, item.value))

    def _samples(self, k: int, item: Samples) -> None:
        key = item.stream.id
        if key == NOTICES_ID:
            for time, text in zip(item.times.tolist(), item.samples[:, 0], strict=True):
                self._notices.append((k, Notice.from_json(time, self.role, text)))
            return
        if key == EVENTS_ID:
            for time, value in zip(item.times.tolist(), item.samples[:, 0], strict=True):
                self._events.append((k, Event.from_json(time, str(value))))
        elif item.stream.kind == "Markers" and item.stream.n_channels:
            self._foreign(k, item)
        if key > EVENTS_ID:
            column = self._columns.get(key) or self._column(item.stream)
            column.got.append(item)
            column.slices.append(k)
            column.n += len(item.times)

    def _foreign(self, k: int, item: Samples) -> None:
        """Take markers of another program; they came with the tick that ends their slice."""
        offset = self._offsets.get(item.stream.id, 0.0)
        for time, text in zip(item.times.tolist(), marker_texts(item.samples[:, 0]), strict=True):
            if not text:
                continue
            event = foreign_event(time + offset, text, self._now)
            self._events.append((k, event))
            if event.time != time + offset and item.stream.id not in self._strange:
                self._strange.add(item.stream.id)
                what = f"markers stamped by another clock ({time + offset:.15g} s) are put where they came"
                notice = Notice(
                    time=self._now, kind="clock", role=self.role, stream=item.stream.name, message=what
                )
                self._notices.append((k, notice))

    def _column(self, stream: Stream) -> ColumnBuilder:
        return self._columns.setdefault(stream.id, ColumnBuilder(stream, self._info(stream)))

    def _info(self, stream: Stream) -> StreamInfo | None:
        if stream.id not in self._infos:
            expected = {info.name: info for info in self._expected() if info.role == self.role}
            self._infos[stream.id] = expected.get(stream.name) or stream_info(stream, self.role)
        return self._infos[stream.id]

    def _block(self) -> Block:
        columns = [c.build() for c in self._columns.values()]
        return Block(
            np.array([t.number for t in self._ticks], np.int64),
            np.array([t.time for t in self._ticks]),
            np.array([t.wall for t in self._ticks]),
            {c.info.key: c for c in columns if c is not None},
            self._events,
            self._notices,
        )

    def ready(self, n: int) -> IntArray:
        """Return the numbers of the first n slices that can be taken."""
        parts = [np.empty(0, np.int64)]
        for block in self._ready:
            if sum(map(len, parts)) < n:
                parts.append(block.numbers)
        return np.concatenate(parts)[:n]

    def take(self, last: int) -> list[Block]:
        """Hand out the slices up to number `last`."""
        taken = []
        while self._ready and self._ready[0].numbers[0] <= last:
            block = self._ready.popleft()
            n = int(np.searchsorted(block.numbers, last, side="right"))
            if n < len(block.numbers):
                block, rest = split(block, n)
                self._ready.appendleft(rest)
            taken.append(block)
            self.n_ready -= n
        return taken


def ends_closed(path: Path) -> bool:
    """Tell whether a file ends with the tick stream's footer, without reading the rest."""
    with open(path, "rb") as file:
        sealed, size = is_sealed(file.read(4)), path.stat().st_size
        file.seek(max(0, size - (_END if sealed else 1024)))
        end = file.read()
    if sealed:
        return seems_closed(end)
    at = end.rfind(pack("<HI", STREAM_FOOTER, TICK_ID))
    return at >= 2 and end[at - 2 : at] == pack("<BB", 1, len(end) - at)


def presumed_streams(expected: Iterable[StreamInfo]) -> list[Stream]:
    """Return the streams a file of ours may have, as far as they are known without its headers."""
    own = [replace(parse_header(key, xml), xml=b"") for key, xml in OWN_HEADERS.items()]
    found = {s.id: s for s in own}
    for info in expected:
        key = stream_id(info.name, found)
        sfreq = info.sfreq if math.isfinite(info.sfreq) else 0.0
        kind = TYPES[info.modality]
        found[key] = Stream(key, info.name, kind, len(info.channels), sfreq, info.format)
    return list(found.values())

"""Stretches of whole slices, gathered by stream: of one file, or of all files of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.batch import Batch, Item, StreamPart
from acquisition.event import Event, Notice
from acquisition.stream import ROLES, Chunk, ClockOffset, FloatArray, IntArray, Role, StreamInfo
from acquisition.tick import Tick

Key = tuple[Role, str]
PlacedOffset = tuple[int, int, float, float]
"""Slice, position among the samples, when collected, value [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Hold what slices have of one stream; see `acquisition.batch.StreamPart`."""

    info: StreamInfo
    times: FloatArray
    samples: NDArray[Any]
    slices: IntArray
    offsets: list[PlacedOffset] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Hold consecutive whole slices. Numbers increase; some may be missing."""

    numbers: IntArray
    times: FloatArray
    walls: FloatArray
    columns: dict[Key, Column]
    events: list[tuple[int, Event]]
    notices: list[tuple[int, Notice]]


def split(block: Block, n: int) -> tuple[Block, Block]:
    """Return the first n slices, and the others."""
    return _part(block, 0, n), _part(block, n, len(block.numbers))


def _part(block: Block, first: int, stop: int) -> Block:
    columns = {}
    for key, column in block.columns.items():
        a, b = np.searchsorted(column.slices, (first, stop)).tolist()
        offsets = [(k - first, at - a, c, v) for k, at, c, v in column.offsets if first <= k < stop]
        if b > a or offsets:
            rows = slice(a, b)
            columns[key] = Column(
                column.info, column.times[rows], column.samples[rows], column.slices[rows] - first, offsets
            )
    return Block(
        block.numbers[first:stop],
        block.times[first:stop],
        block.walls[first:stop],
        columns,
        [(k - first, e) for k, e in block.events if first <= k < stop],
        [(k - first, n) for k, n in block.notices if first <= k < stop],
    )


def merge(blocks: Sequence[Block]) -> Block:
    """Join blocks: of one file in order, of several files by the numbers of their ticks.

    Events and notices of a slice stand in the order of the blocks.
    """
    if len(blocks) == 1:
        return blocks[0]
    numbers, first = united([b.numbers for b in blocks])
    places = [np.searchsorted(numbers, b.numbers) for b in blocks]
    columns: dict[Key, list[tuple[Column, IntArray]]] = {}
    for block, place in zip(blocks, places, strict=True):
        for key, column in block.columns.items():
            columns.setdefault(key, []).append((column, place))
    events = [(int(p[k]), e) for b, p in zip(blocks, places, strict=True) for k, e in b.events]
    notices = [(int(p[k]), n) for b, p in zip(blocks, places, strict=True) for k, n in b.notices]
    return Block(
        numbers,
        np.concatenate([b.times for b in blocks])[first],
        np.concatenate([b.walls for b in blocks])[first],
        {key: _join(parts) for key, parts in columns.items()},
        sorted(events, key=lambda pair: pair[0]),
        sorted(notices, key=lambda pair: pair[0]),
    )


def united(numbers: Sequence[IntArray]) -> tuple[IntArray, IntArray]:
    """Return the numbers of increasing arrays, each once, and where they first stand in all together."""
    joined = np.concatenate(numbers)
    if all(np.array_equal(numbers[0], other) for other in numbers[1:]):
        joined = numbers[0]  # the files of a recording have the same ticks
    if (joined[1:] > joined[:-1]).all():
        return joined, np.arange(len(joined))
    return np.unique(joined, return_index=True)


def _join(parts: list[tuple[Column, IntArray]]) -> Column:
    if len(parts) == 1:
        column, place = parts[0]
        offsets = [(int(place[k]), at, c, v) for k, at, c, v in column.offsets]
        return replace(column, slices=place[column.slices], offsets=offsets)
    offsets, n = list[PlacedOffset](), 0
    for column, place in parts:
        offsets += [(int(place[k]), at + n, c, v) for k, at, c, v in column.offsets]
        n += len(column.times)
    return Column(
        parts[0][0].info,
        np.concatenate([c.times for c, _ in parts]),
        np.concatenate([c.samples for c, _ in parts]),
        np.concatenate([place[c.slices] for c, place in parts]),
        offsets,
    )


def to_batch(block: Block) -> Batch:
    """Return slices as a batch."""
    return Batch(
        numbers=block.numbers,
        ticks=block.times,
        walls=block.walls,
        streams={
            key: StreamPart(
                info=c.info,
                times=c.times,
                samples=c.samples,
                slices=c.slices,
                offsets=[(at, value) for _, at, _, value in c.offsets],
            )
            for key, c in block.columns.items()
        },
        events=block.events,
        notices=block.notices,
    )


def to_items(block: Block) -> Iterator[Item]:
    """Yield items: of each slice the samples of client, therapist and dyad, then texts, then the tick."""
    cursors = [_Cursor(c) for c in sorted(block.columns.values(), key=lambda c: ROLES.index(c.info.role))]
    events, notices = _by_slice(block.events), _by_slice(block.notices)
    ticks = zip(block.numbers.tolist(), block.times.tolist(), block.walls.tolist(), strict=True)
    for k, (number, time, wall) in enumerate(ticks):
        for cursor in cursors:
            yield from cursor.take(k)
        yield from events.get(k, ())
        yield from notices.get(k, ())
        yield Tick(number, time, wall)


def _by_slice(placed: Sequence[tuple[int, Item]]) -> dict[int, list[Item]]:
    found: dict[int, list[Item]] = {}
    for k, item in placed:
        found.setdefault(k, []).append(item)
    return found


class _Cursor:
    """Walk through a column slice by slice."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._at = 0
        self._next = 0

    def take(self, k: int) -> Iterator[Item]:
        column = self._column
        stop = int(np.searchsorted(column.slices, k, side="right"))
        while self._next < len(column.offsets) and column.offsets[self._next][0] <= k:
            _, at, collected, value = column.offsets[self._next]
            yield from self._chunk(at)
            yield ClockOffset(column.info, collected, value)
            self._next += 1
        yield from self._chunk(stop)

    def _chunk(self, stop: int) -> Iterator[Item]:
        rows = slice(self._at, stop)
        if stop > self._at:
            yield Chunk(self._column.info, self._column.times[rows], self._column.samples[rows])
            self._at = stop


def joined(live: Column, kept: Column) -> Column:
    """Return what two columns have of one stream, in order of slice and stamp."""
    slices = np.concatenate([live.slices, kept.slices])
    times = np.concatenate([live.times, kept.times])
    order = np.lexsort((times, slices))
    samples = np.concatenate([live.samples, kept.samples.astype(live.samples.dtype)])[order]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    offsets = [*_placed(live, place[: len(live.times)]), *_placed(kept, place[len(live.times) :])]
    return Column(live.info, times[order], samples, slices[order], sorted(offsets))


def _placed(column: Column, place: IntArray) -> list[PlacedOffset]:
    """Return the offsets of a column whose rows stand elsewhere now; one after its last row is after that."""
    after = int(place[-1]) + 1 if len(place) else 0
    return [(k, int(place[at]) if at < len(place) else after, c, v) for k, at, c, v in column.offsets]

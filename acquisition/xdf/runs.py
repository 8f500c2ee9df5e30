"""Many whole slices at once: in a file of ours that is as it should be, arrays find what a walk would.

Ticks are found by their head, which is always the same; then all slices between them are walked in step,
chunk by chunk. A slice that holds anything but samples of numbers, clock offsets and boundaries, or that is
not intact, is left to the walk, which decides what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import unpack_from
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray, IntArray
from acquisition.xdf.checksums import continued
from acquisition.xdf.form import (
    BOUNDARY_CHUNK,
    BOUNDARY_UUID,
    CLOCK_OFFSET,
    EVENTS_ID,
    EXPLICIT,
    MAX_CHUNK,
    SAMPLES,
    SAMPLES_HEAD,
    TICK_BODY,
    TICK_ID,
    Stream,
    chunk,
)

WORTH = 1 << 14
"""Fewer bytes are walked sooner than they are put into arrays."""
TICK_HEAD = SAMPLES_HEAD.pack(4, TICK_BODY.size + 11, SAMPLES, TICK_ID, 4, 1) + bytes([EXPLICIT])
TICK_SIZE = SAMPLES_HEAD.size + TICK_BODY.size
CRC_AT, AFTER_CRC = len(TICK_HEAD) + 24, 8
"""Where the checksum stands in a tick, and how many bytes follow it."""
OFFSET_HEAD = chunk(CLOCK_OFFSET, bytes(20))[:4]
ROWS, OFFSET, LIMIT, UNKNOWN = range(4)
"""Kinds of chunks."""
_HEAD = np.dtype(
    [("form", "u1"), ("length", "<u4"), ("tag", "<u2"), ("key", "<u4"), ("inner", "u1"), ("count", "<u4")]
)
_TICK = np.dtype(
    [("b", "u1"), ("time", "<f8"), ("number", "<f8"), ("wall", "<f8"), ("crc", "<f8"), ("o", "<f8")]
)


class RunRows(NamedTuple):
    """Hold what a run has of one stream: stamps [s], samples (n_samples, n_channels), the slice of each, and
    clock offsets as (slice, position, collected, value)."""

    stream: Stream
    times: FloatArray
    samples: NDArray[Any]
    slices: IntArray
    offsets: list[tuple[int, int, float, float]]


class Run(NamedTuple):
    """Hold consecutive intact slices; their numbers increase.

    `starts` and `stops` bound them in the file [bytes]; the rows stand in the order in which streams appear.
    """

    numbers: IntArray
    times: FloatArray
    walls: FloatArray
    starts: IntArray
    stops: IntArray
    rows: list[RunRows]


class Chunks(NamedTuple):
    """Hold chunks in file order: slice, place [bytes], kind, which stream, how many samples."""

    slices: IntArray
    places: IntArray
    kinds: IntArray
    which: IntArray
    counts: IntArray


class Plan:
    """Find the slices of some bytes that runs can be made of.

    Parameters
    ----------
    buf : bytes
    at : int
        Where a slice begins.
    base : int
        Place of `buf` in the file.
    """

    def __init__(self, buf: bytes, at: int, base: int, streams: Mapping[int, Stream]) -> None:
        self._buf, self._base = buf, base
        self._streams = [s for key, s in sorted(streams.items()) if key > EVENTS_ID and s.row > 0]
        self._ids = np.array([*(s.id for s in self._streams), 1 << 32], np.int64)  # no id is as large
        self._widths = np.array([*(s.row for s in self._streams), 0], np.int64)
        tick = streams.get(TICK_ID)
        places = _tick_places(buf, at) if tick is not None and tick.is_tick else np.empty(0, np.int64)
        self._stops = places + TICK_SIZE
        self._starts = np.append(at, self._stops[:-1])[: len(places)]
        self._ticks = _at_every_byte(buf, _TICK)[places + SAMPLES_HEAD.size]
        good, self._chunks = self._walk(places)
        rising = np.diff(self._ticks["number"], prepend=-1.0) > 0
        self._good = good & self._intact(places) & rising
        self._spare_boundaries(at)

    def next(self, at: int) -> int:
        """Return where the next slice for a run begins, from `at` on; beyond all bytes if there is none."""
        first = int(self._starts.searchsorted(at))
        found = np.flatnonzero(self._good[first:])
        return int(self._starts[first + found[0]]) if len(found) else len(self._buf) + 1

    def take(self, at: int) -> tuple[Run | None, int]:
        """Return the run that begins at `at`, None if there is none, and where it ends."""
        first = int(self._starts.searchsorted(at))
        if first == len(self._starts) or self._starts[first] != at or not self._good[first]:
            return None, at
        bad = np.flatnonzero(~self._good[first:])
        stop = first + int(bad[0]) if len(bad) else len(self._good)
        rows = self._rows(first, stop)
        if rows is None:
            self._good[first:stop] = False
            return None, at
        ticks = self._ticks[first:stop]
        run = Run(
            ticks["number"].astype(np.int64),
            ticks["time"].astype(np.float64),
            ticks["wall"].astype(np.float64),
            self._starts[first:stop] + self._base,
            self._stops[first:stop] + self._base,
            rows,
        )
        return run, int(self._stops[stop - 1])

    def _walk(self, places: IntArray) -> tuple[BoolArray, Chunks]:
        """Walk through all slices in step; tell which of them end exactly at their tick."""
        heads = _at_every_byte(self._buf, _HEAD)
        good = self._starts <= places  # else the head stands within the tick before
        found = [Chunks(*np.empty((5, 0), np.int64))]
        here = np.flatnonzero(self._starts < places)
        at = self._starts[here]
        while len(here):
            kinds, which, counts, ends = self._samples(heads[at], at)
            for j in np.flatnonzero(kinds == UNKNOWN).tolist():
                kinds[j], which[j], ends[j] = self._other(int(at[j]))
            fits = (kinds != UNKNOWN) & (ends <= places[here])
            good[here[~fits]] = False
            here, at, ends = here[fits], at[fits], ends[fits]
            found.append(Chunks(here, at, kinds[fits], which[fits], counts[fits]))
            on = ends < places[here]
            here, at = here[on], ends[on]
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        order = columns[1].argsort()
        return good, Chunks._make(column[order] for column in columns)

    def _samples(self, heads: NDArray[Any], at: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Return kind, stream, number of samples and end of chunks, as far as they hold samples."""
        counts, length, key = (heads[name].astype(np.int64) for name in ("count", "length", "key"))
        which = self._ids.searchsorted(key)
        plain = (heads["form"] == 4) & (heads["tag"] == SAMPLES) & (heads["inner"] == 4)
        plain &= (counts > 0) & (counts * self._widths[which] == length - 11) & (length <= MAX_CHUNK)
        return np.where(plain & (self._ids[which] == key), ROWS, UNKNOWN), which, counts, at + 5 + length

    def _other(self, at: int) -> tuple[int, int, int]:
        """Return kind, stream and end of a chunk that holds no samples."""
        if self._buf.startswith(BOUNDARY_CHUNK, at):
            return LIMIT, -1, at + len(BOUNDARY_CHUNK)
        if self._buf.startswith(OFFSET_HEAD, at):
            key = unpack_from("<I", self._buf, at + 4)[0]
            which = int(self._ids.searchsorted(key))
            if self._ids[which] == key:
                return OFFSET, which, at + 24
        return UNKNOWN, -1, at

    def _intact(self, places: IntArray) -> BoolArray:
        """Tell which ticks have the checksum of their slice."""
        view, spans = memoryview(self._buf), zip(self._starts.tolist(), places.tolist(), strict=True)
        # all up to the checksum itself, and what of the tick comes after it
        sums = np.array([crc32(view[start : place + CRC_AT]) for start, place in spans], np.uint32)
        ends = self._ticks.view(np.uint8).reshape(-1, TICK_BODY.size)[:, TICK_BODY.size - AFTER_CRC :]
        number, crc = self._ticks["number"], self._ticks["crc"]
        return np.asarray((continued(sums, ends) == crc) & (number >= 0) & (number < 1 << 53))

    def _spare_boundaries(self, at: int) -> None:
        """Leave slices with the bytes of a boundary elsewhere than in a boundary chunk to the walk."""
        inside = len(BOUNDARY_CHUNK) - len(BOUNDARY_UUID)
        known = set((self._chunks.places[self._chunks.kinds == LIMIT] + inside).tolist())
        place = self._buf.find(BOUNDARY_UUID, at)
        while place >= 0:
            if place not in known:
                ends = np.array([place, place + len(BOUNDARY_UUID) - 1])
                first, last = self._stops.searchsorted(ends, side="right").tolist()
                self._good[first : last + 1] = False
            place = self._buf.find(BOUNDARY_UUID, place + 1)

    def _rows(self, first: int, stop: int) -> list[RunRows] | None:
        """Return the rows of slices [first, stop), None if some stamp must be deduced from the one before."""
        span = slice(*self._chunks.slices.searchsorted((first, stop)).tolist())
        mine = Chunks._make(column[span] for column in self._chunks)
        mine = mine._replace(slices=mine.slices - first)
        which, appears = np.unique(mine.which[mine.kinds != LIMIT], return_index=True)
        rows: list[RunRows] = []
        last: dict[int, bytes] = {}
        for w in which[appears.argsort()].tolist():
            stream, chosen = self._streams[w], mine.which == w
            of = Chunks._make(column[chosen & (mine.kinds == ROWS)] for column in mine)
            spans = zip(
                (of.places + SAMPLES_HEAD.size).tolist(), (of.counts * stream.row).tolist(), strict=True
            )
            bodies = [self._buf[start : start + size] for start, size in spans]
            table = np.frombuffer(bytearray().join(bodies), stream.dtype)
            if (table["b"] != EXPLICIT).any():
                return None
            offsets = Chunks._make(column[chosen & (mine.kinds == OFFSET)] for column in mine)
            slices = np.repeat(of.slices, of.counts)
            rows.append(
                RunRows(stream, table["t"].copy(), table["v"].copy(), slices, self._offsets(offsets, of))
            )
            last |= {w: bodies[-1]} if bodies else {}
        for w, body in last.items():
            self._streams[w].last = body
        return rows

    def _offsets(self, chunks: Chunks, rows: Chunks) -> list[tuple[int, int, float, float]]:
        """Return each clock offset with its slice and its position among the samples."""
        before = np.append(0, rows.counts.cumsum())[rows.places.searchsorted(chunks.places)]
        found = zip(chunks.slices.tolist(), before.tolist(), chunks.places.tolist(), strict=True)
        return [(k, n, *unpack_from("<dd", self._buf, place + 8)) for k, n, place in found]


def _tick_places(buf: bytes, at: int) -> IntArray:
    """Return where ticks begin that are all there."""
    data, words = np.frombuffer(buf, np.uint8), _at_every_byte(buf, np.dtype("<u8"))
    # by a byte that is rare elsewhere, which leaves few places to look at
    places = at + np.flatnonzero(data[at + 1 : max(at, len(buf) - TICK_SIZE + 2)] == TICK_HEAD[1])
    for k, word in zip((0, 8), np.frombuffer(TICK_HEAD[:16], "<u8"), strict=True):
        places = places[words[places + k] == word]
    return np.asarray(places[data[places + 16] == EXPLICIT])


def _at_every_byte(buf: bytes, kind: np.dtype[Any]) -> NDArray[Any]:
    """Return `buf` read as `kind` from every byte on; nothing is copied."""
    return np.ndarray((max(0, len(buf) - kind.itemsize + 1),), kind, buf, strides=(1,))

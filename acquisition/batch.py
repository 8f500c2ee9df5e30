"""Batch: some slices of a recording, gathered by stream, so that thousands of ticks are handled at once.

The `Source` contract is an iterable of `Chunk | Event | Notice | ClockOffset | Tick`; all that comes before a
tick, and after the one before it, is that tick's slice. `gather` turns any source into batches; a `Recording`
makes them directly, which is faster. Any cut of the same source into batches gives the same results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.event import Event, Notice
from acquisition.stream import BoolArray, Chunk, ClockOffset, FloatArray, IntArray, Role, StreamInfo
from acquisition.tick import Tick

Item = Chunk | Event | Notice | ClockOffset | Tick
Source = Iterable[Item]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StreamPart:
    """Hold what a batch has of one stream, in file order.

    Parameters
    ----------
    times : ndarray, shape (n_samples,)
        Raw stamps [s]; the clock offsets still apply.
    samples : ndarray, shape (n_samples, n_channels)
    slices : ndarray, shape (n_samples,)
        Index into `Batch.ticks` of the slice that holds each sample; not decreasing.
    offsets : list of (position, value)
        A clock offset [s] that takes hold before sample `position`.
    """

    info: StreamInfo
    times: FloatArray
    samples: NDArray[Any]
    slices: IntArray
    offsets: list[tuple[int, float]] = field(default_factory=list)

    def on_clock(self, held: float) -> tuple[FloatArray, float]:
        """Return the stamps with the clock offset that holds at each [s], and the one that holds after them.

        Parameters
        ----------
        held : float
            The offset that holds at the beginning [s]; 0 before there was one.
        """
        offsets = np.full(len(self.times), held)
        for position, value in self.offsets:
            offsets[position:] = held = value
        return self.times + offsets, held

    def where(self, keep: BoolArray) -> StreamPart:
        """Return those samples only that are to be kept; offsets hold for what follows them as before."""
        return replace(
            self,
            times=self.times[keep],
            samples=self.samples[keep],
            slices=self.slices[keep],
            offsets=[(int(np.count_nonzero(keep[:place])), value) for place, value in self.offsets],
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Batch:
    """Hold consecutive slices.

    Parameters
    ----------
    numbers, ticks, walls : ndarray, shape (n_ticks,)
        Number, LSL time [s] and wall time [s] of each tick.
    streams : dict
        (role, name) → what came of that stream; streams without samples or offsets are left out.
    events, notices : list of (slice, Event or Notice)
        In order; an event acts at `ticks[slice]`.
    """

    numbers: IntArray
    ticks: FloatArray
    walls: FloatArray
    streams: dict[tuple[Role, str], StreamPart]
    events: list[tuple[int, Event]] = field(default_factory=list)
    notices: list[tuple[int, Notice]] = field(default_factory=list)


class Gatherer:
    """Collect items and hand them out as a batch after any tick."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._ticks: list[Tick] = []
        self._chunks: dict[tuple[Role, str], list[tuple[int, Chunk]]] = {}
        self._offsets: dict[tuple[Role, str], list[tuple[int, float]]] = {}
        self._counts: dict[tuple[Role, str], int] = {}
        self._infos: dict[tuple[Role, str], StreamInfo] = {}
        self._events: list[tuple[int, Event]] = []
        self._notices: list[tuple[int, Notice]] = []

    def add(self, item: Item) -> None:
        """Take the next item of a source."""
        k = len(self._ticks)
        match item:
            case Tick():
                self._ticks.append(item)
            case Chunk():
                self._infos[item.info.key] = item.info
                self._chunks.setdefault(item.info.key, []).append((k, item))
                self._counts[item.info.key] = self._counts.get(item.info.key, 0) + len(item.times)
            case ClockOffset():
                self._infos[item.info.key] = item.info
                position = self._counts.get(item.info.key, 0)
                self._offsets.setdefault(item.info.key, []).append((position, item.value))
            case Event():
                self._events.append((k, item))
            case Notice():
                self._notices.append((k, item))

    @property
    def n_ticks(self) -> int:
        """Return how many slices are complete."""
        return len(self._ticks)

    def take(self) -> Batch:
        """Return what was collected; call it right after a tick."""
        batch = Batch(
            numbers=np.array([t.number for t in self._ticks], np.int64),
            ticks=np.array([t.time for t in self._ticks]),
            walls=np.array([t.wall for t in self._ticks]),
            streams={key: self._part(key) for key in self._infos},
            events=self._events,
            notices=self._notices,
        )
        self._clear()
        return batch

    def _part(self, key: tuple[Role, str]) -> StreamPart:
        info, got = self._infos[key], self._chunks.get(key, [])
        lengths = [len(c.times) for _, c in got]
        empty = np.empty((0, len(info.channels)))
        return StreamPart(
            info=info,
            times=np.concatenate([c.times for _, c in got]) if got else np.empty(0),
            samples=np.concatenate([c.samples for _, c in got]) if got else empty,
            slices=np.repeat(np.array([k for k, _ in got], np.int64), lengths),
            offsets=self._offsets.get(key, []),
        )


def gather(source: Source, *, n_ticks: int = 3000) -> Iterator[Batch]:
    """Cut a source into batches of at most `n_ticks` slices; items after the last tick are not delivered."""
    gatherer = Gatherer()
    for item in source:
        gatherer.add(item)
        if isinstance(item, Tick) and gatherer.n_ticks >= n_ticks:
            yield gatherer.take()
    if gatherer.n_ticks:
        yield gatherer.take()

"""Write the simulated past into a recording: slices as a recorder would have written them, gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from typing import Any, Protocol

from numpy.typing import NDArray

from acquisition.event import Event, Notice
from acquisition.events.pauses import begins
from acquisition.simulation.dyad import Dyad, Feed
from acquisition.simulation.script import PAST, Fault
from acquisition.stream import Chunk, FloatArray, Role, StreamInfo
from acquisition.tick import PERIOD


class Store(Protocol):
    """What the past is written to; `acquisition.recorder.store.RecordingStore` is one."""

    def open_stream(self, info: StreamInfo) -> None:
        """Make a stream known."""

    def samples(self, info: StreamInfo, times: FloatArray, samples: NDArray[Any]) -> None:
        """Take samples."""

    def event(self, event: Event) -> None:
        """Take an event."""

    def notice(self, notice: Notice) -> None:
        """Take a notice."""

    def paused(self, role: Role, on: bool = True) -> None:
        """Begin or end a person's pause."""

    def tick(self, time: float, wall: float) -> None:
        """End a slice."""

    def bulk(self) -> AbstractContextManager[None]:
        """Gather slices into large writes."""


def write_past(
    store: Store, dyad: Dyad, start: float, *, wall: float, now: Callable[[], float] | None = None
) -> Feed:
    """Write the twelve minutes before `start`, and what of the live part is over.

    Parameters
    ----------
    store : Store
        A recording without slices.
    start : float
        LSL time at which the live part starts [s]; stamps of the past may be negative.
    wall : float
        Wall time at `start` [s since 1970].
    now : callable, optional
        LSL clock: go on with slices of the live part until they have caught up with it.

    Returns
    -------
    Feed
        The same two people, ready to go on: `take(until)` gives what follows the last slice written.
    """
    feed = Feed(dyad, start)
    events = dyad.script.events(start, now() - start if now is not None else 0.0)
    for info in dyad.infos:
        store.open_stream(info)
    pauses = _Pauses(store, dyad.script.faults("pause"), start)
    with store.bulk():
        for tick in _ticks(start, now):
            n = sum(e.time <= tick for e in events)
            pauses.act(tick, events[:n])
            del events[:n]
            for item in feed.take(tick):
                pauses.store(item)
            store.tick(tick, wall + (tick - start))
    return feed


def _ticks(start: float, now: Callable[[], float] | None) -> Iterator[float]:
    """Yield T of the slices [s, LSL clock]; the last of the past is one period before `start`."""
    first = start - PAST
    for k in count():
        tick = first + PERIOD * k
        if k >= round(PAST / PERIOD) and (now is None or tick > now()):
            return
        yield tick


class _Pauses:
    """Keep what people said not to keep out of the store, as the recorder does."""

    def __init__(self, store: Store, faults: list[Fault], start: float) -> None:
        self._store, self._start = store, start
        self._waiting, self._on = list(faults), list[Fault]()
        self._since: dict[Role, float] = {}

    def act(self, tick: float, events: list[Event]) -> None:
        """Store the events of a slice and begin and end the pauses that are due, in the recorder's order."""
        for fault in [f for f in self._on if self._start + f.stop <= tick]:
            self._store.paused(fault.role, False)
            self._on.remove(fault)
            self._since[fault.role] = self._start + fault.stop
        for event in events:
            self._store.event(event)
        for fault in [f for f in self._waiting if self._start + f.start <= tick]:
            self._store.paused(fault.role)
            self._waiting.remove(fault)
            self._on.append(fault)

    def store(self, item: Chunk | Notice) -> None:
        """Store an item, but nothing of a paused person, and after a pause nothing stamped before its end."""
        role = item.role if isinstance(item, Notice) else item.info.role
        if any(f.role is role for f in self._on):
            return
        if isinstance(item, Notice):
            self._store.notice(item)
            return
        since = self._since.get(role)
        if since is None:
            self._store.samples(item.info, item.times, item.samples)
            return
        keep = begins(item) >= since
        if keep.any():
            self._store.samples(item.info, item.times[keep], item.samples[keep])

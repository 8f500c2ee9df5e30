"""A simulated session as a recorder would have written it: what is sampled, and when it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise

import numpy as np

from acquisition.batch import Item, gather
from acquisition.event import Event
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.stream import Chunk, ClockOffset, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from processing.index import IndexSample
from processing.pipeline import Pipeline

START = 1000.25
SECONDS = 100.0
INFOS = tuple(i for i in simulated_streams(ecg=130.0, eda=4.0) if i.modality != Modality.RESP)
BASELINE = [
    Event(time=START + 5.0, code="baseline_rest", phase="on", actor="tech", id="a"),
    Event(time=START + 70.0, code="baseline_rest", phase="off", actor="tech", id="b"),
    Event(time=START + 80.0, code="now_moment", id="c"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Say how the samples travel.

    A stall delivers the samples of a span together at its end; a drop never does; `offsets` clock offsets
    come at random places.
    """

    seed: int = 0
    delay: float = 0.3
    stalls: Sequence[tuple[int, float, float]] = ()
    drops: Sequence[tuple[int, float, float]] = ()
    late: int = 0
    bogus: int = 0
    offsets: int = 0
    infos: tuple[StreamInfo, ...] = field(default=INFOS)


@cache
def signals() -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Return (stamps, samples) of each of `INFOS`: the same for every way of recording them."""
    feed = Feed(Dyad(Script(7), INFOS), START)
    feed.take(START)
    chunks = [item for item in feed.take(START + SECONDS) if isinstance(item, Chunk)]
    by_key = {c.info.key: c for c in chunks}
    return tuple((by_key[i.key].times, by_key[i.key].samples) for i in INFOS)


def items(world: World) -> list[Item]:
    """Return the session as its recorder would deliver it, slice by slice."""
    rng = np.random.default_rng(world.seed)
    arrivals = [_arrivals(world, k, rng) for k in range(len(INFOS))]
    places = zip(
        rng.uniform(0, SECONDS, world.offsets), rng.integers(0, len(INFOS), world.offsets), strict=True
    )
    offsets = sorted((START + float(t), int(k), float(rng.uniform(-0.1, 0.1))) for t, k in places)
    events = list(BASELINE)
    out: list[Item] = []
    at, tick, number = [0] * len(INFOS), START, 0
    while tick < START + SECONDS + 3:
        for k, (stamps, arrive, samples) in enumerate(arrivals):
            stop = int(np.searchsorted(arrive, tick, "right"))
            for a, b in _cuts(at[k], stop, rng):
                out.append(Chunk(world.infos[k], stamps[a:b], samples[a:b]))
            at[k] = stop
        while offsets and offsets[0][0] <= tick:
            _, k, value = offsets.pop(0)
            out.append(ClockOffset(world.infos[k], tick, value))
        while events and events[0].time <= tick:
            out.append(events.pop(0))
        out.append(Tick(number, tick, 1.7e9 + tick))
        number += 1
        tick += float(rng.uniform(0.05, 0.2))
    return out


def _arrivals(world: World, k: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    times, samples = signals()[k]
    stamps, arrive = times.copy(), times + rng.uniform(0, world.delay, len(times))
    alive = np.ones(len(times), np.bool_)
    for who, begin, length in world.stalls:
        if who == k:
            held = (arrive >= START + begin) & (arrive < START + begin + length)
            arrive[held] = START + begin + length
    for who, begin, length in world.drops:
        if who == k:
            alive &= ~((times >= START + begin) & (times < START + begin + length))
    arrive = np.maximum.accumulate(arrive)  # a stream is a queue
    arrive[rng.integers(0, len(times), world.late)] += rng.uniform(0, 6, world.late)
    stamps[rng.integers(0, len(times), world.bogus)] += 3e7
    order = np.flatnonzero(alive)[np.argsort(arrive[alive], kind="stable")]
    return stamps[order], arrive[order], samples[order]


def _cuts(start: int, stop: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    inner = np.sort(rng.integers(start, stop + 1, int(rng.integers(0, 3)))).tolist()
    edges = [start, *inner, stop]
    return [(a, b) for a, b in pairwise(edges) if b > a]


def run(world: World, *, cuts: Sequence[int] | int = 3000) -> list[IndexSample]:
    """Return what the pipeline makes of it in batches of `cuts` ticks each."""
    return run_items(items(world), world.infos, cuts)


def run_items(
    session: Sequence[Item], infos: Sequence[StreamInfo], cuts: Sequence[int] | int
) -> list[IndexSample]:
    """Process items in batches of the given sizes, which repeat."""
    pipeline = Pipeline(infos, session_id="test")
    sizes = [cuts] if isinstance(cuts, int) else list(cuts)
    out: list[IndexSample] = []
    begin, n, k = 0, 0, 0
    for i, item in enumerate(session):
        n += isinstance(item, Tick)
        if n == sizes[k % len(sizes)]:
            out += [s for b in gather(session[begin : i + 1]) for s in pipeline.push(b)]
            begin, n, k = i + 1, 0, k + 1
    out += [s for b in gather(session[begin:]) for s in pipeline.push(b)]
    return out


def comparable(samples: Sequence[IndexSample]) -> list[tuple[object, ...]]:
    """Return index samples as tuples that compare equal where values are nan."""
    return [(*s[:4], repr(s.value), s.unit, repr(s.quality), s.reason) for s in samples]


def swapped(infos: Sequence[StreamInfo]) -> tuple[StreamInfo, ...]:
    """Return the streams with the two people exchanged."""
    other = {Role.CLIENT: Role.THERAPIST, Role.THERAPIST: Role.CLIENT}
    return tuple(replace(i, role=other[i.role]) for i in infos)

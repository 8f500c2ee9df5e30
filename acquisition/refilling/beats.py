"""Intervals from a belt's memory → the gaps of a recording: found by the beats around each gap.

A belt keeps intervals without any time. Those that came live around a gap are looked for in its memory:
where both sides are found once, what lies between them is what was missed, if it takes as long as the gap.
Intervals are a clock themselves: they go on from the last beat before the gap; stamps after it may be late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.events.paused import Paused
from acquisition.recording.recording import Recording
from acquisition.recording.slices import Key
from acquisition.refilling.kept import Kept
from acquisition.refilling.missing import Ticks
from acquisition.refilling.owners import Owners, kept_out, owner_of
from acquisition.refilling.placing import Stretch
from acquisition.stream import PEOPLE, FloatArray, IntArray, Modality, Role, StreamInfo
from acquisition.units import convert

AROUND = 12
"""Beats on either side that are looked for."""
SAME = 2.0
"""Milliseconds by which an interval may differ: one is told in 1/1024 s, the other kept in ms."""
HOLE = 0.4
"""Seconds between the end of one interval and the begin of the next that make a gap."""
TRUE = (0.6, 0.02)
"""Seconds, and share, by which the intervals of a gap may take longer or shorter than it."""


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """Hold the intervals of one stream: when each ended [s], how long it was [ms], in which slice it came.

    `epochs` says whose it is from which slice on, as in that person's file.
    """

    info: StreamInfo
    times: FloatArray
    ms: FloatArray
    slices: IntArray
    epochs: list[tuple[int, StreamInfo | None]]

    def gaps(self) -> IntArray:
        """Return the beats after which some are missing."""
        hole = self.times[1:] - self.times[:-1] - self.ms[1:] / 1e3
        return np.asarray(np.flatnonzero(hole > HOLE), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class AllBeats:
    """Hold the intervals of a recording, its slices, and who was paused when."""

    ticks: Ticks
    streams: tuple[Beats, ...]
    pauses: dict[Role, list[tuple[float, float]]]


def read_beats(path: Path) -> AllBeats:
    """Read a recording; what was refilled already counts as received."""
    got: dict[tuple[Role, str], list[tuple[FloatArray, FloatArray, IntArray]]] = {}
    recording = Recording(path)
    owners = Owners(recording)
    ticks: list[tuple[IntArray, FloatArray, FloatArray]] = []
    paused, n = Paused(), 0
    for batch in recording.batches():
        for named, part in batch.streams.items():
            key = owners.first(named)
            if part.info.modality is Modality.RR and len(part.times) and key in owners.infos:
                ms = convert(part.samples[:, 0].astype(np.float64), part.info.unit, Modality.RR)
                got.setdefault(key, []).append((part.times, ms, part.slices + n))
        for _, event in batch.events:
            paused.hear(event)
        n += len(batch.numbers)
        ticks.append((batch.numbers, batch.ticks, batch.walls))
    whole = Ticks(*(np.concatenate([t[k] for t in ticks]) for k in range(3)))
    streams = [_beats(owners, key, some) for key, some in got.items()]
    return AllBeats(whole, tuple(streams), {role: paused.spans(role) for role in PEOPLE})


def _beats(owners: Owners, key: Key, parts: list[tuple[FloatArray, FloatArray, IntArray]]) -> Beats:
    times, ms, slices = (np.concatenate([p[k] for p in parts]) for k in range(3))
    order = np.argsort(slices, kind="stable")
    return Beats(owners.infos[key], times[order], ms[order], slices[order], owners.epochs(key))


def found(memory: FloatArray, beats: FloatArray) -> int:
    """Return where in a memory these intervals stand, -1 where they stand nowhere or twice."""
    n = len(beats)
    if n < AROUND // 2 or len(memory) < n:
        return -1
    windows = np.lib.stride_tricks.sliding_window_view(memory, n)
    at = np.flatnonzero((np.abs(windows - beats) <= SAME).all(axis=1))
    return int(at[0]) if len(at) == 1 else -1


def stretches(of: AllBeats, one: Beats, kept: Kept) -> Iterator[Stretch]:
    """Yield the intervals that belong into the gaps of a stream; those of a pause stay out."""
    memory = kept.samples[:, 0].astype(np.float64)
    holes = one.gaps().tolist()
    for k in holes:
        begin = max([0, *(h + 1 for h in holes if h < k)])
        end = min([len(one.ms), *(h + 1 for h in holes if h > k)])
        before = one.ms[max(begin, k + 1 - AROUND) : k + 1]
        # The first interval after a connection may have begun before anything was told of.
        after = one.ms[k + 1 : min(end, k + 1 + AROUND)]
        a, b = found(memory, before), found(memory, after)
        if a < 0 or b < 0 or b < a + len(before):
            continue
        missing = memory[a + len(before) : b]
        low, high = float(one.times[k]), float(one.times[k + 1] - one.ms[k + 1] / 1e3)
        if not len(missing) or abs(missing.sum() / 1e3 - (high - low)) > TRUE[0] + TRUE[1] * (high - low):
            continue
        times = low + np.cumsum(missing) / 1e3 * min(1.0, (high - low) * 1e3 / missing.sum())
        slices = np.clip(np.searchsorted(of.ticks.times, times), one.slices[k], one.slices[k + 1])
        owner = owner_of(one.epochs, of.ticks.numbers[slices])
        keep = ~kept_out(one.epochs, owner, times, of.pauses, missing / 1e3)
        values = np.full((len(missing), len(one.info.channels)), np.nan)  # a memory says nothing beside them
        values[:, 0] = missing / _ms_of_one(one.info)
        for epoch, (_, info) in enumerate(one.epochs):
            rows = np.flatnonzero(keep & (owner == epoch))
            if len(rows) and info is not None:
                yield Stretch(info, rows, times[rows], values[rows], slices[rows])


def _ms_of_one(info: StreamInfo) -> float:
    """Return how many milliseconds one is in the unit of a stream."""
    return float(convert(np.array([1.0]), info.unit, Modality.RR)[0])

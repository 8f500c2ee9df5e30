"""Which samples of a recording are missing by the device's own stamps, and where they belong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.ble_stream import device_time_info
from acquisition.events.paused import Paused
from acquisition.recording.recording import Recording
from acquisition.recording.refill import NOTHING
from acquisition.recording.slices import Key
from acquisition.refilling.kept import Kept, Span, Wanted
from acquisition.refilling.owners import Owners, owner_of, pauses_of
from acquisition.stream import PEOPLE, FloatArray, IntArray, Role, StreamInfo

AROUND = 3.0
"""Seconds on either side of a gap whose samples are compared with those that came."""
END = 12 * 3600.0
"""Seconds after the last sample for which a device may have gone on."""
LAST = 1.0
"""Seconds without a sample before the end of a recording that count as a gap."""
SAME_CLOCK = (0.5, 0.03)
"""Seconds, and share of a gap, by which its length may differ between both clocks: else one began anew."""
_SLOPE = 300.0
"""Seconds of stamps from which the rate of a clock is taken beyond its last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Hold the slices of a recording: number, LSL time and wall time [s] of each."""

    numbers: IntArray
    times: FloatArray
    walls: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """Hold what came of one stream.

    Parameters
    ----------
    stamps : ndarray of int64, shape (n_samples,)
        On the device's clock [ns].
    times, samples, slices : ndarray
        LSL stamp [s], value, and index of the slice of each.
    rows : ndarray, shape (n_packets,)
        Index of the last sample of each packet: these stamps are the device's, others lie between them.
    epochs : list of (slice number, StreamInfo)
        Whose it is from which slice on, as in that person's file.
    """

    info: StreamInfo
    stamps: IntArray
    times: FloatArray
    samples: NDArray[Any]
    slices: IntArray
    rows: IntArray
    epochs: list[tuple[int, StreamInfo | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Bound a gap: indices of the sample before it and of the one after it, which may be missing (-1)."""

    before: int
    after: int
    same_clock: bool


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Hold what a recording has of the streams that come with device stamps, and who was paused when."""

    ticks: Ticks
    received: tuple[Received, ...]
    pauses: dict[Role, list[tuple[float, float]]]
    owners: Owners
    settled: dict[Key, list[tuple[float, float]]]
    """What a refill before looked for, and the device had no value of either [s]."""

    def gaps(self, of: Received) -> list[Gap]:
        """Return where samples of a stream are missing that a device might have."""
        settled = self.settled.get(of.info.key, [])
        found = gaps(of, float(self.ticks.times[-1]))
        return [g for g in found if not (_within(of, g, settled) or self._unwanted(of, g))]

    def _unwanted(self, of: Received, gap: Gap) -> bool:
        """Tell whether nothing of a gap is wanted: it is nobody's, or its person was paused."""
        due = float(of.times[gap.before]) + 1.0 / of.info.sfreq
        first = min(int(np.searchsorted(self.ticks.times, due)), len(self.ticks.numbers) - 1)
        last = int(of.slices[gap.after]) if gap.after >= 0 else len(self.ticks.numbers) - 1
        numbers = self.ticks.numbers[first : max(first, last) + 1]
        owners = [of.epochs[k][1] for k in np.unique(owner_of(of.epochs, numbers)).tolist()]
        return all(one is None or _paused(of, gap, pauses_of(one.role, self.pauses)) for one in owners)


def _paused(of: Received, gap: Gap, pauses: list[tuple[float, float]]) -> bool:
    """Tell whether a person was paused throughout a gap."""
    near = 1.5 / of.info.sfreq
    low, high = float(of.times[gap.before]), float(of.times[gap.after]) if gap.after >= 0 else math.inf
    return any(start <= low + near and stop >= high - near for start, stop in pauses)


def _within(of: Received, gap: Gap, settled: list[tuple[float, float]]) -> bool:
    if not gap.same_clock:
        return False
    low, high = float(of.times[gap.before]), float(of.times[gap.after])
    return any(low < start and stop < high for start, stop in settled)


def read_contents(path: Path) -> Contents:
    """Read a recording; what was refilled already counts as received."""
    recording = Recording(path)
    owners = Owners(recording)
    infos = owners.infos
    pairs = {
        info.key: device_time_info(info).key
        for info in infos.values()
        if info.sfreq > 0 and device_time_info(info).key in infos
    }
    got: dict[Any, list[tuple[FloatArray, NDArray[Any], IntArray]]] = {}
    numbers, times, walls = list[IntArray](), list[FloatArray](), list[FloatArray]()
    paused, n = Paused(), 0
    settled: dict[Key, list[tuple[float, float]]] = {}
    for batch in recording.batches():
        for named, part in batch.streams.items():
            key = owners.first(named)
            if key in pairs or key in pairs.values():
                got.setdefault(key, []).append((part.times, part.samples, part.slices + n))
        for _, event in batch.events:
            paused.hear(event)
        for _, notice in batch.notices:
            if notice.kind == "refilled" and notice.message.startswith(NOTHING):
                key = owners.first((notice.role, notice.stream))
                settled.setdefault(key, []).append((notice.start, notice.stop))
        n += len(batch.numbers)
        numbers.append(batch.numbers)
        times.append(batch.ticks)
        walls.append(batch.walls)
    ticks = Ticks(*(np.concatenate(x) if x else np.empty(0) for x in (numbers, times, walls)))  # type: ignore[arg-type]
    received = [
        _received(infos[key], got[key], got[stamps], owners.epochs(key))
        for key, stamps in pairs.items()
        if key in got and stamps in got
    ]
    return Contents(
        ticks,
        tuple(r for r in received if r is not None),
        {role: paused.spans(role) for role in PEOPLE},
        owners,
        settled,
    )


def _received(
    info: StreamInfo, samples: list[Any], rows: list[Any], epochs: list[tuple[int, StreamInfo | None]]
) -> Received | None:
    times, values, slices = (np.concatenate([p[k] for p in samples]) for k in range(3))
    # Of one that changed hands within a batch the parts of one person come after those of the other.
    order = np.argsort(slices, kind="stable")
    times, values, slices = times[order], values[order], slices[order]
    row_times, said = (
        np.concatenate([p[0] for p in rows]),
        np.concatenate([p[1] for p in rows]).astype(np.int64),
    )
    # A row bears the time of the last sample of its packet: whatever was lost, these belong together.
    order = np.argsort(row_times, kind="stable")
    ends = np.searchsorted(times, row_times[order], side="right") - 1
    fits = (ends >= 0) & (times[ends] == row_times[order])
    ends, said = ends[fits], said[order][fits]
    if not len(ends):
        return None
    of = np.minimum(np.searchsorted(ends, np.arange(len(times))), len(ends) - 1)
    back = ends[of] - np.arange(len(times))
    known = (back >= 0) & (back < said[of, 2])
    stamps = said[of, 0] - np.round(back * (1e9 / info.sfreq)).astype(np.int64)
    return Received(
        info,
        stamps[known],
        times[known],
        values[known],
        slices[known],
        np.flatnonzero(back[known] == 0),
        epochs,
    )


def gaps(of: Received, end: float) -> list[Gap]:
    """Return where samples are missing, and the end, until the recording's `end` [s]."""
    period = 1e9 / of.info.sfreq
    steps = np.diff(of.stamps)
    found = []
    for k in np.flatnonzero((steps > 1.5 * period) | (steps <= 0)).tolist():
        here = float(of.times[k + 1] - of.times[k])
        same = abs(float(steps[k]) * 1e-9 - here) <= SAME_CLOCK[0] + SAME_CLOCK[1] * here
        found.append(Gap(k, k + 1, bool(same and steps[k] > 0)))
    if end - float(of.times[-1]) > LAST:
        found.append(Gap(len(of.times) - 1, -1, False))
    return found


def wanted(of: Received, found: list[Gap], end: float) -> Wanted:
    """Return what is to be looked for in a device's memory, for a recording that ends at `end` [s]."""
    long = round(END * 1e9)
    spans = []
    for gap in found:
        if gap.same_clock:
            spans.append(Span(int(of.stamps[gap.before]), int(of.stamps[gap.after])))
            continue
        until = of.times[gap.after] if gap.after >= 0 else end
        here = float(until - of.times[gap.before])
        most = min(long, round((here * (1.0 + SAME_CLOCK[1]) + SAME_CLOCK[0]) * 1e9))
        spans.append(Span(int(of.stamps[gap.before]), int(of.stamps[gap.before]) + most))
        if gap.after >= 0:
            spans.append(Span(int(of.stamps[gap.after]) - most, int(of.stamps[gap.after])))
    return Wanted(of.info, tuple(spans), round(AROUND * 1e9), Kept(of.stamps, of.samples))


def times_in(of: Received, gap: Gap, stamps: IntArray, *, from_after: bool = False) -> FloatArray:
    """Return the LSL times of stamps in a gap [s].

    Between two samples of one clock they lie on the line between these; beyond the last one, or before the
    first after a clock began anew, on the line through five minutes of that clock.
    """
    if gap.same_clock:
        a, b = gap.before, gap.after
        span = float(of.stamps[b] - of.stamps[a])
        share = (stamps - of.stamps[a]).astype(np.float64) / span
        return np.asarray(of.times[a] + share * (of.times[b] - of.times[a]))
    at = gap.after if from_after else gap.before
    return np.asarray(
        of.times[at] + (stamps - of.stamps[at]).astype(np.float64) * 1e-9 * _slope(of, at, from_after)
    )


def _slope(of: Received, at: int, forwards: bool) -> float:
    """Return LSL seconds per second of the device near a sample, from one side."""
    way = 1 if forwards else -1
    other = at
    rows = of.rows[of.rows >= at] if forwards else of.rows[of.rows <= at][::-1]
    for row in rows.tolist():
        gone = way * float(of.times[row] - of.times[at])
        by_device = way * float(of.stamps[row] - of.stamps[at]) * 1e-9
        if gone > _SLOPE or abs(by_device - gone) > SAME_CLOCK[0] + SAME_CLOCK[1] * gone:
            break
        other = row
    span = float(of.stamps[other] - of.stamps[at]) * 1e-9
    return 1.0 if abs(span) < 30.0 else float(of.times[other] - of.times[at]) / span

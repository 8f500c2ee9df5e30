"""The hour second by second: what session metrics are computed from.

Index samples become arrays on one 1 Hz grid for both people; nothing is filled in, a second without a value
stays nan. Events become points and intervals.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import itemgetter

import numpy as np

from acquisition.event import Event, Value
from acquisition.events.intervals import NOT_THE_HOUR, Intervals
from acquisition.stream import BoolArray, FloatArray
from processing.arousal.band import BITS, ArousalConfig, index_series, partial_reason
from processing.arousal.baseline import Reference
from processing.hour.believed import doubts_of, old, old_since, placed
from processing.index import IndexSample
from processing.indices import PERSON, VAGAL

AROUSAL = ("arousal", "arousal_low", "arousal_high", "arousal_channels")
REACH = {index.name: index.reach for index in PERSON if index.reach and index.name not in AROUSAL}
"""How far from a second the row may lie that stands for it [s]: about the step of the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Hold an interval marked by two events [s, LSL clock]; censored if it was never closed."""

    code: str
    actor: str
    start: float
    stop: float
    value: Value = None
    note: str = ""
    id: str = ""
    rater: str = ""
    censored: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Person:
    """Hold one person on the grid of the timeline; every array has shape (n_seconds,), nan where unknown.

    Parameters
    ----------
    arousal, low, high, scale, median : ndarray
        The index, the edges of its band, s_A, and its median at rest [SD].
    known : ndarray of bool
        There is an index of at least one cardiac and one EDA channel, and a band.
    counts : ndarray of bool
        Seconds of the hour proper: after the reference took effect, without baselines and breaks.
    series : dict
        Further indices by name, those with a reach: hr, scl, scr_rate, speaking, …
    missing : str
        Why there is no band at all; "" where there is one.
    old : str
        Why the reference was old, where it was for a tenth of the valid time, and for how much of it.
    old_since : tuple
        From when on the reference was old [s, LSL clock], and why; "" where it no longer was.
    placed : str
        For how many of the values of vagal HRV noise may have made them by moving R peaks; "" where few.
    doubts : dict
        Index → why some of its values, or all, are left out as in doubt.
    """

    entity: str
    arousal: FloatArray
    low: FloatArray
    high: FloatArray
    scale: FloatArray
    median: FloatArray
    known: BoolArray
    counts: BoolArray
    series: dict[str, FloatArray] = field(default_factory=dict)
    missing: str = ""
    old: str = ""
    old_since: tuple[tuple[float, str], ...] = ()
    placed: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)

    def old_at(self, time: float) -> str:
        """Return why the reference was old at a moment [s, LSL clock]; "" if it was not."""
        place = bisect_right(self.old_since, time, key=lambda since: since[0])
        return self.old_since[place - 1][1] if place else ""

    @property
    def valid(self) -> BoolArray:
        """Return where the index counts: known seconds of the hour proper."""
        return self.known & self.counts

    @property
    def valid_pct(self) -> float:
        """Return the valid share of the hour proper [%]; nan without one."""
        n = int(np.count_nonzero(self.counts))
        return 100.0 * np.count_nonzero(self.valid) / n if n else math.nan

    @property
    def speaking(self) -> FloatArray:
        """Return 1 where this person speaks, 0 where not, nan where that is not known."""
        return self.series.get("speaking", np.full(len(self.arousal), np.nan))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Timeline:
    """Hold a session: the grid [s, LSL clock], the two people, intervals and points."""

    session_id: str
    begin: float
    times: FloatArray
    people: Mapping[str, Person]
    intervals: tuple[Interval, ...] = ()
    points: tuple[Event, ...] = ()

    def within(self, spans: Iterable[Interval]) -> BoolArray:
        """Return which seconds lie in any of the intervals."""
        inside = np.zeros(len(self.times), np.bool_)
        for span in spans:
            inside |= (self.times >= span.start) & (self.times < span.stop)
        return inside

    def marked(self, *codes: str) -> list[Interval]:
        """Return the intervals of some codes, in order."""
        return [i for i in self.intervals if i.code in codes]


def timeline(
    session_id: str,
    rows: Mapping[tuple[str, str], Sequence[IndexSample]],
    events: Sequence[Event],
    references: Mapping[str, Reference | None],
    *,
    begin: float,
    end: float,
    config: ArousalConfig,
) -> Timeline:
    """Put a session on a grid.

    Parameters
    ----------
    rows : dict
        (entity, index) → its samples (`processing.hour.believed.rows_of`).
    events : sequence of Event
        Those that hold: overlay applied, undone ones left out.
    references : dict
        Person → what their index is relative to; a person without sensors has no entry.
    begin, end : float
        First and last tick [s, LSL clock].
    """
    times = np.arange(math.ceil(begin), math.floor(end) + 1.0) if end >= begin else np.empty(0)
    ordered = _ordered(rows)
    spans = tuple(intervals(events, end))
    line = Timeline(
        session_id=session_id,
        begin=begin,
        times=times,
        people={},
        intervals=spans,
        points=tuple(e for e in events if e.phase == "point"),
    )
    outside = line.within(line.marked(*NOT_THE_HOUR)) | outside_the_session(line)
    people = {
        e: replace(
            _person(e, ordered, r, times, outside, config, doubts_of(rows, e)),
            old=old(rows.get((e, "arousal_low"), ())),
            old_since=old_since(rows.get((e, "arousal_low"), ())),
            placed=placed(rows.get((e, VAGAL), ())),
        )
        for e, r in references.items()
    }
    return Timeline(
        session_id=session_id, begin=begin, times=times, people=people, intervals=spans, points=line.points
    )


def intervals(events: Sequence[Event], end: float) -> list[Interval]:
    """Return the intervals of the events that hold; an open one is closed at `end` and censored."""
    out = [
        Interval(
            code=span.code,
            actor=span.actor,
            start=span.start,
            stop=max(end, span.start) if span.open else span.stop,
            value=span.value,
            note=span.on.note,
            id=span.on.id,
            rater=span.on.rater,
            censored=span.open,
        )
        for span in Intervals(events).spans
    ]
    return sorted(out, key=lambda i: (i.start, i.code, i.actor))


def points(events: Iterable[Event]) -> list[Interval]:
    """Return the moments that were marked, as intervals with no length."""
    return [
        Interval(
            code=e.code,
            actor=e.actor,
            start=e.onset,
            stop=e.onset,
            value=e.value,
            note=e.note,
            id=e.id,
            rater=e.rater,
        )
        for e in events
        if e.phase == "point"
    ]


def outside_the_session(line: Timeline) -> BoolArray:
    """Return the seconds before the last session_start and after the first session_end, where marked."""
    starts = [e.onset for e in line.points if e.code == "session_start"]
    ends = [e.onset for e in line.points if e.code == "session_end"]
    outside = np.zeros(len(line.times), np.bool_)
    if starts:
        outside |= line.times < max(starts)
    if ends:
        outside |= line.times > min(ends)
    return outside


def _ordered(
    groups: Mapping[tuple[str, str], Sequence[IndexSample]],
) -> dict[tuple[str, str], tuple[FloatArray, FloatArray]]:
    """Return times and values of each (entity, index), in order of time; empty where they are not needed."""
    out = {}
    for key, rows in groups.items():
        taken = rows if key[1] in AROUSAL or key[1] in REACH else ()
        times, values = (np.fromiter(map(itemgetter(k), taken), float, len(taken)) for k in (0, 4))
        order = np.argsort(times, kind="stable")
        out[key] = (times[order], values[order])
    return out


def nearest(times: FloatArray, values: FloatArray, grid: FloatArray, reach: float) -> FloatArray:
    """Return at each grid point the value of the nearest row within `reach` [s], nan if there is none."""
    if len(times) == 0:
        return np.full(len(grid), np.nan)
    after = np.minimum(np.searchsorted(times, grid), len(times) - 1)
    before = np.maximum(after - 1, 0)
    at = np.where(np.abs(times[before] - grid) <= np.abs(times[after] - grid), before, after)
    return np.where(np.abs(times[at] - grid) <= reach, values[at], np.nan)


def _person(
    entity: str,
    rows: Mapping[tuple[str, str], tuple[FloatArray, FloatArray]],
    reference: Reference | None,
    times: FloatArray,
    outside: BoolArray,
    config: ArousalConfig,
    doubts: Mapping[str, str],
) -> Person:
    empty = (np.empty(0), np.empty(0))

    def at(index: str, reach: float = 0.5) -> FloatArray:
        return nearest(*rows.get((entity, index), empty), times, reach)

    a, low, high = at("arousal"), at("arousal_low"), at("arousal_high")
    bits = np.nan_to_num(at("arousal_channels")).astype(np.int64)
    whole = np.array([not partial_reason(b) for b in range(16)])[bits]
    known = np.isfinite(a) & np.isfinite(low) & np.isfinite(high) & whole
    scale, median = _of_reference(reference, bits, config)
    banded = np.flatnonzero(np.isfinite(low) | np.isfinite(a))
    counts = np.zeros(len(times), np.bool_)
    if len(banded):
        counts[banded[0] :] = True
    present = {i for e, i in rows if e == entity}
    return Person(
        entity=entity,
        arousal=np.where(whole, a, np.nan),
        low=low,
        high=high,
        scale=scale,
        median=median,
        known=known,
        counts=counts & ~outside,
        series={name: at(name, reach) for name, reach in REACH.items() if name in present},
        missing="" if known.any() else doubts.get("arousal") or _why(reference, present, a),
        doubts=doubts,
    )


def _why(reference: Reference | None, present: set[str], arousal: FloatArray) -> str:
    if not present:
        return "no data of this person"
    if not {"hr", "ibi"} & present:
        return "no heart sensor"
    if "scl" not in present:
        return "no EDA sensor"
    if reference is None:
        return "no baseline"
    return "no valid arousal index after the baseline" if not np.isfinite(arousal).any() else "no band"


def _of_reference(
    reference: Reference | None, bits: np.ndarray, config: ArousalConfig
) -> tuple[FloatArray, FloatArray]:
    """Return s_A and the median of the index at rest for the channels of each second."""
    scale, median = np.full(len(bits), np.nan), np.full(len(bits), np.nan)
    if reference is None:
        return scale, median
    for b in np.unique(bits).tolist():
        if b in reference.bands:
            scale[bits == b] = reference.bands[b].scale
            median[bits == b] = _rest_median(reference, b, config)
    return scale, median


def _rest_median(reference: Reference, bits: int, config: ArousalConfig) -> float:
    channels = [c for c, bit in BITS.items() if bits & bit]
    parts = [
        index_series(b.values, reference.scales, channels, config)[round(config.skip) :]
        for b in reference.rest
        if set(channels) <= set(b.values)
    ]
    joined = np.concatenate(parts) if parts else np.empty(0)
    finite = joined[np.isfinite(joined)]
    return float(np.median(finite)) if len(finite) else math.nan


def gaps(known: BoolArray) -> list[tuple[int, int]]:
    """Return start and stop of each run of seconds that are not known."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~known, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in list(pairwise(edges.tolist()))[::2]]

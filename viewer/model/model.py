"""SessionModel: all that the window shows, fed with raw batches and index samples. No Qt.

The model only grows, and is the same whether it was fed live, late, or all at once: a window that was killed
and started again shows what the first one showed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from acquisition.batch import Batch, StreamPart
from acquisition.errors import UnitError
from acquisition.event import Event, Notice
from acquisition.events.intervals import Intervals
from acquisition.events.overlay import Edit, held
from acquisition.events.paused import Paused
from acquisition.stream import PEOPLE, BoolArray, FloatArray, Modality, Role, StreamInfo
from acquisition.units import convert
from processing.admission import Admission
from processing.arousal.baseline import BaselineVerdict
from processing.beat_times import times_of
from processing.index import IndexSample
from processing.indices import INDICES
from viewer.model.definitions import gap_of
from viewer.model.facts import SessionFacts, StreamHealth
from viewer.model.history import Waveform
from viewer.model.trace import Point, Trace

RAW = (Modality.ECG, Modality.EDA)
"""Raw signals that have a line on screen."""
PARTIAL, WHOLE = "arousal_partial", "arousal_whole"
"""Traces that share the arousal index: while a cardiac or EDA channel is missing, and while none is."""
LOGARITHMS = {
    bound: edge
    for record in INDICES.values()
    if record.bounds and record.bounds.log
    for bound, edge in zip(record.bounds[:2], record.edges(), strict=True)
}
"""Limits that are drawn beside the logarithm of what they are limits of → what they are held as."""


@dataclass(slots=True)
class SessionModel:
    """Hold a session; times of lines are seconds since `t0`, the first tick.

    Parameters
    ----------
    facts : SessionFacts
    streams : sequence of StreamInfo
        The expected streams.
    """

    facts: SessionFacts
    streams: Sequence[StreamInfo]
    state: str = "growing"
    lost: bool = False
    """The recorder is gone while the window was to mark: nothing is recorded, and nobody has said so yet."""
    catching: bool = False
    """What was recorded before the window opened is still being read: nothing is known of now."""
    t0: float = math.nan
    now: float = math.nan
    wall: float = math.nan
    """Wall time of the newest tick [s since 1970]."""
    revision: int = 0
    event_revision: int = 0
    health: dict[tuple[Role, str], StreamHealth] = field(default_factory=dict)
    waves: dict[tuple[Role, Modality], Waveform] = field(default_factory=dict)
    sources: dict[tuple[Role, Modality], tuple[Role, str]] = field(default_factory=dict)
    drawn: set[tuple[Role, str]] = field(default_factory=set)
    """The streams that have a line, where they are raw: one of a kind and person at a time."""
    over: set[tuple[Role, str]] = field(default_factory=set)
    """The streams of devices that a person no longer has."""
    traces: dict[tuple[str, str], Trace] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    event_ids: set[str] = field(default_factory=set)
    paused: dict[Role, float] = field(default_factory=dict)
    """Who is paused now, and since when [s since the first tick]."""
    pauses: dict[Role, list[tuple[float, float]]] = field(default_factory=dict)
    """Pauses that are over: from, to [s since the first tick]."""
    verdicts: tuple[BaselineVerdict, ...] = ()
    """What the pipeline said of the baselines so far."""
    edits: tuple[Edit, ...] = ()
    """Later edits of the events, which a review shows and the pipeline never hears of."""
    _pause_marks: Paused = field(default_factory=Paused)
    _folded: list[Event] = field(default_factory=list)
    _n_folded: int = 0
    _recorded: Intervals = field(default_factory=Intervals)
    _marked: tuple[int, Intervals] | None = None

    def __post_init__(self) -> None:
        self.expect(self.streams)

    def hand_over(self, epochs: Sequence[tuple[int, Sequence[StreamInfo]]]) -> None:
        """Learn which streams take over from each other, where devices changed hands (`Recording.epochs`)."""
        for _, streams in epochs:
            first = {(info.role, info.modality): info.key for info in reversed(streams)}
            self.drawn.update(first.values())
        self.over = {i.key for _, streams in epochs for i in streams} - {i.key for i in epochs[-1][1]}

    def begin_again(
        self, streams: Sequence[StreamInfo], epochs: Sequence[tuple[int, Sequence[StreamInfo]]]
    ) -> None:
        """Forget what came: devices turned out to be another person's, and all comes once more."""
        fresh = SessionModel(facts=self.facts, streams=streams, state=self.state, lost=self.lost)
        kept = ("facts", "state", "lost", "edits", "revision", "event_revision")
        for f in fields(self):
            if f.name not in kept:
                setattr(self, f.name, getattr(fresh, f.name))
        self.revision, self.event_revision = self.revision + 1, self.event_revision + 1
        self.hand_over(epochs)

    def expect(self, streams: Iterable[StreamInfo]) -> None:
        """Expect these streams too: a window may be opened before the recorder has found them all."""
        for info in streams:
            self._expect(info)

    def _expect(self, info: StreamInfo) -> StreamHealth:
        if self.sources.setdefault((info.role, info.modality), info.key) == info.key:
            self.drawn.add(info.key)
        if info.key not in self.health:
            times = times_of(info, self.streams, info.lateness)
            self.health[info.key] = StreamHealth(info, Admission(info.lateness), times)
        return self.health[info.key]

    @property
    def elapsed(self) -> float:
        """Return the seconds since the recording began; 0 before the first tick."""
        return self.now - self.t0 if math.isfinite(self.now) else 0.0

    def has(self, role: Role, *modalities: Modality) -> bool:
        """Tell whether a stream of one of the modalities is expected of a person."""
        return any((role, modality) in self.sources for modality in modalities)

    def trace(self, entity: str, index: str) -> Trace:
        """Return the trace of an index, empty at first."""
        return self.traces.setdefault((entity, index), Trace(gap_of(index)))

    def add_batch(self, batch: Batch) -> None:
        """Take in raw slices."""
        if len(batch.ticks) == 0:
            return
        if math.isnan(self.t0):
            self.t0 = float(batch.ticks[0])
        for part in batch.streams.values():
            self._expect(part.info)
        for key, health in self.health.items():
            self._take(health, batch.streams.get(key), batch.ticks)
        for _, notice in batch.notices:
            self._notice(notice)
        for _, event in batch.events:
            self._event(event)
        self.now, self.wall = float(batch.ticks[-1]), float(batch.walls[-1])
        self.revision += 1

    def _take(self, health: StreamHealth, part: StreamPart | None, ticks: FloatArray) -> None:
        came, waits = part, None
        if health.times is not None:
            part, waits = health.times.lay(part, ticks)
        if came is not None and not health.info.sfreq > 0.0:
            health.cadence.hear(ticks[np.unique(came.slices)].tolist())
        admitted = health.gate.admit(part, ticks, waits)
        if health.times is not None and came is not None and len(came.times):
            # What waits for its time has come all the same.
            health.last, health.lost = float(ticks[came.slices[-1]]), math.nan
        if part is None or len(admitted.times) == 0:
            return
        health.n += len(admitted.times)
        health.runs.extend(admitted.times)
        if health.times is None:
            health.last, health.lost = float(admitted.times[-1]), math.nan
        info = part.info
        if info.modality in RAW and info.key in self.drawn:
            self._draw(health, part, admitted.times - self.t0, admitted.keep)

    def _draw(self, health: StreamHealth, part: StreamPart, times: FloatArray, keep: np.ndarray) -> None:
        info = part.info
        key = info.role, info.modality
        rate = info.sfreq if info.sfreq > 0 else _rate(times)
        if key not in self.waves or (info.key != self.sources[key] and _other(rate, self.waves[key].sfreq)):
            if not rate > 0:
                return
            self.waves[key] = Waveform(rate, whole=self.state != "growing")
        unit = info.unit or health.info.unit
        try:
            values = convert(np.asarray(part.samples[:, :1], np.float64), unit, info.modality)[:, 0]
        except UnitError as error:
            health.fault = str(error)
            return
        values = values[keep]
        if len(times) and times[0] < self.waves[key].last:  # of the device before, what came last was newer
            fresh = times >= self.waves[key].last
            times, values = times[fresh], values[fresh]
        self.waves[key].append(times, values)

    def _notice(self, notice: Notice) -> None:
        self.notices.append(notice)
        health = self.health.get((notice.role, notice.stream))
        if health is None:
            return
        if notice.kind == "lost":
            health.lost = notice.start if math.isfinite(notice.start) else notice.time
        elif notice.kind == "resumed":
            health.lost = math.nan
        elif notice.kind == "gap":
            health.gaps += 1

    def _event(self, event: Event) -> None:
        self.events.append(event)
        self.event_ids.add(event.id)
        self.event_revision += 1
        for role in self._pause_marks.hear(event):
            spans = [(start - self.t0, stop - self.t0) for start, stop in self._pause_marks.spans(role)]
            self.pauses[role] = [span for span in spans if math.isfinite(span[1])]
            self.paused.pop(role, None)
            if self._pause_marks.now(role):
                self.paused[role] = spans[-1][0]

    def recorded(self) -> Intervals:
        """Return the events that hold as they were recorded, and their intervals; they grow with it."""
        if self._folded is not self.events:
            self._folded, self._n_folded, self._recorded = self.events, 0, Intervals()
        for event in self.events[self._n_folded :]:
            self._recorded.add(event)
        self._n_folded = len(self.events)
        return self._recorded

    def marked(self) -> Intervals:
        """Return the events that hold, later edits applied, and their intervals."""
        if not self.edits:
            return self.recorded()
        if self._marked is None or self._marked[0] != self.event_revision:
            self._marked = self.event_revision, Intervals.of(held(self.events, self.edits))
        return self._marked[1]

    def is_paused(self, role: Role, moment: float) -> bool:
        """Tell whether a person is paused now, or was at a moment [s since the first tick]."""
        spans = self.pauses.get(role, [])
        return role in self.paused or any(start <= moment < stop for start, stop in spans)

    def pauses_of(self, people: tuple[str, ...]) -> list[tuple[float, float]]:
        """Return when everybody in a lane was paused [s since the first tick]; a coupling needs both."""
        spans = {role.value: self.pauses.get(role, []) for role in PEOPLE}
        if people == (Role.DYAD.value,):
            return [span for own in spans.values() for span in own]
        return spans.get(people[0], []) if len(people) == 1 else []

    def _in_pause(self, entity: str, times: FloatArray) -> BoolArray:
        """Return which times lie in a pause of a person, or of either of two."""
        out = np.zeros(len(times), np.bool_)
        for role in PEOPLE:
            if entity in (role.value, Role.DYAD.value):
                spans = self.pauses.get(role, [])
                for start, stop in [*spans, (self.paused[role], math.inf)] if role in self.paused else spans:
                    out |= (start <= times) & (times < stop)
        return out

    def known(self, entity: str, index: str, moment: float) -> Point | None:
        """Return the newest sample of an index that was known at a moment [s since the first tick]."""
        trace = self.traces.get((entity, index))
        return None if trace is None else trace.at(moment)

    def newest(self) -> float:
        """Return the stamp of the newest raw sample [s, LSL clock]; nan without any."""
        lasts = [w.last for (_, m), w in self.waves.items() if m is Modality.ECG] or [
            w.last for w in self.waves.values()
        ]
        return max(lasts) + self.t0 if lasts else math.nan

    def forget_indices(self) -> None:
        """Forget what the pipeline computed: it is computed anew."""
        self.traces.clear()
        self.verdicts = ()
        self.revision += 1

    def add_samples(self, samples: Iterable[IndexSample]) -> None:
        """Take in what the pipeline computed."""
        groups: dict[tuple[str, str], list[IndexSample]] = {}
        for sample in samples:
            if is_read(sample.index):
                groups.setdefault((sample.entity, sample.index), []).append(sample)
        for (entity, index), group in groups.items():
            band = groups.get((entity, f"{index}_chance_low"))
            self._append(entity, index, group if band is None else _beside_chance(group, band))
        self.revision += bool(groups)

    def _append(self, entity: str, index: str, group: Sequence[IndexSample]) -> None:
        times = np.array([s.time for s in group]) - self.t0
        values = np.array([s.value for s in group])
        known = np.array([s.available for s in group]) - self.t0
        reasons = [s.reason for s in group]
        quality = np.array([s.quality for s in group])
        hidden = self._in_pause(entity, times)
        if hidden.any():  # what came before a pause reaches into it
            values[hidden], quality[hidden] = np.nan, 0.0
            reasons = ["paused" if h else reason for h, reason in zip(hidden.tolist(), reasons, strict=True)]
        if index in LOGARITHMS:
            with np.errstate(divide="ignore", invalid="ignore"):
                index, values = LOGARITHMS[index], np.log(values)
        self.trace(entity, index).append(times, values, known, reasons, quality)
        if index == "arousal":
            partial = np.array([is_partial(reason) for reason in reasons])
            for name, there in ((PARTIAL, partial), (WHOLE, ~partial)):
                trace = self.trace(entity, name)
                part = np.where(there, values, np.nan)
                # Of a stretch without a value its first row is enough: it breaks the line.
                before = np.isfinite(np.append(trace.values[-1:] if trace.n else np.nan, part[:-1]))
                keep = np.isfinite(part) | before
                why = [reason for reason, kept in zip(reasons, keep.tolist(), strict=True) if kept]
                trace.append(times[keep], part[keep], known[keep], why)


def is_read(index: str) -> bool:
    """Tell whether anything on screen is made of an index."""
    return index not in INDICES or INDICES[index].shown


def is_partial(reason: str) -> bool:
    """Tell whether the arousal index lacks its cardiac or its EDA channel."""
    return "partial" in reason


def _beside_chance(group: Sequence[IndexSample], band: Sequence[IndexSample]) -> list[IndexSample]:
    """Return values of a coupling without those that have no chance band yet: it is never shown alone."""
    reasons = {sample.time: sample.reason for sample in band if math.isnan(sample.value)}
    return [
        s._replace(value=math.nan, reason=f"no chance band yet: {reasons[s.time]}")
        if s.time in reasons and math.isfinite(s.value)
        else s
        for s in group
    ]


def _other(rate: float, before: float) -> bool:
    """Tell whether a device that took over sends at another rate, so that its line begins anew."""
    return rate > 0 and abs(rate / before - 1.0) > 0.01


def _rate(times: FloatArray) -> float:
    """Return the rate [Hz] that stamps suggest; nan from fewer than three."""
    if len(times) < 3:
        return math.nan
    step = float(np.median(np.diff(times)))
    return 1.0 / step if step > 0 else math.nan

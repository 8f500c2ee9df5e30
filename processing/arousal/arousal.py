"""Arousal: the arousal index of one person against the person's own reference band, once a second.

Second t is settled `delay` seconds after t, when every window that ends at or before t is. A baseline acts
from T of its off marker; the last rest and the last talk that passed make the reference.
"""

from __future__ import annotations

import math
from array import array
from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from acquisition.event import Event
from acquisition.events.intervals import Intervals, Span
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality
from processing.arousal.anchoring import anchored
from processing.arousal.band import ArousalConfig, Band, Smoothing, bits_of, partial_reason, weighted
from processing.arousal.baseline import (
    CODES,
    Baseline,
    BaselineVerdict,
    Code,
    Reference,
    Scaling,
    band_for,
    judge,
)
from processing.arousal.belief import Memory
from processing.arousal.channels import Channels, heard_of
from processing.arousal.excursion import BandState
from processing.arousal.level import OLD, Level
from processing.arousal.posture import Posture, Vector, angle
from processing.index import IndexSample, Watermarks, index_samples, released
from processing.indices import of_part

if TYPE_CHECKING:
    from processing.config import PipelineConfig

__all__ = ["Arousal", "ArousalConfig"]

WARM_UP = 24.0
"""Time constants of the past that are smoothed anew when the reference changes."""
SENSORS = ("heart", "skin", "posture")
"""The sources that it waits for."""
STEP = 10
"""How often it is looked whether the posture is still that of the rest [s]."""
NAMES = tuple(index.name for index in of_part("arousal"))


@dataclass(frozen=True, slots=True)
class Second:
    """Hold the results of one second, in the order of `NAMES`."""

    values: tuple[float, float, float, float, float]
    reasons: tuple[str, str, str, str, str]
    quality: float


@dataclass(frozen=True, slots=True)
class Passed:
    """Hold a baseline that passed, with its markers."""

    baseline: Baseline
    span: Span


class Arousal:
    """Follow the arousal index of one person.

    Parameters
    ----------
    entity : str
        client or therapist.
    channels_expected : set of str
        Of hr, scl, scr, f0: those whose sensors the session has.
    config : PipelineConfig
        Of everything: the index follows the windows of what it is made of.
    reference : Reference, optional
        A person's reference; with it the scaling is "person" and today's baselines are judged but not used.
        One whose scaling is "anchored" gives its scale alone, from today's rest on.
    """

    def __init__(
        self,
        entity: str,
        *,
        channels_expected: frozenset[str] | set[str],
        config: PipelineConfig,
        reference: Reference | None = None,
    ) -> None:
        self.entity = entity
        self.verdicts: list[BaselineVerdict] = []
        self.person = reference
        self.session: Reference | None = None
        self._today: Reference | None = None
        self._config, self._delay = config.arousal, config.arousal_delay
        self._weights = self._config.weights()
        self._expected = frozenset(channels_expected) & frozenset(self._weights)
        self._channels = Channels(entity, self._weights, heard_of(config))
        self._marks: list[tuple[float, int, Event]] = []
        self._baselines = Intervals()
        self._acted: dict[Event, float] = {}
        """When each marker acted [s]."""
        self._passed: dict[Code, list[Passed]] = {code: [] for code in CODES}
        self._past = array("d")  # a tuple a second would take 16 MB a day
        self._start = self._second = math.nan
        median = max(1, round(self._config.median))
        self._gap = f"less than {(median + 1) // 2} of the last {median} s valid"
        self._warm_up = math.ceil(max(WARM_UP * self._config.tau, self._config.median))
        self._memory = Memory(self._config)
        self._posture = Posture(self._config.posture_window)
        self._stance: Vector | None = None
        self._moved = False
        self._level = Level(self._config)
        self._responses: deque[IndexSample] = deque()
        self._restart()

    @property
    def scaling(self) -> Scaling:
        """Say what the index is relative to: "person" compares levels across sessions, "anchored" edges."""
        return self.person.scaling if self.person else "session"

    @property
    def reference(self) -> Reference | None:
        """Return the reference in force; None before there is one."""
        return self.person if self.scaling == "person" else self._today

    def _restart(self) -> None:
        config = self._config
        self._smoothing = Smoothing(config)
        self._state = BandState(hold=config.hold, back=config.back, inside=config.inside)

    def mark(self, event: Event, time: float) -> None:
        """Take in an event that acts at `time`, T of the tick that closed its slice [s].

        One whose actor is the other person is passed over; those of the technician and the dyad hold.
        """
        if event.actor in PEOPLE and event.actor != self.entity:
            return
        if event.code in CODES or event.phase == "void":
            insort(self._marks, (time, len(self._marks), event), key=lambda m: m[0])

    def update(self, chunk: Chunk) -> None:
        """Take in acceleration [g]; other samples pass: the index is made of indices."""
        if chunk.info.modality is Modality.ACC:
            self._posture.update(np.asarray(chunk.times, float), np.asarray(chunk.samples, float))

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples that became final; those of other people and indices are passed over."""
        self._channels.hear(samples)
        self._responses.extend(
            s for s in samples if s.index == "scr" and s.entity == self.entity and s.quality > 0.0
        )

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks: when heart and skin have both passed."""
        if len(ticks) == 0:
            return []
        passed = np.minimum.reduce([w for source, w in watermarks.items() if source in SENSORS])
        if math.isnan(self._second):
            self._start = self._second = float(math.ceil(ticks[0]))
        until = float(passed[-1]) - self._delay
        if not until >= self._second:
            return []
        times = self._second + np.arange(math.floor(until - self._second) + 1.0)
        _, available = released(times + self._delay, ticks, passed)
        rows = [self._at(t, tick) for t, tick in zip(times.tolist(), available.tolist(), strict=True)]
        self._second = float(times[-1]) + 1.0
        return self._samples(times, available, rows)

    def _samples(self, times: FloatArray, available: FloatArray, rows: list[Second]) -> list[IndexSample]:
        out: list[IndexSample] = []
        quality = np.array([row.quality for row in rows])
        for place, index in enumerate(NAMES):
            values = np.array([row.values[place] for row in rows])
            reasons = [row.reasons[place] for row in rows]
            good = np.where(np.isnan(values), 0.0, quality)
            out += index_samples(times, available, self.entity, index, values, good, reasons)
        return out

    def _at(self, time: float, tick: float) -> Second:
        """Work out one second."""
        while self._marks and self._marks[0][0] <= time:
            at, _, event = self._marks.pop(0)
            self._act(event, at)
        if time % STEP == 0.0:
            self._posture.settle(time)
        values = self._channels.at(time, tick)
        self._past.extend(values[c] for c in self._weights)
        self._level.take(values.get("scl", math.nan), look=time % STEP == 0.0)
        while self._responses and self._responses[0].time <= time:
            self._level.respond(self._responses.popleft().value)
        reference = self.reference
        finite = {c: x for c, x in values.items() if not math.isnan(x)}
        used = finite if reference is None else {c: finite[c] for c in finite if c in reference.scales}
        self._memory.take(self._channels.belief(used))
        if reference is None:
            return _without("no baseline", bits_of(finite))
        value = self._smoothing.step(weighted(used, reference.scales, self._weights))
        bits = bits_of(used)
        edges = band_for(reference, bits)
        partial = partial_reason(bits)
        known = not partial and not math.isnan(edges.low)
        self._state.step(time, value if known else math.nan, edges.low, edges.high, edges.scale)
        old = self._age(time)
        if not used:
            return _without("no baseline with these channels" if finite else "no data", bits_of(finite))
        # A level that reads on another scale than at rest adds to the index, and tells nothing of the person.
        apart = "scl" if old and self._level.word else ""
        share = sum(self._weights[c] for c in used if c != apart) / sum(self._weights.values())
        believed = self._memory.over(reference)
        gap = self._gap if math.isnan(value) else ""
        quality, why = min(share, believed.quality), (gap, partial, believed.doubt, old)
        return _described(value, edges, self._state.state, bits, quality, why)

    def _age(self, time: float) -> str:
        """Say why the rest in force is old, if it is; one of earlier sessions is not judged by its age."""
        if self.scaling == "person" or self.session is None:
            return ""
        if self._stance is not None and not self._moved and time % STEP == 0.0:
            now = self._posture.before(time)
            self._moved = now is not None and angle(self._stance, now) > self._config.posture
        words = (
            f"ended over {self._config.old_after / 60.0:g} min ago"
            if time - self.session.rest[-1].stop > self._config.old_after
            else "",
            "taken in another posture" if self._moved else "",
            self._level.word,
        )
        said = ", ".join(word for word in words if word)
        return f"{OLD}{said}" if said else ""

    def _act(self, event: Event, at: float) -> None:
        """Let a marker act: a baseline that ends by it is judged, one that lost its end is withdrawn."""
        self._acted[event] = at
        ended, taken_back = self._baselines.act(event)
        for span in taken_back:
            self._withdraw(span, at)
        for span in ended:
            self._finish(span, at)

    def _moment(self, event: Event) -> float:
        return self._acted[event] + min(0.0, event.t_shift)

    def _finish(self, span: Span, at: float) -> None:
        """Judge a baseline that has just ended, and use it if it passed."""
        code: Code = "baseline_rest" if span.code == "baseline_rest" else "baseline_talk"
        start, stop = self._moment(span.on), at if span.off is None else self._moment(span.off)
        first, last = (max(0, math.ceil(t - self._start)) for t in (start, stop))
        n = len(self._weights)
        columns = np.array(self._past[n * first : n * last], np.float64).reshape(-1, n).T
        values = dict(zip(self._weights, columns, strict=True))
        doubt = self._memory.during(first, last)
        baseline = Baseline(code=code, start=start, stop=stop, values=values, doubt=doubt)
        follows = Reference.of([baseline], [], self._config) if code == CODES[0] else self.session
        verdict = judge(baseline, self.entity, at, self._expected, follows, self._config)
        self.verdicts.append(verdict)
        if verdict.accepted:
            self._passed[code].append(Passed(baseline, span))
            self._refer()

    def _withdraw(self, span: Span, at: float) -> None:
        """Take back a baseline whose beginning or end was undone, if it passed."""
        for code in CODES:
            for passed in [p for p in self._passed[code] if p.span == span]:
                self._passed[code].remove(passed)
                bounds = code, passed.baseline.start, passed.baseline.stop
                judged = next(v for v in reversed(self.verdicts) if (v.code, v.start, v.stop) == bounds)
                text = "withdrawn: its marker was undone"
                self.verdicts.append(replace(judged, time=at, accepted=False, text=text))
                self._refer()

    def _refer(self) -> None:
        """Take the last baselines that passed as the session's reference, and see the past in its terms."""
        rest, talk = ([p.baseline for p in self._passed[code][-1:]] for code in CODES)
        self.session = Reference.of(rest, talk, self._config) if rest else None
        self._moved = False
        if self.session is not None:
            level = self.session.scales.get("scl")
            share = self._weights.get("scl", 0.0) / sum(self._weights.values())
            self._level.begin(*((level.median, share / level.scale) if level else (math.nan,)))
        if rest:
            self._posture.settle(rest[-1].stop)
            self._stance = self._posture.during(rest[-1].start, rest[-1].stop)
        self._today = self.session
        if self.session is not None and self.person is not None and self.scaling == "anchored":
            self._today = anchored(rest, talk, self.person, self._config)
        if self.scaling == "person" or self._today is None:
            return
        self._restart()
        n = len(self._weights)
        for row in np.array(self._past[-n * self._warm_up :], np.float64).reshape(-1, n).tolist():
            values = {c: x for c, x in zip(self._weights, row, strict=True) if not math.isnan(x)}
            used = {c: x for c, x in values.items() if c in self._today.scales}
            self._smoothing.step(weighted(used, self._today.scales, self._weights))


def _without(reason: str, bits: int) -> Second:
    nothing = (math.nan,) * 4
    return Second((*nothing, float(bits)), (reason, reason, reason, reason, "" if bits else "no data"), 0.0)


def _described(
    value: float, band: Band, state: float, bits: int, quality: float, why: tuple[str, str, str, str]
) -> Second:
    """Return the results of a second that has a reference, each with its reason; `why`: gap, partial, doubt,
    age."""
    gap, partial, doubt, old = why
    edge = "too little baseline with these channels" if math.isnan(band.low) else ""
    only = "" if band.talk or edge else "rest band only"
    undecided = "not yet decided after a gap" if math.isnan(state) else ""
    reserved = "; ".join(word for word in (doubt, old, only) if word)
    of_edge = partial or edge or reserved
    of_state = partial or gap or edge or undecided or reserved
    values = (value, band.low, band.high, state, float(bits))
    of_value = gap or "; ".join(word for word in (partial, doubt, old) if word)
    return Second(values, (of_value, of_edge, of_edge, of_state, ""), quality)

"""The one graph: samples in, index samples out, live and offline alike (the parts: processing.parts).

    batch → sample times → admission → parts → index samples

The whole of live and of offline is `Pipeline.push` on batches of slices; any cut of a recording into batches
gives the same index samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from acquisition.batch import Batch, Source, gather
from acquisition.event import Event
from acquisition.stream import PEOPLE, FloatArray, Role, StreamInfo
from acquisition.timebase.account import Account
from processing.arousal.arousal import Arousal
from processing.arousal.baseline import Reference
from processing.clocks import withheld
from processing.config import PipelineConfig
from processing.corrections.edits import Edits
from processing.coupling import one_heart, one_skin
from processing.coupling.one_heart import OneHeart
from processing.coupling.one_skin import OneSkin
from processing.coupling.synchrony import Synchrony
from processing.handover import Handover, changes
from processing.index import Estimator, IndexSample, Watermarks, sort_samples
from processing.intake import Intake, follow
from processing.parts import Part, Person, Sources, parts_of, signals_of, sources

Passed = dict[tuple[Role, str], FloatArray]


class Pipeline:
    """Turn batches into index samples.

    Parameters
    ----------
    streams : sequence of StreamInfo
        The expected streams, as the recorder resolved them; what results wait for must not depend on what
        happened to appear.
    epochs : sequence of (int, sequence of StreamInfo)
        From which slice on which of them there are, where devices changed hands (`Recording.epochs`); all of
        them throughout without it.
    session_id : str
        Names the session for whoever calls; nothing here is drawn at random.
    references : mapping of str to Reference
        Role → the person's own reference, in place of today's baselines.
    aligned : bool
        The two people's times may be compared; else coupling has no values.
    corrected : mapping of (str, str) to Edits
        Role, and heart or skin → what was corrected by hand in a finished recording.
    """

    def __init__(
        self,
        streams: Sequence[StreamInfo],
        *,
        session_id: str,
        config: PipelineConfig | None = None,
        references: Mapping[str, Reference] | None = None,
        aligned: bool = True,
        corrected: Mapping[tuple[str, str], Edits] | None = None,
        epochs: Sequence[tuple[int, Sequence[StreamInfo]]] = (),
    ) -> None:
        self._aligned, self._corrected = aligned, corrected or {}
        self.config = config or PipelineConfig()
        self._epochs = [(first, self._chosen(there)) for first, there in epochs or [(0, streams)]]
        self._sources = {key: info for _, chosen in reversed(self._epochs) for key, info in chosen.items()}
        self._used = {s.key: (key, s) for _, chosen in self._epochs for key, s in chosen.items()}
        self._intake = Intake([s for _, s in self._used.values()], streams, self.config)
        self._feeds: dict[tuple[Role, str], Estimator] = {}
        self._people: dict[Role, list[Estimator]] = {}
        self.arousal: dict[Role, Arousal] = {}
        self._both = _of_both(self._sources, self.config)
        for role in PEOPLE:
            self._people[role] = self._parts(role, (references or {}).get(role.value))
        self._last_tick = -np.inf

    def _chosen(self, streams: Sequence[StreamInfo]) -> Sources:
        with_breath = self.config.respiration.stream
        return {key: s for key, s in sources(streams).items() if with_breath or key[1] != "breath"}

    def _parts(self, role: Role, reference: Reference | None) -> list[Estimator]:
        """Return the estimators of a person, in the order in which they advance."""
        mine = {source: info for (r, source), info in self._sources.items() if r == role}
        by_hand = {signal: edits for (r, signal), edits in self._corrected.items() if r == role.value}
        sink = next((e.sink(role) for e in self._both if isinstance(e, OneSkin)), None)
        person = Person(
            role=role, fed=mine, config=self.config, reference=reference, corrected=by_hand, sink=sink
        )
        out: list[Estimator] = []
        for part in parts_of(mine):
            estimator = self._estimator(part, person)
            out.append(estimator)
            taken = (*(part.sources if part.fed else ()), *part.also)
            self._feeds |= {(role, source): estimator for source in taken if source in mine}
            if isinstance(estimator, Arousal):
                self.arousal[role] = estimator
        return out

    def _estimator(self, part: Part, person: Person) -> Estimator:
        """Return the estimator of a part; where its devices change, those that take over from each other."""
        epochs = [(first, _fed(person.role, chosen)) for first, chosen in self._epochs]
        terms = changes(epochs, part.sources, part.waits)
        if not part.fed or (len(terms) < 2 and terms[0][0] == self._epochs[0][0]):
            return part.make(person)
        handover = Handover(lambda fed: part.make(replace(person, fed=dict(fed))))
        for first, fed in terms:
            handover.add(first, fed)
        return handover

    @property
    def dropped(self) -> dict[tuple[Role, str], tuple[int, int]]:
        """Return how many samples of each stream came too late, and from the future."""
        return self._intake.dropped

    @property
    def time_bases(self) -> dict[tuple[Role, str], Account]:
        """Return what was found out about the stamps of each stream that does not vouch for its own."""
        return self._intake.time_bases

    def push(self, batch: Batch) -> list[IndexSample]:
        """Process slices; return what they made final, sorted by (available, entity, index, time)."""
        if len(batch.ticks) == 0:
            return []
        ticks = follow(self._last_tick, batch.ticks)
        self._last_tick = float(ticks[-1])
        own = {s.key: self._admit(s, batch, ticks, key) for key, s in self._used.values()}
        passed = {key: own[info.key] for key, info in self._sources.items()}
        out: list[IndexSample] = []
        for role in PEOPLE:
            out += self._person(role, batch, ticks, passed, own)
        both = _lower(*(_of(role, passed) for role in PEOPLE))
        for estimator in self._both:
            for k, event in batch.events:
                estimator.mark(event, float(ticks[k]))
            estimator.hear(out)
            made = estimator.advance(ticks, both)
            out += made if self._aligned or isinstance(estimator, OneHeart | OneSkin) else withheld(made)
        sort_samples(out)
        return out

    def run(self, source: Source) -> list[IndexSample]:
        """Process a whole source."""
        return [sample for batch in gather(source) for sample in self.push(batch)]

    def _admit(self, info: StreamInfo, batch: Batch, ticks: FloatArray, key: tuple[Role, str]) -> FloatArray:
        """Hand admitted samples to the estimator that needs them; return the stream's watermarks."""
        taken = self._intake.take(info, batch, ticks)
        if taken.chunk is not None:
            feed = self._feeds[key]
            if isinstance(feed, Handover):
                feed.take(taken.chunk, batch.numbers[taken.slices])
            elif info.key == self._sources[key].key:
                feed.update(taken.chunk)
        return taken.watermarks

    def _person(
        self, role: Role, batch: Batch, ticks: FloatArray, passed: Passed, own: Passed
    ) -> list[IndexSample]:
        """Let a person's estimators hear what happened and what those before them found, and advance.

        `own` are the watermarks of each stream; where one took over from another, `passed` learns it here.
        """
        events = [(event, float(ticks[k])) for k, event in batch.events if _concerns(event, role)]
        out: list[IndexSample] = []
        for estimator in self._people[role]:
            for event, time in events:
                estimator.mark(event, time)
            estimator.hear(out)
            if isinstance(estimator, Handover):
                out += estimator.follow(batch.numbers, ticks, own)
                passed |= {(role, source): marks for source, marks in estimator.passed.items()}
            else:
                out += estimator.advance(ticks, _of(role, passed))
        return out


def _of_both(fed: Sources, config: PipelineConfig) -> list[Estimator]:
    """Return what compares the two people; each hears those before it."""
    compared = signals_of(fed)
    lone: list[Estimator] = [OneHeart(config)] if one_heart.KIND.is_asked(compared) else []
    lone += [OneSkin(config)] if one_skin.KIND.is_asked(compared) else []
    return [*lone, *(Synchrony(signal, config=config) for signal in compared)]


def _fed(role: Role, chosen: Sources) -> dict[str, StreamInfo]:
    return {source: info for (owner, source), info in chosen.items() if owner == role}


def _of(role: Role, passed: Mapping[tuple[Role, str], FloatArray]) -> Watermarks:
    return {source: marks for (r, source), marks in passed.items() if r == role}


def _lower(one: Watermarks, other: Watermarks) -> Watermarks:
    """Return the lower watermarks of the sources that both people have."""
    return {source: np.minimum(marks, other[source]) for source, marks in one.items() if source in other}


def _concerns(event: Event, role: Role) -> bool:
    """Tell whether an event bears on this person; one of the room or the dyad bears on both."""
    return event.actor == role or event.role == Role.DYAD

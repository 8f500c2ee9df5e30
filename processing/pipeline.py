"""The one graph: samples in, index samples out, live and offline alike (the parts: processing.parts).

    batch → sample times → admission → parts → index samples

The whole of live and of offline is `Pipeline.push` on batches of slices; any cut of a recording into batches
gives the same index samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from processing.coupling.synchrony import Synchrony
from processing.index import Estimator, IndexSample, Watermarks, sort_samples
from processing.intake import Intake, follow
from processing.parts import Person, parts_of, signals_of, sources


class Pipeline:
    """Turn batches into index samples.

    Parameters
    ----------
    streams : sequence of StreamInfo
        The expected streams, as the recorder resolved them; what results wait for must not depend on what
        happened to appear.
    session_id : str
        Seeds the random draws of the chance level.
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
    ) -> None:
        self._aligned, self._corrected = aligned, corrected or {}
        self.config = config or PipelineConfig()
        fed = sources(streams)
        self._sources = {
            key: info for key, info in fed.items() if self.config.respiration.stream or key[1] != "breath"
        }
        self._intake = Intake(list(self._sources.values()), streams, self.config)
        self._feeds: dict[tuple[Role, str], Estimator] = {}
        self._people: dict[Role, list[Estimator]] = {}
        self.arousal: dict[Role, Arousal] = {}
        for role in PEOPLE:
            self._people[role] = self._parts(role, (references or {}).get(role.value))
        self._synchrony = [
            Synchrony(signal, config=self.config, session_id=session_id)
            for signal in signals_of(self._sources)
        ]
        self._last_tick = -np.inf

    def _parts(self, role: Role, reference: Reference | None) -> list[Estimator]:
        """Return the estimators of a person, in the order in which they advance."""
        mine = {source: info for (r, source), info in self._sources.items() if r == role}
        by_hand = {signal: edits for (r, signal), edits in self._corrected.items() if r == role.value}
        person = Person(role=role, fed=mine, config=self.config, reference=reference, corrected=by_hand)
        out = []
        for part in parts_of(mine):
            estimator = part.make(person)
            out.append(estimator)
            taken = (*(part.sources if part.fed else ()), *part.also)
            self._feeds |= {(role, source): estimator for source in taken if source in mine}
            if isinstance(estimator, Arousal):
                self.arousal[role] = estimator
        return out

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
        passed = {key: self._admit(info, batch, ticks, key) for key, info in self._sources.items()}
        out: list[IndexSample] = []
        for role in PEOPLE:
            out += self._person(role, batch, ticks, _of(role, passed))
        both = _lower(*(_of(role, passed) for role in PEOPLE))
        for synchrony in self._synchrony:
            synchrony.hear(out)
            made = synchrony.advance(ticks, both)
            out += made if self._aligned else withheld(made)
        sort_samples(out)
        return out

    def run(self, source: Source) -> list[IndexSample]:
        """Process a whole source."""
        return [sample for batch in gather(source) for sample in self.push(batch)]

    def _admit(self, info: StreamInfo, batch: Batch, ticks: FloatArray, key: tuple[Role, str]) -> FloatArray:
        """Hand admitted samples to the estimator that needs them; return the stream's watermarks."""
        chunk, watermarks = self._intake.take(info, batch, ticks)
        if chunk is not None:
            self._feeds[key].update(chunk)
        return watermarks

    def _person(
        self, role: Role, batch: Batch, ticks: FloatArray, watermarks: Watermarks
    ) -> list[IndexSample]:
        """Let a person's estimators hear what happened and what those before them found, and advance."""
        events = [(event, float(ticks[k])) for k, event in batch.events if _concerns(event, role)]
        out: list[IndexSample] = []
        for estimator in self._people[role]:
            for event, time in events:
                estimator.mark(event, time)
            estimator.hear(out)
            out += estimator.advance(ticks, watermarks)
        return out


def _of(role: Role, passed: Mapping[tuple[Role, str], FloatArray]) -> Watermarks:
    return {source: marks for (r, source), marks in passed.items() if r == role}


def _lower(one: Watermarks, other: Watermarks) -> Watermarks:
    """Return the lower watermarks of the sources that both people have."""
    return {source: np.minimum(marks, other[source]) for source, marks in one.items() if source in other}


def _concerns(event: Event, role: Role) -> bool:
    """Tell whether an event bears on this person; one of the room or the dyad bears on both."""
    return event.actor == role or event.role == Role.DYAD

"""The one graph: which estimator hears which stream.

The whole of live and of offline is `Pipeline.push` on batches of slices; any cut of a recording into batches
gives the same index samples.

                    ┌ voice ────────────────┐               one per person
                    │   └ speaking ┐        │
    batch → times → admission      ↓        │
                    ├ breath ┐     ↓        │
                    ├ heart ←┴┐             ├→ index samples
                    │         ├→ arousal ───┤
                    └ skin ───┘             │
                        └→ synchrony ───────┘               per signal, both people
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from acquisition.batch import Batch, Source, StreamPart, gather
from acquisition.event import Event
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.timebase.account import Account
from acquisition.timebase.vouched import needs_time_base
from acquisition.units import convert
from acquisition.voice.rows import is_turns
from processing.admission import Admission
from processing.arousal.arousal import Arousal
from processing.arousal.baseline import Reference
from processing.config import PipelineConfig
from processing.coupling.synchrony import Synchrony
from processing.heart.heart import Heart
from processing.heart.respiration_stream import Breath
from processing.index import IndexSample, sort_samples
from processing.sample_times import ADDED, SampleTimes
from processing.skin.skin import Skin
from processing.voice.voice import Voice

CARDIAC = (Modality.ECG, Modality.RR, Modality.PPI)
"""Sources of beats, the preferred one first."""
OTHERS = {Modality.RESP: "breath", Modality.EDA: "skin"}
"""Modalities of which the first stream feeds an estimator of its own."""
SPEECH_LATENESS = 4.0
"""Seconds: the heart looks at speech up to 5 s before a beat (`HeartConfig.speech_lag`), and a row of speech
stands for a second that ends up to half a second after its stamp."""
SIGNALS = {"heart": ("hr", "lnrmssd"), "skin": ("scl", "sclslope"), "voice": ("f0", "intensity")}
"""Which synchrony signals need which estimator of both people."""


def sources(streams: Iterable[StreamInfo]) -> dict[tuple[Role, str], StreamInfo]:
    """Choose the streams that feed each person's estimators; "turns" also goes to the voice estimator.

    The first stream of a modality wins, in the order of the session file; ECG goes before RR, RR before PPI.
    """
    chosen: dict[tuple[Role, str], StreamInfo] = {}
    listed = list(streams)
    for role in PEOPLE:
        mine = [s for s in listed if s.role == role]
        cardiac = [s for modality in CARDIAC for s in mine if s.modality == modality]
        if cardiac:
            chosen[role, "heart"] = cardiac[0]
        for stream in reversed(mine):
            if stream.modality in OTHERS:
                chosen[role, OTHERS[stream.modality]] = stream
        voice = [s for s in mine if s.modality == Modality.VOICE]
        for stream in reversed(voice):
            chosen[role, "turns" if is_turns(stream) else "voice"] = stream
    return chosen


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
    """

    def __init__(
        self,
        streams: Sequence[StreamInfo],
        *,
        session_id: str,
        config: PipelineConfig | None = None,
        references: Mapping[str, Reference] | None = None,
    ) -> None:
        self.config = config or PipelineConfig()
        fed = sources(streams)
        self._sources = {
            key: info for key, info in fed.items() if self.config.respiration.stream or key[1] != "breath"
        }
        self._times = {s.key: SampleTimes(s) for s in self._sources.values() if needs_time_base(s, streams)}
        self._gates = {
            s.key: Admission(self._lateness(s), ADDED if s.key in self._times else 0.0)
            for s in self._sources.values()
        }
        self._hearts = {
            r: Heart(
                r.value,
                info.modality,
                config=self.config.heart,
                hears_breathing=(r, "breath") in self._sources,
            )
            for (r, part), info in self._sources.items()
            if part == "heart"
        }
        self._breaths = {
            r: Breath(r.value, config=self.config.respiration)
            for (r, part) in self._sources
            if part == "breath"
        }
        self._skins = {
            r: Skin(r.value, config=self.config.skin) for (r, part) in self._sources if part == "skin"
        }
        self._voices = {
            r: Voice(r.value, config=self.config.voice)
            for r in PEOPLE
            if (r, "voice") in self._sources or (r, "turns") in self._sources
        }
        known = references or {}
        self.arousal = {
            r: Arousal(
                r.value,
                channels_expected=self._channels(r),
                config=self.config.arousal,
                reference=known.get(r.value),
            )
            for r in PEOPLE
            if r in self._hearts or r in self._skins
        }
        self._synchrony = {
            (part, signal): Synchrony(signal, config=self.config.synchrony, session_id=session_id)
            for part, signals in SIGNALS.items()
            if all((role, part) in self._sources for role in PEOPLE)
            for signal in signals
        }
        self._last_tick = -np.inf

    def _lateness(self, info: StreamInfo) -> float:
        """Return how late a sample may be; speech that comes later than this no beat has waited for."""
        seconds = info.lateness if self.config.lateness is None else self.config.lateness
        return min(seconds, SPEECH_LATENESS) if info.modality is Modality.VOICE else seconds

    def _channels(self, role: Role) -> frozenset[str]:
        channels = {"hr"} if role in self._hearts else set[str]()
        return frozenset(channels | ({"scl", "scr"} if role in self._skins else set()))

    @property
    def dropped(self) -> dict[tuple[Role, str], tuple[int, int]]:
        """Return how many samples of each stream came too late, and from the future."""
        return {key: (gate.late, gate.future) for key, gate in self._gates.items()}

    @property
    def time_bases(self) -> dict[tuple[Role, str], Account]:
        """Return what was found out about the stamps of each stream that does not vouch for its own."""
        return {key: times.account for key, times in self._times.items()}

    def push(self, batch: Batch) -> list[IndexSample]:
        """Process slices; return what they made final, sorted by (available, entity, index, time)."""
        if len(batch.ticks) == 0:
            return []
        ticks = np.maximum.accumulate(np.append(self._last_tick, batch.ticks))[1:]
        self._last_tick = float(ticks[-1])
        passed = {key: self._admit(info, batch, ticks, key) for key, info in self._sources.items()}
        out: list[IndexSample] = []
        for role in PEOPLE:
            out += self._person(role, batch, ticks, passed)
        for (part, _), synchrony in self._synchrony.items():
            synchrony.hear(out)
            both = np.minimum(*(passed[role, part] for role in PEOPLE))
            out += synchrony.advance(ticks, both)
        sort_samples(out)
        return out

    def run(self, source: Source) -> list[IndexSample]:
        """Process a whole source."""
        return [sample for batch in gather(source) for sample in self.push(batch)]

    def _admit(self, info: StreamInfo, batch: Batch, ticks: FloatArray, key: tuple[Role, str]) -> FloatArray:
        """Hand admitted samples to the estimator that needs them; return the stream's watermarks."""
        part, arrived = batch.streams.get(info.key), None
        if info.key in self._times:
            settled = self._times[info.key].lay(part, ticks)
            part = settled.part if settled else None
            arrived = (settled.since, settled.until) if settled else None
        admitted = self._gates[info.key].admit(part, ticks, arrived)
        if part is not None and len(admitted.times):
            chunk = _canonical(info, part, admitted.keep, admitted.times)
            self._estimator(*key).update(chunk)
        return admitted.watermarks

    def _estimator(self, role: Role, part: str) -> Breath | Heart | Skin | Voice:
        if part in ("voice", "turns"):
            return self._voices[role]
        if part == "breath":
            return self._breaths[role]
        return self._hearts[role] if part == "heart" else self._skins[role]

    def _person(
        self, role: Role, batch: Batch, ticks: FloatArray, passed: dict[tuple[Role, str], FloatArray]
    ) -> list[IndexSample]:
        out = self._voice(role, batch, ticks, passed)
        breath = passed.get((role, "breath"))
        if breath is not None:
            out += self._breaths[role].advance(ticks, breath)
        if role in self._hearts:
            self._hearts[role].hear(out)
            out += self._hearts[role].advance(ticks, passed[role, "heart"], breath)
        if role in self._skins:
            out += self._skins[role].advance(ticks, passed[role, "skin"])
        if role in self.arousal:
            arousal = self.arousal[role]
            for k, event in batch.events:
                if _concerns(event, role):
                    arousal.mark(event, float(ticks[k]))
            arousal.hear(out)
            mine = [w for (r, part), w in passed.items() if r == role and part in ("heart", "skin")]
            out += arousal.advance(ticks, np.minimum.reduce(mine))
        return out

    def _voice(
        self, role: Role, batch: Batch, ticks: FloatArray, passed: dict[tuple[Role, str], FloatArray]
    ) -> list[IndexSample]:
        if role not in self._voices:
            return []
        voice = self._voices[role]
        for k, event in batch.events:
            if _concerns(event, role):
                voice.mark(event, float(ticks[k]))
        turns = passed.get((role, "turns"))
        rows = passed.get((role, "voice"), turns)
        assert rows is not None
        return voice.advance(ticks, rows, turns)


def _concerns(event: Event, role: Role) -> bool:
    """Tell whether an event bears on this person; one of the room or the dyad bears on both."""
    return event.actor == role or event.role == Role.DYAD


def _canonical(info: StreamInfo, part: StreamPart, keep: np.ndarray, times: FloatArray) -> Chunk:
    """Return the admitted samples in the modality's canonical unit."""
    samples = part.samples if keep.all() else part.samples[keep]
    unit = part.info.unit or info.unit
    return Chunk(part.info, times, convert(np.asarray(samples, float), unit, info.modality))

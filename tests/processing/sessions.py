"""Ten simulated minutes of two people with every sensor, as batches, whole or with something the matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from acquisition.batch import Batch, StreamPart
from acquisition.event import Event
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.voice.rows import ROW_CHANNELS
from processing.config import PipelineConfig
from processing.corrections.edits import Edits
from processing.index import IndexSample
from processing.pipeline import Pipeline

START, SECONDS = 1000.25, 600.0
INFOS = tuple(simulated_streams(ecg=130.0, eda=4.0))
BASELINES = (("baseline_rest", 10.0, 290.0), ("baseline_talk", 300.0, 380.0))
Samples = tuple[FloatArray, FloatArray]
"""Stamps [s] and samples of a stream."""
Change = Callable[[StreamInfo, FloatArray, FloatArray], Samples]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedSession:
    """Hold what was expected, what came, and what was marked."""

    infos: tuple[StreamInfo, ...]
    data: tuple[Samples, ...]
    events: tuple[Event, ...]

    def changed(self, change: Change) -> SimulatedSession:
        """Return the session with every stream changed."""
        data = tuple(change(i, *d) for i, d in zip(self.infos, self.data, strict=True))
        return replace(self, data=data)

    def without(self, *modalities: Modality) -> SimulatedSession:
        """Return the session of people who wear less."""
        kept = [k for k, i in enumerate(self.infos) if i.modality not in modalities]
        return replace(self, infos=tuple(self.infos[k] for k in kept), data=tuple(self.data[k] for k in kept))

    def swapped(self) -> SimulatedSession:
        """Return the session with the two people exchanged."""
        other = {Role.CLIENT: Role.THERAPIST, Role.THERAPIST: Role.CLIENT}
        return replace(self, infos=tuple(replace(i, role=other[i.role]) for i in self.infos))


@cache
def session(seed: int = 7) -> SimulatedSession:
    """Return a session in which all goes well."""
    feed = Feed(Dyad(Script(seed), INFOS), START)
    feed.take(START)
    by_key = {c.info.key: c for c in feed.take(START + SECONDS) if isinstance(c, Chunk)}
    events: list[Event] = []
    for code, on, off in BASELINES:
        events.append(Event(time=START + on, code=code, phase="on", actor="tech", id=f"{code}_on"))
        events.append(Event(time=START + off, code=code, phase="off", actor="tech", id=f"{code}_off"))
    data = tuple((by_key[i.key].times, np.asarray(by_key[i.key].samples, float)) for i in INFOS)
    return SimulatedSession(infos=INFOS, data=data, events=tuple(events))


def with_voice_quality(of: SimulatedSession) -> SimulatedSession:
    """Return the session as a sender of every channel of a voice would have sent it."""
    infos, data = [], []
    for info, (times, samples) in zip(of.infos, of.data, strict=True):
        if info.modality is Modality.VOICE:
            columns = dict(zip(info.channels, samples.T, strict=True))
            ones = np.where(columns["voiced_share"] > 0, 1.0, np.nan)
            rows = [columns.get(c, 0.3 * ones) for c in ROW_CHANNELS]
            info, samples = replace(info, channels=ROW_CHANNELS), np.column_stack(rows)
        infos.append(info)
        data.append((times, samples))
    return replace(of, infos=tuple(infos), data=tuple(data))


def with_ratings(of: SimulatedSession) -> SimulatedSession:
    """Return the session of people who both rate on two axes, on a scale from 0 to 100 at 20 Hz."""
    infos, data = list(of.infos), list(of.data)
    times = np.arange(START, START + SECONDS, 0.05)
    for role, phase in ((Role.CLIENT, 0.0), (Role.THERAPIST, 1.0)):
        axes = [50.0 + 40.0 * np.sin(times / 20.0 + phase), 50.0 + 30.0 * np.cos(times / 35.0 + phase)]
        infos.append(
            StreamInfo(
                name="dial",
                role=role,
                modality=Modality.RATING,
                sfreq=20.0,
                unit="0..100",
                channels=("less … more", "far … near"),
            )
        )
        data.append((times, np.column_stack(axes)))
    return replace(of, infos=tuple(infos), data=tuple(data))


def batches(of: SimulatedSession, cuts: Sequence[int] = (3000,)) -> Iterator[Batch]:
    """Return ticks every 100 ms in batches of so many (repeated); samples come at the first tick after."""
    ticks = np.asarray(START + 0.1 * np.arange(round(10 * SECONDS)), np.float64)
    begin, k = 0, 0
    while begin < len(ticks):
        stop = min(len(ticks), begin + cuts[k % len(cuts)])
        mine = ticks[begin:stop]
        before = float(ticks[begin - 1]) if begin else -np.inf
        yield Batch(
            numbers=np.arange(begin, stop),
            ticks=mine,
            walls=1.7e9 + mine,
            streams=dict(_parts(of, before, mine)),
            events=[
                (int(np.searchsorted(mine, e.time)), e) for e in of.events if before < e.time <= mine[-1]
            ],
        )
        begin, k = stop, k + 1


def _parts(
    of: SimulatedSession, before: float, ticks: FloatArray
) -> Iterable[tuple[tuple[Role, str], StreamPart]]:
    for info, (times, samples) in zip(of.infos, of.data, strict=True):
        first, last = np.searchsorted(times, (before, ticks[-1]), side="right")
        if last > first:
            stamps = times[first:last]
            slices = np.searchsorted(ticks, stamps).astype(np.int64)
            yield info.key, StreamPart(info=info, times=stamps, samples=samples[first:last], slices=slices)


def run(
    of: SimulatedSession,
    *,
    config: PipelineConfig | None = None,
    cuts: Sequence[int] = (3000,),
    corrected: Mapping[tuple[str, str], Edits] | None = None,
) -> list[IndexSample]:
    """Return what the pipeline makes of a session."""
    pipeline = Pipeline(of.infos, session_id="S01", config=config, corrected=corrected)
    return [sample for batch in batches(of, cuts) for sample in pipeline.push(batch)]

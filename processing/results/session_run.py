"""Run the pipeline over one recording, finished or growing, and hold what that gave."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from acquisition.errors import Reassigned
from acquisition.event import Event, Notice
from acquisition.events.overlay import effective, read_overlay
from acquisition.recording.recording import Recording
from processing.arousal.baseline import Reference
from processing.arousal.person import NOBODY, People, for_roles
from processing.config import PipelineConfig
from processing.hour.believed import rows_of
from processing.hour.measure import Measure
from processing.hour.shelter import Shelter
from processing.index import IndexSample
from processing.metrics.day_offset import offset_measures
from processing.metrics.self_report import Filled, filled_in, said_measures
from processing.metrics.session_metrics import Hour, table_parameters, what_the_hour_held
from processing.metrics.session_metrics import metrics as hour_metrics
from processing.metrics.summary import Metric, summarise
from processing.pipeline import Pipeline
from processing.ratings.whole import RatedHour, Ratings, rated_hour, ratings_of
from processing.results.corrected import Corrected
from processing.results.corrected import remarks as of_corrections
from processing.results.later_baselines import REMARK, LaterBaselines, later_baselines
from processing.results.publishing import publishing
from processing.results.refilled import Refills, could_be_refilled, refills
from processing.results.session_json import NOTICE as NOTICE
from processing.results.session_json import remarks
from processing.results.spool import Spool
from processing.verdicts import verdicts

logger = logging.getLogger(__name__)

LONGEST = 12 * 3600.0
"""Seconds of a recording that are processed: memory and time are bounded up to there."""
Progress = Callable[[float], None]
"""Called with the seconds of recording that are done."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SessionRun:
    """Hold what a recording gave.

    Parameters
    ----------
    events : list of Event
        Those that hold: overlay applied, undone ones left out.
    begin, end : float
        First and last tick [s, LSL clock]; nan without any.
    filled : sequence of Filled
        Self-reports of the session.
    corrected : Corrected, optional
        What was corrected by hand, and by whom.
    """

    recording: Recording
    pipeline: Pipeline
    config: PipelineConfig
    people: People
    samples: list[IndexSample]
    events: list[Event]
    notices: list[Notice]
    begin: float
    end: float
    remarks: list[str]
    filled: Sequence[Filled] = ()
    corrected: Corrected | None = None
    ratings: Ratings = field(default_factory=lambda: Ratings(np.empty(0)))
    rated: RatedHour = field(default_factory=RatedHour)
    _rows: dict[tuple[str, str], list[IndexSample]] = field(init=False, default_factory=dict, repr=False)

    @property
    def rows(self) -> Mapping[tuple[str, str], Sequence[IndexSample]]:
        """Return the samples of each (entity, index); they are parted once."""
        if not self._rows:
            self._rows.update(rows_of(self.samples))
        return self._rows

    @property
    def refills(self) -> Refills:
        """Return which rows rest on what came from a device's memory afterwards."""
        of = self.recording
        return refills(self.notices, of.streams, self.config, passed=of.assignments.any)

    @property
    def id(self) -> str:
        """Return the id of the session."""
        return session_id(self.recording)

    @property
    def seconds(self) -> float:
        """Return the length of the recording [s]."""
        return float(np.nan_to_num(self.end - self.begin))

    def hour(self) -> Hour:
        """Work out what the hour held, and take in what people said of it."""
        hour = what_the_hour_held(
            self.id,
            self.samples,
            self.events,
            references(self.pipeline),
            begin=self.begin,
            end=self.end,
            config=self.config,
            aligned=self.recording.aligned,
            rows=self.rows,
        )
        self.remarks.extend(hour.faults)
        said = said_measures(self.recording.session, self.filled)
        for entity in dict.fromkeys((*hour.measures, *said)):
            more = [*self._offsets(entity), *said.get(entity, ())]
            if more:
                hour.measures[entity] = [*hour.measures.get(entity, ()), *more]
        self._rate(hour)
        return hour

    def _rate(self, hour: Hour) -> None:
        """Take in what the ratings of the hour give."""
        shelter = Shelter()
        found = shelter.tried("ratings", lambda: rated_hour(self.ratings, hour.line, self.rows), RatedHour())
        self.remarks.extend([*shelter.faults, *found.remarks])
        for name in ("agreements", "relations", "measures"):
            setattr(self.rated, name, getattr(found, name))
        for entity, more in found.measures.items():
            hour.measures[entity] = [*hour.measures.get(entity, ()), *more]

    def _offsets(self, entity: str) -> list[Measure]:
        """Return the day's offsets of a person; none of the dyad."""
        arousal = {str(role): a for role, a in self.pipeline.arousal.items()}.get(entity)
        return [] if arousal is None else offset_measures(arousal.session, arousal.person)

    def metrics(self, hour: Hour) -> list[Metric]:
        """Return all session metrics, those of the index samples first."""
        identity = {"version": version("attunement"), "parameters": table_parameters(self.config.digest())}
        relative = self.scalings()
        return [
            *summarise(self.rows, scalings=relative, **identity),
            *hour_metrics(hour, scalings=relative, **identity),
        ]

    def scalings(self) -> dict[str, str]:
        """Return what the arousal index of each person is relative to; of the dyad, of both."""
        each = {str(role): str(arousal.scaling) for role, arousal in self.pipeline.arousal.items()}
        return each | {"dyad": ", ".join(sorted(set(each.values())))}


def run_recording(
    path: Path,
    *,
    config: PipelineConfig,
    people: People = NOBODY,
    follow: bool = False,
    spool: Path | None = None,
    progress: Progress | None = None,
    corrected: Corrected | None = None,
) -> SessionRun:
    """Run the pipeline over a recording.

    Parameters
    ----------
    spool : Path, optional
        Directory on whose disk the samples wait for the end, so that memory stays flat while it grows.
    people : People
        References of persons; the arousal index of those who are in it is relative to them.
    corrected : Corrected, optional
        What was corrected by hand in a finished recording.

    Raises
    ------
    RecordingError
        If the recording cannot be read.
    SessionError
        If references are given, and none of anybody in this session.
    """
    while True:
        try:
            return _run(path, config, people, follow, spool, progress, corrected)
        except Reassigned as change:  # what was computed so far was not so: devices were another's
            logger.info("%s", change)


def _run(
    path: Path,
    config: PipelineConfig,
    people: People,
    follow: bool,
    spool: Path | None,
    progress: Progress | None,
    corrected: Corrected | None,
) -> SessionRun:
    edits = {} if corrected is None else corrected.edits
    recording = Recording(path, follow=follow)
    pipeline = Pipeline(
        recording.streams,
        session_id=session_id(recording),
        config=config,
        references=for_roles(people, recording.session, path),
        aligned=recording.aligned,
        corrected=edits,
        epochs=recording.epochs,
    )
    events: list[Event] = []
    notices: list[Notice] = []
    begin = end = np.nan
    with publishing(recording, follow=follow) as publish, ExitStack() as kept:
        samples: list[IndexSample] = []
        waiting = kept.enter_context(Spool(spool)) if spool is not None else None
        keep = samples.extend if waiting is None else waiting.add
        shortened = False
        later = None if follow else later_baselines(path)
        baselines = LaterBaselines(later) if later is not None else None
        for batch in recording.batches():
            if np.isnan(begin) and len(batch.ticks):
                begin = float(batch.ticks[0])
            if batch.ticks[-1] - begin > LONGEST:
                shortened = True
                break
            end = float(batch.ticks[-1])
            events += [event for _, event in batch.events]
            notices += [notice for _, notice in batch.notices]
            made = pipeline.push(batch if baselines is None else baselines.put_in(batch))
            publish(batch, made)
            keep(made)
            if progress:
                progress(end - begin)
        if waiting is not None:
            samples = waiting.read()
    rated = ratings_of(recording, samples, begin, end)
    return SessionRun(
        recording=recording,
        pipeline=pipeline,
        config=config,
        people=people,
        samples=samples,
        events=[*effective(events, read_overlay(path)), *rated.labels],
        notices=notices,
        begin=begin,
        end=end,
        remarks=[
            *([] if corrected is None else of_corrections(corrected, edits, begin, end)),
            *people.otherwise_corrected(recording.session, "" if corrected is None else corrected.who),
            *remarks(recording, pipeline, begin),
            *could_be_refilled(recording, notices),
            *verdicts(samples),
            *rated.remarks,
            *([REMARK] if baselines is not None else []),
            *([f"longer than {LONGEST / 3600:g} h: what comes after is not processed"] if shortened else []),
        ],
        filled=filled_in(recording.session, path),
        corrected=corrected,
        ratings=rated,
    )


def references(pipeline: Pipeline) -> dict[str, Reference | None]:
    """Return what the arousal index of each person with sensors is relative to."""
    return {str(role): arousal.reference for role, arousal in pipeline.arousal.items()}


def own_references(pipeline: Pipeline) -> dict[str, Reference | None]:
    """Return the reference that each person's baselines of this session make."""
    return {str(role): arousal.session for role, arousal in pipeline.arousal.items()}


def session_id(recording: Recording) -> str:
    """Return the id of the session; without a session file the name of its directory."""
    return recording.session.id if recording.session else recording.path.resolve().name

"""What the hour held: all session metrics from index samples and events.

The client's and the therapist's come from the same code and the same random draws: exchanging the two people
exchanges every individual metric and turns the sign of who leads.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from acquisition.event import Event
from processing.arousal.baseline import Reference
from processing.arousal.excursion import Excursion
from processing.clocks import REASON
from processing.config import PipelineConfig
from processing.coupling import (
    common,
    deciding,
    one_heart,
    one_skin,
    shared,
    slopes,
    speech,
    statement,
)
from processing.hour import believed, measure, uncertainty
from processing.hour.believed import rows_of
from processing.hour.measure import Definition, Measure
from processing.hour.shelter import Shelter
from processing.hour.timeline import Timeline, timeline
from processing.index import IndexSample
from processing.indices import INDICES
from processing.metrics import (
    day_offset,
    excursions,
    in_band,
    interventions,
    joint,
    logistic,
    occupancy,
    of_ratings,
    oscillation,
    recovery,
    rupture,
    self_report,
    stretch,
    tallies,
    tolerated,
    turns,
    vagal,
    voices,
)
from processing.metrics.constants import CONSTANT, as_text
from processing.metrics.recovery import Recovery
from processing.metrics.summary import Metric
from processing.responses import epochs, event_locked, matching, moments
from processing.responses.event_locked import Response
from processing.surrogates import (
    coupling_definitions,
    multiverse,
    segment_synchrony,
    session_synchrony,
    talk_states,
    whole_hour,
)
from processing.surrogates.multiverse import Setting

PEOPLE = ("client", "therapist")
MODULES = (
    in_band, excursions, recovery, joint, occupancy, oscillation, stretch, tolerated, vagal, event_locked,
    rupture, interventions, turns, session_synchrony, segment_synchrony, tallies, day_offset, self_report,
    of_ratings,
)  # fmt: skip
OF_THE_BAND = (in_band, excursions, recovery, occupancy, stretch, tolerated)
"""Metrics that are only as good as the baseline they are relative to."""
WORKINGS = (
    epochs, matching, moments, logistic, believed, measure, uncertainty, voices, coupling_definitions,
    whole_hour, multiverse, talk_states, common, deciding, one_heart, one_skin, shared, slopes, speech,
    statement,
)  # fmt: skip
"""What the modules of metrics compute with; it changes a result as they do."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Hour:
    """Hold what a session held: timeline, and per person excursions, recoveries, responses and measures.

    `settings` holds what other settings would say of coupling, `faults` names what could not be computed.
    """

    line: Timeline
    found: Mapping[str, Sequence[Excursion]]
    recovered: Mapping[str, Sequence[Recovery]]
    responses: Sequence[Response]
    measures: dict[str, list[Measure]]
    settings: Sequence[Setting] = ()
    faults: Sequence[str] = ()

    def value(self, entity: str, metric: str) -> Measure | None:
        """Return one measure; None if it was not made."""
        return next((m for m in self.measures.get(entity, ()) if m.metric == metric), None)


def definitions() -> tuple[Definition, ...]:
    """Return the definitions of all session metrics."""
    return tuple(d for module in MODULES for d in module.DEFINITIONS)


def what_the_hour_held(
    session_id: str,
    samples: Sequence[IndexSample],
    events: Sequence[Event],
    references: Mapping[str, Reference | None],
    *,
    begin: float,
    end: float,
    config: PipelineConfig,
    aligned: bool = True,
    rows: Mapping[tuple[str, str], Sequence[IndexSample]] | None = None,
) -> Hour:
    """Compute all session metrics.

    Parameters
    ----------
    samples : sequence of IndexSample
        Of the whole session.
    events : sequence of Event
        Those that hold: overlay applied, undone ones left out.
    references : dict
        Person → what their arousal index is relative to; None without a baseline.
    begin, end : float
        First and last tick [s, LSL clock].
    aligned : bool
        The two people's times may be compared; else what compares them has no value.
    rows : dict, optional
        The samples by (entity, index), where they have been parted.
    """
    rows, shelter = rows_of(samples) if rows is None else rows, Shelter()
    span: dict[str, Any] = {"begin": begin, "end": end, "config": config.arousal}
    empty = timeline(session_id, {}, [], {}, **span)
    line = shelter.tried(
        "the timeline", lambda: timeline(session_id, rows, events, references, **span), empty
    )
    found = {e: _excursions(shelter, line, e, config) for e in line.people}
    recovered = {e: _recoveries(shelter, line, e, found[e]) for e in found}
    no_responses: Sequence[Response] = []
    responses = shelter.tried("responses to events", lambda: event_locked.responses(line), no_responses)
    shelter.faults.extend(f"{r.entity}: {r.signal} around {r.code}: {r.fault}" for r in responses if r.fault)
    measures, settings = _measures(shelter, line, rows, found, recovered, responses, config)
    if not aligned:
        compared = [d for d in definitions() if d.compares]
        measures = {e: [_withheld(m, compared) for m in mine] for e, mine in measures.items()}
        settings = []
    return Hour(
        line=line,
        found=found,
        recovered=recovered,
        responses=responses,
        measures=measures,
        settings=settings,
        faults=shelter.faults,
    )


def _withheld(m: Measure, compared: Sequence[Definition]) -> Measure:
    """Return a measure without its value if it compares times of the two people."""
    if not any(d.matches(m.metric) for d in compared):
        return m
    nothing = math.nan
    return replace(m, value=nothing, ci_low=nothing, ci_high=nothing, reason=REASON)


def _only(rows: Mapping[tuple[str, str], Sequence[IndexSample]], indices: Sequence[str]) -> list[IndexSample]:
    return [s for (_, index), mine in rows.items() if index in indices for s in mine]


def _excursions(shelter: Shelter, line: Timeline, entity: str, config: PipelineConfig) -> Sequence[Excursion]:
    person, none = line.people[entity], list[Excursion]()
    return shelter.tried(
        f"{entity}: excursions", lambda: excursions.find(person, line.times, config.arousal), none
    )


def _recoveries(
    shelter: Shelter, line: Timeline, entity: str, found: Sequence[Excursion]
) -> Sequence[Recovery]:
    person, none = line.people[entity], list[Recovery]()
    return shelter.tried(
        f"{entity}: recoveries", lambda: recovery.recoveries(person, line.times, found), none
    )


def _measures(
    shelter: Shelter,
    line: Timeline,
    rows: Mapping[tuple[str, str], Sequence[IndexSample]],
    found: Mapping[str, Sequence[Excursion]],
    recovered: Mapping[str, Sequence[Recovery]],
    responses: Sequence[Response],
    config: PipelineConfig,
) -> tuple[dict[str, list[Measure]], list[Setting]]:
    """Return entity → measures, each module's alone, so that none takes another with it; other settings."""
    measures = {e: _person(shelter, line, e, found, recovered, responses, config) for e in found}
    both = shelter.measures(
        joint.DEFINITIONS,
        "dyad",
        lambda: joint.joint_measures(
            line, found.get("client", ()), found.get("therapist", ()), reason=joint.of_one(line, rows)
        ),
    )
    old = "; ".join(f"{e}: {person.old}" for e, person in line.people.items() if person.old)
    measures["dyad"] = [_reserved(m, old) for m in both]
    voiced = _only(rows, turns.INDICES)
    marked: tuple[tuple[ModuleType, Callable[[], Mapping[str, Sequence[Measure]]]], ...] = (
        (rupture, lambda: rupture.rupture_measures(line)),
        (interventions, lambda: interventions.intervention_measures(line, found, recovered)),
        (turns, lambda: _turns(line, voiced)),
    )
    for module, act in marked:
        for entity, more in shelter.by_entity(module.DEFINITIONS, list(measures), act).items():
            if entity in measures:
                measures[entity] += more
    settings: list[Setting] = []

    def coupled() -> list[Measure]:
        found = session_synchrony.coupling(line, rows, config.synchrony)
        settings.extend(found.settings)
        return found.measures

    compared: tuple[tuple[ModuleType, Callable[[], Sequence[Measure]]], ...] = (
        (session_synchrony, coupled),
        (segment_synchrony, lambda: segment_synchrony.segment_measures(line, rows, config.synchrony)),
    )
    for module, make in compared:
        measures["dyad"] += shelter.measures(module.DEFINITIONS, "dyad", make)
    return measures, settings


def _person(
    shelter: Shelter,
    line: Timeline,
    entity: str,
    found: Mapping[str, Sequence[Excursion]],
    recovered: Mapping[str, Sequence[Recovery]],
    responses: Sequence[Response],
    config: PipelineConfig,
) -> list[Measure]:
    person, mine, id_ = line.people[entity], found[entity], line.session_id
    parts: tuple[tuple[ModuleType, Callable[[], Sequence[Measure]]], ...] = (
        (in_band, lambda: in_band.time_in_band(person, line.times, mine)),
        (excursions, lambda: excursions.excursion_measures(person, mine, id_)),
        (
            recovery,
            lambda: recovery.recovery_measures(recovered[entity], person.valid_pct, person.missing),
        ),
        (occupancy, lambda: occupancy.occupancy_measures(person)),
        (stretch, lambda: stretch.stretch_measures(person, line.times, mine, tolerated.upper(line, person))),
        (tolerated, lambda: tolerated.tolerated_measures(tolerated.labels(line, person), id_)),
        (vagal, lambda: vagal.vagal_measures(line, person, config.heart.rmssd_window)),
        (event_locked, lambda: event_locked.response_measures(responses, entity, id_)),
        (tallies, lambda: tallies.tally_measures(line, entity)),
        (oscillation, lambda: oscillation.oscillation_measures(person, id_, config.arousal)),
    )
    return [
        _reserved(m, person.old if module in OF_THE_BAND else person.placed if module is vagal else "")
        for module, act in parts
        for m in shelter.measures(module.DEFINITIONS, entity, act)
    ]


def _reserved(m: Measure, why: str) -> Measure:
    """Return a measure that says beside its value why it is to be read with care."""
    if math.isnan(m.value) or not why:
        return m
    return replace(m, reason="; ".join(part for part in (m.reason, why) if part))


def _turns(line: Timeline, samples: Sequence[IndexSample]) -> dict[str, list[Measure]]:
    """Return turn-taking from the end of the rest baseline, in which nobody speaks, to the end."""
    if len(line.times) == 0:
        return {}
    begin = max((i.stop for i in line.marked("baseline_rest")), default=line.begin)
    end = float(line.times[-1])
    return turns.turn_measures(samples, begin=begin, end=end, session_id=line.session_id)


def metrics(hour: Hour, *, version: str, parameters: str, scalings: Mapping[str, str]) -> list[Metric]:
    """Return the measures as rows of metrics.parquet.

    Parameters
    ----------
    scalings : dict
        Entity → what its arousal index is relative to.
    parameters : str
        Hash of all that the table depends on (`table_parameters`).
    """
    return [
        Metric(
            entity=entity,
            metric=m.metric,
            value=m.value,
            unit=m.unit,
            n=m.n,
            valid_pct=m.valid_pct,
            ci_low=m.ci_low,
            ci_high=m.ci_high,
            se=m.se,
            scaling=scalings.get(entity, ""),
            method=m.method,
            version=version,
            parameters=parameters,
            reason=m.reason,
        )
        for entity in (*PEOPLE, "dyad")
        for m in hour.measures.get(entity, ())
    ]


def table_parameters(pipeline: str) -> str:
    """Return the hash of a table of metrics: parameters of the pipeline and all constants of metrics."""
    return hashlib.sha256((pipeline + fixed_parameters()).encode()).hexdigest()[:16]


def fixed_parameters() -> str:
    """Return every constant of the session metrics as text, for the hash."""
    constants = {
        f"{module.__name__}.{name}": as_text(value)
        for module in (*MODULES, *WORKINGS)
        for name, value in vars(module).items()
        # The records of the indices are of the configuration, which is hashed.
        if name.isupper() and value is not INDICES and isinstance(value, CONSTANT)
    }
    return json.dumps(constants, sort_keys=True)

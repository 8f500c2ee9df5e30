"""What the hour held: all session metrics from index samples and events.

The client's and the therapist's come from the same code and the same random draws: exchanging the two people
exchanges every individual metric and turns the sign of who leads.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from acquisition.event import Event
from processing.arousal.baseline import Reference
from processing.arousal.excursion import Excursion
from processing.clocks import REASON
from processing.config import PipelineConfig
from processing.hour import measure, uncertainty
from processing.hour.measure import Definition, Measure
from processing.hour.timeline import Timeline, rows_of, timeline
from processing.index import IndexSample
from processing.metrics import (
    epochs,
    event_locked,
    excursions,
    in_band,
    interventions,
    joint,
    logistic,
    occupancy,
    oscillation,
    recovery,
    rupture,
    self_report,
    stretch,
    tolerated,
    turns,
    vagal,
    voices,
)
from processing.metrics.event_locked import Response
from processing.metrics.recovery import Recovery
from processing.metrics.summary import Metric
from processing.surrogates import segment_synchrony, session_synchrony

PEOPLE = ("client", "therapist")
MODULES = (
    in_band, excursions, recovery, joint, occupancy, oscillation, stretch, tolerated, vagal, event_locked,
    rupture, interventions, turns, session_synchrony, segment_synchrony, self_report,
)  # fmt: skip
WORKINGS = (epochs, logistic, measure, uncertainty, voices)
"""What the modules of metrics compute with; it changes a result as they do."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Hour:
    """Hold what a session held: timeline, and per person excursions, recoveries, responses and measures."""

    line: Timeline
    found: Mapping[str, Sequence[Excursion]]
    recovered: Mapping[str, Sequence[Recovery]]
    responses: Sequence[Response]
    measures: dict[str, list[Measure]]

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
    """
    rows = rows_of(samples)
    line = timeline(session_id, rows, events, references, begin=begin, end=end, config=config.arousal)
    found = {e: excursions.find(p, line.times, config.arousal) for e, p in line.people.items()}
    recovered = {e: recovery.recoveries(line.people[e], line.times, found[e]) for e in found}
    responses = event_locked.responses(line)
    measures: dict[str, list[Measure]] = {e: _person(line, e, found, recovered, responses) for e in found}
    for e in found:
        measures[e] += oscillation.oscillation_measures(line.people[e], session_id, config.arousal)
    measures["dyad"] = joint.joint_measures(line, found.get("client", ()), found.get("therapist", ()))
    for part in (rupture.rupture_measures(line), interventions.intervention_measures(line, found, recovered)):
        for entity, more in part.items():
            measures[entity] += more
    for entity, more in _turns(line, _only(rows, turns.INDICES)).items():
        if entity in measures:
            measures[entity] += more
    coupled = _only(rows, session_synchrony.INDICES)
    measures["dyad"] += session_synchrony.synchrony_measures(line, coupled)
    measures["dyad"] += segment_synchrony.segment_measures(line, coupled)
    if not aligned:
        compared = [d for d in definitions() if d.compares]
        measures = {e: [_withheld(m, compared) for m in mine] for e, mine in measures.items()}
    return Hour(line=line, found=found, recovered=recovered, responses=responses, measures=measures)


def _withheld(m: Measure, compared: Sequence[Definition]) -> Measure:
    """Return a measure without its value if it compares times of the two people."""
    if not any(d.matches(m.metric) for d in compared):
        return m
    nothing = math.nan
    return replace(m, value=nothing, ci_low=nothing, ci_high=nothing, reason=REASON)


def _only(rows: Mapping[tuple[str, str], Sequence[IndexSample]], indices: Sequence[str]) -> list[IndexSample]:
    return [s for (_, index), mine in rows.items() if index in indices for s in mine]


def _person(
    line: Timeline,
    entity: str,
    found: Mapping[str, Sequence[Excursion]],
    recovered: Mapping[str, Sequence[Recovery]],
    responses: Sequence[Response],
) -> list[Measure]:
    person, mine = line.people[entity], found[entity]
    return [
        *in_band.time_in_band(person, line.times, mine),
        *excursions.excursion_measures(person, mine, line.session_id),
        *recovery.recovery_measures(recovered[entity], person.valid_pct, person.missing),
        *occupancy.occupancy_measures(person),
        *stretch.stretch_measures(person),
        *tolerated.tolerated_measures(tolerated.labels(line, person), line.session_id),
        *vagal.vagal_measures(line, person),
        *event_locked.response_measures(responses, entity, line.session_id),
    ]


def _turns(line: Timeline, samples: Sequence[IndexSample]) -> dict[str, list[Measure]]:
    """Return turn-taking from the end of the rest baseline, in which nobody speaks, to the end."""
    if len(line.times) == 0:
        return {}
    begin = max((i.stop for i in line.marked("baseline_rest")), default=line.begin)
    end = float(line.times[-1])
    return turns.turn_measures(samples, begin=begin, end=end, session_id=line.session_id)


def metrics(hour: Hour, *, version: str, parameters: str) -> list[Metric]:
    """Return the measures as rows of metrics.parquet.

    Parameters
    ----------
    parameters : str
        Hash of the parameters of the pipeline; that of the session metrics is worked into it.
    """
    digest = hashlib.sha256((parameters + fixed_parameters()).encode()).hexdigest()[:16]
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
            method=m.method,
            version=version,
            parameters=digest,
            reason=m.reason,
        )
        for entity in (*PEOPLE, "dyad")
        for m in hour.measures.get(entity, ())
    ]


def fixed_parameters() -> str:
    """Return every constant of the session metrics as text, for the hash."""
    constants = {
        f"{module.__name__}.{name}": repr(value)
        for module in (*MODULES, *WORKINGS)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float | str | tuple | dict)
    }
    return json.dumps(constants, sort_keys=True)

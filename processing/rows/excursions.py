"""Every excursion of an hour in a row, and approaches: how far, how long, how soon back, what was done."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.excursion import Excursion
from processing.hour.timeline import Interval, Person, Timeline
from processing.metrics.recovery import Recovery
from processing.rows.courses import approaches, course_of_approach, course_of_excursion

ANSWERS = ("int_support", "int_regulate", "repair_attempt")
"""Interventions that may answer an excursion."""
KNOWN_AFTER = 10.0
"""An excursion is known so long after it began [s]."""
BEFORE = 30
"""Stretch before it over which the other person is looked at [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionRow:
    """Hold one excursion; times since the recording began [s], nan or "" where there is nothing.

    Parameters
    ----------
    side : str
        above or below.
    crossed : bool
        It passed the edge; one that did not is an approach, with a depth below 0, and is counted nowhere.
    course : str
        How it went (`processing.rows.courses`); exploratory.
    depth, area : float
        Past the edge [SD], [SD s].
    censored, t50_censored : bool
        A gap or an end cut it, or the way back.
    answer : str
        The first intervention that began once the excursion was known and before it ended.
    latency : float
        Of that, from when the excursion was known [s].
    partner_z : float
        Mean |z| of the other person's index in the 30 s before [SD of their rest].
    speaking : float
        Share of it in which the person spoke.
    """

    person: str
    side: str
    crossed: bool
    course: str
    on: float
    off: float
    peak: float
    depth: float
    area: float
    t50: float
    t50_censored: bool
    censored: bool
    answer: str
    latency: float
    partner_z: float
    speaking: float


def excursion_rows(
    line: Timeline, found: Mapping[str, Sequence[Excursion]], recovered: Mapping[str, Sequence[Recovery]]
) -> list[ExcursionRow]:
    """Return excursions and approaches of both people in order of time."""
    answers = line.marked(*ANSWERS)
    rows = [
        _row(
            line,
            entity,
            excursion,
            recovery,
            answers,
            course_of_excursion(line, line.people[entity], excursion),
        )
        for entity in found
        for excursion, recovery in zip(found[entity], recovered[entity], strict=True)
    ]
    rows += [
        _row(line, entity, e, None, answers, course_of_approach(line, entity, e))
        for entity in found
        for e in approaches(line.people[entity], line.times, found[entity])
    ]
    return sorted(rows, key=lambda r: (r.on, r.person))


def _row(
    line: Timeline,
    entity: str,
    e: Excursion,
    recovery: Recovery | None,
    answers: Sequence[Interval],
    course: str,
) -> ExcursionRow:
    """Return a row; an approach has no recovery."""
    known = e.on + KNOWN_AFTER
    first = next((a for a in answers if known <= a.start <= e.off), None)
    others = [p for name, p in line.people.items() if name != entity]
    inside = (line.times >= e.on) & (line.times < e.off)
    return ExcursionRow(
        person=entity,
        side="above" if e.side > 0 else "below",
        crossed=recovery is not None,
        course=course,
        on=e.on - line.begin,
        off=e.off - line.begin,
        peak=e.peak,
        depth=e.depth,
        area=e.area,
        t50=recovery.seconds if recovery else math.nan,
        t50_censored=recovery.censored if recovery else False,
        censored=e.censored,
        answer=first.code if first else "",
        latency=first.start - known if first else math.nan,
        partner_z=away(line, others[0], e.on) if others else math.nan,
        speaking=_mean(line.people[entity].speaking[inside]),
    )


def away(line: Timeline, person: Person, on: float) -> float:
    """Return a person's mean |z| in the 30 s before a moment [SD of their rest]; nan where unknown."""
    before = (line.times >= on - BEFORE) & (line.times < on) & person.valid
    return _mean(np.abs(person.arousal[before] - person.median[before]) / person.scale[before])


def _mean(values: FloatArray) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else math.nan

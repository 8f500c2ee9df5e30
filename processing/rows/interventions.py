"""Every intervention of an hour in a row for each person: index, excursion, and how soon it came back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing.arousal.excursion import Excursion
from processing.hour.timeline import Interval, Person, Timeline
from processing.metrics.interventions import CODES, t50_after
from processing.rows.excursions import ANSWERS

SLOPE = 30
"""Stretch before the onset over which the slope is taken [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionRow:
    """Hold one intervention beside one person's index; times since the recording began [s], nan if unknown.

    Parameters
    ----------
    minutes : float
        Its length, the dose.
    arousal, slope : float
        Index at the onset [SD], and its slope over the 30 s before [SD/min].
    excursion : float
        When the excursion of this person began in which it was given [s]; nan outside any.
    t50_after : float
        Of one given in an excursion: from its onset until the index is half way back from there to its
        median at rest, held 5 s [s].
    t50_censored : bool
        A gap or the end came first.
    """

    code: str
    actor: str
    on: float
    off: float
    minutes: float
    censored: bool
    person: str
    arousal: float
    slope: float
    excursion: float
    t50_after: float
    t50_censored: bool


def intervention_rows(line: Timeline, found: Mapping[str, Sequence[Excursion]]) -> list[InterventionRow]:
    """Return the interventions in order of time, each beside both people."""
    spans = line.marked(*dict.fromkeys((*CODES, *ANSWERS)))
    return [_row(line, span, entity, found.get(entity, ())) for span in spans for entity in line.people]


def _row(line: Timeline, span: Interval, entity: str, found: Sequence[Excursion]) -> InterventionRow:
    person = line.people[entity]
    at = int(np.searchsorted(line.times, span.start))
    there = at < len(line.times) and bool(person.valid[at])
    inside, seconds, cut = t50_after(line, person, span.start, found)
    return InterventionRow(
        code=span.code,
        actor=span.actor,
        on=span.start - line.begin,
        off=span.stop - line.begin,
        minutes=(span.stop - span.start) / 60.0,
        censored=span.censored,
        person=entity,
        arousal=float(person.arousal[at]) if there else math.nan,
        slope=_slope(person, at),
        excursion=inside.on - line.begin if inside else math.nan,
        t50_after=seconds,
        t50_censored=cut,
    )


def _slope(person: Person, at: int) -> float:
    """Return the least-squares slope before a second [SD/min]; nan where under 80 % of it is valid."""
    start = max(at - SLOPE, 0)
    values = np.where(person.valid, person.arousal, np.nan)[start:at]
    seconds = np.flatnonzero(np.isfinite(values)).astype(float)
    if len(seconds) < 0.8 * SLOPE:
        return math.nan
    away = seconds - seconds.mean()
    return 60.0 * float(away @ values[np.isfinite(values)]) / float(away @ away)

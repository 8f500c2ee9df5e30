"""Every five seconds of every excursion in a row: what the way back is modelled from, over sessions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processing.arousal.excursion import Excursion
from processing.hour.timeline import Person, Timeline
from processing.rows.excursions import KNOWN_AFTER, away

BIN = 5.0
"""Length of a row [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBackRow:
    """Hold one bin of an excursion; all but `returned` from before it began.

    Parameters
    ----------
    excursion, since : float
        When the excursion began, since the recording did [s]; begin of the bin since then [s].
    steadiness : float
        −mean |z| of the other person's index in the 30 s before [SD of their rest].
    depth : float
        How far past the edge the index had been up to then [SD].
    speaking : float
        Share of the last 5 s in which the person spoke.
    returned : bool
        The excursion ended in this bin. One that was cut has no such row.
    """

    person: str
    excursion: float
    since: float
    steadiness: float
    depth: float
    speaking: float
    returned: bool


def way_back_rows(line: Timeline, found: Mapping[str, Sequence[Excursion]]) -> list[WayBackRow]:
    """Return the bins of the excursions of both people, from when each was known on."""
    rows = [row for entity in found for e in found[entity] for row in _bins(line, entity, e)]
    return sorted(rows, key=lambda r: (r.excursion, r.person, r.since))


def _bins(line: Timeline, entity: str, e: Excursion) -> list[WayBackRow]:
    person = line.people[entity]
    other = next((p for name, p in line.people.items() if name != entity), None)
    begins = np.arange(e.on + KNOWN_AFTER, e.off, BIN)
    whole = begins if not e.censored else begins[begins + BIN <= e.off]
    return [
        WayBackRow(
            person=entity,
            excursion=e.on - line.begin,
            since=begin - e.on,
            steadiness=-away(line, other, begin) if other is not None else math.nan,
            depth=_depth(line, person, e, begin),
            speaking=_speaking(line, person, begin),
            returned=not e.censored and begin + BIN >= e.off,
        )
        for begin in whole.tolist()
    ]


def _depth(line: Timeline, person: Person, e: Excursion, until: float) -> float:
    inside = (line.times >= e.on) & (line.times < until) & person.valid
    edge = person.high if e.side > 0 else person.low
    past = e.side * (person.arousal[inside] - edge[inside])
    return float(past.max()) if len(past) else math.nan


def _speaking(line: Timeline, person: Person, until: float) -> float:
    values = person.speaking[(line.times >= until - BIN) & (line.times < until)]
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else math.nan

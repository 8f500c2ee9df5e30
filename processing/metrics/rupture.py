"""Rupture and repair: how soon, how far resolved, and what the arousal index of both people did.

Withdrawal and confrontation are never pooled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Interval, Person, Timeline
from processing.hour.uncertainty import mean_interval

KINDS = ("rupture_withdraw", "rupture_confront")
BEFORE, AFTER = (-60.0, -10.0), (60.0, 180.0)
SOURCE = "Eubanks, Muran & Safran (2015): Rupture Resolution Rating System (3RS)"
BOOT = "bootstrap-t over ruptures"
COUNT = Definition(
    name="{code}_count",
    among=KINDS,
    baselines="count",
    whose="dyad",
    unit="",
    text="marked ruptures of this kind",
    bare="a count of what was marked",
    source=SOURCE,
)
LATENCY = Definition(
    name="{code}_latency",
    among=KINDS,
    baselines="count",
    whose="dyad",
    unit="s",
    text="mean time from the start of the rupture to the next repair_attempt",
    interval=BOOT,
)
RESOLUTION = Definition(
    name="{code}_resolution",
    among=KINDS,
    baselines="count",
    whose="dyad",
    unit="",
    text="mean of the marked resolution, 1 to 5",
    interval=BOOT,
    source=SOURCE,
)
CHANGE = Definition(
    name="{code}_arousal_change",
    among=KINDS,
    baselines="count",
    whose="person",
    unit="SD",
    text="mean change of the arousal index: +60 … +180 s after the repair against −60 … −10 s before "
    "the rupture",
    interval=BOOT,
)
OF_DYAD, OF_PERSON = (COUNT, LATENCY, RESOLUTION), (CHANGE,)
DEFINITIONS = (*OF_DYAD, *OF_PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Hold one rupture and what followed: moments [s, LSL clock] and the resolution, nan where not marked."""

    kind: str
    start: float
    attempt: float
    repaired: float
    resolution: float


def courses(line: Timeline) -> list[Course]:
    """Pair each rupture with the next repair attempt and resolution before another rupture begins."""
    ruptures = line.marked(*KINDS)
    out = []
    for k, rupture in enumerate(ruptures):
        until = ruptures[k + 1].start if k + 1 < len(ruptures) else math.inf
        attempts = [i for i in line.marked("repair_attempt") if _follows(i.start, rupture, until)]
        solved = [
            e
            for e in line.points
            if e.code == "repair_resolved"
            and (e.ref == rupture.id != "" or _follows(e.onset, rupture, until))
        ]
        value = solved[0].value if solved else None
        out.append(
            Course(
                kind=rupture.code,
                start=rupture.start,
                attempt=attempts[0].start if attempts else math.nan,
                repaired=solved[0].onset if solved else attempts[0].stop if attempts else math.nan,
                resolution=float(value) if isinstance(value, int | float) else math.nan,
            )
        )
    return out


def _follows(time: float, rupture: Interval, until: float) -> bool:
    return rupture.start <= time < until


def change(course: Course, person: Person, times: FloatArray) -> float:
    """Return ΔA of one rupture [SD]; nan where either side has under half of its seconds."""
    sides = []
    for moment, (a, b) in ((course.start, BEFORE), (course.repaired, AFTER)):
        if math.isnan(moment):
            return math.nan
        values = person.arousal[(times >= moment + a) & (times < moment + b)]
        finite = values[np.isfinite(values)]
        sides.append(float(finite.mean()) if 2 * len(finite) >= b - a else math.nan)
    return sides[1] - sides[0]


def rupture_measures(line: Timeline) -> dict[str, list[Measure]]:
    """Return entity → measures, for the kinds that were marked."""
    found = courses(line)
    out: dict[str, list[Measure]] = {"dyad": [], **{e: [] for e in line.people}}
    for kind in KINDS:
        mine = [c for c in found if c.kind == kind]
        if not mine:
            continue
        out["dyad"].append(measure(COUNT, float(len(mine)), len(mine), code=kind))
        delays = np.array([c.attempt - c.start for c in mine])
        out["dyad"].append(_mean(LATENCY, delays, kind, line, "no repair_attempt marked"))
        marked = np.array([c.resolution for c in mine])
        out["dyad"].append(_mean(RESOLUTION, marked, kind, line, "no resolution marked"))
        for entity, person in line.people.items():
            changes = np.array([change(c, person, line.times) for c in mine])
            why = person.missing or "no repair marked, or too little of the index around it"
            out[entity].append(_mean(CHANGE, changes, kind, line, why))
    return out


def _mean(definition: Definition, values: FloatArray, kind: str, line: Timeline, reason: str) -> Measure:
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return nothing([definition], reason, code=kind)[0]
    interval = mean_interval(finite, seeded(line.session_id, definition.name, kind))
    return measure(definition, float(finite.mean()), len(finite), interval=interval, code=kind)

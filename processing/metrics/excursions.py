"""Excursions of a session: how many, how often, how far, how long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.band import ArousalConfig
from processing.arousal.excursion import Excursion, excursions
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Person
from processing.hour.uncertainty import GARWOOD, mean_interval, poisson_interval
from processing.metrics.in_band import gate

COUNTED = "a count of what happened"
COUNT = Definition(
    name="excursions_count",
    whose="person",
    unit="",
    text="excursions from the band: past an edge for 10 s until 0.5 s_A inside for 5 s; same-side ones "
    "at most 10 s apart are one",
    bare="a count of what happened: excursions_rate has one",
)
COUNT_ABOVE = Definition(
    name="excursions_above_count",
    whose="person",
    unit="",
    text="excursions above the band",
    bare=COUNTED,
)
COUNT_BELOW = Definition(
    name="excursions_below_count",
    whose="person",
    unit="",
    text="excursions below the band",
    bare=COUNTED,
)
CENSORED = Definition(
    name="excursions_censored_count",
    whose="person",
    unit="",
    text="excursions cut by a gap or an end, counted but left out of duration and area",
    bare=COUNTED,
)
RATE = Definition(
    name="excursions_rate",
    whose="person",
    unit="1/h",
    text="excursions per hour of valid time",
    interval="exact Poisson",
    source=GARWOOD,
)
DEPTH = Definition(
    name="excursion_depth_mean",
    whose="person",
    unit="SD",
    text="mean of the furthest distance past the edge",
    interval="bootstrap-t over excursions, 2000 draws",
)
DURATION = Definition(
    name="excursion_duration_mean",
    whose="person",
    unit="s",
    text="mean of off − on of excursions that were not cut",
    interval="bootstrap-t over excursions, 2000 draws",
)
AREA = Definition(
    name="excursion_area_mean",
    whose="person",
    unit="SD s",
    text="mean area past the edge over [on, off) of excursions that were not cut",
    interval="bootstrap-t over excursions, 2000 draws",
)
OF_EACH = (DEPTH, DURATION, AREA)
COUNTS = (COUNT, COUNT_ABOVE, COUNT_BELOW, CENSORED)
DEFINITIONS = (*COUNTS, RATE, *OF_EACH)


def find(person: Person, times: FloatArray, config: ArousalConfig) -> list[Excursion]:
    """Return the excursions of the hour proper; everything else is unknown and cuts."""
    values = np.where(person.valid, person.arousal, np.nan)
    return excursions(
        times, values, person.low, person.high, person.scale,
        hold=config.hold, back=config.back, inside=config.inside,
    )  # fmt: skip


def excursion_measures(person: Person, found: Sequence[Excursion], session_id: str) -> list[Measure]:
    """Return number, rate, depth, duration and area."""
    n, pct = int(np.count_nonzero(person.valid)), person.valid_pct
    if not n:
        return nothing(DEFINITIONS, gate(person), 0, pct)
    whole = [e for e in found if not e.censored]
    counts = (len(found), *(sum(e.side == s for e in found) for s in (1, -1)), len(found) - len(whole))
    out = [measure(d, float(c), c, pct) for d, c in zip(COUNTS, counts, strict=True)]
    why = gate(person)
    if why:
        out += nothing([RATE], why, n, pct)
    else:
        low, high = poisson_interval(len(found))
        hours = n / 3600.0
        out.append(measure(RATE, len(found) / hours, len(found), pct, interval=(low / hours, high / hours)))
    listed = ([e.depth for e in found], [e.duration for e in whole], [e.area for e in whole])
    for definition, values in zip(OF_EACH, listed, strict=True):
        out.append(_mean(definition, np.array(values), pct, session_id))
    return out


def _mean(definition: Definition, values: FloatArray, pct: float, session_id: str) -> Measure:
    if len(values) == 0:
        return nothing([definition], "no excursion that was not cut", 0, pct)[0]
    interval = mean_interval(values, seeded(session_id, definition.name))
    return measure(definition, float(values.mean()), len(values), pct, interval=interval)

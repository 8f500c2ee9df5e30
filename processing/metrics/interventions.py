"""Interventions: how long, who spoke, and where the arousal index was meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.arousal.excursion import Excursion
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Person, Timeline
from processing.hour.uncertainty import BATCHES, series_interval
from processing.metrics.in_band import parts_interval, seconds_in
from processing.metrics.recovery import Recovery, kaplan_meier_median

CODES = ("int_support", "int_regulate", "int_explore", "int_express", "int_restructure", "int_psychoed")
KINDS = {
    "supportive": ("int_support", "int_regulate"),
    "change_oriented": ("int_express", "int_restructure"),
}
"""The two kinds of work; exploring and explaining belong to neither."""
LEAST = 30
MINUTES = Definition(
    name="{code}_minutes",
    whose="dyad",
    unit="min",
    text="minutes marked with this intervention",
    bare="a length that is known",
)
TALK = Definition(
    name="{code}_talk_pct",
    whose="person",
    unit="%",
    text="share of the marked time in which this person speaks",
    interval=BATCHES,
)
MEAN = Definition(
    name="{code}_arousal_mean",
    whose="person",
    unit="SD",
    text="mean arousal index in the marked time",
    interval=BATCHES,
)
PEAK = Definition(
    name="{code}_arousal_peak",
    whose="person",
    unit="SD",
    text="highest arousal index in the marked time",
    bare="the highest value seen; drawing from values cannot go beyond it",
)
OVER = Definition(
    name="{code}_above_pct",
    whose="person",
    unit="%",
    text="share of the valid marked time in an excursion above the band",
    interval="as time_above_pct, from the part of each excursion that lies in it",
)
T50 = Definition(
    name="{code}_t50",
    whose="person",
    unit="s",
    text="Kaplan-Meier median recovery of the excursions that peak in the marked time",
    interval="as recovery_t50",
)
OF_PERSON = (TALK, MEAN, PEAK, OVER, T50)
DEFINITIONS = (MINUTES, *OF_PERSON)


def intervention_measures(
    line: Timeline,
    found: Mapping[str, Sequence[Excursion]],
    recovered: Mapping[str, Sequence[Recovery]],
) -> dict[str, list[Measure]]:
    """Return entity → measures for each intervention that was marked, and for the two kinds of work."""
    out: dict[str, list[Measure]] = {"dyad": [], **{e: [] for e in line.people}}
    groups = {**{c: (c,) for c in CODES}, **KINDS}
    for name, codes in groups.items():
        spans = line.marked(*codes)
        if not spans:
            continue
        inside = line.within(spans)
        seconds = int(np.count_nonzero(inside))
        out["dyad"].append(measure(MINUTES, seconds / 60.0, len(spans), code=name))
        for entity, person in line.people.items():
            out[entity] += _person(line, person, inside, found[entity], recovered[entity], name)
    return out


def _person(
    line: Timeline,
    person: Person,
    inside: BoolArray,
    found: Sequence[Excursion],
    recovered: Sequence[Recovery],
    name: str,
) -> list[Measure]:
    n = int(np.count_nonzero(inside))
    out = [_talk(person.speaking[inside & np.isfinite(person.speaking)], name)]
    valid = inside & person.known
    values = person.arousal[valid]
    pct = 100.0 * len(values) / n if n else math.nan
    if len(values) < LEAST:
        why = person.missing or f"{len(values)} s of valid index, {LEAST} s are needed"
        return out + nothing((MEAN, PEAK, OVER, T50), why, len(values), pct, code=name)
    around = series_interval(values, lambda v: float(v.mean()))
    out.append(measure(MEAN, float(values.mean()), len(values), pct, interval=around, code=name))
    out.append(measure(PEAK, float(values.max()), len(values), pct, code=name))
    parts = [(e, seconds_in(e, line.times, valid)) for e in found if e.side > 0]
    over, around = 100.0 * sum(k for _, k in parts) / len(values), parts_interval(parts, len(values))
    out.append(measure(OVER, over, len(values), pct, interval=around, code=name))
    peaks = [int(np.searchsorted(line.times, e.peak_time)) for e in found]
    mine = [r for k, r in zip(peaks, recovered, strict=True) if inside[k]]
    return [*out, _t50(mine, name)]


def _talk(speech: FloatArray, name: str) -> Measure:
    if len(speech) < LEAST:
        return nothing([TALK], "no voice activity", len(speech), code=name)[0]
    low, high = series_interval(100.0 * speech, lambda v: float(v.mean()))
    share = 100.0 * float(speech.mean())
    around = (max(low, 0.0), min(high, 100.0)) if math.isfinite(low) else (math.nan, math.nan)
    return measure(TALK, share, len(speech), interval=around, code=name)


def _t50(found: Sequence[Recovery], name: str) -> Measure:
    if not found:
        return nothing([T50], "no excursion peaks in it", code=name)[0]
    seconds, seen = np.array([r.seconds for r in found]), np.array([not r.censored for r in found])
    middle, low, high = kaplan_meier_median(seconds, seen)
    reason = "fewer than half recovered before a cut" if math.isnan(middle) else ""
    return measure(T50, middle, len(found), interval=(low, high), reason=reason, code=name)

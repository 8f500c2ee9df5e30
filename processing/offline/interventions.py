"""Interventions: how long, who spoke, and where the arousal index was meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from acquisition.stream import BoolArray
from processing.excursion import Excursion
from processing.offline.measure import Definition, Measure, measure, nothing
from processing.offline.recovery import Recovery, kaplan_meier_median
from processing.offline.timeline import Person, Timeline

CODES = ("int_support", "int_regulate", "int_explore", "int_express", "int_restructure", "int_psychoed")
KINDS = {
    "supportive": ("int_support", "int_regulate"),
    "change_oriented": ("int_express", "int_restructure"),
}
"""The two kinds of work; exploring and explaining belong to neither."""
LEAST = 30
MINUTES = Definition(
    name="{code}_minutes", whose="dyad", unit="min", text="minutes marked with this intervention"
)
TALK = Definition(
    name="{code}_talk_pct",
    whose="person",
    unit="%",
    text="share of the marked time in which this person speaks",
)
MEAN = Definition(
    name="{code}_arousal_mean", whose="person", unit="SD", text="mean arousal index in the marked time"
)
PEAK = Definition(
    name="{code}_arousal_peak", whose="person", unit="SD", text="highest arousal index in the marked time"
)
OVER = Definition(
    name="{code}_above_pct",
    whose="person",
    unit="%",
    text="share of the valid marked time in an excursion above the band",
)
T50 = Definition(
    name="{code}_t50",
    whose="person",
    unit="s",
    text="Kaplan-Meier median recovery of the excursions that peak in the marked time",
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
    speech = person.speaking[inside & np.isfinite(person.speaking)]
    out = (
        [measure(TALK, 100.0 * float(speech.mean()), len(speech), code=name)]
        if len(speech) >= LEAST
        else nothing([TALK], "no voice activity", len(speech), code=name)
    )
    valid = inside & person.known
    values = person.arousal[valid]
    pct = 100.0 * len(values) / n if n else math.nan
    if len(values) < LEAST:
        why = person.missing or f"{len(values)} s of valid index, {LEAST} s are needed"
        return out + nothing((MEAN, PEAK, OVER, T50), why, len(values), pct, code=name)
    out.append(measure(MEAN, float(values.mean()), len(values), pct, code=name))
    out.append(measure(PEAK, float(values.max()), len(values), pct, code=name))
    above = np.zeros(len(line.times), np.bool_)
    for e in found:
        if e.side > 0:
            above |= (line.times >= e.on) & (line.times < e.off)
    out.append(measure(OVER, 100.0 * float(np.mean(above[valid])), len(values), pct, code=name))
    peaks = [int(np.searchsorted(line.times, e.peak_time)) for e in found]
    mine = [r for k, r in zip(peaks, recovered, strict=True) if inside[k]]
    return [*out, _t50(mine, name)]


def _t50(found: Sequence[Recovery], name: str) -> Measure:
    if not found:
        return nothing([T50], "no excursion peaks in it", code=name)[0]
    seconds, seen = np.array([r.seconds for r in found]), np.array([not r.censored for r in found])
    middle, low, high = kaplan_meier_median(seconds, seen)
    reason = "fewer than half recovered before a cut" if math.isnan(middle) else ""
    return measure(T50, middle, len(found), interval=(low, high), reason=reason, code=name)

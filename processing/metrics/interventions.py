"""Interventions: how long, who spoke, and where the arousal index was meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.arousal.excursion import Excursion, recovery, seconds_in
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Interval, Person, Timeline
from processing.hour.uncertainty import BATCHES, series_interval
from processing.metrics.in_band import parts_interval
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
    among=(*CODES, *KINDS),
    baselines="count",
    whose="dyad",
    unit="min",
    text="minutes marked with this intervention",
    bare="a length that is known",
)
TALK = Definition(
    name="{code}_talk_pct",
    among=(*CODES, *KINDS),
    baselines="count",
    whose="person",
    unit="%",
    text="share of the marked time in which this person speaks",
    interval=BATCHES,
)
MEAN = Definition(
    name="{code}_arousal_mean",
    among=(*CODES, *KINDS),
    baselines="count",
    whose="person",
    unit="SD",
    text="mean arousal index in the marked time",
    interval=BATCHES,
)
PEAK = Definition(
    name="{code}_arousal_peak",
    among=(*CODES, *KINDS),
    baselines="count",
    whose="person",
    unit="SD",
    text="highest arousal index in the marked time",
    bare="the highest value seen; drawing from values cannot go beyond it",
)
OVER = Definition(
    name="{code}_above_pct",
    among=(*CODES, *KINDS),
    baselines="count",
    whose="person",
    unit="%",
    text="share of the valid marked time in an excursion above the band",
    interval="as time_above_pct, from the part of each excursion that lies in it",
)
T50 = Definition(
    name="{code}_t50",
    among=(*CODES, *KINDS),
    baselines="count",
    whose="person",
    unit="s",
    text="Kaplan-Meier median recovery of the excursions that peak in the marked time",
    interval="as recovery_t50",
)
AFTER = Definition(
    name="{code}_t50_after",
    among=(*CODES, *KINDS),
    baselines="count",
    whose="person",
    unit="s",
    text="Kaplan-Meier median of the time from the onset of those given in an excursion until the index is "
    "half way back from there to its median at rest, held 5 s; gaps and the end censor; it says no effect",
    interval="as recovery_t50",
)
OF_PERSON = (TALK, MEAN, PEAK, OVER, T50, AFTER)
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
            out[entity].append(_after(line, person, spans, found[entity], name))
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


def t50_after(
    line: Timeline, person: Person, on: float, found: Sequence[Excursion]
) -> tuple[Excursion | None, float, bool]:
    """Return the excursion at a moment, the seconds until half way back from there, and if it was cut."""
    inside = next((e for e in found if e.on <= on < e.off), None)
    at = int(np.searchsorted(line.times, on))
    if inside is None or at >= len(line.times) or not person.valid[at]:
        return inside, math.nan, False
    values = np.where(person.valid, person.arousal, np.nan)
    start = Excursion(
        side=inside.side, on=on, off=inside.off, peak=float(values[at]),
        peak_time=float(line.times[at]), depth=math.nan, area=math.nan, censored=inside.censored,
    )  # fmt: skip
    seconds, cut = recovery(line.times, values, float(person.median[at]), start)
    return inside, seconds, cut


def _after(
    line: Timeline, person: Person, spans: Sequence[Interval], found: Sequence[Excursion], name: str
) -> Measure:
    each = [t50_after(line, person, span.start, found) for span in spans]
    known = [Recovery(seconds=s, censored=cut) for _, s, cut in each if math.isfinite(s)]
    return _median(AFTER, known, "none was given in an excursion", name)


def _talk(speech: FloatArray, name: str) -> Measure:
    if len(speech) < LEAST:
        return nothing([TALK], "no voice activity", len(speech), code=name)[0]
    low, high = series_interval(100.0 * speech, lambda v: float(v.mean()))
    share = 100.0 * float(speech.mean())
    around = (max(low, 0.0), min(high, 100.0)) if math.isfinite(low) else (math.nan, math.nan)
    return measure(TALK, share, len(speech), interval=around, code=name)


def _t50(found: Sequence[Recovery], name: str) -> Measure:
    return _median(T50, found, "no excursion peaks in it", name)


def _median(definition: Definition, found: Sequence[Recovery], none: str, name: str) -> Measure:
    if not found:
        return nothing([definition], none, code=name)[0]
    seconds, seen = np.array([r.seconds for r in found]), np.array([not r.censored for r in found])
    middle, low, high = kaplan_meier_median(seconds, seen)
    reason = "fewer than half recovered before a cut" if math.isnan(middle) else ""
    return measure(definition, middle, len(found), interval=(low, high), reason=reason, code=name)

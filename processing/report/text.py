"""Sentences and tables of the report: what was measured, in plain words; what is missing, and why.

Nothing here names a state of mind. What may be concluded stands apart from what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from processing.config import PipelineConfig
from processing.coupling.said import WHOLE_HOUR, p_text, said
from processing.hour.measure import Measure
from processing.hour.timeline import Person
from processing.indices import INDICES, PERSON, VAGAL, spelled
from processing.metrics.session_metrics import PEOPLE, Hour
from processing.metrics.vagal import REACTIVITY, REST
from processing.report import words as report_words
from processing.report.names import readable
from processing.responses.event_locked import Response, onsets

SIGNALS = {index.name: index.words.sensor for index in PERSON if index.words and index.words.sensor}
"""Index of a sensor → what the sensor measures."""
STATED = 0.05
"""A response is stated where its p over all tests of the session is at most this."""


def number(value: float, unit: str = "") -> str:
    """Return a value as people write it; “–” without one."""
    if math.isnan(value):
        return "–"
    size = abs(value)
    if size >= 100.0:
        text = f"{value:.0f}"
    elif size < 0.1 and unit == "" and value != round(value):
        text = f"{value:.3f}"
    elif value == round(value) and unit == "":
        text = f"{value:.0f}"
    else:
        text = f"{value:.1f}" if size >= 10.0 else f"{value:.2f}"
    return f"{text} {spelled(unit)}".strip().replace("-", "−", 1)


def on_a_page(hour: Hour) -> dict[str, list[str]]:
    """Return the sentences of the first page: entity → what was measured."""
    return {e: _about(hour, e) for e in PEOPLE} | {"dyad": _about_both(hour)}


def _about(hour: Hour, entity: str) -> list[str]:
    person = hour.line.people.get(entity)
    if person is None:
        return [f"Nothing was recorded of the {entity}."]
    if person.missing:
        without = [what for index, what in SIGNALS.items() if _never_valid(person, index)]
        lines = [f"No reference band: {person.missing}. So nothing is said about above or below."]
        return lines + ([f"No valid value of {', '.join(without)}: see the first table."] if without else [])
    return [*_band_sentences(hour, entity), _vagal_sentence(hour, entity)]


def _never_valid(person: Person, index: str) -> bool:
    return index in person.series and not np.isfinite(person.series[index]).any()


def _band_sentences(hour: Hour, entity: str) -> list[str]:
    inside, above, below = (hour.value(entity, f"time_{k}_pct") for k in ("in", "above", "below"))
    count, t50 = hour.value(entity, "excursions_count"), hour.value(entity, "recovery_t50")
    if inside is None or above is None or below is None or count is None or t50 is None:
        return []
    out = []
    if math.isnan(inside.value):
        out.append(f"No share of time is given: {inside.reason}.")
    else:
        out.append(
            f"The arousal index was within its reference band for {inside.value:.0f} % of "
            f"{inside.n / 60:.0f} valid minutes (interval {inside.ci_low:.0f} … {inside.ci_high:.0f} %, "
            f"{inside.reason} outside), above it for {above.value:.0f} %, below it for {below.value:.0f} %."
        )
    out.append(_excursions(hour, entity))
    if not math.isnan(t50.value):
        of = f"median of {t50.n}" if t50.n > 1 else "one excursion"
        out.append(f"From its furthest point it came half way back in {t50.value:.0f} s ({of}).")
    return out


def _excursions(hour: Hour, entity: str) -> str:
    """Say how often and when, so that the moments can be found again."""
    found = hour.found[entity]
    if not found:
        return "It did not leave the band."
    minutes = [f"{(e.on - hour.line.begin) / 60:.0f}" for e in found[:12]] + ["…"] * (len(found) > 12)
    times = "once" if len(found) == 1 else f"{len(found)} times"
    return f"It left the band {times}: minute {', '.join(minutes)} of the recording."


def _vagal_sentence(hour: Hour, entity: str) -> str:
    rest, change = hour.value(entity, REST), hour.value(entity, REACTIVITY)
    if rest is None or math.isnan(rest.value):
        return f"No resting vagally mediated HRV: {rest.reason if rest else 'no heart sensor'}."
    index = INDICES[VAGAL]
    text = f"Vagally mediated HRV ({index.title}) at rest: {number(rest.value, index.unit)}"
    if change is None or math.isnan(change.value):
        return text + "."
    return f"{text}; during the hour {number(abs(change.value))} {'lower' if change.value < 0 else 'higher'}."


def _about_both(hour: Hour) -> list[str]:
    joint = hour.value("dyad", "joint_time_in_pct")
    out = []
    if joint is not None and not math.isnan(joint.value):
        out.append(
            f"Both were within their own bands at once for {joint.value:.0f} % of the time valid in both."
        )
    elif joint is not None:
        out.append(f"No joint share of time: {joint.reason}.")
    out += [f"{title}: {text}." for signal, title in COUPLED if (text := _coupling(hour, signal))]
    return out or ["Nothing is said about both together: one person only."]


COUPLED = (
    ("hr", "Heart rate"),
    ("scl", "Skin conductance (level)"),
    ("sclslope", "Skin conductance (slope)"),
)


def _coupling(hour: Hour, signal: str) -> str:
    """Return what is stated about the coupling of a signal, nothing where the two did not both have it."""
    ends = ("stated", "p_holm", "lead", "lag")
    stated, p, lead, lag = (hour.value("dyad", f"sync_{signal}_{end}") for end in ends)
    used = hour.value("dyad", f"sync_{signal}_used_pct")
    if stated is None or p is None or lead is None or lag is None:
        return ""
    return said(
        stated.value,
        p=p.value,
        when=WHOLE_HOUR,
        used=math.nan if used is None else used.value / 100.0,
        lead=lead.value,
        lag=lag.value,
        reason=stated.reason,
    )


def table(measures: Sequence[Measure]) -> list[dict[str, str]]:
    """Return the rows of a table of measures, ready to print."""
    return [
        {
            "metric": readable(m.metric),
            "key": m.metric,
            "value": number(m.value, m.unit),
            "interval": _interval(m),
            "n": str(m.n),
            "valid": "–" if math.isnan(m.valid_pct) else f"{m.valid_pct:.0f} %",
            "reason": m.reason,
        }
        for m in measures
    ]


def _interval(m: Measure) -> str:
    low, high = number(m.ci_low), number(m.ci_high)
    if low == "–" or high == "–":
        # A one-sided bound, or none.
        return f"≤ {high}" if high != "–" else f"≥ {low}" if low != "–" else ""
    return f"{low} … {high}"


def usable_events(responses: Sequence[Response], code: str) -> str:
    """Say how many marked moments of a code the curves rest on."""
    every = [r for r in responses if r.code == code]
    mine = [r for r in every if r.signal == "arousal"]
    each = {r.entity: f"{r.entity} {len(r.epochs)} of {r.n_events}" for r in mine or every}
    return f"usable{' for the arousal index' if mine else ''}: {', '.join(each.values())}"


def inferred(responses: Sequence[Response], code: str) -> list[str]:
    """Say of each signal whether it went another way after marks of a code than after comparable moments."""
    mine = [r for r in responses if r.code == code and (r.tested or r.effect.reason)]
    tested = [r for r in mine if r.tested]
    out = [_effect(r) for r in tested] + [report_words.CONFOUNDED] * bool(tested)
    without: dict[str, list[str]] = {}
    for r in mine:
        if not r.tested:
            without.setdefault(r.effect.reason, []).append(f"{r.entity} {INDICES[r.signal].title}")
    if len(without) == 1 and not tested:
        return [f"Nothing is stated: {next(iter(without))}."]
    return out + [f"Nothing is stated of {', '.join(names)}: {reason}." for reason, names in without.items()]


def _effect(r: Response) -> str:
    e, unit = r.effect, INDICES[r.signal].unit
    size = f"{number(e.value, unit)} ({number(e.low)} … {number(e.high)})"
    tests = "the only test" if r.n_tests == 1 else f"adjusted for {r.n_tests} tests"
    rests = f"{size}, p {p_text(r.p_fdr)}, {tests}; {e.sets} of {e.marks} marks compared"
    found = "another course than" if r.p_fdr <= STATED else "no other course was found than"
    return f"{r.entity.capitalize()}, {INDICES[r.signal].title}: {found} after comparable moments: {rests}."


def no_responses(hour: Hour) -> str:
    """Say why nothing is drawn around marked moments."""
    if not onsets(hour.line):
        return "Nothing was marked in the hour."
    return "No marked moment has a usable stretch of −60 … +180 s around it."


def may(hour: Hour) -> list[str]:
    """Return what may be concluded from this hour: only what it has ground for."""
    tested = [m for m in hour.measures["dyad"] if m.metric.endswith("_p_holm") and math.isfinite(m.value)]
    out = list(report_words.MAY_OF_BAND) if any(p.valid.any() for p in hour.line.people.values()) else []
    if tested:
        out.append(report_words.MAY_OF_BOTH)
    if any(r.tested for r in hour.responses):
        out.append(report_words.MAY_OF_MARKS)
    return out or [report_words.MAY_NOTHING]


def no_turns(hour: Hour) -> str:
    """Say why nothing is said about who spoke."""
    if not any(np.isfinite(p.speaking).any() for p in hour.line.people.values()):
        return "No voice was recorded, so nothing is said about who spoke."
    why = next((m.reason for m in hour.measures["dyad"] if m.metric == "silence_share" and m.reason), "")
    return f"Voice was recorded, but nothing is said about turns: {why or 'none were found'}."


def signals_in_words(drawn: Sequence[str], config: PipelineConfig | None = None) -> str:
    """Say which indices the figure of the signals holds; with parameters, over which windows."""
    windows = {}
    if config is not None:
        vagal = f" ({INDICES[VAGAL].title}, {config.heart.rmssd_window:g} s)"
        windows = {"hr": f" ({config.heart.hr_window:g} s)", VAGAL: vagal}
    named = {name: report_words.SIGNALS.get(name, INDICES[name].title) for name in drawn}
    names = [words + windows.get(name, "") for name, words in named.items()]
    said = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return said[:1].upper() + said[1:]


def about_signals(drawn: Sequence[str], config: PipelineConfig, *, both: bool = True) -> str:
    """Say what the figure of the signals shows, of both people or of one."""
    lines = f" {report_words.LINES}" if both else ""
    return f"{signals_in_words(drawn, config)}.{lines}"


def about_two_axes() -> str:
    """Say what the second view shows."""
    return report_words.TWO_AXES.format(vagal=INDICES[VAGAL].title)

"""What the arousal gauge of a person may say, given what is known. No Qt.

A missing value never reads as within: each step that fails ends in its own word, and only a fresh value, a
band and a known state together lead to a place relative to the band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from acquisition.stream import PEOPLE, Role
from viewer.model.definitions import USUAL
from viewer.model.history import Line
from viewer.model.model import SessionModel, is_partial
from viewer.model.trace import Point

FRESH = 6.0
"""An index that was last settled longer ago counts as missing [s]; it comes once a second."""
NEAR = 0.5
"""Within, but so close to an edge that it is said [SD]; the state machine needs as much to come back."""
TRAIL = 60.0
WHISKER = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaugeReading:
    """Say what a gauge shows.

    Parameters
    ----------
    kind : str
        above, within, below, unknown, "no data", "not reliable", "no baseline" or paused.
    word : str
        Shown large.
    note : str
        Shown small below it: why there is no value, or what limits it.
    value, low, high : float
        The index and the edges of its band [SD]; nan where there is none.
    whisker : (float, float)
        Smallest and largest value of the last 10 s [SD].
    trail : (times, values)
        The last minute; times are seconds before now, ≤ 0.
    """

    kind: str
    word: str
    note: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    partial: bool = False
    whisker: tuple[float, float] = (math.nan, math.nan)
    trail: Line | None = None
    baseline: str = ""


def read_gauge(model: SessionModel, role: Role, moment: float) -> GaugeReading:
    """Return what the gauge of a person says at a moment [s since the first tick]."""
    if model.is_paused(role, moment):
        return GaugeReading(kind="paused", word="paused", note="nothing is stored or shown")
    baseline = baseline_text(model, role, moment)
    sample = model.known(role.value, "arousal", moment)
    if sample is None:
        return GaugeReading(kind="no data", word="no data", note="no arousal index yet", baseline=baseline)
    if moment - sample.available > FRESH:
        note = f"last value {moment - sample.available:.0f} s ago"
        return GaugeReading(kind="no data", word="no data", note=note, baseline=baseline)
    if not math.isfinite(sample.value):
        kind = missing_kind(sample.reason)
        note = "" if sample.reason in ("", kind) else sample.reason
        if kind == "no baseline":
            note = why_none(model, role, moment) or note
        return GaugeReading(kind=kind, word=kind, note=note, baseline=baseline)
    return _placed(model, role, sample, moment, baseline)


def missing_kind(reason: str) -> str:
    """Return which of the three words says why a value is missing."""
    if "baseline" in reason or "reference" in reason:
        return "no baseline"
    return "no data" if "no data" in reason or not reason else "not reliable"


def _placed(model: SessionModel, role: Role, sample: Point, moment: float, baseline: str) -> GaugeReading:
    low, high, state = (_beside(model, role, sample, moment, name) for name in ("low", "high", "state"))
    if not (math.isfinite(low.value) and math.isfinite(high.value) and low.value < high.value):
        note = why_none(model, role, moment) or low.reason or "no reference band"
        return GaugeReading(kind="no baseline", word="no baseline", note=note, baseline=baseline)
    if role.value in model.facts.referenced:  # today's baselines make no band then
        baseline = "reference of earlier sessions"
    partial = is_partial(sample.reason)
    kind, word = _word(sample.value, low.value, high.value, state.value)
    notes = [state.reason] if state.reason and not partial else []
    if between := _between(sample.value, low.value, high.value, state.value):
        notes.append(between)
    if partial:
        kind, word, notes = "unknown", "partial", [sample.reason.removeprefix("partial: ")]
    trace = model.trace(role.value, "arousal")
    times, values = trace.between(sample.time - TRAIL, sample.time + 0.5)
    return GaugeReading(
        kind=kind,
        word=word,
        note=" · ".join(notes),
        value=sample.value,
        low=low.value,
        high=high.value,
        partial=partial,
        whisker=trace.extent(sample.time - WHISKER, sample.time + 0.5),
        trail=(times - sample.time, values),
        baseline=baseline,
    )


def _beside(model: SessionModel, role: Role, sample: Point, moment: float, name: str) -> Point:
    """Return a companion of the index, if it was computed for the same second."""
    other = model.known(role.value, f"arousal_{name}", moment)
    if other is None or abs(other.time - sample.time) >= 1.0:
        return Point(sample.time, sample.available, math.nan, "")
    return other


def _word(value: float, low: float, high: float, state: float) -> tuple[str, str]:
    if not math.isfinite(state):
        return "unknown", "state unknown"
    if state > 0:
        return "above", "above reference band"
    if state < 0:
        return "below", "below reference band"
    if value > high - NEAR:
        return "within", "past upper edge" if value > high else "near upper edge"
    if value < low + NEAR:
        return "within", "past lower edge" if value < low else "near lower edge"
    return "within", "within reference band"


def _between(value: float, low: float, high: float, state: float) -> str:
    """Say why the word and the line differ: an excursion begins and ends late, here as in the report."""
    rule = USUAL.arousal
    if state == 0.0 and not low <= value <= high:
        return f"counts after {rule.hold:g} s"
    if (state > 0 and value <= high) or (state < 0 and value >= low):
        return f"until {rule.back:g} s well inside"
    return ""


def baseline_text(model: SessionModel, role: Role, moment: float) -> str:
    """Return how many minutes of baseline count, for instance "rest 5.0 min, talk 2.0 min".

    That is the last one that passed, which the band rests on; while none has, the newest that was marked.
    """
    parts = []
    for code, name in (("baseline_rest", "rest"), ("baseline_talk", "talk")):
        minutes = _minutes(model, code, role, moment)
        if minutes is not None:
            parts.append(f"{name} {minutes:.1f} min")
    return "baseline: " + ", ".join(parts) if parts else "no baseline marked"


def why_none(model: SessionModel, role: Role, moment: float) -> str:
    """Return why the newest baseline of a person was refused; "" if it was not."""
    judged = [v for v in model.verdicts if v.entity == role.value and v.time - model.t0 <= moment]
    if not judged or judged[-1].accepted:
        return ""
    name = {"baseline_rest": "rest", "baseline_talk": "talk"}.get(judged[-1].code, judged[-1].code)
    return f"{name} {judged[-1].text}"


def _minutes(model: SessionModel, code: str, role: Role, moment: float) -> float | None:
    """Return the length [min] of the last such baseline that passed.

    Without one it is that of the newest interval; one that is still open counts up to the moment.
    """
    known = [v for v in model.verdicts if (v.entity, v.code) == (role.value, code)]
    last = {(v.start, v.stop): v.accepted for v in known if v.time - model.t0 <= moment}
    if passed := [bounds for bounds, accepted in last.items() if accepted]:
        return (passed[-1][1] - passed[-1][0]) / 60
    span = newest_span(model, code, role, moment)
    if span is None:
        return None
    start, stop = span
    return ((moment if math.isnan(stop) else stop) - start) / 60


def newest_span(model: SessionModel, code: str, role: Role, moment: float) -> tuple[float, float] | None:
    """Return from and to of the newest interval of a person or the room [s since the first tick].

    What begins after the moment is left out, and what ends after it is open then: nan.
    """
    held = model.recorded() if model.state == "growing" else model.marked()
    spans = [s for s in held.spans if s.code == code]
    theirs = [s for s in spans if s.actor == role.value or s.actor not in PEOPLE]
    before = [s for s in theirs if s.start - model.t0 <= moment]
    if not before:
        return None
    start, stop = before[-1].start - model.t0, before[-1].stop - model.t0
    return start, stop if stop <= moment else math.nan

"""What the arousal gauge of a person may say, given what is known. No Qt.

A missing value never reads as within: each step that fails ends in its own word, and only a fresh value, a band and
a known state together lead to a place relative to the band.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import Role
from processing.index import IndexSample
from viewer.history import Line
from viewer.model import PARTIAL, SessionModel, is_partial

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


def read_gauge(model: SessionModel, role: Role, now: float) -> GaugeReading:
    """Return what the gauge of a person says at `now` [s, LSL clock]."""
    baseline = baseline_text(model, role)
    if role in model.paused:
        return GaugeReading(kind="paused", word="paused", note="nothing is stored or shown")
    if not any(key[0] == role.value and key[1] == "arousal" for key in model.latest):
        return GaugeReading(kind="no data", word="no data", note="no arousal index yet", baseline=baseline)
    sample = model.latest[role.value, "arousal"]
    if now - sample.available > FRESH:
        note = f"last value {now - sample.available:.0f} s ago"
        return GaugeReading(kind="no data", word="no data", note=note, baseline=baseline)
    if not math.isfinite(sample.value):
        kind = missing_kind(sample.reason)
        note = "" if sample.reason in ("", kind) else sample.reason
        return GaugeReading(kind=kind, word=kind, note=note, baseline=baseline)
    return _placed(model, role, sample, baseline)


def missing_kind(reason: str) -> str:
    """Return which of the three words says why a value is missing."""
    if "baseline" in reason or "reference" in reason:
        return "no baseline"
    return "no data" if "no data" in reason or not reason else "not reliable"


def _placed(model: SessionModel, role: Role, sample: IndexSample, baseline: str) -> GaugeReading:
    low, high, state = (_beside(model, role, sample, name) for name in ("low", "high", "state"))
    partial = is_partial(sample.reason)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return GaugeReading(
            kind="no baseline", word="no baseline", note="no reference band", baseline=baseline
        )
    kind, word = _word(sample.value, low, high, state)
    if partial:
        kind, word = "unknown", "partial"
    return GaugeReading(
        kind=kind,
        word=word,
        note=_note(model, role, sample, partial),
        value=sample.value,
        low=low,
        high=high,
        partial=partial,
        whisker=_whisker(model, role, sample.time - model.t0, partial),
        trail=_trail(model, role, sample.time - model.t0),
        baseline=baseline,
    )


def _beside(model: SessionModel, role: Role, sample: IndexSample, name: str) -> float:
    """Return a companion of the index, if it was computed for the same second."""
    other = model.latest.get((role.value, f"arousal_{name}"))
    return other.value if other is not None and abs(other.time - sample.time) < 1.0 else math.nan


def _word(value: float, low: float, high: float, state: float) -> tuple[str, str]:
    if not math.isfinite(state):
        return "unknown", "state unknown"
    if state > 0:
        return "above", "above reference band"
    if state < 0:
        return "below", "below reference band"
    if value > high - NEAR:
        return "within", "near upper edge"
    if value < low + NEAR:
        return "within", "near lower edge"
    return "within", "within reference band"


def _note(model: SessionModel, role: Role, sample: IndexSample, partial: bool) -> str:
    parts = []
    if partial:
        parts.append("a cardiac or EDA channel is missing" if sample.reason == "partial" else sample.reason)
    reasons = [sample.reason] + [
        s.reason for n in ("low", "high", "state") if (s := model.latest.get((role.value, f"arousal_{n}")))
    ]
    if any("rest band only" in reason for reason in reasons):
        parts.append("rest band only")
    return " · ".join(parts)


def _whisker(model: SessionModel, role: Role, time: float, partial: bool) -> tuple[float, float]:
    trace = model.trace(role.value, PARTIAL if partial else "arousal")
    return trace.extent(time - WHISKER, time + 0.5)


def _trail(model: SessionModel, role: Role, time: float) -> Line:
    """Return the last minute of the index, whole or partial; nan where it was missing."""
    times, values = model.trace(role.value, "arousal").between(time - TRAIL, time + 0.5)
    other_times, other = model.trace(role.value, PARTIAL).between(time - TRAIL, time + 0.5)
    if len(times) == len(other_times):
        values = np.where(np.isfinite(values), values, other)
    return times - time, values


def baseline_text(model: SessionModel, role: Role) -> str:
    """Return how many minutes of baseline were marked, for instance "rest 5.0 min, talk 2.0 min"."""
    parts = []
    for code, name in (("baseline_rest", "rest"), ("baseline_talk", "talk")):
        minutes = _minutes(model, code, role)
        if minutes is not None:
            parts.append(f"{name} {minutes:.1f} min")
    return "baseline: " + ", ".join(parts) if parts else "no baseline marked"


def _minutes(model: SessionModel, code: str, role: Role) -> float | None:
    """Return the length [min] of the newest such interval; one that is still open counts up to now."""
    on: float | None = None
    length: float | None = None
    for event in model.events:
        if event.code != code or event.id in model.voided or event.actor not in (role.value, *_ROOM):
            continue
        if event.phase == "on":
            on, length = event.onset, None
        elif event.phase == "off" and on is not None:
            on, length = None, event.onset - on
    if on is not None:
        length = model.now - on
    return None if length is None else length / 60


_ROOM = ("dyad", "tech", "any", "system")

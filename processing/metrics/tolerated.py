"""Tolerated window: where on the arousal index a person says that it was too much, or too little.

From labels of cued review or live taps (felt_ok, felt_over, felt_under), never from physiology alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from acquisition.text import how_many
from processing.hour.measure import Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Person, Timeline
from processing.metrics.logistic import N_DRAWS, logistic_midpoint, midpoint_draws, midpoint_interval

LABELS = ("felt_ok", "felt_over", "felt_under")
LEAST_LABELS, LEAST_FAR = 20, 3
REACH = 10
"""A label stands for the mean index of the seconds up to it [s]."""
INTERVAL = "profile likelihood with Firth's penalty; an end that the labels leave open is not given"
DRAWN = (
    "percentiles of 1000 sets of labels drawn from the curve that Firth's penalty fits; "
    "none where an edge has an open end"
)
UPPER = Definition(
    name="tolerated_upper",
    baselines="count",
    whose="person",
    unit="SD",
    text="arousal index at which felt_over is as likely as not: −b0/b1 of a logistic regression on labels "
    "of felt_over against felt_ok",
    interval=INTERVAL,
)
LOWER = Definition(
    name="tolerated_lower",
    baselines="count",
    whose="person",
    unit="SD",
    text="arousal index at which felt_under is as likely as not, likewise",
    interval=INTERVAL,
)
WIDTH = Definition(
    name="tolerated_width",
    baselines="count",
    whose="person",
    unit="SD",
    text="tolerated_upper − tolerated_lower: the tolerated window by self-report",
    interval=DRAWN,
)
DEFINITIONS = (UPPER, LOWER, WIDTH)
DISAGREE = "self-report and index do not agree"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Labels:
    """Hold self-reports: index at each [SD], shape (n,), and which code it was."""

    arousal: FloatArray
    codes: tuple[str, ...]

    def against(self, far: str) -> tuple[FloatArray, FloatArray]:
        """Return index and 0/1 of the labels that are `far` or felt_ok."""
        keep = np.array([c in (far, "felt_ok") for c in self.codes], np.bool_)
        over = np.array([c == far for c in self.codes], float)
        return self.arousal[keep], over[keep]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Hold an edge of the window [SD] with its interval; nan with a reason, or a one-sided bound.

    `bound` is the furthest index that was still felt_ok where there are too few labels beyond.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    reason: str = ""
    bound: float = math.nan


def labels(line: Timeline, person: Person) -> Labels:
    """Return the labels of a person with the index of the 10 s up to each; without an index they drop out."""
    values, codes = [], []
    for event in line.points:
        if event.code not in LABELS or event.actor != person.entity:
            continue
        value = arousal_at(line, person, event.onset)
        if not math.isnan(value):
            values.append(value)
            codes.append(event.code)
    return Labels(arousal=np.array(values), codes=tuple(codes))


def arousal_at(line: Timeline, person: Person, moment: float) -> float:
    """Return the mean index of the 10 s up to a moment [SD]: what a label there stands for; nan without."""
    inside = (line.times > moment - REACH) & (line.times <= moment)
    finite = person.arousal[inside & np.isfinite(person.arousal)]
    return float(finite.mean()) if len(finite) else math.nan


def edge(found: Labels, far: str) -> Edge:
    """Return the edge towards felt_over or felt_under."""
    a, y = found.against(far)
    side = 1.0 if far == "felt_over" else -1.0
    if len(found.codes) < LEAST_LABELS or y.sum() < LEAST_FAR or y.sum() == len(y):
        ok = a[y == 0]
        bound = side * float(np.max(side * ok)) if len(ok) else math.nan
        why = f"{how_many(len(found.codes), 'label')}, {int(y.sum())} of them {far}"
        why += f": {LEAST_LABELS} and {LEAST_FAR} are needed"
        return Edge(value=math.nan, bound=bound, reason=why)
    value, slope = logistic_midpoint(a, y)
    if not slope * side > 0:
        return Edge(value=math.nan, reason=DISAGREE)
    low, high = midpoint_interval(a, y, side)
    # The curve without the penalty may lie a little outside where labels are few.
    return Edge(value=value, low=min(low, value), high=max(high, value))


def upper(line: Timeline, person: Person) -> Edge:
    """Return the upper edge of the hour."""
    return edge(labels(line, person), "felt_over")


def tolerated_measures(found: Labels, session_id: str) -> list[Measure]:
    """Return both edges and the width of the tolerated window."""
    if not found.codes:
        return nothing(DEFINITIONS, "no labels (felt_ok, felt_over, felt_under)")
    upper, lower = edge(found, "felt_over"), edge(found, "felt_under")
    out = [_edge_measure(d, e, len(found.codes)) for d, e in ((UPPER, upper), (LOWER, lower))]
    if reason := upper.reason or lower.reason:
        return out + nothing([WIDTH], reason, len(found.codes))
    ends = (upper.low, upper.high, lower.low, lower.high)
    around = (math.nan, math.nan) if any(map(math.isnan, ends)) else width_interval(found, session_id)
    return [*out, measure(WIDTH, upper.value - lower.value, len(found.codes), interval=around)]


def width_interval(found: Labels, session_id: str) -> tuple[float, float]:
    """Return a 95 % interval of the width: percentiles of what labels drawn anew give."""
    upper = midpoint_draws(*found.against("felt_over"), 1.0, seeded(session_id, UPPER.name))
    lower = midpoint_draws(*found.against("felt_under"), -1.0, seeded(session_id, LOWER.name))
    n = min(len(upper), len(lower))
    if n <= N_DRAWS / 2:
        return math.nan, math.nan
    low, high = np.quantile(upper[:n] - lower[:n], [0.025, 0.975]).tolist()
    return low, high


def _edge_measure(definition: Definition, found: Edge, n: int) -> Measure:
    if not math.isnan(found.bound):
        # A one-sided bound: the edge lies beyond what was still all right.
        interval = (found.bound, math.nan) if definition is UPPER else (math.nan, found.bound)
        return measure(definition, math.nan, n, interval=interval, reason=f"{found.reason}; a bound only")
    return measure(definition, found.value, n, interval=(found.low, found.high), reason=found.reason)

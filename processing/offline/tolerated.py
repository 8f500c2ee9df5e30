"""Tolerated window: where on the arousal index a person says that it was too much, or too little.

From labels of cued review or live taps (felt_ok, felt_over, felt_under), never from physiology alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.offline.measure import Definition, Measure, measure, nothing, seeded
from processing.offline.timeline import Person, Timeline

LABELS = ("felt_ok", "felt_over", "felt_under")
LEAST_LABELS, LEAST_FAR = 20, 3
N_DRAWS = 1000
REACH = 10
"""A label stands for the mean index of the seconds up to it [s]."""
INTERVAL = "percentiles of 1000 sets of labels drawn from the curve that Firth's penalty fits"
UPPER = Definition(
    name="tolerated_upper",
    whose="person",
    unit="SD",
    text="arousal index at which felt_over is as likely as not: −b0/b1 of a logistic regression on labels "
    "of felt_over against felt_ok",
    interval=INTERVAL,
)
LOWER = Definition(
    name="tolerated_lower",
    whose="person",
    unit="SD",
    text="arousal index at which felt_under is as likely as not, likewise",
    interval=INTERVAL,
)
WIDTH = Definition(
    name="tolerated_width",
    whose="person",
    unit="SD",
    text="tolerated_upper − tolerated_lower: the tolerated window by self-report",
    interval=INTERVAL,
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
    draws: FloatArray | None = None


def labels(line: Timeline, person: Person) -> Labels:
    """Return the labels of a person with the index of the 10 s up to each; without an index they drop out."""
    values, codes = [], []
    for event in line.points:
        if event.code not in LABELS or event.actor != person.entity:
            continue
        inside = (line.times > event.onset - REACH) & (line.times <= event.onset)
        finite = person.arousal[inside & np.isfinite(person.arousal)]
        if len(finite):
            values.append(float(finite.mean()))
            codes.append(event.code)
    return Labels(arousal=np.array(values), codes=tuple(codes))


def pooled(parts: Sequence[Labels]) -> Labels:
    """Return the labels of several sessions; all must be in the scaling of the person."""
    return Labels(
        arousal=np.concatenate([p.arousal for p in parts]) if parts else np.empty(0),
        codes=tuple(c for p in parts for c in p.codes),
    )


def edge(found: Labels, far: str, rng: np.random.Generator) -> Edge:
    """Return the edge towards felt_over or felt_under."""
    a, y = found.against(far)
    side = 1.0 if far == "felt_over" else -1.0
    if len(found.codes) < LEAST_LABELS or y.sum() < LEAST_FAR or y.sum() == len(y):
        ok = a[y == 0]
        bound = side * float(np.max(side * ok)) if len(ok) else math.nan
        why = f"{len(found.codes)} labels, {int(y.sum())} of them {far}"
        why += f": {LEAST_LABELS} and {LEAST_FAR} are needed"
        return Edge(value=math.nan, bound=bound, reason=why)
    value, slope = logistic_midpoint(a, y)
    if not slope * side > 0:
        return Edge(value=math.nan, reason=DISAGREE)
    draws = _draws(a, y, side, rng)
    low, high = np.quantile(draws, [0.025, 0.975]).tolist() if len(draws) > N_DRAWS / 2 else (math.nan,) * 2
    return Edge(value=value, low=low, high=high, draws=draws)


def _draws(a: FloatArray, y: FloatArray, side: float, rng: np.random.Generator) -> FloatArray:
    """Return the edges of labels drawn anew at the same index values, without those on the wrong side.

    Labels are drawn from a curve with Firth's penalty: drawing from the labels themselves, few as they are,
    takes the steepness they happen to have for certain, and its intervals hold the truth in 88-91 %.
    """
    middle, slope = firth(a, y)
    over = 1.0 / (1.0 + np.exp(-np.clip(slope * (a - middle), -30.0, 30.0)))
    drawn = (rng.random((N_DRAWS, len(a))) < over).astype(float)
    mixed = (drawn.sum(axis=1) > 0) & (drawn.sum(axis=1) < len(a))
    middles, slopes = midpoints(a, drawn[mixed])
    out: FloatArray = middles[slopes * side > 0]
    return out


def firth(a: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return midpoint and slope of a logistic regression with Firth's penalty: finite without overlap too.

    References
    ----------
    Firth (1993), doi:10.1093/biomet/80.1.27
    """
    shift = float(a.mean())
    x = np.column_stack([np.ones(len(a)), a - shift])
    b = np.zeros(2)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ b, -30.0, 30.0)))
        weight = p * (1.0 - p)
        inverse = np.linalg.inv(x.T @ (x * weight[:, None]) + 1e-10 * np.eye(2))
        leverage = weight * np.einsum("ij,jk,ik->i", x, inverse, x)
        step = inverse @ (x.T @ (y - p + leverage * (0.5 - p)))
        step /= max(1.0, float(np.abs(step).max()) / 2.0)
        b = b + step
        if np.abs(step).max() < 1e-9:
            break
    return shift - float(b[0] / b[1]), float(b[1])


def midpoints(a: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return −b0/b1 and b1 by maximum likelihood of many sets of labels at once; a slope ends at ± 60 per SD.

    Parameters
    ----------
    a : ndarray, shape (n,)
    labels : ndarray, shape (n_sets, n)
        0 and 1, both in each set.
    """
    shift = float(a.mean())
    x = a - shift
    b0, b1 = np.zeros(len(labels)), np.zeros(len(labels))
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-np.clip(b0[:, None] + b1[:, None] * x, -30.0, 30.0)))
        weight, off = p * (1.0 - p), labels - p
        g0, g1 = off.sum(axis=1), (off * x).sum(axis=1)
        h00 = weight.sum(axis=1) + 1e-9
        h01, h11 = (weight * x).sum(axis=1), (weight * x * x).sum(axis=1) + 1e-9
        det = h00 * h11 - h01**2 + 1e-12
        s0, s1 = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        short = np.maximum(1.0, np.maximum(np.abs(s0), np.abs(s1)) / 4.0)
        b0, b1 = b0 + s0 / short, np.clip(b1 + s1 / short, -60.0, 60.0)
    return shift - b0 / np.where(b1 == 0.0, np.nan, b1), b1


def logistic_midpoint(a: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return −b0/b1 and b1 of a logistic regression by maximum likelihood.

    Where the labels are parted without overlap the slope is infinite; the edge then is half way between them,
    the limit of the likelihood. Nan where all labels are alike.

    Parameters
    ----------
    a, y : ndarray, shape (n,)
        Index [SD], and 1 for the far label, 0 for felt_ok.
    """
    far, near = a[y == 1], a[y == 0]
    if len(far) == 0 or len(near) == 0 or float(np.ptp(a)) == 0.0:
        return math.nan, math.nan
    if far.min() >= near.max():
        return 0.5 * float(far.min() + near.max()), math.inf
    if far.max() <= near.min():
        return 0.5 * float(far.max() + near.min()), -math.inf
    shift = float(a.mean())
    x = np.column_stack([np.ones(len(a)), a - shift])
    b = np.zeros(2)
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ b, -30.0, 30.0)))
        information = x.T @ (x * (p * (1.0 - p))[:, None]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(information, x.T @ (y - p))
        b = b + step / max(1.0, float(np.abs(step).max()) / 4.0)
        if np.abs(step).max() < 1e-10:
            break
    return (shift - b[0] / b[1], float(b[1])) if b[1] != 0.0 else (math.nan, 0.0)


def tolerated_measures(found: Labels, session_id: str) -> list[Measure]:
    """Return both edges and the width of the tolerated window."""
    if not found.codes:
        return nothing(DEFINITIONS, "no labels (felt_ok, felt_over, felt_under)")
    upper = edge(found, "felt_over", seeded(session_id, UPPER.name))
    lower = edge(found, "felt_under", seeded(session_id, LOWER.name))
    out = [_edge_measure(d, e, len(found.codes)) for d, e in ((UPPER, upper), (LOWER, lower))]
    reason = upper.reason or lower.reason
    if reason or upper.draws is None or lower.draws is None:
        return out + nothing([WIDTH], reason, len(found.codes))
    n = min(len(upper.draws), len(lower.draws))
    low, high = np.quantile(upper.draws[:n] - lower.draws[:n], [0.025, 0.975]).tolist()
    width = upper.value - lower.value
    return [*out, measure(WIDTH, width, len(found.codes), interval=(low, high))]


def _edge_measure(definition: Definition, found: Edge, n: int) -> Measure:
    if not math.isnan(found.bound):
        # A one-sided bound: the edge lies beyond what was still all right.
        interval = (found.bound, math.nan) if definition is UPPER else (math.nan, found.bound)
        return measure(definition, math.nan, n, interval=interval, reason=f"{found.reason}; a bound only")
    return measure(definition, found.value, n, interval=(found.low, found.high), reason=found.reason)

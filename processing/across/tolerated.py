"""The tolerated window over sessions: where its edges lie, and whether they move; one curve a person."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.errors import ResultsError
from acquisition.text import how_many
from processing.across.finding import Finding, finding
from processing.across.joint_logit import Joint, joint_logit
from processing.across.reading import Sitting, numbered
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.metrics.tolerated import DISAGREE, LABELS, LEAST_FAR, LEAST_LABELS

STATED_FROM = 8
"""Sessions from which on the movement of an edge is stated: four find + 0.3 SD a session in 30 %."""
LEAST_SESSIONS = 3
EDGES = ("anchored", "session")
"""The scalings in which edges of several days may be compared."""
SIDES = {"upper": ("felt_over", 1.0), "lower": ("felt_under", -1.0)}
INTERVAL = (
    "profile likelihood with Firth's penalty, cut at φ F(1, sessions − 2) where the edge wanders from "
    "session to session by more than labels do (φ > 1), else at χ²; an end that labels leave open is not "
    "given"
)
SOURCE = "Firth (1993), doi:10.1093/biomet/80.1.27; Heinze & Schemper (2002), doi:10.1002/sim.1047"
EDGE = Definition(
    name="tolerated_{side}_joint",
    whose="person",
    unit="SD",
    text="edge of the tolerated window in the middle of the sessions: one logistic curve of all labels on "
    "the index and the number of the session",
    interval=INTERVAL,
    source=SOURCE,
    baselines="count",
)
TREND = Definition(
    name="tolerated_{side}_trend",
    whose="person",
    unit="SD per session",
    text="how far that edge moves from one session to the next; upper: > 0 is wider, lower: < 0 is wider",
    interval=INTERVAL,
    source=SOURCE,
    baselines="count",
)
WANDER = Definition(
    name="tolerated_{side}_dispersion",
    whose="person",
    unit="",
    text="φ: deviance that an edge of its own for each session takes away, per degree of freedom; 1 if edges "
    "wander no more than labels do",
    bare="it widens the intervals of edge and trend",
    baselines="count",
)
STEEPENING = Definition(
    name="tolerated_{side}_steepening",
    whose="person",
    unit="1/session",
    text="by which share of itself the curve grows steeper from one session to the next: > 0, labels part "
    "more sharply; index × session added to the curve",
    interval="normal (Wald), widened by √φ",
    source=SOURCE,
    baselines="count",
    exploratory=True,
)
DEFINITIONS = (EDGE, TREND, WANDER, STEEPENING)


def tolerated_over(sittings: Sequence[Sitting]) -> list[Finding]:
    """Return edges and their movement for each person with labels.

    Parameters
    ----------
    sittings : sequence of Sitting
        Of one dyad, in order.

    Raises
    ------
    ResultsError
        If labels are in a scaling in which edges cannot be compared, or in more than one.
    """
    labels = [
        row | {"session": number, "who": s.code(row["person"]), "path": s.path}
        for s, number in zip(sittings, numbered(sittings), strict=True)
        for row in s.rows("labels.parquet", "person", "code", "arousal", "scaling")
        if row["code"] in LABELS and not math.isnan(row["arousal"])
    ]
    out = []
    for who in dict.fromkeys(row["who"] for row in labels):
        mine = [row for row in labels if row["who"] == who]
        for side in SIDES:
            out += edges_of(mine, who, side)
    return out


def edges_of(labels: Sequence[dict[str, object]], who: str, side: str) -> list[Finding]:
    """Return one edge of one person, and its movement.

    Parameters
    ----------
    labels : sequence of dict
        With code, arousal [SD], session, scaling, and path (where it is from, for an error).
    side : str
        upper or lower.

    Raises
    ------
    ResultsError
        If labels are in a scaling in which edges cannot be compared, or in more than one.
    """
    scaling = _one_scaling(labels)
    return _side([r for r in labels if r["code"] in (SIDES[side][0], "felt_ok")], who, side, scaling)


def _one_scaling(labels: Sequence[dict[str, object]]) -> str:
    """Return the scaling of a person's labels."""
    by: dict[object, object] = {}
    for row in labels:
        by.setdefault(row["scaling"], row["path"])
    wrong = [f"{path}: labels in the scaling {s or 'unknown'!s}" for s, path in by.items() if s not in EDGES]
    if wrong:
        raise ResultsError(
            "\n".join(f"{line}: edges are compared in {' or '.join(EDGES)} (--scaling)" for line in wrong)
        )
    if len(by) > 1:
        said = "; ".join(f"{path}: {scaling}" for scaling, path in by.items())
        raise ResultsError(f"one person's labels in two scalings: {said}")
    return str(next(iter(by)))


def _side(labels: Sequence[dict[str, object]], who: str, side: str, scaling: str) -> list[Finding]:
    far, sign = SIDES[side]
    a = np.array([row["arousal"] for row in labels], float)
    y = np.array([row["code"] == far for row in labels], float)
    s = np.array([row["session"] for row in labels], float)
    n_sessions = len(np.unique(s))
    if why := _too_few(y, n_sessions, far):
        made = nothing(DEFINITIONS, why, len(y), side=side)
    else:
        made = _measures(joint_logit(a, y, s, sign), len(y), side, n_sessions)
    stated = n_sessions >= STATED_FROM
    return [finding(m, who=who, sessions=n_sessions, scaling=scaling, stated=stated) for m in made]


def _too_few(far: np.ndarray, sessions: int, code: str) -> str:
    """Say why nothing is fitted; "" if there is enough."""
    if len(far) >= LEAST_LABELS and LEAST_FAR <= far.sum() < len(far) and sessions >= LEAST_SESSIONS:
        return ""
    return (
        f"{how_many(len(far), 'label')} of {how_many(sessions, 'session')}, {int(far.sum())} of them {code}: "
        f"{LEAST_LABELS} of {LEAST_SESSIONS}, {LEAST_FAR} and some felt_ok are needed"
    )


def _measures(found: Joint, n: int, side: str, sessions: int) -> list[Measure]:
    if not found.agrees:
        return nothing(DEFINITIONS, DISAGREE, n, side=side)
    reach = 1.96 * found.steepening_se
    steepening = (found.steepening - reach, found.steepening + reach)
    described = "" if sessions >= STATED_FROM else f"described: {STATED_FROM} sessions state a movement"
    return [
        measure(EDGE, found.edge, n, interval=found.edge_ends, side=side),
        measure(TREND, found.trend, n, interval=found.trend_ends, reason=described, side=side),
        measure(WANDER, found.dispersion, n, side=side),
        measure(STEEPENING, found.steepening, n, interval=steepening, reason=described, side=side),
    ]

"""M2: the tolerated window over sessions. One logistic curve a person (`attune across`), then over dyads.

felt_far ~ index + session: edge and its movement by Firth's profile; over dyads by two stages, REML with
the interval of Hartung, Knapp, Sidik and Jonkman. One fit that shares the steepness of the curve over people
would let those with many labels speak for the others.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import f as f_distribution

from acquisition.errors import ResultsError
from processing.across.finding import Finding
from processing.across.tolerated import EDGES, SIDES, edges_of
from processing.cohort.models.row import Counts, ModelRow, adjusted, counted, over_units, refused, spread
from processing.cohort.models.therapists import over_dyads
from processing.cohort.models.two_stage import pooled
from processing.metrics.logistic import CHI_SQUARE_95

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M2"
FORMULA = "felt_{far} ~ arousal + session, Firth"
OVER = f"{FORMULA}; trend ~ 1 + (1 | dyad), REML, HKSJ"
OR = " or "
TERMS = {"joint": "edge", "trend": "movement"}


def edges(tables: Tables) -> list[ModelRow]:
    """Return edges and their movement of each client, and over dyads."""
    labels = tables["labels"]
    mine = labels[(labels["entity"] == "client") & labels["code"].isin(_codes()) & labels["arousal"].notna()]
    comparable = mine[mine["scaling"].isin(EDGES)]
    if len(mine) and not len(comparable):
        given = mine["scaling"].iloc[0] or "unknown"
        why = f"labels in the scaling {given}: edges are compared in {OR.join(EDGES)} (--scaling)"
        return [refused(MODEL, "tolerated", "client", why)]
    mine, out = comparable, []
    for side in SIDES:
        far = SIDES[side][0].removeprefix("felt_")
        found = _of_each(mine, side)
        out += [row for _, rows, n in found for row in _own(rows, side, far, n)]
        out += _over(found, side, far, mine)
    return adjusted(out) if out else [refused(MODEL, "tolerated", "client", "no labels in the store")]


def _codes() -> list[str]:
    return ["felt_ok", *(far for far, _ in SIDES.values())]


def _of_each(labels: pd.DataFrame, side: str) -> list[tuple[str, list[Finding], Counts]]:
    """Return of each client the dyad, the findings of one side, and what they rest on."""
    out = []
    for (dyad, who), rows in labels.groupby(["dyad", "person"], sort=True):
        given = [
            {
                "code": r.code, "arousal": r.arousal, "session": float(r.session), "scaling": r.scaling,
                "path": dyad,
            }
            for r in rows.itertuples()
        ]  # fmt: skip
        n = Counts(1, 1, int(rows["session"].nunique()))
        who = who or f"{dyad} client"
        try:
            out.append((str(dyad), edges_of(given, str(who), side), n))
        except ResultsError as error:
            out.append((str(dyad), [_nothing(str(who), side, str(error))], n))
    return out


def _nothing(who: str, side: str, why: str) -> Finding:
    nan = math.nan
    return Finding(
        who=who, metric=f"tolerated_{side}_trend", value=nan, unit="", n=0, sessions=0, se=nan, ci_low=nan,
        ci_high=nan, scaling="", stated=False, method="", reason=why,
    )  # fmt: skip


def _own(found: list[Finding], side: str, far: str, n: Counts) -> list[ModelRow]:
    """Return the rows of one person."""
    phi = _dispersion(found)
    return [
        ModelRow(
            model=MODEL,
            outcome=f"tolerated_{side}",
            entity=f.who,
            term=TERMS[kind],
            estimate=f.value,
            se=standard_error(f, phi, n.n_sessions),
            ci_low=f.ci_low,
            ci_high=f.ci_high,
            converged=True if math.isfinite(f.value) else None,
            reason=f.reason,
            formula=FORMULA.format(far=far),
            role="client",
            **counted(n),
        )
        for f in found
        if (kind := f.metric.removeprefix(f"tolerated_{side}_")) in TERMS
    ]


def _dispersion(found: list[Finding]) -> float:
    return next((f.value for f in found if f.metric.endswith("_dispersion")), math.nan)


def standard_error(f: Finding, phi: float, sessions: int) -> float:
    """Return the standard error that a profile stands for; nan where an end of it is open."""
    if phi > 1.0 and sessions > 2:
        reach = math.sqrt(float(f_distribution.ppf(0.95, 1, sessions - 2)))
    else:
        reach = math.sqrt(CHI_SQUARE_95)
    return (f.ci_high - f.ci_low) / (2.0 * reach)


def _over(
    found: list[tuple[str, list[Finding], Counts]], side: str, far: str, labels: pd.DataFrame
) -> list[ModelRow]:
    """Return edge and movement over dyads."""
    out = []
    for kind, term in TERMS.items():
        each = [
            (f.value, standard_error(f, _dispersion(rows), n.n_sessions) ** 2, n, dyad)
            for dyad, rows, n in found
            for f in rows
            if f.metric == f"tolerated_{side}_{kind}"
        ]
        y, v = (np.array([e[i] for e in each], float) for i in (0, 1))
        used = [n for value, variance, n, _ in each if math.isfinite(value) and math.isfinite(variance)]
        whole = Counts(len(used), len(used), sum(n.n_sessions for n in used))
        formula, of = OVER.format(far=far), (MODEL, f"tolerated_{side}", "client")
        over = over_dyads(y, v, [e[3] for e in each], labels, formula=formula)
        differ, moves = pooled(y, v), term == "movement"
        out += [
            over_units(*of, term, over.pooled, whole, formula=over.formula, beside=over.beside, tested=moves),
            spread(*of, f"{term}_sd", differ, whole, formula=formula, beside="SD of dyads"),
        ]
    return out

"""M3: growth: how a value moves from session to session.

value ~ session (+ session²) + (session || dyad) + (1 | therapist), session counted from the middle of all:
from 8 dyads on by REML; below that by two stages, a line of each dyad and then one over dyads. A bend
(session²) reads how the way goes, down first or up first; it is a description of a course and no alarm.

- Slope and intercept of a dyad are independent of each other in the model: with a session counted from the
  middle there is little between them to be had from as few sessions as there are.
- Interval and p come from how the dyads' own courses spread about the model (`robust`), or those of
  therapists where they stand in it; the standard error beside them is REML's own, as lme4 gives it.
- therapist stands in the model where there are fewer of them than dyads, and at least four.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from acquisition.text import how_many
from processing.cohort.models import mixed, robust, series
from processing.cohort.models.row import (
    Counts,
    ModelRow,
    adjusted,
    counted,
    counts,
    of_one,
    over_units,
    refused,
)
from processing.cohort.models.therapists import of_few, over_dyads, with_therapist
from processing.cohort.models.two_stage import Lines, lines

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M3"
LEAST_DYADS = 8
"""From so many dyads on one mixed model; below it two stages."""
LEAST_SESSIONS = 3
LEAST_BENT = 5
"""Sessions of a dyad from which on a bend is looked for."""
LEAST_UNEQUAL = 12
"""Fewer dyads, some of which have twice the sessions of others, have a wider interval and no p."""
MISSED, MISSED_UNEQUAL = 0.05, 0.02
FEW_UNEQUAL = "no p, and the 98 % interval: of so few dyads so unequal in sessions that of 95 % held 91 %"
OWN = "value ~ session, one residual variance for all dyads"
OVER = f"{OWN}; slope ~ 1 + (1 | dyad), REML, HKSJ"


def growth(tables: Tables) -> list[ModelRow]:
    """Return the slope of each series that is there, of each dyad and over dyads."""
    out: list[ModelRow] = []
    for one in series.every_series(tables):
        out += growth_of(one.rows, one.name, one.entity)
    return adjusted(out)


def growth_of(rows: pd.DataFrame, outcome: str, entity: str) -> list[ModelRow]:
    """Return the slopes of one series.

    Parameters
    ----------
    rows : DataFrame
        As of `series`, one row a session.
    """
    long = rows[rows.groupby("dyad")["session"].transform("nunique") >= LEAST_SESSIONS]
    n, dyads = counts(long), long["dyad"].nunique()
    if not dyads:
        why = f"no dyad with {LEAST_SESSIONS} sessions" if len(rows) else "no value in the store"
        return [refused(MODEL, outcome, entity, why, term="session", n=counts(rows), formula=OWN)]
    if long["value"].nunique() < 2:
        return [refused(MODEL, outcome, entity, "all values are the same", term="session", n=n, formula=OWN)]
    own = list(_of_dyads(long, outcome, entity))
    if dyads < LEAST_DYADS:
        return [*own, _two_stages(long, outcome, entity, n)]
    return [*own, *_mixed(long, outcome, entity, n)]


def _of_dyads(rows: pd.DataFrame, outcome: str, role: str) -> Iterator[ModelRow]:
    """Yield the slope of each dyad; a residual variance of all dyads, and its degrees of freedom."""
    found, mine = _lines(rows), dict(iter(rows.groupby("dyad")))
    for k, name in enumerate(found.units):
        se = math.sqrt(found.variance * float(found.scatter[k, 1, 1]))
        slope = float(found.coefficients[k, 1])
        n = counts(mine[name])
        yield of_one(MODEL, outcome, name, "session", slope, se, found.freedom, n, role=role, formula=OWN)


def _lines(rows: pd.DataFrame) -> Lines:
    x, y = rows["session"].to_numpy(float), rows["value"].to_numpy(float)
    return lines(x, y, rows["dyad"].to_numpy(str), least=LEAST_SESSIONS)


def _two_stages(rows: pd.DataFrame, outcome: str, entity: str, n: Counts) -> ModelRow:
    found = _lines(rows)
    slopes, variances = found.coefficients[:, 1], found.variance * found.scatter[:, 1, 1]
    few = f"two stages: {how_many(len(found.units), 'dyad')}, {LEAST_DYADS} are needed for one mixed model"
    over = over_dyads(slopes, variances, found.units, rows, formula=OVER, beside=few)
    return over_units(
        MODEL, outcome, entity, "session", over.pooled, n, formula=over.formula, beside=over.beside
    )


def _mixed(rows: pd.DataFrame, outcome: str, entity: str, n: Counts) -> list[ModelRow]:
    """Return the slope, and the bend where sessions allow one, each of a model of its own."""
    out = [_fixed(rows, outcome, entity, n, bent=False)]
    longest = rows.groupby("dyad")["session"].transform("nunique") >= LEAST_BENT
    bent = rows[longest]
    if bent["dyad"].nunique() >= LEAST_DYADS:
        out.append(_fixed(bent, outcome, entity, counts(bent), bent=True))
    else:
        why = f"a bend needs {LEAST_DYADS} dyads with {LEAST_BENT} sessions"
        out.append(refused(MODEL, outcome, entity, why, term="session²", n=n, formula=_formula(True, "")))
    return out


def _formula(bent: bool, therapists: str) -> str:
    return f"value ~ session{' + session²' if bent else ''} + (session || dyad){therapists}, CR2"


def _fixed(rows: pd.DataFrame, outcome: str, entity: str, n: Counts, *, bent: bool) -> ModelRow:
    """Return the row of the last fixed effect; by two stages if REML does not converge."""
    session = rows["session"].to_numpy(float)
    session = session - np.unique(session).mean()
    y, dyad = rows["value"].to_numpy(float), rows["dyad"].to_numpy(str)
    x = np.column_stack([session**power for power in range(3 if bent else 2)])
    therapists = with_therapist(rows)
    effects = [mixed.Effect("dyad", dyad, x[:, 0]), mixed.Effect("slope", dyad, session)]
    if therapists:
        effects.insert(0, mixed.Effect("therapist", rows["therapist"].to_numpy(str), x[:, 0]))
    formula = _formula(bent, " + (1 | therapist)" if therapists else "")
    term = "session²" if bent else "session"
    found = mixed.fit(y, x, effects)
    if found is None:
        if not bent:
            return _two_stages(rows, outcome, entity, n)
        return refused(MODEL, outcome, entity, "REML did not converge", term=term, n=n, formula=formula)
    told = robust.over_clusters(y, x, effects, found, -1)
    if told is None:
        whose = "therapists" if therapists else "dyads"
        why = f"too few {whose} differ in their courses to tell how sure it is"
        return refused(MODEL, outcome, entity, why, term=term, n=n, formula=formula)
    unequal = _few_unequal(dyad)
    reach = told.reach_at(MISSED_UNEQUAL if unequal else MISSED)
    said = ("a bend of the course, and no alarm" if bent else "", FEW_UNEQUAL if unequal else "")
    words = [text for text in (*said, "" if therapists else of_few(rows)) if text]
    return ModelRow(
        model=MODEL,
        outcome=outcome,
        entity=entity,
        term=term,
        estimate=told.estimate,
        se=float(found.se[-1]),
        ci_low=told.estimate - reach,
        ci_high=told.estimate + reach,
        p=math.nan if unequal else told.p,
        converged=True,
        exploratory=bent,
        reason="; ".join(words),
        formula=formula,
        **counted(n),
    )


def _few_unequal(dyad: np.ndarray) -> bool:
    """Tell whether dyads are few, and some have at least twice the sessions of others."""
    sessions = np.unique(dyad, return_counts=True)[1]
    return bool(len(sessions) < LEAST_UNEQUAL and sessions.max() >= 2 * sessions.min())

"""M1: what is stable and what moves: the variance of a value, parted into persons, sessions and moments.

value ~ 1 + (1 | person) + (1 | person:session): shares by REML; ICC(1) is the share of persons in the
variance of one session's value, ICC(k) in that of a mean over k sessions (Shrout & Fleiss).

- Intervals are generalised ones, exact where every person has as many sessions, with harmonic means where
  not: resampling whole persons, as is often done, holds too rarely with as few people as there are
  (docs/cohort-models.md).

References
----------
Shrout & Fleiss (1979), doi:10.1037/0033-2909.86.2.420.
Weerahandi (1993), doi:10.1080/01621459.1993.10476355: generalised intervals.
Thomas & Hultquist (1978), doi:10.1214/aos/1176344202: unequal numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acquisition.stream import FloatArray, IntArray
from acquisition.text import how_many
from processing.cohort.models import mixed, series
from processing.cohort.models.row import ModelRow, counted, counts, refused
from processing.hour.measure import seeded
from processing.indices.heart import VAGAL

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M1"
METRICS = ("day_offset_hr", "day_offset_scl", f"{VAGAL}_rest", "time_in_pct")
LEAST_PERSONS = 5
LEAST_FREEDOM = 5
"""Sessions beyond the first of each person, in all."""
DRAWS = 10_000
OFFSETS = "day_offset"
OWN_CENTRE = (
    "an offset is from the person's own centre: nothing of it can lie between persons, so no interval"
)
FROM_ERRORS = "from the standard errors of the sessions' own values"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Squares:
    """Hold sums of squares over persons, their sessions, and moments, with degrees of freedom.

    Parameters
    ----------
    moments : float
        Harmonic mean of the values a session has.
    sessions : float
        Harmonic mean of the sessions a person has.
    """

    person: float
    session: float
    within: float
    freedom: tuple[int, int, int]
    moments: float
    sessions: float


def stable(tables: Tables) -> list[ModelRow]:
    """Return the partition of every rating and metric that is there, by role."""
    out = []
    for entity in ("client", "therapist"):
        found = [(code, series.ratings(tables, entity, code)) for code in series.RATINGS]
        found += [(name, series.metric(tables, entity, name)) for name in METRICS]
        for name, rows in found:
            if len(rows) or entity == "client":
                out += partition(rows, name, entity)
    return out


def partition(rows: pd.DataFrame, outcome: str, entity: str) -> list[ModelRow]:
    """Return shares of the variance, ICC(1) and ICC(k) of one outcome.

    Parameters
    ----------
    rows : DataFrame
        As of `series`; one or several rows a session.
    """
    several = bool(rows.duplicated(["dyad", "session", "person"]).any())
    formula = "value ~ 1 + (1 | person)" + (" + (1 | person:session)" if several else "")
    n = counts(rows)
    if why := _too_few(rows):
        return [refused(MODEL, outcome, entity, why, n=n, formula=formula)]
    person, session = _codes(rows)
    squares = sums_of_squares(rows["value"].to_numpy(float), person, session)
    fitted = _fit(rows["value"].to_numpy(float), person, session, several=several)
    if fitted is None:
        return [refused(MODEL, outcome, entity, "REML did not converge", n=n, formula=formula)]
    errors = rows["se"].to_numpy(float) ** 2
    known = float(np.nanmean(errors)) if not several and np.isfinite(errors).any() else math.nan
    k = n.n_sessions / rows["person"].nunique()
    values = _estimates(fitted, squares, known, k)
    ends = {}
    if not outcome.startswith(OFFSETS):
        ends = _intervals(squares, known, k, several=several, seed=f"{entity} {outcome}")
    return [
        ModelRow(
            model=MODEL,
            outcome=outcome,
            entity=entity,
            term=term,
            estimate=value,
            ci_low=ends.get(term, (math.nan, math.nan))[0],
            ci_high=ends.get(term, (math.nan, math.nan))[1],
            converged=True,
            reason=_said(outcome, term, several=several),
            formula=formula,
            **counted(n),
        )
        for term, value in values.items()
    ]


def _said(outcome: str, term: str, *, several: bool) -> str:
    if outcome.startswith(OFFSETS):
        return OWN_CENTRE
    return FROM_ERRORS if term == "share_within" and not several else ""


def _too_few(rows: pd.DataFrame) -> str:
    """Say why nothing is parted; "" if there is enough."""
    if not len(rows):
        return "no value in the store"
    sessions = rows.drop_duplicates(["dyad", "session", "person"]).groupby("person").size()
    beyond = int((sessions - 1).sum())
    if len(sessions) < LEAST_PERSONS or beyond < LEAST_FREEDOM:
        return (
            f"{how_many(len(sessions), 'person')} with {how_many(int(sessions.sum()), 'session')}: "
            f"{LEAST_PERSONS} persons and "
            f"{LEAST_FREEDOM} sessions beyond the first of each are needed"
        )
    if rows["value"].nunique() < 2:
        return "all values are the same"
    return ""


def _codes(rows: pd.DataFrame) -> tuple[IntArray, IntArray]:
    """Return numbers of persons, and of sessions over all persons."""
    person = rows.groupby("person", sort=True).ngroup().to_numpy(np.int64)
    session = rows.groupby(["person", "dyad", "session"], sort=True).ngroup().to_numpy(np.int64)
    return person, session


def sums_of_squares(values: FloatArray, person: IntArray, session: IntArray) -> Squares:
    """Return the sums of squares of means of sessions, as they stand, without weights."""
    n = np.bincount(session)
    mean = np.bincount(session, values) / n
    of = np.zeros(len(n), np.int64)
    of[session] = person
    k = np.bincount(of)
    own = np.bincount(of, mean) / k
    return Squares(
        person=float(((own - own.mean()) ** 2).sum()),
        session=float(((mean - own[of]) ** 2).sum()),
        within=float(((values - mean[session]) ** 2).sum()),
        freedom=(len(k) - 1, len(n) - len(k), len(values) - len(n)),
        moments=1.0 / float((1.0 / n).mean()),
        sessions=1.0 / float((1.0 / k).mean()),
    )


def _fit(
    values: FloatArray, person: IntArray, session: IntArray, *, several: bool
) -> tuple[float, float, float] | None:
    """Return the variances of persons, sessions and moments; the last is 0 with one value a session."""
    one = np.ones(len(values))
    effects = [mixed.Effect("person", person, one)]
    if several:
        effects.append(mixed.Effect("session", session, one))
    found = mixed.fit(values - values.mean(), one[:, None], effects)
    if found is None:
        return None
    v = found.variances
    return (v["person"], v["session"], v["residual"]) if several else (v["person"], v["residual"], 0.0)


def _estimates(v: tuple[float, float, float], squares: Squares, known: float, k: float) -> dict[str, float]:
    person, session, within = v
    of_session = session + within / squares.moments
    icc = person / (person + of_session)
    mean = person / (person + of_session / k)
    if math.isfinite(known):
        within = min(known, session)
        session -= within
    total = person + session + within
    parts = {"person": person / total, "session": session / total}
    if squares.freedom[2] or math.isfinite(known):
        parts["within"] = within / total
    return {**{f"share_{name}": 100.0 * s for name, s in parts.items()}, "icc_1": icc, "icc_k": mean}


def _intervals(
    squares: Squares, known: float, k: float, *, several: bool, seed: str
) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals: what the sums of squares would make of the variances, over draws of χ²."""
    rng = seeded(seed, MODEL)
    a, b, c = (rng.chisquare(max(f, 1), DRAWS) for f in squares.freedom)
    of_person, of_session = squares.person / a, squares.session / b
    within = squares.within / c if several else np.full(DRAWS, known if math.isfinite(known) else 0.0)
    person = np.maximum(of_person - of_session / squares.sessions, 0.0)
    session = np.maximum(of_session - within / squares.moments, 0.0)
    within = of_session - session if not several else within
    total = person + session + within
    drawn = {
        "share_person": 100.0 * person / total,
        "share_session": 100.0 * session / total,
        "icc_1": person / (person + of_session),
        "icc_k": person / (person + of_session / k),
    }
    if several:
        drawn["share_within"] = 100.0 * within / total
    return {name: _ends(values) for name, values in drawn.items()}


def _ends(values: FloatArray) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)

"""M5: how soon a client's excursions are answered, and what goes with the way back.

- answers: per therapist the median time until an excursion was answered (Kaplan-Meier, what ends unanswered
  leaves), then over therapists on the logarithm (REML, HKSJ); their spread is the frailty. No therapist has a
  row: that page is their own (`own_page`).
- ways back: ln odds of returning in the next 5 s ~ ln(1 + time) + the therapist's steadiness + depth + own
  speech, per dyad as `attune across` fits it, then over dyads.

References
----------
Brookmeyer & Crowley (1982), doi:10.2307/2530286: interval of the median.
Singer & Willett (1993), doi:10.3102/10769986018002155: discrete-time survival.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.across.answers import answer_measures
from processing.across.ways_back import LEAST, TERMS, return_measures
from processing.cohort.models.row import (
    Counts,
    ModelRow,
    adjusted,
    counts,
    over_units,
    refused,
    spread,
)
from processing.cohort.models.two_stage import Pooled, pooled
from processing.hour.measure import Measure
from processing.rows.excursions import ANSWERS, KNOWN_AFTER

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M5"
LEAST_EXCURSIONS = 10
"""Fewer excursions of a therapist give no median."""
ANSWER = "Surv(latency, answered) ~ 1, by therapist; ln median ~ 1 + (1 | therapist), REML, HKSJ"
RETURN = "returned ~ ln(1 + since) + steadiness + depth + speaking, by dyad; ~ 1 + (1 | dyad), REML, HKSJ"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Latency:
    """Hold the median of one therapist's answers [s] with its 95 % interval; nan where it is not reached."""

    therapist: str
    median: float
    low: float
    high: float
    n: int
    answered: int

    @property
    def error(self) -> float:
        """Return the standard error of the logarithm; from the lower end where the upper one is open."""
        if not self.low > 0.0:
            return math.nan
        if math.isfinite(self.high):
            return math.log(self.high / self.low) / 3.92
        return math.log(self.median / self.low) / 1.96


def responsiveness(tables: Tables) -> list[ModelRow]:
    """Return how soon excursions are answered over therapists, and what goes with the way back."""
    return [*_answers(tables), *_returns(tables)]


def answered(tables: Tables) -> pd.DataFrame:
    """Return the clients' excursions with `seconds` until answered or left, and `status` (1 answered)."""
    rows = tables["excursions"]
    mine = rows[(rows["entity"] == "client") & rows["crossed"].fillna(value=False).astype(bool)].copy()
    came = (mine["answer"].isin(ANSWERS) & mine["latency"].notna()).to_numpy(bool)
    left = (mine["off"] - mine["on"]).to_numpy(float) - KNOWN_AFTER
    seconds = np.where(came, mine["latency"].to_numpy(float), left)
    mine["seconds"], mine["status"] = np.maximum(seconds, 0.5), came.astype(int)
    known = np.isfinite(seconds) & (came | (left > 0.0))
    return mine[known]


def latency(seconds: FloatArray, status: IntArray, therapist: str) -> Latency:
    """Return the median time until an answer.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Until it was answered, or until it ended or was cut.
    status : ndarray, shape (n,)
        1 where it was answered.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    nan, n, events = math.nan, len(seconds), int(status.sum())
    if n < LEAST_EXCURSIONS or events < 2:
        return Latency(therapist=therapist, median=nan, low=nan, high=nan, n=n, answered=events)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # where nobody is left there is no standard error
        found = SurvfuncRight(seconds, status)
        middle = float(found.quantile(0.5))
        low, high = found.quantile_ci(0.5, method="cloglog")
    ends = [float(e) if np.isfinite(e) else nan for e in (low, high)]
    return Latency(
        therapist=therapist, median=middle, low=ends[0], high=ends[1], n=n, answered=events
    )  # fmt: skip


def _answers(tables: Tables) -> list[ModelRow]:
    rows = answered(tables)
    marked = _marked(tables)
    rows = rows[[(d, s) in marked for d, s in zip(rows["dyad"], rows["session"], strict=True)]]
    n = counts(rows)
    if not len(rows):
        why = "no excursion of a client in a session with marked interventions"
        return [refused(MODEL, "answer_latency", "client", why, term="median", formula=ANSWER)]
    each = [
        latency(mine["seconds"].to_numpy(float), mine["status"].to_numpy(np.int64), str(who))
        for who, mine in rows.groupby("therapist", sort=True)
    ]
    y = np.array([math.log(e.median) if e.median > 0.0 else math.nan for e in each])
    over = pooled(y, _variances(each), what="therapists")
    few = (
        f"; a therapist needs {LEAST_EXCURSIONS} excursions, and half of them answered" if over.reason else ""
    )
    of = (MODEL, "answer_latency", "client")
    middle, why = _exponential(over), over.reason + few
    return [
        over_units(*of, "median", middle, n, formula=ANSWER, beside=why),
        spread(*of, "frailty_sd", over, n, formula=ANSWER, beside="SD of therapists, of the logarithm"),
    ]


def _variances(each: Sequence[Latency]) -> FloatArray:
    """Return the variance of each logarithm: one for all, by how many answers each rests on.

    That of a single median is itself known so badly that weights by it would hold the median of chance.
    """
    n = np.array([e.answered for e in each], float)
    own = np.array([e.error**2 for e in each])
    there = np.isfinite(own) & (own > 0.0)
    if not there.any():
        return own
    return np.where(there, float((own * n)[there].mean()) / np.maximum(n, 1.0), math.nan)


def _marked(tables: Tables) -> set[tuple[Any, Any]]:
    """Return the sessions in which any intervention was marked: in others an answer cannot be seen."""
    rows = tables["interventions"][["dyad", "session"]].drop_duplicates()
    return set(rows.itertuples(index=False, name=None))


def _exponential(over: Pooled) -> Pooled:
    """Return what was pooled on the logarithm, in seconds; without p, for no null fits a length of time."""
    middle, low, high = (math.exp(x) for x in (over.estimate, over.ci_low, over.ci_high))
    return Pooled(estimate=middle, se=middle * over.se, ci_low=low, ci_high=high)


def _returns(tables: Tables) -> list[ModelRow]:
    """Return the coefficients of the way back of each dyad that has enough excursions, and over dyads."""
    bins = tables["ways_back"]
    bins = bins[bins["entity"] == "client"]
    if not len(bins):
        return [refused(MODEL, "return", "client", "no excursion of a client", formula=RETURN)]
    own, values = [], []
    for dyad, rows in bins.groupby("dyad", sort=True):
        found = return_measures(_keyed(rows))
        n = counts(rows)
        values.append((found, n))
        own += [_of_dyad(str(dyad), term, m, n) for term, m in zip(TERMS, found, strict=True)]
    over = [_over_dyads(k, term, values) for k, term in enumerate(TERMS)]
    return [*own, *adjusted(over)]


def _keyed(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"key": (r.session, r.excursion), "since": r.since, "returned": bool(r.returned)}
        | {term: getattr(r, term) for term in TERMS}
        for r in rows.itertuples()
    ]


def _of_dyad(dyad: str, term: str, m: Measure, n: Counts) -> ModelRow:
    one = Pooled(estimate=m.value, se=m.se, ci_low=m.ci_low, ci_high=m.ci_high)
    return over_units(
        MODEL, "return", dyad, term, one, n, formula=RETURN, beside=m.reason, exploratory=True, role="client"
    )


def _over_dyads(k: int, term: str, values: Sequence[tuple[Sequence[Measure], Counts]]) -> ModelRow:
    y = np.array([found[k].value for found, _ in values])
    v = np.array([found[k].se ** 2 for found, _ in values])
    used = [n for (_, n), value in zip(values, y, strict=True) if math.isfinite(value)]
    over = pooled(y, v)
    if over.reason:
        over = replace(over, reason=f"{over.reason} (from {LEAST} excursions of a dyad on)")
    n = Counts(sum(u.n_persons for u in used), len(used), sum(u.n_sessions for u in used))
    beside = "what went together, and no cause"
    of = (MODEL, "return", "client", term)
    return over_units(*of, over, n, formula=RETURN, beside=beside, exploratory=True)


def own_page(tables: Tables, therapist: str) -> tuple[list[Measure], list[Latency], Latency]:
    """Return one therapist's answers for their own eyes: shares by kind, the medians by dyad, and of all."""
    rows = answered(tables)
    rows = rows[rows["therapist"] == therapist]
    plain = rows.to_dict("records")
    each = [
        latency(mine["seconds"].to_numpy(float), mine["status"].to_numpy(np.int64), str(dyad))
        for dyad, mine in rows.groupby("dyad", sort=True)
    ]
    whole = latency(rows["seconds"].to_numpy(float), rows["status"].to_numpy(np.int64), therapist)
    return answer_measures(plain), each, whole

"""M5: how soon a client's excursions are answered, and what goes with the way back.

- answers: per therapist the median time until an excursion was answered (Kaplan-Meier, what ends unanswered
  leaves), from when it was known and so below 0 where answers came before that; then over therapists on the
  logarithm (REML, HKSJ), where a median below a second counts as one; their spread is the frailty. No
  therapist has a row: that page is their own (`own_page`).
- ways back: ln odds of returning in the next 5 s ~ ln(1 + time) + the therapist's steadiness + depth + own
  speech, per dyad as `attune across` fits it, then over dyads.

References
----------
Brookmeyer & Crowley (1982), doi:10.2307/2530286: interval of the median.
Singer & Willett (1993), doi:10.3102/10769986018002155: discrete-time survival.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.across.answers import answer_measures
from processing.across.first_answers import AHEAD, first_answers
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
from processing.cohort.models.therapists import over_dyads
from processing.cohort.models.two_stage import Pooled, pooled
from processing.hour.measure import Measure
from processing.metrics.recovery import kaplan_meier_median
from processing.rows.excursions import ANSWERS, KNOWN_AFTER

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M5"
BEFORE = AHEAD + 1.0
"""Curves begin so long before an excursion is known [s], when nothing can have come yet."""
LEAST_LATENCY = 1.0
"""A shorter median counts as so long in logarithms [s]: the index has a value each second."""
LEAST_ANSWERS = 16
"""With fewer answers a therapist, on average, intervals of their spread held 89 %."""
LEAST_EXCURSIONS = 10
"""Fewer excursions of a therapist give no median."""
ANSWER = "Surv(latency, answered) ~ 1, by therapist; ln median ~ 1 + (1 | therapist), REML, HKSJ"
RETURN = "returned ~ ln(1 + since) + steadiness + depth + speaking, by dyad; ~ 1 + (1 | dyad), REML, HKSJ"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Latency:
    """Hold the median of one therapist's answers [s] with its 95 % interval; nan where it is not reached.

    Seconds are since excursions were known; below 0, before.
    """

    therapist: str
    median: float
    low: float
    high: float
    n: int
    answered: int

    @property
    def error(self) -> float:
        """Return the standard error of the logarithm; from the lower end where the upper one is open."""
        low, middle, high = (max(x, LEAST_LATENCY) for x in (self.low, self.median, self.high))
        return math.log(high / low) / 3.92 if math.isfinite(high) else math.log(middle / low) / 1.96

    @property
    def logarithm(self) -> float:
        """Return that of the median, which counts as `LEAST_LATENCY` where it is shorter."""
        return math.log(max(self.median, LEAST_LATENCY)) if math.isfinite(self.median) else math.nan


def responsiveness(tables: Tables) -> list[ModelRow]:
    """Return how soon excursions are answered over therapists, and what goes with the way back."""
    return [*_answers(tables), *_returns(tables)]


def answered(tables: Tables) -> pd.DataFrame:
    """Return the clients' excursions with `seconds` until answered or left, and `status` (1 answered).

    Seconds are since it was known; `answer` and `latency` are of the first answer, which may be before that.
    """
    rows = tables["excursions"]
    mine = rows[(rows["entity"] == "client") & rows["crossed"].fillna(value=False).astype(bool)]
    mine = _with_first_answers(mine.sort_values(["dyad", "session", "on"], kind="stable"), tables)
    came = (mine["answer"].isin(ANSWERS) & mine["latency"].notna()).to_numpy(bool)
    left = (mine["off"] - mine["on"]).to_numpy(float) - KNOWN_AFTER
    seconds = np.where(came, mine["latency"].to_numpy(float), left)
    mine["seconds"], mine["status"] = seconds, came.astype(int)
    known = np.isfinite(seconds) & (came | (left > 0.0))
    return mine[known]


def _with_first_answers(mine: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return excursions, in order, with what answered each first."""
    given: dict[tuple[Any, Any], list[tuple[float, str]]] = defaultdict(list)
    rows = tables["interventions"]
    rows = rows[(rows["entity"] == "client") & rows["code"].isin(ANSWERS)]
    for dyad, session, on, code in rows[["dyad", "session", "on", "code"]].itertuples(index=False, name=None):
        given[dyad, session].append((on, code))
    kinds: list[str] = []
    seconds: list[FloatArray] = [np.empty(0)]
    for key, one in mine.groupby(["dyad", "session"], sort=False, dropna=False):
        on, off, answer, latency = (one[name].tolist() for name in ("on", "off", "answer", "latency"))
        first, late = first_answers(on, off, answer, latency, given[key])
        kinds += first
        seconds.append(late)
    return mine.assign(answer=kinds, latency=np.concatenate(seconds))


def latency(seconds: FloatArray, status: IntArray, therapist: str) -> Latency:
    """Return the median time until an answer.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        From when it was known until it was answered, or until it ended or was cut.
    status : ndarray, shape (n,)
        1 where it was answered.
    """
    nan, n, events = math.nan, len(seconds), int(status.sum())
    if n < LEAST_EXCURSIONS or events < 2:
        return Latency(therapist=therapist, median=nan, low=nan, high=nan, n=n, answered=events)
    middle, low, high = (x - BEFORE for x in kaplan_meier_median(seconds + BEFORE, status > 0))
    return Latency(therapist=therapist, median=middle, low=low, high=high, n=n, answered=events)


def _answers(tables: Tables) -> list[ModelRow]:
    rows = answered(tables)
    marked = _marked(tables)
    rows = rows[[(d, s) in marked for d, s in zip(rows["dyad"], rows["session"], strict=True)]]
    rows = rows[rows["therapist"] != ""]  # whoever has no code is not one person
    n = counts(rows)
    if not len(rows):
        why = "no excursion of a client in a session with marked interventions and a therapist's code"
        return [refused(MODEL, "answer_latency", "client", why, term="median", formula=ANSWER)]
    each = [
        latency(mine["seconds"].to_numpy(float), mine["status"].to_numpy(np.int64), str(who))
        for who, mine in rows.groupby("therapist", sort=True)
    ]
    y = np.array([e.logarithm for e in each])
    over = pooled(y, _variances(each, [e.n for e in each]), what="therapist")
    # How much they differ shows where answers are counted: few hold little of those who answer late.
    answers = [e.answered for e in each]
    differ = pooled(y, _variances(each, answers), what="therapist")
    spoken = "SD of therapists, of the logarithm"
    if not differ.reason and np.mean(np.array(answers)[np.isfinite(y)]) < LEAST_ANSWERS:
        differ = replace(differ, tau_low=math.nan, tau_high=math.nan)
        spoken += f"; no interval from fewer than {LEAST_ANSWERS} answers a therapist"
    few = (
        f"; a therapist needs {LEAST_EXCURSIONS} excursions, and half of them answered" if over.reason else ""
    )
    of = (MODEL, "answer_latency", "client")
    middle, why = _exponential(over), over.reason + few
    return [
        over_units(*of, "median", middle, n, formula=ANSWER, beside=why),
        spread(*of, "frailty_sd", differ, n, formula=ANSWER, beside=spoken),
    ]


def _variances(each: Sequence[Latency], counted: Sequence[int]) -> FloatArray:
    """Return the variance of each logarithm: one for all, by how many excursions, or answers, each rests on.

    That of a single median is itself known so badly that weights by it would hold the median of chance. The
    mean must not weigh by answers either: whoever is found to answer sooner is found to answer more.
    """
    n = np.array(counted, float)
    own = np.array([e.error**2 for e in each])
    there = np.isfinite(own) & (own > 0.0)
    if not there.any():
        return own
    return np.asarray(float((own * n)[there].mean()) / np.maximum(n, 1.0))


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
    own, values, dyads = [], [], []
    for dyad, rows in bins.groupby("dyad", sort=True):
        found = return_measures(_keyed(rows))
        n = counts(rows)
        values.append((found, n))
        dyads.append(str(dyad))
        own += [_of_dyad(str(dyad), term, m, n) for term, m in zip(TERMS, found, strict=True)]
    over = [_over_dyads(k, term, values, dyads, bins) for k, term in enumerate(TERMS)]
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


def _over_dyads(
    k: int,
    term: str,
    values: Sequence[tuple[Sequence[Measure], Counts]],
    dyads: Sequence[str],
    bins: pd.DataFrame,
) -> ModelRow:
    y = np.array([found[k].value for found, _ in values])
    v = np.array([found[k].se ** 2 for found, _ in values])
    used = [n for (_, n), value in zip(values, y, strict=True) if math.isfinite(value)]
    beside = "what went together, and no cause"
    nested = over_dyads(y, v, dyads, bins, formula=RETURN, beside=beside)
    over = nested.pooled
    if over.reason:
        over = replace(over, reason=f"{over.reason} (from {LEAST} excursions of a dyad on)")
    n = Counts(sum(u.n_persons for u in used), len(used), sum(u.n_sessions for u in used))
    of = (MODEL, "return", "client", term)
    return over_units(*of, over, n, formula=nested.formula, beside=nested.beside, exploratory=True)


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

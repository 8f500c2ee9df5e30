"""Models of a cohort against cohorts whose truth is known: do intervals hold, is nothing taken for something?

python -m benchmarks.cohort_truth [M1 M2 …] [--cohorts 400] [--seed 1] [--what "8 dyads"]

Each row is a kind of cohort, drawn anew for every repetition: how often the 95 % interval held the truth, how
often p was at or below .05 (where the truth is 0 that is a false one, should be 5 %), the bias in standard
deviations of the estimates, and how often nothing was stated.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from processing.cohort.models import coupling, dose, edges, growth, process, returning, series, stable
from processing.cohort.models.row import ModelRow, counts
from processing.cohort.models.series import Series
from processing.cohort.simulated.cohort import COVARIATE, simulated
from processing.cohort.simulated.pairs import simulated_pairs
from processing.cohort.simulated.truth import Truth

Fit = Callable[[Truth, np.random.Generator], list[ModelRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Hold one kind of cohort: how it is fitted, and the true value of each term looked at."""

    model: str
    what: str
    truth: Truth
    fit: Fit
    terms: dict[str, float]


def of_ratings(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    tables = simulated(truth, rng, ["ratings"])
    return stable.partition(series.ratings(tables, "client", "safety_now"), "safety_now", "client")


def of_rest(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    tables = simulated(truth, rng, ["rest"])
    return stable.partition(series.metric(tables, "client", "lnrmssd_rest"), "lnrmssd_rest", "client")


def of_labels(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    found = edges.edges(simulated(truth, rng, ["labels"]))
    return [r for r in found if r.outcome == "tolerated_upper" and r.entity == "client"]


def of_band(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    rows = series.metric(simulated(truth, rng, ["band"]), "client", "time_in_pct")
    n = counts(rows)
    if n.n_dyads < growth.LEAST_DYADS:
        return [growth._two_stages(rows, "time_in_pct", "client", n)]
    return growth._mixed(rows, "time_in_pct", "client", n)


def of_pairs(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return [coupling.against_pseudo(simulated_pairs(truth, rng), "hr")[0]]


def of_lags(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return [r for r in coupling._lags(simulated(truth, rng, ["coupled"]), "hr") if r.entity == "dyad"]


def of_answers(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return returning._answers(simulated(truth, rng, ["excursions", "interventions"]))


def of_ways_back(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return [r for r in returning._returns(simulated(truth, rng, ["ways_back"])) if r.entity == "client"]


def of_responses(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return dose._responses(simulated(truth, rng, ["responses"]))


def of_doses(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return dose._doses(simulated(truth, rng, ["interventions"]))


def of_courses(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    tables = simulated(truth, rng, ["course"])
    outcome = next(series.reported(tables))
    before = Series("dyad", "process", series.metric(tables, "dyad", "joint_time_in_pct"))
    values = process.moderators(tables)[COVARIATE]
    return [
        *process.step_model(before, outcome),
        *process.step_model(before, outcome, moderator=("moderator", values)),
    ]


def kinds() -> Iterator[Kind]:
    """Yield the kinds of cohorts."""
    for what, truth in (
        ("8 persons × 6 sessions × 4 ratings, ICC .5", Truth(dyads=8, sessions=6)),
        ("20 × 8 × 4, ICC .17 of a value", Truth(dyads=20, sd_person=0.5)),
        ("20 × up to 12, a fifth leaves after each", Truth(dyads=20, sessions=12, dropped=0.2)),
    ):
        session = truth.sd_session**2 + truth.sd_within**2 / truth.ratings
        person, whole = truth.sd_person**2, truth.sd_person**2 + truth.sd_session**2 + truth.sd_within**2
        terms = {
            "icc_1": person / (person + session),
            "share_person": 100 * person / whole,
            "share_session": 100 * truth.sd_session**2 / whole,
        }
        yield Kind(model="M1", what=what, truth=truth, fit=of_ratings, terms=terms)
    for what, truth in (
        ("8 persons × 6 sessions, one value each", Truth(dyads=8, sessions=6)),
        (
            "30 × up to 12, a fifth leaves after each",
            Truth(dyads=30, sessions=12, dropped=0.2, sd_person=2.0),
        ),
    ):
        icc = truth.sd_person**2 / (truth.sd_person**2 + truth.sd_session**2)
        yield Kind(model="M1", what=what, truth=truth, fit=of_rest, terms={"icc_1": icc})
    for what, truth in (
        ("4 dyads × 8 sessions × 20 labels, none", Truth(dyads=4)),
        ("8 × 8 × 20, +0.2 SD a session", Truth(dyads=8, edge_slope=0.2)),
        (
            "8 × 5 × 30, +0.3, sd 0.2",
            Truth(dyads=8, sessions=5, labels=30, edge_slope=0.3, edge_slope_sd=0.2),
        ),
    ):
        terms = {"movement": truth.edge_slope, "edge": truth.edge}
        yield Kind(model="M2", what=what, truth=truth, fit=of_labels, terms=terms)
    for what, truth in (
        ("4 dyads × 4 sessions, none (two stages)", Truth(dyads=4, sessions=4)),
        ("6 × 8, +1 % a session (two stages)", Truth(dyads=6, slope=1.0)),
        ("6 × up to 10, leave where it is low (two stages)", Truth(dyads=6, sessions=10, dropped=0.15)),
        ("8 × 6, none, slopes alike", Truth(dyads=8, sessions=6, slope_sd=0.0)),
        ("24 × 8, 4 to a therapist, +1 %", Truth(dyads=24, dyads_of_therapist=4, slope=1.0)),
        ("24 × up to 10, leave where it is low", Truth(dyads=24, sessions=10, dropped=0.15)),
        ("12 × 8, bend .3", Truth(dyads=12, bend=0.3)),
    ):
        terms = {"session": truth.slope, "session²": truth.bend}
        yield Kind(model="M3", what=what, truth=truth, fit=of_band, terms=terms)
    for what, truth in (
        ("3 dyads × 4 sessions, none", Truth(dyads=3, sessions=4, coupling_sd=0.0)),
        ("5 × 4, none, dyads differ", Truth(dyads=5, sessions=4)),
        ("12 × 4, none", Truth(dyads=12, sessions=4, coupling_sd=0.0)),
        ("12 × 4, + .01", Truth(dyads=12, sessions=4, coupling=0.01)),
    ):
        yield Kind(model="M4", what=what, truth=truth, fit=of_pairs, terms={"real": truth.coupling})
    for what, truth in (
        ("lag 2 s, 5 dyads × 4 sessions", Truth(dyads=5, sessions=4, lag=2.0)),
        ("lag 0, 12 × 4, dyads alike", Truth(dyads=12, sessions=4, lag_sd=0.0)),
    ):
        yield Kind(model="M4", what=what, truth=truth, fit=of_lags, terms={"lag": truth.lag})
    for what, truth in (
        ("4 therapists × 3 clients × 5 sessions, 30 s", Truth(dyads=12, sessions=5, dyads_of_therapist=3)),
        ("10 × 1 × 6, 45 s", Truth(dyads=10, sessions=6, latency=45.0)),
        ("10 × 1 × 3, 30 s", Truth(dyads=10, sessions=3, latency=30.0)),
    ):
        terms = {"median": truth.latency, "frailty_sd": truth.latency_sd}
        yield Kind(model="M5", what=what, truth=truth, fit=of_answers, terms=terms)
    for what, truth in (
        ("4 dyads × 8 sessions, steadiness 0", Truth(dyads=4)),
        ("10 × 8, 0", Truth(dyads=10)),
        ("10 × 8, 0.3", Truth(dyads=10, steadiness=0.3, steadiness_sd=0.2)),
    ):
        yield Kind(
            model="M5", what=what, truth=truth, fit=of_ways_back, terms={"steadiness": truth.steadiness}
        )
    for what, truth in (
        ("4 dyads × 5 sessions, 0", Truth(dyads=4, sessions=5)),
        ("10 × 8, 0, dyads alike", Truth(dyads=10, response_sd=0.0)),
        ("10 × 8, −.3 SD", Truth(dyads=10, response=-0.3)),
        ("10 × up to 10, −.3 SD, a fifth leaves", Truth(dyads=10, sessions=10, response=-0.3, dropped=0.2)),
    ):
        yield Kind(model="M6", what=what, truth=truth, fit=of_responses, terms={"matched": truth.response})
    truth = Truth(dyads=6, sessions=4)
    terms = {"supportive": 8.0, "change_oriented": 5.0, "change_less_supportive": -3.0}
    yield Kind(model="M6", what="doses, 6 × 4", truth=truth, fit=of_doses, terms=terms)
    for what, truth in (
        ("8 clients × 6 sessions, none", Truth(dyads=8, sessions=6)),
        ("20 × 8, none", Truth(dyads=20)),
        ("20 × 8, within .05", Truth(dyads=20, within=0.05)),
        ("20 × 8, within .05, outcome feeds back", Truth(dyads=20, within=0.05, fed_back=0.4)),
        ("20 × 5, none, outcome feeds back", Truth(dyads=20, sessions=5, fed_back=0.4)),
        ("40 × 12, 4 to a therapist, carried .8, feeds back", Truth(
            dyads=40, sessions=12, dyads_of_therapist=4, carried=0.8, fed_back=0.4)),
    ):  # fmt: skip
        terms = {"process_within": truth.within, "process_within:moderator": 0.0}
        if not truth.fed_back and not truth.within:
            terms["process_mean"] = 0.0
        yield Kind(model="M7", what=what, truth=truth, fit=of_courses, terms=terms)


def row(kind: Kind, term: str, found: list[ModelRow], cohorts: int) -> str:
    """Return a line of the table."""
    there = [r for r in found if math.isfinite(r.estimate)]
    true = kind.terms[term]
    bounded = [r for r in there if math.isfinite(r.ci_low) and math.isfinite(r.ci_high)]
    held = np.array([r.ci_low <= true <= r.ci_high for r in bounded])
    p = np.array([r.p for r in there if math.isfinite(r.p)])
    values = np.array([r.estimate for r in there])
    bias = (values.mean() - true) / values.std() if len(values) > 1 and values.std() > 0 else math.nan
    covered = f"{100 * held.mean():.1f} %" if len(held) else "–"
    seen = f"{100 * (p <= 0.05).mean():.1f} %" if len(p) else "–"
    return (
        f"| {kind.model} | {kind.what} | {term} | {true:.3g} | {covered} | {seen} | {bias:+.2f} | "
        f"{100 * (1 - len(bounded) / cohorts):.0f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*")
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", default="")
    given = parser.parse_args()
    print("| model | cohort | term | truth | 95 % interval held | p ≤ .05 | bias [SD] | not stated |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for number, kind in enumerate(kinds()):
        if (given.models and kind.model not in given.models) or given.what not in kind.what:
            continue
        found: dict[str, list[ModelRow]] = {term: [] for term in kind.terms}
        for cohort in range(given.cohorts):
            rng = np.random.default_rng([given.seed, number, cohort])
            for r in kind.fit(kind.truth, rng):
                if r.term in found:
                    found[r.term].append(r)
        for term, rows in found.items():
            if rows:
                print(row(kind, term, rows, given.cohorts), flush=True)


if __name__ == "__main__":
    main()

"""Kinds of cohorts whose truth is known, and how each is fitted (`benchmarks.cohort_truth` draws them)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processing.cohort.models import coupling, dose, edges, growth, process, returning, series, stable
from processing.cohort.models.row import ModelRow
from processing.cohort.models.series import Series
from processing.cohort.simulated.cohort import COVARIATE, simulated
from processing.cohort.simulated.pairs import simulated_pairs
from processing.cohort.simulated.truth import Truth

SHARED = "6 to a therapist, half of how dyads differ is theirs"
NESTED: dict[str, Any] = {"dyads_of_therapist": 6, "of_therapist": 0.5}
Fit = Callable[[Truth, np.random.Generator], list[ModelRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Hold one kind of cohort: how it is fitted, and the true value of each term looked at.

    Parameters
    ----------
    each : mapping
        Term of single dyads or clients → its true value, or the name of what is true of that dyad.
    """

    model: str
    what: str
    truth: Truth
    fit: Fit
    terms: Mapping[str, float]
    each: Mapping[str, str | float] = field(default_factory=dict)


def of_ratings(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    tables = simulated(truth, rng, ["ratings"])
    return stable.partition(series.ratings(tables, "client", "safety_now"), "safety_now", "client")


def of_rest(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    tables = simulated(truth, rng, ["rest"])
    return stable.partition(series.metric(tables, "client", "lnrmssd_rest"), "lnrmssd_rest", "client")


def of_labels(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    found = edges.edges(simulated(truth, rng, ["labels"]))
    return [r for r in found if r.outcome == "tolerated_upper"]


def of_band(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    rows = series.metric(simulated(truth, rng, ["band"]), "client", "time_in_pct")
    return growth.growth_of(rows, "time_in_pct", "client")


def of_pairs(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    test, own = coupling.against_pseudo(simulated_pairs(truth, rng), "hr")
    return [test, *own]


def of_lags(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return coupling._lags(simulated(truth, rng, ["coupled"]), "hr")


def of_answers(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return returning._answers(simulated(truth, rng, ["excursions"]))


def of_own_pages(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    """Fit what each therapist's own page says of them, as rows that no store holds."""
    tables = simulated(truth, rng, ["excursions"])
    out = []
    for who in sorted(set(tables["sessions"]["therapist"])):
        of = returning.own_page(tables, who)[2]
        out.append(
            ModelRow(
                model="M5", outcome="own page", entity=who, term="own_median", estimate=of.median,
                ci_low=of.low, ci_high=of.high,
            )
        )  # fmt: skip
    return out


def of_ways_back(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return returning._returns(simulated(truth, rng, ["ways_back"]))


def of_responses(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    return dose._responses(simulated(truth, rng, ["responses"]))


def of_doses(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    rows = dose._doses(simulated(truth, rng, ["interventions"]))
    return [r for r in rows if r.outcome in ("dose_minutes", "supportive_timing")]


def of_courses(truth: Truth, rng: np.random.Generator) -> list[ModelRow]:
    tables = simulated(truth, rng, ["course"])
    outcome = next(series.reported(tables))
    before = Series("dyad", "process", series.metric(tables, "dyad", "joint_time_in_pct"))
    values = process.moderators(tables)[COVARIATE]
    return [
        *process.step_model(before, outcome),
        *process.step_model(outcome, before),
        *process.step_model(before, outcome, moderator=("moderator", values)),
    ]


def kinds() -> Iterator[Kind]:
    """Yield the kinds of cohorts."""
    for make in (_stable, _edges, _growth, _coupling, _answers, _ways_back, _doses, _processes):
        yield from make()


def _stable() -> Iterator[Kind]:
    for what, truth in (
        ("8 persons × 6 sessions × 4 ratings, ICC .5", Truth(dyads=8, sessions=6)),
        ("20 × 8 × 4, ICC .17 of a value", Truth(dyads=20, sd_person=0.5)),
        ("20 × up to 12, a fifth leaves after each", Truth(dyads=20, sessions=12, dropped=0.2)),
    ):
        person, session, within = truth.sd_person**2, truth.sd_session**2, truth.sd_within**2
        of_session, whole = session + within / truth.ratings, person + session + within
        terms = {
            "icc_1": person / (person + of_session),
            "share_person": 100 * person / whole,
            "share_session": 100 * session / whole,
            "share_within": 100 * within / whole,
        }
        if not truth.dropped:
            terms["icc_k"] = person / (person + of_session / truth.sessions)
        yield Kind(model="M1", what=what, truth=truth, fit=of_ratings, terms=terms)
    for what, truth in (
        ("8 persons × 6 sessions, one value each", Truth(dyads=8, sessions=6)),
        (
            "30 × up to 12, a fifth leaves after each",
            Truth(dyads=30, sessions=12, dropped=0.2, sd_person=2.0),
        ),
    ):
        icc = truth.sd_person**2 / (truth.sd_person**2 + truth.sd_session**2)
        terms = {"icc_1": icc, "share_person": 100 * icc, "share_session": 91 * (1 - icc)}
        yield Kind(model="M1", what=what, truth=truth, fit=of_rest, terms=terms)


def _edges() -> Iterator[Kind]:
    for what, truth in (
        ("4 dyads × 8 sessions × 20 labels, none", Truth(dyads=4)),
        ("8 × 8 × 20, +0.2 SD a session", Truth(dyads=8, edge_slope=0.2)),
        (
            "8 × 5 × 30, +0.3, sd 0.2",
            Truth(dyads=8, sessions=5, labels=30, edge_slope=0.3, edge_slope_sd=0.2),
        ),
        (f"24 × 8 × 20, {SHARED}", Truth(dyads=24, edge_slope_sd=0.2, **NESTED)),
    ):
        terms = {"movement": truth.edge_slope, "edge": truth.edge}
        # The interval of how much dyads differ takes them as independent.
        if not truth.of_therapist:
            terms |= {"movement_sd": truth.edge_slope_sd, "edge_sd": truth.edge_sd}
        each = {"movement": "edge_slope", "edge": "edge"}
        yield Kind(model="M2", what=what, truth=truth, fit=of_labels, terms=terms, each=each)


def _growth() -> Iterator[Kind]:
    for what, truth in (
        ("4 dyads × 4 sessions, none (two stages)", Truth(dyads=4, sessions=4)),
        ("6 × 8, +1 % a session (two stages)", Truth(dyads=6, slope=1.0)),
        ("6 × up to 10, leave where it is low (two stages)", Truth(dyads=6, sessions=10, dropped=0.15)),
        ("8 × 6, none, slopes alike", Truth(dyads=8, sessions=6, slope_sd=0.0)),
        ("8 × 6, none, slopes differ a little", Truth(dyads=8, sessions=6, slope_sd=0.5)),
        ("8 × 6, none, slopes differ", Truth(dyads=8, sessions=6)),
        ("8 × up to 10, leave where it is low", Truth(dyads=8, sessions=10, dropped=0.15)),
        ("24 × 8, 4 to a therapist, +1 %", Truth(dyads=24, dyads_of_therapist=4, slope=1.0)),
        (
            "24 × 8, 6 to a therapist, therapists' slopes differ",
            Truth(dyads=24, dyads_of_therapist=6, therapist_slope_sd=1.0),
        ),
        ("24 × up to 10, leave where it is low", Truth(dyads=24, sessions=10, dropped=0.15)),
        (f"24 × 8, none, {SHARED}", Truth(dyads=24, **NESTED)),
        (
            "7 × 8, none, 2 to a therapist, who differ (two stages)",
            Truth(dyads=7, dyads_of_therapist=2, of_therapist=0.5),
        ),
        ("12 × 8, bend .3", Truth(dyads=12, bend=0.3)),
        ("12 × 8, bends differ", Truth(dyads=12, bend_sd=0.3)),
    ):
        terms = {"session": truth.slope, "session²": truth.bend}
        # A line through some of the sessions of a bent course has another slope than the course.
        each = {"session": "slope"} if not truth.bend and not truth.bend_sd else {}
        yield Kind(model="M3", what=what, truth=truth, fit=of_band, terms=terms, each=each)


def _coupling() -> Iterator[Kind]:
    for what, truth in (
        ("3 dyads × 4 sessions, none", Truth(dyads=3, sessions=4, coupling_sd=0.0)),
        ("5 × 4, none, dyads differ", Truth(dyads=5, sessions=4)),
        ("12 × 4, none", Truth(dyads=12, sessions=4, coupling_sd=0.0)),
        ("12 × 4, + .01", Truth(dyads=12, sessions=4, coupling=0.01)),
        (f"24 × 4, none, {SHARED}", Truth(dyads=24, sessions=4, coupling_sd=0.01, **NESTED)),
    ):
        terms = {"real": truth.coupling}
        yield Kind(model="M4", what=what, truth=truth, fit=of_pairs, terms=terms, each={"real": "coupling"})
    for what, truth in (
        ("lag 2 s, 5 dyads × 4 sessions", Truth(dyads=5, sessions=4, lag=2.0)),
        ("lag 0, 12 × 4, dyads alike", Truth(dyads=12, sessions=4, lag_sd=0.0)),
        (f"lag 0, 24 × 4, {SHARED}", Truth(dyads=24, sessions=4, **NESTED)),
    ):
        terms = {"lag": truth.lag}
        yield Kind(model="M4", what=what, truth=truth, fit=of_lags, terms=terms, each={"lag": "lag"})


def _answers() -> Iterator[Kind]:
    for what, truth in (
        ("4 therapists × 3 clients × 5 sessions, 30 s", Truth(dyads=12, sessions=5, dyads_of_therapist=3)),
        ("10 × 1 × 6, 45 s", Truth(dyads=10, sessions=6, latency=45.0)),
        ("10 × 1 × 3, 30 s", Truth(dyads=10, sessions=3, latency=30.0)),
    ):
        terms = {"median": truth.latency, "frailty_sd": truth.latency_sd}
        yield Kind(model="M5", what=what, truth=truth, fit=of_answers, terms=terms)
    for what, truth in (
        ("own page, 12 excursions", Truth(dyads=8, sessions=2)),
        ("own page, 48 excursions", Truth(dyads=8, sessions=8)),
    ):
        each = {"own_median": "latency"}
        yield Kind(model="M5", what=what, truth=truth, fit=of_own_pages, terms={}, each=each)


def _ways_back() -> Iterator[Kind]:
    for what, truth in (
        ("4 dyads × 8 sessions, steadiness 0", Truth(dyads=4)),
        ("10 × 8, steadiness 0", Truth(dyads=10)),
        ("10 × 8, steadiness 0.3", Truth(dyads=10, steadiness=0.3, steadiness_sd=0.2)),
        (f"24 × 8, steadiness 0, {SHARED}", Truth(dyads=24, steadiness_sd=0.2, **NESTED)),
    ):
        beside = {"depth": -0.3, "speaking": 0.2}
        terms = {"steadiness": truth.steadiness} | beside
        each = {"steadiness": "steadiness"} | beside
        yield Kind(model="M5", what=what, truth=truth, fit=of_ways_back, terms=terms, each=each)


def _doses() -> Iterator[Kind]:
    for what, truth in (
        ("4 dyads × 5 sessions, 0", Truth(dyads=4, sessions=5)),
        ("10 × 8, 0, dyads alike", Truth(dyads=10, response_sd=0.0)),
        ("10 × 8, −.3 SD", Truth(dyads=10, response=-0.3)),
        (f"24 × 8, 0, {SHARED}", Truth(dyads=24, **NESTED)),
        ("10 × up to 10, −.3 SD, a fifth leaves", Truth(dyads=10, sessions=10, response=-0.3, dropped=0.2)),
    ):
        yield Kind(model="M6", what=what, truth=truth, fit=of_responses, terms={"matched": truth.response})
    for what, truth in (
        ("doses, 6 × 4, 30 % begun out", Truth(dyads=6, sessions=4)),
        ("doses, 6 × 4, 5 % begun out", Truth(dyads=6, sessions=4, begun_out=0.05)),
        ("doses, 12 × 8, 5 % begun out", Truth(dyads=12, begun_out=0.05)),
        ("doses, 12 × 8, 10 % begun out, dyads differ", Truth(dyads=12, begun_out=0.1, begun_out_sd=0.1)),
    ):
        out = 100.0 * truth.begun_out
        terms = {"supportive": 8.0, "change_oriented": 5.0, "change_less_supportive": -3.0}
        terms |= {"in_band": 100.0 - out, "out": out}
        yield Kind(model="M6", what=what, truth=truth, fit=of_doses, terms=terms)


def _processes() -> Iterator[Kind]:
    for what, truth in (
        ("8 clients × 6 sessions, none", Truth(dyads=8, sessions=6)),
        ("20 × 8, none", Truth(dyads=20)),
        ("20 × 8, within .05", Truth(dyads=20, within=0.05)),
        ("20 × 8, within .05, levels go together", Truth(dyads=20, within=0.05, between=1.0)),
        ("20 × 8, within 0, clients differ", Truth(dyads=20, within_sd=0.05)),
        ("20 × 8, within .05, outcome feeds back", Truth(dyads=20, within=0.05, fed_back=0.4)),
        ("20 × 5, none, outcome feeds back", Truth(dyads=20, sessions=5, fed_back=0.4)),
        ("40 × 12, 4 to a therapist, carried .8, feeds back", Truth(
            dyads=40, sessions=12, dyads_of_therapist=4, carried=0.8, fed_back=0.4)),
    ):  # fmt: skip
        # What an outcome adds to today's process it adds to the next one as far as it is carried there.
        back = 10.0 * truth.fed_back * truth.carried
        terms = {
            "process_within": truth.within, "process_within:moderator": 0.0, "wellbeing_within": back,
        }  # fmt: skip
        yield Kind(model="M7", what=what, truth=truth, fit=of_courses, terms=terms)

"""What one simulated hour leaves in the tables: each function draws its rows from the truth of the dyad."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from processing.cohort.simulated.dyad import Dyad
from processing.cohort.simulated.truth import Truth
from processing.indices.heart import VAGAL
from processing.rows.excursions import KNOWN_AFTER

Made = Iterator[tuple[str, dict[str, Any]]]
Maker = Callable[[Truth, Dyad, int, np.random.Generator], Made]
MEAN_EXCURSION = 90.0
"""Mean length of an excursion that nobody answers, beyond the 10 s until it is known [s]."""
APART = 40.0
"""Least time from one excursion to the next [s]."""
ANSWER = "repair_attempt"
"""An answer that is neither supportive nor change-oriented work."""
ANSWER_LASTS = 10.0
COURSE = "course"


def _metric(
    dyad: Dyad, name: str, value: float, *, entity: str = "client", se: float = math.nan, n: int = 1
) -> tuple[str, dict[str, Any]]:
    row = dyad.of(entity) | {"metric": name, "value": value, "se": se, "n": n, "scaling": "anchored"}
    return "metrics_long", row | {"ci_low": value - 1.96 * se, "ci_high": value + 1.96 * se}


def ratings(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw ratings of a person, a session and moments."""
    today = dyad.level + truth.sd_session * rng.standard_normal()
    for k in range(truth.ratings):
        value = 5.0 + today + truth.sd_within * rng.standard_normal()
        yield "labels", dyad.of("client") | {"time": 600.0 * k, "code": "safety_now", "value": value}


def rest(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw the vagal index at rest, with its own error, and the day's offset."""
    se = 0.3 * truth.sd_session
    today = dyad.level + math.sqrt(truth.sd_session**2 - se**2) * rng.standard_normal()
    yield _metric(dyad, f"{VAGAL}_rest", 3.5 + today + se * rng.standard_normal(), se=se)
    yield _metric(dyad, "day_offset_hr", truth.day_sd * rng.standard_normal())


def band(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw time within the band, which grows or bends over sessions."""
    at = session - (truth.sessions + 1) / 2.0
    value = 60.0 + 5.0 * dyad.level + dyad.slope * at + dyad.bend * at**2 + 5.0 * rng.standard_normal()
    yield _metric(dyad, "time_in_pct", value, se=2.0)


def labels(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw labels from a logistic curve whose edge moves from session to session."""
    edge = dyad.edge + dyad.edge_slope * (session - (truth.sessions + 1) / 2.0)
    near = edge + rng.normal(0.0, 0.8, truth.labels // 2)
    arousal = np.concatenate([near, rng.normal(0.5, 1.2, truth.labels - len(near))])
    over = rng.random(truth.labels) < 1.0 / (1.0 + np.exp(-truth.steepness * (arousal - edge)))
    for k, (a, far) in enumerate(zip(arousal.tolist(), over.tolist(), strict=True)):
        code = "felt_over" if far else "felt_ok"
        row = {"time": 60.0 * k, "code": code, "arousal": a, "scaling": "anchored"}
        yield "labels", dyad.of("client") | row


def coupled(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw a session's statement of coupling, its leader and lag."""
    se = 0.6
    lag = dyad.lag + se * rng.standard_normal()
    side = 0.0 if abs(dyad.lag) < 0.5 else math.copysign(1.0, dyad.lag)
    yield _metric(dyad, "sync_hr_stated", 1.0, entity="dyad")
    yield _metric(dyad, "sync_hr_lead", side, entity="dyad")
    yield _metric(dyad, "sync_hr_lag", lag, entity="dyad", se=se)


def excursions(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw excursions as the index shows them, and how soon each was answered unless it ended before."""
    shown, ended = rng.spawn(1)[0], 0.0
    for k in range(truth.excursions):
        on = max(200.0 + 2500.0 * k / truth.excursions, ended + APART)
        answer, own_end = rng.exponential(dyad.latency / math.log(2.0)), rng.exponential(MEAN_EXCURSION)
        came = answer < own_end
        row: dict[str, Any] = {"depth": rng.exponential(0.8), "partner_z": abs(rng.standard_normal())}
        at = on + KNOWN_AFTER + answer
        off = ended = on + KNOWN_AFTER + (answer + 20.0 if came else own_end)
        if came:
            yield "interventions", _answer(dyad, at)
        begin = on + _shown_late(truth, shown)
        if off - begin < KNOWN_AFTER:
            continue
        inside = came and begin + KNOWN_AFTER <= at <= off
        row |= {"side": "above", "crossed": True, "on": begin, "off": off, "scaling": "anchored"}
        row |= {"answer": ANSWER, "latency": at - begin - KNOWN_AFTER} if inside else {"answer": ""}
        yield "excursions", dyad.of("client") | row


def _shown_late(truth: Truth, rng: np.random.Generator) -> float:
    """Draw how much later the index passes an edge than without error of measurement [s]."""
    far = 2.0 * truth.shown_far * (rng.random() - 0.5) if rng.random() < truth.shown_far_share else 0.0
    return float(truth.shown_late + truth.shown_late_sd * rng.standard_normal() + far)


def _answer(dyad: Dyad, at: float) -> dict[str, Any]:
    """Return what is no minutes of supportive work, and an answer."""
    row = {"code": ANSWER, "actor": "therapist", "on": at, "off": at + ANSWER_LASTS}
    return dyad.of("client") | row | {"minutes": ANSWER_LASTS / 60.0, "scaling": "anchored"}


def ways_back(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw excursions in bins of 5 s, whose end goes with the therapist's steadiness."""
    for k in range(truth.excursions):
        since, depth, steady, back = 10.0, rng.exponential(0.5), rng.standard_normal(), False
        while not back and since < 400.0:
            steady = 0.8 * steady + 0.6 * rng.standard_normal()
            depth += rng.exponential(0.05)
            speaking = float(rng.random() < 0.4)
            odds = -2.2 + dyad.steadiness * steady - 0.3 * depth + 0.2 * speaking
            back = bool(rng.random() < 1.0 / (1.0 + math.exp(-odds)))
            yield (
                "ways_back",
                dyad.of("client")
                | {
                    "excursion": 400.0 * k,
                    "since": since,
                    "steadiness": steady,
                    "depth": depth,
                    "speaking": speaking,
                    "returned": back,
                    "scaling": "anchored",
                },
            )
            since += 5.0


def interventions(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw three interventions of each kind: how long, and where the client's index stood."""
    for code, minutes in zip(("int_support", "int_restructure"), truth.minutes, strict=True):
        for _ in range(3):
            on, length = rng.uniform(100.0, 2800.0), minutes / 3.0 * rng.uniform(0.5, 1.5)
            inside = rng.random() < dyad.begun_out
            yield (
                "interventions",
                dyad.of("client")
                | {
                    "code": code,
                    "actor": "therapist",
                    "on": on,
                    "off": on + 60.0 * length,
                    "minutes": length,
                    "arousal": rng.normal(1.0, 1.0),
                    "excursion": on - 20.0 if inside else math.nan,
                    "scaling": "anchored",
                },
            )


def responses(truth: Truth, dyad: Dyad, session: int, rng: np.random.Generator) -> Made:
    """Draw what followed int_support, each session with a standard error of its own."""
    se = rng.uniform(0.2, 0.5)
    true = dyad.response + truth.response_session_sd * rng.standard_normal()
    value = true + se * rng.standard_normal()
    row = {"code": "int_support", "signal": "arousal", "unit": "SD", "value": value, "se": se, "n": 12}
    yield "responses", dyad.of("client") | row | {"scaling": "anchored"}


MAKERS: dict[str, Maker] = {
    "ratings": ratings,
    "rest": rest,
    "band": band,
    "labels": labels,
    "coupled": coupled,
    "excursions": excursions,
    "ways_back": ways_back,
    "interventions": interventions,
    "responses": responses,
}
"""What may be drawn of an hour."""


def course(truth: Truth, dyad: Dyad, rng: np.random.Generator) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Draw the course of a process and of the outcome before each session, which move each other."""
    own = 2.0 * (dyad.outcome + truth.between * dyad.process)
    outcome = own + rng.standard_normal() / math.sqrt(1.0 - truth.carried**2)
    for session in range(1, truth.sessions + 1):
        row = dyad.of("client") | {"outcome": "wellbeing", "value": outcome}
        yield "outcomes", session, row
        moved = rng.standard_normal() + truth.fed_back * (outcome - own)
        table, made = _metric(dyad, "joint_time_in_pct", 50.0 + 10.0 * (dyad.process + moved), entity="dyad")
        yield table, session, made
        kept = own + truth.carried * (outcome - own)
        outcome = kept + dyad.within * 10.0 * moved + rng.standard_normal()

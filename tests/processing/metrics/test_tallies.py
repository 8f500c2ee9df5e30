"""What was marked, counted; and the interval that a mark opens."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acquisition.event import Event, Value
from processing.hour.measure import Measure
from processing.hour.timeline import Interval
from processing.metrics.session_metrics import definitions
from processing.metrics.tallies import tally_measures
from processing.rows.derived import derived_rows
from tests.processing.hours import line, person


def mark(at: float, code: str, value: Value = None, actor: str = "client") -> Event:
    return Event(time=at, code=code, actor=actor, value=value)


def found(*points: Event, spans: tuple[Interval, ...] = (), entity: str = "client") -> dict[str, Measure]:
    people = {e: person(np.zeros(3600), entity=e) for e in ("client", "therapist")}
    held = line(people, points=points, intervals=spans)
    return {m.metric: m for m in tally_measures(held, entity)}


def test_tests_of_the_therapist_are_counted_by_their_outcome() -> None:
    marks = [mark(60.0 * k, "safety_test", v) for k, v in enumerate(("passed", "passed", "open", None))]
    got = found(*marks)
    assert [got[f"safety_test_{o}_count"].value for o in ("passed", "failed", "open", "unsaid")] == [
        2,
        0,
        1,
        1,
    ]
    assert got["safety_test_passed_count"].n == 4


def test_invitations_have_a_share_with_the_exact_interval() -> None:
    marks = [mark(60.0 * k, "invite_accepted") for k in range(8)]
    marks += [mark(60.0 * k + 30.0, "invite_declined") for k in range(2)]
    got = found(*marks)["invite_accepted_pct"]
    # Clopper & Pearson's interval of 8 in 10.
    assert (got.value, got.n) == (80.0, 10)
    assert (got.ci_low, got.ci_high) == pytest.approx((44.39, 97.48), abs=0.01)
    all_of_them = found(*marks[:3])["invite_accepted_pct"]
    assert (all_of_them.value, all_of_them.ci_high) == (100.0, 100.0)


def test_loss_of_safety_is_counted_by_its_source() -> None:
    values = (7.0, "7 personal", "professional", "3 other", None)
    got = found(
        *(mark(60.0 * k, "ther_unsafe", v, "therapist") for k, v in enumerate(values)), entity="therapist"
    )
    counts = [got[f"ther_unsafe_{s}_count"].value for s in ("personal", "professional", "other", "unsaid")]
    assert counts == [1, 1, 1, 2]


def test_minutes_of_a_state_count_what_overlaps_once_and_name_what_was_never_closed() -> None:
    spans = (
        Interval(code="defensive", actor="client", start=60.0, stop=180.0),
        Interval(code="defensive", actor="client", start=120.0, stop=240.0),
        Interval(code="exploring", actor="client", start=3000.0, stop=3600.0, censored=True),
    )
    got = found(spans=spans)
    assert (got["defensive_minutes"].value, got["defensive_minutes"].n) == (3.0, 2)
    assert got["exploring_minutes"].value == 10.0 and "never closed" in got["exploring_minutes"].reason


def test_body_less_judged_is_of_pairs_of_one_moment() -> None:
    marks = [
        mark(100.0, "safety_body", 3.0), mark(130.0, "safety_judged", 8.0),
        mark(1000.0, "safety_body", 5.0), mark(990.0, "safety_judged", 6.0),
        mark(1060.0, "safety_judged", 0.0),
        mark(2000.0, "safety_body", 9.0), mark(2200.0, "safety_judged", 1.0),
    ]  # fmt: skip
    got = found(*marks)["safety_body_less_judged"]
    assert (got.value, got.n) == (-3.0, 2)
    alone = found(marks[0])["safety_body_less_judged"]
    assert math.isnan(alone.value) and "within 120 s" in alone.reason


def test_what_nobody_marked_has_no_row() -> None:
    assert found() == {}
    assert found(mark(10.0, "safety_test", "passed", "therapist")) == {}


@pytest.mark.parametrize(
    ("at", "seconds", "recorded"), [(100.0, 3600, 2899.0), (3000.0, 3600, 0.0), (0.0, 23000, 21000.0)]
)
def test_a_trigger_opens_ten_minutes_to_six_hours_and_says_how_much_was_recorded(
    at: float, seconds: int, recorded: float
) -> None:
    held = line(
        {"client": person(np.zeros(seconds))}, points=[mark(at, "recon_trigger"), mark(5.0, "insight")]
    )
    (row,) = derived_rows(held)
    assert (row.trigger, row.on, row.off) == (at, at + 600.0, at + 21600.0)
    assert row.recorded == recorded and row.recorded_pct == pytest.approx(recorded / 210.0)


def test_a_name_that_no_field_can_make_is_in_no_definition() -> None:
    known = definitions()

    def defined(metric: str) -> bool:
        return any(d.matches(metric) for d in known)

    for there in (
        "defensive_minutes",
        "int_support_minutes",
        "rupture_withdraw_count",
        "invite_declined_count",
    ):
        assert defined(there), there
    for made_up in ("somehow_minutes", "somehow_count", "safety_test_won_count", "somehow_t50"):
        assert not defined(made_up), made_up

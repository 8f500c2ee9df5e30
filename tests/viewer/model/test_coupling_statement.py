"""What the lane of synchrony states: what its last look does, so far, and the other cause beside it."""

from __future__ import annotations

import math

import pytest

from processing.index import IndexSample
from tests.viewer import synthetic
from viewer.model.definitions import definition
from viewer.model.model import SessionModel
from viewer.model.readouts import statement, sync_readouts

T0 = 1000.0


def looked(*looks: tuple[float, float, float, float], signal: str = "hr") -> SessionModel:
    """Return a model with looks: time, p, stated, lead; values of synchrony up to five minutes after."""
    model = synthetic.model()
    model.t0 = T0
    rows = []
    for time, p, stated, lead in looks:
        for end, value in (("_p", p), ("_stated", stated), ("_lead", lead)):
            at = T0 + time
            rows.append(IndexSample(at, at + 6.0, "dyad", f"sync_{signal}{end}", value, "", 1.0, ""))
    model.add_samples(rows)
    return model


@pytest.mark.parametrize(
    ("lead", "short", "who"),
    [
        (1.0, "therapist leads so far", "the client following the therapist"),
        (-1.0, "client leads so far", "the therapist following the client"),
        (0.0, "moved together so far", "moved together"),
        (math.nan, "coupled so far", "no clear leader"),
    ],
)
def test_a_stated_coupling_is_said_with_its_minute_and_the_other_cause(
    lead: float, short: str, who: str
) -> None:
    model = looked((900.0, 0.0005, 1.0, lead))
    full = f"coupling above chance, so far (minute 15) (p < 0.001): {who}; a shared cause looks the same"
    assert statement(model, "sync_hr", 1000.0) == ((short, full), ("or a shared cause", ""))
    assert statement(model, "sync_hr", 900.0) == ()


def test_a_small_p_that_its_look_does_not_state_says_nothing() -> None:
    model = looked((900.0, 0.0005, 1.0, 1.0), (1200.0, 0.004, 0.0, math.nan))
    assert statement(model, "sync_hr", 1000.0)
    assert statement(model, "sync_hr", 1300.0) == ()
    assert statement(looked((900.0, 0.0001, math.nan, math.nan)), "sync_hr", 1000.0) == ()
    assert statement(synthetic.model(), "sync_hr", 1000.0) == ()


def test_where_nobody_recorded_who_spoke_the_lane_says_so() -> None:
    model = synthetic.model()
    model.t0 = T0
    nan = math.nan
    rows = [
        IndexSample(T0 + 900.0, T0 + 906.0, "dyad", f"sync_hr{end}", nan, "", 0.0, "no speech record")
        for end in ("_p", "_stated", "_lead")
    ]
    model.add_samples(rows)
    full = "coupling was not tested: no speech record"
    assert statement(model, "sync_hr", 1000.0) == (("no speech record", full),)


def test_the_last_look_stands_with_its_minute_when_no_further_one_comes() -> None:
    model = looked((3000.0, 0.0005, 1.0, 0.0))
    (_, full), _ = statement(model, "sync_hr", 5000.0)
    assert "so far (minute 50)" in full


def test_the_lane_shows_the_statement_below_the_value() -> None:
    model = looked((900.0, 0.0005, 1.0, 1.0))
    at = (T0 + 985.0, T0 + 1000.0, "dyad")
    model.add_samples([IndexSample(*at, "sync_hr", 0.7, "", 1.0, "")])
    rows = sync_readouts(model, "sync_hr", definition("sync_hr"), 1001.0)
    assert [r.text for r in rows][1:] == [
        "no chance band yet",
        "therapist leads so far",
        "or a shared cause",
    ]

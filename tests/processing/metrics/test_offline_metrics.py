"""Session metrics with known answers: overlay, intervals, both people, labels, vagal, ruptures, responses."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.overlay import effective, read_overlay
from acquisition.stream import FloatArray
from processing.arousal.band import ArousalConfig
from processing.arousal.excursion import Excursion
from processing.config import PipelineConfig
from processing.hour.measure import Measure, seeded
from processing.hour.timeline import Interval, intervals, nearest
from processing.hour.uncertainty import mean_interval, median_interval
from processing.index import IndexSample
from processing.metrics import interventions, rupture, tolerated, vagal
from processing.metrics.dictionary import updated
from processing.metrics.excursions import find
from processing.metrics.in_band import time_in_band
from processing.metrics.joint import LEAST_SHIFT, joint_measures, shift_p, together
from processing.metrics.logistic import logistic_midpoint
from processing.metrics.occupancy import entropy, occupancy_measures
from processing.metrics.recovery import Recovery
from processing.metrics.session_metrics import Hour, definitions, what_the_hour_held
from tests.processing.hours import golden, line, person, wandering

CONFIG = ArousalConfig()


def named(measures: list[Measure]) -> dict[str, Measure]:
    return {m.metric: m for m in measures}


def test_the_overlay_adds_moves_and_takes_away(tmp_path: Path) -> None:
    raw = [
        Event(time=1.0, code="now_moment", id="a"),
        Event(time=2.0, code="note", id="b"),
        Event(time=3.0, code="suds", id="c", value=40.0),
        Event(time=3.5, code="suds", phase="void", ref="c", id="v"),
    ]
    lines = [
        {"op": "edit", "id": "a", "fields": {"time": 9.0}, "who": "R1", "when": "x", "why": "video"},
        {"op": "void", "id": "b"},
        {"op": "add", "id": "d", "fields": {"time": 4.0, "code": "felt_ok", "actor": "client", "value": 7}},
        {"op": "edit", "id": "gone", "fields": {"time": 1.0}},
    ]
    (tmp_path / "overlay.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    got = effective(raw, read_overlay(tmp_path))
    assert [(e.id, e.time, e.code) for e in got] == [("d", 4.0, "felt_ok"), ("a", 9.0, "now_moment")]
    assert got[0].source == "review"


@pytest.mark.parametrize(
    "text", ["{", '{"op": "drop", "id": "a"}', '{"op": "edit", "id": "a", "fields": {"time": "soon"}}', "[]"]
)
def test_a_faulty_line_of_the_overlay_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "overlay.jsonl").write_text('{"op": "void", "id": "a"}\n' + text + "\n", "utf-8")
    with pytest.raises(RecordingError, match="line 2"):
        read_overlay(tmp_path)


def test_an_interval_that_nobody_closed_ends_with_the_session_and_is_censored() -> None:
    events = [
        Event(time=1.0, code="segment", phase="on", id="a"),
        Event(time=5.0, code="segment", phase="on", id="b"),
        Event(time=8.0, code="segment", phase="off", ref="a"),
    ]
    got = intervals(events, 20.0)
    assert [(i.start, i.stop, i.censored) for i in got] == [(1.0, 8.0, False), (5.0, 20.0, True)]


def test_a_second_without_a_row_near_it_has_no_value() -> None:
    got = nearest(np.array([1.0, 2.0, 8.0]), np.array([10.0, np.nan, 30.0]), np.arange(10.0), 0.5)
    assert np.array_equal(got, [np.nan, 10, np.nan, *[np.nan] * 5, 30, np.nan], equal_nan=True)


def test_chance_of_being_out_together_is_asked_of_hours_that_can_be_shifted_far_enough() -> None:
    least = 2 * LEAST_SHIFT + 1
    for n in (0, 1, least - 1, least):
        out, valid = np.arange(n) % 2 == 0, np.ones(n, np.bool_)
        p = shift_p(out, out, valid, valid, np.random.default_rng(0))
        assert math.isnan(p) == (n < least), n


def test_joint_time_and_co_excursions_of_the_golden_signal_with_itself_and_with_rest() -> None:
    _, a = golden()
    both = {"client": person(a), "therapist": person(a, entity="therapist")}
    found = find(both["client"], np.arange(3000.0), CONFIG)
    got = named(joint_measures(line(both), found, found))
    assert got["joint_time_in_pct"].value == pytest.approx(90.933, abs=5e-4)
    inside = named(time_in_band(both["client"], np.arange(3000.0), found))["time_in_pct"]
    joint = got["joint_time_in_pct"]
    assert (joint.ci_low, joint.ci_high) == pytest.approx((inside.ci_low, inside.ci_high))
    assert got["co_excursion_jaccard"].value == 1.0
    assert got["co_excursion_lift"].value == pytest.approx(3000 / 272)
    assert got["co_excursion_p"].value == pytest.approx(1 / 1001)
    still = {"client": person(a), "therapist": person(np.zeros(3000), entity="therapist")}
    alone = named(joint_measures(line(still), found, []))
    assert alone["co_excursion_lift"].reason == "no excursion in one of the two"
    assert math.isnan(alone["co_excursion_p"].value)


def test_co_excursion_of_two_states_is_counted() -> None:
    c = np.array([1, 1, 0, 0, 1, 0, 0, 0], bool)
    t = np.array([1, 0, 0, 0, 1, 1, 0, 0], bool)
    jaccard, lift = together(c, t)
    assert jaccard == 0.5
    assert lift == pytest.approx(2 * 8 / 9)


def test_excursions_of_two_have_intervals_around_how_far_they_go_together() -> None:
    rng = np.random.default_rng(4)
    c, t = (np.zeros(6000), np.zeros(6000))
    for start in range(200, 5800, 500):
        c[start : start + 60] = 3.0
        t[start + 20 : start + round(60 + 40 * rng.random())] = 3.0
        t[start + 250 : start + 290] = 3.0
    both = {"client": person(c), "therapist": person(t, entity="therapist")}
    of_c, of_t = (find(p, np.arange(6000.0), CONFIG) for p in both.values())
    got = named(joint_measures(line(both), of_c, of_t))
    for name in ("joint_time_in_pct", "co_excursion_jaccard", "co_excursion_lift"):
        assert got[name].ci_low < got[name].value < got[name].ci_high
    assert got["co_excursion_jaccard"].ci_low > 0.0 and got["co_excursion_jaccard"].ci_high < 1.0
    turned = {"client": person(t), "therapist": person(c, entity="therapist")}
    again = named(joint_measures(line(turned), of_t, of_c))
    assert again["co_excursion_lift"].ci_high == pytest.approx(got["co_excursion_lift"].ci_high)


def test_occupancy_of_a_known_series() -> None:
    a = np.tile(np.arange(-5.5, 6.0), 250)
    got = named(occupancy_measures(person(a)))
    assert got["arousal_entropy"].value == pytest.approx(1.0)
    assert got["arousal_p50"].value == pytest.approx(0.0)
    assert entropy(np.zeros(100)) == 0.0


def labelled(middle: float, slope: float, n: int, rng: np.random.Generator) -> tolerated.Labels:
    a = rng.uniform(-1.0, 4.0, n)
    over = rng.random(n) < 1.0 / (1.0 + np.exp(-slope * (a - middle)))
    return tolerated.Labels(arousal=a, codes=tuple("felt_over" if o else "felt_ok" for o in over))


def test_the_tolerated_edge_is_where_labels_change() -> None:
    got = tolerated.edge(labelled(2.0, 3.0, 1000, np.random.default_rng(1)), "felt_over")
    assert got.value == pytest.approx(2.0, abs=0.15)
    assert got.low < got.value < got.high
    assert got.high - got.low < 0.5


def test_a_person_s_labels_are_their_own_with_the_index_of_the_ten_seconds_before() -> None:
    someone = person(np.arange(100.0))
    points = [
        Event(time=at, code=code, actor=actor, phase="point")
        for at, code, actor in (
            (50.0, "felt_over", "client"), (60.0, "felt_over", "therapist"), (70.0, "now_moment", "client"),
            (80.0, "felt_ok", "client"))
    ]  # fmt: skip
    found = tolerated.labels(line({"client": someone}, points=points), someone)
    assert found.codes == ("felt_over", "felt_ok")
    assert found.arousal.tolist() == [45.5, 75.5]


def test_labels_without_overlap_part_half_way() -> None:
    a, y = np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.0, 0.0, 1.0, 1.0])
    assert logistic_midpoint(a, y) == (2.0, math.inf)
    assert logistic_midpoint(-a, y) == (-2.0, -math.inf)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_labels_that_overlap_are_parted_where_the_odds_are_even(side: float) -> None:
    a, y = side * np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    middle, slope = logistic_midpoint(a, y)
    assert middle == pytest.approx(1.5 * side)
    p = 1.0 / (1.0 + np.exp(-slope * (a - middle)))
    assert float((a - middle) @ (y - p)) == pytest.approx(0.0, abs=1e-9)
    assert 0.0 < slope * side < 2.0


def test_an_edge_that_few_labels_leave_open_has_no_end_there() -> None:
    a = np.concatenate([np.linspace(-1.0, 3.0, 20), [0.0, 2.6, 2.9]])
    found = tolerated.Labels(arousal=a, codes=("felt_ok",) * 20 + ("felt_over",) * 3)
    got = tolerated.edge(found, "felt_over")
    assert got.low < got.value
    assert math.isnan(got.high)
    under = tolerated.Labels(arousal=-a, codes=("felt_ok",) * 20 + ("felt_under",) * 3)
    mirrored = tolerated.edge(under, "felt_under")
    assert (mirrored.value, mirrored.high) == pytest.approx((-got.value, -got.low))
    assert math.isnan(mirrored.low)


def test_a_window_with_both_edges_has_a_width_with_an_interval() -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(0.0, 2.0, 120)
    felt = np.where(a + rng.logistic(0.0, 0.3, 120) > 2.0, "felt_over", "felt_ok")
    felt = np.where(a + rng.logistic(0.0, 0.3, 120) < -2.0, "felt_under", felt)
    found = tolerated.Labels(arousal=a, codes=tuple(felt.tolist()))
    got = named(tolerated.tolerated_measures(found, "s"))
    upper, lower, width = (got[f"tolerated_{k}"] for k in ("upper", "lower", "width"))
    assert width.value == upper.value - lower.value
    assert 3.0 < width.ci_low < width.value < width.ci_high < 5.5
    assert upper.ci_low < 2.0 < upper.ci_high
    assert lower.ci_low < -2.0 < lower.ci_high


def test_labels_against_the_index_give_no_window_and_say_so() -> None:
    turned = labelled(1.0, -3.0, 400, np.random.default_rng(2))
    got = named(tolerated.tolerated_measures(turned, "s"))
    assert got["tolerated_upper"].reason == "self-report and index do not agree"
    assert math.isnan(got["tolerated_width"].value)


def test_few_labels_give_a_bound_only() -> None:
    few = tolerated.Labels(arousal=np.linspace(0, 2, 19), codes=("felt_ok",) * 17 + ("felt_over",) * 2)
    got = named(tolerated.tolerated_measures(few, "s"))["tolerated_upper"]
    assert math.isnan(got.value)
    assert got.ci_low == pytest.approx(2 * 16 / 18)
    assert math.isnan(got.ci_high)


def test_the_three_rs_of_a_known_series() -> None:
    n = 2400
    series = np.full(n, 3.5)
    series[300:] = 3.2
    series[2100:] = 3.4
    counts = [(300, n)]
    someone = person(np.zeros(n), counts=counts, lnrmssd=series)
    rest = Interval(code="baseline_rest", actor="tech", start=0.0, stop=300.0)
    got = named(vagal.vagal_measures(line({"client": someone}, intervals=[rest]), someone, 60.0))
    assert got["lnrmssd_rest"].value == pytest.approx(3.5)
    assert got["lnrmssd_reactivity"].value == pytest.approx(-0.3)
    assert got["lnrmssd_recovery"].value == pytest.approx(-0.1)
    assert got["lnrmssd_speaking"].reason == "no voice activity"


def test_a_rupture_is_timed_resolved_and_followed_in_both() -> None:
    a = np.zeros(1000)
    a[500:] = 1.5
    people = {"client": person(a), "therapist": person(-a, entity="therapist")}
    spans = [
        Interval(code="rupture_confront", actor="client", start=200.0, stop=230.0, id="r"),
        Interval(code="repair_attempt", actor="therapist", start=240.0, stop=260.0),
    ]
    solved = Event(time=480.0, code="repair_resolved", value=4.0, id="s")
    got = rupture.rupture_measures(line(people, intervals=spans, points=[solved]))
    dyad = named(got["dyad"])
    assert dyad["rupture_confront_latency"].value == 40.0
    assert dyad["rupture_confront_resolution"].value == 4.0
    assert not any(m.metric.startswith("rupture_withdraw") for m in got["dyad"])
    assert named(got["client"])["rupture_confront_arousal_change"].value == pytest.approx(1.5)
    assert named(got["therapist"])["rupture_confront_arousal_change"].value == pytest.approx(-1.5)


def test_doses_of_interventions_are_counted() -> None:
    times, a = golden()
    someone = person(a)
    found = find(someone, times, CONFIG)
    spans = [Interval(code="int_support", actor="therapist", start=300.0, stop=420.0)]
    held = line({"client": someone}, intervals=spans)
    got = interventions.intervention_measures(
        held, {"client": found}, {"client": []} | {"client": _cut(found)}
    )
    assert named(got["dyad"])["supportive_minutes"].value == 2.0
    mine = named(got["client"])
    assert mine["int_support_arousal_peak"].value == pytest.approx(4.0)
    assert mine["int_support_t50_after"].reason == "none was given in an excursion"
    assert mine["int_support_above_pct"].value == pytest.approx(100.0 * 68 / 120)
    assert math.isnan(mine["int_support_arousal_mean"].ci_low), "two minutes are too few for an interval"


def test_twenty_minutes_of_an_intervention_have_intervals() -> None:
    rng = np.random.default_rng(3)
    a = wandering(3000, 60.0, 1.0, rng)
    someone = person(a, speaking=(wandering(3000, 20.0, 1.0, rng) > 0.0).astype(float))
    spans = [
        Interval(code="int_explore", actor="therapist", start=s, stop=s + 600.0) for s in (300.0, 1500.0)
    ]
    held = line({"client": someone}, intervals=spans)
    mine = named(interventions.intervention_measures(held, {"client": []}, {"client": []})["client"])
    for name in ("int_explore_talk_pct", "int_explore_arousal_mean"):
        assert mine[name].ci_low < mine[name].value < mine[name].ci_high


def _cut(found: Sequence[Excursion]) -> list[Recovery]:
    return [Recovery(seconds=10.0, censored=False) for _ in found]


def test_the_interval_of_a_median_lies_between_the_known_ranks() -> None:
    assert median_interval(np.arange(1.0, 11.0)) == (2.0, 9.0)
    assert median_interval(np.arange(1.0, 7.0)) == (1.0, 6.0)
    assert math.isnan(median_interval(np.arange(5.0))[0])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.1, 50.0), min_size=5, max_size=30))
def test_the_interval_of_a_mean_holds_the_mean(values: list[float]) -> None:
    array = np.array(values)
    low, high = mean_interval(array, seeded("s", "x"))
    assert low <= array.mean() + 1e-9
    assert high >= array.mean() - 1e-9


def rows(entity: str, index: str, values: FloatArray, unit: str) -> list[IndexSample]:
    return [
        IndexSample(float(t), float(t) + 5.0, entity, index, v, unit, 1.0, "")
        for t, v in enumerate(values.tolist())
    ]


def session(first: str, second: str) -> list[IndexSample]:
    """Return an hour of index samples: one series under the first name, another under the second."""
    _, a = golden()
    b = np.roll(a, 100)
    out: list[IndexSample] = []
    for entity, series in ((first, a), (second, b)):
        out += rows(entity, "arousal", series, "SD")
        out += rows(entity, "arousal_low", np.full(3000, -2.0), "SD")
        out += rows(entity, "arousal_high", np.full(3000, 2.0), "SD")
        out += rows(entity, "arousal_channels", np.full(3000, 3.0), "")
        out += rows(entity, "hr", 70.0 + series, "bpm")
    return out


def test_exchanging_the_people_exchanges_their_metrics_and_nothing_else() -> None:
    marks = [Event(time=250.0 * k, code="now_moment", id=str(k)) for k in range(1, 11)]
    held = [
        what_the_hour_held(
            "S01",
            session(*names),
            marks,
            {"client": None, "therapist": None},
            begin=0.0,
            end=2999.0,
            config=PipelineConfig(),
        )
        for names in (("client", "therapist"), ("therapist", "client"))
    ]
    there, back = held
    for entity, other in (("client", "therapist"), ("therapist", "client"), ("dyad", "dyad")):
        assert [repr(m) for m in there.measures[entity]] == [repr(m) for m in back.measures[other]]
    assert there.value("client", "excursions_count") is not None


def test_every_metric_has_a_definition_of_its_unit() -> None:
    marks = [Event(time=250.0 * k, code="now_moment", id=str(k)) for k in range(1, 11)]
    held = what_the_hour_held(
        "S01",
        session("client", "therapist"),
        marks,
        {"client": None, "therapist": None},
        begin=0.0,
        end=2999.0,
        config=PipelineConfig(),
    )
    known = definitions()
    for entity, measures in held.measures.items():
        for m in measures:
            whose = "dyad" if entity == "dyad" else "person"
            assert any(d.matches(m.metric) and (d.unit, d.whose) == (m.unit, whose) for d in known), m.metric


def test_a_segment_in_which_the_two_go_together_stands_out_from_one_in_which_they_do_not() -> None:
    rng = np.random.default_rng(3)
    therapist, client = (wandering(1500, 5.0, 0.2, rng) for _ in range(2))
    client[:600] = therapist[:600]
    samples = rows("therapist", "scl", np.exp(therapist), "uS") + rows("client", "scl", np.exp(client), "uS")
    spans = [
        Event(time=t, code="segment", phase=phase, value=label, id=f"{label}{phase}", actor="dyad")  # type: ignore[arg-type]
        for start, stop, label in ((0.0, 600.0, "Opening"), (620.0, 1400.0, "work 2"), (1410.0, 1460.0, ""))
        for t, phase in ((start, "on"), (stop, "off"))
    ]
    hour = held_by(samples, 1499.0, spans)
    together, apart, short = (
        hour.value("dyad", f"segment_{name}_sync_scl_mean_p") for name in ("1_opening", "2_work_2", "3")
    )
    assert together is not None and apart is not None and short is not None
    assert together.value <= 0.01
    assert apart.value > 0.05
    assert math.isnan(short.value)
    assert "are needed" in short.reason


def held_by(samples: list[IndexSample], end: float, events: Sequence[Event] = ()) -> Hour:
    """Return what an hour of these samples held, without a baseline."""
    people = {"client": None, "therapist": None}
    config = PipelineConfig()
    return what_the_hour_held("S01", samples, events, people, begin=0.0, end=end, config=config)


@pytest.mark.parametrize(
    ("samples", "end", "says"),
    [
        ([], 180.0, "no data of this person"),
        (rows("client", "hr", np.full(180, np.nan), "bpm"), 180.0, "no EDA sensor"),
        (
            rows("client", "hr", np.full(900, np.nan), "bpm")
            + rows("client", "scl", np.full(900, 5.0), "uS"),
            900.0,
            "no baseline",
        ),
    ],
    ids=["three empty minutes", "all quality failed", "no baseline"],
)
def test_an_hour_without_ground_has_no_numbers_and_says_why(
    samples: list[IndexSample], end: float, says: str
) -> None:
    hour = held_by(samples, end)
    for name in ("time_in_pct", "excursions_count", "recovery_t50", "arousal_p50"):
        got = hour.value("client", name)
        assert got is not None
        assert math.isnan(got.value)
        assert says in got.reason


def test_an_hour_in_which_nothing_was_marked_has_no_responses() -> None:
    hour = held_by(session("client", "therapist"), 2999.0)
    assert not hour.responses
    assert hour.value("client", "excursions_count") is not None


def test_every_metric_has_an_interval_or_says_why_it_has_none() -> None:
    assert [d.name for d in definitions() if bool(d.interval) == bool(d.bare)] == []


def test_the_dictionary_in_the_docs_is_that_of_the_code() -> None:
    document = (Path(__file__).resolve().parents[3] / "docs" / "session-metrics.md").read_text("utf-8")
    assert updated(document) == document

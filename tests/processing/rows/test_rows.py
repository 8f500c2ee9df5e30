"""Tables of excursions, interventions and labels with known answers."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from acquisition.event import Event
from processing.arousal.band import ArousalConfig
from processing.hour.timeline import Interval
from processing.metrics.excursions import find
from processing.metrics.interventions import intervention_measures
from processing.metrics.recovery import recoveries
from processing.metrics.session_metrics import Hour
from processing.results.tables import TABLES, write_table
from processing.rows.excursions import excursion_rows
from processing.rows.interventions import intervention_rows
from processing.rows.labels import label_rows
from processing.rows.ways_back import way_back_rows
from tests.processing.hours import golden, line, person

SPANS = [
    Interval(code="int_support", actor="therapist", start=340.0, stop=400.0),
    Interval(code="int_explore", actor="therapist", start=1250.0, stop=1280.0),
    Interval(code="int_regulate", actor="therapist", start=2000.0, stop=2060.0),
]


def test_the_golden_excursions_stand_in_the_table_with_their_first_answer() -> None:
    times, a = golden()
    both = {"client": person(a), "therapist": person(a / 10.0, entity="therapist")}
    held = line(both, intervals=SPANS)
    found = {e: find(p, times, ArousalConfig()) for e, p in both.items()}
    recovered = {e: recoveries(both[e], times, found[e]) for e in both}
    first, second, third = excursion_rows(held, found, recovered)
    assert [(r.on, r.off) for r in (first, second, third)] == [(311, 379), (1207, 1387), (2407, 2431)]
    assert [r.t50 for r in (first, second, third)] == [42.0, 84.0, 21.0]
    assert (first.side, first.answer, first.latency) == ("above", "int_support", 340.0 - 321.0)
    assert (second.answer, third.side) == ("", "below")
    assert math.isnan(second.latency) and math.isnan(first.speaking)
    assert [r.course for r in (first, second, third)] == ["out_returned"] * 3 and first.crossed
    assert first.partner_z == pytest.approx(abs(a[281:311]).mean() / 10.0)


def test_an_intervention_knows_the_index_at_its_onset_and_how_soon_it_halves() -> None:
    times, a = golden()
    held = line({"client": person(a)}, intervals=SPANS)
    support, explore, regulate = intervention_rows(held, {"client": find(person(a), times, ArousalConfig())})
    assert support.arousal == pytest.approx(a[340]) and support.minutes == 1.0
    assert support.excursion == 311.0 and support.t50_after == 42.0, "60 ln 2, whenever it begins"
    assert explore.t50_after == 84.0 and explore.slope < 0.0
    assert math.isnan(regulate.excursion) and math.isnan(regulate.t50_after)
    assert not math.isnan(regulate.arousal)


def test_the_median_after_an_intervention_is_of_those_given_in_an_excursion() -> None:
    times, a = golden()
    someone = person(a)
    found = {"client": find(someone, times, ArousalConfig())}
    held = line({"client": someone}, intervals=SPANS)
    recovered = {"client": recoveries(someone, times, found["client"])}
    got = {m.metric: m for m in intervention_measures(held, found, recovered)["client"]}
    assert (got["supportive_t50_after"].value, got["supportive_t50_after"].n) == (42.0, 1)
    assert got["int_explore_t50_after"].value == 84.0
    assert "none was given" in got["int_regulate_t50_after"].reason


def test_tables_are_written_with_their_columns_when_nothing_happened(tmp_path: Path) -> None:
    _, a = golden()
    hour = Hour(line=line({"client": person(0 * a)}), found={"client": []}, recovered={"client": []},
                responses=[], measures={})  # fmt: skip
    for name, (kind, _) in TABLES.items():
        write_table(tmp_path, name, hour, {})
        table = pq.read_table(tmp_path / name)
        names = [f.name for f in fields(kind)]
        relative = ["old_baseline", "scaling"] if "person" in names else []
        assert table.num_rows == 0 and table.column_names == names + relative


def test_an_intervention_after_the_end_or_in_a_gap_is_unknown_and_breaks_nothing() -> None:
    _, a = golden()
    a[330:350] = math.nan
    late = Interval(code="int_support", actor="therapist", start=9000.0, stop=9001.0)
    for row in intervention_rows(line({"client": person(a)}, intervals=[SPANS[0], late]), {}):
        assert math.isnan(row.arousal) and math.isnan(row.t50_after)


def test_a_label_stands_with_the_index_of_the_ten_seconds_up_to_it_and_its_scaling(tmp_path: Path) -> None:
    a = np.arange(100.0)
    points = [
        Event(time=60.0, code="felt_ok", actor="client", source="review"),
        Event(time=30.0, code="felt_over", actor="client", value=8.0),
        Event(time=40.0, code="suds", actor="client", value=8.0),
    ]
    held = line({"client": person(a)}, points=points)
    over, ok = label_rows(held)
    assert (over.code, over.time, over.arousal, over.confidence) == ("felt_over", 30.0, 25.5, 8.0)
    assert (ok.code, ok.arousal) == ("felt_ok", 55.5) and math.isnan(ok.confidence)
    hour = Hour(line=held, found={"client": []}, recovered={"client": []}, responses=[], measures={})
    write_table(tmp_path, "labels.parquet", hour, {"client": "anchored"})
    assert pq.read_table(tmp_path / "labels.parquet")["scaling"].to_pylist() == ["anchored", "anchored"]


def test_a_row_says_why_the_baseline_was_old_at_its_moment(tmp_path: Path) -> None:
    points = [Event(time=t, code="felt_ok", actor="client", source="review") for t in (30.0, 60.0, 90.0)]
    old = ((20.0, ""), (55.0, "taken in another posture"), (80.0, ""))
    held = line({"client": replace(person(np.arange(100.0)), old_since=old)}, points=points)
    hour = Hour(line=held, found={"client": []}, recovered={"client": []}, responses=[], measures={})
    write_table(tmp_path, "labels.parquet", hour, {"client": "session"})
    said = pq.read_table(tmp_path / "labels.parquet")["old_baseline"].to_pylist()
    assert said == ["", "taken in another posture", ""]


def test_a_stretch_that_does_not_cross_is_an_approach_and_a_defensive_mark_names_it() -> None:
    times, a = np.arange(1000.0), np.zeros(1000)
    a[100:160], a[300:360], a[500:540], a[540:560] = 1.5, -1.4, 1.5, np.nan
    spans = [Interval(code="defensive", actor="client", start=310.0, stop=330.0)]
    someone = person(a)
    held = line({"client": someone}, intervals=spans)
    back, marked, hidden = excursion_rows(held, {"client": []}, {"client": []})
    assert not (back.crossed or marked.crossed or hidden.crossed)
    assert [r.course for r in (back, marked, hidden)] == ["stretch_returned", "approach_marked", ""]
    assert (back.on, back.off, back.side, back.depth) == (100.0, 160.0, "above", -0.5)
    assert marked.side == "below" and marked.depth == pytest.approx(-0.6) and math.isnan(back.t50)
    assert hidden.censored and not find(someone, times, ArousalConfig())


def test_an_excursion_that_holds_a_repair_is_repaired_and_one_at_the_end_is_open() -> None:
    times, a = np.arange(1200.0), np.zeros(1200)
    a[100:200], a[500:600], a[1100:] = 3.0, 3.0, 3.0
    a[550:560] = np.nan
    someone = person(a)
    found = {"client": find(someone, times, ArousalConfig())}
    held = line({"client": someone}, points=[Event(time=150.0, code="goal_agree")])
    rows = excursion_rows(held, found, {"client": recoveries(someone, times, found["client"])})
    assert [r.course for r in rows if r.crossed] == ["repaired", "", "out_open"]


def test_the_way_back_has_a_row_each_five_seconds_that_knows_the_past_alone() -> None:
    times, a = golden()
    t = np.where(times < 2000.0, 0.0, 1.0)
    both = {"client": person(a), "therapist": person(t, entity="therapist")}
    held = line(both)
    found = {"client": find(both["client"], times, ArousalConfig())}
    rows = way_back_rows(held, found)
    first = [r for r in rows if r.excursion == 311.0]
    assert [r.since for r in first] == np.arange(10.0, 68.0, 5.0).tolist()
    assert [r.returned for r in first] == [False] * (len(first) - 1) + [True]
    assert first[0].depth == pytest.approx(a[320] - 2.0) and first[0].steadiness == 0.0
    assert first[-1].depth == pytest.approx(2.0)
    assert next(r for r in rows if r.excursion > 2300.0).steadiness == -1.0
    cut = dict(found, client=[replace(found["client"][0], censored=True)])
    assert not any(r.returned for r in way_back_rows(held, cut))

"""Results: the columns of the contract, all or nothing, and not twice."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acquisition.event import Event
from acquisition.text import from_cell
from processing.hour.believed import rows_of
from processing.hour.keyed import Keys
from processing.index import IndexSample
from processing.metrics.summary import summarise, write_metrics
from processing.results.results import (
    index_table,
    replacing,
    up_to_date,
    write_events,
    write_indices,
    write_json,
)

SAMPLES = [
    IndexSample(11.0, 12.0, "client", "hr", 70.0, "bpm", 1.0, ""),
    IndexSample(12.0, 13.0, "client", "hr", math.nan, "bpm", 0.0, "no data"),
    IndexSample(12.5, 13.0, "client", "hr", 74.0, "bpm", 1.0, ""),
    IndexSample(13.0, 14.0, "client", "scr", 0.3, "uS", 1.0, ""),
]


def test_indices_are_a_long_table_with_time_since_the_start(tmp_path: Path) -> None:
    write_indices(tmp_path, SAMPLES, 10.0)
    table = pq.read_table(tmp_path / "indices.parquet")
    assert table["t"].to_pylist() == [1.0, 2.0, 2.5, 3.0]
    assert table["entity"].to_pylist() == ["client"] * 4
    assert table["reason"].to_pylist() == ["", "no data", "", ""]
    assert math.isnan(table["value"].to_pylist()[1])


def test_a_recording_without_results_gives_an_empty_table_of_the_same_columns() -> None:
    assert index_table([], math.nan).column_names == index_table(SAMPLES, 0.0).column_names
    assert index_table([], math.nan).num_rows == 0


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        write_indices(tmp_path / name, SAMPLES, 10.0)
    assert (tmp_path / "a" / "indices.parquet").read_bytes() == (
        tmp_path / "b" / "indices.parquet"
    ).read_bytes()


def test_a_result_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "S01"
    with replacing(target) as fresh:
        (fresh / "x").write_text("old")
    with pytest.raises(RuntimeError):
        _fail_while_replacing(target)
    assert (target / "x").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["S01"]


def _fail_while_replacing(target: Path) -> None:
    with replacing(target) as fresh:
        (fresh / "x").write_text("new")
        raise RuntimeError


def test_a_result_is_up_to_date_only_with_the_same_identity(tmp_path: Path) -> None:
    identity = {"input": "a", "version": "1", "parameters": "p"}
    assert not up_to_date(tmp_path, identity)
    write_json(tmp_path / "session.json", {"provenance": identity})
    assert up_to_date(tmp_path, identity)
    assert not up_to_date(tmp_path, identity | {"parameters": "q"})
    (tmp_path / "session.json").write_text("{")
    assert not up_to_date(tmp_path, identity)


def test_events_carry_the_moment_that_is_meant(tmp_path: Path) -> None:
    event = Event(time=25.0, code="now_moment", t_shift=-8.0, id="x", note='said "stop", then\nlaughed')
    write_events(tmp_path, [event], 10.0)
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (float(row["time"]), float(row["onset"]), float(row["t"])) == (25.0, 17.0, 7.0)
    assert from_cell(row["note"]) == event.note


def test_every_table_carries_what_joins_it_to_other_sessions(tmp_path: Path) -> None:
    keys: Keys = {
        "dyad": "D07",
        "session": 3,
        "client": "C07",
        "recording": "r",
        "input": "ab",
        "version": "1",
    }
    write_indices(tmp_path, SAMPLES, 10.0, keys=keys)
    write_events(tmp_path, [Event(time=25.0, code="now_moment", id="x")], 10.0, keys)
    metrics = summarise(rows_of(SAMPLES), version="1", parameters="p", scalings={})
    write_metrics(tmp_path / "metrics.parquet", metrics, keys=keys)
    plain = pq.read_table(tmp_path / "indices.parquet")
    assert plain.column_names == index_table(SAMPLES, 10.0).column_names
    table = pq.read_table(tmp_path / "metrics.parquet")
    for said in (plain.schema.metadata, table.schema.metadata):
        assert (said[b"dyad"], said[b"session"], said[b"input"], said[b"therapist"]) == (
            b"D07",
            b"3",
            b"ab",
            b"",
        )
    assert set(table["dyad"].to_pylist()) == {"D07"}
    assert set(table["session"].to_pylist()) == {3}
    assert set(table["therapist"].to_pylist()) == {None}
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["dyad"], row["session"], row["therapist"], row["input"]) == ("D07", "3", "", "ab")


def test_metrics_summarise_what_had_a_value(tmp_path: Path) -> None:
    metrics = {m.metric: m for m in summarise(rows_of(SAMPLES), version="1", parameters="p", scalings={})}
    assert metrics["hr_median"].value == 72.0
    assert metrics["hr_median"].n == 2
    assert metrics["hr_median"].valid_pct == pytest.approx(200 / 3)
    assert metrics["scr_count"].value == 1.0
    doubted = [s._replace(quality=0.0, reason="ohms?") if s.index == "scr" else s for s in SAMPLES]
    (count,) = [
        m
        for m in summarise(rows_of(doubted), version="1", parameters="p", scalings={})
        if m.metric == "scr_count"
    ]
    assert math.isnan(count.value) and count.reason == "in doubt: ohms?"
    write_metrics(tmp_path / "metrics.parquet", list(metrics.values()))
    table = pq.read_table(tmp_path / "metrics.parquet")
    assert {"entity", "metric", "value", "unit", "n", "valid_pct", "ci_low", "ci_high"} <= set(
        table.column_names
    )

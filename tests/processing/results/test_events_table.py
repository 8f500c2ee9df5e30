"""events.csv says of every mark what the marker said: moment meant, uncertainty, interval, value, note."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from acquisition.event import Event
from processing.codings.annotations.table import read_table
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from processing.export.tracks import read_tracks, spans
from processing.results.results import write_events
from tests.processing.marked import BEGIN, write_marked

EVENTS = [
    Event(time=BEGIN + 20.0, code="now_moment", t_shift=-10.0, id="p", rater="R2"),
    Event(time=BEGIN + 30.0, code="over_observed", phase="on", actor="client", value=3.0, id="on"),
    Event(time=BEGIN + 40.0, code="over_observed", phase="off", actor="client", ref="on", id="off"),
    Event(time=BEGIN + 50.0, code="suds", actor="client", value=40.0, id="taken back"),
    Event(time=BEGIN + 52.0, code="suds", phase="void", actor="client", ref="taken back", id="v"),
    Event(time=BEGIN + 60.0, code="note", value='"late", he said', t_unc=1.0, id="n"),
    Event(time=BEGIN + 70.0, code="segment", phase="on", actor="tech", value="work", id="open"),
    Event(time=BEGIN + 100.0, code="segment", phase="off", actor="tech", ref="open", id="c", note="censored"),
    Event(time=BEGIN + 80.0, code="stimulus 7", source="lsl", t_unc=0.0),
]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_marked(tmp_path_factory.mktemp("r") / "D01_S01", EVENTS, seconds=100.0)


def test_the_table_holds_every_field_and_leaves_out_what_was_undone(recording: Path, tmp_path: Path) -> None:
    process_recording(recording, tmp_path, config=PipelineConfig())
    with (tmp_path / "D01_S01" / "events.csv").open(newline="") as file:
        rows = {r["id"]: r for r in csv.DictReader(file)}
    assert set(rows) == {"p", "on", "off", "n", "open", "c", ""}
    assert (rows["p"]["t"], rows["p"]["t_shift"], rows["p"]["t_unc"], rows["p"]["rater"]) == (
        "10.0", "-10.0", "5.0", "R2",
    )  # fmt: skip
    assert float(rows["p"]["onset"]) == float(rows["p"]["time"]) - 10.0
    assert (rows["on"]["phase"], rows["on"]["value"], rows["off"]["ref"]) == ("on", "3.0", "on")
    assert rows["n"]["value"] == '"late", he said'
    assert rows["c"]["note"] == "censored"
    assert (rows[""]["code"], rows[""]["source"]) == ("stimulus 7", "lsl")


def test_exports_hold_points_and_intervals_at_the_moment_that_is_meant(recording: Path) -> None:
    tracks = read_tracks(recording)
    found = {(i.code, i.actor): (i.start - BEGIN, i.stop - BEGIN) for i in spans(tracks)}
    assert found == {
        ("now_moment", "dyad"): (10.0, 10.0),
        ("over_observed", "client"): (30.0, 40.0),
        ("note", "dyad"): (60.0, 60.0),
        ("segment", "tech"): (70.0, 100.0),
        ("stimulus 7", "dyad"): (80.0, 80.0),
    }


def test_a_note_that_is_a_formula_is_none_in_the_table_and_comes_back_when_it_is_read(tmp_path: Path) -> None:
    note = '=HYPERLINK("http://x";A1) \x1b[31m \\ 2;-1'
    mark = Event(time=12.0, code="note", actor="tech", note=note, source="cli", id="a")
    write_events(tmp_path, [mark], 10.0)
    text = (tmp_path / "events.csv").read_text("utf-8")
    assert "\x1b" not in text
    assert ",'=HYPERLINK" in text.replace('"', ",")
    (read,) = read_table(text.encode())
    assert read.fields["note"] == note
    assert read.start == 12.0

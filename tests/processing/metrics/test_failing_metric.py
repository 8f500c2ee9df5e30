"""One failing metric never takes the others with it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from acquisition.event import Event
from acquisition.recorder.store import RecordingStore
from acquisition.simulation.dyad import Dyad, Feed
from acquisition.simulation.script import Script
from acquisition.stream import Chunk, Modality
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from processing.hour.timeline import Timeline
from processing.metrics import (
    excursions,
    in_band,
    interventions,
    joint,
    occupancy,
    oscillation,
    recovery,
    rupture,
    session_metrics,
    stretch,
    summary,
    tallies,
    tolerated,
    turns,
    vagal,
)
from processing.report import figures
from processing.report.report import report_html
from processing.responses import event_locked
from processing.results.results import write_events
from processing.results.session_run import SessionRun, run_recording
from processing.surrogates import segment_synchrony, session_synchrony
from tests.processing.simulated_hour import infos

PARTS = (
    (in_band, "time_in_band"),
    (excursions, "find"),
    (excursions, "excursion_measures"),
    (recovery, "recoveries"),
    (recovery, "recovery_measures"),
    (joint, "joint_measures"),
    (occupancy, "occupancy_measures"),
    (oscillation, "oscillation_measures"),
    (stretch, "stretch_measures"),
    (tallies, "tally_measures"),
    (tolerated, "tolerated_measures"),
    (vagal, "vagal_measures"),
    (event_locked, "respond"),
    (event_locked, "responses"),
    (event_locked, "response_measures"),
    (rupture, "rupture_measures"),
    (interventions, "intervention_measures"),
    (turns, "turn_measures"),
    (session_synchrony, "coupling"),
    (segment_synchrony, "segment_measures"),
    (session_metrics, "timeline"),
)


def write_without_baseline(path: Path, minutes: float) -> Path:
    """Write an hour in which one code is marked every 40 s, and nobody rests."""
    streams = infos(leave_out=(Modality.VOICE, Modality.RESP))
    feed = Feed(Dyad(Script(1), streams), 0.0)
    feed.take(0.0)
    with RecordingStore(path, fsync=0) as store, store.bulk():
        for k in range(round(600 * minutes)):
            tick = 0.1 * (k + 1)
            for item in feed.take(tick):
                if isinstance(item, Chunk):
                    store.samples(item.info, item.times, item.samples)
            if k % 400 == 200:
                store.event(Event(time=tick, code="now_moment", actor="client").identified())
            store.tick(tick, 1.7e9 + tick)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SessionRun:
    """Return eight minutes of two people without a baseline, in which one code was marked often."""
    path = write_without_baseline(tmp_path_factory.mktemp("s") / "D01_S01", 8.0)
    return run_recording(path, config=PipelineConfig())


def names(run: SessionRun) -> set[tuple[str, str]]:
    return {(m.entity, m.metric) for m in run.metrics(run.hour())}


def test_every_metric_that_is_written_is_in_the_dictionary_and_bears_one_hash(run: SessionRun) -> None:
    rows = run.metrics(run.hour())
    defined = (*summary.DEFINITIONS, *session_metrics.definitions())
    assert {m.metric for m in rows if not any(d.matches(m.metric) for d in defined)} == set()
    assert len({m.parameters for m in rows}) == 1


def test_an_hour_without_a_baseline_and_with_many_marks_of_one_code_has_its_metrics(run: SessionRun) -> None:
    hour = run.hour()
    assert hour.faults == []
    assert any(len(r.epochs) >= 5 and r.code == "now_moment" for r in hour.responses)
    p = hour.value("client", "response_hr_now_moment_p")
    assert p is not None and p.reason == "too few comparable moments"


@pytest.mark.parametrize(("module", "name"), PARTS, ids=lambda x: getattr(x, "__name__", x))
def test_the_failure_of_a_part_becomes_its_reason_and_is_named(
    run: SessionRun, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    before, calls = names(run), list[int]()
    real = getattr(module, name)

    def failing(*args: object, **kwargs: object) -> object:
        if name == "timeline" and not calls:  # the empty one that stands in
            calls.append(0)
            return real(*args, **kwargs)
        calls.append(1)
        raise ZeroDivisionError("of a test")

    monkeypatch.setattr(module, name, failing)
    hour = run.hour()
    assert 1 in calls
    assert any("ZeroDivisionError: of a test" in fault for fault in hour.faults)
    if name == "timeline":
        return
    rows = run.metrics(hour)
    failed = [m for m in rows if m.reason.startswith("could not be computed")]
    assert all(math.isnan(m.value) for m in failed)
    others = {(m.entity, m.metric) for m in rows} - {(m.entity, m.metric) for m in failed}
    assert others and others <= before
    assert {e for e, _ in others} == {"client", "therapist", "dyad"}


def test_a_figure_that_cannot_be_drawn_is_named_and_the_report_is_written(
    run: SessionRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> object:
        raise ZeroDivisionError("of a test")

    hour = run.hour()
    whole = report_html(run, hour)
    for name in ("overview", "indices", "synchrony"):
        monkeypatch.setattr(figures, name, failing)
    html = report_html(run, hour)
    assert html.count("<svg") == whole.count("<svg") - 3
    assert html.count("not in this report: figure of") == 3
    assert "<h2>Tables</h2>" in html


def test_results_are_written_when_the_hour_cannot_be_worked_out(
    tmp_path: Path, run: SessionRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(line: Timeline) -> object:
        raise ZeroDivisionError("of a test")

    monkeypatch.setattr(event_locked, "responses", failing)
    outcome = process_recording(run.recording.path, tmp_path / "out", config=PipelineConfig())
    assert any("responses to events: could not be computed (ZeroDivisionError" in r for r in outcome.remarks)
    assert {p.name for p in outcome.directory.iterdir()} >= {
        "indices.parquet", "events.csv", "metrics.parquet", "session.json",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a\nb", 'quote " and, comma', "\t", "µ\u2028é"])
def test_any_kept_text_stands_in_the_table_of_events(tmp_path: Path, text: str) -> None:
    write_events(tmp_path, [Event(time=1.0, code=text, note=text, value=text)], 0.0)
    assert (tmp_path / "events.csv").read_text("utf-8")

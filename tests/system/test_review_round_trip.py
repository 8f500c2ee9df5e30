"""What is edited and answered in a review reaches events.csv and the session metrics, and nothing else."""

from __future__ import annotations

import csv
import hashlib
import itertools
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acquisition.events.vocabulary import load_vocabulary
from acquisition.recording.manifest import write
from acquisition.recording.verify import verify
from acquisition.stream import Modality, Role
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from tests.processing.simulated_hour import infos, write_hour
from viewer.model.cued_session import CuedSession
from viewer.opening import filled
from viewer.review.desk import ReviewDesk


def metrics(directory: Path) -> dict[tuple[str, str], dict[str, object]]:
    rows = pq.read_table(directory / "metrics.parquet").to_pylist()
    return {(r["entity"], r["metric"]): r for r in rows}


def test_edits_and_answers_of_a_review_reach_the_metrics_and_not_the_recording(tmp_path: Path) -> None:
    light = infos(leave_out=(Modality.VOICE, Modality.RESP))
    path = write_hour(tmp_path / "rec", streams=light)
    write(path)
    raw = {p.name: hashlib.sha256(p.read_bytes()).digest() for p in path.glob("*.xdf")}
    clock = itertools.count()
    model = filled(path)
    desk = ReviewDesk(
        model, path / "overlay.jsonl", load_vocabulary(), clock=lambda: f"t{next(clock):03d}", who="R2"
    )
    explored = next(r for r in desk.rows() if r.code == "int_explore")
    assert explored.stop - explored.start == pytest.approx(45.0, abs=0.2)
    desk.why = "video"
    assert desk.move(explored, stop=explored.start + 90.0)
    assert desk.add("int_psychoed", 620.0) and desk.add("int_psychoed", 650.0)
    suds = [r for r in desk.rows() if r.code == "suds"]
    assert desk.void(suds[0])
    asked = CuedSession(model, desk, Role.CLIENT)
    answers = len(asked.moments)
    for k in range(answers):
        assert asked.store("felt_over" if k % 4 == 0 else "felt_ok", 7.0)

    done = process_recording(path, tmp_path / "out", config=PipelineConfig())
    with (done.directory / "events.csv").open(encoding="utf-8") as file:
        events = list(csv.DictReader(file))
    assert sum(e["code"] == "suds" for e in events) == len(suds) - 1
    assert sum(e["code"].startswith("felt_") and e["actor"] == "client" for e in events) == answers
    found = metrics(done.directory)
    assert found["dyad", "int_explore_minutes"]["value"] == pytest.approx(1.5, abs=0.02)
    assert found["dyad", "int_psychoed_minutes"]["value"] == pytest.approx(0.5, abs=0.02)
    tolerated = found["client", "tolerated_upper"]
    assert answers >= 8 and tolerated["n"] == answers
    n_over = len(range(0, answers, 4))
    assert f"{answers} labels, {n_over} of them felt_over" in str(tolerated["reason"])
    assert {p.name: hashlib.sha256(p.read_bytes()).digest() for p in path.glob("*.xdf")} == raw
    assert verify(path) == []

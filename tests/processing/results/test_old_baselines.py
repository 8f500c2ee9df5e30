"""Where a rest baseline was old stands in session.json and in the first table of the report."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from acquisition.stream import Modality
from processing.config import PipelineConfig
from processing.index import IndexSample, index_sample
from processing.report.quality import quality
from processing.results.old_baselines import OldBaseline, old_baselines
from processing.results.session_json import session_json
from processing.results.session_run import run_recording
from tests.processing.simulated_hour import infos, write_hour

AGE, POSTURE = "old baseline: ended over 75 min ago", "old baseline: taken in another posture"


def rows(entity: str, reasons: list[str], index: str = "arousal_low") -> list[IndexSample]:
    return [
        index_sample(100.0 + k, 105.0 + k, entity, index, math.nan if reason == "-" else 0.0, 1.0, reason)
        for k, reason in enumerate(reasons)
    ]


def test_stretches_of_one_reason_are_one_line_each() -> None:
    reasons = ["", POSTURE, POSTURE, f"{POSTURE}; rest band only", "", AGE, "too little baseline", AGE, AGE]
    found = old_baselines([*rows("client", reasons), *rows("client", [AGE] * 9, "arousal_state")])
    assert found == [
        OldBaseline("client", "taken in another posture", 101.0, 3.0),
        OldBaseline("client", "ended over 75 min ago", 105.0, 1.0),
        OldBaseline("client", "ended over 75 min ago", 107.0, 2.0),
    ]


def test_people_are_told_apart_and_come_in_order_of_time() -> None:
    found = old_baselines([*rows("therapist", [AGE, AGE]), *rows("client", ["", AGE])])
    assert [(one.entity, one.start, one.seconds) for one in found] == [
        ("therapist", 100.0, 2.0),
        ("client", 101.0, 1.0),
    ]
    assert old_baselines([]) == []


def test_session_json_and_report_say_it(tmp_path: Path) -> None:
    path = tmp_path / "D01_S01"
    write_hour(path, streams=infos(leave_out=(Modality.VOICE, Modality.RESP)))
    config = PipelineConfig()
    config = replace(config, arousal=replace(config.arousal, old_after=240.0))
    run = run_recording(path, config=config)
    said = session_json(path, run)["arousal"]
    lines = [row for row in quality(run, run.hour()) if row.what == "old baseline"]
    assert {row.entity for row in lines} == {"client", "therapist"}
    for role in ("client", "therapist"):
        (one,) = said[role]["old_baseline"]
        assert one["why"] == "ended over 4 min ago"
        (line,) = [row for row in lines if row.entity == role]
        assert line.remark == "ended over 4 min ago"
        assert line.usable == f"{one['seconds'] / 60:.1f} min, from minute {one['t'] / 60:.1f}"
        last = [s.time for s in run.samples if (s.entity, s.index) == (role, "arousal_low")][-1]
        assert one["t"] + one["seconds"] + run.begin == last + 1.0

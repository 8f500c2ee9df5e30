"""What was put into the simulated dyad comes out of the session metrics."""

from __future__ import annotations

from pathlib import Path

from acquisition.simulation.script import Script
from processing.config import PipelineConfig
from processing.results.session_run import run_recording
from tests.processing.known_truth import rows, worst
from tests.processing.simulated_hour import START, write_hour

MINUTES = 15.0


def test_excursions_recovery_lead_faults_and_baselines_are_found_within_the_stated_errors(
    tmp_path: Path,
) -> None:
    path = write_hour(tmp_path / "D01_S01", seed=1, minutes=MINUTES)
    run = run_recording(path, config=PipelineConfig())
    found = rows(1, START, run, run.hour())
    pushes = Script(1).excursions(-300.0, 60.0 * MINUTES - 60.0)
    assert {str(p.role) for p in pushes} == {"client", "therapist"}, "both people must be pushed"
    assert worst(found)["excursion begins"][0] == len(pushes)
    assert {
        "T50",
        "hr lead",
        "hr lag",
        "sclslope lag",
        "pause, from",
        "electrode off, to",
        "EDA lost, to",
    } <= {r.what for r in found}
    assert [r for r in found if not r.holds] == []

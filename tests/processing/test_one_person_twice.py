"""A recording whose two people are one: it is said, and nothing compares them."""

from __future__ import annotations

import math
from pathlib import Path

from acquisition.importing.assigning import import_as
from acquisition.importing.options import Offset, Options
from acquisition.stream import FloatArray, Role
from processing.config import PipelineConfig
from processing.coupling.one_heart import HINT, REASON
from processing.results.session_run import SessionRun, run_recording
from tests.processing.heart.test_heart import ecg
from tests.processing.heart.test_rpeaks import rhythm

SECONDS = 400.0
TOGETHER = Offset(0.0, 0.05)
"""The clocks of the two files are one, good to 0.05 s."""


def lead(path: Path, values: FloatArray) -> Path:
    """Write an ECG at 125 Hz."""
    rows = [f"{k / 125:.4f},{v:.5f}" for k, v in enumerate(values.tolist())]
    path.write_text("time,ecg [mV]\n" + "\n".join(rows) + "\n")
    return path


def imported(folder: Path, client: FloatArray, therapist: FloatArray) -> tuple[SessionRun, tuple[str, ...]]:
    """Return what becomes of two people's ECG, and the import's notes."""
    pairs = [
        (Role.CLIENT, lead(folder / "client.csv", client)),
        (Role.THERAPIST, lead(folder / "therapist.csv", therapist)),
    ]
    out = folder / "D01_S01"
    done = import_as(pairs, out=out, options=Options(offsets={Role.CLIENT: TOGETHER}))
    return run_recording(out, config=PipelineConfig()), done.notes


def test_two_leads_of_one_heart_are_no_two_people(tmp_path: Path) -> None:
    beats = rhythm(SECONDS, seed=3)
    run, notes = imported(
        tmp_path,
        ecg(beats, 125.0, SECONDS, noise=0.02),
        -0.6 * ecg(beats + 0.012, 125.0, SECONDS, noise=0.01),
    )
    assert not any("same samples" in note for note in notes)
    assert any(line.startswith(HINT) for line in run.remarks)
    measures = {m.metric: m for m in run.hour().measures["dyad"]}
    of_hearts = [m for name, m in measures.items() if name.startswith(("sync_hr_", "joint_", "co_excursion"))]
    assert len(of_hearts) > 8
    assert all(math.isnan(m.value) and REASON in m.reason for m in of_hearts)
    rows = [s for s in run.samples if s.index in ("sync_hr", "sync_lnrmssd")]
    assert rows
    assert all(math.isnan(s.value) for s in rows if s.available > 60.0 + run.begin)
    # What is each one's stays.
    assert any(s.index == "hr" and s.value == s.value and s.entity == "client" for s in run.samples)


def test_two_people_are_compared(tmp_path: Path) -> None:
    one, other = (ecg(rhythm(SECONDS, seed=k), 125.0, SECONDS) for k in (3, 4))
    run, notes = imported(tmp_path, one, other)
    assert not any("same samples" in note for note in notes)
    assert not any("one heart" in line for line in run.remarks)
    assert {s.value for s in run.samples if s.index == "one_heart"} == {0.0}


def test_one_file_given_to_both_is_said(tmp_path: Path) -> None:
    values = ecg(rhythm(60.0, seed=3), 125.0, 60.0)
    _, notes = imported(tmp_path, values, values)
    assert any("hold the same samples: one person's data given to both?" in note for note in notes)

"""A recording whose two people are one: it is said, and nothing compares them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from acquisition.importing.assigning import import_as
from acquisition.importing.options import Offset, Options
from acquisition.stream import FloatArray, Role
from processing.config import PipelineConfig
from processing.coupling import one_skin
from processing.coupling.one_heart import HINT, REASON
from processing.results.session_run import SessionRun, run_recording
from tests.processing.heart.test_heart import ecg
from tests.processing.heart.test_rpeaks import rhythm
from tests.processing.skins import Pair, leaking, one_twice, strangers

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
    return processed(folder, lead(folder / "client.csv", client), lead(folder / "therapist.csv", therapist))


def sensed(folder: Path, pair: Pair) -> tuple[SessionRun, tuple[str, ...]]:
    """Return what becomes of two people's EDA, and the import's notes."""
    paths = [folder / "client.csv", folder / "therapist.csv"]
    for path, sensor in zip(paths, pair, strict=True):
        rows = zip(sensor.times(0.0).tolist(), sensor.eda.tolist(), strict=True)
        path.write_text("time,eda [uS]\n" + "".join(f"{t:.4f},{v:.5f}\n" for t, v in rows))
    return processed(folder, *paths)


def processed(folder: Path, client: Path, therapist: Path) -> tuple[SessionRun, tuple[str, ...]]:
    """Return what becomes of two people's files, and the import's notes."""
    pairs, out = [(Role.CLIENT, client), (Role.THERAPIST, therapist)], folder / "D01_S01"
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


def test_two_sensors_on_one_persons_skin_are_no_two_people(tmp_path: Path) -> None:
    run, notes = sensed(tmp_path, one_twice(np.random.default_rng(3), 600.0, latency=0.3, rate=8.0))
    assert not any("same samples" in note for note in notes)
    assert [line.startswith(one_skin.HINT) for line in run.remarks].count(True) == 1
    assert any(line.endswith("(for 10 min)") for line in run.remarks)
    measures = {m.metric: m for m in run.hour().measures["dyad"]}
    of_skins = [m for name, m in measures.items() if name.startswith(("sync_scl", "joint_", "co_excursion"))]
    assert len(of_skins) > 8
    assert all(math.isnan(m.value) and one_skin.REASON in m.reason for m in of_skins)
    for index in ("sync_scl", "sync_sclslope"):
        rows = [s for s in run.samples if s.index == index and s.available > 165.0 + run.begin]
        assert rows
        assert {(s.quality, s.reason) for s in rows} == {(0.0, one_skin.REASON)}
    # What is each one's stays.
    assert all(
        any(s.index == "scl" and s.quality == 1.0 and s.entity == who for s in run.samples)
        for who in ("client", "therapist")
    )


def test_a_channel_that_leaks_into_the_other_is_told(tmp_path: Path) -> None:
    run, _ = sensed(tmp_path, leaking(np.random.default_rng(4), 600.0, 0.3, 0.3))
    assert any(line.startswith(one_skin.HINT) for line in run.remarks)


def test_two_skins_are_compared(tmp_path: Path) -> None:
    run, _ = sensed(tmp_path, strangers(np.random.default_rng(5), 600.0))
    assert {s.value for s in run.samples if s.index == "one_skin"} == {0.0}
    assert not any(line.startswith(one_skin.HINT) for line in run.remarks)
    assert any(s.index == "sync_scl" and s.value == s.value for s in run.samples)

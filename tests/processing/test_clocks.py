"""Times of two people are compared only where their clocks are known to agree."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from acquisition.importing.assigning import import_as
from acquisition.importing.options import Offset, Options
from acquisition.recording.recording import Recording
from acquisition.session.session import ALIGNED, Recorded
from acquisition.stream import Role
from processing.clocks import REASON, coupling_how, recorded_how, remark
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from processing.metrics.session_metrics import definitions
from processing.results.session_run import run_recording

START = 1_716_200_000.0
RNG = np.random.default_rng(5)
LEVEL = np.cumsum(RNG.normal(0.0, 0.02, 4 * 1500))


def eda(path: Path, start: float) -> Path:
    """Write 25 min of skin conductance with Unix stamps; all files hold the same course."""
    values = 5.0 + LEVEL - LEVEL.min()
    rows = [f"{start + i / 4:.3f},{v:.4f}" for i, v in enumerate(values.tolist())]
    path.write_text("time,eda [uS]\n" + "\n".join(rows) + "\n")
    return path


def pair(tmp_path: Path, options: Options, *, one: bool = False) -> Path:
    """Import two people's files, whose clocks show 3 s apart; `one`: both from one file."""
    client = eda(tmp_path / "client.csv", START)
    therapist = client if one else eda(tmp_path / "therapist.csv", START + 3.0)
    out = tmp_path / "rec"
    import_as([(Role.CLIENT, client), (Role.THERAPIST, therapist)], out=out, options=options)
    return out


def test_start_times_alone_give_no_coupling(tmp_path: Path) -> None:
    out = pair(tmp_path, Options())
    recording = Recording(out)
    assert recording.session is not None
    assert recording.session.recorded is not None
    assert recording.session.recorded.clock == "start times"
    assert recording.session.recorded.clock_error >= 1.0
    run = run_recording(out, config=PipelineConfig())
    coupled = [s for s in run.samples if s.index.startswith("sync_")]
    assert coupled
    assert all(math.isnan(s.value) and s.reason == REASON and s.quality == 0.0 for s in coupled)
    compared = [d for d in definitions() if d.compares]
    for m in run.hour().measures["dyad"]:
        if any(d.matches(m.metric) for d in compared):
            assert math.isnan(m.value)
            assert math.isnan(m.ci_low)
            assert m.reason == REASON
    assert any("start times" in line for line in run.remarks)
    # What is one person's stays.
    assert any(s.index == "scl" and s.value == s.value for s in run.samples)


@pytest.mark.parametrize(
    "options",
    [Options(offsets={Role.THERAPIST: Offset(-3.0, 0.05)}), Options(offsets={Role.CLIENT: Offset(3.0)})],
)
def test_an_offset_that_is_said_gives_coupling_at_lag_0(tmp_path: Path, options: Options) -> None:
    out = pair(tmp_path, options)
    run = run_recording(out, config=PipelineConfig())
    assert run.recording.aligned
    lags = [s.value for s in run.samples if s.index == "sync_scl_lag" and s.value == s.value]
    assert lags
    assert np.median(np.abs(lags)) < 0.5


def test_an_older_result_of_clocks_that_do_not_agree_is_made_anew(tmp_path: Path) -> None:
    out = pair(tmp_path, Options())
    config = PipelineConfig()
    first = process_recording(out, tmp_path / "res", config=config)
    assert process_recording(out, tmp_path / "res", config=config).skipped
    place = first.directory / "session.json"
    place.write_text(place.read_text().replace(f'"clocks": "{REASON}",', ""))
    assert not process_recording(out, tmp_path / "res", config=config).skipped


@pytest.mark.parametrize(
    ("clock", "error", "imported", "aligned"),
    [
        ("one", 0.0, True, True),
        ("aligned", 0.1, True, True),
        ("aligned", ALIGNED + 0.01, True, False),
        ("start times", 1.0, True, False),
        ("unknown", math.nan, True, False),
        ("", math.nan, True, False),
        ("", math.nan, False, True),
    ],
)
def test_what_is_known_of_the_clocks_decides(clock: str, error: float, imported: bool, aligned: bool) -> None:
    versions = {"imported_from": "a.csv"} if imported else {}
    recorded = Recorded(started="", streams=(), versions=versions, clock=clock, clock_error=error)
    assert recorded.aligned is aligned
    assert ("one clock" in recorded_how(recorded)) == (clock == "one" or not imported)
    assert bool(remark(recorded)) == (imported and clock != "one")
    assert ("not aligned" in coupling_how(aligned=aligned, segment=30.0)) != aligned

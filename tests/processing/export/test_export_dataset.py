"""Many sessions in one BIDS dataset: merged, never overwritten, and sound by the standards' validators."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.commands.amend import amend_command
from acquisition.event import Event
from acquisition.importing.assigning import import_as
from acquisition.recording.recording import Recording
from acquisition.stream import Role
from processing.cohort import engine
from processing.cohort.store import StoreTables
from processing.commands.bids_app import bids_app_command
from processing.commands.export import export_command
from processing.commands.process import process_recording
from processing.commands.withdraw import withdraw_command
from processing.config import PipelineConfig
from processing.export.dataset import dates_file, read_table
from processing.export.tracks import on_even_grid, read_tracks
from tests.acquisition.session.test_session_record import RECORD
from tests.processing.cohort.cohorts import here
from tests.processing.simulated_hour import START, brief, infos, write_hour

pytestmark = pytest.mark.slow

SESSIONS = (("D01", 1, "C01", "2026-11-01"), ("D01", 2, "C01", "2026-11-08"), ("D02", 1, "C02", "2026-11-02"))
SAID = Event(time=START + 1.0, code="suds", actor="client", value=40.0, id="s", rater="R1")
KNOWN_WARNINGS = {
    "SIDECAR_KEY_RECOMMENDED:CogAtlasID",
    "SIDECAR_KEY_RECOMMENDED:CogPOID",
    "SIDECAR_KEY_RECOMMENDED:InstitutionName",
    "SIDECAR_KEY_RECOMMENDED:InstitutionAddress",
    "SIDECAR_KEY_RECOMMENDED:InstitutionalDepartmentName",
    "SIDECAR_KEY_RECOMMENDED:StimulusPresentation",
    "JSON_KEY_RECOMMENDED:SourceDatasets",
}
"""Nothing is presented, no atlas knows the task, nothing came before the recording; an institution is named
by whoever publishes."""


def export(*words: str | Path) -> str:
    result = CliRunner().invoke(export_command, [*map(str, words), "--to", "bids"])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `recordings` of one therapist with two clients, and the `dataset` of them."""
    root = tmp_path_factory.mktemp("dataset")
    for seed, (dyad, number, client, day) in enumerate(SESSIONS, 1):
        path = write_hour(
            root / "recordings" / f"{dyad}_S{number:02d}",
            seed=seed,
            streams=infos(),
            past=4.0,
            minutes=0.05,
            events=[*brief(seed, 4.0), SAID],
            dyad=dyad,
            number=number,
            people=(client, "T01"),
            session_id=f"{dyad}_S{number:02d}",
            started=f"{day}T10:00:00+01:00",
        )
        if seed == 1:
            with (path / "session.toml").open("a", encoding="utf-8") as file:
                file.write(RECORD)
    recordings = sorted((root / "recordings").iterdir())
    export(
        *recordings[:2],
        "--out",
        root / "dataset",
        "--author",
        "A. Author",
        "--author",
        "B. Author",
        "--licence",
        "CC0",
    )
    export(recordings[2], "--out", root / "dataset")
    return root


@pytest.fixture(scope="module")
def direct(made: Path) -> list[dict[str, Any]]:
    """Return the metrics of one of the recordings as `attune process` has them."""
    process_recording(made / "recordings" / "D02_S01", made / "direct", config=PipelineConfig())
    table: list[dict[str, Any]] = pq.read_table(made / "direct" / "D02_S01" / "metrics.parquet").to_pylist()
    return table


@pytest.fixture(scope="module")
def derivative(made: Path) -> Path:
    """Return what the app computes of one person; who changes it takes a copy."""
    words = [str(made / "dataset"), str(made / "derivative"), "participant", "--participant-label", "C02"]
    result = CliRunner().invoke(bids_app_command, words)
    assert result.exit_code == 0, result.output
    return made / "derivative"


def issues(dataset: Path) -> list[dict[str, Any]]:
    """Return what the validator of BIDS says."""
    if importlib.util.find_spec("bids_validator_deno") is None:
        pytest.skip("bids-validator-deno is not installed")
    command = [str(Path(sys.executable).with_name("bids-validator-deno")), str(dataset), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found: list[dict[str, Any]] = json.loads(done.stdout)["issues"]["issues"]
    return found


def test_three_people_and_three_sessions_are_in_one_dataset(made: Path) -> None:
    out = made / "dataset"
    _, people = read_table(out / "participants.tsv")
    assert [(p["participant_id"], p["role"], p["dyad_id"]) for p in people] == [
        ("sub-C01", "client", "D01"),
        ("sub-C02", "client", "D02"),
        ("sub-T01", "therapist", "D01 D02"),
    ]
    sessions = {
        p.parent.name: [(r["session_id"], r["acq_time"], r["dyad_id"], r["number"]) for r in read_table(p)[1]]
        for p in out.glob("sub-*/sub-*_sessions.tsv")
    }
    assert sessions["sub-T01"] == [
        ("ses-D01S01", "1911-01-01T10:00:00", "D01", "1"),
        ("ses-D01S02", "1911-01-08T10:00:00", "D01", "2"),
        ("ses-D02S01", "1911-01-02T10:00:00", "D02", "1"),
    ]
    assert [s[0] for s in sessions["sub-C02"]] == ["ses-D02S01"]
    said = json.loads((out / "dataset_description.json").read_text("utf-8"))
    assert (said["Authors"], said["License"]) == (["A. Author", "B. Author"], "CC0")
    assert b"2026-11" not in b"".join(p.read_bytes() for p in out.rglob("*") if p.suffix in (".tsv", ".json"))
    _, events = read_table(next(out.glob("sub-C01/ses-D01S01/beh/*_events.tsv")))
    marked = [e for e in events if e["trial_type"] == "suds"][-1]
    assert (marked["rater"], marked["source"], marked["t_unc"], marked["value"]) == ("R1", "key", "5", "40")
    assert next(out.glob("sub-C01/ses-D01S01/beh/*_acq-voice_beh.tsv")).stat().st_size > 1000


def test_the_validator_of_bids_finds_no_error_and_warns_of_what_nobody_can_meet(made: Path) -> None:
    found = issues(made / "dataset")
    assert not [i for i in found if i["severity"] == "error"]
    assert {f"{i['code']}:{i.get('subCode')}" for i in found} <= KNOWN_WARNINGS


def test_the_validator_of_hed_finds_nothing(made: Path) -> None:
    pytest.importorskip("hed", reason="hedtools is not installed")
    from hed.tools import BidsDataset

    assert BidsDataset(str(made / "dataset")).validate() == []


def test_an_export_again_changes_nothing_and_another_recording_is_refused(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "dataset", tmp_path / "dataset")
    shutil.copy(dates_file(made / "dataset"), dates_file(tmp_path / "dataset"))
    before = {p: p.read_bytes() for p in sorted((tmp_path / "dataset").rglob("*")) if p.is_file()}
    export(made / "recordings" / "D01_S02", "--out", tmp_path / "dataset")
    assert {p: p.read_bytes() for p in sorted((tmp_path / "dataset").rglob("*")) if p.is_file()} == before
    shutil.copytree(made / "recordings" / "D01_S02", tmp_path / "other")
    words = [str(tmp_path / "other"), "number=1", "--why", "typed wrong"]
    assert CliRunner().invoke(amend_command, words).exit_code == 0
    result = CliRunner().invoke(
        export_command, [str(tmp_path / "other"), "--to", "bids", "--out", str(tmp_path / "dataset")]
    )
    assert result.exit_code == 1 and "is there already, from another recording (D01_S01)" in result.stderr
    assert {p: p.read_bytes() for p in sorted((tmp_path / "dataset").rglob("*")) if p.is_file()} == before


def test_a_withdrawal_takes_one_session_of_one_person_out(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "all"
    shutil.copytree(made, root)
    shutil.copy(dates_file(made / "dataset"), dates_file(root / "dataset"))
    for index in root.glob("recordings/*/derived.jsonl"):
        index.write_text(index.read_text().replace(str(made), str(root)))
    words = [str(root / "recordings" / "D02_S01"), "client", "--yes"]
    result = CliRunner().invoke(withdraw_command, words)
    assert result.exit_code == 0, result.output
    out = root / "dataset"
    assert [p["participant_id"] for p in read_table(out / "participants.tsv")[1]] == ["sub-C01", "sub-T01"]
    assert not [p for p in (out / "sub-C02").rglob("*") if p.is_file()]
    assert "C02" not in dates_file(out).read_text()
    kept = [p.name for p in (out / "sub-T01" / "ses-D02S01" / "beh").iterdir()]
    assert any(name.endswith("_events.tsv") for name in kept)
    assert len(read_table(out / "sub-T01" / "sub-T01_sessions.tsv")[1]) == 3


def test_it_comes_back_with_the_same_samples(made: Path, tmp_path: Path) -> None:
    pairs = [
        (role, path)
        for role, subject in ((Role.CLIENT, "C01"), (Role.THERAPIST, "T01"))
        for path in sorted((made / "dataset" / f"sub-{subject}" / "ses-D01S02" / "beh").glob("*"))
        if path.name.endswith(("_physio.tsv.gz", "_events.tsv"))
    ]
    import_as(pairs, out=tmp_path / "back")
    tracks, back = read_tracks(made / "recordings" / "D01_S02"), read_tracks(tmp_path / "back")
    compared = 0
    for track in tracks.streams:
        if not track.info.sfreq > 0:
            continue
        want = on_even_grid(track, tracks.begin, tracks.end)
        (again,) = [
            t
            for t in back.streams
            if (t.info.role, t.info.modality) == (track.info.role, track.info.modality)
        ]
        at = np.rint((again.times - back.begin) * track.info.sfreq).astype(int)
        there = np.flatnonzero(np.isfinite(want).all(axis=1))
        assert len(at) == len(there)
        np.testing.assert_array_equal(np.asarray(again.samples, float), want[there])
        compared += 1
    assert compared == 6
    assert Recording(tmp_path / "back").session is not None


def test_the_app_computes_what_the_recording_gives(
    made: Path, derivative: Path, direct: list[dict[str, Any]]
) -> None:
    out = derivative
    assert json.loads((out / "dataset_description.json").read_text("utf-8"))["DatasetType"] == "derivative"
    assert not [i for i in issues(out) if i["severity"] == "error"]
    _, rows = read_table(next(out.glob("sub-C02/*/beh/*_desc-metrics_beh.tsv")))
    assert {r["entity"] for r in rows} == {"client", "dyad"}
    got = {r["metric"]: r["value"] for r in rows if r["entity"] == "client"}
    want = {r["metric"]: r["value"] for r in direct if r["entity"] == "client"}
    for name in ("hr_median", "scl_median", "rmssd_median"):
        assert float(got[name]) == pytest.approx(want[name], rel=0.01)
    words = [str(made / "dataset"), str(out), "participant", "--participant-label", "X99"]
    nobody = CliRunner().invoke(bids_app_command, words)
    assert nobody.exit_code == 1 and "no physiology of X99" in nobody.stderr


def test_the_group_level_puts_all_conversations_into_one_store(
    made: Path, direct: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "run", here)
    monkeypatch.setattr("processing.cohort.report.write_report", lambda *_, **__: [])
    run, out = CliRunner(), tmp_path / "out"
    result = run.invoke(bids_app_command, [str(made / "dataset"), str(out), "group"])
    assert result.exit_code == 0, result.output
    assert "store: 3 sessions of 2 dyads and 3 people" in result.output
    tables = StoreTables(out / "store")
    sessions = tables["sessions"]
    assert list(zip(sessions["dyad"], sessions["session"], sessions["client"], strict=True)) == [
        ("D01", 1, "C01"),
        ("D01", 2, "C01"),
        ("D02", 1, "C02"),
    ]
    assert set(sessions["therapist"]) == {"T01"}
    assert list(sessions["started"].str[:10]) == ["1911-01-01", "1911-01-08", "1911-01-01"]
    metrics = tables["metrics_long"]
    for entity in ("client", "therapist"):
        want = {r["metric"]: r["value"] for r in direct if r["entity"] == entity}
        mine = metrics[(metrics["dyad"] == "D02") & (metrics["entity"] == entity)].set_index("metric")
        for name in ("hr_median", "scl_median", "rmssd_median"):
            assert mine.loc[name, "value"] == pytest.approx(want[name], rel=0.01)
    assert len(tables["models"]) > 10
    again = run.invoke(bids_app_command, [str(made / "dataset"), str(out), "group"])
    assert again.exit_code == 0 and "/3" not in again.stderr, "nothing is computed a second time"
    assert not [i for i in issues(out) if i["severity"] == "error"]


def test_a_derivative_never_holds_conversations_of_two_settings(
    made: Path, derivative: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "run", here)
    (tmp_path / "other.toml").write_text("[arousal]\nk_high = 3.0\n")
    run, out = CliRunner(), tmp_path / "out"
    shutil.copytree(derivative, out)
    words = [str(made / "dataset"), str(out), "participant", "--participant-label"]
    before = {p: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    other = ["--config", str(tmp_path / "other.toml")]
    for level in ([*words, "C01", *other], [*words[:2], "group", *other]):
        refused = run.invoke(bids_app_command, level)
        assert refused.exit_code == 1 and "was made with other parameters (--config)" in refused.stderr
        assert {p: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()} == before
    assert run.invoke(bids_app_command, [*words, "C02", *other]).exit_code == 0, "all of it is made anew"

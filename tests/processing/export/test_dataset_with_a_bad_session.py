"""A session of a dataset that cannot be read takes no other with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition.stream import Modality
from processing.cohort import engine
from processing.cohort.store import StoreTables
from processing.commands.bids_app import bids_app_command
from processing.commands.export import export_command
from tests.processing.cohort.cohorts import here
from tests.processing.simulated_hour import infos, write_hour

EDA = infos(leave_out=set(Modality) - {Modality.EDA})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return three short sessions of one dyad, of which the first is damaged."""
    root = tmp_path_factory.mktemp("three")
    paths = [
        write_hour(root / f"D01_S0{n}", past=0.5, seed=n, streams=EDA, dyad="D01", number=n)
        for n in (1, 2, 3)
    ]
    words = [*map(str, paths), "--to", "bids", "--out", str(root / "bids")]
    assert CliRunner().invoke(export_command, words).exit_code == 0
    for file in (root / "bids").glob("sub-C01/ses-D01S01/beh/*_physio.tsv.gz"):
        file.write_bytes(b"damaged")
    return root / "bids"


def test_a_recording_that_cannot_be_read_leaves_the_others_in_the_dataset(tmp_path: Path) -> None:
    paths = [
        write_hour(tmp_path / f"D01_S0{n}", past=0.1, seed=n, streams=EDA, dyad="D01", number=n)
        for n in (1, 2)
    ]
    (paths[0] / "session.toml").write_text("no session")
    words = [*map(str, paths), "--to", "bids", "--out", str(tmp_path / "bids")]
    done = CliRunner().invoke(export_command, words)
    assert done.exit_code == 1 and "D01_S01 is left out: " in done.stderr
    assert [p.name for p in (tmp_path / "bids" / "sub-C01").glob("ses-*")] == ["ses-D01S02"]


def test_each_other_session_is_computed_and_the_bad_one_named(dataset: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(bids_app_command, [str(dataset), str(tmp_path / "out"), "participant"])
    assert done.exit_code == 1
    assert "D01S01" in done.stderr and "_physio.tsv.gz" in done.stderr
    computed = {p.parts[-3] for p in (tmp_path / "out" / "sub-C01").glob("*/beh/*_desc-metrics_beh.tsv")}
    assert computed == {"ses-D01S02", "ses-D01S03"}


def test_the_store_holds_each_other_session(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "run", here)
    monkeypatch.setattr("processing.cohort.report.write_report", lambda *_, **__: [])
    done = CliRunner().invoke(bids_app_command, [str(dataset), str(tmp_path / "out"), "group"])
    assert done.exit_code == 1 and "D01S01" in done.stderr
    assert list(StoreTables(tmp_path / "out" / "store")["sessions"]["session"]) == [2, 3]


def participant(dataset: Path, out: Path, *more: str) -> Result:
    return CliRunner().invoke(bids_app_command, [str(dataset), str(out), "participant", *more])


def test_a_dataset_that_was_corrected_gives_what_it_gives_afresh(dataset: Path, tmp_path: Path) -> None:
    mine, out = tmp_path / "bids", tmp_path / "out"
    shutil.copytree(dataset, mine)
    participant(mine, out)
    metrics = "sub-C01/ses-D01S02/beh/sub-C01_ses-D01S02_task-session_desc-metrics_beh.tsv"
    before = (out / metrics).read_bytes()
    for role in ("C01", "T01"):
        folder = mine / f"sub-{role}" / "ses-D01S02" / "beh"
        for other in (mine / f"sub-{role}" / "ses-D01S03" / "beh").glob("*_physio.*"):
            shutil.copy(other, folder / other.name.replace("D01S03", "D01S02"))
    participant(mine, out)
    participant(mine, tmp_path / "afresh")
    assert (out / metrics).read_bytes() != before
    assert (out / metrics).read_bytes() == (tmp_path / "afresh" / metrics).read_bytes()


def test_two_people_in_one_role_are_named_and_nobody_is_left_out_unsaid(
    dataset: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "bids"
    shutil.copytree(dataset, mine)
    table = mine / "participants.tsv"
    table.write_text(table.read_text().replace("therapist", "n/a"))
    done = participant(mine, tmp_path / "out")
    assert done.exit_code == 1
    assert "sub-C01 and sub-T01 are both client of D01 in ses-D01S02: say client and" in done.stderr
    assert not list((tmp_path / "out").rglob("*_desc-metrics_beh.tsv"))


def test_a_label_of_nobody_is_refused_with_those_there_are(dataset: Path, tmp_path: Path) -> None:
    words = ("--participant-label", "C01", "--participant-label", "C9")
    done = participant(dataset, tmp_path / "out", *words)
    assert done.exit_code == 1
    assert "no physiology of C9 in it (there are: C01, T01)" in done.output + done.stderr + str(
        done.exception
    )


@pytest.mark.parametrize("other", ["task-session_run-2", "task-rest"])
def test_runs_of_one_session_are_not_laid_over_each_other(dataset: Path, tmp_path: Path, other: str) -> None:
    mine = tmp_path / "bids"
    shutil.copytree(dataset, mine)
    for file in (mine / "sub-C01" / "ses-D01S02" / "beh").glob("*_physio.*"):
        shutil.copy(file, file.with_name(file.name.replace("task-session", other)))
    done = participant(mine, tmp_path / "out")
    named = (
        f"{other.replace('_', ' ')}, task-session" if "rest" in other else "task-session, task-session run-2"
    )
    assert done.exit_code == 1 and f"sub-C01, ses-D01S02: {named}: one task and run a" in done.stderr
    computed = (tmp_path / "out" / "sub-C01").glob("*/beh/*_desc-metrics_beh.tsv")
    assert {p.parts[-3] for p in computed} == {"ses-D01S03"}


def test_physiology_outside_sessions_is_named(dataset: Path, tmp_path: Path) -> None:
    mine = tmp_path / "bids"
    shutil.copytree(dataset, mine)
    for person in mine.glob("sub-*"):
        (person / "ses-D01S02" / "beh").rename(person / "beh")
        for session in person.glob("ses-*"):
            shutil.rmtree(session)
    done = participant(mine, tmp_path / "out")
    assert done.exit_code == 1
    assert "no physiology of anybody in it below a folder ses-… (sub-C01/beh/" in str(
        done.stderr + str(done.exception)
    )

"""A session of a dataset that cannot be read takes no other with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

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

"""Many recordings at once: the same files whatever the order and the number of processes, and resuming."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.errors import AttunementError
from processing.cli import process_command
from processing.commands.many import Work
from processing.config import PipelineConfig
from tests.processing.simulated_hour import write_hour

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two short recordings."""
    folder = tmp_path_factory.mktemp("many")
    return [write_hour(folder / f"D0{k}_S01", seed=k, past=1.5) for k in (1, 2)]


@pytest.fixture(scope="module")
def first_done(recordings: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the first recording, without a report."""
    out = tmp_path_factory.mktemp("done")
    assert process(recordings[:1], out)[0] == 0
    return out


@pytest.fixture
def done(first_done: Path, tmp_path: Path) -> Path:
    """Return a copy of these results."""
    return shutil.copytree(first_done, tmp_path / "results")


def process(paths: Sequence[Path], out: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(process_command, [*map(str, paths), "--out", str(out), *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def hashes(out: Path) -> dict[str, str]:
    return {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(out.rglob("*"))
        if p.is_file()
    }


def test_the_order_of_recordings_and_the_number_of_processes_change_no_byte(
    recordings: list[Path], tmp_path: Path
) -> None:
    assert process(recordings, tmp_path / "one", "--jobs", "1", "--report")[0] == 0
    assert process(recordings[::-1], tmp_path / "two", "--jobs", "2", "--report")[0] == 0
    first = hashes(tmp_path / "one")
    assert hashes(tmp_path / "two") == first
    files = {
        "indices.parquet",
        "indices.json",
        "events.csv",
        "metrics.parquet",
        "excursions.parquet",
        "interventions.parquet",
        "session.json",
        "report.html",
    }
    assert {Path(name).name for name in first} >= files
    assert {Path(name).parts[0] for name in first} == {"D01_S01", "D02_S01"}


def test_an_interrupted_run_goes_on_where_it_was(recordings: list[Path], done: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in done.rglob("*.*")}
    code, text = process(recordings, done, "--jobs", "2")
    assert code == 0
    assert "D01_S01: up to date" in text and "D02_S01: up to date" not in text
    assert all(p.stat().st_mtime_ns == t for p, t in before.items())


def test_one_bad_recording_does_not_stop_the_others(recordings: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "client.xdf").write_bytes(b"XDF:")
    (bad / "session.toml").write_text("[session]\nid = 7\n", "utf-8")
    code, text = process([bad, recordings[0]], tmp_path / "out", "--jobs", "2")
    assert code == 1
    assert "bad/session.toml: [session] id = 7" in text
    assert (tmp_path / "out" / "D01_S01" / "metrics.parquet").is_file()
    assert not (tmp_path / "out" / "bad").exists()


def test_an_error_in_the_middle_leaves_the_old_result_and_no_litter(
    recordings: list[Path], done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes(done)
    seen: list[str] = []

    def full_disk(*_: object) -> None:
        seen.append("written")
        raise OSError(28, "No space left on device", "metrics.parquet")

    monkeypatch.setattr("processing.commands.process.write_metrics", full_disk)
    code, text = process(recordings[:1], done, "--force")
    assert seen == ["written"]
    assert code == 1 and "No space left on device" in text
    assert hashes(done) == before
    assert [p.name for p in done.iterdir()] == ["D01_S01"]


def test_a_report_that_is_asked_for_later_is_made(recordings: list[Path], done: Path) -> None:
    assert not (done / "D01_S01" / "report.html").exists()
    assert "up to date" not in process(recordings[:1], done, "--report")[1]
    assert (done / "D01_S01" / "report.html").is_file()
    assert "up to date" in process(recordings[:1], done)[1]


def test_an_error_can_leave_its_process(tmp_path: Path) -> None:
    got = Work(out=tmp_path, config=PipelineConfig())(tmp_path / "nothing")
    assert type(got) is AttunementError

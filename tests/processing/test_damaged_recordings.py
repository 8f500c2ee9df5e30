"""What of a recording could not be read is said, and is not taken for done without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.importing.assigning import import_as
from acquisition.recording.recording import Recording
from acquisition.stream import Role
from processing.cli import process_command


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Import two minutes of skin conductance."""
    rows = [f"{i / 4},{5 + (i % 40) / 100}" for i in range(480)]
    (tmp_path / "a.csv").write_text("time,eda [uS]\n" + "\n".join(rows) + "\n")
    import_as([(Role.CLIENT, tmp_path / "a.csv")], out=tmp_path / "rec")
    return tmp_path / "rec"


def spoilt(recording: Path) -> None:
    """Cut a recording as a crash does, overwrite bytes inside a file, and prove that it shows."""
    (recording / "manifest.json").unlink()
    for name in ("client.xdf", "therapist.xdf", "dyad.xdf"):
        file = recording / name
        file.write_bytes(file.read_bytes()[:-200])
    file = recording / "client.xdf"
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    file.write_bytes(data)
    read = Recording(recording)
    assert sum(1 for _ in read.batches())
    assert read.damage_inside


def test_a_damaged_recording_has_results_and_is_not_done(recording: Path, tmp_path: Path) -> None:
    spoilt(recording)
    words = [str(recording), "--out", str(tmp_path / "res")]
    for _ in range(2):  # the second time there is nothing to do, and still it is damaged
        done = CliRunner().invoke(process_command, words)
        assert done.exit_code == 1
        assert "client.xdf: bytes" in done.stderr
        assert "--accept-damage" in done.stderr
        assert (tmp_path / "res" / "rec" / "indices.parquet").exists()
    assert CliRunner().invoke(process_command, [*words, "--accept-damage"]).exit_code == 0


def test_a_recording_that_was_cut_is_done(recording: Path, tmp_path: Path) -> None:
    (recording / "manifest.json").unlink()
    for name in ("client.xdf", "therapist.xdf", "dyad.xdf"):
        file = recording / name
        file.write_bytes(file.read_bytes()[: file.stat().st_size * 2 // 3 + 7])
    assert Recording(recording).state == "cut"
    done = CliRunner().invoke(process_command, [str(recording), "--out", str(tmp_path / "res")])
    assert done.exit_code == 0, done.stderr
    assert "cut" in done.stdout

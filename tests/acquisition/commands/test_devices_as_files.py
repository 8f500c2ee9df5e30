"""A pipe or a device in place of a file is named in one line, and never waited for."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.errors import RecordingError
from acquisition.recorder.begin import record
from acquisition.session.toml_table import read
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from tests.acquisition.sine_driver import SESSION, SineDriver
from tests.system.commands import attune
from viewer.cli import attune as main

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(sys.platform == "win32", reason="no pipes among the files"),
]
COMMANDS = (
    ("record",),
    ("devices", "check"),
    ("replay",),
    ("process", "--out", "out"),
    ("report",),
    ("export", "--to", "csv", "--out", "out"),
    ("import", "--stream", "client:ecg:mV=1", "--out", "out"),
)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.xdf"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("words", COMMANDS, ids=lambda w: w[0])
def test_no_command_waits_for_a_pipe_or_reads_a_device(
    words: tuple[str, ...], tmp_path: Path, pipe: Path
) -> None:
    zero = tmp_path / "zero.xdf"
    zero.symlink_to("/dev/zero")
    for path in (pipe, zero):
        done = attune(*words, path, runtime=tmp_path / "run", ok=False, seconds=120)
        assert done.returncode == 1
        (line,) = done.stderr.strip().splitlines()
        assert path.name in line and "a device or pipe" in line


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(SESSION, tmp_path_factory.mktemp("r"), seconds=0.3, drivers=[SineDriver()], fsync=0).path


@pytest.mark.parametrize(
    "name", ["client.xdf", "manifest.json", "session.toml", "recorder.lock", "derived.jsonl"]
)
def test_no_command_waits_for_a_pipe_in_a_recording(name: str, recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    shutil.copytree(recording, path)
    (path / name).unlink(missing_ok=True)
    os.mkfifo(path / name)
    for words in (["verify"], ["process", "--out", str(tmp_path / "out")], ["view", "--picture", "x.png"]):
        done = CliRunner().invoke(main, [*words, str(path)])
        assert done.exit_code == 1
        (line,) = done.stderr.strip().splitlines()
        assert f"{name} is neither a file nor a folder" in line
    with pytest.raises(RecordingError, match=name):
        process_recording(path, tmp_path / "out", config=PipelineConfig())


@pytest.mark.parametrize("words", [("report",), ("export", "--to", "csv"), ("view", "--picture")], ids=str)
def test_a_pipe_is_not_written_over(words: tuple[str, ...], tmp_path: Path, pipe: Path) -> None:
    name = [] if "--picture" in words else ["--out"]
    done = CliRunner().invoke(main, [*words, *name, str(pipe), str(tmp_path)])
    assert done.exit_code == 1 and "a device or pipe" in done.stderr
    assert pipe.is_fifo()


def test_links_that_lead_back_to_themselves_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "session.toml").touch()
    for words in (
        ["process", "loop"], ["export", "loop", "--to", "csv"], ["unseal", "loop"],
        ["record", "session.toml"],
    ):  # fmt: skip
        given = [tmp_path / w if (tmp_path / w).is_symlink() or w.endswith("toml") else w for w in words]
        done = CliRunner().invoke(main, [*map(str, given), "--out", str(tmp_path / "loop" / "out")])
        assert done.exit_code == 1
        (line,) = done.stderr.strip().splitlines()
        assert "loop" in line and line.endswith("links that lead back to themselves")
    for words in (["verify"], ["repair"], ["report"], ["view", "--picture", "window.png"]):
        done = CliRunner().invoke(main, [*words, str(tmp_path / "loop")])
        assert done.exit_code == 1
        assert done.stderr.strip() == f"{tmp_path / 'loop'}: links that lead back to themselves"


def test_a_pipe_as_a_toml_file_is_named(pipe: Path) -> None:
    assert read(pipe) == ("", ["a device or pipe, not a file, so it is not opened"])
    assert read(pipe.parent) == ("", ["a folder, not a file, so it is not opened"])

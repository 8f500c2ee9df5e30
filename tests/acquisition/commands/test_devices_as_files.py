"""A pipe or a device in place of a file is named in one line, and never waited for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from acquisition.session.toml_table import read
from tests.system.commands import attune

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


def test_a_pipe_as_a_toml_file_is_named(pipe: Path) -> None:
    assert read(pipe) == ("", ["a device or pipe, not a file, so it is not opened"])
    assert read(pipe.parent) == ("", ["a folder, not a file, so it is not opened"])

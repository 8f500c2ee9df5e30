"""A disk that somebody else fills while a recorder writes: closed files, and `verify` names the reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.commands.files import verify_command
from acquisition.recorder.control import endpoints
from acquisition.recorder.disk import MINIMUM
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import PEOPLE, Chunk
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

LEFT = 5 << 20
"""Bytes that the small disk has above what a recording needs to start."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    size = ["-o", f"size={MINIMUM + LEFT}"]
    mounted = subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Take every byte that is left."""
    with (disk / "filler").open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_disk_that_is_filled_ends_the_recording_whole_and_verify_says_why(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    command = [sys.executable, "-m", "tests.acquisition.sine_driver", str(small_disk / "out")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as recorder:
        wait_for(lambda: list(small_disk.glob("out/*/session.toml")) and endpoints())
        fill(small_disk)
        with pytest.raises(OSError, match="No space left"):
            (small_disk / "more").write_bytes(b"x" * 4096)
        _, said = recorder.communicate(timeout=60)
    assert "Traceback" not in said
    (path,) = (small_disk / "out").iterdir()
    (finding,) = verify(path)
    assert (finding.file, finding.problem) == ("dyad.xdf", "ended")
    assert "the disk" in finding.message or "No space left" in finding.message
    spoken = CliRunner().invoke(verify_command, [str(path)])
    assert spoken.exit_code == 1 and "whole" not in spoken.output
    assert Recording(path).state == "closed"
    chunks = [i for i in Recording(path) if isinstance(i, Chunk)]
    for role in PEOPLE:
        steps = np.diff(np.concatenate([c.times for c in chunks if c.info.role is role]))
        assert len(steps) > 10 and steps.max() < 0.0101, "no sample is missing up to the end"
    assert [p.name for p in path.iterdir() if p.name.startswith(".")] == []

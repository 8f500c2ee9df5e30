"""What a killed run leaves is removed by the next one; what somebody is still writing is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processing.results.litter import sweep
from processing.results.results import replacing

pytestmark = pytest.mark.realtime

WRITER = """
import sys
from pathlib import Path
from processing.results.results import replacing
with replacing(Path(sys.argv[1])) as fresh:
    (fresh / "indices.parquet").write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return the directory of a finished result."""
    target = tmp_path / "D01_S01"
    with replacing(target) as fresh:
        (fresh / "session.json").write_text("{}", "utf-8")
    return target


@pytest.mark.skipif(sys.platform == "win32", reason="directories cannot be locked there")
def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(written: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(written)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        during = sorted(p.name for p in written.parent.iterdir())
        sweep(written)
        assert sorted(p.name for p in written.parent.iterdir()) == during, "it is still being written"
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert process.returncode == -signal.SIGKILL
    assert sorted(p.name for p in written.parent.iterdir()) == during, "the kill must have left something"
    assert len(during) == 2
    with replacing(written) as fresh:
        (fresh / "session.json").write_text("new", "utf-8")
    assert [p.name for p in written.parent.iterdir()] == ["D01_S01"]
    assert (written / "session.json").read_text("utf-8") == "new"


def test_nothing_of_another_name_is_touched(written: Path) -> None:
    others = [".D01_S01", ".D01_S01.notes", ".D01_S010.abcdefgh", "D01_S01.abcdefgh", ".git"]
    for name in others:
        (written.parent / name).mkdir()
    (written.parent / ".D01_S01.a_file12").write_text("x", "utf-8")
    sweep(written)
    assert {p.name for p in written.parent.iterdir()} == {*others, "D01_S01", ".D01_S01.a_file12"}

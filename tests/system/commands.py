"""Run the commands as a user does, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.waiting import DEADLINE, wait_for

ROOT = Path(__file__).resolve().parents[2]


def environment(runtime: Path) -> dict[str, str]:
    """Return an environment without a display and with a runtime directory of its own."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    runtime.mkdir(mode=0o700, exist_ok=True)
    return kept | {"XDG_RUNTIME_DIR": str(runtime), "QT_QPA_PLATFORM": "offscreen"}


def attune(
    *words: str | Path, runtime: Path, ok: bool = True, seconds: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run `attune` with these words and wait for it."""
    command = [sys.executable, "-m", "viewer.cli", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(runtime), timeout=seconds, check=False
    )
    assert not ok or done.returncode == 0, done.stderr + done.stdout
    return done


@contextmanager
def started(*words: str | Path, runtime: Path) -> Iterator[subprocess.Popen[str]]:
    """Start `attune` with these words; it is killed at the end if it still runs."""
    command = [sys.executable, "-m", "viewer.cli", *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(runtime)
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def await_true(condition: Callable[[], bool], seconds: float = DEADLINE, pause: float = 0.05) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    wait_for(condition, "it happens", seconds=seconds, pause=pause)


def the_recording(parent: Path) -> Path:
    """Return the only recording in a directory."""
    (path,) = [p.parent for p in parent.glob("*/client.xdf")]
    return path


def indices(directory: Path) -> pa.Table:
    """Return the indices of a result directory."""
    return pq.read_table(directory / "indices.parquet")


def rows(table: pa.Table, entity: str, index: str) -> pa.Table:
    """Return the rows of one index of one entity."""
    keep = [
        e == entity and i == index
        for e, i in zip(table["entity"].to_pylist(), table["index"].to_pylist(), strict=True)
    ]
    return table.filter(pa.array(keep))


def same(a: pa.Table, b: pa.Table) -> bool:
    """Tell whether two tables hold the same, to the bit of every number; nan equals nan."""
    if a.column_names != b.column_names or a.num_rows != b.num_rows:
        return False
    pairs = zip(a.columns, b.columns, strict=True)
    return all(_content(x) == _content(y) for x, y in pairs)


def _content(column: pa.ChunkedArray) -> object:
    return column.to_numpy().tobytes() if pa.types.is_floating(column.type) else column.to_pylist()

"""Watch and keep nothing: a recording in memory, of which no disk holds a byte, and which nobody outlives."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.recorder.leash import MONITOR
from acquisition.recording.lock import held, try_exclusive
from viewer.live.swap import plain_swaps

MEMORY = ("tmpfs", "ramfs")
"""File systems that live in memory."""
USUAL = Path("/dev/shm")
HELD = ".held"
"""File that whoever watches holds a lock on."""
_ESCAPED = re.compile(r"\\(\d{3})")
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where a monitor writes, and what its recorder must keep open so that its end is noticed."""

    directory: Path
    rope: int = -1


@contextlib.contextmanager
def in_memory(out: Path | None) -> Iterator[Place]:
    """Give a directory in memory; it is deleted at the end, also when this process is killed.

    Parameters
    ----------
    out : Path or None
        Its parent, if it is not to be the system's own.

    Raises
    ------
    RecordingError
        If the parent does not lie in memory, or memory may be written to a disk, or nobody can tell.
    """
    parent = out or USUAL
    if sys.platform != "linux":
        raise RecordingError(
            "--monitor-only: only Linux tells whether a directory lies in memory, and where memory goes; "
            "here record, and delete what was recorded"
        )
    if swaps := plain_swaps():
        raise RecordingError(
            f"--monitor-only: memory may be written to {', '.join(swaps)}, not known to be encrypted, where "
            "it would outlive the session. Switch it off first (sudo swapoff -a), or encrypt it (dm-crypt)"
        )
    if not lies_in_memory(parent):
        raise RecordingError(
            f"{parent}: does not lie in memory: what is recorded there would stay on the disk when it is "
            f"deleted. --monitor-only needs a file system in memory ({' or '.join(MEMORY)}), such as {USUAL}"
            " on Linux: name one with --out, or record and delete"
        )
    sweep(parent)
    directory = Path(tempfile.mkdtemp(prefix=MONITOR, dir=parent))
    lock = try_exclusive(directory / HELD)
    sweeper, rope = _sweeper(directory)
    try:
        yield Place(directory, rope)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)
        os.close(rope)
        sweeper.wait(10)


def _sweeper(directory: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start what deletes the directory when nobody holds the other end of its input; return that end."""
    end, rope = os.pipe()
    try:
        command = ["/bin/sh", "-c", 'cat >/dev/null; exec rm -rf -- "$0"', str(directory)]
        return subprocess.Popen(command, stdin=end, start_new_session=True), rope
    finally:
        os.close(end)


def lies_in_memory(path: Path) -> bool:
    """Tell whether a directory lies on a file system that lives in memory; False where nobody can tell."""
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
        found = path.resolve(strict=True)
    except OSError:
        return False
    kinds: dict[str, str] = {}
    for line in mounts.splitlines():
        about, _, system = line.partition(" - ")
        where = _ESCAPED.sub(lambda m: chr(int(m[1], 8)), about.split(" ")[4])
        kinds[where] = system.split(" ")[0]  # what is mounted later at the same place covers it
    inside = [w for w in kinds if found == Path(w) or Path(w) in found.parents]
    return bool(inside) and kinds[max(inside, key=len)] in MEMORY


def sweep(parent: Path) -> None:
    """Delete what monitors left that were killed with all that belonged to them; those at work stay."""
    for directory in parent.glob(f"{MONITOR}*"):
        if directory.is_symlink() or not os.access(directory, os.W_OK | os.X_OK):
            continue
        lock = try_exclusive(directory / HELD)
        if lock < 0:
            continue
        if not any(held(recording) for recording in directory.iterdir() if recording.is_dir()):
            shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)

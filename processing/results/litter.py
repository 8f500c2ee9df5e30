"""Directories in the making: held while somebody writes them, removed when whoever did was killed.

A directory in the making stands beside the one it will replace, under a hidden name, and is locked by its
process. The system gives the lock back however a process ends; one that nobody holds has been left.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNLOCKABLE = 86_400.0
"""Where directories cannot be locked, one as old as this has been left [s]."""


@contextmanager
def in_the_making(directory: Path) -> Iterator[Path]:
    """Give an empty hidden directory beside `directory`; nothing is left of it at the end of the block."""
    fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    held = lock_directory(fresh)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        give_back(held)


def sweep(directory: Path) -> None:
    """Remove what killed processes have left in the making of `directory`."""
    made = re.compile(re.escape(f".{directory.name}.") + r"[a-z0-9_]{8}")
    for path in directory.parent.glob(".*"):
        if made.fullmatch(path.name) and path.is_dir() and not path.is_symlink() and _left(path):
            shutil.rmtree(path, ignore_errors=True)


def _left(path: Path) -> bool:
    """Tell whether nobody makes this directory any more."""
    if sys.platform == "win32":
        return time.time() - path.stat().st_mtime > UNLOCKABLE
    held = lock_directory(path)
    give_back(held)
    return held is not None


def lock_directory(path: Path) -> int | None:
    """Lock a directory; None if somebody else holds it, or it cannot be locked. `give_back` lets go of it."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        held = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held


def give_back(held: int | None) -> None:
    """Let go of a directory."""
    if held is not None:
        os.close(held)

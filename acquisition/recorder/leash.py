"""A recorder of which nothing is kept: it ends with whoever started it, and takes its files with it."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acquisition.errors import RecordingError

MONITOR = "attunement-monitor-"
"""How the name of a directory begins that is deleted at the end."""


@contextmanager
def keeping_nothing(directory: Path, stop: threading.Event) -> Iterator[None]:
    """Set `stop` when standard input ends, as it does when its writer dies; delete the directory at the end.

    Raises
    ------
    RecordingError
        If the directory was not made for that.
    """
    if not directory.name.startswith(MONITOR):
        raise RecordingError(f"{directory}: was not made to be deleted (its name would begin with {MONITOR})")
    threading.Thread(target=_end_with_input, args=(stop,), name="leash", daemon=True).start()
    try:
        yield
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _end_with_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stop.set()

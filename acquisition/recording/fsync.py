"""Call fsync from a thread, so that the recorder's cycle never waits for the disk."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

if sys.platform == "darwin":
    import fcntl

    def sync_file(fd: int) -> None:
        """Bring a file to the disk; on macOS fsync alone stops at the drive's cache."""
        try:
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        except OSError:  # a file system that does not know it
            os.fsync(fd)

else:

    def sync_file(fd: int) -> None:
        """Bring a file to the disk."""
        os.fsync(fd)


def sync_directory(path: Path) -> None:
    """Bring the names of new files to the disk, where the system lets a directory be opened."""
    if sys.platform != "win32":
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class FsyncThread:
    """Sync files every `period` seconds until stopped; 0 for never."""

    def __init__(self, files: Mapping[Path, int], period: float) -> None:
        self._files = dict(files)
        self._period = period
        self._stop = threading.Event()
        self.failure: tuple[Path, OSError] | None = None
        """The file that the disk refused last, and why."""
        self._thread = threading.Thread(target=self._run, name="fsync", daemon=True)
        if period > 0:
            self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            for path, fd in self._files.items():
                try:
                    sync_file(fd)
                except OSError as error:
                    self.failure = path, error

    def stop(self) -> None:
        """Stop; the files may then be closed."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

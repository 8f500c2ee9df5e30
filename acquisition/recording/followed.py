"""Whether what is followed under a name is still the recording that was opened under it."""

from __future__ import annotations

import os
import sys
import weakref
from pathlib import Path

from acquisition.errors import RecordingError


class Followed:
    """Hold a directory, so that another one that takes its name is never read in its place.

    Parameters
    ----------
    path : Path
        An existing directory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        if sys.platform != "win32":  # there, a directory whose files are open keeps its name
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            weakref.finalize(self, os.close, self._fd)

    def check(self) -> None:
        """Make sure that the name still means the same directory; a deleted one has merely ended.

        Raises
        ------
        RecordingError
            If it was renamed or moved, or another has its name.
        """
        if self._fd < 0:
            return
        held = os.fstat(self._fd)
        try:
            found = self._path.stat()
        except FileNotFoundError:
            if held.st_nlink == 0:
                return
        else:
            if (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino):
                return
        raise RecordingError(
            f"{self._path}: was renamed, moved or replaced while it was followed; follow it where it is now"
        )

"""Room on the disk: an estimate before the start, a countdown, and a stop while files can still be closed."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from acquisition.stream import StreamInfo

ITEM = {"int8": 1, "int16": 2, "int32": 4, "int64": 8, "float32": 4, "double64": 8, "string": 64}
"""Bytes of a value; a string's is a guess."""
OVERHEAD = 3000.0
"""Bytes a second of ticks and boundaries in three files."""
MINIMUM = 64 << 20
"""Free bytes below which no recording starts."""
LIMIT = 16 << 20
"""Free bytes below which a recording stops."""
WARNING = 600.0
"""Seconds of room left below which it is told."""
HOUR = 3600.0


def free_bytes(path: Path) -> float:
    """Return the free room of the disk that holds a path, or will hold it; nan if it cannot be told."""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return float(shutil.disk_usage(path).free)
    except OSError:
        return math.nan


def bytes_per_second(infos: Iterable[StreamInfo]) -> float:
    """Return how fast a recording of these streams grows; irregular ones count as 2 Hz."""
    rate = OVERHEAD
    for info in infos:
        sfreq = info.sfreq if info.sfreq > 0 else 2.0
        rate += sfreq * (9 + max(len(info.channels), 1) * ITEM[info.format])
    return rate


class DiskWatch:
    """Look at the disk now and then.

    Parameters
    ----------
    free : callable
        Path → free bytes; tests give their own.
    """

    def __init__(
        self, path: Path, free: Callable[[Path], float] = free_bytes, *, period: float = 2.0
    ) -> None:
        self.path, self._free, self._period = path, free, period
        self._next = -math.inf
        self._warned = False
        self.left = math.nan

    def preflight(self) -> str:
        """Return why no recording can start, "" if one can."""
        free = self._free(self.path)
        if free < MINIMUM:
            return (
                f"{self.path}: {free / 2**20:.0f} MB free on the disk; {MINIMUM >> 20} MB are needed to start"
            )
        return ""

    def estimate(self, infos: Iterable[StreamInfo], seconds: float | None) -> str:
        """Return a line if the disk will not hold the recording, else ""; no length counts as two hours."""
        rate, wanted = bytes_per_second(infos), seconds or 2 * HOUR
        free = self._free(self.path)
        if not free - LIMIT < rate * wanted:
            return ""
        return (
            f"{self.path}: room for about {(free - LIMIT) / rate / 60:.0f} min "
            f"at {rate / 1e3:.0f} kB/s, not for {wanted / 60:.0f} min"
        )

    def look(self, now: float, infos: Iterable[StreamInfo]) -> tuple[bool, str]:
        """Tell whether to stop now, and what to say."""
        if now < self._next:
            return False, ""
        self._next = now + self._period
        self.left = free = self._free(self.path)
        if free < LIMIT:
            return (
                True,
                f"{free / 2**20:.1f} MB free on the disk: the recording is closed while that is possible",
            )
        rest = (free - LIMIT) / bytes_per_second(infos)
        if rest < WARNING and not self._warned:
            self._warned = True
            return False, f"the disk has room for {rest / 60:.0f} min more"
        self._warned = self._warned and rest < 2 * WARNING
        return False, ""

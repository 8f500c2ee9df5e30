"""The LSL clock without liblsl, where that can be had: a recorder with no LSL stream need not load it."""

from __future__ import annotations

import sys
import time

_IS_LINUX = sys.platform.startswith("linux")


def local_clock() -> float:
    """Return the time on the LSL clock of this machine [s].

    liblsl reads std::chrono::steady_clock, which on Linux is CLOCK_MONOTONIC, the same that Python reads
    (they agree to a microsecond). Elsewhere liblsl itself is asked.
    """
    if _IS_LINUX:
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    import pylsl

    return float(pylsl.local_clock())

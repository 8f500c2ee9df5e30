"""Cadence: how far apart the deliveries of a stream without a rate come, and which silence is then one.

A belt that tells of beats speaks every second, a watch that packs its intervals every five: what means that
one of them is gone says nothing of the other.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

KEPT = 24
"""Deliveries that are remembered."""
FEWEST = 8
"""Deliveries before their cadence is known."""
TIMES = 2.5
"""A silence is so many times as long as the longest usual wait: a beat may be missed, or a packet."""
SHORTEST, LONGEST = 2.0, 30.0
"""No silence is told earlier, and every one by then [s]."""
AT_ONCE = 0.05
"""Deliveries so near to each other are one [s]."""


class Cadence:
    """Follow the deliveries of one stream."""

    def __init__(self) -> None:
        self._last = math.nan
        self._waits: deque[float] = deque(maxlen=KEPT)

    def hear(self, times: Iterable[float]) -> None:
        """Take in when something was delivered [s], in order."""
        for time in times:
            wait = time - self._last
            if wait < AT_ONCE:
                continue
            if wait == wait:
                self._waits.append(wait)
            self._last = time

    def restart(self) -> None:
        """Forget when it spoke last, as after a pause; its cadence stays known."""
        self._last = math.nan

    def patience(self, usual: float) -> float:
        """Return which silence is one [s]; `usual` until enough was heard.

        The second longest of the last waits counts: one that was a fault says nothing of the next ones.
        """
        if len(self._waits) < FEWEST:
            return usual
        return min(max(TIMES * sorted(self._waits)[-2], SHORTEST), LONGEST)

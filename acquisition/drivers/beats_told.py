"""Whether beats were never told of: by when those that were told of can have ended.

A device tells of a beat at its first chance: each ended after the notification before it, and not after its
own. The sum of the intervals is a clock; a beat that is missing from it makes all later ones seem to have
ended before the notification that should have told of them. A late notification alone shows nothing: where
beats keep step with the notifications, at one a second, all of a minute may wait equally long.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

KEPT, NEW = 60, 8
"""Packets that are looked at, and those of them that are held against the rest."""
LEAST, APART = 3, 3.0
"""Packets that must speak for it, and seconds between the first and the last of them: packets that were held
up come at once, and seem to be told of too late as well."""
MARGIN = 0.12
"""Seconds that the radio may take."""
DRIFT = 0.0025
"""Seconds a second that the two crystals may drift apart; told of each few seconds, that adds up."""


class _Bounds(NamedTuple):
    """When a packet came, and between what the sum is behind the LSL clock, less what may be drift [s]."""

    arrival: float
    low: float
    high: float


class BeatsTold:
    """Hold what notifications say about the sum of the intervals."""

    def __init__(self) -> None:
        self._packets: deque[_Bounds] = deque(maxlen=KEPT)
        self._before: float | None = None

    def heard(self, arrival: float) -> None:
        """Note a notification, also one without any beat [s]."""
        self._before = arrival

    def forget(self) -> None:
        """Begin anew: beats are known to be missing."""
        self._packets.clear()

    def missing(self, first: float, last: float, arrival: float) -> bool:
        """Take in a packet; tell whether beats before it, not long ago, were never told of.

        Parameters
        ----------
        first, last : float
            Sum of all intervals to the end of its first and of its last one [s].
        arrival : float
            LSL clock [s].
        """
        if self._before is not None:
            drift = DRIFT * arrival
            self._packets.append(_Bounds(arrival, self._before - first - drift, arrival - last - drift))
        self._before = arrival
        packets = list(self._packets)
        if len(packets) <= NEW:
            return False
        most = min(p.high for p in packets[:-NEW]) + MARGIN
        new = packets[-NEW:]
        against = [k for k, p in enumerate(new) if p.low > most]
        if len(against) < LEAST or new[against[-1]].arrival - new[against[0]].arrival < APART:
            return False
        return all(p.high > most for p in new[against[0] :])

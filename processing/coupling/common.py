"""Common events: what both people live through at once, and the segments that are left out for it.

A clap, a door, laughter: both hearts answer, and nobody follows the other. Taking such events out by
regression fails where they are marked by hand; the segments around them are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from acquisition.event import Event
from acquisition.events.intervals import NOT_THE_HOUR, Intervals
from acquisition.stream import BoolArray, FloatArray, Role

BOTH = ("sync_mark", "break", "calib_challenge")
"""Codes of the technician that both people live through."""
NO_EVENT = ("note", "eye_contact")
"""Codes of both that are none: a remark at any moment, and what lasts or comes back all the time."""
BEFORE = 40.0
"""A segment is left out for an event from so long before its beginning to its end [s]: skin conductance takes
as long to answer and to come back."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Marked:
    """Hold what marks say about segments [s, LSL clock].

    Parameters
    ----------
    moments : ndarray
        Of what both people live through, in order.
    skipped : sequence of (float, float)
        Baselines, tasks and breaks: they are no part of the hour.
    begun, ended : float
        The hour lies between them.
    """

    moments: FloatArray
    skipped: Sequence[tuple[float, float]]
    begun: float = -math.inf
    ended: float = math.inf

    @classmethod
    def by(cls, events: Iterable[Event], now: float) -> Self:
        """Return what events say that hold; an open interval reaches up to `now` [s]."""
        held = list(events)
        spans = [s for s in Intervals(held).spans if s.code in NOT_THE_HOUR]
        return cls(
            moments=in_order(e.onset for e in held if is_common(e.code, e.actor)),
            skipped=[(s.start, now if s.open else s.stop) for s in spans],
            begun=max((e.onset for e in held if e.code == "session_start"), default=-math.inf),
            ended=min((e.onset for e in held if e.code == "session_end"), default=math.inf),
        )

    def inside(self, starts: FloatArray, stops: FloatArray) -> BoolArray:
        """Return which segments lie in the hour."""
        inside = (starts >= self.begun) & (stops <= self.ended)
        for start, stop in self.skipped:
            inside &= (stops <= start) | (starts >= stop)
        return inside

    def clear(self, starts: FloatArray, stops: FloatArray) -> BoolArray:
        """Return which segments have no common event from 40 s before their beginning to their end."""
        at = self.moments
        clear: BoolArray = np.searchsorted(at, starts - BEFORE) == np.searchsorted(at, stops)
        return clear


def is_common(code: str, actor: str) -> bool:
    """Tell whether both people live through an event.

    Those are events of the dyad, be they of the vocabulary or markers of a program in the room, claps and
    breaks; an interval begins and ends with one.
    """
    return code in BOTH or (actor == Role.DYAD and code not in NO_EVENT)


def in_order(moments: Iterable[float]) -> FloatArray:
    """Return moments in order, without those that are not known."""
    return np.array(sorted(m for m in moments if math.isfinite(m)))

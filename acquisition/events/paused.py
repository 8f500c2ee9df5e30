"""Paused: who is paused, and when, as the events say it: while any pause of a person is open.

A pause is as it was recorded: a void takes none back.
"""

from __future__ import annotations

import math

from acquisition.event import Event
from acquisition.events.intervals import Intervals
from acquisition.events.vocabulary import PAUSE
from acquisition.stream import PEOPLE, Role


class Paused:
    """Fold the pauses of two people; a pause that is not of one person is of both."""

    def __init__(self) -> None:
        self._marks = {role: Intervals() for role in PEOPLE}

    def hear(self, event: Event) -> tuple[Role, ...]:
        """Take in an event; return whom it pauses or resumes."""
        if event.code != PAUSE or event.phase not in ("on", "off"):
            return ()
        who = (Role(event.actor),) if event.actor in PEOPLE else PEOPLE
        for role in who:
            self._marks[role].add(event)
        return who

    def now(self, role: Role) -> bool:
        """Tell whether a person is paused after the last event."""
        return bool(self._marks[role].open)

    def spans(self, role: Role) -> list[tuple[float, float]]:
        """Return from and to of a person's pauses [s, LSL clock], joined where they meet; inf while open.

        They count from the press, not from the moment meant: nothing was stored from then on.
        """
        out: list[tuple[float, float]] = []
        for span in sorted(self._marks[role].spans, key=lambda s: s.on.time):
            start, stop = span.on.time, math.inf if span.off is None else span.off.time
            if out and start <= out[-1][1]:
                start, stop = out[-1][0], max(out.pop()[1], stop)
            out.append((start, stop))
        return out

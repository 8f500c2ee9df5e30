"""Common events: what both people live through at once, and the segments that are left out for it.

A clap, a door, laughter: both hearts answer, and nobody follows the other. Taking such events out by
regression fails where they are marked by hand; the time around them is left out, and the segments begin anew
where it ends: on a grid that ignores events, each would cost another half of a segment.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from acquisition.event import Event
from acquisition.events.intervals import NOT_THE_HOUR, Intervals
from acquisition.stream import BoolArray, FloatArray, IntArray, Role

BOTH = ("sync_mark", "break", "calib_challenge")
"""Codes of the technician that both people live through."""
NO_EVENT = ("note", "eye_contact")
"""Codes of both that are none: a remark at any moment, and what lasts or comes back all the time."""
BEFORE = 40.0
"""A segment is left out for an event from so long before its beginning to its end [s]: skin conductance takes
as long to answer and to come back."""


DIGITS = 6
"""Moments are rounded to so many decimals of a sample: that a sum is rounded must move no segment."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Segments:
    """Hold segments by their last samples.

    Parameters
    ----------
    ends : ndarray of int, shape (n_segments,)
        Of the whole recording, one after another.
    inside : ndarray of bool, shape (n_segments,)
        Those in the hour proper.
    taken : ndarray of int
        Of those in the hour proper that hold no common event and follow none too soon. They begin anew where
        an event lets them, so that they need not be among `ends`.
    """

    ends: IntArray
    inside: BoolArray
    taken: IntArray


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

    def segments(self, *, reach: int, window: int, n: int, begin: float, sfreq: float) -> Segments:
        """Return the segments of a recording, and those that have no common event near.

        Parameters
        ----------
        reach, window, n : int
            Samples before the first segment, of a segment, and in all.
        begin : float
            Time of the first sample [s, LSL clock].
        """
        starts = np.arange(reach, n - window + 1, window)
        clear = self._clear(reach, window, n, begin, sfreq)
        inside, counted = (
            self.inside(begin + s / sfreq, begin + (s + window) / sfreq) for s in (starts, clear)
        )
        return Segments(ends=starts + window - 1, inside=inside, taken=clear[counted] + window - 1)

    def _clear(self, reach: int, window: int, n: int, begin: float, sfreq: float) -> IntArray:
        """Return the first samples of segments without a common event from 40 s before them to their end."""
        at = np.round((self.moments - begin) * sfreq, DIGITS)
        firsts = np.floor(np.round(at + BEFORE * sfreq, DIGITS)).astype(np.int64) + 1
        froms = np.maximum(np.concatenate([[reach], firsts]), reach)
        untils = np.minimum(np.concatenate([np.floor(at).astype(np.int64), [n]]), n)
        return np.concatenate(
            [np.arange(a, b - window + 1, window) for a, b in zip(froms, untils, strict=True)]
        )


def is_common(code: str, actor: str) -> bool:
    """Tell whether both people live through an event.

    Those are events of the dyad, be they of the vocabulary or markers of a program in the room, claps and
    breaks; an interval begins and ends with one.
    """
    return code in BOTH or (actor == Role.DYAD and code not in NO_EVENT)


def in_order(moments: Iterable[float]) -> FloatArray:
    """Return moments in order, without those that are not known."""
    return np.array(sorted(m for m in moments if math.isfinite(m)))

"""Where the reference of an arousal index was old: what the gauge says beside the place, for the reader."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from processing.arousal.level import old_of
from processing.index import IndexSample

OF = "arousal_low"
"""Index whose rows say it: there is one wherever the band is known."""
APART = 1.5
"""Rows further apart belong to two stretches [s]."""


class OldBaseline(NamedTuple):
    """Hold one stretch of an old reference: whose, why, when it began [s] and for how long [s]."""

    entity: str
    reason: str
    start: float
    seconds: float


def old_baselines(samples: Iterable[IndexSample]) -> list[OldBaseline]:
    """Return the stretches in which the reference in force was old or of another posture, in order of time.

    Parameters
    ----------
    samples : iterable of IndexSample
        Rows of a session, each index of each person in order of time.
    """
    found = list[OldBaseline]()
    rows = sorted((s for s in samples if s.index == OF), key=lambda s: (s.entity, s.time))
    for (entity, reason), group in groupby(rows, key=lambda s: (s.entity, old_of(s.reason))):
        if not reason:
            continue
        for row in group:
            last = found[-1] if found else None
            goes_on = last is not None and (last.entity, last.reason) == (entity, reason)
            if last is not None and goes_on and row.time - last.start - last.seconds <= APART - 1.0:
                found[-1] = last._replace(seconds=row.time - last.start + 1.0)
            else:
                found.append(OldBaseline(entity, reason, row.time, 1.0))
    return sorted(found, key=lambda one: (one.start, one.entity))

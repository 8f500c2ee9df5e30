"""Ratings in rows: every second of every rater."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from processing.ratings.traces import Trace
from processing.ratings.whole import Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedSecond:
    """Hold one second of one axis: `t` since the recording began, `time` on its clock [s]."""

    person: str
    rater: str
    by: str
    turn: float
    axis: str
    t: float
    time: float
    mean: float
    gradient: float
    quality: float
    reason: str


def rated_seconds(ratings: Ratings, begin: float) -> list[RatedSecond]:
    """Return the seconds of all traces, from the first to the last that was rated."""
    return [row for trace in ratings.traces for row in _rows(trace, ratings, begin)]


def _rows(trace: Trace, ratings: Ratings, begin: float) -> Sequence[RatedSecond]:
    known = [k for k, q in enumerate(trace.quality.tolist()) if q > 0.0]
    return [
        RatedSecond(
            person=trace.person,
            rater=trace.rater,
            by=trace.by,
            turn=float(trace.turn),
            axis=trace.axis,
            t=float(ratings.grid[k]) - begin,
            time=float(ratings.grid[k]),
            mean=float(trace.mean[k]),
            gradient=float(trace.gradient[k]),
            quality=float(trace.quality[k]),
            reason=trace.reasons[k],
        )
        for k in (range(known[0], known[-1] + 1) if known else ())
    ]

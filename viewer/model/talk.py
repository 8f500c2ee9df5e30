"""Talk: when each person spoke, from rows of turns and, for what is not yet a turn, from seconds. No Qt."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from viewer.model.trace import Trace

SHARE_WINDOW = 300.0
"""Seconds that the talk share in the header is of."""


class Stretches(NamedTuple):
    """Hold when someone spoke: beginnings and ends [s], in order, apart from each other."""

    starts: FloatArray
    stops: FloatArray


NONE = Stretches(np.empty(0), np.empty(0))


def turns_between(turns: Trace | None, start: float, stop: float) -> Stretches:
    """Return the turns that touch a stretch of time [s]."""
    if turns is None or turns.n == 0:
        return NONE
    begins, lengths = turns.times, turns.values.astype(np.float64)
    touch = np.isfinite(lengths) & (begins < stop) & (begins + np.nan_to_num(lengths) > start)
    return Stretches(begins[touch], begins[touch] + lengths[touch])


def running(turns: Trace | None, speaking: Trace | None, start: float, stop: float) -> Stretches:
    """Return the seconds of speech after the last whole turn: a turn is known only once it is over.

    Of a voice that comes without turns these are all there is.
    """
    if speaking is None:
        return NONE
    over = -math.inf
    if turns is not None and turns.n:
        over = float(np.max(turns.times + np.nan_to_num(turns.values)))
    ends, values = speaking.between(start, stop + 1.0)
    ends = ends[(values >= 0.5) & (ends - 1.0 >= over)]
    if len(ends) == 0:
        return NONE
    breaks = np.flatnonzero(np.diff(ends) > 1.5)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(ends) - 1)
    return Stretches(ends[firsts] - 1.0, ends[lasts])


def joined(one: Stretches, other: Stretches) -> Stretches:
    """Return both, those that touch as one."""
    starts, stops = (np.concatenate([a, b]) for a, b in zip(one, other, strict=True))
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(stops[order])
    if len(starts) == 0:
        return NONE
    new = np.append(True, starts[1:] > reach[:-1])
    return Stretches(starts[new], reach[np.append(np.flatnonzero(new)[1:] - 1, len(starts) - 1)])


def both(one: Stretches, other: Stretches) -> Stretches:
    """Return when two people spoke at once."""
    starts, stops = [], []
    i = j = 0
    while i < len(one.starts) and j < len(other.starts):
        begin, end = max(one.starts[i], other.starts[j]), min(one.stops[i], other.stops[j])
        if begin < end:
            starts.append(begin)
            stops.append(end)
        if one.stops[i] < other.stops[j]:
            i += 1
        else:
            j += 1
    return Stretches(np.array(starts), np.array(stops))


def share(speaking: Trace, moment: float) -> float:
    """Return the share of the last five minutes in which someone spoke, 0-1; nan where it is not known."""
    _, values = speaking.between(moment - SHARE_WINDOW, moment)
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan

"""Intervals that are missing between beats, put where an autoregression of the others expects them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

ORDER = 8
"""Of the autoregression: two waves, of breathing and of blood pressure, each of two terms, and noise."""
HOLE = 0.4
"""Time between two intervals that is more than this share of one is a hole."""
AROUND = 4
"""Intervals on either side of a hole whose median is the usual one there."""
LARGEST = 8
"""Intervals of a hole over which nothing is filled."""
FEWEST = 3
"""Stretches of intervals without a hole that each term must rest on."""
TOLERANCE = 2.5
"""Standard deviations by which the length of a hole may differ from what is expected of it, if the beats in
it are to fill it exactly."""
SANE = (0.5, 1.6)
"""What is filled in must lie within these shares of the mean interval."""


class _Holes(NamedTuple):
    """Hold the holes of a series: `missing` tells of each place of the whole series whether it is in one,
    `owner` in which, for those that are; `sums` is what their intervals add up to if beats are only missing
    or early [ms]."""

    missing: BoolArray
    owner: IntArray
    sums: FloatArray


def filled(times: FloatArray, nn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return intervals with those put in that are missing between them.

    After a beat that was missed, or an early one with a full pause, the sinus node has gone on: the time from
    the last normal beat to the next is that of so many intervals, and only how it is shared among them is
    unknown. After an early beat that has reset the node it is not. Which it is, the autoregression tells: the
    sum is kept where it lies within `TOLERANCE` of what is expected.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Beat that ends each interval [s], increasing.
    nn : ndarray, shape (n,)
        NN intervals [ms].

    Returns
    -------
    times, nn : ndarray, shape (m,)
        The same where there is no hole, or nothing can be said of one.

    References
    ----------
    Janssen, Veldhuis & Vries (1986), doi:10.1109/TASSP.1986.1164824: lost samples as those that an
    autoregression errs least about. That a hole keeps its length is the idea of the heart timing signal
    (Mateo & Laguna 2003, IEEE Trans Biomed Eng 50:334-343); to test whether it does is ours.
    """
    holes = _holes(times, nn)
    if holes is None:
        return times, nn
    whole = np.zeros(len(holes.missing))
    mean = float(np.add.reduce(nn) / len(nn))
    whole[~holes.missing] = nn - mean
    found = _expected(whole, holes, mean)
    low, high = SANE[0] * mean, SANE[1] * mean
    if found is None or not (found.min() + mean > low and found.max() + mean < high):
        return times, nn
    whole[holes.missing] = found
    values = whole + mean
    values[~holes.missing] = nn
    return _placed(times, nn, values, holes), values


def _holes(times: FloatArray, nn: FloatArray) -> _Holes | None:
    """Find the holes; none if there are none, or one is too long."""
    length = times[1:] - times[:-1] - nn[1:] / 1e3
    places = (1e3 * length > HOLE * np.minimum.reduce(nn)).nonzero()[0]
    if not len(places):
        return None
    counts, sums = np.zeros(len(nn), np.int64), list[float]()
    for k in places.tolist():
        near = np.sort(nn[max(0, k + 1 - AROUND) : k + 1 + AROUND])
        usual = 0.5 * float(near[(len(near) - 1) // 2] + near[len(near) // 2])
        if 1e3 * length[k] > HOLE * usual:
            counts[k + 1] = max(1, round(1e3 * float(length[k]) / usual))
            sums.append(1e3 * float(length[k]))
    if not sums or counts.max() > LARGEST:
        return None
    missing = np.ones(len(nn) + counts.sum(), np.bool_)
    missing[np.arange(len(nn)) + np.cumsum(counts)] = False
    return _Holes(missing, np.repeat(np.arange(len(sums)), counts[counts > 0]), np.array(sums))


def _expected(whole: FloatArray, holes: _Holes, mean: float) -> FloatArray | None:
    """Return what belongs in the holes of a series about its mean [ms]; none where too little is known."""
    rows = np.lib.stride_tricks.sliding_window_view(whole, ORDER + 1)[:, ::-1]
    torn = np.lib.stride_tricks.sliding_window_view(holes.missing, ORDER + 1).any(axis=1)
    known = rows[~torn]
    if len(known) < FEWEST * ORDER:
        return None
    moments = _products(known)
    ridge = 1e-6 * np.trace(moments) / ORDER + 1e-12
    terms = np.linalg.solve(moments[1:, 1:] + ridge * np.eye(ORDER), moments[1:, 0])
    filter_ = np.concatenate(([1.0], -terms))
    errors = np.add.reduce(known * filter_, axis=1)
    variance = float(np.add.reduce(errors * errors)) / max(1, len(known) - ORDER)
    places = np.flatnonzero(holes.missing)
    after = np.arange(ORDER, len(whole))[:, None] - places
    reach = np.where((after >= 0) & (after <= ORDER), filter_[np.clip(after, 0, ORDER)], 0.0)
    system = _products(reach) + 1e-9 * np.eye(len(places))
    left = np.add.reduce(rows * filter_, axis=1)
    free = np.linalg.solve(system, -np.add.reduce(reach * left[:, None], axis=0))
    member = (holes.owner == np.arange(len(holes.sums))[:, None]).astype(np.float64)
    spread = np.linalg.solve(system, member.T)
    of_sums = _against(member, spread)
    off = holes.sums - mean * np.add.reduce(member, axis=1) - np.add.reduce(member * free, axis=1)
    kept = np.abs(off) <= TOLERANCE * np.sqrt(variance * np.diag(of_sums))
    if kept.any():
        pull = np.linalg.solve(of_sums[np.ix_(kept, kept)], off[kept])
        free = free + np.add.reduce(spread[:, kept] * pull, axis=1)
    return np.asarray(free, np.float64)


def _products(rows: FloatArray) -> FloatArray:
    """Return the sums of products of columns, added row by row: the same wherever the rows lie in memory."""
    return np.asarray(np.add.reduce(rows[:, :, None] * rows[:, None, :], axis=0))


def _against(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.add.reduce(left[:, :, None] * right[None], axis=1))


def _placed(times: FloatArray, nn: FloatArray, values: FloatArray, holes: _Holes) -> FloatArray:
    """Return when each interval ends [s]: those of a hole share it in proportion."""
    out = np.empty(len(values))
    out[~holes.missing] = times
    places = np.flatnonzero(holes.missing)
    for k, length in enumerate(holes.sums.tolist()):
        mine = places[holes.owner == k]
        part = np.cumsum(values[mine])
        out[mine] = out[mine[0] - 1] + length / 1e3 * part / part[-1]
    return out

"""What R times may owe to a breath that turns the heart: the QRS changes its shape, and its peak its place.

A lead sees the heart from one side. A breath turns it and moves the electrodes, and R comes some tenths of a
millisecond to some milliseconds earlier or later, beat after beat, in one lead and not in another. Nothing in
the lead tells how far, but two things limit it. A shape that hardly changes moves no peak: what is seen of
the change, the slopes beside R over the curvature there, says how far what is not seen, the slope at R
itself, may move it. And what turns R moves intervals as it turns the shape: where their differences do not go
with the shape's, little of them can come of it.

Both are put together as Bayes has it: differences of intervals are some sum of the changes of slopes, each
times a number that is drawn about 0 with standard deviation `PART`, and what is the heart's own. Not all that
goes with the shape comes of it, since hearts breathe, too: a difference of intervals tells of the sum as one
of `APART` s would.

References
----------
Gelman et al. (2013), Bayesian Data Analysis, ch. 14, doi:10.1201/b16018, for the regression. `PART` and
`APART` are ours: see docs/ecg.md.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.heart.hrv import slice_sums

PART = 0.7
"""How far a change of one slope, over the curvature of R, moves R (sd): 0.33 if the slope at R changed as the
nine beside it do that tell its size, 0.7 as leads of 33 people lie apart; from 0.5 to 1 more wrong values are
found, and more right ones."""
APART = 3.0
"""Differences of intervals that go with a breath tell no more than one in so long [s]: a quick breath."""
LEAST = 0.02
"""Where the changes could add no more than this share of the mean square, they add nothing that counts."""


def turning_share(
    change: FloatArray,
    counted: BoolArray,
    turning: FloatArray,
    windows: tuple[IntArray, IntArray],
    length: float,
) -> FloatArray:
    """Return which part of mean squares of differences of intervals the turning of the QRS may have added.

    Parameters
    ----------
    change : ndarray, shape (n_beats,)
        Differences of two intervals [ms]; `counted` marks those that count.
    turning : ndarray, shape (n_beats, 10)
        See `Beats.turning`.
    windows : tuple of ndarray of int, shape (n,)
        First and one past last of the differences in each.
    length : float
        Of a window [s].
    """
    slopes, moved, told = turns(change, counted, turning)
    asked = is_asked(slopes, moved, windows)
    out = np.zeros(len(windows[0]))
    if not asked.any():
        return out
    starts, stops = (edge[asked] for edge in windows)
    n = slice_sums(told.astype(np.float64), starts, stops)
    out[asked] = _explained(slopes, moved, (starts, stops), n, length)
    return out


def turns(
    change: FloatArray, counted: BoolArray, turning: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return the changes of slopes over the curvature of R [ms], shape (n_beats, 9), the differences of
    intervals [ms], and for which beats both are told: 0 for the others."""
    told = counted & np.isfinite(turning[:, 0]) & (turning[:, -1] > 0)
    curvature = np.where(told, turning[:, -1], 1.0)
    slopes = np.where(told[:, None], 1e3 * turning[:, :-1] / curvature[:, None], 0.0)
    return slopes, np.where(told, change, 0.0), told


def is_asked(slopes: FloatArray, moved: FloatArray, windows: tuple[IntArray, IntArray]) -> BoolArray:
    """Tell in which windows the turning of the QRS could add more than `LEAST` to the mean square."""
    size = np.add.reduce(slopes * slopes, axis=1)
    sizes, squares = (slice_sums(x, *windows) for x in (size, moved * moved))
    return np.asarray(PART**2 * sizes > LEAST * squares)


def _explained(
    slopes: FloatArray, moved: FloatArray, windows: tuple[IntArray, IntArray], n: FloatArray, length: float
) -> FloatArray:
    """Return the expected share of the sum of squares that the slopes explain."""
    wide = slopes.shape[1]
    pairs = [(i, j) for i in range(wide) for j in range(i, wide)]
    both = np.empty((len(n), wide, wide))
    for i, j in pairs:
        both[:, i, j] = both[:, j, i] = slice_sums(slopes[:, i] * slopes[:, j], *windows)
    with_moved = np.column_stack([slice_sums(column * moved, *windows) for column in slopes.T])
    squares = slice_sums(moved * moved, *windows)
    weight = np.minimum(length / APART / np.maximum(n, 1.0), 1.0)
    return expected_share(both, with_moved, squares, np.maximum(n, 1.0) * weight)


def expected_share(
    both: FloatArray, with_moved: FloatArray, squares: FloatArray, telling: FloatArray
) -> FloatArray:
    """Return the expected share of sums of squares that what goes with the slopes has, 0-1; 1 of nothing.

    Parameters
    ----------
    both : ndarray, shape (n, k, k)
        Sums of products of slopes.
    with_moved : ndarray, shape (n, k)
        Sums of their products with the differences of intervals.
    squares : ndarray, shape (n,)
        Sums of squares of these.
    telling : ndarray, shape (n,)
        As how many differences that know nothing of each other they tell.
    """
    wide = both.shape[1]
    still = ~(squares > 0)
    unit = np.where(still, 1.0, squares) / telling
    inverse = _inverse(both / unit[:, None, None] + np.eye(wide) / PART**2)
    found = np.add.reduce(inverse * (with_moved / unit[:, None])[:, None, :], axis=2)
    sure = np.add.reduce(found * with_moved, axis=1)
    sure -= np.add.reduce(found * found, axis=1) * unit / PART**2
    spread = unit * (wide - np.trace(inverse, axis1=1, axis2=2) / PART**2)
    share = (sure + spread) / np.where(still, 1.0, squares)
    return np.where(still, 1.0, np.clip(share, 0.0, 1.0))


def _inverse(matrices: FloatArray) -> FloatArray:
    """Return the inverses of positive definite matrices, shape (n, k, k), by sweeps in one order."""
    out = matrices.copy()
    for k in range(out.shape[1]):
        pivot = out[:, k, k].copy()
        row, column = out[:, k, :] / pivot[:, None], out[:, :, k].copy()
        out -= column[:, :, None] * row[:, None, :]
        out[:, k, :] = row
        out[:, :, k] = -column / pivot[:, None]
        out[:, k, k] = 1.0 / pivot
    return out

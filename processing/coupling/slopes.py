"""Where skin conductance rises, and how alike another signal is at the same moments.

The slope over a second tells a response better than its onset and peak do: of responses that overlap each
has a steepest moment of its own, and a level that drifts has none.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.sums import trailing_sum

RATE = 8
"""Bins of a second."""
HALF = RATE // 2
"""A slope is that from the mean of one half second to the mean of the next."""
LEAST, NOISES = 0.03, 6.0
"""A rise is at least so steep [µS/s], and so many times as steep as noise would make it."""
BEFORE, AFTER = 8, 10
"""Slopes are compared from so many bins before the steepest moment of a rise to so many after it."""
REACH, NEAR = 12, 2
"""The other's may be so many bins earlier or later; what leaks is at most so many off."""
HOLE = 1.2
"""Between samples that lie farther apart nothing is known [s]."""
QUARTER = 0.3186
"""Lower quartile of the absolute value of a standard normal."""
THIRD = math.sqrt(20.0)
"""Standard deviation of third differences over that of white noise."""
TINY = 1e-9


class Rise(NamedTuple):
    """Hold a rise of one person beside the other's signal; sizes are those of the other's slopes in shares of
    its own, as logarithms.

    Fields
    ------
    time : float
        Its steepest moment [s].
    delay, gain, alike : float
        By how much later the other's slopes are most like its own [s], how large they are, and r.
    here, leaked, leaks : float
        The same where both are stamped alike.
    size : float
        How large the other's slopes are there, like its own or not.
    """

    time: float
    delay: float
    gain: float
    alike: float
    here: float
    leaked: float
    leaks: float
    size: float


def means(times: FloatArray, eda: FloatArray, first: int, n: int) -> FloatArray:
    """Return the mean over each of `n` bins of the line through samples; nan where samples are far apart.

    Parameters
    ----------
    times, eda : ndarray, shape (n_samples,)
        Stamps, not decreasing [s], and skin conductance [µS].
    first : int
        Number of the first bin, counted from the zero of the stamps.

    Returns
    -------
    ndarray, shape (n,)
    """
    if len(times) < 2:
        return np.full(n, np.nan)
    edges = np.arange(first, first + n + 1, dtype=np.int64) / RATE
    steps = np.diff(times)
    area = np.concatenate(([0.0], np.cumsum(0.5 * (eda[1:] + eda[:-1]) * steps)))
    at = np.clip(np.searchsorted(times, edges, side="right") - 1, 0, len(steps) - 1)
    into = edges - times[at]
    bend = 0.5 * (eda[at + 1] - eda[at]) / np.where(steps[at] > 0.0, steps[at], np.inf)
    total = area[at] + into * (eda[at] + bend * into)
    total[(edges < times[0]) | (edges > times[-1])] = np.nan
    out = np.diff(total) * RATE
    for k in np.flatnonzero(steps > HOLE).tolist():
        out[(edges[1:] > times[k]) & (edges[:-1] < times[k + 1])] = np.nan
    return out


def slopes_of(bins: FloatArray) -> FloatArray:
    """Return the slopes of means [1/s] at the edges between bins, the first at the edge `HALF` bins on."""
    halves = trailing_sum(bins, HALF) / HALF
    return np.asarray((halves[HALF:] - halves[:-HALF]) * (RATE / HALF))


def noise(bins: FloatArray) -> float:
    """Return the standard deviation of slopes [1/s] that white noise makes: responses bend the signal now
    and then, noise all the time."""
    n = len(bins) // HALF
    bends = np.abs(np.diff(bins[: n * HALF].reshape(n, HALF).mean(axis=1), 3))
    bends = np.sort(bends[np.isfinite(bends)])
    spread = float(bends[len(bends) // 4]) / (QUARTER * THIRD) if len(bends) else 0.0
    return math.sqrt(2.0) * (RATE / HALF) * spread


def rises_beside(
    one: FloatArray, other: FloatArray, first: int, stop: int, least: float, begin: float
) -> list[Rise]:
    """Return the rises of one whose steepest moment is one of the slopes from `first` to `stop`.

    Parameters
    ----------
    one, other : ndarray, shape (n,)
        Slopes of both people at the same moments; nan where unknown, and nothing is said of rises there.
    least : float
        A rise is at least so steep.
    begin : float
        Time of the first slope [s].
    """
    middle = one[first:stop]
    steep = (middle >= least) & (middle >= one[first - 1 : stop - 1]) & (middle > one[first + 1 : stop + 1])
    at = np.flatnonzero(steep) + first
    if not len(at):
        return []
    alike, size, whole = _compared(one, other, at)
    known = np.isfinite(alike).all(axis=1)
    if not known.any():
        return []
    at, alike, size, whole = at[known], alike[known], size[known], whole[known]
    wide, near = _best(alike, size, 0), _best(alike, size, REACH - NEAR)
    columns = (begin + at / RATE, *wide, *near, np.log(np.maximum(whole, TINY)))
    return [Rise(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


_SPAN = BEFORE + AFTER + 1
_LINES = np.linalg.qr(np.vander(np.arange(_SPAN, dtype=np.float64), 2))[0]
"""What any straight line is made of: a level that drifts, or the tail of an earlier response."""


def _straightened(pieces: FloatArray) -> FloatArray:
    """Return pieces less the straight line through each."""
    return np.asarray(pieces - (pieces @ _LINES) @ _LINES.T)


def _compared(one: FloatArray, other: FloatArray, at: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return r and the share of the other's slopes, lag by lag, and how large those at no lag are."""
    mine = _straightened(np.lib.stride_tricks.sliding_window_view(one, _SPAN)[at - BEFORE])
    places = at[:, None] - BEFORE + np.arange(-REACH - 1, REACH + 2)
    theirs = _straightened(np.lib.stride_tricks.sliding_window_view(other, _SPAN)[places])
    both = np.einsum("ik,ijk->ij", mine, theirs)
    own, others = np.einsum("ik,ik->i", mine, mine)[:, None], np.einsum("ijk,ijk->ij", theirs, theirs)
    alike = both / np.sqrt(np.maximum(own * others, TINY * TINY))
    return alike, both / own, np.sqrt(others / own)[:, REACH + 1]


def _best(alike: FloatArray, size: FloatArray, inner: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the delay [s], the logarithm of the size and r where r is largest, from `inner` lags on at
    either end; r is −1 where it is still growing there."""
    some, rows = alike[:, inner : alike.shape[1] - inner], np.arange(len(alike))
    best = some.argmax(axis=1)
    ends = (best == 0) | (best == some.shape[1] - 1)
    best = np.minimum(np.maximum(best, 1), some.shape[1] - 2) + inner
    before, top, after = alike[rows, best - 1], alike[rows, best], alike[rows, best + 1]
    bend = np.minimum(before - 2.0 * top + after, -TINY)
    delay = (best - REACH - 1 + np.minimum(np.maximum(0.5 * (before - after) / bend, -0.5), 0.5)) / RATE
    return delay, np.log(np.maximum(size[rows, best], TINY)), np.where(ends, -1.0, top)

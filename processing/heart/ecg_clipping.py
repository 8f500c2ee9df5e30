"""Where an ECG is cut off at a level that it reaches again and again and never passes."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

SPAN = 10
"""Seconds that are looked at together; the level is the extreme of all of them."""
AGAIN = 3
"""Least seconds of them that must reach the level exactly; those that do so again are looked at."""
RECENT = 2
"""The last of them must be among so many newest ones: what has ended is not held against a second."""
NEAR = 0.03
"""Share of the second's range below the level that counts as near to it."""
PILED = 2.0
"""So many samples lie at the level for one near to it: a rounded top has more near it than at it."""
STEP_OUT = 0.006
"""From the level a cut wave falls steeply: after so many seconds [s] …"""
STEEP = 0.02
"""… by this share of the range at half of its edges, unlike a flat line between beats."""
FINE = 40.0
"""Steps of the converter within the range: with fewer, a rounded top is flat."""
RUN = 4
"""So many equal samples in a row at an extreme of their second are counted as limited."""

_WINDOW = np.arange(SPAN)
_COUNTS = 5
"""Columns of `_counts`."""


class ClippingMonitor:
    """Judge whole seconds of ECG one after another, the same for any cutting.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._out = max(1, round(STEP_OUT * sfreq))
        self._past = [(np.full(SPAN - 1, np.nan), np.zeros((SPAN - 1, _COUNTS))) for _ in range(2)]

    def judge(
        self, second: IntArray, ecg: FloatArray, low: FloatArray, high: FloatArray
    ) -> tuple[BoolArray, FloatArray]:
        """Tell whether each second is cut off, and how many of its samples stand at an extreme in steep runs.

        Parameters
        ----------
        second : ndarray of int, shape (n_samples,)
            The second of each sample, counted from 0.
        ecg : ndarray, shape (n_samples,)
            Finite samples [mV].
        low, high : ndarray, shape (n,)
            Extremes of each second, nan without samples.
        """
        n, span = len(low), high - low
        cut, limited = np.zeros(n, np.bool_), np.zeros(n)
        for k, (x, top) in enumerate(((ecg, high), (-ecg, -low))):
            levels, rows = np.concatenate((self._past[k][0], top)), np.zeros((n, _COUNTS))
            windows = levels[np.arange(n)[:, None] + _WINDOW]
            runs = _limited(second, np.flatnonzero(x == top[second]), n)
            closer = (windows[:, :-1] == top[:, None]).any(axis=1) | (runs > 0.0)
            if closer.any():
                # what is reached once only needs no closer look: this is nearly every second of a good ECG
                mine = closer[second]
                rows = _counts(second[mine], x[mine], top, span, self._out)
                runs[rows[:, 4] < 0.5 * rows[:, 3]] = 0.0
            limited += runs
            rows = np.concatenate((self._past[k][1], rows))
            self._past[k] = (levels[n:], rows[n:])
            cut |= _cut_off(windows, rows)
        return cut, limited


def _limited(second: IntArray, at: IntArray, n: int) -> FloatArray:
    """Return how many of the samples at the extreme of their second begin `RUN` such samples."""
    first, last = at[: len(at) - RUN + 1], at[RUN - 1 :]
    whole = first[(last - first == RUN - 1) & (second[last] == second[first])] if len(last) else last
    return np.bincount(second[whole], minlength=n).astype(np.float64)


def _counts(second: IntArray, x: FloatArray, top: FloatArray, span: FloatArray, out: int) -> FloatArray:
    """Return of each second how many samples lie at its extreme and near it, runs of two or more at it, edges
    of runs, and steep edges, shape (n, 5); zeros where the converter is too coarse to tell.
    """
    n = len(top)
    place = np.flatnonzero(x >= (top - NEAR * span)[second])
    mine = second[place]
    at = x[place] == top[mine]
    near = np.bincount(mine[~at], minlength=n)
    place, mine = place[at], mine[at]
    starts = np.flatnonzero((np.diff(place, prepend=-2) != 1) | (np.diff(mine, prepend=-1) != 0))
    stops = np.append(starts[1:], len(place))
    owner = mine[starts]
    edges, steep = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for edge in (place[starts] - out, place[stops - 1] + out):
        inside = (edge >= 0) & (edge < len(x))
        inside[inside] = second[edge[inside]] == owner[inside]
        whose = owner[inside]
        edges += np.bincount(whose, minlength=n)
        steep += np.bincount(whose[top[whose] - x[edge[inside]] >= STEEP * span[whose]], minlength=n)
    runs = np.bincount(owner[stops - starts > 1], minlength=n)
    counts = np.stack([np.bincount(mine, minlength=n), near, runs, edges, steep], axis=1).astype(np.float64)
    counts[~(span >= FINE * _smallest_steps(second, x, n))] = 0.0
    return counts


def _smallest_steps(second: IntArray, x: FloatArray, n: int) -> FloatArray:
    """Return the smallest step between neighbours in each second, inf where nothing changes."""
    out = np.full(n, math.inf)
    fresh = np.diff(second, prepend=-1) != 0
    steps = np.abs(np.diff(x, prepend=x[0]))
    steps[(steps == 0.0) | fresh] = math.inf
    starts = np.flatnonzero(fresh)
    out[second[starts]] = np.minimum.reduceat(steps, starts)
    return out


def _cut_off(windows: FloatArray, counts: FloatArray) -> BoolArray:
    """Tell of each second whether it and the nine before are cut off at one level.

    Parameters
    ----------
    windows : ndarray, shape (n, 10)
        Extremes of the second and the nine before.
    counts : ndarray, shape (n + 9, 5)
        See `_counts`.
    """
    there = windows == np.fmax.reduce(windows, axis=1)[:, None]
    cut: BoolArray = (there.sum(axis=1) >= AGAIN) & there[:, -RECENT:].any(axis=1)
    often = np.flatnonzero(cut)
    if len(often):
        sums = np.where(there[often, :, None], counts[often[:, None] + _WINDOW], 0.0).sum(axis=1)
        at, near, runs, edges, steep = sums.T
        cut[often] = (runs >= 1) & (at >= PILED * near) & (2 * steep >= edges) & (edges > 0)
    return cut

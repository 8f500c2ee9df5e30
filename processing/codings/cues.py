"""Cues: which moments of an hour a person is asked about afterwards.

The tolerated window is read from labels at low, middle and high values of the arousal index, so moments are
taken from its whole range and not only from its peaks, and from around marked events. Whoever answers sees
neither the index nor why a moment was chosen; the moments come in order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from acquisition.stream import BoolArray, FloatArray
from processing.hour.timeline import nearest
from processing.metrics.tolerated import REACH

LENGTH = 20.0
"""Length of a moment [s]; its label is stamped at its end."""
MOST, LEAST = 16, 12
SPACINGS = (60.0, 45.0, 30.0, LENGTH)
"""How far apart moments should be [s]; the next one is tried where fewer than `LEAST` fit."""
KNOWN = 0.8
"""Share of the seconds up to the label for which there must be an index."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold a moment [s, on the clock of the input]."""

    start: float
    stop: float


def propose(
    times: FloatArray,
    arousal: FloatArray,
    excluded: Sequence[tuple[float, float]],
    anchors: Sequence[float],
    rng: np.random.Generator,
    *,
    begin: float,
    end: float,
    most: int = MOST,
) -> list[Moment]:
    """Propose moments, by time; fewer than `LEAST` only where no more fit.

    A quarter lies around marked events, a quarter at the highest and a quarter at the lowest values of the
    index, the rest at values spread evenly between. Without an index they are spread evenly over the hour.

    Parameters
    ----------
    times, arousal : ndarray, shape (n,)
        Stamps [s] and arousal index [SD]; nan where unknown.
    excluded : sequence of (start, stop)
        What is not asked about [s]: baselines, breaks, pauses.
    anchors : sequence of float
        Moments of marked events [s].
    begin, end : float
        The hour [s].
    """
    stops = np.arange(np.ceil(begin + LENGTH), np.floor(end) + 1.0)
    level = _level(times, arousal, stops)
    fit = np.ones(len(stops), np.bool_)
    for start, stop in excluded:
        fit &= (stops <= start) | (stops - LENGTH >= stop)
    if np.isfinite(level).any():
        fit &= np.isfinite(level)
    order = rng.permutation(len(anchors))
    chosen: list[int] = []
    for spacing in SPACINGS:
        chosen = _choose(stops, level, fit, [anchors[k] for k in order], spacing, most)
        if len(chosen) >= min(LEAST, most):
            break
    return [Moment(float(stops[k]) - LENGTH, float(stops[k])) for k in sorted(chosen)]


def _level(times: FloatArray, arousal: FloatArray, stops: FloatArray) -> FloatArray:
    """Return the mean index of the seconds up to each stop, which is what a label there stands for."""
    if len(stops) == 0:
        return np.empty(0)
    grid = np.arange(stops[0] - REACH + 1, stops[-1] + 1.0)
    rows = sliding_window_view(nearest(times, arousal, grid, 0.5), REACH)
    known = np.isfinite(rows)
    n = known.sum(axis=1)
    mean = np.where(known, rows, 0.0).sum(axis=1) / np.maximum(n, 1)
    return np.where(n >= KNOWN * REACH, mean, np.nan)


def _choose(
    stops: FloatArray, level: FloatArray, fit: BoolArray, anchors: Sequence[float], spacing: float, most: int
) -> list[int]:
    free, chosen = fit.copy(), list[int]()

    def take(k: int) -> None:
        chosen.append(k)
        free[np.abs(stops - stops[k]) < spacing] = False

    for anchor in anchors:
        k = int(np.searchsorted(stops, anchor + LENGTH / 2))
        if len(chosen) < most // 4 and k < len(stops) and free[k]:
            take(k)
    known = bool(np.isfinite(level).any())
    for side in (1.0, -1.0) * (most // 4 if known else 0):
        if free.any():
            take(int(np.argmax(np.where(free, side * level, -np.inf))))
    what = level if known else stops
    while len(chosen) < most and free.any():
        take(_farthest(what, free, chosen))
    return chosen


def _farthest(what: FloatArray, free: BoolArray, chosen: Sequence[int]) -> int:
    """Return the free place whose value lies farthest from all chosen ones."""
    if not chosen:
        return int(np.argmax(free))
    apart = np.abs(what[:, None] - what[np.asarray(chosen)][None, :]).min(axis=1)
    return int(np.argmax(np.where(free, apart, -1.0)))

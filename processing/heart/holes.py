"""Short holes in an ECG: samples that are missing are bridged, so that what lies beyond keeps its place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import BoolArray, FloatArray

GAP = 0.15
"""A hole longer than this ends a stretch [s]."""
MISSING = 1.5
"""A step of so many periods is a hole."""
TOUCHED = 0.12
"""An R peak so near to a hole may be misplaced [s]: the place is found from so much ECG."""
HIDING = 0.04
"""A longer hole may hide a beat [s]."""
WHOLE, UNKNOWN = 0.2, 0.041
"""Share of a sample by which a hole may seem to differ from a whole number of them. One that differs more is
no loss of samples, but stamps that are not true: how long it is nobody knows, and it counts as so long at
least [s]."""
KEPT = 30.0
"""How long a hole is remembered [s]."""


class Holes:
    """Fill short holes with straight lines, and remember where they were.

    Parameters
    ----------
    sfreq : float
        [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._last = (math.nan, math.nan)
        self._holes: list[tuple[float, float]] = []

    def known(self) -> list[tuple[float, float]]:
        """Return the holes that are remembered [s]."""
        return self._holes

    def bridge(self, times: FloatArray, ecg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return samples with the missing ones put in; stamps [s], not decreasing."""
        steps = np.diff(times, prepend=self._last[0])
        found = np.flatnonzero((steps > MISSING / self._sfreq) & (steps <= GAP))
        before = self._last
        self._last = (float(times[-1]), float(ecg[-1]))
        if not len(found):
            return times, ecg
        at, stamps, values = list[int](), list[FloatArray](), list[FloatArray]()
        for k in found.tolist():
            start, low = (float(times[k - 1]), float(ecg[k - 1])) if k else before
            stop, high = float(times[k]), float(ecg[k])
            n = max(1, round((stop - start) * self._sfreq) - 1)
            share = np.arange(1, n + 1) / (n + 1)
            at += [k] * n
            stamps.append(start + (stop - start) * share)
            values.append(low + (high - low) * share)
            whole = abs((stop - start) * self._sfreq - n - 1) <= WHOLE
            self._holes.append((start, stop if whole else max(stop, start + UNKNOWN)))
        return np.insert(times, at, np.concatenate(stamps)), np.insert(ecg, at, np.concatenate(values))

    def crossed(self, beats: FloatArray, before: float) -> BoolArray:
        """Tell which intervals cannot be trusted: one of their beats is near a hole, or a beat may be in one.

        Parameters
        ----------
        beats : ndarray, shape (n,)
            R peaks that end the intervals [s].
        before : float
            The R peak before the first [s], nan without one.
        """
        out = crossing(beats, before, self._holes)
        if self._holes and len(beats):
            self._holes = [hole for hole in self._holes if hole[1] > beats[-1] - KEPT]
        return out


def crossing(beats: FloatArray, before: float, holes: Sequence[tuple[float, float]]) -> BoolArray:
    """Tell of intervals what `Holes.crossed` does, from the holes themselves [s]."""
    if not holes or not len(beats):
        return np.zeros(len(beats), np.bool_)
    starts, stops = np.array(holes).T
    all_ = np.append(before, beats)
    near = ((starts - TOUCHED < all_[:, None]) & (all_[:, None] < stops + TOUCHED)).any(axis=1)
    inside = (all_[:-1, None] < stops) & (starts < all_[1:, None]) & (stops - starts > HIDING)
    return np.asarray(near[1:] | near[:-1] | inside.any(axis=1))

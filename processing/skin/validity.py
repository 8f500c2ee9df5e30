"""Validity: which samples of a stream are valid, once what surrounds them is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.corrections.edits import Edits
from processing.skin.eda_quality import CodeArray, EdaQualityConfig, Fault, spreads
from processing.skin.found import Stretch

ORDER = (Fault.FLAT, Fault.FILLED, Fault.SETTLES, Fault.ANEW, Fault.DIP, Fault.NOISE)
"""What a sample is said to be that lies in stretches of more than one fault: the first of these."""


class Settled(NamedTuple):
    """Hold settled samples, shape (n,): stamps [s], skin conductance [µS], and which can tell a level.

    Flat ones can: whether there is a level where the signal stands still is said elsewhere. Noisy ones can.
    """

    times: FloatArray
    eda: FloatArray
    valid: BoolArray


class Validity:
    """Count valid samples and faults in half-second bins, once what surrounds them is known.

    A sample is settled when all stamps up to `around` seconds after it have been seen.
    """

    BINS = 2
    """Bins per second."""

    def __init__(self, config: EdaQualityConfig, edits: Edits | None = None) -> None:
        self._around, self._edits = config.around, edits
        self._times: FloatArray = np.empty(0)
        self._eda: FloatArray = np.empty(0)
        self._codes: CodeArray = np.empty(0, np.int8)
        self._faults: FloatArray = np.empty(0)
        self._stretches: list[Stretch] = []
        self._counts: IntArray = np.zeros((0, len(Fault)), np.int64)
        self._first = 0

    def push(
        self,
        times: FloatArray,
        eda: FloatArray,
        codes: CodeArray,
        stretches: Sequence[Stretch] = (),
    ) -> None:
        """Take in classed samples, and stretches at fault that were decided."""
        self._times = np.concatenate((self._times, times))
        self._eda = np.concatenate((self._eda, eda))
        self._codes = np.concatenate((self._codes, codes))
        self._stretches += stretches
        if codes.any():
            self._faults = np.concatenate((self._faults, times[spreads(codes)]))

    def _faults_in(self, start: FloatArray, stop: FloatArray) -> BoolArray:
        """Tell for each interval [start, stop) whether it holds an invalid sample."""
        first, last = np.searchsorted(self._faults, start), np.searchsorted(self._faults, stop)
        return np.asarray(last > first)

    def settle(self, until: float) -> Settled:
        """Count the samples that are settled when all stamps below `until` have been seen.

        Returns
        -------
        Settled
            Those of them that are not missing.
        """
        n = int(np.searchsorted(self._times, until - self._around, side="right"))
        if n == 0:
            return Settled(np.empty(0), np.empty(0), np.empty(0, bool))
        times, eda, codes = self._times[:n], self._eda[:n], self._codes[:n]
        self._times, self._eda, self._codes = self._times[n:], self._eda[n:], self._codes[n:]
        codes = self._classed(times, codes)
        if len(self._faults):
            after = self._faults_in(times - self._around, times)
            before = self._faults_in(times, times + self._around)
            near = np.where(after, np.int8(Fault.NEAR), np.int8(Fault.BEFORE))
            touched = (after | before) & np.isin(codes, (Fault.NONE, Fault.DIP, Fault.NOISE))
            if self._edits is not None:
                touched &= ~self._edits.accepts(times)
            codes = np.where(touched, near, codes)
        self._count(np.floor(times * self.BINS).astype(np.int64), codes)
        there = codes != Fault.MISSING
        valid = np.isin(codes, (Fault.NONE, Fault.FLAT, Fault.NOISE))
        return Settled(times[there], eda[there], valid[there])

    def _classed(self, times: FloatArray, codes: CodeArray) -> CodeArray:
        """Class what lies in stretches that were decided before a sample had to be; forget those that end."""
        codes = codes.copy() if self._stretches else codes
        for one in sorted(self._stretches, key=lambda s: ORDER.index(s.fault)):
            first, last = np.searchsorted(times, (one.start, one.stop), side="right").tolist()
            inside = slice(first, last)
            hit = (codes[inside] == Fault.NONE) & (one.known < times[inside] + self._around)
            codes[inside][hit] = one.fault
        self._stretches = [one for one in self._stretches if one.stop >= times[-1]]
        return codes

    def _count(self, bins: IntArray, codes: CodeArray) -> None:
        if len(self._counts) == 0:
            self._first = int(bins[0])
        needed = int(bins[-1]) + 1 - self._first - len(self._counts)
        if needed > 0:
            self._counts = np.concatenate((self._counts, np.zeros((needed, len(Fault)), np.int64)))
        places = (bins - self._first) * len(Fault) + codes
        self._counts += np.bincount(places, minlength=self._counts.size).reshape(self._counts.shape)

    def window(self, starts: FloatArray, width: float) -> IntArray:
        """Return how many samples of each fault lie in [start, start + width).

        Parameters
        ----------
        starts : ndarray, shape (n,)
            Multiples of half a second [s].

        Returns
        -------
        ndarray, shape (n, n_faults)
        """
        sums = np.concatenate((np.zeros((1, len(Fault)), np.int64), np.cumsum(self._counts, axis=0)))
        first = np.round(starts * self.BINS).astype(np.int64) - self._first
        last = first + round(width * self.BINS)
        top = len(self._counts)
        return np.asarray(sums[np.clip(last, 0, top)] - sums[np.clip(first, 0, top)])

    def forget(self, before: float) -> None:
        """Let go of what lies before a moment [s]."""
        n = min(len(self._counts), int(np.floor(before * self.BINS)) - self._first)
        if n > 0:
            self._counts, self._first = self._counts[n:], self._first + n
        self._faults = self._faults[np.searchsorted(self._faults, before) :]

"""The signal in which responses are sought: EDA without jumps, smoothed, on an even grid.

Three steps, each of fixed-length sums at fixed places of the stretch, so that chunks do not matter:

1. means of blocks, to about 25 Hz;
2. jumps are taken out: a change within 0.15 s and a sample that neither the time before nor after shares,
   which no sweat gland makes and a moved electrode does. Coarser below 10 Hz, none below 3.5 Hz. In the
   skin nothing falls as fast as it may rise, so less is asked of a jump down;
3. a quadratic Savitzky-Golay filter, read at 4 Hz (input below 8 Hz) or about 8 Hz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray

RATE = 25.0
"""Rate of the block means [Hz]."""
SLOWEST = 3.5
"""Below this rate nothing is smoothed [Hz]: what the two steps wait for would come too late after a peak."""
JUMP = 0.15
"""Longest jump [s]; sampling makes it one sample longer."""
NOISE = 4.0
"""A jump is so many times the mean second difference of the samples beside it: 8 sd of white noise."""
DOWN = 0.6
"""Least share beyond the slope beside it of a jump downwards, where more is asked of one upwards."""
COARSE, FINE = (4.0, 1.25), (8.0, 0.8)
"""Grid [Hz] and length of the filter [s], below 8 Hz and above."""
COARSE_LOSS, FINE_LOSS = 0.0025, 0.0015
"""What smoothing takes off a response's amplitude, the same for small and large ones [µS] (docs/eda.md)."""


class Limits(NamedTuple):
    """Say what is a jump: its least height [µS], and its least share beyond the slope beside it."""

    height: float
    share: float


class Steadied(NamedTuple):
    """Hold block means, shape (n,): moments [s], EDA as it is and without jumps [µS]."""

    times: FloatArray
    eda: FloatArray
    steady: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """Hold points of the grid, shape (n,).

    Parameters
    ----------
    times, known : ndarray
        Moment of each point, and the stamp of the last sample it needed [s].
    steady : ndarray
        Smoothed EDA without jumps [µS].
    means, told : Steadied, ndarray
        The block means that were new for it, and the stamp of the last sample that each needed [s].
    """

    times: FloatArray
    known: FloatArray
    steady: FloatArray
    means: Steadied
    told: FloatArray


class Smoother:
    """Turn the samples of one stretch after another into points of the grid.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    jump, coarse_jump : Limits
        What is a jump, from 10 Hz on and below.
    """

    def __init__(self, sfreq: float, jump: Limits, coarse_jump: Limits) -> None:
        self._block = max(1, int(sfreq // RATE))
        self.rate = rate = sfreq / self._block
        self.fine = rate >= 8.0
        grid, length = FINE if self.fine else COARSE
        self.loss = FINE_LOSS if self.fine else COARSE_LOSS
        self.step = max(1, int(rate // grid))
        self.sfreq = rate / self.step
        half = round(length * rate / 2) if rate >= SLOWEST else 0
        self.weights = savitzky_golay(half)
        self._width = math.ceil(JUMP * rate + 1.0) if rate >= SLOWEST else 0
        self._jump = jump if rate >= 10.0 else coarse_jump
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch."""
        none = np.empty(0)
        self._raw = (none, none)
        self._means = (none, none, none)
        self._offset = 0.0
        self._first = True
        self._clean = (none, none, none)

    def push(self, times: FloatArray, eda: FloatArray) -> Smoothed:
        """Return the points that the next samples complete; stamps [s], EDA [µS]."""
        blocks = self._take_means(times, eda)
        clean = self._take_jumps(*blocks) if self._width else (*blocks, blocks[2])
        new = (clean[0], clean[1], clean[3])
        t, known, steady = (np.concatenate(pair) for pair in zip(self._clean, new, strict=True))
        k, step = len(self.weights), self.step
        n = max(0, (len(steady) - k) // step + 1)
        self._clean = (t[n * step :], known[n * step :], steady[n * step :])
        means = Steadied(clean[0], clean[2], clean[3])
        points = t[k // 2 :: step][:n], known[k - 1 :: step][:n], self._filter(steady, n)
        return Smoothed(*points, means, clean[1])

    def _filter(self, x: FloatArray, n: int) -> FloatArray:
        if n == 0:
            return np.empty(0)
        windows = np.lib.stride_tricks.sliding_window_view(x, len(self.weights))[:: self.step][:n]
        return np.asarray((windows * self.weights).sum(axis=1))

    def _take_means(self, times: FloatArray, eda: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return moment, last stamp and mean of each block that is complete."""
        block = self._block
        if block == 1:
            return times, times, eda
        t, x = np.concatenate((self._raw[0], times)), np.concatenate((self._raw[1], eda))
        used = len(x) // block * block
        self._raw = (t[used:], x[used:])
        first, last = t[:used:block], t[block - 1 : used : block]
        return 0.5 * (first + last), last, x[:used].reshape(-1, block).mean(axis=1)

    def _take_jumps(
        self, times: FloatArray, known: FloatArray, eda: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the points whose jumps are decided, as they are and without jumps."""
        w = self._width
        t, k, x = (np.concatenate(p) for p in zip(self._means, (times, known, eda), strict=True))
        if self._first and len(x):
            # Nothing is known before a stretch: as if the signal had stood still.
            t, k, x = (np.concatenate((np.full(2 * w, v[0]), v)) for v in (t, k, x))
            self._first = False
        # Point i needs x[i - 2w] to x[i + 2w].
        n = max(0, len(x) - 4 * w)
        self._means = (t[n:], k[n:], x[n:])
        if n == 0:
            return np.empty(0), np.empty(0), np.empty(0), np.empty(0)
        excess = self._excess(x)
        shift = np.zeros(n)
        for j in range(w):
            shift += excess[w + j : w + j + n]
        offsets = np.cumsum(np.concatenate(([self._offset], shift)))[1:]
        self._offset = float(offsets[-1])
        here = slice(2 * w, 2 * w + n)
        straight = x[here].copy()
        for j in range(1, w):  # a jump may be quicker than `JUMP`: from its first to its last sample, a line
            first, last = x[2 * w - j : 2 * w - j + n], x[3 * w - j : 3 * w - j + n]
            jumps = excess[2 * w - j : 2 * w - j + n] != 0.0
            straight = np.where(jumps, first + (last - first) * (j / w), straight)
        return t[here], k[4 * w : 4 * w + n], x[here], straight - offsets

    def _excess(self, x: FloatArray) -> FloatArray:
        """Return by how much each step of a jump exceeds the slope beside it [µS].

        Element i concerns the change from x[i] to x[i + w]; 0 where that is no jump.
        """
        w = self._width
        change = np.zeros(len(x))
        change[:-w] = x[w:] - x[:-w]
        size = np.abs(change)
        before, after = np.zeros(len(x)), np.zeros(len(x))
        before[w:], after[:-w] = change[:-w], change[w:]
        sign = np.sign(change)
        beside = np.maximum(np.maximum(sign * before, sign * after), 0.0)
        beyond = size - beside
        share = np.where(change < 0.0, min(self._jump.share, DOWN), self._jump.share)
        found = (beyond >= self._jump.height) & (beyond >= share * size)
        if w > 2:
            found &= beyond >= NOISE * self._unrest(x)
        for j in range(1, w):
            found[j:] &= size[j:] > size[:-j]
            found[:-j] &= size[:-j] >= size[j:]
        slope = np.where(np.abs(before) < np.abs(after), before, after)
        return np.asarray(np.where(found, (change - slope) / w, 0.0))

    def _unrest(self, x: FloatArray) -> FloatArray:
        """Return the mean second difference beside each change, on its more restless side [µS]."""
        w = self._width
        bend, mean, after = np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x))
        bend[1:-1] = np.abs(x[2:] - 2.0 * x[1:-1] + x[:-2])
        for j in range(1, w):
            mean[w:] += bend[w - j : len(x) - j]
        mean /= w - 1
        after[: -2 * w] = mean[2 * w :]
        return np.maximum(mean, after)


def savitzky_golay(half: int) -> FloatArray:
    """Return the weights that give the middle of a quadratic fit to 2·half + 1 values.

    In closed form, so that they are the same on every machine.
    """
    n = 2 * half + 1
    if half < 2:
        return np.full(n, 1.0 / n)
    u = np.arange(-half, half + 1, dtype=np.float64)
    return np.asarray((3.0 * (3 * n * n - 7 - 20.0 * u * u) / 4.0) / (n * (n * n - 4.0)))

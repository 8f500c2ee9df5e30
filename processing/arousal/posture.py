"""Posture: where gravity points for a sensor on the trunk, and whether it points elsewhere than in a rest.

Heart rate and skin conductance change with posture, so a baseline that was taken in another one says little
of the present. Only what the accelerometer of an ECG on the chest tells is used: a wrist turns on its own.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray

Vector = tuple[float, float, float]


class Posture:
    """Average acceleration by the second, however its samples come, and compare directions.

    Parameters
    ----------
    window : float
        Over how many seconds a direction is taken [s].
    """

    def __init__(self, window: float) -> None:
        self._window = max(1, round(window))
        self._times: FloatArray = np.empty(0)
        self._samples: FloatArray = np.empty((0, 3))
        self._seconds: FloatArray = np.empty(0)
        self._means: FloatArray = np.empty((0, 3))

    def update(self, times: FloatArray, samples: FloatArray) -> None:
        """Take in samples: stamps, not decreasing [s], and acceleration on three axes [g]."""
        if samples.ndim != 2 or samples.shape[1] != 3:
            return
        finite = np.isfinite(samples).all(axis=1)
        self._times = np.concatenate((self._times, times[finite]))
        self._samples = np.concatenate((self._samples, samples[finite]))

    def settle(self, until: float) -> None:
        """Average the seconds that end by a moment, all of whose samples are in."""
        n = int(np.searchsorted(self._times, math.floor(until)))
        if n == 0:
            return
        seconds, place = np.unique(np.floor(self._times[:n]), return_inverse=True)
        counts = np.bincount(place)
        sums = [np.bincount(place, weights=self._samples[:n, axis]) for axis in range(3)]
        self._seconds = np.concatenate((self._seconds, seconds))
        self._means = np.concatenate((self._means, np.transpose(sums) / counts[:, None]))
        self._times, self._samples = self._times[n:], self._samples[n:]

    def during(self, start: float, stop: float) -> Vector | None:
        """Return the median acceleration in [start, stop) [g]; None where half of it or more is missing."""
        first, last = np.searchsorted(self._seconds, (math.ceil(start), math.floor(stop))).tolist()
        if 2 * (last - first) <= math.floor(stop) - math.ceil(start):
            return None
        x, y, z = np.sort(self._means[first:last], axis=0)[(last - first) // 2].tolist()
        return x, y, z

    def before(self, moment: float) -> Vector | None:
        """Return the median acceleration in the window that ends at a moment [g]."""
        return self.during(math.floor(moment) - self._window, math.floor(moment))


def angle(one: Vector, other: Vector) -> float:
    """Return the angle between two directions [degrees]; nan where one has none."""
    length = math.hypot(*one) * math.hypot(*other)
    if length == 0.0:
        return math.nan
    cosine = sum(a * b for a, b in zip(one, other, strict=True)) / length
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))

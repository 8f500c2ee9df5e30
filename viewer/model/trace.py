"""Trace: the samples of one index, each with its stamp, when it was known, and why it has no value. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from viewer.model.column import Column, Float32Array
from viewer.model.history import Line, broken, zigzag
from viewer.model.reasons import Reasons


class Point(NamedTuple):
    """Hold a sample of an index: time and when it was known [s since the first tick], value, reason,
    quality (0-1)."""

    time: float
    available: float
    value: float
    reason: str
    quality: float = math.nan


RESERVE = 1 << 15
"""Samples for which there is room at once, 9 h at 1 Hz: memory is only taken when it is written, and a column
that moves would leave a hole in it."""
TICK = 1e-4
"""What of the moment when a sample was known is kept [s]."""
QUALITY = 10_000
"""What of a quality is kept: so many steps from 0 to 1; more stands for none."""


class Trace:
    """Hold the samples of one index; values further apart than `gap` seconds are not joined."""

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self._times = Column(np.float64, RESERVE)
        self._available = Column(np.int32, RESERVE)
        self._values = Column(np.float32, RESERVE)
        self._quality = Column(np.uint16, RESERVE)
        self._reasons = Reasons()

    @property
    def n(self) -> int:
        """Return how many samples there are."""
        return self._times.n

    @property
    def times(self) -> FloatArray:
        """Return all times [s]."""
        return np.asarray(self._times.data, np.float64)

    @property
    def available(self) -> FloatArray:
        """Return when each was known [s], rounded down."""
        return np.asarray(self._available.data * TICK, np.float64)

    @property
    def values(self) -> Float32Array:
        """Return all values; nan where a gate failed."""
        return np.asarray(self._values.data, np.float32)

    def append(
        self,
        times: FloatArray,
        values: FloatArray,
        available: FloatArray,
        reasons: Sequence[str],
        quality: FloatArray | None = None,
    ) -> None:
        """Add samples; a late one is put where it belongs."""
        if len(times) == 0:
            return
        late = bool(self.n and times[0] < self.times[-1]) or bool(np.any(np.diff(times) < 0))
        self._times.extend(times)
        self._values.extend(values)
        self._available.extend(_ticks(available))
        self._quality.extend(_steps(np.full(len(times), np.nan) if quality is None else quality))
        self._reasons.extend(reasons)
        if late:
            order = np.argsort(self.times, kind="stable")
            self._reasons.reorder(order)
            for column in (self._times, self._values, self._available, self._quality):
                column.data[:] = column.data[order]

    def at(self, moment: float) -> Point | None:
        """Return the newest sample that was known at a moment [s since the first tick]."""
        k = int(np.searchsorted(self._available.data, _ticks(np.array([moment]))[0], side="right")) - 1
        if k < 0:
            return None
        steps = int(self._quality.data[k])
        return Point(
            float(self._times.data[k]),
            float(self._available.data[k] * TICK),
            float(self._values.data[k]),
            self._reasons.at(k),
            steps / QUALITY if steps <= QUALITY else math.nan,
        )

    def reason(self, k: int) -> str:
        """Return why a sample has no value, or what lowers its quality; "" if nothing does."""
        return self._reasons.at(k)

    def between(self, start: float, stop: float) -> Line:
        """Return the samples with start ≤ time < stop, as they are."""
        begin, end = np.searchsorted(self.times, (start, stop))
        return self.times[begin:end], self.values[begin:end]

    def line(self, start: float, stop: float, n_bins: int) -> Line:
        """Return the polyline between two times [s], one neighbour beyond each; thinned if there are many."""
        begin = max(int(np.searchsorted(self.times, start)) - 1, 0)
        end = min(int(np.searchsorted(self.times, stop)) + 1, self.n)
        size = (end - begin) // max(n_bins, 1)
        if size < 3:
            return broken(self.times[begin:end], self.values[begin:end], self.gap)
        first, last = begin // size, end // size
        rows = self.values[first * size : last * size].reshape(-1, size)
        stamps = self.times[first * size : last * size].reshape(-1, size)
        low, high = np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1)
        x, y = zigzag(stamps.mean(axis=1), low, high, float(np.ptp(stamps, axis=1).max()) + self.gap)
        rest_x, rest_y = broken(self.times[last * size : end], self.values[last * size : end], self.gap)
        return np.append(x, rest_x), np.append(y, rest_y)

    def extent(self, start: float, stop: float) -> tuple[float, float]:
        """Return the smallest and largest value between two times; nan without any."""
        _, values = self.between(start, stop)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else (np.nan, np.nan)


def _ticks(times: FloatArray) -> NDArray[np.int32]:
    """Return times in ticks, rounded down; those out of reach (59 h) become the nearest that is not."""
    limits = np.iinfo(np.int32)
    ticks = np.floor(np.asarray(times, np.float64) / TICK + 1e-3)
    return np.asarray(np.clip(ticks, limits.min, limits.max), np.int32)


def _steps(quality: FloatArray) -> NDArray[np.uint16]:
    steps = np.rint(np.clip(quality, 0.0, 1.0) * QUALITY)
    return np.asarray(np.where(np.isfinite(steps), steps, QUALITY + 1), np.uint16)

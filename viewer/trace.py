"""Trace: the samples of one index, each with its stamp, when it was known, and why it has no value. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from viewer.history import Column, Float32Array, Line, broken, zigzag


class Point(NamedTuple):
    """Hold a sample of an index: time and when it was known [s since the first tick], value, reason,
    quality (0-1)."""

    time: float
    available: float
    value: float
    reason: str
    quality: float = math.nan


class Trace:
    """Hold the samples of one index; values further apart than `gap` seconds are not joined."""

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self._times = Column(np.float64, 1024)
        self._available = Column(np.float64, 1024)
        self._values = Column(np.float32, 1024)
        self._reasons = Column(np.uint16, 1024)
        self._quality = Column(np.float32, 1024)
        self._texts: dict[str, int] = {}

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
        """Return when each was known [s]."""
        return np.asarray(self._available.data, np.float64)

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
        self._available.extend(available)
        self._quality.extend(np.full(len(times), np.nan) if quality is None else quality)
        codes = [self._texts.setdefault(text, len(self._texts)) for text in reasons]
        self._reasons.extend(np.minimum(codes, 65535))
        if late:
            order = np.argsort(self.times, kind="stable")
            for column in (self._times, self._values, self._available, self._reasons, self._quality):
                column.data[:] = column.data[order]

    def at(self, moment: float) -> Point | None:
        """Return the newest sample that was known at a moment [s since the first tick]."""
        k = int(np.searchsorted(self._available.data, moment, side="right")) - 1
        if k < 0:
            return None
        reason = next(text for text, code in self._texts.items() if code == self._reasons.data[k])
        return Point(
            float(self._times.data[k]),
            float(self._available.data[k]),
            float(self._values.data[k]),
            reason,
            float(self._quality.data[k]),
        )

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

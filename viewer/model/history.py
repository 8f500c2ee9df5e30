"""History: the whole session of each line on screen, in float32, ready to be drawn at any width. No Qt.

`Waveform` keeps a regular raw stream (ECG, EDA): the newest samples one by one, of more of them the minima
and maxima of blocks of 16 with one stamp each, and of all of them those of 256, so that an hour at 1000 Hz is
thinned by touching 14 000 numbers, and four hours take little more memory than one; `viewer.model.trace`
keeps index samples. A page is thinned to a minimum and a maximum per bin, and bins are locked
to the sample index: a peak never flickers while the page fills. A gap is a nan: no line joins its neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from viewer.model.column import Float32Array, Recent
from viewer.model.level import Level

Line = tuple[FloatArray, Float32Array]
"""Times [s] and values of a polyline; nan breaks it."""


BLOCK = 16
COARSE = 256
QUICK = 100.0
"""Rate from which on a signal is a fast one [Hz], of which a minute fills more than a page."""
KEPT = 1 << 21
"""Samples of a fast signal that are held one by one: 4.5 h at 130 Hz, 35 min at 1000 Hz."""
KEPT_SLOW = 1 << 16
"""The same of a slow signal: 4.5 h at 4 Hz, 35 min at 32 Hz."""
BLOCKS = 225_000
"""Blocks that are held while a recording grows: 1 h at 1000 Hz, 7.7 h at 130 Hz. All that is older is drawn
from `COARSE` samples, which are a quarter of a second at 1000 Hz; a review holds all blocks."""


class Waveform:
    """Hold one channel of a regular stream: of the newest samples each, of those before what is drawn.

    Parameters
    ----------
    sfreq : float
        Nominal rate [Hz], > 0. Stamps further apart than five samples (at least 0.1 s) are a gap.
    whole : bool
        Whether all blocks are held, as for a recording that is over.
    """

    def __init__(self, sfreq: float, *, whole: bool = False) -> None:
        if not sfreq > 0:
            raise ValueError(f"a waveform needs its rate, not {sfreq}")
        self.sfreq = sfreq
        self.gap = max(5.0 / sfreq, 0.1)
        self.last = np.nan
        self._values = Recent(np.float32, KEPT if sfreq >= QUICK else KEPT_SLOW)
        self._blocks, self._coarse = Level(BLOCK, None if whole else BLOCKS), Level(COARSE, None)

    @property
    def n(self) -> int:
        """Return how many samples there are, those that stand for gaps included."""
        return self._values.n

    def append(self, times: FloatArray, values: NDArray[np.floating]) -> None:
        """Add samples; both arrays have shape (n,), and stamps [s] do not decrease."""
        if len(times) == 0:
            return
        begin = 0
        for gap in self._gaps(times):
            self._extend(times[begin:gap], values[begin:gap])
            self._break(float(times[gap - 1]) if gap else self.last)
            begin = gap
        self._extend(times[begin:], values[begin:])
        self.last = float(times[-1])
        for level in (self._blocks, self._coarse):
            level.refine(self._values)

    def _gaps(self, times: FloatArray) -> list[int]:
        """Return which of these samples come after a gap."""
        inside = (np.flatnonzero(times[1:] - times[:-1] > self.gap) + 1).tolist() if len(times) > 1 else []
        return [0, *inside] if times[0] - self.last > self.gap else inside

    def _break(self, last: float) -> None:
        """Fill the block with nan, so that the next one starts with the sample after the gap."""
        n = BLOCK - self.n % BLOCK
        self._extend(last + (1 + np.arange(n)) / self.sfreq, np.full(n, np.nan, np.float32))

    def _extend(self, times: FloatArray, values: NDArray[np.floating]) -> None:
        if len(times) == 0:
            return
        for level in (self._blocks, self._coarse):
            level.stamps.extend(times[-self.n % level.size :: level.size])
        self._values.extend(np.asarray(values, np.float32))

    @property
    def values(self) -> Float32Array:
        """Return the values that are held one by one, the newest last; nan where a gap ends a block."""
        return np.asarray(self._values.part(self._values.sure, self.n), np.float32)

    def times(self, begin: int, end: int) -> FloatArray:
        """Return the stamps [s] of samples begin … end − 1, spaced by the nominal rate within a block."""
        index = np.arange(begin, end)
        return np.asarray(self._blocks.at(index) + index % BLOCK / self.sfreq, np.float64)

    def index(self, time: float) -> int:
        """Return the first sample of the block that holds a time [s], or of what is left of old blocks."""
        index = self._blocks.index(time)
        return index if index > self._blocks.sure else min(self._coarse.index(time), index)

    def bin_size(self, seconds: float, n_bins: int) -> int:
        """Return how many samples share a bin when so many seconds are drawn in so many bins; 1: no bins."""
        size = int(seconds * self.sfreq / max(n_bins, 1))
        if size < 3:
            return 1
        level = COARSE if size >= COARSE else BLOCK if size >= BLOCK else 1
        return size // level * level

    def tail(self, begin: int, bin_size: int = 1) -> Line:
        """Return the samples from an index on; a bin of the page becomes sixteen: it grows smoothly."""
        begin = min(max(begin, self._values.sure), self.n)
        size = bin_size // 16
        first, last = -(-begin // max(size, 1)), self.n // max(size, 1)
        if size < 3 or last <= first:
            return self.times(begin, self.n), self._values.part(begin, self.n)
        rows = self._values.part(first * size, last * size).reshape(-1, size)
        x = self.times(first * size, last * size)[::size] + 0.5 * size / self.sfreq
        line = zigzag(x, np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1), 2.0 * self.gap)
        rest = self._values.part(last * size, self.n)
        return np.append(line[0], self.times(last * size, self.n)), np.append(line[1], rest)

    def settled(self, begin: int, bin_size: int) -> tuple[int, int]:
        """Return from which sample on a tail without gaps may change, and how many points come before."""
        begin = min(max(begin, self._values.sure), self.n)
        size = bin_size // 16
        first, last = -(-begin // max(size, 1)), self.n // max(size, 1)
        if size < 3:
            return self.n, self.n - begin
        return (last * size, 2 * (last - first)) if last > first else (begin, 0)

    def line(self, start: float, stop: float, n_bins: int) -> tuple[Line, int]:
        """Return the polyline between two times [s], and the index of the first sample that is not in it."""
        if self.n == 0:
            return _nothing(), 0
        size = self.bin_size(stop - start, n_bins)
        begin, end = self.index(start), self.n
        for least, held in ((BLOCK, self._values.sure), (COARSE, self._blocks.sure)):
            if held and begin - size < held:
                size = -(-size // least) * least
        if np.isfinite(stop) and stop < self.last:
            last = self.index(stop)
            end = min(last + (BLOCK if last >= self._blocks.sure else COARSE), self.n)
        if size == 1:
            return (self.times(begin, end), self._values.part(begin, end)), end
        first, last = begin // size, end // size
        if last <= first:
            return _nothing(), first * size
        low, high = self._bins(first, last, size)
        index = np.arange(first, last) * size
        level = self._coarse if size % COARSE == 0 else self._blocks
        x = level.at(index) + index % level.size / self.sfreq
        return zigzag(x + 0.5 * size / self.sfreq, low, high, 1.5 * size / self.sfreq + self.gap), last * size

    def _bins(self, first: int, last: int, size: int) -> tuple[Float32Array, Float32Array]:
        for level in (self._coarse, self._blocks):
            if size % level.size == 0:
                return level.bins(first, last, size // level.size)
        rows = self._values.part(first * size, last * size).reshape(-1, size)
        return np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1)

    def extent(self, start: float, stop: float) -> tuple[float, float]:
        """Return the 1st and 99.9th percentile of the values between two times; nan without any."""
        begin, end = (self.index(start), self.index(stop)) if self.n else (0, 0)
        fine = stop - start < 5000 * COARSE / self.sfreq and begin >= self._blocks.sure
        low, high = (self._blocks if fine else self._coarse).between(begin, end)
        if len(low) == 0:
            values = self.values[np.isfinite(self.values)]
            return (float(values.min()), float(values.max())) if len(values) else (np.nan, np.nan)
        return float(np.percentile(low, 1.0)), float(np.percentile(high, 99.9))


def _nothing() -> Line:
    return np.empty(0), np.empty(0, np.float32)


def zigzag(x: FloatArray, low: Float32Array, high: Float32Array, gap: float) -> Line:
    """Return two points a bin: its minimum and its maximum; bins further apart than `gap` are not joined."""
    y = np.empty(2 * len(x), np.float32)
    y[0::2], y[1::2] = low, high
    return broken(np.repeat(x, 2), y, gap)


def straightened(x: FloatArray, y: Float32Array) -> Line:
    """Leave out points within a level stretch: a dashed line of few points is drawn much faster."""
    if len(y) < 3:
        return x, y
    keep = np.ones(len(y), np.bool_)
    keep[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    return x[keep], y[keep]


def broken(x: FloatArray, y: Float32Array, gap: float) -> Line:
    """Put a nan between points further apart than `gap` seconds."""
    cuts = np.flatnonzero(np.diff(x) > gap) + 1
    if len(cuts) == 0:
        return x, y
    return np.insert(x, cuts, x[cuts]), np.insert(y, cuts, np.nan).astype(np.float32)


def stretches(x: FloatArray, y: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return the stretches of a line between its gaps."""
    good = np.isfinite(y)
    if good.all():
        return [(x, y)] if len(x) > 1 else []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    return [(x[a:b], y[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]

"""Level: a signal thinned to the minimum and the maximum of each so many samples. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from viewer.model.column import Float32Array, Recent


class Level:
    """Hold the stamp, the minimum and the maximum of each so many samples."""

    def __init__(self, size: int, keep: int | None) -> None:
        self.size = size
        self.stamps = Recent(np.float64, keep)
        self.lows, self.highs = Recent(np.float32, keep), Recent(np.float32, keep)

    @property
    def sure(self) -> int:
        """Return the first sample of which there is a stamp in any case."""
        return self.stamps.sure * self.size

    def refine(self, values: Recent) -> None:
        """Take in what is whole by now."""
        begin, end = self.lows.n * self.size, values.n // self.size * self.size
        if end > begin:
            rows = values.part(begin, end).reshape(-1, self.size)
            self.lows.extend(np.fmin.reduce(rows, axis=1))
            self.highs.extend(np.fmax.reduce(rows, axis=1))

    def at(self, index: NDArray[np.int64]) -> FloatArray:
        """Return the stamps [s] of the bins that hold these samples."""
        stamps = self.stamps.part(self.stamps.first, self.stamps.n)
        return np.asarray(stamps[index // self.size - self.stamps.first], np.float64)

    def index(self, time: float) -> int:
        """Return the first sample of the bin that holds a time [s]."""
        stamps = self.stamps.part(self.stamps.sure, self.stamps.n)
        bin_of = self.stamps.sure + int(np.searchsorted(stamps, time, side="right")) - 1
        return max(bin_of, self.stamps.sure) * self.size

    def bins(self, first: int, last: int, step: int) -> tuple[Float32Array, Float32Array]:
        """Return minima and maxima of bins of so many of this level's, from the first to the last."""
        lows, highs = (c.part(first * step, last * step).reshape(-1, step) for c in (self.lows, self.highs))
        return np.fmin.reduce(lows, axis=1), np.fmax.reduce(highs, axis=1)

    def between(self, begin: int, end: int) -> tuple[Float32Array, Float32Array]:
        """Return the finite minima and maxima of the bins that hold samples begin … end."""
        low, high = (
            c.part(begin // self.size, min(end // self.size + 1, c.n)) for c in (self.lows, self.highs)
        )
        return low[np.isfinite(low)], high[np.isfinite(high)]

"""Windowed cross-lagged correlation of two signals, sample by sample or many samples at once.

Lag k > 0: y follows x. Both windows end no later than now, and the leader's is the earlier one:
k ≥ 0: x[t−k−W+1 … t−k] with y[t−W+1 … t]; k < 0: x[t−W+1 … t] with y[t−|k|−W+1 … t−|k|].

References
----------
Boker, Xu, Rotondo & King (2002), doi:10.1037/1082-989X.7.3.338
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, IntArray

Z_LIMIT = 10.0
"""|z| is capped here: two identical windows have no finite z."""
R_LIMIT = float(np.tanh(Z_LIMIT))
BELOW_1 = float(np.nextafter(1.0, 0.0))
PIECE = 128
"""Samples worked on at once, for the sake of the cache."""
ROOM = 2 * PIECE
"""Samples after which the past is moved to the front of its array."""
FLAT = 1e-10
"""A window is constant if its variance is below this share of the largest square since the last renewal."""

_MASK, _VALUE, _SQUARE = 0, 1, 2
_X_FACTORS = (_MASK, _VALUE, _MASK, _SQUARE, _MASK, _VALUE)
_Y_FACTORS = (_MASK, _MASK, _VALUE, _MASK, _SQUARE, _VALUE)
"""Their products, summed over a window: count, Σa, Σb, Σa², Σb², Σab, over samples that both have."""
_SERIES = np.array([2 * f for f in _X_FACTORS] + [2 * f + 1 for f in _Y_FACTORS])
"""Which of the masks, values and squares of x and y each row of the past is."""
_X, _Y = 0, 6
"""First rows of x and of y."""
_SQUARES = np.array([3, 10])
_LEFT, _RIGHT = np.array([0, 1, 0]), np.array([0, 1, 1])
"""Of which two sums a product is taken off: variance of a, variance of b, covariance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """Fix the geometry of a lag table, all in samples.

    Parameters
    ----------
    window, max_lag : int
        W and L.
    coverage : float
        Least share of W valid in both windows at once.
    renew : int
        Samples after which the running sums are summed afresh.
    detrend : bool
        Take a straight line out of each window.
    """

    window: int
    max_lag: int
    coverage: float
    renew: int
    detrend: bool = False

    def __post_init__(self) -> None:
        if self.window < 4 or self.max_lag < 1:
            raise ValueError(
                f"a lag table needs a window ≥ 4 and lags ≥ 1 samples, not {self.window} and {self.max_lag}"
            )
        if not 0.0 < self.coverage <= 1.0:
            raise ValueError(f"coverage is a share in (0, 1], not {self.coverage}")

    @property
    def n_lags(self) -> int:
        """Return 2L + 1."""
        return 2 * self.max_lag + 1

    @property
    def lags(self) -> IntArray:
        """Return −L … L in samples."""
        return np.arange(-self.max_lag, self.max_lag + 1, dtype=np.int64)


class LagTable:
    """Keep 2L + 1 running correlations.

    Any cut of the samples into pushes gives the same results (==): the sums run strictly from sample to
    sample and are renewed at fixed sample numbers. Exchanging x and y mirrors the table, bit for bit.
    """

    def __init__(self, shape: TableShape) -> None:
        self._shape = shape
        self._reach = shape.window + shape.max_lag
        self._past = np.zeros((12, self._reach + ROOM))
        """The factors of x (0-5) and of y (6-11), the newest before column `_end`."""
        self._raw = np.full((2, self._reach + ROOM), np.nan)
        self._end = self._reach
        self._offset, self._known = np.full(2, np.nan), False
        self._peak = np.zeros(2)
        self._sums = np.zeros((10 if shape.detrend else 6, shape.n_lags))
        self._count = 0

    def push(self, x: FloatArray, y: FloatArray, *, every: int = 1) -> tuple[FloatArray, FloatArray]:
        """Take in new samples, nan where missing.

        Parameters
        ----------
        x, y : ndarray, shape (n,)
        every : int
            Give a row for samples whose number since the start is a multiple of this.

        Returns
        -------
        z : ndarray, shape (n_rows, 2L + 1)
            atanh r; nan below the coverage, and where a window is constant.
        counts : ndarray, shape (n_rows, 2L + 1)
            Samples valid in both windows.
        """
        parts: list[tuple[FloatArray, FloatArray]] = []
        at = 0
        while at < len(x):
            if self._count % self._shape.renew == 0:
                self._renew()
            n = min(len(x) - at, self._shape.renew - self._count % self._shape.renew, PIECE)
            parts.append(self._push(x[at : at + n], y[at : at + n], every))
            at += n
        if not parts:
            return np.empty((0, self._shape.n_lags)), np.empty((0, self._shape.n_lags))
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _push(self, x: FloatArray, y: FloatArray, every: int) -> tuple[FloatArray, FloatArray]:
        shape, n = self._shape, len(x)
        start = self._keep(x, y)
        products = self._products(start, n, 2, self._count % shape.renew)
        sums = np.empty((n + 1, *self._sums.shape))
        sums[0] = newest = self._sums
        np.subtract(products[0], products[1], out=sums[1:])
        for row in sums[1:]:  # strictly one after the other, and faster than `cumsum` along this axis
            newest = np.add(newest, row, out=row)
        peaks = self._past[:, start - 1 : self._end].take(_SQUARES, axis=0)
        peaks[:, 0] = self._peak
        np.maximum.accumulate(peaks, axis=1, out=peaks)
        self._sums, self._peak = newest.copy(), peaks[:, -1].copy()
        rows = slice(-self._count % every + 1, None, every)
        self._count += n
        return self._correlations(sums[rows].transpose(1, 0, 2), peaks[:, rows])

    def _keep(self, x: FloatArray, y: FloatArray) -> int:
        """Write new samples behind the past and return the column of the first."""
        start, n = self._end, len(x)
        if start + n > self._raw.shape[1]:
            for kept in (self._past, self._raw):
                kept[:, : self._reach] = kept[:, start - self._reach : start]
            start = self._reach
        new = self._raw[:, start : start + n]
        new[0], new[1] = x, y
        if not self._known:
            self._find_offset(new)
        self._past[:, start : start + n] = self._series(new)
        self._end = start + n
        return start

    def _find_offset(self, both: FloatArray) -> None:
        # An offset near the data keeps the sums small; before it is known every product is 0 anyway.
        for person in range(2):
            if np.isnan(self._offset[person]):
                valid = both[person][np.isfinite(both[person])]
                if len(valid):
                    self._offset[person] = valid[0]
        self._known = not np.isnan(self._offset).any()

    def _renew(self) -> None:
        shape, end = self._shape, self._end
        past = slice(end - self._reach, end)
        self._offset[:] = np.nan
        self._find_offset(self._raw[:, past])
        self._past[:, past] = self._series(self._raw[:, past])
        self._peak = self._past[_SQUARES, past].max(axis=1)
        self._sums = self._products(end - shape.window, shape.window, 1, -shape.window)[0].sum(axis=0)

    def _series(self, both: FloatArray) -> FloatArray:
        """Return the factors of the six products of x, then of y, shape (12, n)."""
        series = np.empty((3, *both.shape))
        mask = np.isfinite(both, out=series[0])
        np.subtract(both, self._offset[:, None], out=series[1])
        if not mask.all():
            series[1][mask == 0.0] = 0.0
        np.multiply(series[1], series[1], out=series[2])
        factors: FloatArray = series.reshape(6, -1).take(_SERIES, axis=0)
        return factors

    def _products(self, start: int, n: int, sides: int, number: int) -> FloatArray:
        """Return what samples start … start + n − 1 bring into the sums, and what then leaves them.

        Returns
        -------
        ndarray, shape (sides, n, 6 or 10, 2L + 1)
            Side 0 brings; side 1 is a window earlier and leaves. `number` counts from the last renewal.
        """
        lag, window = self._shape.max_lag, self._shape.window
        out = np.empty((sides, n, *self._sums.shape))
        x, y = (self._looking_back(row, start, sides, n) for row in (_X, _Y))
        np.multiply(x, y[..., :1], out=out[:, :, :6, lag:])
        np.multiply(x[..., :1], y[..., :0:-1], out=out[:, :, :6, :lag])
        if self._shape.detrend:
            when = (np.arange(number, number + n) - window * np.arange(sides)[:, None])[:, :, None, None]
            np.multiply(out[:, :, :3], when, out=out[:, :, 6:9])
            np.multiply(out[:, :, 6:7], when, out=out[:, :, 9:])
        return out

    def _looking_back(self, row: int, start: int, sides: int, n: int) -> FloatArray:
        """Return a view whose element [s, i, c, j] is past[row + c, start − s · W + i − j], j = 0 … L."""
        line, item = self._past.strides
        shape = (sides, n, 6, self._shape.max_lag + 1)
        strides = (-self._shape.window * item, item, line, -item)
        return np.ndarray(shape, np.float64, self._past.data, row * line + start * item, strides)

    def _correlations(self, sums: FloatArray, peaks: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape = self._shape
        count = np.rint(sums[0])
        n = np.maximum(count, 1.0)
        # Variances of both and their covariance, each times n.
        parts = np.empty((3, *count.shape))
        np.multiply(sums[1:3], sums[1:3], out=parts[:2])
        np.multiply(sums[1], sums[2], out=parts[2])
        parts /= n
        np.subtract(sums[3:6], parts, out=parts)
        floor = (peaks * (FLAT * shape.window))[:, :, None]
        ok = parts[:2] > floor
        if shape.detrend:
            parts = _without_line(sums, n, parts)
            ok &= parts[:2] > floor
        enough = count >= shape.coverage * shape.window
        if ok.all() and enough.all():
            return fisher(parts[2] / np.sqrt(parts[0] * parts[1])), count
        good = ok[0] & ok[1] & enough
        size = np.sqrt(np.where(good, parts[0] * parts[1], 1.0))
        return fisher(np.where(good, parts[2], np.nan) / size), count


def _without_line(sums: FloatArray, n: FloatArray, parts: FloatArray) -> FloatArray:
    """Return variances and covariance after a straight line in time is taken out of both windows."""
    slopes = np.stack([sums[7] - sums[6] * sums[1] / n, sums[8] - sums[6] * sums[2] / n])
    spread = np.maximum(sums[9] - sums[6] * sums[6] / n, 1e-6)
    straight: FloatArray = parts - slopes[_LEFT] * slopes[_RIGHT] / spread
    return straight


def fisher(r: FloatArray) -> FloatArray:
    """Return atanh r with |z| ≤ 10."""
    z: FloatArray = np.maximum(r, -BELOW_1)
    np.arctanh(np.minimum(z, BELOW_1, out=z), out=z)
    np.maximum(z, -Z_LIMIT, out=z)
    return np.minimum(z, Z_LIMIT, out=z)


def strongest(z: FloatArray) -> FloatArray:
    """Return the largest |z| over lags (the last axis); nan if any lag is."""
    largest: FloatArray = np.abs(z).max(axis=-1)
    return largest


def mean_over_lags(z: FloatArray) -> FloatArray:
    """Return the mean over the last axis, summed in mirrored pairs: the same bits for swapped people."""
    lag = z.shape[-1] // 2
    pairs = z[..., lag:] + z[..., lag::-1]
    pairs[..., 0] = z[..., lag]
    mean: FloatArray = pairs.sum(axis=-1) / z.shape[-1]
    return mean


def lead_contrast(z: FloatArray) -> FloatArray:
    """Return mean over lags > 0 minus mean over lags < 0; positive: x leads."""
    lag = z.shape[-1] // 2
    contrast: FloatArray = (z[..., lag + 1 :] - z[..., :lag][..., ::-1]).sum(axis=-1) / lag
    return contrast

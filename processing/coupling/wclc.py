"""Windowed cross-lagged correlation of two signals, sample by sample or many samples at once.

Lag k > 0: y follows x. Both windows end no later than now, and the leader's is the earlier one:
k ≥ 0: x[t−k−W+1 … t−k] with y[t−W+1 … t]; k < 0: x[t−W+1 … t] with y[t−|k|−W+1 … t−|k|].

References
----------
Boker, Xu, Rotondo & King (2002), doi:10.1037/1082-989X.7.3.338
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, IntArray

Z_LIMIT = 10.0
"""|z| is capped here: two identical windows have no finite z."""
R_LIMIT = float(np.tanh(Z_LIMIT))
BELOW_1 = float(np.nextafter(1.0, 0.0))
PIECE = 128
"""Samples worked on at once, for the sake of the cache."""
FLAT = 1e-10
"""A window is constant if its variance is below this share of the largest square since the last renewal."""

_MASK, _VALUE, _SQUARE = 0, 1, 2
_X_FACTORS = np.array([_MASK, _VALUE, _MASK, _SQUARE, _MASK, _VALUE])
_Y_FACTORS = np.array([_MASK, _MASK, _VALUE, _MASK, _SQUARE, _VALUE])
"""Their products, summed over a window: count, Σa, Σb, Σa², Σb², Σab, over samples that both have."""
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
        self._past = np.full((2, shape.window + shape.max_lag), np.nan)
        self._offset = np.full(2, np.nan)
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
        shape, n, kept = self._shape, len(x), self._past.shape[1]
        both = np.empty((2, kept + n))
        both[:, :kept], both[0, kept:], both[1, kept:] = self._past, x, y
        self._find_offset(both)
        left, right, squares = self._series(both)
        w, reach = shape.window, shape.window + shape.max_lag
        first = self._count % shape.renew
        sums = np.empty((len(self._sums), n + 1, shape.n_lags))
        sums[:, 0] = self._sums
        brought = self._products(left, right, reach, n, first)
        brought -= self._products(left, right, reach - w, n, first - w)
        sums[:, 1:] = brought
        np.cumsum(sums, axis=1, out=sums)
        peaks = squares[:, reach - 1 :].copy()
        peaks[:, 0] = self._peak
        np.maximum.accumulate(peaks, axis=1, out=peaks)
        self._sums, self._peak, self._past = sums[:, -1].copy(), peaks[:, -1].copy(), both[:, n:].copy()
        rows = slice(-self._count % every + 1, None, every)
        self._count += n
        return self._correlations(np.ascontiguousarray(sums[:, rows]), peaks[:, rows])

    def _find_offset(self, both: FloatArray) -> None:
        # An offset near the data keeps the sums small; before it is known every product is 0 anyway.
        if not math.isnan(self._offset.sum()):
            return
        for person in range(2):
            if np.isnan(self._offset[person]):
                valid = both[person][np.isfinite(both[person])]
                if len(valid):
                    self._offset[person] = valid[0]

    def _renew(self) -> None:
        shape = self._shape
        self._offset[:] = np.nan
        self._find_offset(self._past)
        left, right, squares = self._series(self._past)
        self._peak = squares.max(axis=1)
        self._sums = self._products(left, right, shape.max_lag, shape.window, -shape.window).sum(axis=1)

    def _series(self, both: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the factors of the six products for x and for y, shape (6, n), and the squares, (2, n)."""
        mask = np.isfinite(both)
        series = np.empty((3, *both.shape))
        series[0] = mask
        np.subtract(both, self._offset[:, None], out=series[1])
        series[1][~mask] = 0.0
        np.multiply(series[1], series[1], out=series[2])
        return series[:, 0].take(_X_FACTORS, axis=0), series[:, 1].take(_Y_FACTORS, axis=0), series[2]

    def _products(self, x: FloatArray, y: FloatArray, start: int, n: int, number: int) -> FloatArray:
        """Return what samples start … start + n − 1 bring into the sums: shape (6 or 10, n, 2L + 1)."""
        lag = self._shape.max_lag
        out = np.empty((len(self._sums), n, self._shape.n_lags))
        x_past, y_past = _looking_back(x, start, n, lag), _looking_back(y, start, n, lag)
        np.multiply(x_past, y_past[:, :, :1], out=out[:6, :, lag:])
        np.multiply(x_past[:, :, :1], y_past[:, :, :0:-1], out=out[:6, :, :lag])
        if self._shape.detrend:
            when = np.arange(number, number + n, dtype=np.float64)[:, None]
            np.multiply(out[:3], when, out=out[6:9])
            np.multiply(out[6], when, out=out[9])
        return out

    def _correlations(self, sums: FloatArray, peaks: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape = self._shape
        count = np.rint(sums[0])
        n = np.maximum(count, 1.0)
        # Variances of both and their covariance, each times n.
        parts = sums[1:3].take(_LEFT, axis=0)
        parts *= sums[1:3].take(_RIGHT, axis=0)
        parts /= n
        np.subtract(sums[3:6], parts, out=parts)
        floor = (FLAT * shape.window * peaks)[:, :, None]
        ok = (count >= shape.coverage * shape.window) & (parts[:2] > floor).all(axis=0)
        if shape.detrend:
            parts = _without_line(sums, n, parts)
            ok &= (parts[:2] > floor).all(axis=0)
        if ok.all():
            return fisher(parts[2] / np.sqrt(parts[0] * parts[1])), count
        size = np.sqrt(np.where(ok, parts[0] * parts[1], 1.0))
        return fisher(np.where(ok, parts[2], np.nan) / size), count


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


def _looking_back(series: FloatArray, start: int, n: int, lag: int) -> FloatArray:
    """Return a view whose element [c, i, j] is series[c, start + i − j], j = 0 … lag."""
    row, item = series.strides
    shape, strides = (len(series), n, lag + 1), (row, item, -item)
    return np.ndarray(shape, np.float64, buffer=series, offset=start * item, strides=strides)

"""Correlation of every window of one person with every window of the other, lag by lag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.coupling.wclc import R_LIMIT, TableShape


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Windows:
    """Hold standardised windows of one person.

    Parameters
    ----------
    values : ndarray, shape (n, L + 1, W)
        Window n, ending j samples earlier for column j: mean 0, norm 1, missing samples 0.
    mask : ndarray, shape (n, L + 1, W)
        Which samples are there.
    whole : ndarray, shape (n,)
        All of them are there, and no window is constant.
    """

    values: FloatArray
    mask: BoolArray
    whole: BoolArray

    def __len__(self) -> int:
        return len(self.whole)

    def at(self, which: BoolArray) -> Windows:
        """Return some of the windows."""
        if which.all():
            return self
        if not which.any():
            return Windows(values=self.values[:0], mask=self.mask[:0], whole=self.whole[:0])
        return Windows(values=self.values[which], mask=self.mask[which], whole=self.whole[which])


CONSTANT = 1e-9
"""A window is constant if its norm is below this share of its first value."""


def joined(parts: Sequence[Windows]) -> Windows:
    """Return windows one after the other."""
    return Windows(
        values=np.concatenate([p.values for p in parts]),
        mask=np.concatenate([p.mask for p in parts]),
        whole=np.concatenate([p.whole for p in parts]),
    )


def windows_at(signal: FloatArray, ends: IntArray, shape: TableShape) -> Windows:
    """Cut and standardise the windows that end at samples `ends`, and those up to L samples earlier.

    `signal` must reach back W + L − 1 samples before the first end.
    """
    offsets = np.arange(shape.max_lag + 1)
    starts = ends[:, None] - offsets - (shape.window - 1)
    cut = sliding_window_view(signal, shape.window)[starts]
    mask = np.isfinite(cut)
    if mask.all():
        # The first sample is near enough to the mean, and no neighbour of the window decides it.
        first = cut[..., :1]
        values = cut - first
        values -= values.sum(axis=-1, keepdims=True) / shape.window
    else:
        count = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
        first = np.take_along_axis(cut, mask.argmax(axis=-1)[..., None], axis=-1)
        first = np.where(np.isfinite(first), first, 0.0)
        values = np.where(mask, cut - first, 0.0)
        values = np.where(mask, values - values.sum(axis=-1, keepdims=True) / count, 0.0)
    if shape.detrend:
        values = _without_lines(values, mask)
    norm = np.sqrt(np.einsum("ijk,ijk->ij", values, values))[..., None]
    ok = norm > CONSTANT * np.abs(first)
    if ok.all():
        values /= norm
    else:
        values = np.where(ok, values / np.where(ok, norm, 1.0), 0.0)
    return Windows(values=values, mask=mask, whole=(mask.all(axis=-1) & ok[..., 0]).all(axis=-1))


def _without_lines(values: FloatArray, mask: BoolArray) -> FloatArray:
    when = np.where(mask, np.arange(values.shape[-1], dtype=np.float64), 0.0)
    count = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    when = np.where(mask, when - when.sum(axis=-1, keepdims=True) / count, 0.0)
    spread = np.maximum((when * when).sum(axis=-1, keepdims=True), 1e-6)
    straight: FloatArray = values - when * ((values * when).sum(axis=-1, keepdims=True) / spread)
    return straight


def tables(x: Windows, y: Windows, shape: TableShape) -> FloatArray:
    """Return r of each window of x with each of y at each lag, nan below the coverage.

    Returns
    -------
    ndarray, shape (2L + 1, len(x), len(y))
        Lag k ≥ 0 takes the window of x that ends k samples earlier, k < 0 that of y.
    """
    if x.whole.all() and y.whole.all():
        return _block(x, y, shape, joint=False)
    out = np.full((shape.n_lags, len(x), len(y)), np.nan)
    for some_x in (x.whole, ~x.whole):
        for some_y in (y.whole, ~y.whole):
            if not (some_x.any() and some_y.any()):
                continue
            joint = not (x.whole[some_x][0] and y.whole[some_y][0])
            rows, columns = np.ix_(some_x, some_y)
            out[:, rows, columns] = _block(x.at(some_x), y.at(some_y), shape, joint)
    return out


def strongest_of_pairs(x: Windows, y: Windows, shape: TableShape) -> FloatArray:
    """Return the largest |r| over lags of each window of x with each of y, nan if any lag is."""
    r = tables(x, y, shape)
    largest: FloatArray = np.abs(r, out=r).max(axis=0)
    return largest


def _block(x: Windows, y: Windows, shape: TableShape, joint: bool) -> FloatArray:
    r = _dots(x.values, y.values, shape)
    if joint:
        mx, my = x.mask.astype(np.float64), y.mask.astype(np.float64)
        count = np.rint(_dots(mx, my, shape))
        n = np.maximum(count, 1.0)
        a, b = _dots(x.values, my, shape), _dots(mx, y.values, shape)
        va = _dots(x.values**2, my, shape) - a * a / n
        vb = _dots(mx, y.values**2, shape) - b * b / n
        # Standardised windows have norm 1, so a joint part that holds next to none of it is constant.
        ok = (count >= shape.coverage * shape.window) & (va > 1e-4) & (vb > 1e-4)
        r = np.where(ok, (r - a * b / n) / np.sqrt(np.where(ok, va * vb, 1.0)), np.nan)
    return np.minimum(np.maximum(r, -R_LIMIT, out=r), R_LIMIT, out=r)


def _dots(x: FloatArray, y: FloatArray, shape: TableShape) -> FloatArray:
    """Return sums of products at each lag, shape (2L + 1, n_x, n_y).

    Matrix products whose shapes the data fix, not the batching; exchanging the people exchanges them.
    """
    lag = shape.max_lag
    out = np.empty((shape.n_lags, len(x), len(y)), x.dtype)
    np.matmul(x.transpose(1, 0, 2), np.ascontiguousarray(y[:, 0]).T, out=out[lag:])
    behind = np.matmul(y.transpose(1, 0, 2)[1:], np.ascontiguousarray(x[:, 0]).T)
    out[:lag] = behind[::-1].transpose(0, 2, 1)
    return out

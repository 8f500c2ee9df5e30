"""Correlation of every window of one person with every window of the other, lag by lag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.coupling.wclc import R_LIMIT, TableShape, strongest


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
        return Windows(values=self.values[which], mask=self.mask[which], whole=self.whole[which])


def windows_at(signal: FloatArray, ends: IntArray, shape: TableShape, dtype: type = np.float64) -> Windows:
    """Cut and standardise the windows that end at samples `ends`, and those up to L samples earlier.

    `signal` must reach back W + L − 1 samples before the first end.
    """
    offsets = np.arange(shape.max_lag + 1)
    starts = ends[:, None] - offsets - (shape.window - 1)
    cut = sliding_window_view(signal, shape.window)[starts]
    mask = np.isfinite(cut)
    if mask.all():
        return _whole_windows(cut, mask, shape, dtype)
    count = np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    # The first sample that is there is near enough to the mean, and no neighbour of the window decides it.
    first = np.take_along_axis(cut, mask.argmax(axis=-1)[..., None], axis=-1)
    values = np.where(mask, cut - first, 0.0)
    values = np.where(mask, values - values.sum(axis=-1, keepdims=True) / count, 0.0)
    if shape.detrend:
        values = _without_lines(values, mask)
    norm = np.sqrt((values * values).sum(axis=-1, keepdims=True))
    ok = norm > 1e-9 * np.abs(np.where(mask, cut, 0.0)).max(axis=-1, keepdims=True)
    values = np.where(ok, values / np.where(ok, norm, 1.0), 0.0)
    return Windows(
        values=values.astype(dtype), mask=mask, whole=(mask.all(axis=-1) & ok[..., 0]).all(axis=-1)
    )


def _whole_windows(cut: FloatArray, mask: BoolArray, shape: TableShape, dtype: type) -> Windows:
    """Do the same, to the bit, for windows without a hole."""
    values = cut - cut[..., :1]
    values -= values.sum(axis=-1, keepdims=True) / shape.window
    if shape.detrend:
        values = _without_lines(values, mask)
    norm = np.sqrt((values * values).sum(axis=-1, keepdims=True))
    ok = norm > 1e-9 * np.abs(cut).max(axis=-1, keepdims=True)
    values = np.where(ok, values / np.where(ok, norm, 1.0), 0.0)
    return Windows(values=values.astype(dtype), mask=mask, whole=ok[..., 0].all(axis=-1))


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
    ndarray, shape (len(x), len(y), 2L + 1)
        Lag k ≥ 0 takes the window of x that ends k samples earlier, k < 0 that of y.
    """
    if x.whole.all() and y.whole.all():
        return _block(x, y, shape, joint=False)
    out = np.full((len(x), len(y), shape.n_lags), np.nan, x.values.dtype)
    for some_x in (x.whole, ~x.whole):
        for some_y in (y.whole, ~y.whole):
            if not (some_x.any() and some_y.any()):
                continue
            joint = not (x.whole[some_x][0] and y.whole[some_y][0])
            out[np.ix_(some_x, some_y)] = _block(x.at(some_x), y.at(some_y), shape, joint)
    return out


def strongest_of_pairs(x: Windows, y: Windows, shape: TableShape) -> FloatArray:
    """Return the largest |r| over lags of each window of x with each of y, nan if any lag is."""
    if not (x.whole.all() and y.whole.all()):
        return strongest(tables(x, y, shape))
    ahead, behind = _halves(x.values, y.values, shape.window)
    largest = np.maximum(np.abs(ahead, out=ahead).max(axis=1), np.abs(behind, out=behind).max(axis=1).T)
    capped: FloatArray = np.minimum(largest, R_LIMIT)
    return capped


def _block(x: Windows, y: Windows, shape: TableShape, joint: bool) -> FloatArray:
    if not joint:
        return np.clip(_dots(x.values, y.values, shape), -R_LIMIT, R_LIMIT)
    dtype = x.values.dtype
    mx, my = x.mask.astype(dtype), y.mask.astype(dtype)
    count = np.rint(_dots(mx, my, shape))
    n = np.maximum(count, 1.0)
    a, b = _dots(x.values, my, shape), _dots(mx, y.values, shape)
    va = _dots(x.values**2, my, shape) - a * a / n
    vb = _dots(mx, y.values**2, shape) - b * b / n
    # Standardised windows have norm 1, so a joint part that holds next to none of it is constant.
    ok = (count >= shape.coverage * shape.window) & (va > 1e-4) & (vb > 1e-4)
    r = (_dots(x.values, y.values, shape) - a * b / n) / np.sqrt(np.where(ok, va * vb, 1.0))
    return np.where(ok, np.clip(r, -R_LIMIT, R_LIMIT), np.nan)


def _dots(x: FloatArray, y: FloatArray, shape: TableShape) -> FloatArray:
    """Return sums of products at each lag, shape (n_x, n_y, 2L + 1)."""
    lag = shape.max_lag
    out = np.empty((len(x), len(y), shape.n_lags), x.dtype)
    ahead, behind = _halves(x, y, shape.window)
    out[:, :, lag:] = ahead.transpose(0, 2, 1)
    out[:, :, :lag] = behind[:, :0:-1].transpose(2, 0, 1)
    return out


def _halves(x: FloatArray, y: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return sums of products for k ≥ 0, (n_x, L + 1, n_y), and for −k, (n_y, L + 1, n_x).

    Two matrix products whose shapes the data fix, not the batching; exchanging the people exchanges them.
    """
    ahead = x.reshape(-1, window) @ np.ascontiguousarray(y[:, 0]).T
    behind = y.reshape(-1, window) @ np.ascontiguousarray(x[:, 0]).T
    return ahead.reshape(len(x), -1, len(y)), behind.reshape(len(y), -1, len(x))

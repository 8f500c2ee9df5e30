"""How much later one trace is than another: the peak of their cross-correlation, with an interval.

The lag is that of the largest correlation within minutes, whose means are taken out: what changes slowly
tells little of when. The peak between whole seconds is that of a parabola; r is that of the whole hour
there. The interval comes from blocks of a minute drawn again (Künsch 1989, doi:10.1214/aos/1176347265):
seconds of a rating are no independent values. Percentiles of what is drawn are too narrow where blocks are
few; they are expanded as a t interval would be (Hesterberg 2015, doi:10.1080/00031305.2015.1089789).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

from acquisition.stream import FloatArray

MOST = 6
"""Longest lag that is looked for [s]."""
BLOCK = 60
DRAWS = 1000
LEAST_BLOCKS = 8
WIDER = 1.05
"""Half-widths are multiplied by this: neighbouring blocks are not quite independent. Calibrated in
simulations (`benchmarks/ratings.py`): without it intervals that should hold 95 % hold 93.6 to 95.4 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lagged:
    """Hold the peak of a cross-correlation; nan with a `reason`.

    Parameters
    ----------
    r, r_at_0 : float
        At the peak, and without any lag.
    lag, low, high : float
        Of the peak, with its 95 % interval [s]; > 0: y comes later.
    n : int
        Seconds that both have, without any lag.
    """

    r: float = math.nan
    r_at_0: float = math.nan
    lag: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int = 0
    reason: str = ""


def lagged(x: FloatArray, y: FloatArray, rng: np.random.Generator, *, least: int = -MOST) -> Lagged:
    """Return the peak of the correlation of x[t] with y[t + lag].

    Parameters
    ----------
    x, y : ndarray, shape (n_seconds,)
        nan where missing.
    least : int
        Smallest lag that is looked for [s].
    """
    n = int(np.count_nonzero(np.isfinite(x) & np.isfinite(y)))
    blocks = len(x) // BLOCK
    if n < LEAST_BLOCKS * BLOCK / 2 or blocks < LEAST_BLOCKS:
        return Lagged(n=n, reason=f"{n} s in common: {LEAST_BLOCKS * BLOCK // 2} and more are needed")
    lags = np.arange(least, MOST + 1)
    sums = np.stack([_sums(x, y, int(lag), blocks) for lag in lags])
    r = _r(sums.sum(axis=1))
    if not np.isfinite(r).all():
        return Lagged(n=n, reason="one of the two does not vary")
    course = _r_within(sums)
    again = _drawn_again(sums, rng)
    peaks = [peak_of(lags, column) for column in again.T if np.isfinite(column).all()]
    low, high = np.percentile(peaks, levels(blocks)) if len(peaks) > DRAWS // 2 else (math.nan, math.nan)
    lag = peak_of(lags, course) if np.isfinite(course).all() else math.nan
    return Lagged(
        r=float(np.interp(lag, lags, r)),
        r_at_0=float(r[lags == 0][0]),
        lag=lag,
        low=float(low),
        high=float(high),
        n=n,
    )


def peak_of(lags: np.ndarray, r: FloatArray) -> float:
    """Return where the largest value lies, between the lags by a parabola; at an end, the end."""
    k = int(np.argmax(r))
    if k in (0, len(r) - 1):
        return float(lags[k])
    before, here, after = r[k - 1 : k + 2]
    bend = before - 2.0 * here + after
    return float(lags[k]) + (0.5 * float((before - after) / bend) if bend < 0.0 else 0.0)


def _sums(x: FloatArray, y: FloatArray, lag: int, blocks: int) -> FloatArray:
    """Return n, Σx, Σy, Σx², Σy², Σxy of each block of x with y so much later, shape (blocks, 6)."""
    later = np.full(len(y), math.nan)
    if lag >= 0:
        later[: len(y) - lag] = y[lag:]
    else:
        later[-lag:] = y[:lag]
    there = np.isfinite(x) & np.isfinite(later)
    a, b = np.where(there, x, 0.0), np.where(there, later, 0.0)
    rows = np.stack([there.astype(np.float64), a, b, a * a, b * b, a * b])[:, : blocks * BLOCK]
    sums: FloatArray = rows.reshape(6, blocks, BLOCK).sum(axis=2).T
    return sums


def _r(sums: FloatArray) -> FloatArray:
    """Return Pearson's r of sums in the last axis; nan where something does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    n = np.maximum(n, 1.0)
    spread = (xx - x * x / n) * (yy - y * y / n)
    with np.errstate(invalid="ignore", divide="ignore"):
        r: FloatArray = np.where(spread > 1e-20, (xy - x * y / n) / np.sqrt(spread), math.nan)
    return r


def _r_within(sums: FloatArray) -> FloatArray:
    """Return Pearson's r within blocks of sums in the last two axes (blocks, 6), pooled; nan as `_r`."""
    return _pooled(_spreads(sums).sum(axis=-2))


def _drawn_again(sums: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return `_r_within` of blocks drawn again, shape (n_lags, DRAWS)."""
    blocks = sums.shape[1]
    times = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=DRAWS).astype(np.float64)
    return _pooled(np.einsum("db,lbk->ldk", times, _spreads(sums)))


def _spreads(sums: FloatArray) -> FloatArray:
    """Return Sxy, Sxx, Syy of each block around its own means, in the last axis."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    n = np.maximum(n, 1.0)
    out: FloatArray = np.stack([xy - x * y / n, xx - x * x / n, yy - y * y / n], axis=-1)
    return out


def _pooled(spreads: FloatArray) -> FloatArray:
    both, of_x, of_y = np.moveaxis(spreads, -1, 0)
    spread = of_x * of_y
    with np.errstate(invalid="ignore", divide="ignore"):
        r: FloatArray = np.where(spread > 1e-20, both / np.sqrt(spread), math.nan)
    return r


def levels(n: int) -> tuple[float, float]:
    """Return the percentiles that bound a 95 % interval of what n blocks drawn again give."""
    far = WIDER * math.sqrt(n / (n - 1.0)) * float(stdtrit(n - 1, 0.975))
    low = 100.0 * float(ndtr(-far))
    return low, 100.0 - low


def shifted(values: FloatArray, by: float) -> FloatArray:
    """Return a trace as it would be had it come so much earlier [s]; between seconds by a straight line."""
    at = np.arange(len(values)) + by
    low = np.floor(at).astype(np.int64)
    share = at - low
    padded = np.concatenate((values, [math.nan]))
    inside = (low >= 0) & (low < len(values))
    first = np.where(inside, padded[np.clip(low, 0, len(values))], math.nan)
    second = np.where(inside, padded[np.clip(low + 1, 0, len(values))], math.nan)
    return np.where(share > 0.0, (1.0 - share) * first + share * second, first)

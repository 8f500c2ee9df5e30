"""The whole lag table of two arrays: the live computation, over all samples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray, IntArray
from processing.coupling.wclc import LagTable, TableShape, fisher
from processing.surrogates.segments import COVERAGE, checked_pair, in_samples, shortcoming

RENEW = 600.0
PIECE = 2400
NEAR_1 = 3.0
"""|z| from which a value is computed anew from its two windows."""
GEOMETRIES = ("causal", "forward")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LaggedCorrelation:
    """Hold a lag table.

    Parameters
    ----------
    times : ndarray, shape (n_times,)
        Seconds since the first sample: causal, of the newest sample of the windows; forward, of their oldest.
    lags : ndarray, shape (n_lags,)
        Seconds; > 0: the client follows.
    z : ndarray, shape (n_times, n_lags)
        atanh r, |z| ≤ 10; nan below the coverage, or where a window is constant.
    coverage : ndarray, shape (n_times, n_lags)
        Share of the window that is there in both people.
    reason : str
        Why there is not a single value; else empty.
    """

    times: FloatArray
    lags: FloatArray
    z: FloatArray
    coverage: FloatArray
    reason: str = ""


def lagged_correlation(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    window: float = 30.0,
    step: float = 1.0,
    max_lag: float = 5.0,
    geometry: str = "causal",
    detrend: bool = False,
) -> LaggedCorrelation:
    """Return Pearson's r (as z) in moving windows at each lag, each window with its own mean and SD.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing; a value needs 80 % of its window in both people at once.
    sfreq : float
        [Hz]
    window, step, max_lag : float
        [s]
    geometry : "causal" or "forward"
        Causal: both windows end no later than `times`, the leader's is the earlier one. Forward, as rMEA:
        both begin no earlier than `times`, the leader's is the one that begins there.
    detrend : bool
        Take a straight line out of each window.

    Returns
    -------
    LaggedCorrelation
        Without rows where the signals are shorter than window and lag together.

    Raises
    ------
    ValueError
        If the signals differ in length, or the geometry is unknown.

    References
    ----------
    Boker et al. (2002), doi:10.1037/1082-989X.7.3.338; R package rMEA 1.2.2.
    """
    x, y = checked_pair(therapist, client, sfreq)
    if geometry not in GEOMETRIES:
        raise ValueError(f"no geometry {geometry!r} (known: {', '.join(GEOMETRIES)})")
    w, lag = in_samples(window, sfreq, "window", least=4), in_samples(max_lag, sfreq, "max_lag", least=1)
    increment = in_samples(step, sfreq, "step", least=1)
    shape = TableShape(
        window=w, max_lag=lag, coverage=COVERAGE, renew=max(1, round(RENEW * sfreq)), detrend=detrend
    )
    z, counts = _whole(x, y, shape)
    if geometry == "causal":
        at = np.arange(w + lag - 1, len(x), increment)
        newest = np.repeat(at[:, None], shape.n_lags, axis=1)
    else:
        at = np.arange(0, max(len(x) - w - lag + 1, 0), increment)
        newest = at[:, None] + w - 1 + np.abs(shape.lags)
    columns = np.arange(shape.n_lags)
    z, counts = z[newest, columns], counts[newest, columns]
    _refine(z, x, y, newest, shape)
    reason = "" if np.isfinite(z).any() else _why_nothing(x, y, shape, sfreq)
    return LaggedCorrelation(
        times=at / sfreq, lags=shape.lags / sfreq, z=z, coverage=counts / w, reason=reason
    )


def _why_nothing(x: FloatArray, y: FloatArray, shape: TableShape, sfreq: float) -> str:
    needed = (shape.window + shape.max_lag) / sfreq
    if len(x) < shape.window + shape.max_lag:
        return f"{len(x) / sfreq:g} s are shorter than a window and a lag, {needed:g} s"
    return f"no window with {COVERAGE:.0%} of both people that varies {shortcoming(x, y, sfreq)}"


def _refine(z: FloatArray, x: FloatArray, y: FloatArray, newest: IntArray, shape: TableShape) -> None:
    """Correlate window by window where r is so near to 1 that z shows the rounding of running sums."""
    rows, columns = np.nonzero(np.abs(z) > NEAR_1)
    for k in range(0, len(rows) if not shape.detrend else 0, PIECE):
        row, column = rows[k : k + PIECE], columns[k : k + PIECE]
        lag = shape.lags[column]
        back = np.arange(shape.window)
        a = x[(newest[row, column] - np.maximum(lag, 0))[:, None] - back]
        b = y[(newest[row, column] - np.maximum(-lag, 0))[:, None] - back]
        there = np.isfinite(a) & np.isfinite(b)
        n = there.sum(axis=1, keepdims=True)
        # As R does; near 1 the last bit of r is seen in z.
        a, b = (np.where(there, v, 0.0).astype(np.longdouble) for v in (a, b))
        a, b = (np.where(there, v - v.sum(axis=1, keepdims=True) / n, 0.0) for v in (a, b))
        size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        z[row, column] = fisher(((a * b).sum(axis=1) / size).astype(np.float64))


def _whole(x: FloatArray, y: FloatArray, shape: TableShape) -> tuple[FloatArray, FloatArray]:
    """Return the table at every sample, computed piece by piece to spare memory."""
    table = LagTable(shape)
    parts = [table.push(x[k : k + PIECE], y[k : k + PIECE]) for k in range(0, len(x), PIECE)]
    if not parts:
        return table.push(x, y)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

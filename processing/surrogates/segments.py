"""Two people's signals as arrays, checked, and the correlation of every segment with every other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import BoolArray, FloatArray
from processing.coupling.wclc import fisher, mean_over_lags

WHOLE = 400
"""Segments up to which every pair is held at every lag: sums are the same to the bit for swapped people."""
BLOCK = 32
COVERAGE = 0.8
"""Least valid share of a segment, as live."""


class NoValueWarning(UserWarning):
    """A function that returns a bare number returns nan; the message says why."""


def checked_pair(therapist: ArrayLike, client: ArrayLike, sfreq: float) -> tuple[FloatArray, FloatArray]:
    """Return both signals as float arrays with nan where a value is missing or infinite.

    Raises
    ------
    ValueError
        If they are not one-dimensional, differ in length, or `sfreq` is no rate.
    """
    pair = []
    for name, signal in (("therapist", therapist), ("client", client)):
        array = np.asarray(signal, np.float64)
        if array.ndim != 1:
            raise ValueError(f"{name}: a signal has one dimension, not shape {array.shape}")
        pair.append(np.where(np.isfinite(array), array, np.nan))
    if len(pair[0]) != len(pair[1]):
        raise ValueError(
            f"the signals differ in length: therapist {len(pair[0])}, client {len(pair[1])}; "
            "both must be on one grid, at one rate"
        )
    if not (np.isfinite(sfreq) and sfreq > 0):
        raise ValueError(f"sfreq must be a positive rate in Hz, not {sfreq}")
    return pair[0], pair[1]


def shortcoming(x: FloatArray, y: FloatArray, sfreq: float) -> str:
    """Return why two signals leave too little to compute with, in brackets: missing, constant, or short."""
    faults = []
    for name, signal in (("therapist", x), ("client", y)):
        there = signal[np.isfinite(signal)]
        if len(signal) and not len(there):
            faults.append(f"no data of the {name}")
        elif len(there) and there.min() == there.max():
            faults.append(f"the {name}'s signal is constant")
    both = np.count_nonzero(np.isfinite(x) & np.isfinite(y)) / sfreq
    return f"({'; '.join(faults) or f'{both:g} s with data of both people'})"


def in_samples(seconds: float, sfreq: float, name: str, *, least: int) -> int:
    """Return a duration in whole samples.

    Raises
    ------
    ValueError
        If it is shorter than `least` samples.
    """
    n = round(seconds * sfreq) if np.isfinite(seconds) else -1
    if n < least:
        raise ValueError(f"{name} of {seconds:g} s is under {least} samples at {sfreq:g} Hz")
    return n


def stretches(there: BoolArray) -> list[tuple[int, int]]:
    """Return start and stop of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SegmentTable:
    """Hold z of every segment of the therapist with every segment of the client.

    Parameters
    ----------
    z : ndarray, shape (n_segments, n_segments, 2L + 1)
        [i, j, L + k]: segment i of the therapist, j of the client, lag k in samples (> 0: client follows).
        Rows and columns of segments that cannot be used are nan.
    both : ndarray, shape (n_segments,)
        Segments that can be used in both people.
    """

    z: FloatArray
    both: BoolArray


def segment_table(
    x: FloatArray, y: FloatArray, segment: int, max_lag: int, *, detrend: bool = False
) -> SegmentTable:
    """Cut into adjoining segments, drop the tail, and correlate at each lag within the segment.

    r(k) = Σ (x[t] − x̄)(y[t + k] − ȳ) / (n s_x s_y) with mean and population SD of the whole segment, as in
    R's ccf. Missing samples enter neither mean, SD nor sum; the divisor is then √(n_x n_y), so that |r| ≤ 1.
    With `detrend` a straight line is taken out of each segment first.

    Raises
    ------
    ValueError
        If the lags reach past the segment.
    """
    (u, ok_x), (v, ok_y) = _units(x, y, segment, max_lag, detrend)
    n = len(u)
    r = np.empty((2 * max_lag + 1, n, n))
    for k in range(max_lag + 1):
        r[max_lag + k] = u[:, : segment - k] @ v[:, k:].T
        # The transposed product of exchanged people, so that exchanging them mirrors every bit.
        r[max_lag - k] = (v[:, : segment - k] @ u[:, k:].T).T if k else r[max_lag]
    z = np.ascontiguousarray(fisher(r).transpose(1, 2, 0))
    z[~ok_x] = np.nan
    z[:, ~ok_y] = np.nan
    return SegmentTable(z=z, both=ok_x & ok_y)


def pair_means(
    x: FloatArray, y: FloatArray, segment: int, max_lag: int, *, signed: bool = False, detrend: bool = False
) -> FloatArray:
    """Return the mean over lags of |z|, or of z, of each usable segment with each, shape (n, n).

    Raises
    ------
    ValueError
        If the lags reach past the segment.
    """
    if len(x) // segment <= WHOLE:
        table = segment_table(x, y, segment, max_lag, detrend=detrend)
        z = table.z[np.ix_(table.both, table.both)]
        return mean_over_lags(z if signed else np.abs(z))
    rows = [
        mean_over_lags(z if signed else np.abs(z))
        for z, _ in row_blocks(x, y, segment, max_lag, detrend=detrend)
    ]
    return np.concatenate(rows) if rows else np.empty((0, 0))


def row_blocks(
    x: FloatArray, y: FloatArray, segment: int, max_lag: int, *, detrend: bool = False, both: bool = True
) -> Iterator[tuple[FloatArray, BoolArray]]:
    """Yield z of some of the therapist's usable segments with all of the client's, and which pairs match.

    A long session's table of every pair at every lag takes gigabytes; of it no more than a block is held.

    Parameters
    ----------
    both : bool
        Take only segments that can be used in both people.

    Yields
    ------
    z : ndarray, shape (m, n, 2L + 1)
    matched : ndarray, shape (m, n)
    """
    (u, ok_x), (v, ok_y) = _units(x, y, segment, max_lag, detrend)
    if both:
        ok_x = ok_y = ok_x & ok_y
    rows, columns = np.flatnonzero(ok_x), np.flatnonzero(ok_y)
    v = v[columns]
    for first in range(0, len(rows), BLOCK):
        mine = rows[first : first + BLOCK]
        part = u[mine]
        r = np.empty((len(part), len(v), 2 * max_lag + 1))
        for k in range(max_lag + 1):
            r[:, :, max_lag + k] = part[:, : segment - k] @ v[:, k:].T
            r[:, :, max_lag - k] = part[:, k:] @ v[:, : segment - k].T
        yield fisher(r), np.asarray(mine[:, np.newaxis] == columns)


def matched_segments(
    x: FloatArray, y: FloatArray, segment: int, max_lag: int, *, detrend: bool = False
) -> FloatArray:
    """Return z of each usable segment with its own counterpart, shape (n, 2L + 1); see `segment_table`."""
    (u, ok_x), (v, ok_y) = _units(x, y, segment, max_lag, detrend)
    u, v = u[ok_x & ok_y], v[ok_x & ok_y]
    r = np.empty((len(u), 2 * max_lag + 1))
    for k in range(max_lag + 1):
        r[:, max_lag + k] = np.einsum("ij,ij->i", u[:, : segment - k], v[:, k:])
        r[:, max_lag - k] = np.einsum("ij,ij->i", v[:, : segment - k], u[:, k:])
    return fisher(r)


def _units(
    x: FloatArray, y: FloatArray, segment: int, max_lag: int, detrend: bool
) -> list[tuple[FloatArray, BoolArray]]:
    """Return the standardised segments of both people, and which of them can be used."""
    if max_lag >= segment:
        raise ValueError(f"lags of {max_lag} samples reach past a segment of {segment}")
    n = len(x) // segment
    cut = [s[: n * segment].reshape(n, segment) for s in (x, y)]
    return [standardised(without_lines(s) if detrend else s) for s in cut]


def standardised(segments: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return segments with mean 0 and norm 1, and which of them can be used."""
    mask = np.isfinite(segments)
    count = mask.sum(axis=1, keepdims=True)
    there = np.where(mask, segments, 0.0)
    mean = there.sum(axis=1, keepdims=True) / np.maximum(count, 1)
    centred = np.where(mask, segments - mean, 0.0)
    norm = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    varied = norm > 1e-9 * np.abs(there).max(axis=1, keepdims=True, initial=0.0)
    ok = varied[:, 0] & (count[:, 0] >= COVERAGE * segments.shape[1])
    return centred / np.where(norm > 0, norm, 1.0), ok


def without_lines(segments: FloatArray) -> FloatArray:
    """Return segments less their least-squares line over the samples that are there."""
    mask = np.isfinite(segments)
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    when = np.where(mask, np.arange(segments.shape[1], dtype=np.float64), 0.0)
    when = np.where(mask, when - when.sum(axis=1, keepdims=True) / count, 0.0)
    mean = np.where(mask, segments, 0.0).sum(axis=1, keepdims=True) / count
    rise = (when * np.where(mask, segments - mean, 0.0)).sum(axis=1, keepdims=True)
    spread = np.maximum((when * when).sum(axis=1, keepdims=True), 1e-6)
    straight: FloatArray = segments - mean - when * (rise / spread)
    size = np.sqrt(np.where(mask, straight * straight, 0.0).sum(axis=1, keepdims=True))
    largest = np.abs(np.where(mask, segments, 0.0)).max(axis=1, keepdims=True, initial=0.0)
    return np.where(size > 1e-9 * largest, straight, 0.0 * straight)  # what is left of a line is rounding

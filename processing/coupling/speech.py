"""What both people say, taken out of a signal before coupling is decided.

Where two people take turns to speak, and own speech moves own heart and skin, signals go together without
anybody following the other. Each signal is regressed on the speech of both: own and the other's, at lags of
−2 … 10 s; skin conductance on courses of up to 60 s after the beginning of each turn, too. Coefficients are
fitted **within segments**, straight lines taken out of signal and regressors: fitted over a whole hour, what
drift and talk share by chance leaves the same speech-shaped course in both people: coupling made by the fit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

LAGS = range(-2, 11)
"""Seconds by which speech may come before its effect; a second or two after it, too, since rows of speech are
whole seconds and a slope reaches as far on both sides."""
COURSE = 60
"""Longest course after the beginning of a turn [s]."""
N_COURSES = 9
"""Triangles that make it up, narrow at its beginning and wide at its end."""
RIDGE = 1e-6
"""Share of the mean square of the regressors that keeps the fit solvable where somebody never speaks."""
SPOKEN = 0.5
"""Share of a moment from which somebody speaks."""


def without_speech(
    signal: FloatArray,
    own: FloatArray,
    other: FloatArray,
    *,
    ends: IntArray,
    window: int,
) -> FloatArray:
    """Return a signal less what goes with speech; nan where speech is not known.

    Parameters
    ----------
    signal : ndarray, shape (n,)
        Of one person; nan where missing.
    own, other : ndarray, shape (n, k)
        Regressors of the speech of that person and of the other (`regressors`): own ones first, so that
        exchanging the people changes no bit.
    ends : ndarray of int
        Last sample of each segment that is fitted in.
    window : int
        Samples of a segment.
    """
    design = np.concatenate([own, other], axis=1)
    known = np.asarray(np.isfinite(design).all(axis=1))
    there = known & np.isfinite(signal)
    if not known.all():
        design[~known] = 0.0
    offset = float(signal[there].mean()) if there.any() else 0.0
    joined = np.concatenate([np.where(there, signal - offset, 0.0)[:, None], design], axis=1)
    joined[~there] = 0.0
    at = ends[:, None] + np.arange(1 - window, 1)
    gram = _products_within(joined[at], np.asarray(there[at]))
    size = len(gram) - 1
    ridge = RIDGE * max(float(np.trace(gram[1:, 1:])) / size, 1e-12)
    weights = np.linalg.solve(gram[1:, 1:] + ridge * np.eye(size), gram[1:, 0])
    out: FloatArray = np.where(known, signal - design @ weights, np.nan)
    return out


def regressors(speech: FloatArray, *, sfreq: float, courses: bool) -> FloatArray:
    """Return what the speech of one person may do to a signal, shape (n, k); nan where it is not known.

    Parameters
    ----------
    speech : ndarray, shape (n,)
        0-1; nan where not known.
    courses : bool
        Give courses after the beginning of turns, too.
    """
    columns = [_shifted(speech, round(lag * sfreq)) for lag in LAGS]
    if courses:
        begins = _begins(speech)
        columns += [np.convolve(begins, shape)[: len(speech)] for shape in _courses(sfreq)]
    return np.ascontiguousarray(np.array(columns).T)


def _shifted(speech: FloatArray, by: int) -> FloatArray:
    """Return speech `by` samples later; nobody spoke before the first, and as in the last after it."""
    out = np.zeros(len(speech))
    if by >= 0:
        out[by:] = speech[: len(speech) - by]
    elif len(speech):
        out[:by], out[by:] = speech[-by:], speech[-1]
    return out


def _begins(speech: FloatArray) -> FloatArray:
    """Return 1 where a turn begins; none is known to begin where speech is not known before."""
    talks = speech >= SPOKEN
    before = np.concatenate([[0.0], speech[:-1]])
    return (talks & (before < SPOKEN)).astype(np.float64)


@lru_cache(maxsize=4)
def _courses(sfreq: float) -> tuple[FloatArray, ...]:
    """Return triangles over ln(1 + t / 3 s), which sum to 1 at each moment, shape (60 s,) each."""
    u = np.log1p(np.arange(round(COURSE * sfreq)) / sfreq / 3.0)
    middles = np.linspace(0.0, float(u[-1]), N_COURSES)
    return tuple(np.clip(1.0 - np.abs(u - middle) / middles[1], 0.0, 1.0) for middle in middles)


def _products_within(values: FloatArray, mask: BoolArray) -> FloatArray:
    """Return products of columns, summed within segments less the least-squares line of each column.

    Parameters
    ----------
    values : ndarray, shape (n_segments, W, k)
        0 where missing.
    mask : ndarray of bool, shape (n_segments, W)
    """
    there = mask.astype(np.float64)
    count = np.maximum(there.sum(axis=1, keepdims=True), 1.0)
    when = (np.arange(values.shape[1]) - 0.5 * (values.shape[1] - 1))[None] * there
    when = (when - when.sum(axis=1, keepdims=True) / count) * there
    spread = np.maximum((when * when).sum(axis=1, keepdims=True), 1e-6)
    flat = values.reshape(-1, values.shape[2])
    products = flat.T @ flat
    for along in (there / np.sqrt(count), when / np.sqrt(spread)):
        part = np.matmul(along[:, None, :], values)[:, 0]
        products -= part.T @ part
    return products

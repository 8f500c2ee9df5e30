"""Adjustment of p values over the signals of a session: false discovery rate, and the error over them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import false_discovery_control

from acquisition.stream import BoolArray, FloatArray


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Return adjusted p values; a nan stays nan and is not counted as a test.

    Parameters
    ----------
    p : array_like, shape (n,)

    Raises
    ------
    ValueError
        If a p lies outside 0-1.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, float("nan"), 0.03]).tolist()
    [0.03, 0.04, nan, 0.04]

    References
    ----------
    Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    values, there = _checked(p)
    if there.any():
        values[there] = false_discovery_control(values[there])
    return values


def holm(p: ArrayLike) -> FloatArray:
    """Return p values adjusted so that any false statement among them has the error of one.

    A nan stays nan and is not counted as a test.

    Parameters
    ----------
    p : array_like, shape (n,)

    Raises
    ------
    ValueError
        If a p lies outside 0-1.

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03]).tolist()
    [0.03, 0.06, nan, 0.06]

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    values, there = _checked(p)
    at = np.flatnonzero(there)
    order = at[np.argsort(values[at], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(values[order] * steps), 1.0)
    return values


def _checked(p: ArrayLike) -> tuple[FloatArray, BoolArray]:
    values = np.array(p, np.float64)
    there = np.isfinite(values)
    outside = values[there & ((values < 0.0) | (values > 1.0))]
    if len(outside):
        raise ValueError(f"a p lies in 0-1, not at {outside[0]:g}")
    return values, there

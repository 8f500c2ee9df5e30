"""False discovery rate over the modalities of a session."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import false_discovery_control

from acquisition.stream import FloatArray


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
    values = np.array(p, np.float64)
    there = np.isfinite(values)
    outside = values[there & ((values < 0.0) | (values > 1.0))]
    if len(outside):
        raise ValueError(f"a p lies in 0-1, not at {outside[0]:g}")
    if there.any():
        values[there] = false_discovery_control(values[there])
    return values

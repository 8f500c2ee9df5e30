"""What numpy takes long for on pieces of a few samples."""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray


def steps_from(before: float, values: FloatArray) -> FloatArray:
    """Return the step to each value, to the first one from `before`: `np.diff` with `prepend`, which takes
    longer than all else on a piece of a few samples.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
    """
    out = np.empty(len(values))
    out[:1] = values[:1] - before
    np.subtract(values[1:], values[:-1], out=out[1:])
    return out

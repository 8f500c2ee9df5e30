"""The step of a converter: the smallest change of a signal that can be one.

A small change is a step as soon as it is seen: no analog signal stands still between. A large one may be a
jump of a sensor that is stuck, or a response at a low rate, and those are never twice the same: it is a step
once it has come back.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import FloatArray
from processing.sums import after

COARSEST = 0.06
"""A larger change must come back before it is a step [µS]."""
AGAIN = 3
"""So often must a large change be seen."""
MOST = 64
"""So many different large changes are remembered; a converter of coarse steps makes fewer."""
DIGITS = 6
"""Changes that agree to so many decimals are the same [µS]."""


class Steps:
    """Follow the smallest change so far that can be a step.

    Parameters
    ----------
    coarsest : float
        Largest change that is a step at once [µS].
    """

    def __init__(self, coarsest: float = COARSEST) -> None:
        self._coarsest = coarsest
        self.reset()

    def reset(self) -> None:
        """Know of no step."""
        self._smallest = math.inf
        self._seen: dict[float, int] = {}
        self._sample = math.nan

    def among(self, eda: FloatArray) -> FloatArray:
        """Return the step known with each sample of an unbroken stretch [µS], 0 before there is one."""
        if len(eda) == 0:
            return np.empty(0)
        smallest = self.push(steps_from(self._sample, eda))
        self._sample = float(eda[-1])
        return np.where(np.isinf(smallest), 0.0, smallest)

    def push(self, changes: FloatArray) -> FloatArray:
        """Return the step known with each change [µS], infinite before there is one.

        Parameters
        ----------
        changes : ndarray, shape (n,)
            From sample to sample, in either direction; nan where there is none.
        """
        if len(changes) == 0:
            return np.empty(0)
        with np.errstate(invalid="ignore"):
            sizes = np.where(np.abs(changes) > 0.0, np.abs(changes), np.inf)
        small = np.where(sizes <= self._coarsest, sizes, np.inf)
        if self._smallest > self._coarsest:
            self._count(sizes, small)
        smallest = np.minimum.accumulate(after(self._smallest, small))[1:]
        self._smallest = float(smallest[-1])
        return np.asarray(smallest)

    def _count(self, sizes: FloatArray, small: FloatArray) -> None:
        """Count large changes up to the first small one; note in `small` where one has come back."""
        first = np.flatnonzero(np.isfinite(small))
        end = int(first[0]) if len(first) else len(sizes)
        known = self._smallest
        for place in np.flatnonzero(np.isfinite(sizes[:end]) & (sizes[:end] < known)).tolist():
            size = round(float(sizes[place]), DIGITS)
            if size not in self._seen and len(self._seen) == MOST:
                self._seen.clear()
            self._seen[size] = self._seen.get(size, 0) + 1
            if self._seen[size] == AGAIN and size < known:
                small[place] = known = size

"""Which numbers a clock or a sensor can have shown, and a count of those that it cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray

LATEST = 1e11
"""Seconds: no clock shows more (three thousand years), and below it sums and rounding of stamps are exact."""
LARGEST = 1e15
"""Magnitude from which on a sample is no measurement: counts of any converter are below, squares finite."""
TELL = 10.0
"""Seconds between two notices of the same stream."""


def stamped(times: FloatArray) -> BoolArray:
    """Tell which stamps a clock can show, shape (n_samples,)."""
    return np.abs(times) <= LATEST  # nan compares as false


def measured(samples: NDArray[Any]) -> BoolArray:
    """Tell which samples a sensor can have measured; the shape stays."""
    if samples.dtype.kind != "f":
        return np.ones(samples.shape, np.bool_)
    fit: BoolArray = np.abs(samples) < LARGEST
    return fit


@dataclass(slots=True)
class Tally:
    """Count what did not pass since it was last told."""

    n: int = 0
    total: int = 0
    why: str = ""
    told: float = -math.inf

    def add(self, n: int, why: str, became: str = "dropped") -> None:
        """Count n samples more."""
        self.n, self.total, self.why = self.n + n, self.total + n, f"{became}: {why}"

    def due(self, now: float, *, last: bool = False) -> str:
        """Return what there is to tell, "" if nothing or too soon."""
        if not self.n or (now - self.told < TELL and not last):
            return ""
        said = f"{self.n} samples {self.why}"
        self.n, self.told = 0, now
        return said

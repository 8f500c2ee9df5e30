"""What an emulated Shimmer measures, and how its converter makes words of it."""

from __future__ import annotations

import math

import numpy as np

from acquisition.gatt.shimmer import AUTO_RANGE
from acquisition.gatt.shimmer_values import FEEDBACK, SETTLING
from acquisition.stream import FloatArray

UPPER = (63.0, 220.0, 680.0, math.inf)
"""Resistance [kOhm] up to which each range is used."""


def toy_eda(t: FloatArray) -> FloatArray:
    """Return a skin conductance that climbs and falls over the ranges [µS]."""
    return np.asarray(2.0 * np.exp(1.5 * np.sin(2 * np.pi * t / 97.0)) + 0.1 * np.sin(5.0 * t))


def toy_mv(t: FloatArray) -> FloatArray:
    """Return an ECG of one beat a second [mV]."""
    return np.asarray(np.exp(-((((t % 1.0) - 0.3) / 0.015) ** 2)) - 0.03 * np.cos(t))


class Converter:
    """Turn conductance into words as a GSR+ board does, which settles after each change of range."""

    def __init__(self, sfreq: float, chosen: int) -> None:
        self._range = chosen if chosen < AUTO_RANGE else 2
        self._auto = chosen >= AUTO_RANGE
        self._hold, self._settle = 0, math.floor(SETTLING * sfreq) + 1
        self._word = 0

    def word(self, us: float) -> int:
        """Return the word for a conductance [µS]."""
        kohm = 1000.0 / max(us, 1e-6)
        if self._hold:
            self._hold -= 1
            return self._word
        if self._auto and (wanted := self._wanted(kohm)) != self._range and self._word:
            self._range, self._hold = wanted, self._settle - 1
            return self._word
        adc = round((FEEDBACK[self._range] / kohm + 1.0) * 4095.0 / 6.0)
        self._word = self._range << 14 | max(0, min(adc, 4095))
        return self._word

    def _wanted(self, kohm: float) -> int:
        wanted = next(k for k, upper in enumerate(UPPER) if kohm <= upper)
        near = UPPER[min(wanted, self._range)]
        return self._range if 0.98 * near < kohm < 1.02 * near else wanted

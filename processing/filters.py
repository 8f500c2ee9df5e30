"""Filters that carry their state, so that the result does not depend on how the input was cut.

Only sequential recursions and explicit shifted sums are used: `np.convolve`, FIR through `lfilter` and BLAS
products may add in another order for another length, and then differ in the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import butter, lfilter, sosfilt_zi

from acquisition.stream import FloatArray


class SosFilter:
    """Run second-order sections over a signal that comes in pieces.

    Each section is one `lfilter` call, which for short pieces costs a sixth of `sosfilt` and adds in the same
    order.

    Parameters
    ----------
    sos : array_like, shape (n_sections, 6)
    settle : bool
        Start as if the first sample had always been there (no step response), else from zero.
    """

    def __init__(self, sos: ArrayLike, *, settle: bool = True) -> None:
        self._sos = np.array(sos, dtype=np.float64)
        self._start = sosfilt_zi(self._sos) if settle else np.zeros((len(self._sos), 2))
        self._state: list[FloatArray] = []

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the next piece of output, as long as the input."""
        if len(x) == 0:
            return np.empty(0)
        if not self._state:
            self._state = [state * x[0] for state in self._start]
        for k, section in enumerate(self._sos):
            x, self._state[k] = lfilter(section[:3], section[3:], x, zi=self._state[k])
        return x

    def reset(self) -> None:
        """Forget the past: the next sample is a first one."""
        self._state = []


def low_pass(order: int, cutoff: float, sfreq: float) -> SosFilter:
    """Return a Butterworth low-pass; `cutoff` and `sfreq` in Hz."""
    return SosFilter(butter(order, cutoff, fs=sfreq, output="sos"))


def band_pass(order: int, low: float, high: float, sfreq: float) -> SosFilter:
    """Return a Butterworth band-pass; band and `sfreq` in Hz."""
    return SosFilter(butter(order, [low, high], "band", fs=sfreq, output="sos"))


class Decimator:
    """Keep every `step`-th sample, counted from the first."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._seen = 0

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the samples of this piece that are kept."""
        kept = x[-self._seen % self._step :: self._step]
        self._seen += len(x)
        return kept

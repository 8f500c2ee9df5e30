"""The place of the R peak to a fraction of a sample: a parabola on the low-passed ECG around it."""

from __future__ import annotations

import numpy as np
from scipy.signal import firwin

from acquisition.stream import BoolArray, FloatArray, IntArray

REACH = 0.09
"""How far from the middle of the QRS its peak is sought [s]."""
SWITCH = 1.65
"""The other deflection must be so much larger to be taken for the R peak."""
BASE = 0.12
"""Half length of the stretch whose mean is taken as the baseline [s]."""


class Refiner:
    """Find R peaks in raw ECG near the given samples.

    The ECG is low-passed at 30 Hz by a symmetric FIR (27 taps at 130 Hz), its extremum taken and refined by
    a parabola through three samples. Upright or inverted: the person's usual polarity unless the other
    deflection is clearly larger, so that R and S do not swap from beat to beat.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._taps = firwin(2 * round(0.1 * sfreq) + 1, 30.0, fs=sfreq)
        self._reach = round(REACH * sfreq)
        self._base = round(BASE * sfreq)
        self.margin = self._reach + self._base + len(self._taps) // 2 + 1
        """Raw samples needed on either side."""
        self._polarity: list[float] = []

    def __call__(self, ecg: FloatArray, centres: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return the sample nearest to each peak, the rest [samples], and heights over the baseline [mV].

        Parameters
        ----------
        ecg : ndarray, shape (n_samples,)
            Reaches at least `margin` beyond each centre.
        centres : ndarray of int, shape (n_beats,)
        """
        if len(centres) == 0:
            return centres, np.empty(0), np.empty(0)
        half = len(self._taps) // 2
        side = self._reach + 1
        raw = ecg[centres[:, None] + np.arange(-side - half, side + half + 1)]
        n = 2 * side + 1
        smooth = np.zeros((len(centres), n))
        for k, tap in enumerate(self._taps.tolist()):
            smooth += tap * raw[:, k : k + n]
        wide = ecg[centres[:, None] + np.arange(-self._base, self._base + 1)]
        smooth -= np.sort(wide, axis=1)[:, wide.shape[1] // 2 : wide.shape[1] // 2 + 1]
        inner = smooth[:, 1:-1]
        high, low = inner.argmax(axis=1), inner.argmin(axis=1)
        rows = np.arange(len(centres))
        up = self._upright(inner[rows, high], -inner[rows, low])
        at = np.where(up, high, low) + 1
        left, middle, right = smooth[rows, at - 1], smooth[rows, at], smooth[rows, at + 1]
        bend = left - 2 * middle + right
        off = np.where(bend != 0, 0.5 * (left - right) / np.where(bend != 0, bend, 1.0), 0.0)
        return centres - side + at, np.clip(off, -0.5, 0.5), middle

    def _upright(self, up: FloatArray, down: FloatArray) -> BoolArray:
        out = np.empty(len(up), np.bool_)
        ratios = (np.maximum(up, 0) + 1e-9) / (np.maximum(down, 0) + 1e-9)
        for j, ratio in enumerate(ratios.tolist()):
            self._polarity = [*self._polarity[-8:], ratio]
            usual = sorted(self._polarity)[len(self._polarity) // 2]
            out[j] = ratio > (1 / SWITCH if usual > 1 else SWITCH)
        return out

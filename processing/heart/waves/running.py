"""Waves that run into each other, with an edge in each that passes for a beat: saw-teeth, broad sharp waves,
flutter, a lead that is shaken in time.

Between two beats of a heart an ECG rests: half of its samples lie within a small part of its range. Of such
waves they do not, and one frequency holds most of the power.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

BEFORE, AFTER = 1.55, 0.25
"""What is looked at, from the middle of a QRS [s]."""
REST = 0.40
"""Share of the range that the middle half of the samples spans, from which it does not rest: of beats of six
records 99 % are under 0.39, in motion at 6 dB under 0.44; of waves it is 0.42-0.7."""
POWER, AROUND = 0.55, 0.95
"""Share of the power over `SLOW` that lies around one frequency, and how far around it [Hz]: of beats that do
not rest at most 0.53 in these records and in motion, of waves 0.6-1."""
LOW, HIGH, SLOW = 1.7, 6.5, 0.9
"""Frequencies of waves, and under which it is wander [Hz]."""


class Waves:
    """Tell of beats whether they stand among waves.

    Parameters
    ----------
    rate : float
        Of the samples [Hz].
    """

    def __init__(self, rate: float) -> None:
        self._after = int(AFTER * rate)
        self._n = n = int((BEFORE + AFTER) * rate)
        self._window = np.hanning(n + 2)[1:-1]
        self._frequencies = np.fft.rfftfreq(n, 1.0 / rate)
        self._inside = np.flatnonzero((self._frequencies > LOW) & (self._frequencies < HIGH))
        self._fast = self._frequencies > SLOW
        self._line = np.arange(n) - 0.5 * (n - 1)

    def around(self, ecg: FloatArray, middles: IntArray, begin: int) -> BoolArray:
        """Tell of each beat whether the ECG around it is waves; False where too little is known.

        Parameters
        ----------
        ecg : ndarray, shape (n_samples,)
            Low-passed ECG [mV].
        middles : ndarray of int, shape (n_beats,)
            Samples in the middle of each QRS.
        begin : int
            First sample of the stretch.
        """
        out = np.zeros(len(middles), np.bool_)
        starts = middles + self._after - self._n
        known = np.flatnonzero((starts >= max(begin, 0)) & (starts + self._n <= len(ecg)))
        if not len(known):
            return out
        rows = ecg[starts[known, None] + np.arange(self._n)]
        quarter = self._n // 4
        ordered = np.sort(rows, axis=1)  # six times faster than a partition at four places
        middle, whole = ordered[:, 3 * quarter] - ordered[:, quarter], ordered[:, -1] - ordered[:, 0]
        for j in np.flatnonzero(middle > REST * whole).tolist():  # few: and alone, so that sums stay the same
            out[known[j]] = self._share(rows[j]) > POWER
        return out

    def _share(self, ecg: FloatArray) -> float:
        """Return the largest share of the power that lies around one frequency of waves."""
        x = ecg - ecg.mean()
        x = x - self._line * (float((x * self._line).sum()) / float((self._line * self._line).sum()))
        power = np.abs(np.fft.rfft(x * self._window)) ** 2
        top = self._frequencies[self._inside[int(power[self._inside].argmax())]]
        near = np.abs(self._frequencies - top) < AROUND
        return float(power[near].sum()) / max(float(power[self._fast].sum()), 1e-12)

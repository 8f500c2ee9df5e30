"""When the samples of a sound device were taken: their count, held against the clock that the device reports.

A sound device says for every block when its first sample was taken, with errors of tens of milliseconds; the
count of samples is exact but for a drift of some 1e-4 and for samples that are lost without a word. So stamps
follow the count, are led slowly to what the device says, and jump when the two come apart for good.
"""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray

LAST = 16
"""Blocks whose median tells of a slip, and that set the clock at the start."""
AGREE = 0.05
"""Seconds within which they must agree at the start: a sound server begins late and in bursts."""
LONGEST = 96
"""Blocks after which the clock is set though they do not agree: 3 s."""
SLIP = 0.06
"""Seconds between count and clock that mean lost samples."""
PULL = 0.01
"""Share of the difference that is made up for a block."""
STEP = 0.01
"""Seconds beyond which a single difference is not believed."""


class Slip(NamedTuple):
    """Say that samples are missing between two moments [s]."""

    start: float
    stop: float


class SampleClock:
    """Stamp the blocks of one sound device.

    Parameters
    ----------
    sfreq : float
        Nominal rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._n = self._blocks = 0
        self._offset = np.nan
        self._recent: deque[float] = deque(maxlen=LAST)

    def stamp(self, n: int, said: float) -> tuple[FloatArray, Slip | None]:
        """Return the stamps of the next `n` samples, none while the clock is being set; also a slip.

        Parameters
        ----------
        said : float
            When the device says that the first of them was taken [s, LSL clock].
        """
        count, self._n = self._n, self._n + n
        self._recent.append(said - count / self._sfreq)
        if np.isnan(self._offset):
            self._blocks += 1
            agree = len(self._recent) == LAST and max(self._recent) - min(self._recent) <= AGREE
            if agree or self._blocks >= LONGEST:
                self._offset = median(self._recent)
                self._recent.clear()
            return np.empty(0), None
        slip = None
        if len(self._recent) == LAST and abs(median(self._recent) - self._offset) > SLIP:
            new = median(list(self._recent)[LAST // 2 :])  # all of them from after the loss
            slip = Slip(self._offset + count / self._sfreq, new + count / self._sfreq)
            self._offset = new
            self._recent.clear()
        else:
            error = said - count / self._sfreq - self._offset
            self._offset += PULL * float(np.clip(error, -STEP, STEP))
        return self._offset + (count + np.arange(n)) / self._sfreq, slip

"""Doubt of a sampling rate: an ECG said at half its rate has a heart half as fast, its beats twice as long.

No heart that beats so slowly has a QRS and a T wave that last so long. At twice its rate it looks like a fast
heart, and nothing tells it from one (docs/ecg.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.table import Arrivals

STRETCHED = "sampling rate looks too low: QRS and T last too long for so slow a heart"
BLOCK = 30.0
"""So often beats are looked at [s]."""
SPAN = 60.0
"""So much of the ECG is looked at [s]."""
FEWEST = 16
"""Accepted beats that a look needs."""
SLOW = 1.2
"""Intervals of a person at rest are longer where they are twice as long as they are, as a rule [s]; under it
nothing is looked at."""
LASTS = 300.0
"""A doubt that was told holds so long [s]."""
STEP, BEFORE, AFTER = 0.008, 0.16, 1.0
"""Grid of the median beat, from so far before R to so far after it [s]."""
BROAD = 0.064
"""What holds 94 % of the energy of the slopes of a QRS lasts longer [s]: in a quarter of leads as they are,
in nine of ten at half their rate."""
LATE = 0.40
"""The top of T comes later after R, divided by the cube root of the interval [s]: in slow hearts 0.21
to 0.31, with a QT of 0.50 s at 60 a minute, which is far too long, 0.37."""
FAR = 0.7
"""T lies within this share of the interval: P of the next beat comes later."""
SINCE = 0.20
"""Before that no T wave of a slow heart has its top [s]."""
WIDE = 0.12
"""T is wider at half of its height [s]; a P wave that is not conducted is not."""
HIGH = 0.1
"""T is so high, as a share of the QRS."""

_GRID: FloatArray = np.arange(-BEFORE, AFTER, STEP)
_R = round(BEFORE / STEP)


def is_stretched(beat: FloatArray, interval: float) -> bool:
    """Tell whether a beat's QRS and T last too long for a heart.

    Parameters
    ----------
    beat : ndarray, shape (145,)
        Median ECG about R, on the grid.
    interval : float
        Median interval [s].

    References
    ----------
    Fridericia (1920) for the cube root. The limits are ours; figures in docs/ecg.md.
    """
    qrs = beat[: 2 * _R]
    slopes = np.cumsum((qrs[1:] - qrs[:-1]) ** 2)
    first, last = np.searchsorted(slopes, (0.03 * slopes[-1], 0.97 * slopes[-1]))
    end = _R + round(min(FAR * interval, AFTER) / STEP)
    wave = beat[_R + round(SINCE / STEP) : end]
    high = np.abs(wave - np.median(wave[-5:]))
    top = int(high.argmax())
    low = np.flatnonzero(high < 0.5 * high[top])
    edges = np.searchsorted(low, top)
    if edges in (0, len(low)) or high[top] < HIGH * np.ptp(qrs):
        return False
    wide = (low[edges] - low[edges - 1] - 1) * STEP
    late = (SINCE + top * STEP) / np.cbrt(interval)
    return bool((last - first) * STEP >= BROAD and wide >= WIDE and late > LATE)


class RateDoubt:
    """Look at an ECG of slow beats each half minute; what it tells does not depend on cuts of the input."""

    def __init__(self) -> None:
        self._times: list[FloatArray] = []
        self._ecg: list[FloatArray] = []
        self._next = np.nan
        self._told: list[float] = []

    def update(self, times: FloatArray, ecg: FloatArray) -> None:
        """Take in samples [mV]."""
        if np.isnan(self._next):
            self._next = BLOCK * np.ceil(times[0] / BLOCK)
        self._times.append(times)
        self._ecg.append(ecg)

    def look(self, until: float, come: Arrivals) -> None:
        """Look at all that was settled by `until` [s]."""
        while self._next <= until:
            if self._is_stretched(self._next, come):
                self._told.append(self._next)
            self._next += BLOCK
            while self._times and self._times[0][-1] <= self._next - SPAN:
                del self._times[0], self._ecg[0]

    def _is_stretched(self, now: float, come: Arrivals) -> bool:
        """Look at the beats of the last minute, with no more than was there at that time."""
        stop = min(come.times.searchsorted(now - AFTER), come.settled.searchsorted(now, side="right"))
        start = come.times.searchsorted(now - SPAN + BEFORE)
        beats = come.times[start:stop][come.accepted[start:stop]]
        if len(beats) < FEWEST:
            return False
        interval = float(np.median(beats[1:] - beats[:-1]))
        if interval < SLOW:
            return False
        times, ecg = np.concatenate(self._times), np.concatenate(self._ecg)
        part = slice(*times.searchsorted((now - SPAN, now)))
        every = np.interp(beats[:, None] + _GRID, times[part], ecg[part])
        whole = every[np.isfinite(every).all(axis=1)]
        return len(whole) >= FEWEST and is_stretched(np.median(whole, axis=0), interval)

    def at(self, moments: FloatArray) -> list[str]:
        """Say of each moment whether the rate was in doubt then; "" if it was not."""
        if not self._told:
            return [""] * len(moments)
        told = np.array([-np.inf, *self._told])
        since = moments - told[told.searchsorted(moments) - 1]
        return [STRETCHED if ago <= LASTS else "" for ago in since.tolist()]

    def seconds(
        self, centres: FloatArray, quality: FloatArray, reasons: Sequence[str]
    ) -> tuple[FloatArray, list[str]]:
        """Return the quality of seconds of ECG, 0 where the rate was in doubt and nothing else is said."""
        said = [why or doubt for why, doubt in zip(reasons, self.at(centres), strict=True)]
        return np.where([why == STRETCHED for why in said], 0.0, quality), said

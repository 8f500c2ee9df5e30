"""Rises that no sweat gland makes, for what is beside them: drifts, swings, and recoveries from slow dips.

A response rises out of a level and then recovers, more slowly than it rose. So a part of a drift, which
rises before it and after it as fast as within, adds nothing; what falls back within the time that it took to
rise, as far as it rose and no further, was a breath, a hand or an alias of the mains; and what a still level
fell by just before, within the time of a rise, it only gains again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.found import Scr
from processing.skin.rhythm import Pace, RhythmConfig, beside, pace, wavers
from processing.sums import trailing_sum

Columns = tuple[FloatArray, ...]

FALL = 1.5
"""A fall before the onset is taken over this time: what follows falls as fast [s]."""
MEAN = 0.5
"""The signal after a peak is taken in means of this length [s]."""
STEP, AT_ONCE = 0.5, 0.8
"""A step within so many seconds that makes up such a share of a fall is none of a swing [s]."""
FAR = 10.0
"""The height of a rise is that over the least of so many seconds before its onset [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwingConfig:
    """Hold the parameters of drifts, swings and slow dips; shares are of a rise's amplitude.

    Parameters
    ----------
    beside : tuple of float
        A drift is the least slope over so long before the onset, where that is known, and after the peak [s].
    over_drift : float
        A rise is at least this share of the smallest response more than the drift beside it.
    back, further : float
        A swing falls by the first share of its height within its rise time, and by no more than the second
        of its amplitude.
    still, before : float
        So much has the signal moved in so many seconds before a single swing, or before a slow dip [s].
    still_dip : float
    rhythm : RhythmConfig
    begun, spare : float
        What follows swings of its size and pace is one too if it has fallen by this share of what a swing has
        by then, less so much [µS].
    fell, soon : float
        A slow dip fell by this share within so many rise times before the onset.
    level : float
        And the rise ends so near to where the dip began.
    """

    beside: tuple[float, ...] = (2.0, 4.0, 8.0)
    over_drift: float = 0.4
    back: float = 0.7
    further: float = 1.3
    still: float = 0.3
    before: float = 4.0
    still_dip: float = 0.25
    begun: float = 0.5
    spare: float = 0.02
    fell: float = 0.8
    soon: float = 1.25
    level: float = 0.35
    rhythm: RhythmConfig = field(default_factory=RhythmConfig)


class Around:
    """Look at what lies around one rise.

    Parameters
    ----------
    grid, raw : tuple of ndarray
        Moments [s] and values [µS] of the smoothed signal and of the signal as it is.
    """

    def __init__(self, rise: Scr, grid: Columns, raw: Columns, sfreq: float) -> None:
        self._rise, self._t, self._y = rise, *grid[:2]
        moments = np.subtract((rise.onset, rise.peak), 1e-3)
        self._onset, self._peak = np.searchsorted(self._t, moments).tolist()
        ends = (rise.peak - 0.5 * MEAN - 1e-3, rise.peak - 1e-3, rise.known + 1e-3)
        before, first, last = np.searchsorted(raw[0], ends).tolist()
        self._after = raw[0][first:last] - rise.peak, raw[1][first:last]
        self._few, self._step = max(1, round(MEAN * sfreq)), max(1, round(STEP * sfreq))
        top = raw[1][before : first + self._few // 2 + 1]
        self._top = float(top.mean()) if len(top) else np.nan

    def drift(self, beside: tuple[float, ...]) -> float:
        """Return how fast the signal rises beside it, the least of before and after [µS/s], at least 0."""
        t, z = self._after
        if len(t) < 3:
            return 0.0
        late = t - t.mean()
        slopes = [float((late * z).sum() / (late * late).sum())]
        slopes += [slope for back in beside if (slope := self._slope(back)) is not None]
        return max(0.0, min(slopes))

    def _slope(self, back: float) -> float | None:
        """Return the mean slope over so long before the onset [µS/s]."""
        t, y, onset = self._t, self._y, self._onset
        start = int(np.searchsorted(t, self._rise.onset - back))
        return float((y[onset] - y[start]) / (t[onset] - t[start])) if start < onset else None

    def fallen(self) -> tuple[FloatArray, FloatArray]:
        """Return moments after the peak [s], and the fall by then [µS]."""
        t, z = self._after
        n = self._few
        if len(z) < n:
            return np.empty(0), np.empty(0)
        return trailing_sum(t, n) / n, np.asarray(self._top - trailing_sum(z, n) / n)

    def still(self, place: int, before: float) -> float:
        """Return how much the signal moved in so many seconds before a point of the grid [µS]."""
        start = int(np.searchsorted(self._t, float(self._t[place]) - before))
        return float(np.ptp(self._y[start : place + 1])) if start < place else np.inf

    def swings_back(self, config: SwingConfig) -> bool:
        """Tell whether it rises out of a still level and falls back as fast."""
        rise = self._rise
        if self.still(self._onset, config.before) > config.still * rise.amplitude:
            return False
        moments, fell = self.fallen()
        soon, z = moments <= rise.rise, self._after[1]
        if not soon.any():
            return False
        if float((z[: -self._step] - z[self._step :]).max(initial=0.0)) > AT_ONCE * float(fell.max()):
            return False
        far = int(np.searchsorted(self._t, rise.onset - FAR))
        height = max(rise.amplitude, float(self._y[self._peak] - self._y[far : self._onset + 1].min()))
        usual = max(0.0, -(self._slope(FALL) or 0.0))
        most = float((fell - usual * moments)[soon].max())
        return most >= config.back * height and float(fell.max()) <= config.further * rise.amplitude

    def has_begun_to_swing(self, pace: Pace, config: SwingConfig) -> bool:
        """Tell whether it has fallen by about what a swing has fallen by then."""
        moments, fell = self.fallen()
        if not len(moments):
            return False
        phase = np.pi * min(1.0, 2.0 * float(moments[-1]) / pace.length)
        swung = 0.5 * pace.height * (1.0 - float(np.cos(phase)))
        return float(fell.max()) >= config.begun * swung - config.spare

    def refills_dip(self, config: SwingConfig) -> bool:
        """Tell whether it only brings a still level back to where it fell from, as fast as it fell."""
        rise, y = self._rise, self._y
        start = int(np.searchsorted(self._t, rise.onset - config.soon * rise.rise))
        if start >= self._onset:
            return False
        begun = start + int(np.argmax(y[start : self._onset + 1]))
        if y[begun] - y[self._onset] < config.fell * rise.amplitude:
            return False
        near = abs(y[self._peak] - y[begun]) <= config.level * rise.amplitude
        return bool(near and self.still(begun, config.before) <= config.still_dip * rise.amplitude)


def none_of_skin(
    rise: Scr, grid: Columns, raw: Columns, sfreq: float, least: float, config: SwingConfig
) -> bool:
    """Tell whether a rise is part of a drift, a swing, or the recovery from a slow dip.

    Parameters
    ----------
    grid, raw : tuple of ndarray
        Moments [s] and values [µS] of the smoothed signal and of the signal as it is.
    sfreq : float
        Rate of `raw` [Hz].
    least : float
        Smallest response [µS].
    """
    around = Around(rise, grid, raw, sfreq)
    if rise.amplitude - around.drift(config.beside) * rise.rise < config.over_drift * least:
        return True
    if around.swings_back(config) or around.refills_dip(config):
        return True
    before = beside(rise, grid[0], grid[1], config.rhythm)
    if wavers(before, config.rhythm):
        return True
    swung = pace(rise, before, config.rhythm)
    return swung is not None and around.has_begun_to_swing(swung, config)

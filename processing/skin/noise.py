"""Noise of skin conductance: where it is so large that it could make the smallest response itself.

Over five seconds white noise of sd s spans about 4 s, and a converter that goes back and forth spans its
step. Where that comes near the least amplitude of a response, nobody can tell one from the other, and rates
of responses would count the noise. The level is as it was. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.skin.eda_quality import Fault
from processing.skin.found import Stretch
from processing.skin.scr_signal import SLOWEST, Smoothed, Smoother
from processing.skin.steps import Steps
from processing.sums import after

QUARTER = 0.3186
"""Lower quartile of the absolute value of a standard normal."""
BEND, SLOW_BEND = math.sqrt(6.0), math.sqrt(70.0)
"""Standard deviations of second and fourth differences over that of white noise."""
SLOW = 2.0
"""Below this rate responses bend even the fourth differences as noise does [Hz]."""
EVERY = 1.0
"""Seconds between looks."""
AHEAD = 0.5
"""Block means come before the points of the grid by at most this share of `over`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseConfig:
    """Hold the limits of noise.

    Parameters
    ----------
    smallest : float
        Response that must stand out [µS]; what is sought below it is sought at one's own risk.
    deviations, steps : float
        It must be so many standard deviations of the smoothed signal's noise, and so many steps of the
        converter.
    over, least : float
        The noise is that of so many seconds; nothing is said before so many are known [s].
    """

    smallest: float = 0.05
    deviations: float = 4.0
    steps: float = 1.5
    over: float = 20.0
    least: float = 5.0


class NoiseFinder:
    """Follow the noise of one unbroken stretch after another.

    The lower quartile of the second differences tells it: responses bend the signal, but not all the time,
    and less than noise of the same size. Where nothing is smoothed it is that of the fourth differences,
    which pass less of responses; at the slowest rates only steps of a converter are told.

    Parameters
    ----------
    smoother : Smoother
        What smooths the signal: the noise is told in its block means, and counts as far as it passes.
    """

    def __init__(self, smoother: Smoother, config: NoiseConfig) -> None:
        weights = smoother.weights
        passes = math.sqrt(float((weights * weights).sum())) if smoother.rate >= SLOW else 0.0
        self._smoothed = smoother.rate >= SLOWEST
        self._share = passes / ((BEND if self._smoothed else SLOW_BEND) * QUARTER)
        self._config = config
        self._every = max(1, round(EVERY * smoother.sfreq))
        self._over, self._least = round(config.over * smoother.rate), round(config.least * smoother.sfreq)
        self._converter = Steps()
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch."""
        none = np.empty(0)
        self._means: tuple[FloatArray, FloatArray] = (none, none)
        self._n = 0
        self._look = math.nan
        self._converter.reset()

    def push(self, times: FloatArray, eda: FloatArray, smooth: Smoothed) -> list[Stretch]:
        """Take in samples [s], [µS] and what the smoother made of them; return noisy seconds."""
        smallest = self._converter.among(eda)
        means = smooth.means
        t, y = np.concatenate((self._means[0], means.times)), np.concatenate((self._means[1], means.eda))
        bends = np.abs(np.diff(y, 2 if self._smoothed else 4))
        looks = np.arange(self._every - 1 - self._n % self._every, len(smooth.times), self._every)
        out = list[Stretch]()
        if len(looks):
            at = smooth.times[looks]
            starts, self._look = after(self._look, at[:-1]), float(at[-1])
            first = int(np.count_nonzero(self._n + looks + 1 < self._least))
            looks, at, starts = looks[first:], at[first:], starts[first:]
            known = smooth.known[looks]
            stops = np.searchsorted(t, at, side="right") - len(y) + len(bends)
            noise = self._share * _quartiles(bends, stops, self._over)
            step = smallest[np.minimum(np.searchsorted(times, known), len(times) - 1)]
            loud = np.maximum(self._config.deviations * noise, self._config.steps * step)
            noisy = loud > self._config.smallest
            rows = zip(*(column[noisy].tolist() for column in (starts, at, known)), strict=True)
            out += [Stretch(Fault.NOISE, *row) for row in rows]
        self._n += len(smooth.times)
        first = len(t) - self._over - round(AHEAD * self._over)
        self._means = (t[max(0, first) :], y[max(0, first) :])
        return out


def _quartiles(values: FloatArray, stops: IntArray, over: int) -> FloatArray:
    """Return the lower quartile of the `over` values before each place, or of as many as there are."""
    out, full = np.empty(len(stops)), stops >= over
    for k in np.flatnonzero(~full).tolist():
        some = np.sort(values[: stops[k]])
        out[k] = some[len(some) // 4]
    if full.any():
        windows = np.lib.stride_tricks.sliding_window_view(values, over)[stops[full] - over]
        out[full] = np.partition(windows, over // 4, axis=1)[:, over // 4]
    return out

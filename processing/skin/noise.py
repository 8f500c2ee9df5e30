"""Noise of skin conductance: where it is so large that it could make the smallest response itself.

Over five seconds white noise of sd s spans about 4 s, and a converter that goes back and forth spans its
step. Where that comes near the least amplitude of a response, nobody can tell one from the other, and rates
of responses would count the noise. So they would where swings fill the time between responses: a pulse, an
alias of the mains, a cable that each breath tugs. The level is as it was. The methods are ours: docs/eda.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.skin.eda_quality import Fault
from processing.skin.found import Stretch
from processing.skin.rhythm import Cycle, RhythmConfig, cycle, turns
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
        self._over = max(1, round(config.over * smoother.rate))
        self._least = round(config.least * smoother.sfreq)
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
    """Return the lower quartile of the `over` values before each place, or of those there are; of none 0."""
    out, full = np.zeros(len(stops)), stops >= over
    for k in np.flatnonzero(~full & (stops > 0)).tolist():
        some = np.sort(values[: stops[k]])
        out[k] = some[len(some) // 4]
    if full.any():
        windows = np.lib.stride_tricks.sliding_window_view(values, over)[stops[full] - over]
        out[full] = np.partition(windows, over // 4, axis=1)[:, over // 4]
    return out


class Sway:
    """Tell in which half minutes the signal swings by as much as a response, and by how much.

    A pulse, or an alias of the mains, is a line above 0.45 Hz: no responses come in one. Slower ones, a cable
    that each breath tugs, are told by their shape: most of what goes up and down falls as fast as it rose.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    least : float
        Smallest response [µS].
    """

    PIECE = 30.0
    SLOWEST, FASTEST = 0.45, 2.2
    LOBE = 2
    """Bins of the spectrum on either side of a line that a Hann window spreads it over."""
    STANDS_OUT = 4.0
    """A line has so many times the power of what lies around it, from half to 1.6 times its frequency."""
    ABSURD = 1e6
    """No conductance of a skin is beyond it [µS]; the square of what a fault sends may be no number."""
    COVERED = 0.8
    """Share of a piece in which there must be samples."""
    MOST, SHARE, LAST = 5, 0.6, 2
    """So many swings of a minute, which are this share of what goes up and down by as much, so many of them
    in its second half, hide responses."""
    LONGEST = 15.0
    """What goes up and down in a longer time is no swing [s]."""
    SIZE = 0.9
    """Quantile of the heights of swings that is their size."""

    def __init__(self, sfreq: float, least: float) -> None:
        rate = 8.0 if sfreq >= 8.0 else 4.0
        self._rate, self._least, self._slow = rate, least, sfreq < 4.0
        n = round(self.PIECE * rate)
        window = np.hanning(n)
        self._weights = window * 2.0 / float(window.sum()) / np.sqrt(1.5)
        self._line = np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, n), 3))[0]
        self._steeper = RhythmConfig().steeper
        smooth = np.hanning(round(rate / 2.0) + 3)[1:-1]
        self._smooth = smooth / smooth.sum()
        first, last = np.array((self.SLOWEST, min(self.FASTEST, 0.45 * rate))) * self.PIECE
        self._places = np.arange(int(np.ceil(first)), int(last) + 1)
        self._held: list[tuple[FloatArray, FloatArray, BoolArray]] = []
        self._end = -np.inf
        self._before: tuple[int, FloatArray] = (0, np.empty(0))
        self._sizes: dict[int, float] = {}

    def push(self, times: FloatArray, eda: FloatArray, valid: BoolArray, until: float) -> None:
        """Take in samples, stamps [s], EDA [µS] and which are valid; all below a moment have come."""
        if self._slow:
            return
        if len(times):
            self._held.append((times, eda, valid))
            if self._end == -np.inf:
                self._end = (float(times[0]) // self.PIECE + 1.0) * self.PIECE
        if not self._held or until < self._end:
            return
        t, x, fit = (np.concatenate(column) for column in zip(*self._held, strict=True))
        numbers = np.floor(t / self.PIECE)
        top = min(until // self.PIECE, float(numbers[-1]) + 1.0)
        for number in np.unique(numbers[numbers < top]).tolist():
            inside = numbers == number
            late, piece = t[inside] - number * self.PIECE, x[inside]
            swings = self._swings(int(number), late[fit[inside]], piece[fit[inside]])
            if (size := max(self._line_of(late, piece), swings)) > 0.0:
                self._sizes[int(number)] = size
        left = numbers >= top
        self._held = [(t[left], x[left], fit[left])] if left.any() else []
        self._end = (top + 1.0) * self.PIECE

    def _even(self, late: FloatArray, x: FloatArray) -> FloatArray:
        """Return the means of a piece on its grid; none of one with holes. Moments are since it began [s]."""
        n = len(self._weights)
        bins = np.minimum((late * self._rate).astype(np.int64), n - 1)
        counts, sums = np.bincount(bins, minlength=n), np.bincount(bins, weights=x, minlength=n)
        full = np.flatnonzero(counts)
        if len(full) < self.COVERED * n:
            return np.empty(0)
        return np.interp(np.arange(n), full, sums[full] / counts[full])

    def _line_of(self, late: FloatArray, x: FloatArray) -> float:
        """Return how far the line in a piece swings [µS], 0 if it holds none; moments since it began [s]."""
        y = self._even(late, np.clip(x, -self.ABSURD, self.ABSURD))
        if not len(y):
            return 0.0
        y = y - self._line @ (y @ self._line)
        power = np.abs(np.fft.rfft(y * self._weights)) ** 2
        sums = np.concatenate(([0.0], np.cumsum(power)))
        lobes = sums[self._places + self.LOBE + 1] - sums[self._places - self.LOBE]
        best = int(np.argmax(lobes))
        place, line = int(self._places[best]), float(lobes[best])
        top = min(len(power), int(1.6 * place) + self.LOBE + 2)
        around = float(sums[top] - sums[place // 2]) - line
        size = 2.0 * line**0.5
        return size if size >= self._least and line >= self.STANDS_OUT * around else 0.0

    def _swings(self, number: int, late: FloatArray, x: FloatArray) -> float:
        """Return the size of the swings in a piece and the one before it, 0 if they are few [µS]."""
        new = self._even(late, x)
        known, old = self._before
        self._before = number, new
        y = np.concatenate((old, new)) if known == number - 1 and len(new) else new
        since = len(y) - len(new)
        if len(y) < len(self._smooth):
            return 0.0
        half = len(self._smooth) // 2
        y = np.convolve(np.pad(y, half, mode="edge"), self._smooth, "valid")
        t, sizes = np.arange(len(y)) / self._rate, (self._least, math.inf)
        places = turns(y, self._least)
        found = [
            cycle(t, y, a, b, self._steeper, sizes)
            for a, b in zip(places[::2], places[2::2], strict=False)
            if t[b] - t[a] <= self.LONGEST
        ]
        return self._size([c for c in found if c.height >= self._least], since / self._rate)

    def _size(self, found: list[Cycle], half: float) -> float:
        """Return the size of the swings among what goes up and down, 0 if they are few; the second half
        begins at `half` [s]."""
        swings = [c for c in found if c.swings]
        last = sum(c.stop > half for c in swings)
        if len(swings) < max(self.MOST, self.SHARE * len(found)) or last < self.LAST:
            return 0.0
        return sorted(c.height for c in swings)[int(self.SIZE * (len(swings) - 1))]

    def within(self, starts: FloatArray, width: float) -> list[bool]:
        """Tell for each window from a start on [s] whether a piece that lies in it sways."""
        if not self._sizes:
            return [False] * len(starts)
        firsts = np.ceil(starts / self.PIECE).astype(np.int64).tolist()
        stops = np.floor((starts + width) / self.PIECE).astype(np.int64).tolist()
        return [any(k in self._sizes for k in range(a, b)) for a, b in zip(firsts, stops, strict=True)]

    def size_at(self, time: float) -> float:
        """Return how large the swings were in the last piece that had ended by a moment [µS]; 0 without."""
        return self._sizes.get(math.floor(time / self.PIECE) - 1, 0.0)

    def forget(self, before: float) -> None:
        """Let go of what lies before a moment [s]."""
        if self._sizes:
            self._sizes = {k: v for k, v in self._sizes.items() if (k + 1) * self.PIECE >= before}

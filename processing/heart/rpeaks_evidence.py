"""What speaks for a candidate being a beat: weights, recent beats and rejected peaks, usual intervals."""

from __future__ import annotations

from math import exp, log, nan
from typing import NamedTuple

from processing.sums import middle

RECENT = 10
"""Intervals that the running one is taken from."""
EVEN = 0.3
"""Spread of log intervals up to which a rhythm is even."""
UNUSUAL = 2.0
"""What is so many times higher than what usually follows a beat is no T wave."""
SHORT, SUREST = 0.36, 0.28
"""A beat so soon after another may be its T wave; so soon may be one that is sure to be none [s]."""
TINY = 1e-12
"""Keeps logarithms of a flat line finite [mV]."""


class Weights(NamedTuple):
    """Hold the weights of the evidence and the prices of intervals, all in units of log-odds."""

    margin: float = 4.5
    """Score difference that counts as clear."""
    bias: float = 0.0
    height: float = 2.5
    """Weight of the logarithm of the height over the threshold."""
    height_cap: float = 0.8
    """Most that this logarithm counts."""
    threshold: float = 0.35
    """Place of the threshold between noise and QRS level (Hamilton 2002: 0.3125)."""
    low: float = 0.37
    """Quantile of recent QRS heights that is the QRS level: small beats among large ones are beats."""
    reference: float = 1.5
    """Price of being under 0.4 of what is highest here, whatever was decided."""
    slope: float = 1.0
    """Price of a slope under 0.37 of the usual one."""
    slope_free: float = 1.0
    contrast: float = 1.5
    """Weight of the logarithm of height over 3.5 times the noise floor."""
    contrast_cap: float = 1.5
    likeness: float = 4.0
    """Weight of the correlation with trusted beats, from 0.6."""
    unlike: float = 0.2
    """Correlation below which it no longer matters how unlike: ectopic beats are beats."""
    shadow: float = 2.0
    """Price of being smaller than what came 0.10-0.36 s before (T wave)."""
    unknown: float = 3.0
    """Price of a contrast under 4 while no beat is known and the noise floor has not seen a whole beat."""
    alone: float = 1.0
    """Bonus for being larger than that."""
    tail: float = 2.0
    """Price of a slope below half the last beat's within 0.42 s of it (T wave)."""
    late_tail: float = 3.0
    """Price of a flat, low wave after a beat, such as most beats have: see `Tails`."""
    short: float = 60.0
    """Price of each second that an interval is under 0.36 s."""
    sure: float = 0.90
    """Correlation with trusted beats from which a candidate as steep as they are is no T wave."""
    steep: float = 0.7
    """Slope over the usual one from which it is as steep."""
    early: float = 2.2
    """Largest price of a beat before its time."""
    early_clear: float = 0.3
    """The same between two beats of a run: see `alike`."""
    clear: float = 8.0
    """Contrast from which a beat may be one of a run."""
    alike: float = 0.92
    """Correlation with the last beat, or the candidate before, from which it is."""
    late: float = 2.0
    """Largest price of a beat after its time; then `missed` for each usual interval without one."""
    missed: float = 0.8
    silence: float = 5.0
    """Largest price of a time without a beat."""
    spread: float = 0.18
    """Least spread of log intervals."""


WEIGHTS = Weights()


class Intervals:
    """Price an interval between beats by the running one."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._logs: list[float] = []
        self._typical = log(0.8)
        self._usual = exp(self._typical)
        self._spread = 0.4
        self._early = self._early_clear = 0.0

    @property
    def is_even(self) -> bool:
        """Tell whether the last intervals are of like length."""
        return self._spread <= EVEN

    def learn(self, seconds: float) -> None:
        """Take in an interval between two beats [s]."""
        if not 0.25 < seconds < 2.0:
            return
        self._logs = [*self._logs[-(RECENT - 1) :], log(seconds)]
        self._typical = typical = middle(self._logs)
        self._usual = exp(typical)
        off = [abs(v - typical) for v in self._logs]
        self._spread = min(max(1.5 * middle(off), self._weights.spread), 0.4)
        # few intervals are a weak reason to call a beat early: a bigeminy must not lose every second beat
        known = len(self._logs) / RECENT
        self._early, self._early_clear = self._weights.early * known, self._weights.early_clear * known

    def cost(self, seconds: float, clear: bool = False, sure: bool = False) -> float:
        """Return the price of an interval between two beats, which may be two `clear` ones of a run; the
        second may be `sure` to be no T wave."""
        if seconds < 0.22:
            return 1e3
        least = SUREST if sure else SHORT
        price = (least - seconds) * self._weights.short if seconds < least else 0.0
        if not self._logs:
            return price
        off = (log(seconds) - self._typical) / self._spread
        if off > 0:
            return price + self._waited(seconds, off)
        near = 0.5 * off * off
        early = self._early_clear if clear else self._early
        return price + (near if near < early else early)

    def silence(self, seconds: float) -> float:
        """Return the price of so long without a beat: it grows with each one that should have come."""
        if not self._logs or seconds <= 0.01:
            return 0.0
        off = (log(seconds) - self._typical) / self._spread
        return self._waited(seconds, off) if off > 0 else 0.0

    def _waited(self, seconds: float, off: float) -> float:
        w, over = self._weights, seconds / self._usual - 1.5
        price = 0.5 * off * off
        price = price if price < w.late else w.late
        price = price + w.missed * over if over > 0.0 else price
        return price if price < w.silence else w.silence


class Levels:
    """Follow the heights and slopes of recent beats and the heights of what was rejected.

    Parameters
    ----------
    low : float
        Quantile of recent heights that is the QRS level.
    """

    def __init__(self, low: float) -> None:
        self._low = low
        self._heights: list[float] = []
        self._slopes: list[float] = []
        self._noises: list[float] = []
        self._level = self._middle = self._steep = self._noise = nan
        self.slope = 0.0
        """Slope of the last beat [mV per sample]."""
        self.few = True
        """Fewer than three beats are known."""
        self.height = 0.0
        """Height of the last beat [mV]."""

    def moved(self) -> None:
        """Forget the beats."""
        self._heights, self._slopes = [], []
        self.height, self.slope, self.few = 0.0, 0.0, True

    def accept(self, height: float, slope: float) -> None:
        """Take in a beat."""
        self._heights = [*self._heights[-7:], height]
        self._slopes = [*self._slopes[-7:], slope]
        self.height, self.slope, self.few = height, slope, len(self._heights) < 3
        ordered = sorted(self._heights)
        self._middle = ordered[len(ordered) // 2]
        self._level = ordered[int(self._low * len(ordered))]
        self._steep = middle(self._slopes)

    def reject(self, height: float) -> None:
        """Take in what was no beat, unless it is so large that it may be one."""
        if not self._heights or height < 1.5 * self._middle:
            self._noises = [*self._noises[-7:], height]
            self._noise = middle(self._noises)

    def at(self, reference: float, slope: float, share: float) -> tuple[float, float]:
        """Return the height between noise and QRS [mV], and the usual slope, those of what is given if few
        are known."""
        level, steep = (reference, slope) if self.few else (self._level, self._steep)
        noise = self._noise if len(self._noises) >= 3 else 0.1 * level
        # comparisons, since each min and max costs as much as all of this
        over, low = level - noise, noise if noise < 0.5 * level else 0.5 * level
        threshold = low + share * over if over > 0.0 else low
        return threshold if threshold > TINY else TINY, steep


class Tails:
    """Follow what comes within 0.62 s of beats: whether most have a flat, low wave there, and how high.

    An ectopic beat may look like a T wave, but does not follow most beats.
    """

    def __init__(self) -> None:
        self._recent: list[bool] = []
        self._highest: list[float] = []
        self._seen = False
        self._top = 0.0

    def saw(self) -> float:
        """Note a flat, low wave after the last beat; return the factor of its price: up to 2 when every beat
        has one or too few beats are known, 0 when most have none."""
        self._seen = True
        if len(self._recent) < 4:
            return 2.0
        share = sum(self._recent) / len(self._recent)
        return 2.0 * share if share > 0.5 else 0.0

    def rejected(self, height: float) -> None:
        """Note what came after the last beat and was no beat [mV]."""
        self._top = max(self._top, height)

    def usual(self, height: float) -> bool:
        """Tell whether a wave so high [mV] may be what usually follows a beat."""
        return len(self._highest) < 4 or height < UNUSUAL * middle(self._highest)

    def next_beat(self) -> None:
        """Go on to another beat, one that is no such wave itself."""
        self._recent = [*self._recent[-7:], self._seen]
        self._highest = [*self._highest[-7:], self._top]
        self._seen, self._top = False, 0.0

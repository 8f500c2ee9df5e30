"""Which candidates are beats: evidence of each, a prior on the intervals, and a fixed lag to decide.

Every candidate has a score like log-odds from its height against the running QRS and noise levels (Hamilton
2002), its contrast to the local noise floor (the idea of two moving averages, Elgendi 2013), its slope and
its likeness to recent beats. The best path over the pending candidates, with a penalty on implausible
intervals, settles the oldest one: at once when the answer is clear, at the latest after `LATE`. T-wave
rejection, search-back and the refractory time are all this one rule.

References
----------
Hamilton (2002), Open source ECG analysis, doi:10.1109/CIC.2002.1166717
Elgendi (2013), doi:10.1371/journal.pone.0073557
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.rpeaks_front import BACKGROUND, SHIFT, Candidates
from processing.rpeaks_trust import Shapes, Trust

EARLY = 0.34
"""Earliest decision after the envelope maximum [s]; the maximum lies about 0.06 s after the R peak."""
RETRY = 0.12
"""Wait between decisions while the answer is not clear [s]."""
LATE = 0.78
"""Latest decision after the envelope maximum [s]."""
RECENT = 10
"""Intervals that the running one is taken from."""
TINY = 1e-12
"""Keeps logarithms of a flat line finite [mV]."""
PENDING = 7
"""Candidates that the best path looks at."""


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
    short: float = 60.0
    """Price of each second that an interval is under 0.36 s."""
    early: float = 2.2
    """Largest price of a beat before its time."""
    late: float = 2.0
    """Largest price of a beat after its time; then `missed` for each usual interval without one."""
    missed: float = 0.8
    silence: float = 5.0
    """Largest price of a time without a beat."""
    spread: float = 0.18
    """Least spread of log intervals."""


WEIGHTS = Weights()


class Pending(NamedTuple):
    """Hold a candidate that is not decided yet; `place` in decimated samples."""

    place: int
    score: float
    height: float
    slope: float
    contrast: float
    parts: FloatArray


class Decided(NamedTuple):
    """Hold a beat: `place` of its envelope maximum, and `at` which decimated sample it was decided."""

    place: int
    at: int
    contrast: float
    likeness: float
    trusted: float


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]  # np.median is twenty times slower on short lists


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * len(values))]


def normalised_parts(shapes: FloatArray) -> FloatArray:
    """Return every shifted part of each shape at mean 0 and norm 1, shape (n, 2 SHIFT + 1, width)."""
    width = shapes.shape[1] - 2 * SHIFT
    # C order, or sums would add in an order that depends on how many shapes there are
    parts = np.ascontiguousarray(shapes[:, np.arange(2 * SHIFT + 1)[:, None] + np.arange(width)])
    parts = parts - parts.mean(axis=2, keepdims=True)
    return np.asarray(parts / (np.sqrt((parts * parts).sum(axis=2, keepdims=True)) + 1e-12))


class Intervals:
    """Price an interval between beats by the running one."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._logs: list[float] = []
        self._typical = log(0.8)
        self._usual = exp(self._typical)
        self._spread = 0.4

    def learn(self, seconds: float) -> None:
        """Take in an interval between two beats [s]."""
        if not 0.25 < seconds < 2.0:
            return
        self._logs = [*self._logs[-(RECENT - 1) :], log(seconds)]
        self._typical = _middle(self._logs)
        self._usual = exp(self._typical)
        off = [abs(v - self._typical) for v in self._logs]
        self._spread = min(max(1.5 * _middle(off), self._weights.spread), 0.4)

    def cost(self, seconds: float) -> float:
        """Return the price of an interval between two beats."""
        if seconds < 0.22:
            return 1e3
        price = (0.36 - seconds) * self._weights.short if seconds < 0.36 else 0.0
        if not self._logs:
            return price
        off = (log(seconds) - self._typical) / self._spread
        # few intervals are a weak reason to call a beat early: a bigeminy must not lose every second beat
        early = self._weights.early * len(self._logs) / RECENT
        return price + (self.silence(seconds) if off > 0 else min(early, 0.5 * off * off))

    def silence(self, seconds: float) -> float:
        """Return the price of so long without a beat: it grows with each one that should have come."""
        if not self._logs or seconds <= 0.01:
            return 0.0
        off = (log(seconds) - self._typical) / self._spread
        if off <= 0:
            return 0.0
        over = seconds / self._usual - 1.5
        w = self._weights
        return min(w.silence, min(w.late, 0.5 * off * off) + w.missed * max(0.0, over))


class Path:
    """Decide candidates in order.

    Parameters
    ----------
    rate : float
        Rate of the decimated samples that count time [Hz].
    """

    def __init__(self, rate: float, weights: Weights = WEIGHTS) -> None:
        self._rate, self._weights = rate, weights
        self._early, self._late = int(EARLY * rate), int(LATE * rate)
        self._retry = int(RETRY * rate)
        self._pending: list[Pending] = []
        self._next = 0
        self._last: int | None = None
        self._intervals = Intervals(weights)
        self._shapes = Shapes()
        self._trust = Trust()
        self._heights: list[float] = []
        self._slopes: list[float] = []
        self._noise: list[float] = []

    def restart(self) -> None:
        """Begin a new stretch: keep what is known about the person, drop what is pending."""
        self._pending = []
        self._next = 0
        self._last = None

    def push(self, found: Candidates, look: int, count: int) -> list[Decided]:
        """Take in complete candidates and return the beats decided up to sample `count` - 1."""
        out: list[Decided] = []
        parts = normalised_parts(found.shapes)
        rows = zip(*(column.tolist() for column in found[:-1]), strict=True)
        for part, (index, height, floor, before, reference, slope) in zip(parts, rows, strict=True):
            self._decide(index + look, out)
            if height >= 0.08 * reference:
                self._arrive(index, height, floor, before, reference, slope, part)
        self._decide(count - 1, out)
        return out

    def _arrive(
        self,
        index: int,
        height: float,
        floor: float,
        before: float,
        reference: float,
        slope: float,
        parts: FloatArray,
    ) -> None:
        if self._last is not None and index - self._last > 2.5 * self._rate:
            self._heights, self._slopes = [], []  # the electrode may have moved
        w, reference = self._weights, max(reference, TINY)
        likeness, _ = self._trust.likeness(parts)
        level = _quantile(self._heights, w.low) if len(self._heights) >= 3 else reference
        steep = _middle(self._slopes) if len(self._slopes) >= 3 else slope
        noise = _middle(self._noise) if len(self._noise) >= 3 else 0.1 * level
        threshold = max(TINY, min(noise, 0.5 * level) + w.threshold * max(level - noise, 0.0))
        contrast = height / (floor + TINY)
        score = w.bias + w.height * max(-2.0, min(w.height_cap, log(height / threshold)))
        score += w.reference * min(0.0, log(height / reference) + 0.9)
        score += w.slope * min(0.0, log(slope / max(steep, TINY) + 1e-9) + w.slope_free)
        score += w.contrast * max(-1.5, min(w.contrast_cap, log(contrast / 3.5)))
        score += w.likeness * (max(w.unlike, likeness) - 0.6)
        if len(self._heights) < 3 and index < BACKGROUND * self._rate and contrast < 4.0:
            score -= w.unknown
        if before > height:
            score -= w.shadow * log(before / height)
        else:
            score += w.alone
        if (
            self._last is not None
            and index - self._last < 0.42 * self._rate
            and slope < 0.5 * (self._slopes or [0.0])[-1]
        ):
            score -= w.tail
        self._pending.append(Pending(index, score, height, slope, contrast, parts))
        if len(self._pending) == 1:
            self._next = index + self._early

    def _decide(self, now: int, out: list[Decided]) -> None:
        while self._pending and self._next <= now:
            first, at = self._pending[0], self._next
            margin = self._margin(at)
            if abs(margin) < self._weights.margin and at < first.place + self._late:
                self._next = min(at + self._retry, first.place + self._late)
                continue
            del self._pending[0]
            if margin > 0:
                out.append(self._accept(first, at))
            elif first.height < 1.5 * (_middle(self._heights) if self._heights else first.height):
                self._noise = [*self._noise[-7:], first.height]
            if self._pending:
                self._next = max(at, self._pending[0].place + self._early)

    def _accept(self, beat: Pending, at: int) -> Decided:
        last, self._last = self._last, beat.place
        self._heights = [*self._heights[-7:], beat.height]
        self._slopes = [*self._slopes[-7:], beat.slope]
        part = beat.parts[self._shapes.likeness(beat.parts)[1]]
        self._shapes.learn(part)
        trusted, likeness = self._trust.judge(beat.parts, part, self._shapes, beat.contrast, beat.height)
        if last is not None:
            self._intervals.learn((beat.place - last) / self._rate)
        return Decided(beat.place, at, beat.contrast, likeness, float(trusted))

    def _margin(self, at: int) -> float:
        """Return the best path score with the oldest candidate minus the best without it."""
        group = [c for c in self._pending[:PENDING] if c.place <= at]
        rate, cost, silence = self._rate, self._intervals.cost, self._intervals.silence
        times = [c.place / rate for c in group]
        now, last = at / rate, None if self._last is None else self._last / rate
        start = group[0].score - (cost(times[0] - last) if last is not None else 0.0)
        having, lacking = [start], [-1e9]
        best_with = start - silence(now - times[0])
        best_without = -silence(now - last) if last is not None else 0.0
        for j in range(1, len(group)):
            costs = [cost(times[j] - times[i]) for i in range(j)]
            first = -cost(times[j] - last) if last is not None else 0.0
            score, tail = group[j].score, silence(now - times[j])
            having.append(score + max(having[i] - costs[i] for i in range(j)))
            lacking.append(score + max([first] + [lacking[i] - costs[i] for i in range(1, j)]))
            best_with = max(best_with, having[j] - tail)
            best_without = max(best_without, lacking[j] - tail)
        return best_with - best_without

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

from collections.abc import Callable
from math import log, nan
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.ibi import made_of
from processing.heart.rpeaks_evidence import TINY, WEIGHTS, Intervals, Levels, Tails, Weights
from processing.heart.rpeaks_front import BACKGROUND, SHIFT, Candidates
from processing.heart.rpeaks_trust import NOISE, Others, Shapes, SlowNoise, Trust
from processing.heart.waves import beneath
from processing.heart.waves import echo as echoes
from processing.heart.waves.passed import CLEARLY, HIGH, NONE, STANDS_OUT, STRONG, WEAK, PassedOver, Wave

EARLY = 0.34
"""Earliest decision after the envelope maximum [s]; the maximum lies about 0.06 s after the R peak."""
RETRY = 0.12
"""Wait between decisions while the answer is not clear [s]."""
LATE, WITHIN = 0.78, 0.885
"""Latest decision after the envelope maximum, and after the earliest place the R peak may have [s]."""
PENDING = 7
"""Candidates that the best path looks at."""
TAIL = 0.62
"""So long after a beat its T wave may come [s]."""
_NEVER = 1 << 62
Swing = Callable[[int, int], float]
LiesBeneath = Callable[[list[tuple[int, int]]], bool]


class Pending(NamedTuple):
    """Hold a candidate that is not decided yet; `place` in decimated samples. `clear`: it looks like the beat
    before it and stands out, as in a run of wide beats. `sure`: it is no T wave. `last`: when
    it is decided at the latest, in decimated samples."""

    place: int
    score: float
    height: float
    slope: float
    contrast: float
    late: bool
    parts: FloatArray
    clear: bool
    sure: bool
    last: int


_pending = made_of(Pending)


class Decided(NamedTuple):
    """Hold a beat: `place` of its envelope maximum, `at` which decimated sample it was decided, and what
    speaks for a beat among the waves that were `passed` over since the beat before."""

    place: int
    at: int
    contrast: float
    likeness: float
    trusted: float
    passed: float


def normalised_parts(shapes: FloatArray) -> FloatArray:
    """Return every shifted part of each shape at mean 0 and norm 1, shape (n, 2 SHIFT + 1, width)."""
    width = shapes.shape[1] - 2 * SHIFT
    # C order, or sums would add in an order that depends on how many shapes there are
    parts = np.lib.stride_tricks.sliding_window_view(shapes, width, axis=1).copy()
    parts -= parts.mean(axis=2, keepdims=True)
    parts /= np.sqrt((parts * parts).sum(axis=2, keepdims=True)) + 1e-12
    return parts


class Path:
    """Decide candidates in order.

    Parameters
    ----------
    rate : float
        Rate of the decimated samples that count time [Hz].
    """

    def __init__(self, rate: float, weights: Weights = WEIGHTS) -> None:
        self._rate, self._weights = rate, weights
        self._early, self._late, self._within = int(EARLY * rate), int(LATE * rate), int(WITHIN * rate)
        self._retry = int(RETRY * rate)
        self._pending: list[Pending] = []
        self._next = 0
        self._last: int | None = None
        self._intervals = Intervals(weights)
        self._shapes = Shapes()
        self._trust = Trust()
        self._levels = Levels(weights.low)
        self._tails = Tails()
        self._latest: FloatArray | None = None
        self._clear = False
        self._others = Others()
        self._noise = SlowNoise()
        self._echo: Pending | None = None
        self._passed = PassedOver()
        self._beneath = beneath.Beneath(rate)

    def restart(self) -> None:
        """Begin a new stretch: keep what is known about the person, drop what is pending."""
        self._pending = []
        self._next = 0
        self._last = None
        self._echo = None
        self._passed.restart()
        self._beneath.restart()

    def push(
        self, found: Candidates, look: int, count: int, swing: Swing, lies_beneath: LiesBeneath
    ) -> list[Decided]:
        """Take in complete candidates and return the beats decided up to sample `count` - 1.

        `swing` tells of a candidate and a later beat what `FrontEnd.swing_after` does, `lies_beneath` of
        pairs of beats what `FrontEnd.lies_beneath` does.
        """
        out: list[Decided] = []
        self._swing, self._lies_beneath = swing, lies_beneath
        parts = normalised_parts(found.shapes) if len(found.shapes) else found.shapes
        rows = zip(*(column.tolist() for column in found[:-1]), strict=True)
        for part, (index, height, floor, before, reference, slope, since) in zip(parts, rows, strict=True):
            if self._next <= index + look:
                self._decide(index + look, out)
            if height >= 0.08 * reference:
                last = index + min(self._late, self._within - since)
                self._arrive(index, height, floor, before, reference, slope, last, part)
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
        last: int,
        parts: FloatArray,
    ) -> None:
        levels = self._levels
        since = _NEVER if self._last is None else index - self._last
        if self._rate * 2.5 < since < _NEVER:
            levels.moved()  # the electrode may have moved
        w, reference = self._weights, max(reference, TINY)
        likeness = self._trust.likeness(parts)
        threshold, steep = levels.at(reference, slope, w.threshold)
        contrast = height / (floor + TINY)
        tall, clear = log(height / threshold), log(contrast / 3.5)
        # comparisons, since min and max cost as much as the logarithms
        tall = -2.0 if tall < -2.0 else w.height_cap if tall > w.height_cap else tall
        clear = -1.5 if clear < -1.5 else w.contrast_cap if clear > w.contrast_cap else clear
        score = w.bias + w.height * tall
        score += w.contrast * clear
        told = self._noise.evidence(parts, self._trust.typical)
        like = w.likeness * ((likeness if likeness > w.unlike else w.unlike) - 0.6)
        score += like if told is None else told
        small = log(height / reference) + 0.9
        if small < 0.0:
            score += w.reference * small
        flat = log(slope / max(steep, TINY) + 1e-9) + w.slope_free
        if flat < 0.0:
            score += w.slope * flat
        if contrast < 4.0 and index < BACKGROUND * self._rate and levels.few:
            score -= w.unknown
        seen, sure = False, False
        if since < TAIL * self._rate:
            seen, sure = self._others.hold(parts, height, contrast)
        # what looks like wide beats that came before is no T wave, and may come early
        after, late = (w.alone, False) if seen else self._after_beat(since, height, slope, before)
        score += after
        if levels.few:
            self._outgrow(height)
        if told is not None and self._intervals.is_even:
            score *= NOISE.less  # the rhythm tells more there
        clear = seen or (contrast > w.clear and self._alike(parts))
        sure = sure or (seen and contrast > w.clear)
        sure = sure or (self._others.is_calm and likeness > w.sure and slope > w.steep * steep)
        self._pending.append(
            _pending((index, score, height, slope, contrast, late, parts, clear, sure, last))
        )
        if len(self._pending) == 1:
            self._next = index + self._early

    def _alike(self, parts: FloatArray) -> bool:
        """Tell whether a candidate looks like the last beat or the candidate before it."""
        least, latest = self._weights.alike, self._latest
        if latest is not None and max(parts.dot(latest).tolist()) > least:
            return True
        return bool(self._pending) and max(parts.dot(self._pending[-1].parts[SHIFT]).tolist()) > least

    def _after_beat(self, since: int, height: float, slope: float, before: float) -> tuple[float, bool]:
        """Return what speaks against a T wave so many samples after the last beat, and whether it is flat
        and low."""
        w, usual, beat = self._weights, True, self._levels
        if since < TAIL * self._rate:
            usual = self._tails.usual(height)
        score = w.alone if before <= height else 0.0
        if not usual:
            return score, False
        if before > height:
            score -= w.shadow * log(before / height)
        if since >= TAIL * self._rate or slope >= 0.5 * beat.slope:
            return score, False
        if since < 0.42 * self._rate:
            score -= w.tail
        if slope >= 0.38 * beat.slope or height >= 0.55 * beat.height or since <= 0.2 * self._rate:
            return score, False
        return score - w.late_tail * self._tails.saw(), True

    def _outgrow(self, height: float) -> None:
        """Price pending candidates that a far higher one makes small: at the start nothing else tells."""
        w = self._weights
        for k, c in enumerate(self._pending):
            small = log(c.height / height) + 0.9
            if small < 0.0:
                self._pending[k] = c._replace(score=c.score + (w.reference + w.height) * small)

    def _decide(self, now: int, out: list[Decided]) -> None:
        pending = self._pending
        while pending and self._next <= now:
            first, at = pending[0], self._next
            margin = self._margin(at)
            if abs(margin) < self._weights.margin and at < first.last:
                self._next = min(at + self._retry, first.last)
                continue
            del pending[0]
            if margin > 0:
                out.append(self._accept(first, at))
            else:
                self._levels.reject(first.height)
                self._noise.reject(first.parts[SHIFT])
                if self._last is not None and first.place - self._last < TAIL * self._rate:
                    self._tails.rejected(first.height)
                self._passed_over(first)
            if pending:
                self._next = max(at, pending[0].place + self._early)

    def _passed_over(self, wave: Pending) -> None:
        """Note a wave after a beat that may be a beat itself, and the largest one too high for a T wave."""
        beat = self._levels.height
        self._beneath.note(wave.place, wave.height, wave.slope, self._levels)
        self._passed.look(wave.height / max(beat, TINY), wave.contrast, wave.score)
        if self._last is None or wave.contrast < echoes.CONTRAST:
            return
        tall = wave.score > echoes.SCORE and wave.height > echoes.HALF * beat
        own = self._trust.likeness(wave.parts) > echoes.LIKE
        if own or wave.height > HIGH * beat:
            evidence = STRONG if own else WEAK if tall else NONE
            clear = wave.height > CLEARLY * beat and wave.contrast > STANDS_OUT
            self._passed.note(Wave(wave.place / self._rate, wave.height, wave.parts, evidence, clear))
        since, known = (wave.place - self._last) / self._rate, self._echo
        high = wave.height > echoes.LOW * beat
        if high and echoes.SOON < since < echoes.LATEST and (known is None or wave.height > known.height):
            self._echo = wave

    def _look_back(self, place: int) -> None:
        """Learn the shape of the wave before a beat at this place that was passed over and was a beat."""
        wave, self._echo = self._echo, None
        if wave is None or not echoes.ROOM < (place - wave.place) / self._rate < 1.5:
            return
        swing = self._swing(wave.place, place)
        if swing > echoes.DOUBT:
            self._passed.doubt(wave.place / self._rate)
        if swing > echoes.SWING and wave.height > echoes.HIGH * self._levels.height:
            self._others.passed_over(wave.parts[SHIFT], wave.height)

    def _accept(self, beat: Pending, at: int) -> Decided:
        self._look_back(beat.place)
        last, self._last = self._last, beat.place
        self._levels.accept(beat.height, beat.slope)
        if not beat.late:
            self._tails.next_beat()
        part = beat.parts[self._shapes.likeness(beat.parts)[1]]
        self._latest, self._clear = part, beat.clear
        self._shapes.learn(part)
        trusted, likeness = self._trust.judge(beat.parts, part, self._shapes, beat.contrast, beat.height)
        self._noise.accept(beat.contrast, trusted=trusted)
        self._others.learn(part, beat.height, beat.contrast, likeness, trusted=trusted, sure=beat.sure)
        if last is not None:
            self._intervals.learn((beat.place - last) / self._rate)
        before = nan if last is None else last / self._rate
        pairs = self._beneath.beat(beat.place, is_own=trusted)
        if pairs and self._lies_beneath(pairs):
            self._passed.goes_on(beat.place / self._rate + beneath.HOLD)
        passed = self._passed.beat(beat.place / self._rate, before, is_own=trusted)
        return Decided(beat.place, at, beat.contrast, likeness, float(trusted), passed)

    def _margin(self, at: int) -> float:
        """Return the best path score with the oldest candidate minus the best without it."""
        rate, cost, silence = self._rate, self._intervals.cost, self._intervals.silence
        now, last = at / rate, None if self._last is None else self._last / rate
        head, best_without = self._pending[0], 0.0
        first, score = head.place / rate, head.score
        if last is not None:
            score -= cost(first - last, head.clear and self._clear, head.sure)
            best_without = -silence(now - last)
        best_with = score - silence(now - first)
        if len(self._pending) == 1 or self._pending[1].place > at:
            return best_with - best_without
        times, having, lacking, clears = [first], [score], list[float](), [head.clear]
        for c in self._pending[1:PENDING]:
            if c.place > at:
                break
            time, score = c.place / rate, c.score
            costs = [cost(time - t, c.clear and k, c.sure) for t, k in zip(times, clears, strict=True)]
            tail = silence(now - time)
            ways = [-cost(time - last, c.clear and self._clear, c.sure) if last is not None else 0.0]
            ways += [b - p for b, p in zip(lacking, costs[1:], strict=True)]
            having.append(score + max([b - p for b, p in zip(having, costs, strict=True)]))
            lacking.append(score + max(ways))
            times.append(time)
            clears.append(c.clear)
            best_with = max(best_with, having[-1] - tail)
            best_without = max(best_without, lacking[-1] - tail)
        return best_with - best_without

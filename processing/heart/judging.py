"""Which beats are normal: the shape of each beside its time, causally.

The interval before a beat is known with it; whether the beat came before its time only with the next one. So
a beat is judged when the next is settled, or `WAIT` after its R peak.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.config import HeartConfig
from processing.heart.families import ELSEWHERE, SEEN, Families, Family, Turns
from processing.heart.ibi import (
    ACCEPTED,
    ALTERNATING,
    ASTRAY,
    CHANGED,
    DOUBTED,
    ECTOPIC,
    EVEN,
    IRREGULAR,
    LONG,
    MISPLACED,
    NORMAL,
    PASSED_OVER,
    REJECTED,
    ROUGH,
    SAID,
    SHORT,
    UNLIKE,
    UNTOLD,
    Arrival,
    Intervals,
    Known,
    Verdict,
    known_of,
    made_of,
    tabled,
    verdict_of,
)
from processing.heart.rhythm import BY_SHAPE, BY_TIME, LONGEST, Rhythm
from processing.sums import middle

WAIT = HeartConfig.class_wait
"""A beat whose successor is not settled by then is judged without it [s after its R peak]."""
UNSEEN = 1.4
"""How far away the next beat is taken to be then [s]."""
SHORTEST = 0.25
"""A shorter interval is no heart's [s]."""
RUN = 5
"""Intervals in a row that agree among themselves before they are taken for a new rhythm."""


class Shape(NamedTuple):
    """Limits on likeness (correlation with a normal family) and size (amplitude over that family's); ours,
    see `Limits`."""

    hard: float = 0.80
    """A beat less like than this is ectopic; in its time, down to `lenient` it may be normal."""
    soft: float = 0.90
    """A beat less like than this is ectopic if it is not in its time, too."""
    even: float = 0.93
    """Where no rhythm is, most beats are out of time: there `soft` counts only where it is so strict."""
    lenient: float = 0.60
    spread: float = 4.0
    """Both limits follow the likeness of the last normal beats: so many deviations under its median."""
    exact: float = 0.96
    """A beat more like than this may be of any size."""
    sizes: tuple[float, float] = (0.55, 1.7)
    near_sizes: tuple[float, float] = (0.6, 1.6)
    """Sizes of a beat that is without doubt of normal shape."""


LIMITS = Shape()
NOBODY: FloatArray = np.empty(0)


class _Pending(NamedTuple):
    """Hold a beat that waits for the next one: `known` is its interval [ms], nan if there is a `reason`."""

    beat: Arrival
    likeness: float
    size: float
    family: Family | None
    known: float
    reason: str
    astray: bool


_pending = made_of(_Pending)


class BeatJudge:
    """Judge beats one after another.

    Parameters
    ----------
    has_shapes : bool
        The beats come with their shapes; without, their time alone decides.
    placed : ndarray, shape (n,)
        Beats that were placed by hand [s], in order: what comes of them is known beforehand.

    References
    ----------
    The codes of a class are those of Lipponen & Tarvainen (2019), doi:10.1080/03091902.2019.1640306. The
    rules are ours.
    """

    def __init__(self, *, has_shapes: bool, placed: FloatArray = NOBODY) -> None:
        self._has_shapes, self._placed = has_shapes, placed
        self._families, self._turns = Families(), Turns()
        self._rhythm = Rhythm(BY_SHAPE if has_shapes else BY_TIME)
        self._likes: list[float] = []
        self._counted = 0
        self._limits = (LIMITS.hard, LIMITS.soft)
        self._run: list[float] = []
        self._pending: _Pending | None = None
        self._before = math.nan  # class of the last judged beat
        self._span_before = False
        self._is_irregular = False
        self._last = math.nan
        self._paired = self._astray = False
        self._judged: list[Verdict] = []

    def push(self, beat: Arrival) -> Known:
        """Take in a beat; return what is known of it now."""
        last = self._pending
        fresh = beat.is_first or math.isnan(beat.interval)
        if last is not None:
            deadline = last.beat.time + WAIT
            if beat.settled <= deadline:
                self._settle(math.nan if fresh else beat.time - last.beat.time, beat.settled)
            else:
                self._settle(self._unseen(last.beat.time), deadline)
        if fresh:
            self._before = math.nan if math.isnan(beat.interval) else NORMAL
            self._paired, self._astray, self._span_before = False, False, not math.isnan(beat.interval)
        if beat.passed:
            beat = beat.without_motion(is_steady=self._rhythm.is_steady, is_irregular=self._is_irregular)
        likeness, size, family, later = 1.0, 1.0, None, 0.0
        if beat.parts is not None and beat.norms is not None and beat.fault in ("", UNLIKE):
            ratio = beat.interval / self._rhythm.usual if beat.interval < 3.0 else math.nan
            if beat.placed:
                likeness, size = self._families.look(beat.parts, beat.norms)
            else:
                likeness, size, family, later = self._families.place(beat.parts, beat.norms, ratio)
        if beat.vouched:
            likeness, size = 1.0, 1.0
        beat = beat._replace(fault=self._cleared(beat.fault, likeness, size, family)) if beat.fault else beat
        if not beat.fault:
            self._rhythm.saw(beat.interval)
        astray = abs(later) > ELSEWHERE and not beat.vouched
        reason = self._refusal(beat, likeness, size, astray=astray)
        known = math.nan if reason else 1e3 * beat.interval
        self._pending = _pending((beat, likeness, size, family, known, reason, astray))
        return known_of((known, reason, not beat.fault))

    def settle(self, until: float) -> None:
        """Judge the last beat without its successor if none was settled by data time `until` [s], in time."""
        if self._pending is not None and self._pending.beat.time + WAIT <= until:
            self._settle(self._unseen(self._pending.beat.time), self._pending.beat.time + WAIT)

    def _unseen(self, time: float) -> float:
        """Return how far away the next beat is taken to be while none was detected [s]."""
        k = int(np.searchsorted(self._placed, time, side="right")) if len(self._placed) else 0
        return min(UNSEEN, float(self._placed[k]) - time) if k < len(self._placed) else UNSEEN

    def taken(self) -> list[Verdict]:
        """Return the beats judged since the last call."""
        out, self._judged = self._judged, []
        return out

    def _refusal(self, beat: Arrival, likeness: float, size: float, *, astray: bool) -> str:
        """Return why the interval before a beat is no NN interval, as far as the beat itself tells."""
        if beat.fault:
            return beat.fault
        if math.isnan(beat.interval):
            return beat.missing or "first beat"
        if likeness < LIMITS.lenient or self._is_misshapen(likeness, size):
            return "another QRS shape"
        if self._before != NORMAL:
            return "after a beat that is not normal"
        if beat.interval < SHORTEST:
            return "early beat"
        known = beat.vouched or self._is_irregular  # where no rhythm is, no interval is long for it
        if self._is_long(beat.interval) and not (known and beat.interval < LONGEST):
            return "long interval"
        return PASSED_OVER if beat.passed else ASTRAY if astray or self._astray else ""

    @staticmethod
    def _cleared(fault: str, likeness: float, size: float, family: Family | None) -> str:
        """Return the fault of a beat, "" if it is only unlike the last trusted ones and of a normal shape
        that was seen before: many ectopic beats in a row become the trusted ones."""
        known = family is not None and family.n > SEEN
        alike = likeness >= LIMITS.hard and _within(size, LIMITS.near_sizes)
        return "" if fault == UNLIKE and known and alike else fault

    def _is_long(self, interval: float) -> bool:
        long = interval > BY_SHAPE.long * self._rhythm.usual and interval > 0.6
        return long or not interval < LONGEST

    @staticmethod
    def _is_misshapen(likeness: float, size: float) -> bool:
        return likeness < LIMITS.exact and not LIMITS.sizes[0] < size < LIMITS.sizes[1]

    def _settle(self, following: float, at: float) -> None:
        """Judge the pending beat, with the interval after it [s], at data time `at` [s]."""
        assert self._pending is not None
        beat, likeness, size, family, known, reason, astray = self._pending
        self._pending = None
        usual = self._rhythm.usual
        if family is not None and following < LONGEST and not math.isnan(usual) and following != UNSEEN:
            family.went(following / usual)
        kind, doubtful = self._kind(beat, likeness, size, following)
        kind, changed = self._taken_up(beat, likeness, kind)
        good = kind == NORMAL and not math.isnan(known) and not changed
        if good:
            self._rhythm.accept(beat.interval)
        if kind == NORMAL and self._has_shapes:
            self._learn(likeness)
        usual_shape = not beat.fault and likeness >= LIMITS.soft and _within(size, LIMITS.near_sizes)
        # What somebody vouches for is no evidence of a rhythm that speaks against it, there or later.
        told = usual_shape and not beat.vouched and not beat.passed
        rhythm = self._rhythm.follow(beat.interval, told, kind == NORMAL)
        if self._turns.taken(family if kind == NORMAL and not beat.vouched else None) and rhythm == EVEN:
            rhythm = ALTERNATING
        self._is_irregular = self._has_shapes and rhythm == IRREGULAR and not beat.vouched
        rhythm = ACCEPTED if beat.vouched else DOUBTED if beat.passed else rhythm
        if rhythm == EVEN and kind == NORMAL and reason == ASTRAY:
            rhythm = ROUGH
        judged = not math.isnan(kind)
        spanned = (
            judged and self._span_before and beat.interval < LONGEST and kind != LONG and not beat.passed
        )
        paired = good and self._paired
        value, span = known if good else math.nan, beat.interval if spanned else 0.0
        said, seen = CHANGED if changed else rhythm, (beat.placing, beat.turning)
        placing, turning = (math.nan, UNTOLD) if beat.vouched else seen
        why = "" if good else reason or SAID.get(kind, "not normal")
        row = (beat.time, at, value, kind, span, paired, doubtful, said, placing, turning, why)
        self._judged.append(verdict_of(row))
        self._before, self._span_before, self._paired, self._astray = kind, judged, good, astray
        self._last = beat.interval

    def _kind(self, beat: Arrival, likeness: float, size: float, following: float) -> tuple[float, bool]:
        """Return the class of a beat, and whether it is doubtful."""
        if beat.fault:
            return (ECTOPIC, False) if beat.fault in (UNLIKE, REJECTED) else (math.nan, False)
        if beat.vouched:
            return NORMAL, False
        interval, usual = beat.interval, self._rhythm.usual
        known = not (math.isnan(interval) or math.isnan(usual))
        p, q = (interval / usual, following / usual) if known else (math.nan, math.nan)
        hard, soft = self._limits
        steady = abs(interval - following) < 0.12 * interval and 0.75 < p < 1.3
        odd = likeness < hard and not (steady and likeness >= LIMITS.lenient)
        if odd or self._is_misshapen(likeness, size):
            return ECTOPIC, False
        out = p < 0.92 or q > 1.12 or not _within(size, (0.6, 1.7))
        strict = soft > LIMITS.even or not self._is_irregular
        if likeness < soft and strict and not steady and out:
            return ECTOPIC, True
        if not known:
            return NORMAL, False
        return self._by_time(interval, following, p, q, doubtful=likeness < soft)

    def _by_time(
        self, interval: float, following: float, p: float, q: float, *, doubtful: bool
    ) -> tuple[float, bool]:
        """Return the class of a beat of normal shape from its time alone."""
        if self._is_irregular and interval >= SHORTEST:
            return NORMAL, doubtful  # where no rhythm is, no beat is early
        if self._before == SHORT and abs(p + self._last / self._rhythm.usual - 1.0) < 0.15:
            return NORMAL, doubtful  # the beat before it was one too many
        if p < 0.9 and abs(p + q - 1.0) < 0.15:
            return SHORT, True
        if self._rhythm.is_early(interval, following):
            return ECTOPIC, True
        if p < BY_SHAPE.extra or interval < SHORTEST:
            return SHORT, True
        if self._before != NORMAL:
            second = self._before == ECTOPIC and not self._has_shapes and following != UNSEEN
            second = second and self._rhythm.is_second(self._last, interval, following)
            return (ECTOPIC, True) if second else (NORMAL, doubtful)
        if self._is_long(interval) and self._rhythm.is_steady and min(abs(p / 2 - 1), abs(p / 3 - 1)) < 0.1:
            return LONG, True
        if not self._has_shapes and self._is_late(p, q):
            return MISPLACED, True
        return NORMAL, doubtful

    def _is_late(self, p: float, q: float) -> bool:
        """Tell whether a mark lies behind its beat: a long interval, then a short one, in an even rhythm."""
        if not (p > 1.04 and q < 0.9 and p - q > 0.2):
            return False
        even = abs(self._last / self._rhythm.usual - 1.0) < 0.12
        return (even and abs(p + q - 2.0) < 0.15) or (p > 1.15 and p - q > 0.25 and self._rhythm.is_steady)

    def _taken_up(self, beat: Arrival, likeness: float, kind: float) -> tuple[float, bool]:
        """Return NORMAL and True where beats of fair shape, rejected by their time, agree among themselves:
        another rhythm."""
        untimely = self._is_long(beat.interval) or self._before == SHORT
        rejected = kind in (ECTOPIC, SHORT, LONG) or (kind == NORMAL and untimely)
        other = beat.fault or beat.vouched or likeness < LIMITS.lenient or not beat.interval < LONGEST
        if not rejected or other:
            self._run = []
            return kind, False
        self._run = [*self._run[1 - RUN :], beat.interval]
        if len(self._run) < RUN or max(self._run) >= 1.12 * min(self._run):
            return kind, False
        self._rhythm.restart(self._run)
        self._run = []
        return NORMAL, True

    def _learn(self, likeness: float) -> None:
        """Let the limits on likeness follow that of normal beats."""
        self._likes = [*self._likes[-39:], likeness]
        self._counted += 1
        if self._counted % 4 or len(self._likes) < 12:
            return
        usual = middle(self._likes)
        spread = 1.4826 * middle([abs(value - usual) for value in self._likes])
        least = usual - LIMITS.spread * spread
        hard = min(LIMITS.hard, max(LIMITS.lenient, least))
        self._limits = hard, min(0.97, max(LIMITS.hard, least))


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] < value < limits[1]


def judge_beats(times: FloatArray) -> Intervals:
    """Judge beats of which only the time is known, in order and from the past only.

    Parameters
    ----------
    times : ndarray, shape (n_beats,)
        R peaks or pulse times [s], increasing.
    """
    judge = BeatJudge(has_shapes=False)
    intervals: Sequence[float] = np.diff(times, prepend=np.nan).tolist()
    for time, interval in zip(times.tolist(), intervals, strict=True):
        judge.push(Arrival(time, time, interval, ""))
    judge.settle(math.inf)
    return tabled(judge.taken())[0]

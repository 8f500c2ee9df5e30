"""Whether the beats of two people come at the same moments: one heart that both are wired to.

Two leads of one person, or one belt received twice, give series that go together as no two people do, at full
quality. Two hearts cannot: how far their beats lie apart wanders as their intervals differ, whatever else
their rates have in common. Over a minute, the beats of one lie within some ms of those of the other at one
lag, and at no other lag but those of very even beats, of which nothing is said.

On 41 leads of thirteen records (MIT-BIH, INCART, AHA, STAFF III) two leads of a record have at least 0.8 of
their beats in common in 96 % of minutes, leads of different records at most 0.34 in 9177 minutes. Simulated
hearts of RMSSD 0.1-12 ms and the same mean reach 0.8 as well, at many lags alike: hence the second limit.

The pulse at an arm lags behind the heart by more and less with each breath: beats that lie farther apart
count where that is gone over some beats, as it is not of two people, whose beats drift apart. Where one lead
counts T waves too, its beats come together with the other's at two lags: of these one is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from acquisition.stream import PEOPLE, FloatArray, IntArray
from processing.coupling.looks import Looks
from processing.coupling.shared import Kind
from processing.index import IndexSample
from processing.indices import INDICES, ONE_HEART, SIGNALS, part_of

if TYPE_CHECKING:
    from processing.config import PipelineConfig

WINDOW, STEP, FIRST = 60.0, 10.0, 30.0
"""Beats are compared over so many seconds, so often, first after fewer [s]."""
MOST_APART = 5.0
"""Streams of one heart are at most so far apart [s]: bridges and intervals without times are late."""
NEAR = (0.010, 0.020)
"""Beats that lie so near each other, once a lag is taken out, come together [s]; one suffices."""
SWING, OVER, STILL, SHIFTS = 0.040, 7, 0.007, 6
"""A delay that swings with breath is at most so much longer or shorter [s], over so many beats as long as
ever within so much [s], and that to none of so many beats before and behind."""
DOUBLE = 1.5
"""Who has so many times the beats of the other has waves among them that are none."""
LATE = 1.5
"""Intervals are counted on while their stamps are at most so far off [s]."""
LEAST = 30
"""Fewer beats of either tell nothing."""
TOGETHER, APART = 0.8, 0.5
"""At least and at most this share of beats in common: one heart, and two."""
CLEARER = 0.25
"""So much larger is the share at its lag than at any other; of even beats it is large at many."""
REASON = "one heart: the beats of both come at the same moments"
HINT = (
    "therapist and client: their beats come at the same moments, as those of one heart do: are both sensors "
    "on one person, or one sensor's data given twice? Coupling of heart rate and HRV has no value there"
)
FEW, OPEN = "too few beats", "not clear from the beats"
KIND = Kind(
    index=ONE_HEART,
    signals=frozenset(name for name in SIGNALS if part_of(name) == "heart"),
    window=WINDOW,
    reason=REASON,
    hint=HINT,
    least=4,
)
"""A single look may err where two people breathe to one pace."""
_BEAT = "ibi"


class OneHeart(Looks):
    """Listen to the beats of both people and tell each ten seconds whether they are one heart's."""

    def __init__(self, config: PipelineConfig) -> None:
        super().__init__(KIND, part="heart", step=STEP, first=FIRST, wait=INDICES[_BEAT].settled(config))
        self._people = [_Beats(config.heart.step) for _ in PEOPLE]

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples of both people: each interval ends with a beat, also one without a value."""
        for beats, role in zip(self._people, PEOPLE, strict=True):
            beats.take(s for s in samples if s[3] == _BEAT and s[2] == role)

    def _listen(self, end: float) -> None:
        for beats in self._people:
            beats.forget(end - WINDOW - MOST_APART)

    def _look(self, end: float) -> tuple[float, str]:
        one, other = self._people
        minute, meant = one.between(end - WINDOW, end), other.between(end - WINDOW, end)
        if min(len(minute), len(meant)) < LEAST:
            return math.nan, FEW
        return told(minute, other.between(end - WINDOW - MOST_APART, end), len(meant))


class _Beats:
    """Hold the beats of one person: the moments of their rows, and where their intervals put them.

    The stamp of an interval that a strap sends is off by as much as its radio is late, its length is not.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._rows: list[float] = []
        self._beats: list[float] = []

    def take(self, intervals: Iterable[IndexSample]) -> None:
        for s in intervals:
            if s[4] != s[4] and s[0] % self._step == 0.0:  # it tells of silence, and of no beat
                continue
            counted = self._beats[-1] + s[4] / 1000.0 if self._beats else math.nan
            self._beats.append(counted if abs(counted - s[0]) <= LATE else s[0])
            self._rows.append(s[0])

    def between(self, begin: float, end: float) -> FloatArray:
        """Return the beats whose rows lie between two moments."""
        rows = np.array(self._rows)
        return np.sort(np.array(self._beats)[(rows >= begin) & (rows < end)])

    def forget(self, before: float) -> None:
        kept = [k for k, time in enumerate(self._rows) if time >= before]
        self._rows, self._beats = [self._rows[k] for k in kept], [self._beats[k] for k in kept]


def told(one: FloatArray, other: FloatArray, meant: int) -> tuple[float, str]:
    """Tell whether two series of beats are of one heart: 1, or 0 of two; nan where that is open, and why.

    Parameters
    ----------
    one, other : ndarray, shape (n_beats,)
        R times [s], in order; of the other those that reach as far to the sides as the two may be apart.
    meant : int
        So many of the other's beats came in the same time.
    """
    apart, n = _differences(one, other), min(len(one), meant)
    shares = [_shares(apart, near, n) for near in NEAR]
    if any(map(_is_clear, shares)) or _swings(one, other, apart, n):
        return 1.0, ""
    if max(len(one), meant) >= DOUBLE * n and any(_doubled(one, other, meant, near) for near in NEAR):
        return 1.0, ""
    return (0.0, "") if max(best for best, _, _ in shares) < APART else (math.nan, OPEN)


def _is_clear(shares: tuple[float, float, float]) -> bool:
    best, second, _ = shares
    return best >= TOGETHER and best - second >= CLEARER


def _swings(one: FloatArray, other: FloatArray, apart: FloatArray, n: int) -> bool:
    """Tell whether the beats of one come with those of the other at a delay that only swings."""
    best, _, lag = _shares(apart, SWING, n)
    if best < TOGETHER:
        return False
    at = _nearest(one + lag, other)
    stays = sorted(_stays(one, other, at + shift, n) for shift in range(-SHIFTS, SHIFTS + 1))
    return stays[-1] >= TOGETHER and stays[-1] - stays[-2] >= CLEARER


def _stays(one: FloatArray, other: FloatArray, at: IntArray, n: int) -> float:
    """Return for what share of beats the delay to those at these places stays, over some of them."""
    there = (at >= 0) & (at < len(other))
    delays = other[at[there]] - one[there]
    delays = delays[np.abs(delays - np.median(delays)) <= SWING] if len(delays) else delays
    if len(delays) < max(OVER, TOGETHER * n):
        return 0.0
    usual = np.sort(np.convolve(delays, np.full(OVER, 1.0 / OVER), "valid"))
    within = np.searchsorted(usual, usual + 2.0 * STILL, side="right") - np.arange(len(usual))
    return float(within.max()) / len(usual)


def _doubled(one: FloatArray, other: FloatArray, meant: int, near: float) -> bool:
    """Tell whether the beats of whoever has fewer come at those of the other, which has waves beside them."""
    n = min(len(one), meant)
    lag = _shares(_differences(one, other), near, n)[2]
    if len(one) > meant:
        one = one[np.abs(other[_nearest(one + lag, other)] - one - lag) <= near]
    else:
        other = other[np.abs(one[_nearest(other - lag, one)] - other + lag) <= near]
    return min(len(one), len(other)) >= LEAST and _is_clear(_shares(_differences(one, other), near, n))


def _nearest(times: FloatArray, beats: FloatArray) -> IntArray:
    """Return which beat is nearest to each moment."""
    after = np.clip(np.searchsorted(beats, times), 1, len(beats) - 1)
    return np.asarray(after - (times - beats[after - 1] <= beats[after] - times), np.int64)


def _differences(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return how far each beat of one lies from each of the other nearby [s], in order."""
    first, last = np.searchsorted(other, one - MOST_APART), np.searchsorted(other, one + MOST_APART)
    at = np.concatenate([np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)])
    return np.sort(other[at] - one.repeat(last - first))


def _shares(apart: FloatArray, near: float, n: int) -> tuple[float, float, float]:
    """Return the largest share of beats in common over lags, the largest one elsewhere, and its lag [s]."""
    counts = np.searchsorted(apart, apart + 2.0 * near, side="right") - np.arange(len(apart))
    best = int(counts.argmax())
    lag = apart[best] + near
    elsewhere = counts[np.abs(apart + near - lag) > 4.0 * near]
    return counts[best] / n, float(elsewhere.max(initial=0)) / n, float(lag)

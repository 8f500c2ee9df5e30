"""Another heart beneath the beats: what is left between them once each is laid over the others.

Where two hearts are seen and one is three times as large, its T waves cover the smaller one's beats, and all
its own are found: an even rhythm in which nothing seems to be missing. But T and P waves come as long after
each beat or before the next, and what does is taken away by the median of all beats. What is left of a heart
alone is noise. A second one leaves steep waves of one shape, which wander among the beats and march in step,
or stand far out of the noise in every third interval.

So the ECG of a child before birth is sought where its mother's was taken away. That it doubts the larger
heart is ours, and so are all limits, set on one seed of `benchmarks.looks_good_drawn`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple, Protocol

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

WINDOW, EVERY = 24.0, 4.0
"""What is looked at at a time, and how often [s]."""
HOLD = 30.0
"""Where the smaller one falls upon the larger it is not seen: so long it is taken to go on [s]."""
HIGH, STEEP, SHARP = 0.12, 0.12, 0.75
"""Envelope and slope of a wave over those of a beat, and the second over the first, from which it is looked
for: T waves have slopes under 0.1, or 0.6 of their envelope."""
NOTED, APART = 2, 0.04
"""Least number of such waves that lie so far from the usual place after a beat, and before the next one [s],
for anything to be looked for;"""
LARGE, MOST = (0.20, 0.16), 0.7
"""or of those of more than this envelope and slope over a beat's, if they are fewer than this share of the
beats: P and T waves come with each one."""
NEAR, LONGEST = 0.12, 1.6
"""So near to a beat nothing is looked for, since it differs from the others by more than noise; longer
intervals are left out [s]."""
INTERVALS = 8
"""Least number of intervals between beats that are like this heart's."""
RISE, SHAPE = 0.016, 0.064
"""Half of the time that a slope is taken over, and half the length of a wave's shape [s]."""
SHARED = 6
"""Places that fewer intervals reach have no median."""
CLEAR = 6.0
"""Slope over that of the noise (1.48 times its median) from which a wave is one."""
LIKE, SIZES = 0.85, (0.6, 1.6)
"""Least correlation of a wave with the typical one, and its slope over the median, to be of one shape."""
IN_STEP, OFF, STEPS, STEP = 0.6, 0.08, 4, (0.33, 1.6)
"""Least share of the times from one to the next, but for one, that are whole steps; how far such a time may
be off, in steps, for one step, and for more with the root of their number; most steps; length of one [s]."""
SOON = 28
"""So many intervals are few."""


class Signs(NamedTuple):
    """Hold what waves must have to be another heart's.

    Fields
    ------
    fewest : int
        Their number.
    wander : (float, float)
        How far the quartiles of their times after the beats, and before the next ones, lie apart at least
        [s], or over the room between two beats where that is little.
    far, large : float
        Typical slope over that of the noise, and over that of a beat.
    width : float
        Longest time for which the typical slope is over half its largest [s]: that of a QRS is 0.025 s, that
        of electrodes that are tapped once a second 0.033-0.042 s.
    often, alike : float
        Their number over that of the intervals, and over that of all that is left, of any shape.
    quiet : float
        Largest noise over a beat.
    """

    fewest: int
    wander: tuple[float, float]
    far: float
    large: float
    width: float = np.inf
    often: float = 0.0
    alike: float = 0.0
    quiet: float = np.inf


OF_ANY_SHAPE = (
    Signs(8, (0.10, 0.3), far=20.0, large=0.15, often=0.3),
    Signs(5, (0.10, 0.3), far=15.0, large=0.15, often=0.3, width=0.040, quiet=0.015),
)
"""Of all waves, as of a heart with ectopic beats; and while intervals are few, for rates have values soon."""
OF_ONE_SHAPE = Signs(8, (0.082, 0.3), far=12.0, large=0.10, often=0.2, width=0.034, alike=0.6)
"""Of those of one shape, as of a heart that is not even."""
IN_MARCH = (
    Signs(6, (0.055, 0.2), far=9.0, large=0.10, width=0.030, quiet=0.025),
    Signs(6, (0.055, 0.2), far=13.0, large=0.10, width=0.030),
)
"""Of those of one shape that march."""
FEWEST = 5
"""With fewer waves nothing is told."""


class Beat(Protocol):
    """Tell how high and how steep the last beat was."""

    height: float
    slope: float


class Left(NamedTuple):
    """Hold the largest wave that is left in each of some intervals between beats.

    Fields
    ------
    times, since, rest : ndarray, shape (n,)
        When it is, and how far from the beats before and after it [s].
    slopes : ndarray, shape (n,)
        How steep it is [mV over twice `RISE`].
    shapes : ndarray, shape (n, 2 half + 1)
        The slopes around it, backward, of norm 1.
    """

    times: FloatArray
    since: FloatArray
    rest: FloatArray
    slopes: FloatArray
    shapes: FloatArray


class Beside(NamedTuple):
    """Hold what the waves lie in: the number of intervals between beats, the slopes of noise and of a beat
    [mV over twice `RISE`], and the usual time between two beats less what is near to them [s]."""

    intervals: int
    noise: float
    beat: float
    room: float


class Wave(NamedTuple):
    """Hold the slope of the typical wave that is left, how wide it is [s], and how many there are of any
    shape."""

    slope: float
    width: float
    all_: int


class Beneath:
    """Follow when to look for another heart beneath the beats.

    Parameters
    ----------
    rate : float
        Of the samples that count time [Hz].
    """

    def __init__(self, rate: float) -> None:
        self._window, self._every, self._far = int(WINDOW * rate), int(EVERY * rate), APART * rate
        self.restart()

    def restart(self) -> None:
        """Begin a new stretch, whose time begins anew."""
        self._beats: list[tuple[int, bool]] = []
        self._steep: list[int] = []
        self._large: list[int] = []
        self._next = self._every

    def note(self, place: int, height: float, slope: float, beat: Beat) -> None:
        """Take in a wave that was passed over: its sample, envelope [mV] and slope, and those of a beat."""
        steep = slope > STEEP * beat.slope and slope * beat.height > SHARP * height * beat.slope
        if steep and height > HIGH * beat.height:
            self._steep.append(place)
            if height > LARGE[0] * beat.height and slope > LARGE[1] * beat.slope:
                self._large.append(place)

    def beat(self, place: int, *, is_own: bool) -> list[tuple[int, int]]:
        """Take in a beat by its sample; return the pairs of beats between which to look now, if at all: both
        are like this heart's."""
        self._beats.append((place, is_own))
        if not is_own or place < self._next:
            return []
        self._next = place + self._every
        begin = place - self._window
        self._beats = [beat for beat in self._beats if beat[0] > begin]
        self._steep = [wave for wave in self._steep if wave > begin]
        self._large = [wave for wave in self._large if wave > begin]
        some = NOTED <= len(self._large) < MOST * len(self._beats)
        if not some and (len(self._steep) < NOTED or self._apart() < NOTED):
            return []
        pairs = zip(self._beats, self._beats[1:], strict=False)
        return [(one, other) for (one, own), (other, also) in pairs if own and also]

    def _apart(self) -> int:
        """Return how many of the steep waves lie apart from the usual place: P waves do not."""
        places = [place for place, _ in self._beats]
        around = [(wave, bisect_left(places, wave)) for wave in self._steep]
        since = [wave - places[k - 1] for wave, k in around if 0 < k < len(places)]
        rest = [places[k] - wave for wave, k in around if 0 < k < len(places)]
        if not since:
            return 0
        usual_since, usual_rest = _usual(since), _usual(rest)
        return sum(
            1
            for after, before in zip(since, rest, strict=True)
            if abs(after - usual_since) > self._far and abs(before - usual_rest) > self._far
        )


def lies_beneath(ecg: FloatArray, pairs: IntArray, rate: float) -> bool:
    """Tell whether another heart lies beneath beats.

    Parameters
    ----------
    ecg : ndarray, shape (n_samples,)
        Low-passed ECG [mV], from `NEAR` before the first beat to `NEAR` after the last.
    pairs : ndarray of int, shape (n_pairs, 2)
        Samples in the middle of the QRS of beats, and of the next ones.
    rate : float
        Of these samples [Hz].
    """
    near, rise = int(NEAR * rate), round(RISE * rate)
    lengths = pairs[:, 1] - pairs[:, 0] - 2 * near
    kept = (lengths > 2 * rise) & (lengths < LONGEST * rate - 2 * near)
    if np.count_nonzero(kept) < INTERVALS:
        return False
    pairs, lengths = pairs[kept], lengths[kept]
    slopes = np.zeros(len(ecg))
    slopes[rise:-rise] = ecg[2 * rise :] - ecg[: -2 * rise]
    lag = np.arange(int(lengths.max()))
    beyond = lag >= lengths[:, None]
    rows = slopes[np.minimum(pairs[:, :1] + near + lag, len(slopes) - 1)]
    rows = _less_common(rows, beyond)
    turned = np.maximum(lengths[:, None] - 1 - lag, 0)  # from the next beat backward
    rows = _less_common(np.take_along_axis(rows, turned, axis=1), beyond)
    sizes = np.abs(rows)
    noise = 1.4826 * _middle(sizes[~beyond]) + 1e-9
    sizes[beyond] = rows[beyond] = 0.0
    with_wave = np.flatnonzero(sizes.max(axis=1) > CLEAR * noise)
    if len(with_wave) < FEWEST:
        return False
    beat = _middle(np.abs(slopes[pairs[:, :1] + np.arange(-near, near)]).max(axis=1))
    left = _left(rows[with_wave], pairs[with_wave, 1] - near - 1, lengths[with_wave], rate)
    return _tells(left, Beside(len(pairs), noise, beat, _middle(lengths) / rate))


def _usual(values: list[int]) -> int:
    """Return the (upper) median of a short list."""
    return sorted(values)[len(values) // 2]


def _middle(values: FloatArray | IntArray) -> float:
    return float(np.sort(values)[len(values) // 2])


def _less_common(rows: FloatArray, beyond: BoolArray) -> FloatArray:
    """Return rows less the median of each column, where `SHARED` rows reach it."""
    ordered = np.sort(np.where(beyond, np.inf, rows), axis=0)
    count = len(rows) - np.count_nonzero(beyond, axis=0)
    common = ordered[count // 2, np.arange(rows.shape[1])]
    return np.asarray(rows - np.where(count < SHARED, 0.0, common))


def _left(rows: FloatArray, last: IntArray, lengths: IntArray, rate: float) -> Left:
    """Return the largest wave of each row; a row goes backward from its last sample."""
    half, n = int(SHAPE * rate), len(rows)
    if _middle(-rows.min(axis=1)) > _middle(rows.max(axis=1)):
        rows = -rows  # one side of each wave, the steeper as a rule
    at = rows.argmax(axis=1)
    around = np.zeros((n, rows.shape[1] + 2 * half))
    around[:, half:-half] = rows
    shapes = around[np.arange(n)[:, None], at[:, None] + np.arange(2 * half + 1)]
    slopes = shapes[:, half].copy()
    norms = np.sqrt(np.add.reduce(shapes * shapes, axis=1)) + 1e-12
    since, rest = lengths - 1 - at + NEAR * rate, at + 1 + NEAR * rate
    return Left((last - at) / rate, since / rate, rest / rate, slopes, shapes / norms[:, None])


def _tells(left: Left, beside: Beside) -> bool:
    """Tell whether what is left is another heart."""
    usual = _middle(left.slopes)
    typical = np.sort(left.shapes, axis=0)[len(left.shapes) // 2]
    typical = typical / (np.sqrt(np.add.reduce(typical * typical)) + 1e-12)
    wave = Wave(usual, _width(typical), len(left.times))
    signs = OF_ANY_SHAPE if beside.intervals < SOON else OF_ANY_SHAPE[:1]
    if any(_has(sign, left, wave, beside) for sign in signs):
        return True
    alike = np.add.reduce(left.shapes * typical, axis=1) > LIKE
    alike &= (left.slopes > SIZES[0] * usual) & (left.slopes < SIZES[1] * usual)
    left = Left._make(column[alike] for column in left)
    if _has(OF_ONE_SHAPE, left, wave, beside):
        return True
    return any(_has(sign, left, wave, beside) for sign in IN_MARCH) and _marches(left.times)


def _has(signs: Signs, left: Left, wave: Wave, beside: Beside) -> bool:
    """Tell whether waves have such signs."""
    s, number = signs, len(left.times)
    many = number >= max(s.fewest, s.often * beside.intervals, s.alike * wave.all_)
    clear = wave.slope > max(s.far * beside.noise, s.large * beside.beat) and wave.width < s.width
    quiet = beside.noise < s.quiet * beside.beat
    return many and clear and quiet and _wanders(left, min(s.wander[0], s.wander[1] * beside.room))


def _width(typical: FloatArray) -> float:
    """Return for how long slopes around the middle one are over half of it [s]."""
    half = len(typical) // 2
    level = 0.5 * typical[half]
    width = 0.0
    for side in (typical[half:], typical[half::-1]):
        under = np.flatnonzero(side < level)
        k = int(under[0]) if len(under) else len(side) - 1
        width += k - 1 + float((side[k - 1] - level) / (side[k - 1] - side[k])) if len(under) else half
    return width * SHAPE / half


def _wanders(left: Left, least: float) -> bool:
    """Tell whether the waves' distances from the beats before and after them spread so far [s]."""
    quarter, three = len(left.times) // 4, (3 * len(left.times)) // 4
    ordered = (np.sort(left.since), np.sort(left.rest))
    return all(float(times[three] - times[quarter]) > least for times in ordered)


def _marches(times: FloatArray) -> bool:
    """Tell whether the times from one wave to the next [s] are whole steps."""
    apart = np.diff(times)
    steps = apart[(apart > STEP[0]) & (apart < STEP[1])]
    if not len(steps):
        return False
    whole = np.round(apart / steps[:, None])
    off = np.abs(apart - whole * steps[:, None]) / steps[:, None]
    good = (whole >= 1) & (whole <= STEPS) & (off < OFF * np.sqrt(whole))
    return int(np.count_nonzero(good, axis=1).max()) - 1 >= IN_STEP * (len(apart) - 1)

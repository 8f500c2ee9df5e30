"""Settling: what a filter of the device does after a gap, before it tells skin again.

A filter that begins anew starts from a value that is not the skin's. One without overshoot comes up to the
level by an exponential; one with overshoot rings about it. Skin does neither from the very edge of a gap on:
it does not come out of one below where it stood by more than its recovery can have taken, and what it swings
by does not die away at one pace. Both courses are fitted to the first seconds after each gap; where one
explains nearly all that the signal did, those seconds tell nothing. The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.eda_quality import Fault
from processing.skin.found import Stretch
from processing.sums import after

SLOWEST = 3.5
"""Below this rate too few samples lie in a course before it must be known [Hz]."""
BLOCK = 0.25
"""The courses are fitted to means of this length [s]."""
LENGTHS = (12, 18)
"""To so many of them after an edge: before its first samples are settled (5 s), and its first peaks (3 s)."""
BEFORE = 30.0
"""The least second of so long before a gap is how low skin was [s]."""
CONSTANTS = np.geomspace(0.3, 12.0, 20)
"""Time constants that are tried [s]."""
FREQUENCIES = np.geomspace(0.12, 1.8, 40)
"""Frequencies that are tried [Hz]."""
LEAST = 0.05
"""A course begins by so much off what it ends at, at least, and is over when half of it is left [µS]."""
ALONE = 0.97
"""An exponential explains this share of the variance."""
LEFT = 0.1
"""A wave that dies away leaves this share of what a line leaves, and of what an exponential leaves."""
DIES = 2.0
"""Its time constant is at most so many times as long as what it is fitted to: else it is a breath."""
TURNS, MANY = 0.9, 2.0
"""It goes through so many of its periods there; where it stays above what skin fell to, through many."""
PERIODS, LASTS = 0.2, 0.5
"""So many of its periods does its time constant last; likewise. A response is a wave of few."""
SWING, DEEP = 0.12, 0.25
"""It is so large at the edge [µS], and goes below what skin fell to by this share of that."""
BELOW = 0.04
"""Below the least second before a gap by so much [µS] skin does not come out of it, nor does it"""
DRIES = 0.01
"""sink by more than so much in a second of the gap [µS/s]."""
LONGEST = 30.0
"""No filter settles for longer [s]."""


class Courses(NamedTuple):
    """Hold courses to fit to so many means: their orthonormal columns, shape (n, length, k), their time
    constants [s] and frequencies [Hz], shape (n,), and the columns that they are made of."""

    bases: FloatArray
    constants: FloatArray
    frequencies: FloatArray
    columns: FloatArray


def _courses(length: int, frequencies: FloatArray) -> Courses:
    """Return each constant with each frequency over so many means; 0 Hz is an exponential alone."""
    t = BLOCK * (np.arange(length) + 0.5)
    made, constants, used = list[FloatArray](), list[float](), list[float]()
    for frequency in frequencies.tolist():
        if 0.0 < frequency * BLOCK * length < TURNS:
            continue
        for constant in CONSTANTS.tolist():
            dying, phase = np.exp(-t / constant), 2.0 * math.pi * frequency * t
            waves = [dying * np.cos(phase), dying * np.sin(phase)] if frequency else [dying]
            level = [np.ones(length), t] if frequency else [np.ones(length)]
            made.append(np.stack([*waves, *level], axis=1))
            constants.append(constant)
            used.append(frequency)
    columns = np.array(made)
    return Courses(np.linalg.qr(columns)[0], np.array(constants), np.array(used), columns)


class Fit(NamedTuple):
    """Hold the course that explains most: what it leaves of the sum of squares [µS²], its constant [s] and
    frequency [Hz], and by how much it is off at the edge, of a wave its envelope [µS]."""

    left: float
    constant: float
    frequency: float
    off: float


def fitted(y: FloatArray, courses: Courses) -> Fit:
    """Return the course that explains most of a signal [µS]."""
    z = y - y.mean()
    explained = ((z @ courses.bases) ** 2).sum(axis=1)
    k = int(np.argmax(explained))
    weights = np.linalg.lstsq(courses.columns[k], z, rcond=None)[0].tolist()
    frequency = float(courses.frequencies[k])
    off = math.hypot(weights[0], weights[1]) if frequency else weights[0]
    return Fit(max(0.0, float(z @ z - explained[k])), float(courses.constants[k]), frequency, off)


def rings(y: FloatArray, wave: Fit, lone: Fit, floor: float) -> bool:
    """Tell whether a signal [µS] swings about a line and dies away."""
    t = BLOCK * (np.arange(len(y)) - 0.5 * (len(y) - 1))
    z = y - y.mean()
    line = float(z @ z - (z @ t) ** 2 / (t @ t))
    dies = wave.constant <= DIES * BLOCK * len(y)
    if not dies or wave.off < SWING or wave.left > LEFT * min(line, lone.left):
        return False
    turns, periods = wave.frequency * BLOCK * len(y), wave.frequency * wave.constant
    below = float(y.min()) < floor - DEEP * wave.off and turns >= TURNS and periods >= PERIODS
    return below or (turns >= MANY and periods >= LASTS)


class SettlingFinder:
    """Find where a signal settles after a gap; what is known later says more exactly for how long.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._slow = sfreq < SLOWEST
        self._gap = max(0.1, 2.5 / sfreq)
        self._known = deque[tuple[FloatArray, FloatArray]]()
        self._last = math.inf
        self._edge = math.nan
        self._floor = math.nan
        self._next = 0
        self._lone: dict[int, Courses] = {}
        self._waves: dict[int, Courses] = {}

    def push(self, times: FloatArray, eda: FloatArray) -> list[Stretch]:
        """Return the stretches in which the signal settles; stamps [s], EDA [µS] without missing."""
        if self._slow or not len(times):
            return []
        steps = times - after(self._last, times[:-1]) > self._gap
        self._last = float(times[-1])
        if not steps.any():
            return self._follow(times, eda)
        out, first = list[Stretch](), 0
        for place in [*np.flatnonzero(steps).tolist(), len(times)]:
            out += self._follow(times[first:place], eda[first:place])
            if place < len(times):
                self._begin(float(times[place]))
            first = place
        return out

    def _begin(self, edge: float) -> None:
        """Begin anew after a gap, and note how low the signal was before it."""
        self._edge, self._next = edge, 0
        t, x = (np.concatenate(column) for column in zip(*self._known, strict=True))
        since = float(t[-1])
        inside = t > since - BEFORE
        seconds = np.floor(since - t[inside]).astype(np.int64)
        counts, sums = np.bincount(seconds), np.bincount(seconds, weights=x[inside])
        self._floor = float((sums[counts > 0] / counts[counts > 0]).min()) - BELOW - DRIES * (edge - since)

    def _follow(self, t: FloatArray, x: FloatArray) -> list[Stretch]:
        """Take in samples without a gap, and judge what is known of the edge before them."""
        if not len(t):
            return []
        self._known.append((t, x))
        while len(self._known) > 1 and self._known[0][0][-1] < t[-1] - BEFORE - 1.0:
            self._known.popleft()
        out = list[Stretch]()
        while self._next < len(LENGTHS) and t[-1] >= self._edge + BLOCK * LENGTHS[self._next]:
            length = LENGTHS[self._next]
            known = float(t[np.searchsorted(t, self._edge + BLOCK * length)])
            means = self._means(length)
            self._next += 1
            stop = None if means is None else self._settled(means)
            if stop is not None:
                out.append(Stretch(Fault.SETTLES, self._edge - 1e-6, self._edge + stop, known))
        return out

    def _means(self, length: int) -> FloatArray | None:
        """Return the means after the edge [µS], None where too many hold no sample."""
        parts = [(t, x) for t, x in self._known if t[-1] >= self._edge]
        t, x = (np.concatenate(column) for column in zip(*parts, strict=True))
        first, last = np.searchsorted(t, (self._edge, self._edge + BLOCK * length)).tolist()
        late = t[first:last] - self._edge
        blocks = np.minimum((late / BLOCK).astype(np.int64), length - 1)
        counts = np.bincount(blocks, minlength=length)
        full = counts > 0
        if np.count_nonzero(full) < 0.8 * length:
            return None
        at = np.bincount(blocks, weights=late, minlength=length)[full] / counts[full]
        y = np.bincount(blocks, weights=x[first:last], minlength=length)[full] / counts[full]
        return np.asarray(np.interp(BLOCK * (np.arange(length) + 0.5), at, y))

    def _settled(self, y: FloatArray) -> float | None:
        """Return how long after the edge the signal has settled [s], None where it does not settle."""
        length = len(y)
        if float(np.ptp(y)) < LEAST:
            return None
        if length not in self._lone:
            self._lone[length] = _courses(length, np.zeros(1))
            self._waves[length] = _courses(length, FREQUENCIES)
        lone, wave = fitted(y, self._lone[length]), fitted(y, self._waves[length])
        off = len(y) * float(y.var()) * (1.0 - ALONE) >= lone.left and lone.off <= -LEAST
        if off and y[0] < self._floor:
            return self._over(lone)
        return self._over(wave) if rings(y, wave, lone, self._floor) else None

    @staticmethod
    def _over(fit: Fit) -> float:
        """Return after how long little is left [s]."""
        return min(LONGEST, fit.constant * math.log(max(1.0, 2.0 * abs(fit.off) / LEAST)))

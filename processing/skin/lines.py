"""Straight lines: gaps that a tool has filled, between samples that are noisy.

Some exports lay what was not measured on the line between its neighbours, or hold the last value. No sensor
with noise draws a straight line, so where the second differences fall from their usual size to a rounding,
and stay there while the signal moves on in one direction or not at all, nothing was measured. A signal
without noise draws lines as it bends, and in coarse steps most second differences are 0: neither is judged.
The method is ours: docs/eda.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.eda_quality import Fault
from processing.skin.found import Stretch

SLOWEST = 3.5
"""Below this rate too few samples lie on a line before it must be known [Hz]."""
MOVES = 1e-9
"""A line goes on by more from sample to sample [µS]; what stands still is held."""
HELD = 0.002
"""In coarser steps [µS] a level that moves by 1 nS/s stands still for as long as a line lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineConfig:
    """Hold the parameters of straight lines.

    Parameters
    ----------
    share, rounding : float
        Second differences are at most this share of the usual ones, and so large [µS]: a sensor that is calm
        after a movement has more, a line that was stored with five decimals has not.
    lasts, fewest : float, int
        A line lasts so long [s], and so many second differences are so small.
    fine, whole : float
        Where the usual ones are no more than `fine` of the smallest, these are steps of a converter: a line
        then lasts twice as long, and goes on by no whole number of steps, give or take this share of one.
    over, every : float
        The usual ones are the median of those of so many seconds, taken anew so often [s].
    rough : float
        The third differences are at least so many times as large, as those of noise are.
    """

    share: float = 1.0 / 15.0
    rounding: float = 2.5e-5
    lasts: float = 2.0
    fewest: int = 7
    fine: float = 3.0
    whole: float = 0.02
    over: float = 20.0
    every: float = 10.0
    rough: float = 1.0


class LineFinder:
    """Find straight lines in one stream.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float, config: LineConfig | None = None) -> None:
        self._config = config = config or LineConfig()
        self._off = sfreq < SLOWEST
        self._every, self._over = round(config.every * sfreq), round(config.over * sfreq)
        self._needed = max(config.fewest, math.ceil(config.lasts * sfreq - 1.0))
        none = np.empty(0)
        self._times, self._eda = none, none
        self._usual, self._straight = none, none
        self._n = self._run = 0
        self._limit, self._long, self._step, self._fine = -1.0, self._needed, 0.0, False
        self._begun = self._since = math.nan

    def push(self, times: FloatArray, eda: FloatArray) -> list[Stretch]:
        """Return straight lines, each up to its last sample so far; [s], and [µS] without holes."""
        if self._off or len(times) == 0:
            return []
        t, x = np.concatenate((self._times, times)), np.concatenate((self._eda, eda))
        self._times, self._eda = t[-2:], x[-2:]
        moves = np.diff(x)
        bends, on = np.diff(moves), moves[1:] * moves[:-1] > 0.0
        moves = np.where(on, np.abs(moves[1:]), np.where(moves[1:] == moves[:-1], 0.0, np.nan))
        out, done = list[Stretch](), 0
        while done < len(bends):
            n = min(len(bends) - done, self._every - self._n % self._every)
            part = slice(done, done + n)
            self._take(t[done : done + n + 2], bends[part], moves[part], out)
            self._n, done = self._n + n, done + n
            if self._n % self._every == 0:
                self._learn()
        return out

    def _take(self, t: FloatArray, bends: FloatArray, moves: FloatArray, out: list[Stretch]) -> None:
        """Take in second differences, element i that of samples i to i + 2, and how far each moved on, nan
        where it turned."""
        goes_on = (moves > MOVES) | (moves == 0.0) if self._fine else moves > MOVES
        straight = (np.abs(bends) <= self._limit) & goes_on
        if self._step > 0.0:
            steps = moves / self._step
            straight &= np.abs(steps - np.rint(steps)) > self._config.whole
        edges = np.flatnonzero(np.diff(straight, prepend=not straight[0], append=not straight[-1]))
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if straight[a]:
                self._go_on(t[a : b + 2], bends[a:b], out)
            else:
                self._usual = np.concatenate((self._usual, self._straight, bends[a:b]))
                self._straight, self._run = np.empty(0), 0

    def _go_on(self, t: FloatArray, bends: FloatArray, out: list[Stretch]) -> None:
        """Let a run of small second differences go on."""
        if self._run == 0:
            self._begun = float(t[0])
        missing, self._run = self._long - self._run, self._run + len(bends)
        if self._run < self._long:
            self._straight = np.concatenate((self._straight, bends))
            return
        if missing > 0:
            self._since, self._straight = float(t[missing + 1]), np.empty(0)  # a line is not what is usual
        out.append(Stretch(Fault.FILLED, self._begun, float(t[-2]), self._since))

    def _learn(self) -> None:
        """Take the usual second difference anew."""
        config = self._config
        self._usual = self._usual[-self._over :]
        if self._run or len(self._usual) < self._over // 2:
            return
        sizes, third = np.sort(np.abs(self._usual)), np.abs(np.diff(self._usual))
        usual = float(sizes[len(sizes) // 2])
        noisy = 2 * np.count_nonzero(third >= config.rough * usual) >= len(third)
        self._limit = min(config.share * usual, config.rounding) if noisy and usual > 0.0 else -1.0
        # Not the very smallest: where a line ends it bends by any size.
        some = sizes[np.searchsorted(sizes, config.share * usual, side="right") :]
        step = float(some[len(some) // 20]) if len(some) else usual
        least = sizes[np.searchsorted(sizes, MOVES, side="right") :]
        self._fine = bool(len(least) and least[0] <= HELD)
        coarse = usual <= config.fine * step
        self._long, self._step = (2 * self._needed, step) if coarse else (self._needed, 0.0)

"""The place of the R peak to a fraction of a sample: a parabola on the low-passed ECG around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.signal import firwin

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.sums import cut

REACH = 0.09
"""How far from the middle of the QRS its peak is sought [s]."""
SWITCH = 1.65
"""The other deflection must be so much larger to be taken for the R peak."""
START = 9
"""Before so many beats the person's own deflection is the sharper one of most of them."""
LIKE, CLEARLY = 0.9, 0.8
"""Sharpness over that of the other deflection from which R and S are of like size, or under which the other
is clearly sharper."""
CHANGE, AGREE = 15, 12
"""So many of the last beats must agree before it changes for good."""
SOON, MOST = 9, 7
"""So many of the last beats must be of another proportion of R and S before that is the usual one."""
BOX = 0.045
"""Half length of the mean that a sharp deflection stands out of [s]: about a QRS."""
UNLIKE = 1.6
"""An ectopic beat's ratio of sharpness is so far off the usual one."""
STRANGE = 3.0
"""A beat whose deflections are in a ratio so far from the usual one is placed on the one so much larger."""
CLIMB = 0.016
"""How far the peak of the low-passed ECG may lie from the sharpest place [s]."""
BASE = 0.12
"""Half length of the stretch whose mean is taken as the baseline [s]."""

SLOPES, EACH = 0.064, 0.016
"""How far to either side of the R peak the slopes of beats are compared, and in what steps [s]."""
FREE = 2.0
"""Of the eight degrees of freedom of slopes in 128 ms below 30 Hz, what is fitted takes half: the place, two
beats, and what weighs the two, which is noise. What is told is 0.84-1.13 of the errors of simulated marks."""
ALIKE = 1e-9
"""Two beats are the same where no more than this share of either's slopes is its own."""
TURNING = 10
"""Numbers that tell how the shape of a QRS turns: at most nine slopes, and a curvature."""
FARTHEST = 0.010
"""R peaks are taken to be placed no worse than this [s]: a mark farther off is told by where its QRS lies."""

CACHED = 1 << 15
"""So many low-passed samples are worked on at a time: what the processor keeps at hand."""


class RPlaces(NamedTuple):
    """Hold R peaks, one row each: the sample nearest to each, the rest [samples], heights over the baseline
    [mV], the standard deviation of the error of the place [s], nan for the first, and how the shape turns:
    see `Beats.turning`."""

    places: IntArray
    rest: FloatArray
    heights: FloatArray
    placing: FloatArray
    turning: FloatArray


class Refiner:
    """Find R peaks in raw ECG near the given samples.

    The ECG is low-passed at 30 Hz by a symmetric FIR (27 taps at 130 Hz), its extremum taken and refined by
    a parabola through three samples. Upright or inverted: the person's own deflection until nearly all of
    many beats are another, so that R and S do not swap from beat to beat; an ectopic beat has its own.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._taps = firwin(2 * round(0.1 * sfreq) + 1, 30.0, fs=sfreq)
        self._reach = round(REACH * sfreq)
        self._side = self._reach + 1
        self._base = round(BASE * sfreq)
        self._box = round(BOX * sfreq)
        self._near = max(1, round(CLIMB * sfreq))
        step = max(1, round(EACH * sfreq))
        n = round(SLOPES * sfreq / step)
        self._grid = step * np.arange(-n, n + 1)
        self._sfreq = sfreq
        self._past: FloatArray = np.empty((0, 0))
        self.margin = self._side + max(self._base, self._box + len(self._taps) // 2) + 1
        """Raw samples needed on either side."""
        self._is_up = True
        self._ratios: list[float] = []
        self._own_ratios: list[float] = []
        self._own: list[float] = []
        self._strangers: list[float] = []

    def __call__(self, ecg: FloatArray, centres: IntArray) -> RPlaces:
        """Return where the R peaks are, how high, and how well they are placed.

        Parameters
        ----------
        ecg : ndarray, shape (n_samples,)
            Reaches at least `margin` beyond each centre.
        centres : ndarray of int, shape (n_beats,)
        """
        if len(centres) == 0:
            none = np.empty(0)
            return RPlaces(centres, none, none, none, np.empty((0, TURNING)))
        size = max(1, CACHED // (2 * (self._side + self._box) + 1))
        parts = [self._curves(ecg, centres[k : k + size]) for k in range(0, len(centres), size)]
        wide, sharp = (np.concatenate(part, axis=1).T for part in zip(*parts, strict=True))
        smooth = wide[:, self._box : wide.shape[1] - self._box]
        inner = sharp[:, 1:-1]
        high, low = inner.argmax(axis=1), inner.argmin(axis=1)
        rows = np.arange(len(centres))
        around = cut(ecg, centres - self._base, 2 * self._base + 1)
        level = np.sort(around, axis=1)[:, self._base]
        sizes = (smooth[rows, high + 1] - level, level - smooth[rows, low + 1])
        up = self._upright(inner[rows, high], -inner[rows, low], *sizes)
        at = self._climb(np.where(up[:, None], smooth, -smooth), np.where(up, high, low) + 1)
        left, middle, right = smooth[rows, at - 1], smooth[rows, at], smooth[rows, at + 1]
        bend = left - 2 * middle + right
        off = np.where(bend != 0, 0.5 * (left - right) / np.where(bend != 0, bend, 1.0), 0.0)
        rest = np.clip(off, -0.5, 0.5)
        shown = self._shown(wide, at + self._box, rest, bend)
        placing, turning = self._placing(shown), self._turning(shown)
        return RPlaces(centres - self._side + at, rest, middle - level, placing, turning)

    def _curves(self, ecg: FloatArray, centres: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the low-passed ECG around each centre, `box` further to both sides than what stands out of
        its short mean: a sharp R, not a broad S or ectopic trough beside it. Both have shape (n_samples,
        n_centres)."""
        reach = self._side + self._box
        half = len(self._taps) // 2
        raw = np.ascontiguousarray(cut(ecg, centres - reach - half, 2 * (reach + half) + 1).T)
        smooth, term = np.zeros((2, 2 * reach + 1, len(centres)))
        for k, tap in enumerate(self._taps.tolist()):
            np.multiply(raw[k : k + len(smooth)], tap, out=term)
            smooth += term
        inside = smooth[self._box : len(smooth) - self._box]
        mean = np.zeros_like(inside)
        for k in range(2 * self._box + 1):
            mean += smooth[k : k + len(mean)]
        return smooth, inside - mean / (2 * self._box + 1)

    def _shown(self, smooth: FloatArray, at: IntArray, rest: FloatArray, bend: FloatArray) -> FloatArray:
        """Return slopes and curvature of each R peak in a row, those of the two beats before first."""
        slopes = self._slopes(smooth, at, rest)
        if not len(self._past):
            self._past = np.full((2, slopes.shape[1] + 1), np.nan)
        rows = np.concatenate((self._past, np.column_stack((slopes, np.abs(bend)))))
        self._past = rows[-2:]
        return rows

    def _turning(self, rows: FloatArray) -> FloatArray:
        """Return second differences of slopes [mV per s], and the curvature of three R peaks [mV per s²]."""
        out = np.zeros((len(rows) - 2, TURNING))
        more = max(0, (rows.shape[1] - TURNING) // 2)  # at 150 and 215 Hz the outer ones are left out
        beside = max(0, (TURNING - rows.shape[1]) // 2)  # fewer slopes reach as far at 100 Hz
        slopes = rows[:, more : rows.shape[1] - 1 - more]
        changes = slopes[2:] - 2.0 * slopes[1:-1] + slopes[:-2]
        out[:, beside : beside + changes.shape[1]] = self._sfreq * changes
        out[:, -1] = self._sfreq**2 * (rows[2:, -1] + rows[1:-1, -1] + rows[:-2, -1]) / 3.0
        return out

    def _placing(self, rows: FloatArray) -> FloatArray:
        """Return the standard deviation of the error of each R peak [s]; nan for the first two.

        Noise moves the mark on a peak by its slope over the curvature there. Its slopes are what those of a
        QRS do not share with the two before it, by least squares: a breath turns the heart and changes its
        size, which lies in a plane. All three have noise of their own.
        """
        curved = (rows[2:, -1] + rows[1:-1, -1] + rows[:-2, -1]) / 3.0
        rows = np.ascontiguousarray(rows[:, :-1])
        own = np.add.reduce(rows * rows, axis=1)
        next_to, next_but_one = (np.add.reduce(rows[k:] * rows[:-k], axis=1) for k in (1, 2))
        one, two, both = own[1:-1], own[:-2], next_to[:-1]
        with_one, with_two = next_to[1:], next_but_one
        plane = one * two - both * both
        alike = ~(plane > ALIKE * one * two)  # two beats that are the same to the bit span a line
        whole, known = np.where(alike, one, plane), (one > 0) & (curved > 0)
        whole = np.where(known, whole, 1.0)
        first = np.where(alike, with_one, with_one * two - with_two * both) / whole
        second = np.where(alike, 0.0, with_two * one - with_one * both) / whole
        apart = own[2:] - first * with_one - second * with_two
        noise = np.maximum(FREE * apart / len(self._grid), 0.0) / (1.0 + first * first + second * second)
        off = np.sqrt(noise) / np.where(known, curved, 1.0) / self._sfreq
        far = np.where(np.isnan(plane), np.nan, FARTHEST)  # a flat line tells nothing of a place on it
        return np.asarray(np.where(known, np.minimum(off, FARTHEST), far))

    def _slopes(self, smooth: FloatArray, at: IntArray, rest: FloatArray) -> FloatArray:
        """Return the slopes of each QRS on one grid about its R peak [mV per sample], shape (n, n_grid): a
        cubic through four central differences."""
        begin = np.floor(rest)
        u = rest - begin
        none = np.zeros(len(u))
        cubic = (
            none,
            none,
            -u * (u - 1.0) * (u - 2.0) / 6.0,
            (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0,
            -(u + 1.0) * u * (u - 2.0) / 2.0,
            (u + 1.0) * u * (u - 1.0) / 6.0,
            none,
            none,
        )
        places = (at + begin.astype(np.int64))[:, None] + self._grid
        places = np.clip(places, 2, smooth.shape[1] - 4)
        rows = np.arange(len(at))[:, None]
        out = np.zeros(places.shape)
        for k in range(6):
            weight = 0.5 * (cubic[k] - cubic[k + 2])
            out += weight[:, None] * smooth[rows, places + (k - 2)]
        return out

    def _climb(self, smooth: FloatArray, at: IntArray) -> IntArray:
        """Return the top of the low-passed ECG within `CLIMB` of each place, if there is one."""
        near = at[:, None] + np.arange(-self._near, self._near + 1)
        near = np.clip(near, 1, smooth.shape[1] - 2)
        rows = np.arange(len(at))
        best = near[rows, smooth[rows[:, None], near].argmax(axis=1)]
        top = (smooth[rows, best] >= smooth[rows, best - 1]) & (smooth[rows, best] >= smooth[rows, best + 1])
        return np.where(top, best, at)

    def _upright(self, up: FloatArray, down: FloatArray, tall: FloatArray, deep: FloatArray) -> BoolArray:
        """Choose between the sharpest deflections up and down of each beat.

        The person's own, which changes only when nearly all of many beats in a row say so; in a beat of other
        proportions than usual, an ectopic one, the one that is clearly sharper or larger.
        """
        out = np.empty(len(up), np.bool_)
        ratios = (np.maximum(up, 0) + 1e-9) / (np.maximum(down, 0) + 1e-9)
        sizes = (np.maximum(tall, 0) + 1e-9) / (np.maximum(deep, 0) + 1e-9)
        for j, (ratio, size) in enumerate(zip(ratios.tolist(), sizes.tolist(), strict=True)):
            self._ratios = [*self._ratios[1 - CHANGE :], ratio]
            self._follow()
            out[j] = self._is_up
            strange = self._strange(size)
            if (
                self._sharper(ratio)
                and not 1 / UNLIKE < ratio / _middle(self._own_ratios or [ratio]) < UNLIKE
            ):
                out[j] = not self._is_up
            elif not strange:
                self._own_ratios = [*self._own_ratios[-8:], ratio]
            if strange and _far(size):
                out[j] = size > 1
            self._learn(size, strange=strange)
        return out

    def _sharper(self, ratio: float) -> bool:
        """Tell whether the other deflection than the person's own is clearly sharper."""
        return ratio < 1 / SWITCH if self._is_up else ratio > SWITCH

    def _follow(self) -> None:
        """Take the other deflection for the person's own: at the start if it is the sharper one of most
        beats, then only if it is clearly so in nearly all of the last `CHANGE`. Where R and S are of like
        size, it never is."""
        ratios = self._ratios if self._is_up else [1.0 / ratio for ratio in self._ratios]
        n = len(ratios)
        if n < START:
            other = _middle(ratios) < LIKE
        else:
            other = n == CHANGE and sum(1 for ratio in ratios if ratio < CLEARLY) >= AGREE
        if other:
            self._is_up, self._own_ratios = not self._is_up, []

    def _strange(self, size: float) -> bool:
        """Tell whether R and S are in another proportion than in the person's own beats."""
        return bool(self._own) and _far(size / _middle(self._own))

    def _learn(self, size: float, *, strange: bool) -> None:
        """Take in a proportion; strange ones do not define what is usual, unless most of the last are."""
        if not self._own:
            strange = size < 1 / STRANGE if self._is_up else size > STRANGE
        self._strangers = [*self._strangers[1 - SOON :], size if strange else 0.0]
        if not strange:
            self._own = [*self._own[-8:], size]
        elif sum(1 for seen in self._strangers if seen) >= MOST:
            self._own, self._strangers = [seen for seen in self._strangers if seen], []


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _far(ratio: float) -> bool:
    return not 1 / STRANGE < ratio < STRANGE

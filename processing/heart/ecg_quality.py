"""How good an ECG is, second by second, and what is wrong with it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.heart.ecg_clipping import ClippingMonitor
from processing.unit_doubt import doubted_ecg

MAINS = (50.0, 60.0)
"""Line frequencies [Hz]."""
FLAT = 0.02
"""A range below this [mV] over two seconds holds no QRS."""
CLIPPED = 0.04
"""Largest share of samples that stand at an extreme of their second, four or more in a row."""
HUM = 0.3
"""Line noise of this share of the R amplitude spoils a second."""
AT_ONCE = 16
"""Seconds that are worked on at a time: what the processor keeps at hand."""
OFF, NOT_YET, WAVES = "electrode off", "no beat yet", "no separable beats"
"""No accepted beat; the same after less than `SILENCE` of ECG; and where one wave follows the other."""
LOWEST, HIGHEST = 2, 6
"""Waves of so many a second run into each other [Hz]; faster beats than three a second were never found."""
MOSTLY, ONE, LOOKS = 0.55, 0.3, 3
"""Shares of the power of a second that lies in these frequencies, and in the largest of them, as a mean of up
to so many seconds; ours, set on sines, saw-teeth, mixtures and noise."""
WAVE = 0.3
"""Least range of waves over the usual R amplitude."""
SILENCE = 3.0
"""No accepted beat for so long: electrode off [s]."""


class Seconds(NamedTuple):
    """Hold measurements of whole seconds [c - 0.5, c + 0.5) of ECG, one row each.

    `samples` counts finite ones, `span` is the range of this second and the one before [mV], `clipped`
    the share that stands at an extreme, `hum` the amplitude at the worse of the line frequencies [mV], `cut`
    tells whether the tops of several beats are cut off at one level, `waves` whether most of its power is
    that of waves that run into each other; looked at only where no beat was accepted.
    """

    centres: FloatArray
    samples: FloatArray
    span: FloatArray
    clipped: FloatArray
    hum: FloatArray
    cut: BoolArray
    waves: BoolArray


class SecondMonitor:
    """Measure an ECG second by second, the same for any cutting.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self.sfreq = sfreq
        self._times = np.empty(0)
        self._ecg = np.empty(0)
        self._waiting: list[tuple[FloatArray, FloatArray]] = []
        self._before = (np.nan, np.nan)
        self._longest = math.ceil(2 * sfreq) - 1
        self._clipping = ClippingMonitor(sfreq)
        self._shares: list[tuple[float, float]] = []
        self._tables = [_waves(sfreq, line) for line in MAINS if line < 0.49 * sfreq]

    def update(self, times: FloatArray, ecg: FloatArray) -> None:
        """Take in samples [mV]; stamps do not decrease."""
        self._waiting.append((times, ecg))

    def measure(self, centres: FloatArray, beatless: BoolArray) -> Seconds:
        """Return the measurements of these seconds: consecutive, complete, not asked for before.

        Parameters
        ----------
        beatless : ndarray of bool, shape (n,)
            In which no beat was accepted.
        """
        n = len(centres)
        if n == 0:
            nothing, none = np.empty(0), np.empty(0, np.bool_)
            return Seconds(nothing, nothing, nothing, nothing, nothing, none, none)
        self._times = np.concatenate((self._times, *(w[0] for w in self._waiting)))
        self._ecg = np.concatenate((self._ecg, *(w[1] for w in self._waiting)))
        self._waiting = []
        edges = np.searchsorted(self._times, np.append(centres - 0.5, centres[-1] + 0.5), side="left")
        ecg = self._ecg[edges[0] : edges[-1]]
        self._times, self._ecg = self._times[edges[-1] :], self._ecg[edges[-1] :]
        second = np.repeat(np.arange(n), np.diff(edges))
        known = np.isfinite(ecg)
        return self._statistics(centres, second[known], ecg[known], beatless)

    def _statistics(
        self, centres: FloatArray, second: IntArray, ecg: FloatArray, beatless: BoolArray
    ) -> Seconds:
        n = len(centres)
        count = np.bincount(second, minlength=n).astype(np.float64)
        filled = count > 0
        starts = np.searchsorted(second, np.flatnonzero(filled))
        low, high = np.full(n, np.nan), np.full(n, np.nan)
        hum = np.zeros(n)
        if len(starts):
            low[filled] = np.minimum.reduceat(ecg, starts)
            high[filled] = np.maximum.reduceat(ecg, starts)
            place = np.minimum(
                np.arange(len(ecg)) - np.repeat(starts, np.diff(np.append(starts, len(ecg)))), self._longest
            )
            for waves in self._tables:
                found = self._amplitude(ecg, place, starts, waves) / count[filled]
                hum[filled] = np.maximum(hum[filled], found)
        cut, limited = self._clipping.judge(second, ecg, low, high)
        limited[~(high - low > FLAT)] = 0.0
        told = [
            self._waves(ecg, second, k) if lost else self._no_waves()
            for k, lost in enumerate(beatless.tolist())
        ]
        clipped = limited / np.maximum(count, 1.0)
        return Seconds(centres, count, self._span(low, high), clipped, hum, cut, np.array(told, np.bool_))

    def _no_waves(self) -> bool:
        self._shares = []
        return False

    def _waves(self, ecg: FloatArray, second: IntArray, k: int) -> bool:
        """Tell whether most of the power of a second, and of those before it, is that of a few slow waves."""
        x = ecg[slice(*np.searchsorted(second, (k, k + 1)))]
        if len(x) < 0.9 * self.sfreq:
            return self._no_waves()
        place = np.arange(len(x)) - 0.5 * (len(x) - 1)
        x = x - x.mean()
        x = x - place * (float((x * place).sum()) / float((place * place).sum()))
        power = np.abs(np.fft.rfft(x)) ** 2
        inside, total = power[LOWEST : HIGHEST + 1], float(power[1:].sum()) + 1e-12
        self._shares = [
            *self._shares[1 - LOOKS :],
            (float(inside.sum()) / total, float(inside.max()) / total),
        ]
        mostly, one = (math.fsum(column) / len(self._shares) for column in zip(*self._shares, strict=True))
        return mostly > MOSTLY and one > ONE

    @staticmethod
    def _amplitude(
        ecg: FloatArray, place: IntArray, starts: IntArray, waves: list[tuple[FloatArray, FloatArray]]
    ) -> FloatArray:
        """Return the amplitude of a sine in each second times its samples, over that of the neighbouring
        bins."""
        # a QRS reaches these frequencies, too, but its spectrum is smooth there
        parts, edges = np.empty((len(waves), 2, len(starts))), np.append(starts, len(ecg))
        for k in range(0, len(starts), AT_ONCE):
            own = slice(edges[k], edges[min(k + AT_ONCE, len(starts))])
            x, at, begins = ecg[own], place[own], starts[k : k + AT_ONCE] - starts[k]
            for j, pair in enumerate(waves):
                for i, wave in enumerate(pair):
                    np.add.reduceat(x * wave[at], begins, out=parts[j, i, k : k + AT_ONCE])
        sums = 2.0 * np.sqrt(parts[:, 0] * parts[:, 0] + parts[:, 1] * parts[:, 1])
        return np.asarray(np.maximum(0.0, sums[0] - np.maximum(sums[1], sums[2])))

    def _span(self, low: FloatArray, high: FloatArray) -> FloatArray:
        """Return the range of each second together with the one before."""
        lows, highs = np.append(self._before[0], low), np.append(self._before[1], high)
        self._before = (float(lows[-1]), float(highs[-1]))
        return np.asarray(np.fmax(highs[1:], highs[:-1]) - np.fmin(lows[1:], lows[:-1]))


def _waves(sfreq: float, frequency: float) -> list[tuple[FloatArray, FloatArray]]:
    """Return cosine and sine at a frequency and 4 Hz to either side, long enough for one second."""
    # tables, since numpy's vectorised cosine may differ in the last bit with the place in the array
    place = 2 * np.pi * np.arange(math.ceil(2 * sfreq)) / sfreq
    return [(np.cos(f * place), np.sin(f * place)) for f in (frequency, frequency - 4.0, frequency + 4.0)]


class BeatView(NamedTuple):
    """Hold what the beats say about each second, one row each.

    `accepted` and `detected` count beats of the last `SILENCE` s, `likeness` is their mean, `amplitude`
    the usual
    R amplitude so far [mV].
    """

    accepted: FloatArray
    detected: FloatArray
    likeness: FloatArray
    amplitude: FloatArray


def judge_seconds(
    seconds: Seconds, beats: BeatView, sfreq: float, unit: str = "mV"
) -> tuple[FloatArray, list[str]]:
    """Return the quality (0-1) of each second, and what is wrong where it is below a half.

    The lowest of: samples received, share of beats accepted, likeness of the beats, freedom from line noise;
    0 while nothing, a flat line, an amplifier at its limit or no accepted beat is there, and while R waves
    are of a size that the unit the stream says cannot have.

    References
    ----------
    The signs after Satija, Ramkumar & Manikandan (2018), doi:10.1109/RBME.2018.2810957; the limits are ours.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        received = np.minimum(1.0, seconds.samples / (0.95 * sfreq))
        share = np.where(beats.detected > 0, beats.accepted / np.maximum(beats.detected, 1), 0.0)
        like = np.clip((beats.likeness - 0.2) / 0.7, 0.0, 1.0)
        ratio = seconds.hum / np.where(beats.amplitude > 0, beats.amplitude, 1.0)
        quiet = np.clip(1.0 - 0.5 * ratio / HUM, 0.0, 1.0)
    quality = np.minimum.reduce([received, share, like, quiet])
    signs = [
        (seconds.samples < 0.5 * sfreq, "no data"),
        *_units(beats, unit),
        (seconds.span < FLAT, "flat"),
        ((seconds.clipped > CLIPPED) | seconds.cut, "saturated"),
        ((ratio > HUM) & (seconds.hum > 0.05), "line noise"),
        ((beats.accepted == 0) & seconds.waves & ~(seconds.span < WAVE * beats.amplitude), WAVES),
        (beats.accepted == 0, OFF),
    ]
    reasons = np.where(quality < 0.5, "noise", "").astype(object)
    for shut, reason in reversed(signs):
        quality = np.where(shut, 0.0, quality)
        reasons[shut] = reason
    return np.where(seconds.samples > 0, quality, np.nan), [str(reason) for reason in reasons]


def _units(beats: BeatView, unit: str) -> list[tuple[BoolArray, str]]:
    """Return where the beats say that the unit is another one, and which."""
    doubts = [doubted_ecg(amplitude, unit) for amplitude in beats.amplitude.tolist()]
    return [
        (np.array([doubt == said for doubt in doubts]) & (beats.accepted > 0), said)
        for said in sorted(set(doubts) - {""})
    ]

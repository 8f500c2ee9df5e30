"""The energy in which beats are sought: in the band of a usual QRS, or in slow noise in a higher one.

What buries a QRS is as a rule the stronger the slower it is: the motion of an electrode, a lead that is
shaken, waves of the atria. A narrow QRS stands further out of it in a higher band. Out of white noise, as of
muscles, it does not. Which of them it is, the quiet parts of both bands tell: no QRS lies in them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import FloatArray
from processing.filters import band_pass
from processing.sums import trailing_sum

BLOCK = 1.25
"""Both bands are looked at in blocks of so many seconds: each holds a beat down to 48 a minute."""
BLOCKS, FEWEST = 48, 8
"""So many blocks are remembered, and nothing is told by fewer than so many."""
QUIET = 0.1
"""Part of a block that is taken for noise: between the waves of a heart, however fast, there is so much."""
BURIED, CLEAR = 6.0, 9.0
"""Highest over noise of a block up to which a QRS hardly stands out of it, and from which it does: then the
low band, which wide beats need, is the better one. Ours, as all limits here."""
WHITE, SLOW = 1.15, 1.30
"""Noise of the low band over that of the high one up to which the low band alone counts, and from which the
high one may. White noise has 0.97-1.07, the motion of an electrode 1.25-1.45."""
WORSE, SAME = 0.85, 0.95
"""The same of how far the highest of each block, a QRS as a rule, stands out of the noise of the high band
over how far it does so in the low one: a broad QRS is lower there."""
TINY = 1e-12
"""Keeps quotients of a flat line finite [mV]."""


class Band(NamedTuple):
    """Hold the edges of a band, and its middle [Hz]."""

    low: float
    high: float
    middle: float


BANDS = (Band(6.0, 20.0, 12.0), Band(10.0, 30.0, 17.3))


class Energy:
    """Give the root of the mean energy over the length of a QRS, of samples that come in pieces.

    Parameters
    ----------
    rate : float
        [Hz].
    width : int
        Samples of a QRS.
    """

    def __init__(self, rate: float, width: int) -> None:
        self._bands = [_InBand(band, rate, width) for band in BANDS]
        self._block = round(BLOCK * rate)
        self._open = np.zeros((2, 0))
        self._quiet, self._tops = np.zeros((2, 0)), np.zeros((2, 0))
        self._weights = np.array([[1.0], [0.0]])

    def push(self, ecg: FloatArray) -> FloatArray:
        """Return the energy at each of the next samples [mV], in the measure of the low band."""
        both = np.stack([band.push(ecg) for band in self._bands])
        weights, before = self._weights, self._open.shape[1]
        self._open = np.concatenate((self._open, both), axis=1)
        whole = self._open.shape[1] // self._block
        if whole:
            blocks = self._open[:, : whole * self._block].reshape(2, whole, self._block)
            self._open = self._open[:, whole * self._block :]
            weights = np.concatenate((weights, self._told(blocks)), axis=1)
            self._weights = weights[:, -1:]
            weights = weights[:, np.arange(before, before + len(ecg)) // self._block]
        return np.asarray(weights[0] * both[0] + weights[1] * both[1])

    def _told(self, blocks: FloatArray) -> FloatArray:
        """Return by what the energy of each band is multiplied after each of these blocks, (2, n_blocks)."""
        rank, known = int(QUIET * self._block), self._quiet.shape[1]
        quiet = np.concatenate((self._quiet, np.partition(blocks, rank, axis=2)[:, :, rank]), axis=1)
        tops = np.concatenate((self._tops, blocks.max(axis=2)), axis=1)
        self._quiet, self._tops = quiet[:, 1 - BLOCKS :], tops[:, 1 - BLOCKS :]
        # noise as it is where it is loud: bursts, not what lies between them, are what buries beats
        (low, high), (low_top, high_top) = _trailing(quiet, known, 0.75), _trailing(tops, known, 0.5)
        slow, lower = low / (high + TINY), low_top / (high_top + TINY)
        share = _between(slow, WHITE, SLOW) * _between(slow / (lower + TINY), WORSE, SAME)
        share *= 1.0 - _between(low_top / (low + TINY), BURIED, CLEAR)
        share[: max(0, FEWEST - 1 - known)] = 0.0
        return np.stack((1.0 - share, share * lower))


def _trailing(values: FloatArray, known: int, part: float) -> FloatArray:
    """Return a quantile of the last `BLOCKS` columns up to each one after the first `known`."""
    short = range(known + 1, min(BLOCKS, values.shape[1] + 1))
    found = [np.sort(values[:, :stop], axis=1)[:, int(part * stop), None] for stop in short]
    if values.shape[1] >= BLOCKS:
        windows = np.lib.stride_tricks.sliding_window_view(values, BLOCKS, axis=1)
        windows = windows[:, max(0, known + 1 - BLOCKS) :]
        found.append(np.partition(windows, int(part * BLOCKS), axis=2)[:, :, int(part * BLOCKS)])
    return np.concatenate(found, axis=1)


def _between(values: FloatArray, low: float, high: float) -> FloatArray:
    return np.clip((values - low) / (high - low), 0.0, 1.0)


class _InBand:
    """Give the energy in one band."""

    def __init__(self, band: Band, rate: float, width: int) -> None:
        self._filter = band_pass(1, band.low, band.high, rate)
        self._turn = rate / (2 * np.pi * band.middle)
        self._width = width
        self._last: float | None = None
        self._square = np.zeros(width - 1)

    def push(self, ecg: FloatArray) -> FloatArray:
        band = self._filter(ecg)
        # signal and scaled slope in quadrature: no ripple at twice the QRS frequency
        if not len(band):
            return band
        turn = steps_from(float(band[0]) if self._last is None else self._last, band) * self._turn
        self._last = float(band[-1])
        square = np.concatenate((self._square, band * band + turn * turn))
        self._square = square[len(square) - (self._width - 1) :]
        return np.sqrt(trailing_sum(square, self._width) / self._width)

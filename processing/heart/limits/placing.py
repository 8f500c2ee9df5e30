"""What the places of R peaks may add to the variability of intervals: to their variance, and to a band of it.

An error of a place stands in the interval before the beat and, turned over, in the one after it. So errors
that know nothing of each other add to intervals as `1 - cos` of the frequency: little to slow swings, much to
fast ones.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.heart.hrv import slice_sums
from processing.heart.ibi import Intervals
from processing.heart.spectrum import BAND, RATE, RSA_RATE, SEGMENT, rsa_series

IN_INTERVALS = 2.0
"""Variance of intervals between R peaks whose places have a variance of 1."""
PERIODS: FloatArray = np.linspace(0.25, 2.5, 46)
"""Mean intervals that what comes of noise is tabled for [s]."""
CHANCE = 1.35
"""A window of RSA holds so few swings that noise may add to one as much more than to the mean of many: a
standard deviation of the variance of noise, √(2 / (2 · 0.28 Hz · 30 s))."""
BINS = 128
"""Of the frequency response of RSA, up to half its rate."""


def placing_share(
    beats: Intervals, starts: IntArray, stops: IntArray, variances: FloatArray, adds: FloatArray | float
) -> FloatArray:
    """Return which part of variances of intervals the places of R peaks may have added, at most 1.

    Parameters
    ----------
    starts, stops : ndarray of int, shape (n,)
        First and one past last of the beats behind each.
    variances : ndarray, shape (n,)
        Of NN intervals, or of a band of them [ms²].
    adds : ndarray, shape (n,), or float
        What R times of a variance of 1 add to it: `in_hf`, `in_rsa`, `IN_INTERVALS`.
    """
    told = np.isfinite(beats.values) & np.isfinite(beats.placing)
    off = np.where(told, beats.placing, 0.0)
    n = slice_sums(told.astype(np.float64), starts, stops)
    added = adds * slice_sums(off * off, starts, stops) / np.maximum(n, 1.0)
    there = variances > 0
    return np.where(there, np.minimum(added / np.where(there, variances, 1.0), 1.0), added > 0)


def is_negligible(beats: Intervals, variances: FloatArray, least: float) -> bool:
    """Tell whether the worst R time of all beats could not add a share of `least` to any of the variances."""
    worst = float(np.fmax.reduce(beats.placing, initial=0.0))
    return MOST * worst * worst <= least * float(np.fmin.reduce(variances, initial=math.inf))


def in_hf(intervals: FloatArray) -> FloatArray:
    """Return the HF power that R times of a variance of 1 add to intervals of such a mean [s]."""
    return np.asarray(np.interp(intervals, PERIODS, _HF))


def in_rsa(intervals: FloatArray) -> FloatArray:
    """Return the same of the variance whose logarithm is `rsa_pb`: in the mean, without `CHANCE`."""
    return np.asarray(np.interp(intervals, PERIODS, _RSA))


def at_most_in_rsa(intervals: FloatArray) -> FloatArray:
    """Return the same with `CHANCE`."""
    return CHANCE * in_rsa(intervals)


def _densities(frequencies: FloatArray) -> FloatArray:
    """Return the power per Hz of the cubic through intervals, of R times of variance 1, shape (n_periods, n).

    The cubic lets swings of the beats through as one on an even grid does (Unser 1999,
    doi:10.1109/79.799930).
    """
    turns = PERIODS[:, None] * frequencies
    through = 3.0 * np.sinc(turns) ** 4 / (2.0 + np.cos(2.0 * math.pi * turns))
    return np.asarray(8.0 * PERIODS[:, None] * (np.sin(math.pi * turns) * through) ** 2)


def _of_hf() -> FloatArray:
    bins = np.arange(math.ceil(BAND[0] * SEGMENT / RATE), math.floor(BAND[1] * SEGMENT / RATE) + 1)
    return RATE / SEGMENT * _trapezoid(_densities(bins * RATE / SEGMENT))


def _of_rsa() -> FloatArray:
    """Return the variance that the two filters of RSA leave, what lies over half their rate folded back."""
    impulse = np.zeros(161)
    impulse[80] = 1.0
    response = np.abs(np.fft.rfft(rsa_series(impulse), 2 * BINS)) ** 2
    frequencies = RSA_RATE / 2.0 * np.arange(BINS + 1) / BINS
    density = _densities(frequencies) + _densities(RSA_RATE - frequencies)
    return RSA_RATE / 2.0 / BINS * _trapezoid(density * response)


def _trapezoid(rows: FloatArray) -> FloatArray:
    return np.asarray(np.add.reduce(rows, axis=1) - 0.5 * (rows[:, 0] + rows[:, -1]))


_HF, _RSA = _of_hf(), _of_rsa()
MOST = max(IN_INTERVALS, float(_HF.max()), CHANCE * float(_RSA.max()))
"""What R times of a variance of 1 add at most to any variance that is asked for."""

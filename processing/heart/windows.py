"""Cardiac indices at each beat: heart rate, RMSSD, SDNN over sliding windows, with their gates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.config import HeartConfig
from processing.heart.hrv import (
    all_rates,
    bounds,
    elementwise,
    hinges_on_two,
    mean_windows,
    rhythm_counts,
    rhythm_windows,
    sdnn_windows,
    slice_sums,
    stands_out,
)
from processing.heart.ibi import ASTRAY, PASSED_OVER, ROUGH, Intervals, no_intervals, with_rough
from processing.heart.limits.placing import IN_INTERVALS, is_negligible, placing_share
from processing.heart.limits.rmssd import rmssd_windows
from processing.heart.limits.turning_in_bands import turned_in_band


class Column(NamedTuple):
    """Hold one index at several window ends: `length` of its window [s], values, and reasons where nan or
    where the quality of a value is at most `worth` (None: 1)."""

    name: str
    length: float
    values: FloatArray
    reasons: list[str]
    worth: FloatArray | None = None


def gated(values: FloatArray, gates: list[tuple[BoolArray, str]]) -> tuple[FloatArray, list[str]]:
    """Return the values with nan where a gate is shut, and the first such gate's reason.

    Where all gates are open and there is none all the same, a gate was set so wide that no beat is needed.
    """
    out = values.copy()
    why = np.full(len(values), "", dtype=object)
    for shut, reason in reversed(gates):
        out[shut] = np.nan
        why[shut] = reason
    why[np.isnan(out) & (why == "")] = FEW
    return out, [str(reason) for reason in why]


def window_lengths(config: HeartConfig) -> dict[str, float]:
    """Return the length of the window of every index of `beat_columns` [s]."""
    columns = beat_columns(no_intervals(), np.empty(0), config, has_shapes=True)
    return {column.name: column.length for column in columns}


FEW, IRREGULAR, ECTOPICS = "too few accepted beats", "irregular rhythm", "ectopic beats"
AGREED, BETWEEN = 2.5, 4.0
"""The heart rate of all beats may differ so much from that of the normal ones in an irregular rhythm (half of
what would be seen), and in an even one, between whose beats ectopic ones may come [bpm]; ours."""
MISSED = 0.25
"""Where a beat may be missing more often in a window of variability than this share of its fewest
differences, two hearts may be seen, or waves in place of beats; ours. In one of heart rate none may be."""
CHANGE, FEW_NORMAL, UNSURE = "change of rhythm", "too few normal beats", "uncertain beats"


LAST_BEAT, GOOD = "last beat: ", 0.5
"""What is said of windows whose last beat is of a lower quality than this: theirs is its."""


def of_last_beat(quality: FloatArray, reasons: Sequence[str], unsure: Sequence[str]) -> list[str]:
    """Return what is said of windows that end at beats, whose quality is theirs; "" where there is nothing.

    Parameters
    ----------
    quality : ndarray, shape (n,)
        Of each beat, 0-1.
    reasons, unsure : sequence of str, length n
        What is said of each beat, and of its unit, which goes first.
    """
    return [
        doubt or (LAST_BEAT + why if good < GOOD and why else "")
        for good, why, doubt in zip(quality.tolist(), reasons, unsure, strict=True)
    ]


PLACING = "beat times too uncertain"
PLACED = 0.30
"""Where the places of the R peaks may have added more than this share of the mean square, RMSSD may be 20 %
too large; so is SDNN of a variance, and what swings so much as HF and RSA say."""


def worth_of(placing: FloatArray) -> FloatArray:
    """Return the largest quality of what is made of a mean square of which this share may be from placing R
    peaks.

    It is 1 up to `PLACED`, and from there under a half, down to 0 where it may be all of it.
    """
    left = GOOD * (1.0 - placing) / (1.0 - PLACED)
    return np.where(placing > PLACED, left, 1.0)


BREATHS, BREATHING = 64.0, (0.12, 0.40)
"""The turning of the QRS in the last of a window of SDNN [s], at these frequencies [Hz], stands for all."""


def sdnn_placing(beats: Intervals, ends: FloatArray, length: float, values: FloatArray) -> FloatArray:
    """Return which part of the variance behind SDNN [ms] placing R peaks, or a QRS that turns, may have
    added; 0 where it is far from counting."""
    variances = values * values
    turned = _sdnn_turned(beats, ends, min(length, BREATHS), variances)
    if is_negligible(beats, variances, PLACED):
        return turned
    return np.maximum(
        turned, placing_share(beats, *bounds(beats.times, ends, length), variances, IN_INTERVALS)
    )


def _sdnn_turned(beats: Intervals, ends: FloatArray, length: float, variances: FloatArray) -> FloatArray:
    known = np.flatnonzero(np.isfinite(variances))
    turned = turned_in_band(beats, bounds(beats.times, ends[known], length), length, BREATHING)
    out, there = np.zeros(len(ends)), variances[known] > 0
    share = turned.share * turned.variance / np.where(there, variances[known], 1.0)
    out[known] = np.where(there, np.minimum(share, 1.0), turned.share)
    return out


def with_placing(reasons: Sequence[str], worth: FloatArray) -> list[str]:
    """Return what is said of values, and of those that placing R peaks has lowered the worth of, that."""
    return [why or (PLACING if x < 1.0 else "") for why, x in zip(reasons, worth.tolist(), strict=True)]


def most_missing(lengths: FloatArray, config: HeartConfig) -> FloatArray:
    """Return before how many beats of windows of these lengths [s] one may be missing, at most."""
    return np.asarray(MISSED * config.rmssd_differences * lengths / config.rmssd_window)


def rough_counts(beats: Intervals, ends: FloatArray, length: float) -> FloatArray:
    """Return how many intervals of each window are known to the width of a QRS only."""
    return slice_sums((beats.rhythms == ROUGH).astype(np.float64), *bounds(beats.times, ends, length))


def rhythm_gates(
    beats: Intervals, ends: FloatArray, length: float, config: HeartConfig, *, has_shapes: bool
) -> list[tuple[BoolArray, str]]:
    """Return where the beats of a window allow no variability, and why: rhythm, ectopic beats, noise."""
    seen = rhythm_windows(beats, ends, length)
    if has_shapes:
        many = (seen.ectopic > config.ectopic) | (seen.doubtful > config.doubtful)
    else:
        many = seen.ectopic > config.ectopic_by_time
    missing = seen.doubted > most_missing(np.asarray(length), config)
    return [
        (missing, PASSED_OVER),
        (seen.alternating, ECTOPICS),
        (seen.irregular & ~seen.changed, IRREGULAR),
        (many, ECTOPICS),
        (seen.changed, CHANGE),
        (seen.known < config.cover, FEW),
    ]


def beat_columns(
    beats: Intervals, ends: FloatArray, config: HeartConfig, *, has_shapes: bool
) -> list[Column]:
    """Return every windowed index at the given beats.

    Parameters
    ----------
    beats : Intervals
        Reaching back at least one window before the first end.
    ends : ndarray, shape (n,)
        Times of beats [s].
    has_shapes : bool
        The beats were judged by their shapes, too.
    """
    c = config
    pulse = mean_windows(with_rough(beats), ends, c.hr_window)
    rate = 60000.0 / pulse.value
    uneven, doubted = rhythm_counts(beats, ends, c.hr_window)
    off = np.abs(all_rates(beats, ends, c.hr_window) - rate)
    beside = [((uneven > 0) & (off > AGREED), IRREGULAR), (off > BETWEEN, ECTOPICS)]
    hr = gated(rate, [(doubted > 0, PASSED_OVER), (pulse.cover < c.hr_cover, FEW), *beside])
    short = rmssd_windows(beats, ends, c.rmssd_window)
    few = short.n < c.rmssd_differences
    share = c.largest if has_shapes else c.largest_by_time
    gates = [
        *rhythm_gates(beats, ends, c.rmssd_window, c, has_shapes=has_shapes),
        (few & (short.n + rough_counts(beats, ends, c.rmssd_window) >= c.rmssd_differences), ASTRAY),
        (few, FEW_NORMAL),
        (hinges_on_two(beats, *bounds(beats.times, ends, c.rmssd_window), share), UNSURE),
    ]
    if not has_shapes:
        gates.append((stands_out(beats, *bounds(beats.times, ends, c.rmssd_window), share), UNSURE))
    value, why = gated(short.value, gates)
    low, high = gated(short.low, gates)[0], gated(short.high, gates)[0]
    long = sdnn_windows(beats, ends, c.sdnn_window)
    sd = gated(long.value, rhythm_gates(beats, ends, c.sdnn_window, c, has_shapes=has_shapes))
    worth, worth_sd = worth_of(short.placing), worth_of(sdnn_placing(beats, ends, c.sdnn_window, sd[0]))
    said = with_placing(why, worth)
    logarithm = elementwise(math.log, np.where(value > 0, value, np.nan))
    lnwhy = [w or ("no variation" if v == 0 else "") for w, v in zip(said, value.tolist(), strict=True)]
    return [
        Column("hr", c.hr_window, *hr),
        Column("rmssd", c.rmssd_window, value, said, worth),
        Column("rmssd_low", c.rmssd_window, low, said, worth),
        Column("rmssd_high", c.rmssd_window, high, said, worth),
        Column("lnrmssd", c.rmssd_window, logarithm, lnwhy, worth),
        Column("sdnn", c.sdnn_window, sd[0], with_placing(sd[1], worth_sd), worth_sd),
    ]

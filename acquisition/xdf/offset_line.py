"""The clock offset of one sender at any time, from measurements that scatter.

A link that is busy makes single measurements wrong by a tenth of a second and more; clocks drift by some
millionths. Offsets that scatter by less than a millisecond are followed from one to the next, far ones left
out. Others tell a robust line (Huber 1964, doi:10.1214/aoms/1177703732; pyxdf fits one, too), whose slope is
believed as far as it is sure; where they do not lie about one, the line leads through the middles of a minute
each.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray

QUIET = 1e-3
"""Offsets that scatter by less [s] are followed."""
FAR, LEAST = 6.0, 5e-3
"""A measurement is left out that is so many deviations, and so many seconds, off those around it."""
AROUND = 3
"""Measurements on either side that those around one are."""
DRIFT, STEEP = 1e-4, 1e-3
"""How much clocks drift usually, and at most, by which quiet offsets are still followed."""
HUBER, ROUNDS = 1.345, 12
TOGETHER, BENT = 12, 6.0
"""Measurements at least in one part, and standard errors by which its middle lies off a line that is none."""


class Fitted(NamedTuple):
    """Hold when offsets hold on the sender's clock and their values, both [s], between which a line leads.

    `scatter` is the standard deviation of the measurements, `unsure` how far the line may be off at most, two
    standard errors [s]; `left_out` is how many measurements were far off the others.
    """

    at: FloatArray
    values: FloatArray
    scatter: float
    unsure: float
    left_out: int


def fitted(collected: FloatArray, values: FloatArray) -> Fitted:
    """Return the offsets of one clock.

    Parameters
    ----------
    collected, values : ndarray, shape (n,)
        When each was measured, and its value, finite [s].
    """
    order = np.argsort(collected, kind="stable")
    at, values = collected[order], values[order]
    keep = _near(at, values)
    left_out = int(np.count_nonzero(~keep))
    at, values = at[keep], values[keep]
    scatter = _scatter(at, values)
    steps = np.diff(at)
    steep = np.abs(np.diff(values)) > STEEP * steps + 2.0 * QUIET
    if len(at) < 3 or (scatter <= QUIET and not steep.any()):
        return Fitted(at, values, scatter, scatter, left_out)
    level, slope, spread = _line(at, values)
    middle, unsure = float(at.mean()), 4.0 * spread / np.sqrt(len(at))  # at the ends twice as much as amid
    line = level + slope * (at - middle)
    off = _middles(at, values - line, scatter)
    if off is None:
        return Fitted(at[[0, -1]], line[[0, -1]], spread, float(unsure), left_out)
    times, middles, error = off
    ends = np.concatenate((at[:1], times, at[-1:]))
    bend = np.concatenate((middles[:1], middles, middles[-1:]))
    return Fitted(ends, level + slope * (ends - middle) + bend, scatter, 2.0 * error, left_out)


def _near(at: FloatArray, values: FloatArray) -> BoolArray:
    """Tell which measurements are not far off those around them."""
    n = len(at)
    keep: BoolArray = np.ones(n, np.bool_)
    if n < 5:
        return keep
    off = np.empty(n)
    for k in range(n):
        begin = min(max(0, k - AROUND), max(0, n - 2 * AROUND - 1))
        others = np.delete(np.arange(begin, min(n, begin + 2 * AROUND + 1)), k - begin)
        off[k] = values[k] - np.median(values[others])
    limit = max(LEAST, FAR * 1.4826 * float(np.median(np.abs(off - np.median(off)))))
    keep = np.abs(off - np.median(off)) <= limit
    # Clocks that were set stay where they are: what lasts is none of its measurement.
    lasts = np.abs(np.diff(off, prepend=0.0)) < LEAST
    lasts[:-1] |= np.abs(np.diff(off)) < LEAST
    return np.asarray(keep | lasts)


def _scatter(at: FloatArray, values: FloatArray) -> float:
    """Return the deviation of measurements from the line through their neighbours [s]."""
    if len(at) < 3:
        return 0.0
    gap = at[2:] - at[:-2]
    share = np.where(gap > 0, (at[1:-1] - at[:-2]) / np.where(gap > 0, gap, 1.0), 0.5)
    off = values[1:-1] - values[:-2] - share * (values[2:] - values[:-2])
    return float(1.4826 * np.median(np.abs(off / np.sqrt(1.0 + share**2 + (1.0 - share) ** 2))))


def _line(at: FloatArray, values: FloatArray) -> tuple[float, float, float]:
    """Return the level amid, the slope, and the spread [s] of a robust line."""
    x = at - at.mean()
    level, slope, spread = float(np.median(values)), 0.0, 0.0
    for _ in range(ROUNDS):
        off = values - level - slope * x
        spread = max(float(1.4826 * np.median(np.abs(off))), 1e-9)
        weight = np.minimum(1.0, HUBER * spread / np.maximum(np.abs(off), 1e-12))
        total = float(weight.sum())
        mean = float((weight * x).sum()) / total
        wide = float((weight * (x - mean) ** 2).sum())
        if not wide > 0.0:
            break
        steep = float((weight * (x - mean) * values).sum()) / wide
        # as far as it is sure: a few measurements that scatter tell no drift
        slope = steep * DRIFT**2 / (DRIFT**2 + spread**2 / wide)
        level = float((weight * (values - slope * x)).sum()) / total
    return level, slope, spread


def _middles(at: FloatArray, off: FloatArray, spread: float) -> tuple[FloatArray, FloatArray, float] | None:
    """Return when each minute of measurements is amid, and how far off a line it is, so much surely, all [s].

    None if they lie on it. `spread` is how much neighbours differ: those of a bend lie far off the line.
    """
    parts = np.array_split(np.arange(len(at)), max(1, len(at) // TOGETHER))
    if len(parts) < 3:
        return None
    middles = np.array([np.median(off[part]) for part in parts])
    error = 1.2533 * spread / np.sqrt(TOGETHER)
    if np.abs(middles).max() < max(BENT * error, 2.0 * QUIET):
        return None
    return np.array([at[part].mean() for part in parts]), middles, float(error)

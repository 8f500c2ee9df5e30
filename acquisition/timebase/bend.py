"""Where stamps begin to go on faster or slower than the line that samples lie on: the rate is another one.

A step leaves stamps later or earlier by the same, from one place on. Behind a bend they are farther and
farther off, and the line through them meets the one before where that began.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.ranks import deviation, middle

HINT, AGAIN, SURE = 3.0, 1.5, 6.0
"""So many standard errors of its slope make a bend out of what may be a step, fewer where there was one just
before; and so many prove it."""
FEWEST = 4
"""Places that must be off to tell anything, and be on the line to tell where that is."""
NEAR = 0.5
"""Share of their length by which the place where both lines meet may lie before those that are off, or
behind their first, beside what the error of the slope allows."""
ROUGH, STRAIGHT = 2.5, 0.05
"""By so many times as much as usual stamps may spread about the line behind a bend, or by this share of how
far it leads: rounded ones at a rate that divides the second hardly spread at all."""
OF_THREE = 1.5
"""By so many times stamps spread more than medians of three of them."""
CLEARLY = 4.0
"""By so many variances a bend leaves less unsaid than a step."""
MOST = 0.15
"""Share of the period by which another one differs at most: samples that catch up come faster by far more."""
OFF = 5.0
"""By so many standard errors the last places are off that are looked at more closely."""
EARLIER, LATER = 1.0, 8.0
"""Seconds of samples that must have come faster, or slower, until it is another rate: a link that slows down
for some seconds makes them later, and nothing makes them earlier."""
LOOK, LENGTHS, AMONG, MANY = 6, (5, 8, 12, 18, 27, 40, 60), 8, 400
"""A bend of packets is looked for at every so many, behind so many, where the last are off; of short packets
behind more."""
WIDE = 0.3
"""Share of their length by which packets spread at most: else losses of whole ones look like another rate."""


class Bend(NamedTuple):
    """Hold the slope behind a bend [s for each count], the count at which it begins, and by how many standard
    errors it is one."""

    slope: float
    begin: float
    sure: float


def bend(line: FloatArray, clean: int, usual: float, period: float, least: float = HINT) -> Bend | None:
    """Return the bend of stamps that are off their line; None where they are not, or have a step.

    Parameters
    ----------
    line : ndarray, shape (2, n)
        Increasing counts, and how late stamps are on the line so far [s].
    clean : int
        How many of the first lie on it.
    usual : float
        Standard deviation of how late they usually are [s].
    period : float
        That of the line [s].
    least : float
        So many standard errors of the slope make a bend.
    """
    counts, off = line[:, clean:]
    n = len(off)
    if n < FEWEST:
        return None
    before = middle(line[1, :clean]) if clean >= FEWEST else 0.0
    centre, level = float(np.add.reduce(counts)) / n, float(np.add.reduce(off)) / n
    x = counts - centre
    square = float(np.add.reduce(x * x))
    slope = float(np.add.reduce(x * off)) / square
    rest = off - level - slope * x
    spread = math.sqrt(float(np.add.reduce(rest * rest)) / (n - 2))
    scale, length = max(usual, spread), float(counts[-1] - counts[0])
    sure = abs(slope) * math.sqrt(square) / scale
    if (
        sure < least
        or abs(slope) > MOST * period
        or spread > max(ROUGH * usual, STRAIGHT * length * abs(slope))
    ):
        return None
    begin = centre - (level - before) / slope
    if not abs(begin - float(counts[0])) < NEAR * length + 2.0 * scale / abs(slope):
        return None
    found = Bend(slope, begin, sure)
    return found if _left_by_step(line[1]) > _left_by(found, line) else None


def is_known(found: Bend, at: float, period: float) -> bool | None:
    """Tell whether it is another rate, by what came up to a count; None if a link may have slowed down."""
    seen = (at - found.begin) * period
    if found.slope < 0.0 or seen < EARLIER:
        return seen >= EARLIER
    return True if seen >= LATER else None


def lengths_of(packet: float) -> list[int]:
    """Return behind how many packets of such a length a bend is looked for: it must be seen for long [s]."""
    out, most = list(LENGTHS), 1.5 * LATER / packet
    while out[-1] < min(most, MANY):
        out.append(round(1.5 * out[-1]))
    return out


def until_off(off: Sequence[float], n: int, count: int, usual: float) -> int:
    """Return how many of `n` packets come before one at which a bend is looked for.

    Parameters
    ----------
    off : sequence of float
        How late these packets are, and some before them [s].
    count : int
        How many there were before.
    """
    before = len(off) - AMONG + 1 - n
    for k in range(-(count + 1) % LOOK, n, LOOK):
        if is_off(off[before + k : before + k + AMONG], usual):
            return k
    return n


def is_off(late: Sequence[float], usual: float) -> bool:
    """Tell whether the last stamps are so late, or early [s], that it pays to look for a bend."""
    return abs(sorted(late)[len(late) // 2]) * math.sqrt(len(late)) > OFF * usual


def latest(line: FloatArray, lengths: Sequence[int], before: int, usual: float, period: float) -> Bend | None:
    """Return the surest bend after which there are about so many places, if any is proved.

    Single stamps that are far off count no more than those beside them.

    Parameters
    ----------
    lengths, before : sequence of int, int
        How many places to look at, and how many before them.
    """
    counts, late = line
    trio = np.sort(np.stack((late[:-2], late[1:-1], late[2:])), axis=0)[1]
    calm, found = np.stack((counts[1:-1], trio)), list[Bend]()
    for n in lengths:
        if (clean := calm.shape[1] - n) < before:
            break
        scale = max(usual, OF_THREE * deviation(trio[:clean]))
        begin = max(0, clean - before)
        one, behind = bend(calm[:, begin:], clean - begin, scale, period, SURE), calm[:, begin:]
        if one and _left_by(one, behind) + CLEARLY * scale * scale < _left_by_step(behind[1]):
            found.append(one)
    return max(found, key=lambda one: one.sure, default=None)


def _left_by(found: Bend, line: FloatArray) -> float:
    """Return what a bend leaves unsaid of how late stamps are: the sum of squares [s²]."""
    counts, late = line
    off = late - np.maximum(counts - found.begin, 0.0) * found.slope
    off -= np.add.reduce(off) / len(off)
    return float(np.add.reduce(off * off))


def _left_by_step(late: FloatArray) -> float:
    """Return the same of the step that leaves least."""
    n, sums = np.arange(1.0, len(late)), np.cumsum(late)
    said = sums[:-1] ** 2 / n + (sums[-1] - sums[:-1]) ** 2 / (len(late) - n)
    return float(np.add.reduce(late * late) - np.maximum.reduce(said))

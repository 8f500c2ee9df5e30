"""Clock offsets of files of others, applied by clock segment instead of by place in the file.

LabRecorder measures every 5 s, the first time after 5 s: what was sent before belongs to the same clock. A
sender whose clock was set anew begins a new segment; what it sent before the next measurement is told by its
stamps, which fit the new clock and not the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

STEP = 0.5
"""A clock offset that differs by more [s] from the one before begins a new segment."""
FAR = 10.0
"""Seconds by which a stamp may lie outside the measurements of its segment and still be of it."""

Offset = tuple[int, float, float]
"""Position, when it was collected on the sender's clock, and value [s]."""


def on_one_clock(times: FloatArray, offsets: Sequence[Offset]) -> FloatArray:
    """Return stamps on the clock of the recording machine; between measurements offsets follow a line.

    Parameters
    ----------
    times : ndarray, shape (n_samples,)
        Raw stamps [s].
    offsets : sequence of (position, collected, value)
        In the order of the file.
    """
    good = [o for o in offsets if np.isfinite(o[1]) and np.isfinite(o[2])]
    if not good or not len(times):
        return times.copy()
    parts = segments(good)
    which = _which(times, parts)
    out = times.copy()
    for number, part in enumerate(parts):
        mine: BoolArray = which == number
        collected, values = np.array([o[1] for o in part]), np.array([o[2] for o in part])
        order = np.argsort(collected, kind="stable")
        out[mine] += np.interp(times[mine], collected[order], values[order])
    return out


def segments(offsets: Sequence[Offset]) -> list[list[Offset]]:
    """Part clock offsets where the sender's clock was set anew."""
    parts = [[offsets[0]]]
    for before, here in pairwise(offsets):
        if abs(here[2] - before[2]) > STEP or here[1] < before[1] - STEP:
            parts.append([])
        parts[-1].append(here)
    return parts


def _which(times: FloatArray, parts: Sequence[Sequence[Offset]]) -> IntArray:
    """Return the segment of each sample: by its place, unless its stamp fits another one only."""
    firsts = np.array([part[0][0] for part in parts])
    which = np.clip(np.searchsorted(firsts, np.arange(len(times)), side="right") - 1, 0, None)
    if len(parts) == 1:
        return which
    low = np.array([min(o[1] for o in part) for part in parts])
    high = np.array([max(o[1] for o in part) for part in parts])
    with np.errstate(invalid="ignore"):
        apart = np.maximum(np.maximum(low[which] - times, times - high[which]), 0.0)
        for number in range(len(parts)):
            mine = np.maximum(np.maximum(low[number] - times, times - high[number]), 0.0)
            better = (apart > FAR) & (mine < apart)
            which[better], apart[better] = number, mine[better]
    return which

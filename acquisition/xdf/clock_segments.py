"""Clock offsets of files of others, applied by clock segment instead of by place in the file.

LabRecorder measures every 5 s, the first time after 5 s: what was sent before belongs to the same clock. A
sender whose clock was set anew begins a new segment; what it sent before the next measurement is told by its
stamps: they step by as much as the offset does, or fit the new clock and not the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from acquisition.text import how_many
from acquisition.xdf.offset_line import LEAST, fitted

STEP = 0.5
"""A clock offset that differs by more [s] from the one before begins a new segment."""
FAR = 10.0
"""Seconds by which a stamp may lie outside the measurements of its segment and still be of it."""
ALIKE = 0.2
"""Share by which stamps may step less or more than the offset does."""
AROUND, SET = 4, 0.05
"""Measurements on either side that tell a clock that was set by so many seconds and more."""

Offset = tuple[int, float, float]
"""Position, when it was collected on the sender's clock, and value [s]."""


class OneClock(NamedTuple):
    """Hold stamps on the clock of the recording machine [s], and what is said of the offsets."""

    times: FloatArray
    notes: tuple[str, ...]


def on_one_clock(times: FloatArray, offsets: Sequence[Offset]) -> OneClock:
    """Return stamps on the clock of the recording machine.

    Parameters
    ----------
    times : ndarray, shape (n_samples,)
        Raw stamps [s].
    offsets : sequence of (position, collected, value)
        In the order of the file.
    """
    good = [o for o in offsets if np.isfinite(o[1]) and np.isfinite(o[2])]
    if not good or not len(times):
        return OneClock(times.copy(), ())
    good, alone = _without_lone(times, good)
    parts = segments(good, times)
    which = _which(times, parts)
    out, lines = times.copy(), []
    for number, part in enumerate(parts):
        mine: BoolArray = which == number
        line = fitted(np.array([o[1] for o in part]), np.array([o[2] for o in part]))
        lines.append(line)
        out[mine] += np.interp(times[mine], line.at, line.values)
    scatter, unsure = max(line.scatter for line in lines), max(line.unsure for line in lines)
    return OneClock(out, _said(alone + sum(line.left_out for line in lines), scatter, unsure))


def _said(left_out: int, scatter: float, unsure: float) -> tuple[str, ...]:
    notes = []
    if left_out:
        notes.append(f"{how_many(left_out, 'clock offset')} far off those around left out")
    if scatter > LEAST or unsure > LEAST:
        notes.append(
            f"clock offsets scatter by {1e3 * scatter:.0f} ms: a line through them is used; the stream may "
            f"be off the others by up to {1e3 * unsure:.0f} ms"
        )
    return tuple(notes)


def segments(offsets: Sequence[Offset], times: FloatArray | None = None) -> list[list[Offset]]:
    """Part clock offsets where the sender's clock was set anew.

    By less than `STEP` only where the stamps of the samples step as well, if these are given.
    """
    parts = [[offsets[0]]]
    for k, (before, here) in enumerate(pairwise(offsets), 1):
        large = abs(here[2] - before[2]) > STEP and (times is None or _lasts(offsets, k))
        if large or here[1] < before[1] - STEP or (times is not None and _is_set(times, offsets, k)):
            parts.append([])
        parts[-1].append(here)
    return parts


def _lasts(offsets: Sequence[Offset], k: int) -> bool:
    """Tell whether offsets from one on differ from those before by more than they do among themselves."""
    before, after = _around(offsets, k)
    step = abs(float(np.median(after) - np.median(before)))
    return step > max(STEP, 3.0 * _spread(before, after))


def _is_set(times: FloatArray, offsets: Sequence[Offset], k: int) -> bool:
    """Tell whether stamps step where offsets do, by as much the other way."""
    before, after = _around(offsets, k)
    if min(len(before), len(after)) < 2:
        return False
    step = float(np.median(after) - np.median(before))
    here = offsets[k][2] - offsets[k - 1][2]
    if abs(step) < max(SET, 3.0 * _spread(before, after)) or abs(here) < 0.5 * abs(step):
        return False
    return _place(times, offsets[k - 1][0], offsets[k][0], step) >= 0


def _around(offsets: Sequence[Offset], k: int) -> tuple[FloatArray, FloatArray]:
    values = np.array([o[2] for o in offsets[max(0, k - AROUND) : k + AROUND]])
    n = min(k, AROUND)
    return values[:n], values[n:]


def _spread(before: FloatArray, after: FloatArray) -> float:
    off = np.concatenate((before - np.median(before), after - np.median(after)))
    return float(1.4826 * np.median(np.abs(off)))


def _without_lone(times: FloatArray, offsets: list[Offset]) -> tuple[list[Offset], int]:
    """Leave out single offsets that are far off those before and after, unless stamps step there too."""
    out = [
        k
        for k in range(1, len(offsets) - 1)
        if min(abs(offsets[k][2] - offsets[j][2]) for j in (k - 1, k + 1)) > STEP
        and abs(offsets[k + 1][2] - offsets[k - 1][2]) < STEP
        and abs(offsets[k][1] - offsets[k - 1][1]) < FAR
        and _place(times, offsets[k - 1][0], offsets[k][0], offsets[k][2] - offsets[k - 1][2]) < 0
    ]
    return [o for k, o in enumerate(offsets) if k not in out], len(out)


def _place(times: FloatArray, begin: int, end: int, step: float) -> int:
    """Return the first sample between two whose stamp steps as a clock that an offset tells; -1 if none does.

    Programs that record write samples some time after they came: it is sought as far again on either side.
    """
    wide = max(end - begin, 2)
    low, high = max(0, begin - wide), min(len(times), end + wide)
    if high - low < 3:
        return -1
    steps = np.diff(times[low:high])
    off = np.abs(steps - np.median(steps) + step)
    off[~np.isfinite(off)] = np.inf
    k = int(np.argmin(off))
    return low + k + 1 if off[k] <= ALIKE * abs(step) else -1


def _which(times: FloatArray, parts: Sequence[Sequence[Offset]]) -> IntArray:
    """Return the segment of each sample: by its place, unless its stamp fits another one only."""
    firsts = np.array([part[0][0] for part in parts])
    for k, (before, part) in enumerate(pairwise(parts), 1):
        step = float(np.median([o[2] for o in part[:AROUND]]) - np.median([o[2] for o in before[-AROUND:]]))
        if (place := _place(times, before[-1][0], part[0][0], step)) >= 0:
            firsts[k] = place
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

"""Markers in files of other programs: at times that can be true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.xdf import ForeignStream

OUTSIDE = 60.0
"""Seconds by which a marker may lie before the first or after the last sample of a signal."""


def on_time(
    times: FloatArray, stream: ForeignStream, signals: Sequence[tuple[FloatArray, ForeignStream]]
) -> tuple[FloatArray, list[str]]:
    """Return the stamps of markers; those of another clock become the time at which they came.

    A marker far outside all signals was stamped by another clock (Unix time, a remote computer without clock
    offsets). Its place in the file says when it came: after the newest sample that stands before it. Where
    the place says nothing the marker gets no time.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Stamps on one clock [s].
    stream : ForeignStream
        Where in the file the markers stand.
    signals : sequence of (times, stream)
        Of the same file.
    """
    sane = [(t, s) for t, s in signals if len(t) and s is not stream]
    if not sane or not len(times):
        return times, []
    begin = min(float(np.nanmin(t)) for t, _ in sane)
    end = max(float(np.nanmax(t)) for t, _ in sane)
    wrong = ~((times >= begin - OUTSIDE) & (times <= end + OUTSIDE))
    if not wrong.any():
        return times, []
    came = _came(stream, sane, len(times))
    n = int(wrong.sum())
    if n > 1 and len(np.unique(came[wrong])) == 1:
        came[:] = np.nan
    out = np.where(wrong, came, times)
    first = float(times[np.flatnonzero(wrong)[0]])
    lost = int((wrong & ~np.isfinite(out)).sum())
    said = [f"{n} of {len(times)} markers are stamped by another clock ({first:.15g} s)"]
    said[0] += f"; {n - lost} put where they came in the file, good to about 1 s" if n > lost else ""
    said[0] += f"; {lost} left out, since their place does not tell when they came" if lost else ""
    return out, said


def triggered(values: FloatArray, times: FloatArray) -> tuple[FloatArray, list[str]]:
    """Return when a trigger channel begins to say something, and what; 0, or what it mostly says, is nothing.

    Parameters
    ----------
    values, times : ndarray, shape (n,)
        Samples of the channel, and their stamps [s].
    """
    there = np.isfinite(values)
    values, times = np.rint(values[there] * 1e6) / 1e6, times[there]
    if not len(values):
        return np.empty(0), []
    kinds, counts = np.unique(values, return_counts=True)
    rest = 0.0 if 0.0 in kinds else float(kinds[counts.argmax()])
    begins = np.flatnonzero((values != rest) & (np.diff(values, prepend=rest) != 0.0))
    return times[begins], [f"{v:g}" for v in values[begins].tolist()]


def _came(stream: ForeignStream, signals: Sequence[tuple[FloatArray, ForeignStream]], n: int) -> FloatArray:
    """Return for each marker the newest stamp of a sample that stands before it in the file; nan if none."""
    ends: list[tuple[int, float]] = []
    for times, other in signals:
        firsts = [position for position, _ in other.places]
        for (_, number), stop in zip(other.places, [*firsts[1:], len(times)], strict=True):
            if stop and stop <= len(times):
                ends.append((number, float(times[stop - 1])))
    ends.sort()
    numbers = np.array([number for number, _ in ends])
    newest = np.maximum.accumulate(np.array([t for _, t in ends])) if ends else np.empty(0)
    out = np.full(n, np.nan)
    firsts = [position for position, _ in stream.places]
    for (position, number), stop in zip(stream.places, [*firsts[1:], n], strict=True):
        at = int(np.searchsorted(numbers, number))
        out[position:stop] = newest[at - 1] if at else np.nan
    return out

"""Samples from a device's memory → stretches of a recording: compared, timed, placed in slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.refilling.kept import Kept, Wanted, agreeing
from acquisition.refilling.missing import Contents, Gap, Received, times_in
from acquisition.stream import BoolArray, FloatArray, IntArray, StreamInfo

LEAST_SAME, LEAST_SHARE = 20, 0.98
"""Samples that both came and were kept that must be there to compare, and the share that must be the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Hold samples that belong together into a recording; all are nan where the device had no value either.

    Parameters
    ----------
    stamps : ndarray of int64, shape (n_samples,)
        On the device's clock [ns].
    times, samples : ndarray
        LSL time [s] and values.
    slices : ndarray, shape (n_samples,)
        Index of the slice of each.
    """

    info: StreamInfo
    stamps: IntArray
    times: FloatArray
    samples: NDArray[Any]
    slices: IntArray


def refuse(of: Received, kept: Kept) -> str:
    """Say why what was kept is not of this recording; "" if it is."""
    n, same = agreeing(Wanted(of.info, (), 0, Kept(of.stamps, of.samples)), kept)
    if n < LEAST_SAME:
        return f"only {n} samples of its memory can be compared with what came"
    if same < LEAST_SHARE * n:
        return f"its memory holds other values: {n - same} of {n} that came differ"
    return ""


def stretches(contents: Contents, of: Received, kept: Kept) -> Iterator[Stretch]:
    """Yield what of a device's memory belongs into the gaps of a stream.

    What was measured while its person was paused stays out, and what lies before or after the recording.
    """
    for gap in contents.gaps(of):
        for from_after in (False, True) if not gap.same_clock and gap.after >= 0 else (False,):
            yield from _in_gap(contents, of, kept, gap, from_after)


def _in_gap(contents: Contents, of: Received, kept: Kept, gap: Gap, from_after: bool) -> Iterator[Stretch]:
    half = round(0.5e9 / of.info.sfreq)
    low = of.times[gap.before]
    high = of.times[gap.after] if gap.after >= 0 else contents.ticks.times[-1]
    if from_after:
        inside = kept.stamps < of.stamps[gap.after] - half
    else:
        inside = kept.stamps > of.stamps[gap.before] + half
        if gap.same_clock:
            inside &= kept.stamps < of.stamps[gap.after] - half
    stamps = kept.stamps[inside]
    times = times_in(of, gap, stamps, from_after=from_after)
    margin = 0.5 / of.info.sfreq
    fits = (
        (times > low + margin) & (times < high - margin) if not gap.same_clock else np.ones(len(times), bool)
    )
    fits &= ~_paused(contents, of.info, times)
    stamps, times, samples = stamps[fits], times[fits], kept.samples[inside][fits]
    if not len(stamps):
        return
    first, last = (
        int(of.slices[gap.before]),
        int(of.slices[gap.after]) if gap.after >= 0 else len(contents.ticks.times) - 1,
    )
    slices = np.clip(np.searchsorted(contents.ticks.times, times), first, last)
    there = np.isfinite(samples).all(axis=1)
    breaks = np.flatnonzero((np.diff(stamps) > 1.5e9 / of.info.sfreq) | (there[1:] != there[:-1])) + 1
    for rows in np.split(np.arange(len(stamps)), breaks):
        yield Stretch(of.info, stamps[rows], times[rows], samples[rows], slices[rows])


def _paused(contents: Contents, info: StreamInfo, times: FloatArray) -> BoolArray:
    out = np.zeros(len(times), np.bool_)
    spans = contents.pauses.get(info.role)
    every = spans if spans is not None else [s for some in contents.pauses.values() for s in some]
    for start, stop in every:
        out |= (times >= start) & (times < stop)
    return out

"""Samples from a device's memory → stretches of a recording: compared, timed, placed in slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.refilling.kept import LEAST_SAME, LEAST_SHARE, Kept, agreeing
from acquisition.refilling.missing import Contents, Gap, Received, times_in
from acquisition.refilling.owners import kept_out, owner_of
from acquisition.stream import FloatArray, IntArray, StreamInfo, of_beats


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
    stamped: StreamInfo | None = None
    """The stream of device stamps beside it; None for one that has none."""

    @property
    def is_there(self) -> bool:
        """Tell whether the device had values: of beats the intervals, a memory says nothing beside them."""
        beats = of_beats(self.info.modality, self.info.channels)
        return bool(np.isfinite(self.samples[:, :1] if beats else self.samples).all())


def refuse(of: Received, kept: Kept) -> str:
    """Say why what was kept is not of this recording; "" if it is."""
    n, same = agreeing(Kept(of.stamps, of.samples), kept, of.info.sfreq)
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
    first, last = (
        int(of.slices[gap.before]),
        int(of.slices[gap.after]) if gap.after >= 0 else len(contents.ticks.times) - 1,
    )
    slices = np.clip(np.searchsorted(contents.ticks.times, times), first, last)
    owner = owner_of(of.epochs, contents.ticks.numbers[slices])
    fits &= ~kept_out(of.epochs, owner, times, contents.pauses)
    stamps, times, samples = stamps[fits], times[fits], kept.samples[inside][fits]
    slices, owner = slices[fits], owner[fits]
    if not len(stamps):
        return
    there = np.isfinite(samples).all(axis=1)
    apart = (np.diff(stamps) > 1.5e9 / of.info.sfreq) | (there[1:] != there[:-1]) | (np.diff(owner) != 0)
    for rows in np.split(np.arange(len(stamps)), np.flatnonzero(apart) + 1):
        info = of.epochs[int(owner[rows[0]])][1]
        assert info is not None  # what is nobody's stays out
        beside = contents.owners.stamps(of.info.key, info.role)
        yield Stretch(info, stamps[rows], times[rows], samples[rows], slices[rows], beside)

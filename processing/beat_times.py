"""The times of beats that a device found: as they are stamped, unless that is on another clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from acquisition.batch import StreamPart
from acquisition.stream import FloatArray, Modality, StreamInfo
from acquisition.timebase.account import Account, Remark
from acquisition.timebase.vouched import needs_time_base
from processing.by_arrival import ByArrival
from processing.sample_times import SampleTimes, Settled

BEATS = frozenset((Modality.RR, Modality.PPI))
"""Modalities of beats that a device found."""


class BeatTimes:
    """Place the beats of one stream.

    Parameters
    ----------
    lateness : float
        How late a beat may arrive [s].
    """

    def __init__(self, lateness: float) -> None:
        self.account = Account(0.0)
        self._by_arrival = ByArrival(lateness, self._say)
        self._n, self._held = 0, 0.0

    def lay(self, part: StreamPart | None, ticks: FloatArray) -> Settled:
        """Take in what came in these slices; return it at its times, for which nothing waits.

        Parameters
        ----------
        ticks : ndarray, shape (n_ticks,)
            Not decreasing [s].
        """
        if part is None:
            return Settled(None, None)
        clocked, self._held = part.on_clock(self._held)
        if not len(part.times):
            return Settled(part, None)
        shifts = self._by_arrival.shifts(
            part.times, np.asarray(clocked - part.times), ticks[part.slices], part.slices
        )
        self._n += len(part.times)
        return Settled(part if shifts is None else replace(part, times=part.times + shifts), None)

    def _say(self, k: int, what: str) -> None:
        self.account.remarks.append(Remark(max(0, self._n + k - 1), "clock", what))


def times_of(
    info: StreamInfo, streams: Iterable[StreamInfo], lateness: float
) -> SampleTimes | BeatTimes | None:
    """Return what finds the times of a stream's samples, None if its stamps are vouched for.

    Parameters
    ----------
    streams : iterable of StreamInfo
        All streams of the recording.
    lateness : float
        How late a sample may arrive [s].
    """
    if info.modality in BEATS:
        return BeatTimes(lateness)
    return SampleTimes(info, lateness) if needs_time_base(info, streams) else None

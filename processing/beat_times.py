"""The times of beats that a device found: as they are stamped, unless that is on another clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acquisition.batch import StreamPart
from acquisition.stream import FloatArray, Modality
from acquisition.timebase.account import Account, Remark
from processing.by_arrival import ByArrival

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

    def lay(self, part: StreamPart, ticks: FloatArray) -> StreamPart:
        """Take in what came in these slices; return it at its times.

        Parameters
        ----------
        ticks : ndarray, shape (n_ticks,)
            Not decreasing [s].
        """
        clocked, self._held = part.on_clock(self._held)
        if not len(part.times):
            return part
        self._n += len(part.times)
        shifts = self._by_arrival.shifts(
            part.times, np.asarray(clocked - part.times), ticks[part.slices], part.slices
        )
        return part if shifts is None else replace(part, times=part.times + shifts)

    def _say(self, what: str) -> None:
        self.account.remarks.append(Remark(max(0, self._n - 1), "clock", what))

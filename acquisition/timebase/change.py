"""Where stamps begin to come in another manner, told at the sample that shows it.

A look at the manner every few seconds finds any change. Until then samples would be laid wrongly, so what
spoils most is told at once: samples that come packet by packet where each had its own time, and a flow of
samples where packets ended.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.manner import CLOSE, LONG, SLOW, Manner, Seen, ends_packet

LATE = 4.0
"""Samples of a packet come after a step of at least so many periods."""
FEWEST, SHARE = 3, 0.4
"""Stamps in a row made together that are a packet; as a share also of the samples that the step before them
would have held. The step after them is at least this share of the one before."""
FLOWS, FLOWS_DEDUCED = 1.5, 3.5
"""Packets' lengths without an end after which there are no packets. Deduced stamps may hide an end by
chance."""
RUNS_ON = 0.7
"""Share of the time of so many samples by which their stamps have gone on then: two packets that came at once
have not."""


class Change:
    """Watch the stamps of a stretch whose manner is known.

    Parameters
    ----------
    seen : Seen
        Manner, and how packets end.
    period : float
        Sample period [s].
    """

    def __init__(self, seen: Seen, period: float) -> None:
        self._seen, self._period = seen, period
        self._stamp = math.nan
        self._step, self._began, self._close = math.nan, 0, False
        self._needed = 2 if seen.manner is Manner.JITTER else 1
        self._packets = 0
        self._end, self._end_stamp = -1, math.nan

    def skip(self, stamps: FloatArray) -> None:
        """Take in even stamps."""
        self._stamp, self._close = float(stamps[-1]), False

    def find(self, stamps: FloatArray, first: int) -> int:
        """Return before which of the next stamps the manner changed, -1 if it did not.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            [s].
        first : int
            Number of the first of them.
        """
        if self._seen.sparse or self._period >= SLOW or not len(stamps):
            return -1
        steps = np.diff(stamps, prepend=self._stamp)
        self._stamp = float(stamps[-1])
        if self._seen.manner is Manner.PACKETS:
            return self._flow(stamps, steps, first)
        return self._packet(steps, first)

    def _packet(self, steps: FloatArray, first: int) -> int:
        """Return where the second packet begins; among stamps with jitter the third, as two may be chance."""
        apart = CLOSE * self._period
        begin = 0
        for at in np.flatnonzero(steps > max(LATE * self._period, LONG)).tolist():
            n, step = first + at - self._began, float(steps[at])
            self._close = self._close and bool((steps[begin:at] < apart).all())
            enough = max(FEWEST, SHARE * self._step / self._period)
            is_packet = self._close and n >= enough and step > SHARE * self._step
            self._packets = self._packets + 1 if is_packet else 0
            if self._packets >= self._needed:
                return int(at)
            self._step, self._began, self._close, begin = step, first + at, True, at + 1
        self._close = self._close and bool((steps[begin:] < apart).all())
        return -1

    def _flow(self, stamps: FloatArray, steps: FloatArray, first: int) -> int:
        """Return where so many samples came without the end of a packet that there are none."""
        ends = ends_packet(steps, self._seen)
        at = np.arange(len(stamps))
        last = np.maximum.accumulate(np.where(ends, at, -1))
        since = np.where(last < 0, first + at - self._end, at - last)
        went = stamps - np.where(last < 0, self._end_stamp, stamps[last])
        deduced = math.isfinite(self._seen.inner)
        most = (FLOWS_DEDUCED if deduced else FLOWS) * self._seen.samples
        if self._end < 0 and last[-1] < 0:
            self._end, self._end_stamp = first, float(stamps[0])
            return -1
        flows = np.flatnonzero((since > most) & (went > RUNS_ON * since * self._period))
        if last[-1] >= 0:
            self._end, self._end_stamp = first + int(last[-1]), float(stamps[last[-1]])
        return int(flows[0]) if len(flows) else -1

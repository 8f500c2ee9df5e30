"""Where stamps begin to come in another manner, told at the sample that shows it.

A look at the manner every few seconds finds any change. Until then samples would be laid wrongly, so what
spoils most is told at once: samples that come packet by packet where each had its own time, a flow of
samples where packets ended, steps of no whole number of samples where all were even, steps that are even to
the last digit where none were, and another rate where stamps have jitter.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import BoolArray, FloatArray, IntArray
from acquisition.timebase.manner import CLOSE, LONG, LONG_DEDUCED, SLOW, Manner, Seen, ends_packet
from acquisition.timebase.pace import Pace

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
DENSE, AMONG = 3, 4
"""So many ends of packets among so many stamps, where stamps of packets were deduced, tell that they are no
longer."""
ODD, WITHIN = 0.25, 3.0
"""Share of a period by which a step is no whole number of them, and seconds within which two such tell that
even stamps have ended. One alone may be a late stamp, or a clock that was set."""
TRUSTING = 60.0
"""Seconds for which even stamps that were doubted once are not doubted again: each doubt holds samples up."""
STILL = 1e-4
"""Share of a period within which steps are the same: nobody's jitter is."""
STILL_FOR = 16
"""So many steps that are the same, and twice the longest such run among stamps with jitter, end them. Rounded
stamps have runs, too."""


class Change:
    """Watch the stamps of a stretch whose manner is known.

    Parameters
    ----------
    seen : Seen
        Manner, and how packets end.
    period : float
        Sample period [s].
    stamps : ndarray, shape (n,)
        Those that told the manner [s].
    wary_from : int
        Number of the first sample from which on odd steps tell that even stamps have ended.
    """

    def __init__(self, seen: Seen, period: float, stamps: FloatArray, wary_from: int) -> None:
        self._seen, self._period, self._wary_from = seen, period, wary_from
        self._pace = Pace(period)
        self.began = -1
        """Number of the sample with which the other manner began, where that is known; else -1."""
        self._odd, self._odd_stamp = -1, math.nan
        self._same, self._step_before = 0, math.nan
        self._longest = _longest_run(self._repeats(np.diff(stamps))) if seen.manner is Manner.JITTER else 0
        self._recent = np.zeros(AMONG - 1, np.bool_)
        self._stamp = math.nan
        self._step, self._began, self._close = math.nan, 0, False
        self._needed = 2 if seen.manner is Manner.JITTER else 1
        self._packets = 0
        self._end, self._end_stamp = -1, math.nan

    def skip(self, stamps: FloatArray) -> None:
        """Take in stamps whose steps are even, as `find` would, the first of which it has seen."""
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
        before, steps = self._stamp, steps_from(self._stamp, stamps)
        self._stamp = float(stamps[-1])
        if self._seen.manner is Manner.PACKETS:
            return self._flow(stamps, steps, first)
        packet, other = self._packet(steps, first), -1
        if self._seen.manner is Manner.EXACT:
            other = self._uneven(stamps, steps, first, before)
        elif self._seen.manner is Manner.JITTER:
            other = self._even(steps, first)
            packet = _first_of(packet, self._pace.other(stamps))
        place = _first_of(packet, other)
        if place != other:  # what comes after the change of another kind tells nothing of this one
            self.began = -1
        return place

    def _uneven(self, stamps: FloatArray, steps: FloatArray, first: int, before: float) -> int:
        """Return where a second step is no whole number of samples, and stamps are not back in their places.

        Samples that are missing or have come in another order leave a whole number of steps, and a late stamp
        comes back. Those that catch up come close together.
        """
        share = steps / self._period
        away = np.abs(share - np.rint(share))
        odd = (away > ODD) & ((share > CLOSE) | (share < 0.0))
        for at in odd.nonzero()[0].tolist():
            if self._odd >= 0 and first + at - self._odd <= WITHIN / self._period:
                went = (float(stamps[at]) - self._odd_stamp) / self._period
                if abs(went - (first + at - self._odd + 1)) > ODD and first + at >= self._wary_from:
                    return int(at)
                self._odd = -1
                continue
            self._odd, self._odd_stamp = first + at, float(stamps[at - 1]) if at else before
        return -1

    def _even(self, steps: FloatArray, first: int) -> int:
        """Return where so many steps were the same that it is no jitter."""
        same = self._repeats(steps)
        self._step_before = float(steps[-1])
        if not np.count_nonzero(same):
            self._longest, self._same = max(self._longest, self._same), 0
            return -1
        enough = max(STILL_FOR, LONG_DEDUCED / self._period)
        most, on = self._runs(same)
        if max(most, on) <= 2 * self._longest + enough:  # as nearly always
            self._longest, self._same = max(self._longest, most), on
            return -1
        at = np.arange(len(same))
        last = np.maximum.accumulate(np.where(same, -1, at))
        runs = np.where(last < 0, self._same + at + 1, at - last)
        ended = np.where(same, 0, np.append(self._same, runs[:-1]))
        longest = np.maximum.accumulate(np.append(self._longest, ended))[1:]
        self._same, self._longest = int(runs[-1]), int(longest[-1])
        long = (runs > 2 * longest + enough).nonzero()[0]
        if len(long):
            place = int(long[0])
            self.began = first + place - int(runs[place])
            return place
        return -1

    def _runs(self, same: BoolArray) -> tuple[int, int]:
        """Return how long the longest run is that ends among these, and the one that goes on after them."""
        breaks = (~same).nonzero()[0]
        if not len(breaks):
            return 0, self._same + len(same)
        between = int(np.maximum.reduce(breaks[1:] - breaks[:-1], initial=1)) - 1
        return max(self._same + int(breaks[0]), between), len(same) - 1 - int(breaks[-1])

    def _repeats(self, steps: FloatArray) -> BoolArray:
        """Tell which steps are the same as the one before; those of samples that catch up do not count."""
        off = steps_from(self._step_before, steps)
        same = np.asarray(np.abs(off, out=off) < STILL * self._period)
        return same & (steps > 0.5 * self._period) if np.count_nonzero(same) else same

    def _packet(self, steps: FloatArray, first: int) -> int:
        """Return where the second packet begins; among stamps with jitter the third, as two may be chance."""
        apart = CLOSE * self._period
        begin = 0
        for at in (steps > max(LATE * self._period, LONG)).nonzero()[0].tolist():
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
        deduced = math.isfinite(self._seen.inner)
        dense = self._dense(ends) if deduced else -1
        if self._end < 0:  # however many stamps come at once, a packet ended before the first of all
            self._end, self._end_stamp = first, float(stamps[0])
        most = (FLOWS_DEDUCED if deduced else FLOWS) * self._seen.samples
        places = ends.nonzero()[0]
        if self._longest_without(places, first, len(stamps)) <= most:  # as nearly always
            if len(places):
                self._end, self._end_stamp = first + int(places[-1]), float(stamps[places[-1]])
            return dense
        at = np.arange(len(stamps))
        last = np.maximum.accumulate(np.where(ends, at, -1))
        since = np.where(last < 0, first + at - self._end, at - last)
        went = stamps - np.where(last < 0, self._end_stamp, stamps[last])
        flows = ((since > most) & (went > RUNS_ON * since * self._period)).nonzero()[0]
        if last[-1] >= 0:
            self._end, self._end_stamp = first + int(last[-1]), float(stamps[last[-1]])
        flow = int(flows[0]) if len(flows) else -1
        return _first_of(dense, flow)

    def _longest_without(self, ends: IntArray, first: int, n: int) -> int:
        """Return how many of the next `n` samples come at most after the end of a packet without another."""
        if not len(ends):
            return first + n - 1 - self._end
        between = int(np.maximum.reduce(ends[1:] - ends[:-1], initial=1)) - 1
        return max(first + int(ends[0]) - 1 - self._end, between, n - 1 - int(ends[-1]))

    def _dense(self, ends: BoolArray) -> int:
        """Return where packets ended so often that there are none."""
        n = AMONG - 1
        recent = np.append(self._recent, ends)
        self._recent = recent[-n:]
        sums = np.cumsum(recent, dtype=np.int64)
        sums[AMONG:] -= sums[:-AMONG].copy()
        dense = np.flatnonzero(sums[n:] >= DENSE)
        return int(dense[0]) if len(dense) else -1


def _first_of(*places: int) -> int:
    """Return the first place that there is, -1 if there is none."""
    return min((place for place in places if place >= 0), default=-1)


def _longest_run(same: BoolArray) -> int:
    """Return how many are true in a row at most."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0

"""The first stamps of a segment, gathered until they tell in which manner they come."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.manner import FEW, UNKNOWN, Manner, Seen, look
from acquisition.timebase.ranks import steps_from

START, AT_MOST = 2.5, 5.0
"""Seconds of stamps from which the manner is told; seconds of samples after which it is told anyhow."""
WAIT = 2.6
"""Seconds of arrivals after which it is told from what there is."""
LONG = 1.0
"""Packets that are longer [s] are waited for: one that has ended says nothing of the rate."""
TOGETHER, AT_ONCE = 0.1, 0.002
"""Share of the time of so many samples within which stamps were made together where silence let no more come,
and where there are enough: a stream may also say far too low a rate."""
HOLE = 1.5
"""A step [s] counts as at most so much of them."""


class Beginning:
    """Gather stamps.

    Parameters
    ----------
    period : float
        Sample period as far as it is known [s], else nan.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._parts: list[FloatArray] = []
        self._heard: list[FloatArray] = []
        self._n = 0
        self._active = 0.0
        self._since = math.nan
        self._long = False
        self.complete = False
        """Whether there are enough."""

    def __len__(self) -> int:
        return self._n

    def take(self, stamps: FloatArray, heard: FloatArray) -> int:
        """Take in as many stamps as are needed, nan where there is none; return how many."""
        self._since = self._since if self._n else float(heard[0])
        before = self._parts[-1][-1] if self._n else math.nan
        steps = np.nan_to_num(steps_from(before, stamps))
        active = np.cumsum(np.append(self._active, np.clip(steps, 0.0, HOLE)))[1:]  # the same in any pieces
        counts = self._n + np.arange(1, len(stamps) + 1)
        enough = (counts >= FEW) & ((active >= START) | (counts * self._period >= AT_MOST))
        long = np.maximum.accumulate(np.append(self._long, steps > np.fmax(LONG, FEW * self._period)))[1:]
        enough |= heard >= self._since + np.where(long, AT_MOST, WAIT)
        self.complete = bool(enough.any())
        n = int(enough.argmax()) + 1 if self.complete else len(stamps)
        self._active, self._long = float(active[n - 1]), bool(long[n - 1])
        self._parts.append(stamps[:n])
        self._heard.append(heard[:n])
        self._n += n
        return n

    def stamps(self) -> tuple[FloatArray, IntArray]:
        """Return what was gathered [s], and the places at which there is a stamp."""
        stamps = np.concatenate(self._parts)
        return stamps, np.isfinite(stamps).nonzero()[0]

    def seen(self) -> Seen:
        """Return in which manner they come.

        Where all were stamped together they are one packet of some that are far apart, and say nothing of the
        rate.
        """
        stamps, counts = self.stamps()
        if len(counts) < 2:
            return UNKNOWN
        length, went = int(counts[-1] - counts[0]) * self._period, stamps[counts[-1]] - stamps[counts[0]]
        together = AT_ONCE if self.complete else TOGETHER
        if len(counts) >= FEW and went < together * length:
            return Seen(Manner.PACKETS, self._period, apart=0.5 * length, samples=float(len(stamps)))
        return look(counts, stamps[counts], self._period)

    def heard(self) -> FloatArray:
        """Return when that arrived [s]."""
        return np.concatenate(self._heard)


def filled(stamps: FloatArray, known: IntArray, since: int, before: float, step: float) -> FloatArray:
    """Return stamps with those that are missing between others on a line, and at the ends counted on [s].

    Parameters
    ----------
    stamps, known : ndarray
        [s], and the places of those that are there.
    since, before : int, float
        How many samples before the first the last one was that was there, and its stamp [s]; where none is.
    step : float
        By how much each stamp is later than the one before [s].
    """
    at = np.arange(len(stamps))
    if not len(known):
        return np.asarray(before + (at + since) * step)
    line = np.interp(at, known, stamps[known])
    before = np.maximum(known[0] - at, 0)
    return np.asarray(line + (np.maximum(at - known[-1], 0) - before) * step)

"""The first stamps of a segment, gathered until they tell in which manner they come."""

from __future__ import annotations

import math

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.manner import FEW, UNKNOWN, Manner, Seen, look

START, AT_MOST = 2.5, 5.0
"""Seconds of stamps from which the manner is told; seconds of samples after which it is told anyhow."""
WAIT = 2.6
"""Seconds of arrivals after which it is told from what there is."""
LONG = 1.0
"""Packets that are longer [s] are waited for: one that has ended says nothing of the rate."""
TOGETHER, AT_ONCE = 0.1, 0.002
"""Share of the time of so many samples within which stamps were made together where silence let no more come,
and where there are enough: a stream may also say far too low a rate."""
UNTIL, FAST = 2.4, 50.0
"""Seconds of arrivals after which the unit of stamps is told; they run so many times as fast as samples come,
and a second, that may be of another one."""
UNITS, LOOSE = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}, 2.5
"""How many make a second; the factor by which they may seem to run faster or slower, as packets are long."""
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


class Unit:
    """Tell whether a stream's first stamps are of a smaller unit than seconds, by when the samples came.

    Parameters
    ----------
    period : float
        Sample period that the stream says [s], nan if it says none.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._parts: list[tuple[FloatArray, FloatArray]] = []
        self._stamp = self._came = math.nan
        self.is_open, self.holds = True, False
        """Whether it is still to be told; and stamps run so fast that they wait for it."""
        self.by, self._zero = 1.0, 0.0
        """How many of the unit make a second, and the stamp that is the same in seconds."""

    def watch(self, stamps: FloatArray, heard: FloatArray) -> int:
        """Take in stamps, and when they came [s], up to the first that runs too fast; return how many."""
        if not self._parts:
            self._came = float(heard[0])
        known = np.isfinite(stamps)
        if math.isnan(self._stamp) and known.any():
            self._stamp = float(stamps[known.argmax()])
        fast = (stamps - self._stamp > FAST * (heard - self._came + 1.0)).nonzero()[0]
        over = self._over(heard)
        n = min(int(fast[0]) if len(fast) else len(stamps), over)
        self.holds, self.is_open = n < min(len(stamps), over), over == len(stamps) or n < over
        self._parts.append((stamps[:n], heard[:n]))
        return n

    def hold(self, stamps: FloatArray, heard: FloatArray) -> int:
        """Take in stamps that wait, up to the one that tells; return how many."""
        over = self._over(heard)
        n = min(over + 1, len(stamps))
        self._parts.append((stamps[:n], heard[:n]))
        self.is_open = over == len(stamps)
        return n

    def _over(self, heard: FloatArray) -> int:
        """Return how many come before the first that tells, or of which it is not known when it came."""
        over = (~(heard - self._came < UNTIL)).nonzero()[0]
        return int(over[0]) if len(over) else len(heard)

    def let_go(self) -> tuple[FloatArray, FloatArray]:
        """Return all that was taken in, stamps and when they came; those of another unit in seconds [s]."""
        stamps, heard = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        if self.holds:
            self.by = self._found(stamps, heard)
        self.close()
        return self.seconds(stamps), heard

    def close(self) -> None:
        """Tell no more."""
        self._parts, self.is_open, self.holds = [], False, False

    def seconds(self, stamps: FloatArray) -> FloatArray:
        """Return stamps in seconds."""
        return stamps if self.by == 1.0 else self._zero + (stamps - self._zero) / self.by

    def _found(self, stamps: FloatArray, came: FloatArray) -> float:
        """Return how many of a unit make a second, in which both halves run as fast as they came, and as the
        rate says; 1 if none does."""
        at = np.isfinite(stamps).nonzero()[0]
        # of those that came first the newest was held up by least: those before it tell no rate
        newest = int(at[came[at] == came[at[0]]][-1])
        self._zero = float(stamps[newest])
        half = int(at[np.searchsorted(came[at], 0.5 * (came[0] + came[-1]))])
        ends = [newest, half, int(at[-1])]
        went = np.diff(stamps[ends])
        passed, counted = np.diff(came[ends]), np.diff(ends) * self._period
        for by in UNITS:
            near = (went < LOOSE * by * passed) & (went > by * passed / LOOSE)
            said = np.isnan(counted) | ((went < LOOSE * by * counted) & (went > by * counted / LOOSE))
            if near.all() and said.all():
                return by
        return 1.0

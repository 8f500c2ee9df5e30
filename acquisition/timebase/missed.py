"""Whether packets came late, or packets before them never came, where lateness varies by much of a packet.

One packet that is late by a packet's length says little then. Each is weighed: how likely it is as late as
that among those before, against how likely if whole packets are missing. What that says adds up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.line import unordered
from acquisition.timebase.manner import LONG as SHORTEST
from acquisition.timebase.ranks import middle, quantile, ranked

BAND = 0.1
"""Lateness is alike within this share of a packet."""
RARE, RANGE = 0.05, 4.0
"""Share of packets that are late in ways not seen before, by up to so many packets."""
WIDEST, TAIL = 1.2, 0.1
"""Share of a packet by which the lateness of most spreads at most, for those that are missing to be told; the
share at each end that is not counted."""
TOLD = 12.0
"""Logarithm of the odds at which packets of a second are missing; more of shorter ones, as there are more of
them in which chance may do that."""
PARTLY, PARTS = 6.0, np.linspace(-0.5, 0.5, 21)
"""The same at which no whole number of packets is missing, but by such a share of one more or less."""
LEAST, HISTORY = 20, 100
"""Packets that tell how late they usually are, at least and at most."""
FAR = 0.5
"""By this share of a packet one is later than usual that is weighed."""
LASTS = 16
"""Packets in a row after which those that are weighed are taken for late for good."""


ABRUPT, ALIKE = 0.7, 0.4
"""Shares of what is missing: by at least this the first late packet is later than the one before, and by less
than this the two differ."""
WHOLE = 0.15
"""Share of a packet by which a loss of whole packets may seem to differ from one."""
HALF, HALF_FOR, THIRD, UNTRUE = 8, 10.0, 2, 0.005
"""So many packets, and seconds of them, are compared with as many before, by the one that is late least; how
much later the third is tells how sure that is. Where their rate differs from that of the line by this share,
intervals of a second are off by 5 ms."""
SAWS, SAWS_FOR, SAW_HIGH, SAW, EDGE = 24, 15.0, 0.06, 0.7, 0.2
"""So many packets, and seconds of them, make a saw whose teeth are so high [s], where lateness has more
order than this. Lower ones are what a radio makes whose connection interval nearly divides the
length of a packet (Bluetooth: 7.5 to 50 ms): there the line is right. Where the median is late by less than
such a share of it, most come on time, and a link is slow now and then."""
LONG = 2.0
"""Seconds from which on a loss is not counted in packets."""


class Run:
    """Weigh packets in a row that are late.

    Parameters
    ----------
    length : float
        How long a packet lasts [s].

    References
    ----------
    Page (1954), doi:10.1093/biomet/41.1-2.100: the sum of the logarithms of the odds since it was least.
    Departures: the odds are those of smoothed lateness before; any number of packets may be missing.
    """

    def __init__(self) -> None:
        self._usual: FloatArray = np.empty(0)
        self._length = 1.0
        self._late: list[float] = []

    def __len__(self) -> int:
        return len(self._late)

    def begin(self, usual: FloatArray, length: float) -> bool:
        """Begin after packets that were late by so much, of such a length [s]; return whether these can tell
        anything."""
        self._usual, self._length, self._late = usual, length, []
        if length < SHORTEST:
            return False
        order = ranked(usual)
        return quantile(order, 1.0 - TAIL) - quantile(order, TAIL) < WIDEST * length

    @property
    def lasts(self) -> bool:
        """Tell whether it is too long to be told any more."""
        return len(self._late) >= LASTS

    def end(self) -> None:
        """Take what was weighed for late, or for told."""
        self._late = []

    @property
    def later(self) -> float:
        """Return by how much these packets are later than those before [s], 0 if it is little."""
        later = float(np.median(self._late) - np.median(self._usual))
        return later if later > FAR * self._length else 0.0

    def add(self, late: float) -> float:
        """Take in by how much the next packet is late [s]; return how many are missing before these.

        0 if that is not told; what is more likely late by itself is let go. No whole number where a part is
        missing.
        """
        self._late.append(late)
        far = np.array(self._late)
        most = max(1, math.ceil((far.max() - self._usual.min()) / self._length))
        least = max(1, min(most, math.floor((far.min() - self._usual.max()) / self._length)))
        missing = np.arange(least, most + 1)
        before = far - self._length * missing[:, None]
        odds = np.log(self._density(before)) - np.log(self._density(far))
        sums = np.cumsum(odds[:, ::-1], axis=1)[:, ::-1]  # from each packet on
        which, start = np.unravel_index(int(sums.argmax()), sums.shape)
        found = float(sums[which, start])
        self._late = self._late[int(start) :] if found > 0.0 else []
        return (
            self._parts(far[start:], int(missing[which])) if found >= TOLD - math.log(self._length) else 0.0
        )

    def _parts(self, far: FloatArray, whole: int) -> float:
        """Return how many packets are missing if a whole number is not what says how late these are [s]."""
        missing = whole + PARTS
        like = np.add.reduce(np.log(self._density(far - self._length * missing[:, None])), axis=1)
        best = int(like.argmax())
        return float(missing[best]) if like[best] - like[len(PARTS) // 2] > PARTLY else float(whole)

    def _density(self, late: FloatArray) -> FloatArray:
        """Return how likely packets are so late, for each second."""
        band = BAND * self._length
        near = 1.0 - np.abs(late[..., None] - self._usual) / band
        share = np.add.reduce(np.maximum(near, 0.0), axis=-1) / (band * len(self._usual))
        return np.asarray((1.0 - RARE) * share + RARE / (RANGE * self._length))


def goes_on(line: FloatArray, period: float, length: float) -> bool:
    """Tell whether stamps go on at the rate of their line, by those of the last packets that are late least.

    Where packets are missing unseen, or a clock is set to and fro, a line may go on at a rate that is none.

    Parameters
    ----------
    line : ndarray, shape (2, n)
        Numbers of the packets' last samples, and the stamps of these [s].
    period, length : float
        Sample period of the line, and how long a packet lasts [s].
    """
    if is_saw(line[:, -max(SAWS, math.ceil(SAWS_FOR / length)) :], period):
        return False
    half = max(HALF, math.ceil(HALF_FOR / length))
    counts, stamps = line[:, -2 * half :]
    if len(counts) < 2 * half:
        return True
    late = stamps - period * (counts - counts[0])
    apart = float(counts[-1] - counts[half - 1]) * period
    before, after = np.sort(late[:half]), np.sort(late[half:])
    unsure = max(before[THIRD] - before[0], after[THIRD] - after[0])  # where few come as soon
    return bool(abs(after[0] - before[0]) < UNTRUE * apart + unsure)


def lasting(off: Sequence[float], late: Sequence[float], limit: float, *, waited: bool) -> bool:
    """Tell whether packets are late alike, and abruptly.

    Parameters
    ----------
    off, late : sequence of float
        How late the last ones are, and those of them that are off [s].
    limit : float
        By how much more they are late at least [s].
    waited : bool
        There are three.
    """
    least = min(late) if late[0] > 0 else max(late)
    if not (abs(least) > limit and max(late) - min(late) < ALIKE * abs(least)):
        return False
    return waited or (len(off) > 2 and abs(off[-2] - off[-3]) > ABRUPT * abs(least))


def is_saw(line: FloatArray, period: float) -> bool:
    """Tell whether packets are later and later, and then no more, again and again.

    So they are where a clock is set now and then, always the same way: the line through them goes on at a
    rate that is none. Packets that a link holds up are late each by itself.

    Parameters
    ----------
    line : ndarray, shape (2, n)
        Numbers of the packets' last samples, and the stamps of these [s].
    period : float
        Sample period of the line [s].
    """
    counts, stamps = line
    if len(counts) < SAWS:
        return False
    late = stamps - stamps[0] - period * (counts - counts[0])
    slope = abs(middle(late[1:] - late[:-1]))
    if slope < UNTRUE * period * middle(counts[1:] - counts[:-1]):  # a clock that is set to and fro, too
        return False
    order = ranked(late, 0.1, 0.5, 0.9)
    low, high = quantile(order, 0.1), quantile(order, 0.9)
    if high - low < SAW_HIGH or quantile(order, 0.5) - low < EDGE * (high - low):
        return False
    return unordered(np.minimum(np.maximum(late, low), high)) < SAW


def missing_samples(late: float, samples: float, period: float) -> tuple[float, bool]:
    """Return how many samples are missing, and whether it is known where.

    Parameters
    ----------
    late, samples, period : float
        By how much packets are late for good [s], and samples in one and their period [s].
    """
    if late >= LONG:
        return late / period, True
    share = late / (samples * period)
    if round(share) and abs(share - round(share)) < WHOLE:
        return round(share) * samples, True
    return float(max(1, round(late / period))), False

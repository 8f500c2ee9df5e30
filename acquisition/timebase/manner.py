"""In which manner a stream's stamps come: as the times themselves, with jitter, or packet by packet.

What a bridge writes beside a sample is evidence. Its own statistics tell what it is evidence of:

- **exact**, **uneven**: deviations from even steps are small, or add up like a walk: stamps are the times;
- **jitter**: deviations do not add up (late pushes, stamps rounded to milliseconds, short chunks that were
  stamped once and the other stamps deduced): the times lie on a line;
- **packets**: samples that came together are stamped together, or get stamps deduced from one: only the last
  stamp of each packet says something.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from acquisition.pieces import steps_from
from acquisition.stream import BoolArray, FloatArray, IntArray
from acquisition.timebase.ranks import deviation, middle, middle_of, quantile, ranked

EVEN = 0.04
"""Share of the period within which nine in ten steps of exact stamps lie."""
SPREAD = (0.05, 0.95)
"""Between these quantiles nine in ten steps lie."""
WALK = 2.0
"""Deviations that add up: over 16 steps they spread this many times as far as over one."""
LAG = 16
SLOW = 0.05
"""A longer period [s] is only looked at for packets: milliseconds do not matter to such streams."""
LONG, LONG_DEDUCED = 0.03, 0.1
"""Seconds that a packet must last to be told apart; shorter ones are jitter. Deduced stamps look like uneven
steps."""
HOLE = 1.5
"""A step [s] counts as at most so much where the mean of steps is taken."""
CLOSE = 0.3
"""Share of the mean step under which stamps were made together."""
DEDUCED = 0.02
"""Share of the inner step within which the steps of deduced stamps agree."""
HELD = 0.2
"""Share of the usual one by which the rate of one packet shows that it was held up."""
WHOLE = 0.03
"""Share of a step by which one over missing samples may differ from a multiple of it."""
SAME, SAME_DEDUCED = 1e-3, 0.7
"""Share of a step within which it is the same as another: a deduced one; least share of such in packets."""
CHUNKED, ENDS, VALUES = 0.5, 4, 4
"""Short chunks whose stamps were deduced: least share of steps that are the same, and of the others the
least number, and how many of them differ. Rounding makes two or three kinds of steps; so do sensors that
skip."""
OWN, NEAR, ALONE = 0.9, 0.6, 2
"""Share of the steps that differ which leave samples places of their own; share of the step within which two
stamps are alike, and how many may be by chance."""
COARSE, LARGE = 0.002, 0.4
"""Seconds, and share of the step, from which on rounded stamps are not good enough for times: a step of 3 ms
among those of 2 looks as if a sample was missing."""
FEW = 8
"""Samples below which nothing is told."""


class Manner(StrEnum):
    """Name how stamps come."""

    EXACT = "exact"
    UNEVEN = "uneven"
    JITTER = "jitter"
    PACKETS = "packets"

    @property
    def are_times(self) -> bool:
        """Tell whether the stamps are taken as they are."""
        return self in (Manner.EXACT, Manner.UNEVEN)


class Seen(NamedTuple):
    """Hold what some stamps show: manner, sample period [s], the step within packets [s] and where they end.

    `inner` is nan unless stamps within a packet are deduced; a step beyond `apart` [s] ends a packet whose
    stamps are not. `samples` is the usual length of a packet, or of short chunks with jitter; `sparse` tells
    that only the last sample of each has a stamp.
    """

    manner: Manner
    period: float
    inner: float = np.nan
    apart: float = np.inf
    samples: float = 1.0
    sparse: bool = False

    def within(self, period: float) -> float:
        """Return by how much a stamp is usually later than the one before, at a sample period [s]."""
        if self.manner is not Manner.PACKETS:
            return period
        return self.inner if math.isfinite(self.inner) else 0.0


UNKNOWN = Seen(Manner.EXACT, math.nan)
"""What fewer than two stamps show."""


def ends_packet(steps: FloatArray, seen: Seen) -> BoolArray:
    """Tell which steps lie between packets."""
    if np.isfinite(seen.inner):
        return np.asarray(np.abs(steps - seen.inner) > DEDUCED * seen.inner)
    return np.asarray(steps > seen.apart)


def ended_packets(
    stamps: FloatArray, before: float, seen: Seen
) -> tuple[IntArray, IntArray, FloatArray, float]:
    """Return which stamps show the end of a packet, where the packets ended, and their last stamps [s].

    The last value is the last stamp that there is; `before` is the one before these [s].
    """
    if seen.sparse:  # only the last of each packet has a stamp
        shows = np.isfinite(stamps).nonzero()[0]
        return shows, shows, stamps[shows], float(stamps[shows[-1]]) if len(shows) else before
    shows = ends_packet(steps_from(before, stamps), seen).nonzero()[0]
    ended = stamps[shows - 1]
    if len(shows) and shows[0] == 0:
        ended[0] = before
    return shows, shows - 1, ended, float(stamps[-1])


def look(counts: IntArray, stamps: FloatArray, known: float = np.nan) -> Seen:
    """Tell in which manner stamps come.

    Parameters
    ----------
    counts : ndarray of int, shape (n,)
        Number of each sample that has a stamp; increasing.
    stamps : ndarray, shape (n,)
        [s].
    known : float
        Sample period as far as it is known [s]; for packets so long that one fills all stamps.
    """
    steps, n = stamps[1:] - stamps[:-1], int(counts[-1] - counts[0])
    whole = n == len(steps)  # every sample has a stamp
    one = steps if whole else steps[np.diff(counts) == 1]
    span = float(np.add.reduce(np.minimum(np.maximum(steps, 0.0), HOLE)))
    mean = span / n if n and span > 0 else math.nan
    if len(stamps) > 2 and not whole and span > 0:
        apart = middle(np.diff(counts).astype(np.float64))
        if apart > 1:
            return Seen(Manner.PACKETS, float(stamps[-1] - stamps[0]) / n, samples=apart, sparse=True)
    if len(one) < FEW - 1 or not math.isfinite(mean):
        usual = middle(one) if len(one) else mean
        return Seen(Manner.EXACT, usual if usual > 0 else mean)
    if (packets := _bursts(counts, stamps, steps, (mean, known))) is not None:
        return packets
    order = ranked(one, *SPREAD)
    inner = middle_of(order)
    same = np.count_nonzero(np.abs(order - inner) <= SAME * inner) / len(order) if inner > 0 else 0.0
    own = _own_places(stamps, one, inner) if same >= CHUNKED else math.nan
    shared = math.isnan(own)
    if same >= SAME_DEDUCED and shared and (packets := _deduced(counts, stamps, steps, inner)) is not None:
        return packets
    period = _period(counts, stamps, order)
    if (own > COARSE or own > LARGE * inner) and period < SLOW:
        return Seen(Manner.JITTER, period)
    if shared and period < SLOW and same >= CHUNKED and (samples := _chunked(counts, stamps, steps, inner)):
        return Seen(Manner.JITTER, float(stamps[-1] - stamps[0]) / n, samples=samples)
    even = stamps if whole else stamps - (counts - np.arange(len(counts))) * period
    return Seen(_unpacked(one, order, even, period), period)


def _own_places(stamps: FloatArray, one: FloatArray, inner: float) -> float:
    """Return to what stamps are rounded [s], 0 if to nothing, where most steps are the same and those that
    differ leave each sample a place of its own; nan where they do not, as where chunks are late.

    The others are longer or shorter by what stamps are rounded to, of which the same step is a whole number;
    or whole samples are missing, or came in another order.
    """
    off = one / inner - 1.0
    off = off[np.abs(off) > DEDUCED]
    if not len(off):
        return math.nan
    size = np.abs(off)
    by = float(size.min())
    by = by if by < 1.0 + WHOLE and abs(1.0 / by - round(1.0 / by)) < WHOLE else 0.0
    slips = size < (1.0 + WHOLE) * by
    whole = (size > 0.9) & (np.abs(off - np.rint(off)) < WHOLE + by)
    if np.count_nonzero(slips | whole) <= OWN * len(off) or _overlap(stamps, one, inner):
        return math.nan
    # a stamp that is passed over now and then may as well be a sample that is missing
    return by * inner if by < 0.9 or np.count_nonzero(np.abs(off + 1.0) < WHOLE) else 0.0


def _overlap(stamps: FloatArray, one: FloatArray, inner: float) -> bool:
    """Tell whether samples that do not come one after the other are stamped alike."""
    order, least = np.sort(stamps), NEAR * inner
    near = np.count_nonzero(order[1:] - order[:-1] < least)
    return bool(near > ALONE + np.count_nonzero(np.abs(one) < least))


def _chunked(counts: IntArray, stamps: FloatArray, steps: FloatArray, inner: float) -> float:
    """Return the length of chunks, where most steps are the same, if the others are those between chunks that
    came sooner or later; else 0.

    What a chunk is late does not add up from one to the next; true steps of a sensor do.
    """
    off = steps / inner - 1.0
    ends = (np.abs(off) > DEDUCED).nonzero()[0]
    if len(ends) < ENDS or _kinds(np.rint(off[ends] / SAME)) < VALUES:
        return 0.0
    at, last = counts[ends].astype(np.float64), stamps[ends]
    late = last - last[0] - (at - at[0]) * ((last[-1] - last[0]) / (at[-1] - at[0]))
    lag = min(LAG, len(ends) // 3)
    walks = lag > 1 and deviation(late[lag:] - late[:-lag]) > WALK * deviation(late[1:] - late[:-1])
    return 0.0 if walks else middle(at[1:] - at[:-1])


def _kinds(values: FloatArray) -> int:
    """Return how many different values there are."""
    order = np.sort(values)
    return 1 + int(np.count_nonzero(order[1:] != order[:-1]))


def _unpacked(steps: FloatArray, order: FloatArray, stamps: FloatArray, period: float) -> Manner:
    """Return the manner of stamps that no packets show; none is missing between them."""
    low, high = (quantile(order, share) for share in SPREAD)
    if high - low < EVEN * period:
        return Manner.EXACT
    if period >= SLOW:
        return Manner.UNEVEN
    lag = min(LAG, len(stamps) // 3)
    far = stamps[lag:] - stamps[:-lag]
    far = far[np.abs(far - middle(far)) < 4.0 * period]
    near = deviation(np.minimum(np.maximum(steps, -period), 2.5 * period))
    walks = len(far) > 9 and deviation(far) > WALK * near and low > 0.2 * period
    return Manner.UNEVEN if walks else Manner.JITTER


def _period(counts: IntArray, stamps: FloatArray, order: FloatArray) -> float:
    """Return the usual step over 32 samples, or over one where there are few."""
    if len(stamps) > 2 * LAG * 2:
        whole = counts[-1] - counts[0] == len(counts) - 1
        wide = (stamps[32:] - stamps[:-32]) / (32.0 if whole else counts[32:] - counts[:-32])
        found = middle(wide)
    else:
        found = middle_of(order)
    return found if found > 0 else float((stamps[-1] - stamps[0]) / (counts[-1] - counts[0]))


def _bursts(
    counts: IntArray, stamps: FloatArray, steps: FloatArray, periods: tuple[float, float]
) -> Seen | None:
    """Return packets whose stamps lie together; `periods` are the mean one and the one that is known [s]."""
    mean, known = periods
    if not np.count_nonzero(steps < CLOSE * mean) / len(steps) > 0.5:
        return None
    long = steps[steps > 1.5 * mean]
    if not len(long):
        return None
    apart = 0.5 * middle(long)
    ends = (steps > apart).nonzero()[0]
    if len(ends) < 2:  # all that is known is how many came together
        period = known if known > 0 else float(stamps[-1] - stamps[0]) / int(counts[-1] - counts[0])
        return Seen(Manner.PACKETS, period, apart=apart, samples=float(counts[ends[0]] - counts[0] + 1))
    return _packets(counts, stamps, ends, np.nan, apart)


def _deduced(counts: IntArray, stamps: FloatArray, steps: FloatArray, inner: float) -> Seen | None:
    ends = (np.abs(steps - inner) > DEDUCED * inner).nonzero()[0]
    if not (3 <= len(ends) <= 0.2 * len(steps)):
        return None
    return _packets(counts, stamps, ends, inner, np.inf)


def _packets(counts: IntArray, stamps: FloatArray, ends: IntArray, inner: float, apart: float) -> Seen | None:
    at, last = counts[ends], stamps[ends]
    lengths, times = at[1:] - at[:-1], last[1:] - last[:-1]
    if len(ends) < 2 or not (total := float(np.add.reduce(times))) > 0:
        return None
    period = total / int(at[-1] - at[0])
    samples = middle(lengths.astype(np.float64))
    together = bool(np.isnan(inner))
    if samples * period < (LONG if together else LONG_DEDUCED) or samples < 2:
        return Seen(Manner.JITTER, period) if together else None
    each = times / lengths
    if (
        len(each) > 2
        and (usual := middle(each)) > 0
        and np.maximum.reduce(np.abs(each - usual)) > HELD * usual
    ):
        period = usual  # one packet that was held up would move the mean by a tenth
    return Seen(Manner.PACKETS, period, inner, apart, samples)

"""In which manner a stream's stamps come: as the times themselves, with jitter, or packet by packet.

What a bridge writes beside a sample is evidence. Its own statistics tell what it is evidence of:

- **exact**, **uneven**: deviations from even steps are small, or add up like a walk: stamps are the times;
- **jitter**: deviations do not add up (late pushes, stamps rounded to milliseconds): the times lie on a line;
- **packets**: samples that came together are stamped together, or get stamps deduced from one: only the last
  stamp of each packet says something.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

EVEN = 0.04
"""Share of the period within which nine in ten steps of exact stamps lie."""
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
WHOLE = 0.03
"""Share of a step by which one over missing samples may differ from a multiple of it."""
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
    stamps are not. `samples` is the usual length of a packet; `sparse` tells that only the last sample of
    each has a stamp.
    """

    manner: Manner
    period: float
    inner: float = np.nan
    apart: float = np.inf
    samples: float = 1.0
    sparse: bool = False


def ends_packet(steps: FloatArray, seen: Seen) -> BoolArray:
    """Tell which steps lie between packets."""
    if np.isfinite(seen.inner):
        return np.asarray(np.abs(steps - seen.inner) > DEDUCED * seen.inner)
    return np.asarray(steps > seen.apart)


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
    steps, apart = np.diff(stamps), np.diff(counts)
    one = steps[apart == 1]
    span, n = float(np.clip(steps, 0.0, HOLE).sum()), int(counts[-1] - counts[0])
    mean = span / n if n and span > 0 else np.nan
    if len(stamps) > 2 and np.median(apart) > 1 and span > 0:
        mean = float(stamps[-1] - stamps[0]) / n
        return Seen(Manner.PACKETS, mean, samples=float(np.median(apart)), sparse=True)
    if len(one) < FEW - 1 or not np.isfinite(mean):
        usual = float(np.median(one)) if len(one) else mean
        return Seen(Manner.EXACT, usual if usual > 0 else mean)
    packets = _bursts(counts, stamps, mean, known) or _deduced(counts, stamps, one, mean)
    if packets is not None:
        return packets
    period = _period(counts, stamps, one)
    return Seen(_unpacked(one, stamps, period), period)


def _unpacked(steps: FloatArray, stamps: FloatArray, period: float) -> Manner:
    low, high = np.percentile(steps, [5.0, 95.0])
    if high - low < EVEN * period:
        return Manner.EXACT
    if period >= SLOW:
        return Manner.UNEVEN
    lag = min(LAG, len(stamps) // 3)
    far = stamps[lag:] - stamps[:-lag]
    far = far[np.abs(far - np.median(far)) < 4.0 * period]
    near = float(np.std(np.clip(steps, -period, 2.5 * period)))
    walks = len(far) > 9 and float(np.std(far)) > WALK * near and float(low) > 0.2 * period
    return Manner.UNEVEN if walks else Manner.JITTER


def _period(counts: IntArray, stamps: FloatArray, steps: FloatArray) -> float:
    """Return the usual step over 32 samples, or over one where there are few."""
    if len(stamps) > 2 * LAG * 2:
        wide = (stamps[32:] - stamps[:-32]) / (counts[32:] - counts[:-32])
        found = float(np.median(wide))
    else:
        found = float(np.median(steps))
    return found if found > 0 else float((stamps[-1] - stamps[0]) / (counts[-1] - counts[0]))


def _bursts(counts: IntArray, stamps: FloatArray, mean: float, known: float) -> Seen | None:
    steps = np.diff(stamps)
    long = steps[steps > 1.5 * mean]
    if not (np.mean(steps < CLOSE * mean) > 0.5 and len(long)):
        return None
    apart = 0.5 * float(np.median(long))
    ends = np.flatnonzero(steps > apart)
    if len(ends) < 2:  # all that is known is how many came together
        period = known if known > 0 else float(stamps[-1] - stamps[0]) / int(counts[-1] - counts[0])
        return Seen(Manner.PACKETS, period, apart=apart, samples=float(counts[ends[0]] - counts[0] + 1))
    return _packets(counts, stamps, ends, np.nan, apart)


def _deduced(counts: IntArray, stamps: FloatArray, one: FloatArray, mean: float) -> Seen | None:
    inner = float(np.median(one))
    if not inner > 0:
        return None
    steps = np.diff(stamps)
    ends = np.flatnonzero(np.abs(steps - inner) > DEDUCED * inner)
    if not (3 <= len(ends) <= 0.2 * len(steps)) or float(np.mean(np.abs(one - inner) <= 1e-3 * inner)) < 0.7:
        return None
    off = (steps[ends] - inner) / inner
    lost = (off > 0.9) & (np.abs(off - np.round(off)) < WHOLE)
    if lost.mean() > 0.9:  # whole samples are missing, and the stamps say so
        return None
    return _packets(counts, stamps, ends, inner, np.inf)


def _packets(counts: IntArray, stamps: FloatArray, ends: IntArray, inner: float, apart: float) -> Seen | None:
    lengths, times = np.diff(counts[ends]), np.diff(stamps[ends])
    if len(ends) < 2 or not times.sum() > 0:
        return None
    period = float(times.sum() / lengths.sum())
    samples = float(np.median(lengths))
    together = bool(np.isnan(inner))
    if samples * period < (LONG if together else LONG_DEDUCED) or samples < 2:
        return Seen(Manner.JITTER, period) if together else None
    return Seen(Manner.PACKETS, period, inner, apart, samples)

"""When the samples of a sound device were taken: their count, held against the clock that the device reports.

A sound device says for every block when its first sample was taken. The count of samples is exact but for a
drift of some 1e-4 and for samples that are lost without a word. So stamps follow the count, are led slowly to
what the device says, and jump when the two come apart for good. What the device says is evidence, not truth:
PulseAudio's own delay is off by up to 0.7 s in the first second, and by 0.1 s in all blocks that it hands
over at once after a stall, while no sample is missing. So blocks that arrive together say a thing once, and
a jump is a loss only where sound arrives later by it from then on; else it was the clock that moved.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.event import NoticeKind
from acquisition.stream import FloatArray

SETTLING = 1.5
"""Seconds within which what a sound device says must agree before it is believed."""
SPAN = 0.5
"""Seconds for which it must agree on a jump; a sender over LSL is believed after them at the start, too."""
LEAST = 4
"""Looks (see `_Look`) that tell anything."""
AGREE = 0.05
"""Seconds within which looks agree."""
LONGEST = 3.0
"""Seconds after which looks in doubt are believed though they do not agree; as long, they are remembered."""
AT_FIRST = 5.0
"""The same where the clock was not set yet [s]."""
SLIP = 0.06
"""Seconds between count and clock from which on a block waits until it is known which of them is right."""
TIME = 3.2
"""Seconds in which a difference below that shrinks to 1/e."""
STEP = 0.03
"""Seconds beyond which a single difference counts for no more."""
ALIKE = 0.1
"""Seconds for which a difference counts at most: after a silence it is a single one all the same."""
LATER = 0.15
"""Seconds by which sound must come later, or sooner, for `LONGEST`, to be told."""


class Slip(NamedTuple):
    """Say that count and clock came apart by `by` between two moments (nan: open) [s].

    `what` is "lost" (samples are missing), "ahead" or "back" (the clock moved, the sound did not), "later" or
    "sooner" (the sound moved, the clock did not), "unsteady" (it was set though it varied by that), or
    "undecided" (the sound ended before it was known which of them is right).
    """

    what: Literal["lost", "ahead", "back", "later", "sooner", "unsteady", "undecided"]
    start: float
    stop: float
    by: float

    def told(self, clock: str) -> tuple[NoticeKind, str]:
        """Return how to tell of it, of a clock of that name."""
        ms = f"{1e3 * self.by:.0f} ms"
        says = {
            "lost": f"{ms} of sound are missing by {clock}",
            "ahead": f"{clock} moved on by {ms} while sound came without a break: stamps until then may be "
            f"{ms} early, or as much is missing",
            "back": f"{clock} moved back by {ms}: stamps until then may be {ms} late, and sound that would "
            "overlap is left out",
            "later": f"sound comes {ms} later and {clock} does not say so: as much may be missing, and "
            f"stamps be {ms} early from then on",
            "sooner": f"sound comes {ms} sooner and {clock} does not say so: stamps may have been or be off "
            "by as much",
            "unsteady": f"{clock} varied by {ms} when it was set: stamps may be off by as much",
            "undecided": f"{clock} and the count of samples differed by {ms} when the sound ended: stamps "
            "from then on may be off by as much, or as much is missing",
        }
        return "gap" if self.what == "lost" else "clock", says[self.what]


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Hold stretches of stamps [s] and samples that became known, and what there is to tell."""

    pieces: list[tuple[FloatArray, NDArray[Any]]] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)


class _Look(NamedTuple):
    """Hold what blocks that arrived together say: when that was, and when sample 0 was taken and arrived."""

    at: float
    claim: float
    arrival: float


class SampleClock:
    """Stamp the blocks of one sound device.

    Parameters
    ----------
    sfreq : float
        Nominal rate [Hz].
    settling : float
        How long what the device says must agree at the start [s].
    """

    def __init__(self, sfreq: float, settling: float = SPAN) -> None:
        self._sfreq, self._settling = sfreq, settling
        self._n = 0
        self._block = 0.0
        """The longest block yet [s]."""
        self._offset = math.nan
        self._since = math.nan
        """Stamp of the first sample [s]."""
        self._looks: deque[_Look] = deque()
        self._first = math.nan
        """When the first look, or the first in doubt, was [s]."""
        self._held: list[tuple[int, NDArray[Any]]] = []
        self._last = self._until = -math.inf
        """The last stamp given, and up to where stamps were given when the clock moved back [s]."""
        self._latency = self._next = math.nan
        """How long after it was taken sound arrives, and when to look at that again [s]."""

    def take(self, samples: NDArray[Any], said: float, arrived: float = math.nan) -> Taken:
        """Return what is known of the samples until now; none while the clock is being set.

        Parameters
        ----------
        samples : ndarray, shape (n, …)
            The next samples; they are kept where their time is in doubt.
        said : float
            When the device says that the first of them was taken [s, LSL clock].
        arrived : float, optional
            When they arrived, by this machine's clock [s]; a sender over LSL is believed without.
        """
        count, self._n = self._n, self._n + len(samples)
        claim, out = said - count / self._sfreq, Taken()
        at = arrived if math.isfinite(arrived) else count / self._sfreq
        self._block = max(self._block, len(samples) / self._sfreq)
        since = self._look(_Look(at, claim, arrived - self._n / self._sfreq))
        if math.isnan(self._offset):
            self._set(at, out)
        elif self._held or abs(claim - self._offset) > SLIP:
            self._doubt(count, samples, claim, at, out)
        else:
            self._lead(claim, min(since, ALIKE))
            self._stamp(count, samples, out)
            self._compare(at, out)
        return out

    def rest(self) -> Taken:
        """Return what is still in doubt when the sound ends: by the count, and told so."""
        held, self._held, out = self._held, [], Taken()
        if held:
            begin, by = self._offset + held[0][0] / self._sfreq, abs(self._looks[-1].claim - self._offset)
            out.slips.append(Slip("undecided", begin, math.nan, by))
        for count, block in held:
            self._stamp(count, block, out)
        return out

    def _look(self, look: _Look) -> float:
        """Remember a look, one for what arrives at once; return the seconds since the one before."""
        since = look.at - self._looks[-1].at if self._looks else 0.0
        if self._looks and since < self._block / 2:
            self._looks.pop()
            since = 0.0
        self._looks.append(look)
        while len(self._looks) > LEAST and self._looks[0].at < look.at - LONGEST:
            self._looks.popleft()
        return since

    def _set(self, at: float, out: Taken) -> None:
        """Set the clock, if what the device says agrees or never will."""
        if math.isnan(self._first):
            self._first = at
        claims = self._agreed(self._first, at, self._settling, AT_FIRST)
        if claims:
            self._offset = median(claims)
            self._since = self._offset + self._n / self._sfreq
            if (by := _spread(claims)) > AGREE:
                out.slips.append(Slip("unsteady", self._since, math.nan, by))
            self._next = at + LONGEST

    def _agreed(self, first: float, at: float, span: float, longest: float) -> list[float]:
        """Return what the looks of the last `span` say if they agree, or have not for `longest`."""
        mine = [look for look in self._looks if look.at >= first]
        recent = [look for look in mine if look.at >= at - span]
        # A device may hand over what it has once a second, or less.
        claims = [look.claim for look in (recent if len(recent) >= LEAST else mine[-LEAST:])]
        if len(claims) < LEAST or at - first < span - self._block:
            return []
        return claims if _spread(claims) <= AGREE or at - first >= longest else []

    def _lead(self, claim: float, seconds: float) -> None:
        error = min(max(claim - self._offset, -STEP), STEP)
        self._offset += -math.expm1(-seconds / TIME) * error

    def _doubt(self, count: int, samples: NDArray[Any], claim: float, at: float, out: Taken) -> None:
        """Keep a block until it is known which is right, the count or the clock."""
        if not self._held:
            self._first = at
        self._held.append((count, samples))
        if abs(claim - self._offset) > SLIP:
            if not (claims := self._agreed(self._first, at, SPAN, LONGEST)):
                return
            self._jump(median(claims), at, out)
        held, self._held = self._held, []
        for begin, block in held:
            self._stamp(begin, block, out)

    def _jump(self, new: float, at: float, out: Taken) -> None:
        """Believe the clock, and say what that means for the sound."""
        begin, by = self._held[0][0] / self._sfreq, new - self._offset
        old, self._offset = self._offset, new
        before = _least(look.arrival for look in self._looks if look.at < self._first)
        after = _least(look.arrival for look in self._looks if look.at >= max(self._first, at - SPAN))
        if by < 0.0:
            self._until = self._last
            out.slips.append(Slip("back", self._since, old + begin, -by))
        elif after - before < by / 2:
            out.slips.append(Slip("ahead", self._since, old + begin, by))
        else:
            out.slips.append(Slip("lost", old + begin, new + begin, by))
        self._since, self._latency, self._next = new + begin, math.nan, at + LONGEST

    def _stamp(self, count: int, samples: NDArray[Any], out: Taken) -> None:
        times: FloatArray = self._offset + (count + np.arange(len(samples))) / self._sfreq
        late = int(np.searchsorted(times, self._until, side="right"))
        if late < len(times):
            out.pieces.append((times[late:], samples[late:]))
            self._last = float(times[-1])

    def _compare(self, at: float, out: Taken) -> None:
        """Tell of sound that comes later, or sooner, than it did, though the device says nothing of it."""
        if not at >= self._next or len(self._looks) < LEAST:
            return
        self._next = at + LONGEST / 3
        latencies = [look.arrival - self._offset for look in self._looks]
        low, high = _ends(latencies)
        middle = median(latencies)
        if low - self._latency > LATER or self._latency - high > LATER:
            by, begin = middle - self._latency, self._last - LONGEST
            out.slips.append(Slip("later" if by > 0.0 else "sooner", begin, math.nan, abs(by)))
            self._latency = middle
        elif math.isnan(self._latency):
            self._latency = middle


def _spread(claims: Sequence[float]) -> float:
    low, high = _ends(claims)
    return high - low


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return between what values lie, but for a tenth of them on either side."""
    ordered, few = sorted(values), len(values) // 10
    return ordered[few], ordered[-1 - few]


def _least(arrivals: Iterable[float]) -> float:
    return min(arrivals, default=math.nan)

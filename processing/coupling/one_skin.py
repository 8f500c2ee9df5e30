"""Whether the skin conductance of two people rises at the same moments: one skin that both are wired to.

Two sensors on one person, or one received twice, give levels that go together as no two people's do, at full
quality; so do two channels of one amplifier of which one leaks into the other. Two people who live through
the same answer it at latencies of 1-3 s that differ each time by some tenths of a second, the one by more
and the other by less (Boucsein 2012, doi:10.1007/978-1-4614-1126-0). The nerve of a sweat gland fires once
for all of them: response by response two hands are as far apart, in one shape and nearly one proportion.

So each rise of one is laid on the slopes of the other. Of one skin are two signals where more rises than
those of people who answer the same agree about one delay and one proportion; or where, at no delay and in
one proportion, half of those agree beside which the other has nothing of its own: a leak.

The measures are ours; no recording of two sensors on one person was at hand (docs/synchrony.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from acquisition.stream import PEOPLE, FloatArray, Role
from processing.coupling import slopes
from processing.coupling.looks import Looks
from processing.coupling.shared import Kind
from processing.coupling.slopes import HALF, RATE, Rise, noise, rises_beside, slopes_of
from processing.indices import ONE_SKIN, SIGNALS, part_of

if TYPE_CHECKING:
    from processing.config import PipelineConfig

WINDOW, STEP, FIRST = 300.0, 50.0, 150.0
"""Rises are compared over so many seconds, so often, first after fewer [s]."""
AHEAD = 60.0
"""By then the next look is known [s]: windows of coupling are shorter than a step."""
BEYOND = 5 * RATE
"""Bins on either side of a step's rises of which slopes are known."""
NEW = round(STEP * RATE)
BINS = NEW + 2 * BEYOND
LEAST = 8
"""Fewer rises of both tell nothing."""
DELAY, GAIN, ALIKE = 0.15, 0.5, 0.85
"""Rises agree whose delay [s] and proportion (its logarithm) lie so near a common one, at least this r."""
USUAL, CLEARER = 0.4, 2.2
"""Of two people who answer the same at most this share agrees; of one, by so many standard errors more."""
EVEN, STEADY, CLEAREST = 0.25, 0.7, 4.0
"""Where this share of intervals between rises is so near their median (a share of it), both may answer one
pace, as in a breathing exercise: of one skin more agrees by so many standard errors."""
SITES = 0.8
"""Two places on one person are at most so far apart [s]; coupling that follows by a second is left alone."""
APART = 0.5
"""Where less agrees than this share, there are two."""
LEAK_DELAY, LEAK_GAIN, LEAK_ALIKE = 0.08, 0.3, 0.85
"""What leaks agrees so far with no delay at all [s], and with one proportion."""
OWN = 0.35
"""Slopes of the other that are larger than what leaks by so much (a logarithm) are its own."""
LEAK_LEAST, LEAKS = 6, 0.5
"""So many rises that agree, and this share of those beside which the other has none of its own: a leak."""
REASON = "one skin: the responses of both come at the same moments, in one shape"
HINT = (
    "therapist and client: their skin responses come at the same moments and in one shape, as those of one "
    "skin do: are both EDA sensors on one person, one sensor's data given twice, or does one channel of an "
    "amplifier leak into the other? Coupling of skin conductance has no value there"
)
FEW, OPEN = "too few responses", "not clear from the responses"
KIND = Kind(
    index=ONE_SKIN,
    signals=frozenset(name for name in SIGNALS if part_of(name) == "skin"),
    window=WINDOW,
    reason=REASON,
    hint=HINT,
    least=2,
    ahead=AHEAD,
)


class OneSkin(Looks):
    """Listen to the skin conductance of both people and tell each 50 s whether it is one skin's.

    The samples come from those who judge them, when they are known to be valid.
    """

    def __init__(self, config: PipelineConfig) -> None:
        super().__init__(KIND, part="skin", step=STEP, first=FIRST, wait=config.skin.settled)
        self._people = {role: _Trace() for role in PEOPLE}
        self._rises: tuple[list[Rise], list[Rise]] = ([], [])

    def sink(self, role: Role) -> Callable[[FloatArray, FloatArray], None]:
        """Return what takes in a person's valid samples: stamps [s] and skin conductance [µS]."""
        return self._people[role].take

    def _look(self, end: float) -> tuple[float, str]:
        return told(*self._rises)

    def _listen(self, end: float) -> None:
        """Lay the rises of one more step on the other's slopes."""
        first = math.floor(end * RATE) - BINS
        bins = [person.means(first) for person in self._people.values()]
        steep = [slopes_of(b) for b in bins]
        begin, span = (first + HALF) / RATE, (BEYOND - HALF, BEYOND - HALF + NEW)
        for mine, b, own, other in zip(self._rises, bins, steep, reversed(steep), strict=True):
            least = max(slopes.LEAST, slopes.NOISES * noise(b))
            mine += rises_beside(own, other, *span, least, begin)
            mine[:] = [rise for rise in mine if rise.time >= end - BEYOND / RATE - WINDOW]


class _Trace:
    """Hold the valid samples of one person that are still to be looked at."""

    def __init__(self) -> None:
        self._held: list[tuple[FloatArray, FloatArray]] = []
        self._last, self._mixed = -math.inf, False

    def take(self, times: FloatArray, eda: FloatArray) -> None:
        if len(times):
            # Where one device takes over from another, the samples of either may come first.
            self._mixed = self._mixed or float(times[0]) < self._last
            self._last = max(self._last, float(times[-1]))
            self._held.append((times, eda))

    def means(self, first: int) -> FloatArray:
        """Return the means of a step and of what lies around it, and forget what no later one needs."""
        if not self._held:
            return np.full(BINS, np.nan)
        times, eda = self._held[0]
        if len(self._held) > 1:
            times, eda = (np.concatenate(column) for column in zip(*self._held, strict=True))
        if self._mixed:
            order = np.lexsort((eda, times))
            times, eda, self._mixed = times[order], eda[order], False
        edges = first / RATE - slopes.HOLE, (first + NEW) / RATE - slopes.HOLE
        start, kept = np.searchsorted(times, edges).tolist()
        stop = int(np.searchsorted(times, (first + BINS) / RATE, side="right"))
        self._held = [(times[kept:], eda[kept:])]
        return slopes.means(times[start:stop], eda[start:stop], first, BINS)


def told(one: Sequence[Rise], other: Sequence[Rise]) -> tuple[float, str]:
    """Tell whether two skins rise as one: 1, or 0 as two; nan where that is open, and why.

    Parameters
    ----------
    one, other : sequence of Rise
        The rises of either beside the other's signal.
    """
    many = [np.array(some) for some in (one, other) if len(some) >= LEAST]
    if not many:
        return math.nan, FEW
    shares = [_share(some) for some in many]
    if any(s >= _least(some) for s, some in zip(shares, many, strict=True)) or any(map(_leaks, many)):
        return 1.0, ""
    return (0.0, "") if max(shares) < APART else (math.nan, OPEN)


def _least(some: FloatArray) -> float:
    """Return what share of rises agrees of one skin, at least."""
    steps = np.diff(some[:, 0])
    even = np.mean(np.abs(steps - np.median(steps)) <= EVEN * np.median(steps)) >= STEADY
    return USUAL + (CLEAREST if even else CLEARER) * math.sqrt(USUAL * (1.0 - USUAL) / len(some))


def _share(some: FloatArray) -> float:
    """Return the largest share of rises that agree about one delay and one proportion."""
    alike = (some[:, 3] >= ALIKE) & (np.abs(some[:, 1]) <= SITES)
    delays, gains = some[alike, 1], some[alike, 2]
    if not len(delays):
        return 0.0
    near = np.abs(delays[:, None] - delays) <= DELAY
    more = gains[:, None] - gains
    counts = near.astype(np.float64) @ ((more >= 0.0) & (more <= 2.0 * GAIN))
    return float(counts[near].max()) / len(some)


def _leaks(some: FloatArray) -> bool:
    """Tell whether the other's signal has these rises in it at no delay, beside its own."""
    alike = (np.abs(some[:, 4]) <= LEAK_DELAY) & (some[:, 6] >= LEAK_ALIKE)
    gains = some[alike, 5]
    if len(gains) < LEAK_LEAST:
        return False
    agree = (np.abs(gains[:, None] - gains) <= LEAK_GAIN).sum(axis=1)
    bare = (some[:, 7] <= gains[:, None] + OWN).sum(axis=1)
    return bool(((agree >= LEAK_LEAST) & (agree >= LEAKS * bare)).any())

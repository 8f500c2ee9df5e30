"""Which two moments are compared next: every pair of a few once, joined early, in chance order. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from acquisition.ratings.choices import Choice
from acquisition.ratings.whose import Whose

MOMENTS = 8
"""28 pairs: about ten minutes."""


class Pair(NamedTuple):
    """Hold where two moments begin, since the recording began [s], as they are shown."""

    first: float
    second: float


def pairs_of(starts: Sequence[float], rng: np.random.Generator) -> list[Pair]:
    """Return every pair once; first a ring through all moments: whoever stops early has them joined."""
    order = [starts[k] for k in rng.permutation(len(starts))]
    ring = list(zip(order, [*order[1:], *order[:1]], strict=True)) if len(order) > 2 else []
    met = {frozenset(pair) for pair in ring}
    rest = [pair for pair in combinations(starts, 2) if frozenset(pair) not in met]
    rest = [rest[k] for k in rng.permutation(len(rest))]
    turned = rng.random(len(ring) + len(rest)) < 0.5
    return [Pair(*(pair[::-1] if t else pair)) for pair, t in zip([*ring, *rest], turned, strict=True)]


class Comparing:
    """Ask about one pair after another.

    Parameters
    ----------
    starts : sequence of float
        Where the moments begin, since the recording began [s].
    answered : sequence of Choice
        What this rater said before; a later answer to the same pair counts.
    keep : callable
        Stores an answer; what it raises leaves the pair unanswered.
    """

    def __init__(
        self,
        starts: Sequence[float],
        length: float,
        *,
        rater: str,
        whose: Whose,
        asked: str,
        answered: Sequence[Choice],
        keep: Callable[[Choice], None],
        now: Callable[[], str],
        rng: np.random.Generator,
    ) -> None:
        self.pairs = pairs_of(starts, rng)
        self.asked, self._length = asked, length
        self._rater, self._whose, self._keep, self._now = rater, whose, keep, now
        self.said = {frozenset((c.first, c.second)): c for c in answered}
        self.at = 0
        self.at = self._next()

    def _next(self) -> int:
        left = [k for k, pair in enumerate(self.pairs) if frozenset(pair) not in self.said]
        return next((k for k in left if k >= self.at), left[0] if left else len(self.pairs))

    @property
    def pair(self) -> Pair | None:
        """Return the pair that is asked about; None once all are answered."""
        return self.pairs[self.at] if self.at < len(self.pairs) else None

    def choose(self, chosen: str) -> None:
        """Store an answer to the pair, and go on.

        Raises
        ------
        RecordingError
            If it cannot be stored.
        """
        pair = self.pair
        if pair is None:
            return
        choice = Choice(
            first=pair.first,
            second=pair.second,
            length=self._length,
            chosen=chosen,
            asked=self.asked,
            rater=self._rater,
            whose=self._whose,
            when=self._now(),
        )
        self._keep(choice)
        self.said[frozenset(pair)] = choice
        self.at = self._next()

    def back(self) -> None:
        """Ask about the pair before once more."""
        self.at = max(0, self.at - 1)

    def progress(self) -> str:
        """Return how far it is, in words."""
        n = sum(frozenset(pair) in self.said for pair in self.pairs)
        return f"{n} of {len(self.pairs)} pairs answered"

"""Belief: how good what the arousal index rests on is, so that no doubt of it is lost on the way.

The index of a second still holds what the seconds before it gave: the whole window of the median, and a
twentieth of the mean after three time constants. So long a doubt stays; one of the baseline stays as long as
the baseline does.
"""

from __future__ import annotations

import math
from collections import Counter, deque

from processing.arousal.band import ArousalConfig
from processing.arousal.baseline import Reference
from processing.arousal.channels import Belief

FADED = 3.0
"""Time constants after which a second has faded from the mean."""


class Memory:
    """Remember how good the channels of one person were, second by second."""

    def __init__(self, config: ArousalConfig) -> None:
        self._share = config.share
        self._recent: deque[Belief] = deque(
            maxlen=max(1, round(config.median)) + math.ceil(FADED * config.tau)
        )
        self._said: list[str] = []

    def take(self, belief: Belief) -> None:
        """Take in the next second."""
        self._recent.append(belief)
        self._said.append(belief.doubt)

    def over(self, reference: Reference) -> Belief:
        """Return the belief in the index of the newest second, seen relative to a reference."""
        doubt = next((b.doubt for b in reversed(self._recent) if b.doubt), "")
        if reference.doubt and not doubt:
            doubt = f"baseline: {reference.doubt}"
        least = 0.0 if reference.doubt else min(b.quality for b in self._recent)
        return Belief(least, doubt)

    def during(self, first: int, last: int) -> str:
        """Return what is said of a baseline: the doubt of its seconds, if more are in doubt than may lack."""
        said = Counter(self._said[first:last])
        seconds = said.total()
        del said[""]
        many = said.total() > (1.0 - self._share) * seconds
        return said.most_common(1)[0][0] if many else ""

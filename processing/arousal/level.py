"""Level: whether the EDA of today's rest can still be compared with that of now.

Electrodes dry, come loose and are pressed on again, and what they then read is another scale, not another
person. Three things are seen: a level that has lost most of what it was at rest, one that stands elsewhere
after an interruption than before it, and one that fell by enough to move the index while responses fell with
it. A scale that shrinks takes both; where only the level falls, the same responses become a larger share of
it. The rules are ours: docs/arousal.md.
"""

from __future__ import annotations

import math
from array import array
from collections import deque

import numpy as np

from processing.arousal.band import ArousalConfig
from processing.sums import median

OLD = "old baseline: "
"""How what is said of an old baseline begins."""
GAP = 3
"""So many seconds without a level are an interruption."""
SETTLED = 20
"""Seconds with a level before and after it that are compared, by their medians."""
SMALLEST = math.log(1.25)
"""What moves by less across an interruption may have moved by itself [ln µS]."""
LATELY = 600
"""Responses of so many seconds are held against earlier ones, of a level higher by half of the fall."""
FEWEST, LARGER = 5, 2.33
"""So many of either are needed, and their ranks are so many sd apart: by chance in one look of a hundred."""


class Level:
    """Follow the EDA level of one person second by second, against that of today's rest."""

    def __init__(self, config: ArousalConfig) -> None:
        self._config = config
        self._recent: deque[float] = deque(maxlen=round(config.fallen_window))
        self._before: deque[float] = deque(maxlen=SETTLED)
        self._after: list[float] = []
        self._missing = 0
        self._second = 0
        self._responses = array("d")
        self.begin(math.nan)

    def begin(self, rest: float, moves: float = 0.0) -> None:
        """Compare with a rest from now on: the median of its level [ln µS], nan without one, and by how much
        the index moves with the level [SD / ln µS]."""
        self._rest, self._moves, self._jumped = rest, moves, 0.0
        self._fallen = self._sunk = False

    def respond(self, amplitude: float) -> None:
        """Take in a response of the newest second [µS]."""
        level = self._recent[-1] if self._recent else math.nan
        if level == level and amplitude > 0.0:
            self._responses.extend((self._second, math.log(amplitude), level))

    def take(self, level: float, *, look: bool) -> None:
        """Take in the next second [ln µS], nan without a level; `look` whether enough of it is left."""
        self._second += 1
        self._recent.append(level)
        self._cross(level)
        if look:
            fall, config = self._fall(), self._config
            self._fallen = bool(config.fallen) and fall > -math.log(config.fallen)
            sunk = bool(config.sunk) and self._moves * fall > config.sunk
            self._sunk = sunk and not self._alive(fall)

    @property
    def word(self) -> str:
        """Say why the rest is old; "" if it is not."""
        jump, config = abs(self._jumped), self._config
        if jump > math.log(config.jumped) or (config.sunk and self._moves * jump > config.sunk):
            return "its EDA level jumped at an interruption"
        if self._fallen:
            return f"less than {100.0 * self._config.fallen:g} % of its EDA level is left"
        return "its EDA level fell: skin, or an electrode that dries" if self._sunk else ""

    def _cross(self, level: float) -> None:
        """Compare what comes after an interruption with what was before it."""
        if math.isnan(level):
            self._missing += 1
        elif self._missing < GAP and not self._after:
            self._before.append(level)
            self._missing = 0
        else:
            self._after.append(level)
            self._missing = 0
            if len(self._after) == SETTLED:
                moved = median(self._after) - median(self._before) if self._before else 0.0
                if abs(moved) > SMALLEST:
                    self._jumped += moved
                self._before.extend(self._after)
                self._after = []

    def _fall(self) -> float:
        """Return how far the level lies below that of the rest [ln µS]; nan where too little is known."""
        known = [level for level in self._recent if level == level]
        if 2 * len(known) < round(self._config.fallen_window):
            return math.nan
        return self._rest - median(known)

    def _alive(self, fall: float) -> bool:
        """Tell whether responses have become a larger share of a level that fell so far [ln µS]."""
        at, size, level = np.array(self._responses).reshape(-1, 3).T
        if len(at) < 2 * FEWEST:
            return False
        now = self._rest - fall
        # Those that are a smaller share than the least response is of the level now are not seen any more.
        seen = size - level >= float(size.min()) - now
        late = at > self._second - LATELY
        new, old = (size - level)[seen & late], (size - level)[seen & ~late & (level > now + 0.5 * fall)]
        n, m = len(new), len(old)
        if min(n, m) < FEWEST:
            return False
        above = float(np.searchsorted(np.sort(old), new).sum())
        return above - 0.5 * n * m > LARGER * math.sqrt(n * m * (n + m + 1) / 12.0)


def old_of(reason: str) -> str:
    """Return why the baseline behind a row is old, as its reason says; "" if it is not."""
    return next((part.removeprefix(OLD) for part in reason.split("; ") if part.startswith(OLD)), "")

"""Level: whether the EDA of today's rest can still be compared with that of now.

Electrodes dry, come loose and are pressed on again, and what they then read is another scale, not another
person. Two things are seen: a level that has lost most of what it was at rest, and one that stands elsewhere
after an interruption than before it. The rules are ours: docs/arousal.md.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from processing.arousal.band import ArousalConfig

OLD = "old baseline: "
"""How what is said of an old baseline begins."""
GAP = 3
"""So many seconds without a level are an interruption."""
SETTLED = 20
"""Seconds with a level before and after it that are compared, by their medians."""
SMALLEST = math.log(1.25)
"""What moves by less across an interruption may have moved by itself [ln µS]."""


class Level:
    """Follow the EDA level of one person second by second, against that of today's rest."""

    def __init__(self, config: ArousalConfig) -> None:
        self._config = config
        self._recent: deque[float] = deque(maxlen=round(config.fallen_window))
        self._before: deque[float] = deque(maxlen=SETTLED)
        self._after: list[float] = []
        self._missing = 0
        self.begin(math.nan)

    def begin(self, rest: float) -> None:
        """Compare with a rest from now on: the median of its level [ln µS], nan without one."""
        self._rest, self._jumped, self._fallen = rest, 0.0, False

    def take(self, level: float, *, look: bool) -> None:
        """Take in the next second [ln µS], nan without a level; `look` whether enough of it is left."""
        self._recent.append(level)
        self._cross(level)
        if look:
            self._fallen = self._has_fallen()

    @property
    def word(self) -> str:
        """Say why the rest is old; "" if it is not."""
        if abs(self._jumped) > math.log(self._config.jumped):
            return "its EDA level jumped at an interruption"
        return f"less than {100.0 * self._config.fallen:g} % of its EDA level is left" if self._fallen else ""

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
                moved = float(np.median(self._after) - np.median(self._before)) if self._before else 0.0
                if abs(moved) > SMALLEST:
                    self._jumped += moved
                self._before.extend(self._after)
                self._after = []

    def _has_fallen(self) -> bool:
        if not self._config.fallen:
            return False
        known = [level for level in self._recent if level == level]
        if 2 * len(known) < round(self._config.fallen_window):
            return False
        return float(np.median(known)) < self._rest + math.log(self._config.fallen)


def old_of(reason: str) -> str:
    """Return why the baseline behind a row is old, as its reason says; "" if it is not."""
    return next((part.removeprefix(OLD) for part in reason.split("; ") if part.startswith(OLD)), "")

"""Clocks that were set back, and may be set forward again by as much."""

from __future__ import annotations

KEPT = 16
"""So many are remembered."""


class SetBack:
    """Remember by how much a clock was set back [s]."""

    def __init__(self) -> None:
        self._by: list[float] = []
        self.ever = False
        """Whether it ever was."""

    def set(self, seconds: float) -> None:
        """Note that it was."""
        self._by, self.ever = [*self._by, seconds][-KEPT:], True

    def undone(self, step: float, within: float) -> float:
        """Return by how much a step forward undoes one back [s]; 0 if it does not: samples are missing.

        Else each step back would move the times on, and each one forward would be a gap: the hour would
        grow without end.

        Parameters
        ----------
        step, within : float
            By how much stamps are later than expected, and how near to that the other step must be [s].
        """
        by = min(self._by, key=lambda back: abs(back - step), default=0.0)
        if not by or abs(by - step) > within:
            return 0.0
        self._by.remove(by)
        return by

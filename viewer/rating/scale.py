"""The scale that is set: one axis or two, with ends or without; it is moved, never pointed at. No Qt."""

from __future__ import annotations

import math

PIXELS = 600.0
"""Movement of the pointer from end to end [px]."""
PACE = 0.8
"""Of an arrow key that is held [scale units per s]."""


class Scale:
    """Hold where a rater has set the scale.

    Parameters
    ----------
    n_axes : int
        1 or 2.
    bounded : bool
        It ends at -1 and 1: what goes further stays at the end, and comes back at once.
    """

    def __init__(self, n_axes: int = 1, *, bounded: bool = True) -> None:
        self.bounded = bounded
        self.values = (0.0,) * n_axes
        self._held = [0.0] * n_axes

    def move(self, right: float, up: float) -> None:
        """Move by a way of the pointer [px]; a scale of one axis takes only what goes right."""
        step = 2.0 / PIXELS
        self._add(*(way * step for way in (right, up)[: len(self.values)]))

    def put(self, axis: int, value: float) -> None:
        """Set an axis, as a fader or a pointer that cannot be held does."""
        if axis < len(self.values) and math.isfinite(value):
            values = list(self.values)
            values[axis] = self._within(value)
            self.values = tuple(values)

    def turn(self, axis: int, by: float) -> None:
        """Move an axis by a way of its own units, as a dial does."""
        self._add(*(by if k == axis else 0.0 for k in range(len(self.values))))

    def hold(self, axis: int, direction: float) -> None:
        """Hold an arrow key (-1, 1) or a stick (-1 to 1), or let go of it (0)."""
        if axis < len(self.values):
            self._held[axis] = direction

    def advance(self, seconds: float) -> bool:
        """Move by what is held; tell whether anything is."""
        if not any(self._held):
            return False
        self._add(*(direction * PACE * seconds for direction in self._held))
        return True

    def let_go(self) -> None:
        """Let go of every key."""
        self._held = [0.0] * len(self.values)

    def _add(self, *by: float) -> None:
        self.values = tuple(self._within(v + b) for v, b in zip(self.values, by, strict=True))

    def _within(self, value: float) -> float:
        return min(1.0, max(-1.0, value)) if self.bounded else value

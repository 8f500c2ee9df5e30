"""How many examples a property is tried on: few where each costs a second, more of them in a hunt."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

HUNT = 5
"""As many times the examples are drawn by `make hunt`."""


def few(examples: int, **more: Any) -> settings:
    """Return settings for so many examples in the suite, which draws the same each time, more in a hunt."""
    in_force = settings.default
    times = 1 if in_force is not None and in_force.derandomize else HUNT
    return settings(max_examples=examples * times, deadline=None, **more)

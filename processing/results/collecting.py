"""How often Python looks for cycles of objects while a recording is processed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 100_000
"""New objects between two searches for cycles; Python's own default is 700."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Search for cycles seldom until the end of the block: a tenth of the time was spent on that.

    An hour is a quarter of a million index samples, plain tuples that are in no cycle, and each search goes
    through those that are young. What is computed does not depend on it.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], SELDOM) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)

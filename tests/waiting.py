"""Wait for what another thread or process does: for a condition, never for a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

DEADLINE = 90.0
"""Seconds after which a wait fails: long, since a busy machine is no fault of the code."""


def wait_for(
    condition: Callable[[], object],
    what: str = "the condition",
    *,
    seconds: float = DEADLINE,
    pause: float = 0.01,
) -> None:
    """Wait until a condition holds; `pause` is the time between two looks [s].

    Raises
    ------
    AssertionError
        If it does not hold within the deadline.
    """
    deadline = time.monotonic() + seconds
    between = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        between.wait(pause)

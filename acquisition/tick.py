"""Tick: "up to here everything was written by this time".

Ticks make order, silence and stalls part of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

PERIOD = 0.1
"""Seconds between ticks."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Close a slice: number, LSL time and wall time [s since 1970] at which the recorder began to drain."""

    number: int
    time: float
    wall: float

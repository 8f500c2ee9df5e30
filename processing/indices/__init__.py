"""Every index that the pipeline gives: one record each, and nowhere else a table of names, units or delays.

A new index is a record here and a function in its room; tables, docs, lanes and readouts follow.
"""

from __future__ import annotations

from processing.indices.dyad import (
    COUPLINGS,
    ONE_HEART,
    ONE_SKIN,
    SIGNALS,
    SPEECH,
    delay_of,
    part_of,
    speech_of,
)
from processing.indices.heart import VAGAL
from processing.indices.record import Index, Signal, spelled
from processing.indices.table import INDICES, PERSON, of_part, unit_of

__all__ = [
    "COUPLINGS",
    "INDICES",
    "ONE_HEART",
    "ONE_SKIN",
    "PERSON",
    "SIGNALS",
    "SPEECH",
    "VAGAL",
    "Index",
    "Signal",
    "delay_of",
    "of_part",
    "part_of",
    "speech_of",
    "spelled",
    "unit_of",
]

"""Synchrony of a whole session, on plain arrays: therapist first, nan = missing, seconds and Hz."""

from __future__ import annotations

from processing.offline.circular import circular_shift_test
from processing.offline.lag_table import LaggedCorrelation, lagged_correlation
from processing.offline.leading import Lead, lead
from processing.offline.surrogates import ChanceTest, permutation_test
from processing.offline.susy import Susy, susy

__all__ = [
    "ChanceTest",
    "LaggedCorrelation",
    "Lead",
    "Susy",
    "circular_shift_test",
    "lagged_correlation",
    "lead",
    "permutation_test",
    "susy",
]

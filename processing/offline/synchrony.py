"""Synchrony of a whole session, on plain arrays: therapist first, nan = missing, seconds and Hz."""

from __future__ import annotations

from processing.offline.circular import circular_shift_test
from processing.offline.concordance import ConcordanceProfile, concordance, concordance_profile
from processing.offline.coregulation import Coregulation, coregulation
from processing.offline.fdr import benjamini_hochberg
from processing.offline.lag_table import LaggedCorrelation, lagged_correlation
from processing.offline.leading import Lead, lead
from processing.offline.phase import phase_locking
from processing.offline.pseudo_dyads import PseudoDyads, matched_coupling, pseudo_dyad_test
from processing.offline.segments import NoValueWarning
from processing.offline.surrogates import ChanceTest, permutation_test
from processing.offline.susy import Susy, susy
from processing.offline.wavelet import WaveletCoherence, wavelet_coherence

__all__ = [
    "ChanceTest",
    "ConcordanceProfile",
    "Coregulation",
    "LaggedCorrelation",
    "Lead",
    "NoValueWarning",
    "PseudoDyads",
    "Susy",
    "WaveletCoherence",
    "benjamini_hochberg",
    "circular_shift_test",
    "concordance",
    "concordance_profile",
    "coregulation",
    "lagged_correlation",
    "lead",
    "matched_coupling",
    "permutation_test",
    "phase_locking",
    "pseudo_dyad_test",
    "susy",
    "wavelet_coherence",
]

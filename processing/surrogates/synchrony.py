"""Synchrony of a whole session, on plain arrays: therapist first, nan = missing, seconds and Hz."""

from __future__ import annotations

from processing.surrogates.circular import circular_shift_test
from processing.surrogates.concordance import ConcordanceProfile, concordance, concordance_profile
from processing.surrogates.coregulation import Coregulation, coregulation
from processing.surrogates.fdr import benjamini_hochberg, holm
from processing.surrogates.lag_table import LaggedCorrelation, lagged_correlation
from processing.surrogates.leading import Lead, lead
from processing.surrogates.phase import phase_locking
from processing.surrogates.pseudo_dyads import PseudoDyads, matched_coupling, pseudo_dyad_test
from processing.surrogates.segments import NoValueWarning
from processing.surrogates.surrogates import ChanceTest, permutation_test
from processing.surrogates.susy import Susy, susy
from processing.surrogates.wavelet import WaveletCoherence, wavelet_coherence

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
    "holm",
    "lagged_correlation",
    "lead",
    "matched_coupling",
    "permutation_test",
    "phase_locking",
    "pseudo_dyad_test",
    "susy",
    "wavelet_coherence",
]

"""What is stored of a voice: one row a second and one a turn, never frames, spectra or samples."""

from __future__ import annotations

from acquisition.stream import Modality, StreamInfo

ROW_CHANNELS = (
    "voice_activity",
    "f0_median",
    "f0_spread",
    "intensity",
    "alpha_ratio",
    "voiced_share",
    "uncertain",
    "phonation",
    "nuclei",
    "mid_band_share",
    "hnr",
    "jitter",
    "shimmer",
)
"""Of the second that ends at the stamp: share 0-1 of own speech with its hangover; Hz; Hz, half the distance
from P16 to P84; dB re full scale; dB; share 0-1 of voiced own speech; share 0-1 in which it is open whose;
seconds of own speech without hangover; syllable nuclei; share 0-1 of power in 500 Hz-4 kHz; dB, % and % of
the voiced stretches that ended in it, where voice quality is measured. nan where there was no (voiced) own
speech."""
TURN_CHANNELS = ("duration", "phonation", "pause", "nuclei", "f0_median", "intensity")
"""Of the turn that ends at the stamp: s; s without pauses; s of pauses of 0.2 s and more; number; Hz; dB."""
SECOND = 1.0


def is_turns(info: StreamInfo) -> bool:
    """Tell whether a voice stream has a row a turn; then its silence means nothing."""
    return info.modality is Modality.VOICE and info.channels == TURN_CHANNELS


def is_sound(info: StreamInfo) -> bool:
    """Tell whether a stream that should be voice is speech itself."""
    return info.modality is Modality.VOICE and info.sfreq > 100.0

"""Sampling rates below which nothing can be made of a stream."""

from __future__ import annotations

from acquisition.stream import Modality

SLOWEST_ECG = 100.0
"""[Hz]"""


def unfit_ecg(sfreq: float) -> str:
    """Return why no R peak is placed in an ECG of this rate [Hz]."""
    return f"ECG at {sfreq:g} Hz: 100-1000 Hz are needed to place an R peak"


def too_slow(modality: Modality, sfreq: float) -> str:
    """Return why a stream of this nominal rate [Hz] is of no use; "" if it is of use, or its rate is unknown.

    A stream without an even rate (0) is not refused here: only its stamps tell.
    """
    if modality is Modality.ECG and 0.0 < sfreq < SLOWEST_ECG:
        return unfit_ecg(sfreq)
    return ""

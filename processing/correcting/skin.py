"""Responses and faults of skin conductance with what was corrected, on a whole recording or a part of it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.correcting.signals import RawSignal
from processing.corrections.edits import Edits
from processing.skin.config import SkinConfig
from processing.skin.signal import Signal
from processing.skin.skin import STEPS

LEAD = 45.0
"""So much before a part is worked through, too: what a response needs of its past [s]."""

USUAL = SkinConfig()
"""Parameters unless others are given."""


class Responses(NamedTuple):
    """Hold responses as columns, in order: moments of onset and peak [s, LSL clock], amplitude [µS]."""

    onsets: FloatArray
    peaks: FloatArray
    amplitudes: FloatArray


def sfreq_of(signal: RawSignal) -> float:
    """Return the rate of skin conductance, as the pipeline takes it; nan if its stamps do not tell [Hz]."""
    if signal.info.sfreq > 0.0 and math.isfinite(signal.info.sfreq):
        return signal.info.sfreq
    steps = np.diff(signal.times)
    steps = steps[steps > 0.0][:STEPS]
    return 1.0 / float(np.median(steps)) if len(steps) == STEPS else math.nan


def responses(
    signal: RawSignal,
    edits: Edits | None = None,
    start: float = -math.inf,
    stop: float = math.inf,
    config: SkinConfig = USUAL,
) -> Responses:
    """Return the responses whose peak lies between two moments [s]."""
    sfreq = sfreq_of(signal)
    if not sfreq > 0.0:
        return Responses(*np.empty((3, 0)))
    times, values = signal.part(start - LEAD, stop + LEAD)
    state = Signal(sfreq, config, edits)
    if len(times):
        state.push(times, values)
    found = [s for s in state.fresh if start <= s.peak < stop]
    return Responses(
        np.array([s.onset for s in found]),
        np.array([s.peak for s in found]),
        np.array([s.amplitude for s in found]),
    )

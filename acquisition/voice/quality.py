"""Voice quality: harmonicity, jitter and shimmer of voiced stretches of own speech, by Praat. Exploratory.

Praat comes with praat-parselmouth (GPL), an extra of its own; it is used only where a session asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from acquisition.errors import DeviceError
from acquisition.voice.models import HOP, SFREQ, Samples

LEAST, LONGEST = 0.3, 2.0
"""Seconds of a voiced stretch that is measured; a longer one is measured in parts."""
PITCH = (60.0, 600.0)
"""[Hz]"""
PERIODS = (1e-4, 0.02, 1.3)
"""Shortest and longest period [s] and the largest factor between two that count (Praat's own)."""
AMPLITUDES = 1.6
"""Largest factor between the amplitudes of two periods that count (Praat's own)."""
UNDEFINED = -200.0
"""What Praat says for the harmonicity of silence [dB]."""


class Quality(NamedTuple):
    """Hold seconds measured, harmonicity [dB], jitter (local) [%], shimmer (local) [%]."""

    seconds: float
    hnr: float
    jitter: float
    shimmer: float


Measure = Callable[[Samples], Quality]


def load_measure() -> Measure:
    """Return what measures a voiced stretch.

    Raises
    ------
    DeviceError
        If praat-parselmouth is not installed or does not run on this machine.
    """
    if find_spec("parselmouth") is None:
        raise DeviceError("praat-parselmouth not installed (pip install 'attunement[voice-quality]')")
    try:
        import_module("parselmouth.praat")
    except (ImportError, OSError) as error:
        raise DeviceError(f"praat-parselmouth cannot be loaded: {error}") from error
    return measure


def measure(samples: Samples) -> Quality:
    """Measure a voiced stretch at 16 kHz, as Praat's voice report does.

    References
    ----------
    Boersma (1993), Proc. Inst. Phonetic Sciences 17, 97-110: harmonicity.
    Boersma & Weenink, Praat manual, "Voice 2. Jitter", "Voice 3. Shimmer".
    """
    import parselmouth
    from parselmouth.praat import call

    sound = parselmouth.Sound(samples.astype(np.float64), SFREQ)
    harmonicity = sound.to_harmonicity_cc(minimum_pitch=PITCH[0]).values
    known = harmonicity[harmonicity > UNDEFINED]
    points = call(sound, "To PointProcess (periodic, cc)", *PITCH)
    jitter = call(points, "Get jitter (local)", 0.0, 0.0, *PERIODS)
    shimmer = call([sound, points], "Get shimmer (local)", 0.0, 0.0, *PERIODS, AMPLITUDES)
    hnr = float(known.mean()) if len(known) else math.nan
    return Quality(len(samples) / SFREQ, hnr, 100.0 * float(jitter), 100.0 * float(shimmer))


class VoicedRuns:
    """Gather the voiced hops of one person into stretches, and measure each as it ends."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._hops: list[Samples] = []

    def push(self, hop: Samples, *, voiced: bool) -> Quality | None:
        """Take in the next hop; return what was measured, if a stretch ended."""
        if not voiced:
            return self.end()
        self._hops.append(hop)
        return self.end() if len(self._hops) * HOP >= LONGEST * SFREQ else None

    def end(self) -> Quality | None:
        """End the stretch; return what was measured of it if it was long enough."""
        hops, self._hops = self._hops, []
        return self._measure(np.concatenate(hops)) if len(hops) * HOP >= LEAST * SFREQ else None

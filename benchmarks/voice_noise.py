"""F0 of real speech in noise: python -m benchmarks.voice_noise NAME=FOLDER [NAME=FOLDER …].

Each folder holds .wav files of one speaker, such as Debian's asterisk-core-sounds-en-wav. The longest are
joined to a minute, and noise is added: pink noise, and babble made of six other voices of all folders at
once. Reference is Praat on the clean sound; Praat on the noisy sound stands beside, to tell what is hard from
what is ours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import parselmouth
import soxr

from acquisition.importing.layouts.wav import frames_of
from acquisition.stream import FloatArray, Role
from acquisition.voice import summary
from acquisition.voice.listening import full_scale
from acquisition.voice.models import HOP, SFREQ, Models, Samples, load_models
from acquisition.voice.prosody import Prosody
from acquisition.voice.summary import Frame

SECONDS = 60.0
LEVELS = (np.inf, 20.0, 10.0, 5.0)
"""Power of speech over that of noise, pauses left out [dB]."""
GROSS = 0.2
"""Relative error from which on an F0 is wrong."""


def main(folders: dict[str, Path]) -> None:
    """Print a table."""
    models = load_models()
    speech = {name: sentences(folder) for name, folder in folders.items()}
    babble = babble_of([s for known in speech.values() for s in known[40:64]])
    print("speaker, noise, dB: ours voiced %, gross %, median semitones | Praat voiced %, gross %, median")
    for name, known in speech.items():
        clean = np.concatenate(known)[: round(SECONDS * SFREQ)]
        reference = praat(clean)
        for noise, sound in (("pink", pink(len(clean))), ("babble", babble)):
            for level in LEVELS if noise == "pink" else LEVELS[1:]:
                noisy = mixed(clean, sound, level)
                ours, theirs = f0_of(noisy, models), praat(noisy)
                print(f"{name}, {noise}, {level:g}: {errors(ours, reference)} | {errors(theirs, reference)}")


def sentences(folder: Path) -> list[Samples]:
    """Return the longest sentences at 16 kHz, each of the same power."""
    found = []
    for path in sorted(folder.rglob("*.wav"), key=lambda p: -p.stat().st_size)[:64]:
        frames, rate, _ = frames_of(path)
        sound = soxr.resample(full_scale(frames[:, 0]), rate, SFREQ)
        found.append(np.asarray(0.1 * sound / np.sqrt(np.mean(sound**2)), np.float32))
    return found


def babble_of(voices: Sequence[Samples]) -> Samples:
    """Return six voices at once, over and over."""
    n = round(SECONDS * SFREQ)
    parts = [np.resize(np.concatenate(voices[k::6]), n) for k in range(6)]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def pink(n: int) -> Samples:
    """Return noise whose power falls by 3 dB an octave."""
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(n))
    return np.asarray(
        np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20.0)), n), np.float32
    )


def mixed(clean: Samples, noise: Samples, level: float) -> Samples:
    """Return speech in noise."""
    loud = np.abs(clean) > 0.02
    factor = np.sqrt(np.mean(clean[loud] ** 2) / np.mean(noise**2)) * 10 ** (-level / 20)
    return np.asarray(clean + factor * noise[: len(clean)], np.float32)


def praat(sound: Samples) -> FloatArray:
    """Return Praat's F0 at the beginning of each hop, which is where ours stands; nan where unvoiced."""
    pitch = parselmouth.Sound(sound.astype(float), SFREQ).to_pitch_ac(0.01, 60.0, pitch_ceiling=500.0)
    f0 = np.where(pitch.selected_array["frequency"] > 0, pitch.selected_array["frequency"], np.nan)
    return np.interp(np.arange(len(sound) // HOP) * HOP / SFREQ, pitch.xs(), f0)


def f0_of(sound: Samples, models: Models) -> FloatArray:
    """Return our F0 of each hop, as one microphone gives it; nan where unvoiced."""
    out = np.full(len(sound) // HOP, np.nan)
    push = summary.Summary.push

    def keep(self: summary.Summary, frame: Frame) -> None:
        k = round(frame.time * SFREQ / HOP)
        if k < len(out):
            out[k] = frame.f0

    summary.Summary.push = keep  # type: ignore[method-assign]
    prosody = Prosody([Role.CLIENT], models, gains={})
    prosody.push(Role.CLIENT, np.arange(len(sound)) / SFREQ, sound)
    prosody.finish()
    summary.Summary.push = push  # type: ignore[method-assign]
    return out


def errors(found: FloatArray, reference: FloatArray) -> str:
    """Return what of the reference was found, how often it was far off, and how far off the rest is."""
    n = min(len(found), len(reference))
    found, reference = found[:n], reference[:n]
    both = np.isfinite(found) & np.isfinite(reference)
    ratio = found[both] / reference[both]
    fine = np.abs(ratio - 1.0) <= GROSS
    recall = both.sum() / np.isfinite(reference).sum()
    median = np.median(np.abs(12 * np.log2(ratio[fine]))) if fine.any() else np.nan
    return f"{100 * recall:.0f}, {100 * (1 - fine.mean()):.2f}, {median:.2f}"


if __name__ == "__main__":
    main({name: Path(folder) for name, folder in (a.split("=", 1) for a in sys.argv[1:])})

"""Pitch and intensity against Praat and against synthesis, on sweeps and on speech."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acquisition.stream import PEOPLE, FloatArray, Role
from acquisition.voice import summary
from acquisition.voice.models import SFREQ, Models, Pitch, Samples
from acquisition.voice.prosody import Prosody
from tests.acquisition.speech import need_models, spoken


class AllIsSpeech:
    """The real pitch tracker, but no doubt about what is speech: a synthetic vowel is none to Silero."""

    def __call__(self, block: Samples) -> float:
        return 1.0

    def reset(self) -> None:
        pass

    def activity(self) -> AllIsSpeech:
        return self

    def pitch(self) -> Pitch:
        return need_models().pitch()


def frames_of(
    sound: Samples, monkeypatch: pytest.MonkeyPatch, models: Models | None = None
) -> list[summary.Frame]:
    """Return the frames of one voice alone."""
    out: list[summary.Frame] = []
    push = summary.Summary.push

    def keep(self: summary.Summary, frame: summary.Frame) -> None:
        out.append(frame)
        push(self, frame)

    monkeypatch.setattr(summary.Summary, "push", keep)
    prosody = Prosody([Role.CLIENT], models or need_models(), gains={})
    prosody.push(Role.CLIENT, np.arange(len(sound)) / SFREQ, sound)
    prosody.finish()
    monkeypatch.undo()
    return out


def padded(sound: Samples) -> Samples:
    silence = np.zeros(SFREQ // 2)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(sound) + SFREQ)
    return np.asarray(np.concatenate([silence, sound, silence]) + noise, np.float32)


def praat(sound: Samples, times: FloatArray) -> FloatArray:
    """Return Praat's F0 at these times [Hz], nan where it finds no voice."""
    parselmouth: Any = pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    pitch = parselmouth.Sound(sound.astype(np.float64), SFREQ).to_pitch_ac(
        time_step=0.004, pitch_floor=60.0, pitch_ceiling=500.0
    )
    return np.array([pitch.get_value_at_time(t) for t in times])


@pytest.mark.parametrize("role", PEOPLE)
def test_pitch_of_speech_agrees_with_praat(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = padded(spoken(role))
    voiced = [f for f in frames_of(sound, monkeypatch) if np.isfinite(f.f0)]
    reference = praat(sound, np.array([f.time for f in voiced]))
    error = 12 * np.log2(np.array([f.f0 for f in voiced]) / reference)
    known = error[np.isfinite(error)]
    assert len(known) > 150
    assert np.median(np.abs(known)) <= 0.25
    assert np.mean(np.abs(known) > 12 * np.log2(1.2)) <= 0.01


def test_pitch_of_a_sweep_is_that_of_the_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.arange(6 * SFREQ) / SFREQ
    f0 = 90.0 * 2 ** (1.5 * (1 - np.cos(2 * np.pi * t / 6)) / 2)
    phase = 2 * np.pi * np.cumsum(f0) / SFREQ
    vowel = sum(np.sin(k * phase) / (1 + ((k * f0 - 600) / 250) ** 2) for k in range(1, 16))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
    sound = padded(np.asarray(0.25 * vowel * syllables, np.float32))
    voiced = [f for f in frames_of(sound, monkeypatch, AllIsSpeech()) if np.isfinite(f.f0)]
    times = np.array([f.time for f in voiced]) - 0.5
    inner = (times > 0.1) & (times < 5.9)
    assert inner.sum() > 100
    error = 12 * np.log2(np.array([f.f0 for f in voiced]) / np.interp(times, t, f0))[inner]
    assert np.median(np.abs(error)) <= 0.16
    assert np.mean(np.abs(error) > 12 * np.log2(1.2)) <= 0.01


def test_intensity_is_the_power_of_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = padded(spoken(Role.CLIENT))
    for frame in frames_of(sound, monkeypatch)[40:60]:
        k = round(frame.time * SFREQ)
        assert frame.power == pytest.approx(float((sound[k : k + 256].astype(float) ** 2).mean()), rel=1e-9)

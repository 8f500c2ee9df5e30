"""An hour of talk whose truth is known: what two microphones hear, their rows, what a camera hears.

Voices are espeak-ng, or recorded sentences of two real speakers: a folder of .wav files each, as those of
Debian's asterisk-core-sounds-en-wav and -it-wav.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soxr

from acquisition.importing.layouts.wav import frames_of
from acquisition.stream import PEOPLE, FloatArray, Role
from acquisition.voice.listening import full_scale
from acquisition.voice.models import SFREQ, Samples, load_models
from acquisition.voice.prosody import Prosody

ROOT = Path(__file__).resolve().parents[1]
VOICES = {Role.THERAPIST: "en-us", Role.CLIENT: "en-us+f5"}
LEAK = 10 ** (-10 / 20)
"""Of the other's voice in each microphone."""
PIECE = 10.0


def espeak(n: int = 60) -> dict[Role, list[Samples]]:
    """Return sentences of the project's own pages, spoken by two voices at changing rates."""
    words = " ".join(p.read_text("utf-8") for p in sorted((ROOT / "docs").glob("*.md"))).split()
    words = [w for w in words if w.isalpha()]
    rng = np.random.default_rng(7)
    out: dict[Role, list[Samples]] = {}
    with TemporaryDirectory() as folder:
        for role, voice in VOICES.items():
            out[role] = []
            for k in range(n):
                at = int(rng.integers(0, len(words) - 30))
                text = " ".join(words[at : at + int(rng.integers(2, 26))])
                file = Path(folder) / f"{role}{k}.wav"
                rate = str(int(rng.integers(120, 190)))
                subprocess.run(["espeak-ng", "-v", voice, "-s", rate, "-w", file, text], check=True)
                out[role].append(_sentence(file))
    return out


def recorded(folders: Sequence[Path], n: int = 200) -> dict[Role, list[Samples]]:
    """Return the longest sentences of two speakers."""
    out = {}
    for role, folder in zip(PEOPLE, folders, strict=True):
        files = sorted(
            (p for p in folder.rglob("*.wav") if "silence" not in str(p)), key=lambda p: -p.stat().st_size
        )
        out[role] = [_sentence(file) for file in files[:n]]
    return out


def _sentence(path: Path) -> Samples:
    frames, rate, _ = frames_of(path)
    sound = soxr.resample(full_scale(frames[:, 0]), rate, SFREQ)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    sound = sound[loud[0] : loud[-1] + 1]
    return np.asarray(0.08 * sound / np.sqrt(np.mean(sound**2)), np.float32)


def talk(sentences: dict[Role, list[Samples]], seconds: float, seed: int) -> dict[Role, Samples]:
    """Return each person's own voice: turns of one to five sentences, words in between, silences, overlap."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SFREQ)
    own = {role: np.zeros(n, np.float32) for role in PEOPLE}
    at, role = 2.0, Role.THERAPIST
    while at < seconds - 2.0:
        for _ in range(int(rng.integers(1, 6))):
            said = sentences[role][int(rng.integers(len(sentences[role])))]
            _lay(own[role], said * 10 ** (rng.normal(0.0, 3.0) / 20), at)
            at += len(said) / SFREQ + rng.lognormal(-1.0, 0.6)
            if rng.random() < 0.1:  # a short word of whoever listens
                other = next(p for p in PEOPLE if p is not role)
                word = min(sentences[other], key=len)
                _lay(own[other], 0.5 * word, at - rng.uniform(0.0, 2.0))
        at += rng.uniform(-0.3, 1.5) if rng.random() < 0.9 else rng.uniform(5.0, 20.0)
        role = next(p for p in PEOPLE if p is not role)
    return own


def _lay(into: Samples, said: Samples, at: float) -> None:
    a = max(round(at * SFREQ), 0)
    part = said[: max(len(into) - a, 0)]
    into[a : a + len(part)] += part


def rows_of(
    own: dict[Role, Samples], begin: float, people: Sequence[Role] = PEOPLE
) -> dict[Role, FloatArray]:
    """Return stamp and values of the rows that the product makes of what each microphone hears.

    Parameters
    ----------
    begin : float
        Stamp of the first sample [s].

    Returns
    -------
    dict
        Role → ndarray, shape (n_rows, 1 + n_channels).
    """
    rng = np.random.default_rng(3)
    total = np.sum([own[role] for role in PEOPLE], axis=0)
    mics = {
        role: np.asarray(
            own[role] + LEAK * (total - own[role]) + 1e-3 * rng.standard_normal(len(total)), np.float32
        )
        for role in people
    }
    prosody = Prosody(people, load_models(), gains={})
    found = []
    step = round(PIECE * SFREQ)
    for a in range(0, len(total), step):
        times = begin + np.arange(a, min(a + step, len(total))) / SFREQ
        for role, sound in mics.items():
            prosody.push(role, times, sound[a : a + step])
        found += prosody.advance(float(times[-1]))
    found += prosody.finish()
    return {
        role: np.array([[row.time, *row.values] for f in found if f.role is role for row in f.rows])
        for role in people
    }


def heard(
    own: dict[Role, Samples],
    *,
    seed: int = 0,
    snr: float = 20.0,
    agc: bool = False,
    gains: Sequence[float] = (0.3, 0.12),
    reverb: float = 0.4,
    music: bool = False,
) -> Samples:
    """Return what a camera's microphone hears: both voices from afar, the room's echo, noise, gain control.

    Parameters
    ----------
    snr : float
        Power of speech over that of noise, pauses left out [dB].
    reverb : float
        Time in which the echo falls by 60 dB [s].
    """
    rng = np.random.default_rng(seed)
    sound = np.sum([g * own[role] for g, role in zip(gains, PEOPLE, strict=True)], axis=0)
    if music:
        sound = _music(len(sound), rng)
    n = round(reverb * SFREQ)
    if n:
        response = rng.standard_normal(n) * 10 ** (-3 * np.arange(n) / n) * 0.03
        response[0] = 1.0
        sound = _filtered(sound, response)
    loud = np.abs(sound) > 0.05 * np.abs(sound).max()
    level = np.sqrt(np.mean(sound[loud] ** 2)) * 10 ** (-snr / 20)
    noise = _pink(len(sound), rng)
    sound = sound + noise * (level / np.sqrt(np.mean(noise**2)))
    if agc:
        sound = sound * (0.05 / np.sqrt(_slow(sound) + 1e-6)) ** 0.8
    return np.asarray(np.clip(sound / max(np.abs(sound).max(), 1e-9) * 0.7, -1, 1), np.float32)


def clipped(sound: Samples, start: float, stop: float, ppm: float) -> Samples:
    """Return what a camera stores from `start` to `stop` [s] whose second is longer by `ppm` than ours."""
    part = sound[round(start * SFREQ) : round(stop * SFREQ)].astype(np.float64)
    if not ppm:
        return part.astype(np.float32)
    places = np.arange(int((len(part) - 2) / (1 + ppm * 1e-6))) * (1 + ppm * 1e-6)
    return np.interp(places, np.arange(len(part)), part).astype(np.float32)


def _slow(sound: FloatArray) -> FloatArray:
    """Return the power that a gain control follows: up within 0.3 s, down within 2 s."""
    step = SFREQ // 10
    blocks = np.add.reduceat(sound**2, np.arange(0, len(sound), step)) / step
    power, out = float(blocks[0]), np.empty(len(blocks))
    for k, block in enumerate(blocks):
        power += (0.3 if block > power else 0.05) * (block - power)
        out[k] = power
    return np.interp(np.arange(len(sound)), np.arange(len(blocks)) * step, out)


def _music(n: int, rng: np.random.Generator) -> FloatArray:
    t = np.arange(n) / SFREQ
    out = np.zeros(n)
    for k in range(0, n, SFREQ // 2):
        tone = 220.0 * 2 ** (int(rng.integers(0, 24)) / 12)
        part = t[: min(SFREQ, n - k)]
        out[k : k + len(part)] += 0.1 * np.sin(2 * np.pi * tone * part) * np.exp(-3 * part)
    return out


def _filtered(sound: FloatArray, response: FloatArray) -> FloatArray:
    out, step = np.zeros(len(sound) + len(response)), 1 << 17
    size = 1 << int(np.ceil(np.log2(step + len(response))))
    spectrum = np.fft.rfft(response, size)
    for a in range(0, len(sound), step):
        part = sound[a : a + step]
        made = np.fft.irfft(np.fft.rfft(part, size) * spectrum, size)[: len(part) + len(response) - 1]
        out[a : a + len(made)] += made
    return out[: len(sound)]


def _pink(n: int, rng: np.random.Generator) -> FloatArray:
    parts: list[FloatArray] = []
    for _ in range(0, n, 1 << 18):
        spectrum = np.fft.rfft(rng.standard_normal(1 << 18))
        parts.append(np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 200.0))))
    return np.concatenate(parts)[:n]


def pieces(seconds: float, clips: int, gap: float) -> Iterator[tuple[float, float]]:
    """Yield from when to when each clip was taken [s], with gaps between."""
    length = (seconds - gap * (clips - 1)) / clips
    for k in range(clips):
        start = k * (length + gap)
        yield start, start + length

"""A recording of two people who talk, and a video of it, made by the test: both of one truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.event import Event
from acquisition.protection.vault import Keys
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id
from acquisition.recording.manifest import write as write_manifest
from acquisition.stream import PEOPLE, FloatArray, Modality, Role, StreamInfo
from acquisition.voice.models import SFREQ, Samples
from acquisition.voice.rows import ROW_CHANNELS

BEGIN = 5000.25
"""Stamp of the recording's first tick [s]."""
GAINS = {Role.CLIENT: 0.3, Role.THERAPIST: 0.12}
HOP = 256


@cache
def voices(seconds: float = 240.0, seed: int = 1) -> dict[Role, Samples]:
    """Return what each person says: syllables of noise, in turns, with pauses; full scale 1."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SFREQ)
    out = {role: np.zeros(n, np.float32) for role in PEOPLE}
    at, role = 1.0, Role.THERAPIST
    while at < seconds - 1:
        for _ in range(int(rng.integers(4, 40))):
            length = rng.uniform(0.08, 0.3)
            a, b = round(at * SFREQ), min(round((at + length) * SFREQ), n)
            shape = np.hanning(max(b - a, 1)) * 10 ** (rng.normal(0, 4) / 20)
            out[role][a:b] += (0.1 * shape * rng.standard_normal(max(b - a, 0))).astype(np.float32)
            at += length + rng.exponential(0.06)
        at += rng.uniform(0.2, 2.0)
        role = Role.CLIENT if role is Role.THERAPIST else Role.THERAPIST
    return out


def rows_of(sound: Samples) -> tuple[FloatArray, FloatArray]:
    """Return stamps and rows of ROW_CHANNELS of one person's own speech, as the product sums hops up."""
    power = np.mean(sound[: len(sound) // HOP * HOP].reshape(-1, HOP).astype(np.float64) ** 2, axis=1)
    times = BEGIN + np.arange(len(power)) * HOP / SFREQ
    # Speech goes on between syllables, as a detector of speech has it.
    own = np.convolve(power > 1e-6, np.ones(17), "same") > 0
    numbers = np.floor(times).astype(int)
    whole = np.arange(numbers[0] + 1, numbers[-1])
    rows = np.full((len(whole), len(ROW_CHANNELS)), np.nan)
    for k, number in enumerate(whole):
        mine = (numbers == number) & own
        share = np.count_nonzero(mine) / np.count_nonzero(numbers == number)
        rows[k, ROW_CHANNELS.index("voice_activity")] = rows[k, ROW_CHANNELS.index("phonation")] = share
        if share:
            rows[k, ROW_CHANNELS.index("intensity")] = 10 * np.log10(power[mine].mean() + 1e-12)
    return whole + 1.0, rows


def recording(
    path: Path,
    sound: dict[Role, Samples],
    *,
    people: Sequence[Role] = PEOPLE,
    events: Sequence[Event] = (),
    gap: tuple[float, float] = (0.0, 0.0),
    keys: Keys | None = None,
) -> Path:
    """Write a recording of the rows of these voices; none of a gap, since it began [s]."""
    seconds = len(sound[Role.CLIENT]) / SFREQ
    id = keys.recording if keys is not None else new_id()
    due = {}
    for role in people:
        stamps, rows = rows_of(sound[role])
        kept = (stamps - BEGIN < gap[0]) | (stamps - BEGIN > gap[1])
        due[role] = (stamps[kept], rows[kept])
    waiting = sorted(events, key=lambda e: e.time)
    with RecordingStore(path, fsync=0.0, id=id, keys=keys) as store:
        for k in range(round(seconds * 10)):
            now = BEGIN + 0.1 * k
            for role, (stamps, rows) in due.items():
                info = StreamInfo(
                    name="voice",
                    role=role,
                    modality=Modality.VOICE,
                    sfreq=0.0,
                    unit="",
                    channels=ROW_CHANNELS,
                )
                new = np.flatnonzero((stamps > now - 0.1) & (stamps <= now))
                if len(new):
                    store.samples(info, stamps[new], rows[new].astype("f4"))
            while waiting and waiting[0].time <= now:
                store.event(waiting.pop(0).identified())
            store.tick(now, 1.7e9 + now)
    if not (path / "manifest.json").exists():
        write_manifest(path)
    return path


def heard(
    sound: dict[Role, Samples],
    start: float,
    stop: float,
    *,
    ppm: float = 0.0,
    noise: float = 1e-3,
    claps: Sequence[float] = (),
) -> Samples:
    """Return what a camera hears from `start` to `stop` [s since the recording began], before it noise.

    Parameters
    ----------
    ppm : float
        How much longer its second is.
    claps : sequence of float
        When somebody claps [s since the recording began].
    """
    total = sum(GAINS[role] * x.astype(np.float64) for role, x in sound.items())
    assert isinstance(total, np.ndarray)
    rng = np.random.default_rng(9)
    places = (start + np.arange(int((stop - start) * SFREQ)) / SFREQ * (1 + ppm * 1e-6)) * SFREQ
    out = np.interp(places, np.arange(len(total)), total, left=0.0, right=0.0)
    for clap in claps:
        at = int(np.searchsorted(places, clap * SFREQ))
        out[at : at + 320] += 0.5 * rng.standard_normal(320) * np.exp(-np.arange(320) / 60)
    return np.asarray(out + noise * rng.standard_normal(len(out)), np.float32)


def write_video(
    path: Path,
    sound: Samples | None,
    *,
    seconds: float | None = None,
    rate: int = 48_000,
    codec: str = "aac",
    late: float = 0.0,
    first: float = 0.0,
    picture: Callable[[int], Any] | None = None,
) -> Path:
    """Write a video: small pictures at uneven intervals, and sound that begins `late` [s] after them.

    `first` is the presentation stamp of its beginning [s].
    """
    av = pytest.importorskip("av", reason="PyAV is not installed")
    soxr = pytest.importorskip("soxr", reason="soxr is not installed")
    length = seconds if seconds is not None else (0 if sound is None else len(sound) / SFREQ)
    with av.open(str(path), "w") as file:
        video = file.add_stream("mpeg4", rate=5)
        video.width = video.height = 32
        video.time_base = video.codec_context.time_base = _fraction(1, 1000)
        audio = file.add_stream(codec, rate=rate, layout="mono") if sound is not None else None
        for k in range(int(length * 5)):
            shown = np.full((32, 32, 3), k % 255, np.uint8) if picture is None else picture(k)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            uneven = 37 if k % 3 == 1 else 0
            frame.pts, frame.time_base = k * 200 + uneven + round(1000 * first), _fraction(1, 1000)
            for packet in video.encode(frame):
                file.mux(packet)
        for packet in video.encode(None):
            file.mux(packet)
        if audio is not None and sound is not None:
            heard_ = soxr.resample(sound[round(late * SFREQ) :], SFREQ, rate).astype(np.float32)
            for a in range(0, len(heard_), 1024):
                block = av.AudioFrame.from_ndarray(heard_[None, a : a + 1024], format="fltp", layout="mono")
                block.sample_rate, block.pts = rate, a + round((late + first) * rate)
                block.time_base = _fraction(1, rate)
                for packet in audio.encode(block):
                    file.mux(packet)
            for packet in audio.encode(None):
                file.mux(packet)
    return path


def _fraction(a: int, b: int) -> Any:
    from fractions import Fraction

    return Fraction(a, b)

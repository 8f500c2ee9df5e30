"""The sound of a video from any moment on: at its stamps, at its own pitch, whatever the file holds."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.errors import VideoError
from tests.viewer.video.made import BASE, LONG, STEP, Sung, bursts, even, film, sing
from viewer.video.sound_reader import SoundReader, factors

RATE = 48_000
SECONDS = 12.0


def sound_file(path: Path, sung: Sung) -> Path:
    with av.open(str(path), "w") as file:
        sing(file, sung)
    return path


def run(
    path: Path, stamp: float, speed: float = 1.0, *, rate: int = RATE, channels: int = 2
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the stamp of each sample from a moment to the end, and the samples."""
    reader = SoundReader(path, rate, channels)
    reader.start(stamp, speed)
    stamps, samples = [], []
    while (piece := reader.more()) is not None:
        assert piece.samples.shape[1] == channels and piece.step == pytest.approx(speed / rate)
        stamps.append(piece.begin + piece.step * np.arange(len(piece.samples)))
        samples.append(piece.samples)
    reader.close()
    return np.concatenate(stamps), np.concatenate(samples)


def tones(
    stamps: NDArray[np.float64], x: NDArray[np.float32], speed: float = 1.0, rate: int = RATE
) -> list[tuple[float, float]]:
    """Return the middle of each whole tone, as a stamp, and its pitch as heard [Hz]."""
    found = []
    on = np.flatnonzero(np.abs(x) > 0.02)
    for part in np.split(on, np.flatnonzero(np.diff(on) * speed / rate > 0.4) + 1):
        inner = x[part[0] : part[-1] + 1]
        if len(inner) * speed / rate < LONG - 0.02:
            continue
        power = inner.astype(np.float64) ** 2
        middle = part[0] + round(float((power * np.arange(len(power))).sum() / power.sum()))
        cut = inner[len(inner) // 5 : -len(inner) // 5]
        spectrum = np.abs(np.fft.rfft(cut * np.hanning(len(cut)), 1 << 18))
        found.append((float(stamps[middle]), float(np.argmax(spectrum)) * rate / (1 << 18)))
    return found


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 1.5, 2.0, 4.0])
def test_tones_keep_their_moments_and_their_pitch_at_any_speed(tmp_path: Path, speed: float) -> None:
    path = film(tmp_path / "a.mp4", even(SECONDS), sound=Sung([(0.0, bursts(SECONDS))]))
    for begin, first in ((0.0, 0), (6.3, 7)):
        stamps, x = run(path, begin, speed)
        found = tones(stamps, x[:, 0], speed)[1:-1]
        assert len(found) >= 3
        for k, (middle, pitch) in enumerate(found, first + 1):
            assert abs(middle - k - LONG / 2) < 0.02
            assert abs(pitch / (BASE + STEP * k) - 1.0) < 0.02


@pytest.mark.parametrize(
    ("name", "sung", "rate", "channels"),
    [
        ("six.mp4", Sung([(0.0, bursts(SECONDS))], layout="5.1"), RATE, 2),
        ("low.wav", Sung([(0.0, bursts(SECONDS, 8000))], 8000, codec="pcm_s16le"), RATE, 2),
        ("a.mkv", Sung([(0.0, bursts(SECONDS))], codec="flac", layout="stereo"), 44_100, 1),
        ("a.ts", Sung([(0.0, bursts(SECONDS))], layout="stereo"), RATE, 2),
        ("a.avi", Sung([(0.0, bursts(SECONDS, 32_000))], 32_000, codec="mp3", layout="mono"), 96_000, 2),
    ],
)
def test_other_rates_channels_and_kinds_of_files_sound_the_same(
    tmp_path: Path, name: str, sung: Sung, rate: int, channels: int
) -> None:
    if sung.codec == "mp3" and "mp3" not in av.codecs_available:
        pytest.skip("no encoder")
    path = sound_file(tmp_path / name, sung)
    zero = tones(*_mono(run(path, -5.0, rate=rate, channels=channels)), rate=rate)[1][0] - 1.0
    stamps, x = run(path, zero + 4.5, rate=rate, channels=channels)
    assert stamps[0] <= zero + 4.5 + 0.01
    for k, (middle, pitch) in enumerate(tones(stamps, x[:, 0], rate=rate)[:-1], 5):
        assert middle - zero == pytest.approx(k, abs=0.01)
        assert pitch == pytest.approx(BASE + STEP * k, rel=0.01)
    assert all(np.allclose(x[:, 0], x[:, c], atol=0.05) for c in range(channels))


def _mono(
    heard: tuple[NDArray[np.float64], NDArray[np.float32]],
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    return heard[0], heard[1][:, 0]


def test_sound_that_begins_late_and_has_a_gap_is_where_its_stamps_say(tmp_path: Path) -> None:
    parts = [(2.0, bursts(3.0, first=2)), (7.5, bursts(3.0, first=7))]
    path = sound_file(tmp_path / "a.mkv", Sung(parts, codec="flac"))
    found = tones(*_mono(run(path, 0.0)))
    assert [round((pitch - BASE) / STEP) for _, pitch in found] == [2, 3, 4, 7, 8, 9]
    middles = np.array([middle for middle, _ in found]) - LONG / 2
    assert np.abs(middles - [2.0, 3.0, 4.0, 7.5, 8.5, 9.5]).max() < 0.01


def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    path = sound_file(tmp_path / "a.mkv", Sung([(0.0, bursts(SECONDS))], codec="flac"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    stamps, _ = run(path, 1.5)
    assert stamps[0] <= 1.51 and 3.0 < stamps[-1] < SECONDS


def test_what_has_no_sound_or_is_no_video_is_said(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"^a.mp4 has no sound$"):
        SoundReader(film(tmp_path / "a.mp4", even(1.0)), RATE, 2)
    (tmp_path / "b.mp4").write_text("no video at all", "utf-8")
    with pytest.raises(VideoError, match=r"^b.mp4: its sound cannot be read: "):
        SoundReader(tmp_path / "b.mp4", RATE, 2)


@pytest.mark.parametrize("speed", [0.25, 0.3, 0.5, 0.8, 1.5, 2.0, 3.0, 4.0])
def test_a_speed_is_the_product_of_steps_that_are_done_well(speed: float) -> None:
    assert np.prod(factors(speed)) == pytest.approx(speed)
    assert all(0.5 <= step <= 2.0 for step in factors(speed)) and factors(1.0) == []

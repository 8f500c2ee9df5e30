"""Videos as they are found: sound that begins late, stamps that begin elsewhere, and files that are none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import RecordingError
from acquisition.linking import media
from acquisition.linking.loudness import STEP, Loudness
from acquisition.linking.media import listen, look
from acquisition.voice.models import SFREQ, Samples
from tests.acquisition.linking.hours import write_video

pytest.importorskip("av", reason="PyAV is not installed")
CLICKS = (1.5, 7.25, 13.0)


@pytest.fixture(scope="module")
def clicks() -> Samples:
    sound = np.zeros(16 * SFREQ, np.float32)
    for at in CLICKS:
        a = round(at * SFREQ)
        sound[a : a + 80] = 0.3 * np.random.default_rng(1).standard_normal(80)
    return sound


def heard_at(loudness: Loudness) -> list[float]:
    power = np.nan_to_num(loudness.total)
    loud = np.flatnonzero(power > 0.05 * power.max())
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 10) + 1)
    return [float((g * power[g]).sum() / power[g].sum() + 0.5) * STEP for g in groups]


@pytest.mark.parametrize(
    ("name", "codec", "rate", "late", "first"),
    [
        ("a.mp4", "aac", 48_000, 0.0, 0.0),
        ("a.mp4", "aac", 44_100, 0.5, 0.0),
        ("a.mkv", "flac", 48_000, 1.2, 1.4),
        ("a.mkv", "libopus", 48_000, 0.0, 0.0),
        ("a.ts", "aac", 48_000, 0.25, 1.4),
    ],
)
def test_sound_is_heard_where_its_stamps_say(
    name: str, codec: str, rate: int, late: float, first: float, clicks: Samples, tmp_path: Path
) -> None:
    path = write_video(tmp_path / name, clicks, rate=rate, codec=codec, late=late, first=first)
    found, loudness = listen(path)
    assert found.has_sound
    assert found.has_picture
    assert found.duration == pytest.approx(16.0, abs=0.3)
    # A transport stream does not say how long the codec takes: 21 ms, for players too.
    assert heard_at(loudness) == pytest.approx(CLICKS, abs=0.03 if name == "a.ts" else 0.012)
    if late > 1:
        assert np.isnan(loudness.power[: round((late - 0.05) / STEP)]).all()
    assert found.start == pytest.approx(first, abs=0.01)


def test_a_video_without_sound_is_one(tmp_path: Path) -> None:
    found, loudness = listen(write_video(tmp_path / "mute.mp4", None, seconds=4.0))
    assert (found.has_sound, found.has_picture) == (False, True)
    assert loudness.heard == 0.0
    assert found.duration == pytest.approx(4.0, abs=0.3)


def test_files_that_are_no_video_are_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video, just words\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
    )
    for path in (text, empty, playlist, tmp_path, tmp_path / "absent.mp4"):
        with pytest.raises(RecordingError, match=path.name) as told:
            look(path)
        assert "\n" not in str(told.value)


def test_a_cut_file_is_read_as_far_as_it_goes_or_named(clicks: Samples, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", clicks).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    _, loudness = listen(cut)
    assert heard_at(loudness)[0] == pytest.approx(CLICKS[0], abs=0.03)
    headless = tmp_path / "cut.mp4"
    headless.write_bytes(write_video(tmp_path / "whole.mp4", clicks).read_bytes()[:-3000])
    with pytest.raises(RecordingError, match=r"cut\.mp4: no video that can be read"):
        listen(headless)


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "a.mp4", None, seconds=2.0)
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr(media, "find_spec", lambda name: None)
    with pytest.raises(RecordingError, match=r"attunement\[video\]"):
        look(path)


def test_messages_of_ffmpeg_wait_for_no_lock_of_the_interpreter(clicks: Samples, tmp_path: Path) -> None:
    from av import logging

    path = tmp_path / "a.mp4"
    write_video(path, clicks)
    logging.set_level(logging.DEBUG)
    look(path)
    assert logging.get_level() is None

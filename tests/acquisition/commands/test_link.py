"""attune link on a recording and videos that the test makes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition.commands.files import verify_command
from acquisition.commands.link import link_command
from acquisition.event import Event
from acquisition.linking.links_file import read_links
from acquisition.recording.lock import acquire, release
from acquisition.voice.models import SFREQ
from tests.acquisition.linking.hours import BEGIN, heard, recording, voices, write_video

pytestmark = pytest.mark.slow

pytest.importorskip("av", reason="PyAV is not installed")
MARKS = [Event(time=BEGIN + t, code="sync_mark", actor="tech") for t in (20.1, 170.05)]


def run(*words: object) -> Result:
    return CliRunner().invoke(link_command, [str(word) for word in words])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lab")
    recording(path / "rec", voices(), events=MARKS)
    recording(path / "mute", voices(), events=MARKS, people=())
    write_video(path / "one.mp4", heard(voices(), 10.4, 110.0, ppm=100.0), rate=24_000)
    write_video(path / "two.mkv", heard(voices(), 125.0, 260.0), late=1.5, first=1.4)
    write_video(path / "mute.mp4", None, seconds=30.0)
    return path


@pytest.fixture(scope="module")
def linked(lab: Path) -> Path:
    """Link the two clips."""
    done = run(lab / "rec", lab / "one.mp4", lab / "two.mkv")
    assert done.exit_code == 0, done.output
    return lab


@pytest.fixture(scope="module")
def others(lab: Path) -> Path:
    """Add a video that belongs elsewhere, and one in which somebody claps."""
    write_video(lab / "claps.mp4", heard(voices(), 10.0, 180.0, claps=(20.0, 170.0)), rate=24_000)
    write_video(lab / "other.mp4", heard(voices(seed=2), 0.0, 100.0), rate=24_000)
    return lab


def test_clips_are_aligned(linked: Path) -> None:
    one, two = read_links(linked / "rec")
    assert abs(one.to_recording(0.0) - (BEGIN + 10.4)) <= one.error < 0.1
    assert abs(one.to_recording(90.0) - (BEGIN + 10.4 + 90.009)) <= one.error
    assert abs(two.to_recording(0.0) - (BEGIN + 125.0)) <= two.error < 0.1
    assert two.start == pytest.approx(1.4, abs=0.01)


def test_clips_are_linked_once_listed_and_taken_away(linked: Path) -> None:
    lab = linked
    before = (lab / "rec" / "links.toml").read_bytes()
    assert run(lab / "rec", lab / "two.mkv", lab / "one.mp4").exit_code == 0
    assert (lab / "rec" / "links.toml").read_bytes() == before
    listed = run(lab / "rec")
    assert listed.exit_code == 0
    assert "one.mp4: from 0:10.4" in listed.output
    rows = json.loads(run(lab / "rec", "--json").output)["videos"]
    assert [row["state"] for row in rows] == ["there", "there"]
    assert rows[0]["begin"] == pytest.approx(10.4, abs=0.1)
    gone = run(lab / "rec", "one.mp4", "--remove")
    assert "no longer linked" in gone.output
    assert [v.name for v in read_links(lab / "rec")] == ["two.mkv"]
    again = run(lab / "rec", "one.mp4", "--remove")
    assert again.exit_code == 1
    assert "two.mkv" in again.output


def test_a_typed_start_that_voice_contradicts_holds_and_the_other_is_said(lab: Path) -> None:
    done = run(lab / "rec", lab / "one.mp4", "--start", "2:30")
    assert done.exit_code == 0, done.output
    assert "from 2:30.00" in done.output
    assert "by voice it would begin at 0:10.4" in done.output
    assert run(lab / "rec", lab / "one.mp4").exit_code == 0


def test_what_is_not_aligned_is_linked_with_the_reason(others: Path) -> None:
    lab = others
    done = run(lab / "mute", lab / "other.mp4", "--by", "voice")
    assert done.exit_code == 1
    assert "no voice was recorded" in done.output
    done = run(lab / "rec", lab / "other.mp4")
    assert done.exit_code == 1
    assert "does not tell where it belongs" in done.output
    assert not next(v for v in read_links(lab / "rec") if v.name == "other.mp4").aligned


def test_marks_and_typed_times_align_where_there_was_no_voice(others: Path) -> None:
    lab = others
    assert run(lab / "mute", lab / "claps.mp4").exit_code == 0
    (link,) = (v for v in read_links(lab / "mute") if v.name == "claps.mp4")
    assert link.method == "marks"
    assert abs(link.to_recording(100.0) - (BEGIN + 110.0)) <= link.error
    typed = run(lab / "mute", lab / "mute.mp4", "--mark", "0:20=1", "--mark", "25.5=0:25.6")
    assert typed.exit_code == 0, typed.output
    (link,) = (v for v in read_links(lab / "mute") if v.name == "mute.mp4")
    assert link.to_recording(20.0) == pytest.approx(BEGIN + 20.1, abs=0.1)
    assert run(lab / "mute", lab / "mute.mp4", "--start", "-0:10").exit_code == 0
    (link,) = (v for v in read_links(lab / "mute") if v.name == "mute.mp4")
    assert (link.method, link.to_video(BEGIN)) == ("start", 10.0)
    assert "error not known" in run(lab / "mute").output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["absent.mp4"], 1, "no such file"),
        (["."], 1, "a folder"),
        (["notes.mp4"], 1, "no video that can be read"),
        (["one.mp4", "--start", "x"], 2, "MIN:SEC"),
        (["one.mp4", "--mark", "3"], 2, "TIME=EVENT"),
        (["one.mp4", "two.mkv", "--start", "3"], 2, "one video"),
        (["--start", "3"], 2, "being linked"),
        (["--remove"], 2, "say which video"),
        (["one.mp4", "--by", "start"], 2, "--start says"),
        (["mute.mp4", "--by", "start", "--start", "9:00:00"], 1, "nothing of the recording"),
        (["mute.mp4", "--mark", "0:01=9"], 1, "there are: 0:20.10"),
        (["mute.mp4", "--mark", "9:01=1"], 1, "has no such time"),
        (["one.mp4", "--mark", "0:01=²"], 2, "MIN:SEC"),
        (["one.mp4", "--mark", "0:01=" + "9" * 5000], 2, "MIN:SEC"),
        (["one.mp4", "--start", "9" * 400], 2, "MIN:SEC"),
        (["one.mp4", "--who", "Dr Freud"], 1, "never a name"),
        (["rec/inside.mp4"], 1, "put it beside"),
    ],
)
def test_wrong_words_and_files_are_one_line_and_change_nothing(
    words: list[str], code: int, said: str, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lab)
    (lab / "notes.mp4").write_text("just words")
    inside = lab / "rec" / "inside.mp4"
    inside.write_bytes((lab / "mute.mp4").read_bytes())
    file = lab / "rec" / "links.toml"
    before = file.read_bytes() if file.exists() else b""
    done = run("rec", *words)
    inside.unlink()
    assert done.exit_code == code
    assert said in done.output
    assert "Traceback" not in done.output
    # A busy machine is told how far it is, in lines that end with an ellipsis.
    lines = [line for line in done.output.splitlines() if not line.endswith("…")]
    assert code == 2 or len(lines) == 1
    assert (file.read_bytes() if file.exists() else b"") == before


def test_a_link_to_a_video_is_kept_as_the_file_itself(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(lab / "mute.mp4")
    assert run(lab / "rec", tmp_path / "link.mp4", "--start", "0").exit_code == 0
    assert (lab / "mute.mp4").resolve() in [v.path for v in read_links(lab / "rec")]


def test_a_growing_recording_is_not_linked_to(lab: Path, tmp_path: Path) -> None:
    fd = acquire(tmp_path)
    try:
        done = run(tmp_path, lab / "mute.mp4")
        assert done.exit_code == 1
        assert "still growing" in done.output
    finally:
        release(fd)


def test_verify_names_videos_that_moved_changed_or_are_gone(tmp_path: Path) -> None:
    path = recording(tmp_path / "rec", {r: x[: 40 * SFREQ] for r, x in voices().items()}, people=())
    video = write_video(tmp_path / "hour.mp4", None, seconds=20.0)
    assert run(path, video, "--start", "0").exit_code == 0

    def verified() -> str:
        done = CliRunner().invoke(verify_command, [str(path)])
        return done.output

    assert "hour.mp4: aligned by start, +0 ppm, error not known, there" in verified()
    data = bytearray(video.read_bytes())
    data[len(data) // 2] ^= 1
    video.write_bytes(bytes(data))
    assert ", changed" in verified()
    os.unlink(video)
    assert ", missing" in verified()

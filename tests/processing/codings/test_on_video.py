"""What was coded on a linked video lies where it was seen, by the link; on any other it is refused."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition.errors import AnnotationError
from acquisition.event import Event
from acquisition.events.overlay import effective, read_overlay
from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import write_links
from processing.codings.codings import read_rater
from processing.codings.marked import read_marked
from processing.commands.events import events_command
from tests.processing.marked import BEGIN, write_marked

Eaf = pytest.importorskip("pympi").Elan.Eaf
NAN = float("nan")
CAMERA = VideoLink(
    path=Path("/videos/hour 3.mp4"), sha256="ab" * 32, size=9, duration=3000.0, has_sound=True,
    offset=BEGIN + 12.345, drift=300.0, error=0.04, aligned=True,
)  # fmt: skip
SECOND = replace(
    CAMERA, path=Path("/videos/part2.mp4"), offset=BEGIN + 40.0, drift=-100.0, error=float("nan")
)
LOOSE = replace(CAMERA, path=Path("/videos/loose.mp4")).unaligned("voice", "nobody speaks in it")


def on_camera(video: float, link: VideoLink = CAMERA) -> float:
    return link.offset + video * (1.0 + 1e-6 * link.drift)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = write_marked(tmp_path / "D01_S01", [], seconds=120.0)
    write_links(path, [CAMERA, SECOND, LOOSE])
    return path


def run(file: Path, recording: Path, *more: str) -> Result:
    return CliRunner().invoke(
        events_command, ["import", str(file), "--recording", str(recording), "--who", "R2", *more]
    )


def held(recording: Path) -> list[Event]:
    return sorted(effective([], read_overlay(recording)), key=lambda e: e.onset)


def elan(path: Path, *media: tuple[str, int | None]) -> Path:
    file = Eaf()
    file.add_tier("codes")
    file.add_annotation("codes", 30_000, 42_500, "over_observed 3")
    for url, origin in media:
        file.add_linked_file(url, "./" + url.rsplit("/", 1)[-1], "video/mp4", origin)
    file.to_file(str(path))
    return path


def boris(
    path: Path, files: list[str], lengths: list[float], events: list[list[object]], **more: object
) -> Path:
    observation = {
        "type": "MEDIA", "file": {"1": files, "2": []}, "time offset": 0.0, "events": events,
        "media_info": {"length": dict(zip(files, lengths, strict=True))}, **more,
    }  # fmt: skip
    conf = {
        "0": {"code": "over_observed", "type": "State event"},
        "1": {"code": "mismatch", "type": "Point event"},
    }
    path.write_text(json.dumps({"observations": {"first": observation}, "behaviors_conf": conf}), "utf-8")
    return path


@pytest.mark.parametrize(
    "url", ["file:///videos/hour 3.mp4", "file:///C:/elsewhere/hour%203.mp4", "./hour 3.mp4"]
)
def test_a_coding_of_elan_gets_offset_and_drift_of_its_video(
    url: str, recording: Path, tmp_path: Path
) -> None:
    result = run(elan(tmp_path / "a.eaf", (url, None)), recording)
    assert result.exit_code == 0, result.output
    assert "hour 3.mp4 begins at 12.345 s of the recording, +300 ppm ± 0.040 s" in result.output
    on, off = held(recording)
    assert (on.onset, off.onset) == pytest.approx((on_camera(30.0), on_camera(42.5)), abs=1e-6)
    assert on.t_unc == pytest.approx(1.001)


def test_the_time_line_of_elan_may_begin_within_a_video(recording: Path, tmp_path: Path) -> None:
    file = elan(tmp_path / "a.eaf", ("file:///x/unknown.wav", 500), ("file:///x/part2.mp4", 2500))
    assert run(file, recording).exit_code == 0
    assert held(recording)[0].onset == pytest.approx(on_camera(32.5, SECOND), abs=1e-6)


def test_a_video_that_was_renamed_is_known_by_its_contents(recording: Path, tmp_path: Path) -> None:
    other = tmp_path / "another name.mp4"
    other.write_bytes(b"the video")
    link = replace(CAMERA, size=9, sha256=hashlib.sha256(b"the video").hexdigest())
    write_links(recording, [link, SECOND])
    assert run(elan(tmp_path / "a.eaf", (f"file://{other}", None)), recording).exit_code == 0
    assert held(recording)[0].onset == pytest.approx(on_camera(30.0), abs=1e-6)


def test_a_project_of_boris_goes_on_from_clip_to_clip(recording: Path, tmp_path: Path) -> None:
    events: list[list[object]] = [
        [10.0, "client", "over_observed", "", "", 250],
        [14.0, "client", "over_observed", "", ""],
        [25.5, "dyad", "mismatch", "", "by the door"],
    ]
    file = boris(tmp_path / "a.boris", ["C:\\films\\hour 3.mp4", "part2.mp4"], [20.0, 30.0], events)
    result = run(file, recording)
    assert result.exit_code == 0, result.output
    assert [e.onset for e in held(recording)] == pytest.approx(
        [on_camera(10.0), on_camera(14.0), on_camera(5.5, SECOND)], abs=1e-6
    )
    assert [(e.code, e.actor, e.note) for e in held(recording)][2] == ("mismatch", "dyad", "by the door")


def test_of_a_project_of_many_sessions_only_what_is_of_this_one_comes_in(
    recording: Path, tmp_path: Path
) -> None:
    event: list[object] = [5.0, "dyad", "mismatch", "", ""]
    project = json.loads(boris(tmp_path / "a.boris", ["hour 3.mp4"], [20.0], [event]).read_text("utf-8"))
    project["observations"]["next week"] = {
        **project["observations"]["first"], "file": {"1": ["hour 4.mp4"]}, "media_info": {"length": {}},
    }  # fmt: skip
    (tmp_path / "a.boris").write_text(json.dumps(project), "utf-8")
    result = run(tmp_path / "a.boris", recording)
    assert result.exit_code == 0, result.output
    assert "observation 'next week': is of no video that is linked here" in result.output
    assert [e.onset for e in held(recording)] == pytest.approx([on_camera(5.0)])
    named = run(tmp_path / "a.boris", recording, "--video", "part2.mp4")
    assert named.exit_code == 1 and "2 observations are in it (first, next week)" in named.output
    write_links(recording, [SECOND])
    assert "which is not linked" in run(tmp_path / "a.boris", recording).output


@pytest.mark.parametrize(
    ("files", "lengths", "events", "more", "said"),
    [
        (["hour 3.mp4"], [20.0], [[1.0, "", "mismatch", "", ""]], {"time offset": 5.0}, "has a time offset"),
        (["hour 3.mp4", "part2.mp4"], [0.0, 9.0], [[1.0, "", "mismatch", "", ""]], {}, "how long 'hour 3.m"),
        (
            ["hour 3.mp4", "part2.mp4"], [20.0, 9.0],
            [[19.0, "client", "over_observed", "", ""], [21.0, "client", "over_observed", "", ""]], {},
            "begins in one media file and ends in another",
        ),
        (["hour 3.mp4"], [20.0], [["soon", "", "mismatch", "", ""]], {}, "event 1: is no time"),
        (["x.mp4"], [20.0], [[1.0, "", "mismatch", "", ""]], {}, "was coded on x.mp4, which is not linked"),
    ],
)  # fmt: skip
def test_a_project_of_boris_that_cannot_be_placed_is_refused(
    files: list[str], lengths: list[float], events: list[list[object]], more: dict[str, object], said: str,
    recording: Path, tmp_path: Path,
) -> None:  # fmt: skip
    result = run(boris(tmp_path / "a.boris", files, lengths, events, **more), recording)
    assert result.exit_code == 1 and said in result.output
    assert read_overlay(recording) == []


def test_the_video_of_a_table_is_named_by_whoever_imports_it(recording: Path, tmp_path: Path) -> None:
    observer = "Time_Relative_sf;Subject;Behavior;Event_Type\n5.25;dyad;mismatch;Point\n"
    (tmp_path / "o.txt").write_text(observer, "utf-8")
    assert run(tmp_path / "o.txt", recording, "--video", "part2.mp4").exit_code == 0
    assert held(recording)[0].onset == pytest.approx(on_camera(5.25, SECOND), abs=1e-6)


def test_a_table_of_boris_names_its_video(recording: Path, tmp_path: Path) -> None:
    head = "Observation id,Subject,Behavior,Behavior type,Time,Media file name\n"
    (tmp_path / "b.csv").write_text(head + "o,dyad,mismatch,POINT,5.25,/x/part2.mp4\n", "utf-8")
    assert run(tmp_path / "b.csv", recording).exit_code == 0
    assert held(recording)[0].onset == pytest.approx(on_camera(5.25, SECOND), abs=1e-6)
    two = head + "o,dyad,mismatch,POINT,5.25,a.mp4\no,dyad,mismatch,POINT,25,b.mp4\n"
    (tmp_path / "c.csv").write_text(two, "utf-8")
    assert "a second media file" in run(tmp_path / "c.csv", recording).output


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("file:///x/other.mp4", [], r"other.mp4, which is not linked \(linked: hour 3.mp4, part2.mp4, loose"),
        ("file:///x/loose.mp4", [], "linked and not aligned: nobody speaks in it"),
        ("file:///x/other.mp4", ["--video", "nothing.mp4"], "nothing.mp4, which is not linked"),
        ("file:///x/other.mp4", ["--video", "part2.mp4", "--zero", "3"], "one of them"),
    ],
)  # fmt: skip
def test_a_coding_of_another_video_is_refused(
    url: str, more: list[str], said: str, recording: Path, tmp_path: Path
) -> None:
    result = run(elan(tmp_path / "a.eaf", (url, None)), recording, *more)
    assert result.exit_code and re.search(said, result.output)
    assert read_overlay(recording) == []


def test_who_says_when_the_file_begins_is_heard(recording: Path, tmp_path: Path) -> None:
    assert (
        run(elan(tmp_path / "a.eaf", ("file:///x/other.mp4", None)), recording, "--zero", "3").exit_code == 0
    )
    assert held(recording)[0].onset == pytest.approx(BEGIN + 33.0)


def test_of_two_videos_of_one_name_the_path_decides(recording: Path, tmp_path: Path) -> None:
    twin = replace(SECOND, path=Path("/other/hour 3.mp4"))
    write_links(recording, [CAMERA, twin])
    refused = run(elan(tmp_path / "a.eaf", ("./hour 3.mp4", None)), recording)
    assert "2 linked videos have that name" in refused.output
    assert run(elan(tmp_path / "a.eaf", ("file:///other/hour 3.mp4", None)), recording).exit_code == 0
    assert held(recording)[0].onset == pytest.approx(on_camera(30.0, twin), abs=1e-6)


def test_raters_are_compared_on_the_clock_of_the_recording(recording: Path, tmp_path: Path) -> None:
    """Two codings of the same second, one on each clip, are at the same place."""
    marked = read_marked(recording)
    seen = on_camera(50.0)
    for name, link in (("hour 3.mp4", CAMERA), ("part2.mp4", SECOND)):
        file = Eaf()
        file.add_tier("codes")
        at = round(1000 * (seen - link.offset) / link.rate)
        file.add_annotation("codes", at, at + 1000, "mismatch/dyad")
        file.add_linked_file(f"file:///x/{name}", f"./{name}", "video/mp4")
        file.to_file(str(tmp_path / "a.eaf"))
        (found,) = read_rater(str(tmp_path / "a.eaf"), marked)
        assert found.start == pytest.approx(seen - BEGIN, abs=0.0006)
    with pytest.raises(AnnotationError, match="not linked"):
        read_rater(str(elan(tmp_path / "b.eaf", ("file:///x/other.mp4", None))), marked)
    assert read_rater(str(tmp_path / "b.eaf"), None)[0].start == 30.0

"""Links beside a recording: written, read, sealed; their times; files that moved or changed."""

from __future__ import annotations

import math
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.linking.finding import find, sha256_of
from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import change_links, read_links, write_links
from acquisition.recording.verify import verify
from tests.acquisition.refilling.synthetic import written


def link_of(path: Path, **said: object) -> VideoLink:
    known = {"path": path, "sha256": sha256_of(path), "size": path.stat().st_size, "has_sound": True}
    aligned = {"duration": 60.0, "offset": 1010.0, "drift": 100.0, "error": 0.04, "aligned": True}
    return VideoLink(**(known | aligned | said))  # type: ignore[arg-type]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "hour.mp4"
    path.write_bytes(b"not a video, but what finds it does not care" * 100)
    return path


def test_what_is_written_is_read_and_nobody_else_reads_it(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    later = link_of(video, offset=1030.0, who="R1", linked="2026-11-22T10:00:00+00:00", basis="900 seconds")
    none = replace(later, path=tmp_path / "other.mp4").unaligned("voice", "no voice was recorded")
    links = (link_of(video), later, none)
    write_links(path, links[::-1])
    assert read_links(path)[:2] == links[:2]
    assert math.isnan(read_links(path)[2].offset)
    assert read_links(path)[2].reason == "no voice was recorded"
    assert stat.S_IMODE((path / "links.toml").stat().st_mode) == 0o600
    assert verify(path) == []
    assert change_links(path, lambda before: before[1:2]) == (later,)
    write_links(path, ())
    assert not (path / "links.toml").exists()
    assert read_links(path) == ()


@given(
    video=st.floats(0.0, 1e4),
    offset=st.floats(-1e6, 1e6),
    drift=st.floats(-1000.0, 1000.0),
)
def test_times_go_there_and_back(video: float, offset: float, drift: float) -> None:
    link = VideoLink(
        path=Path("/v.mp4"), sha256="0" * 64, size=1, duration=1e4, has_sound=True, offset=offset,
        drift=drift, aligned=True,
    )  # fmt: skip
    assert link.to_video(link.to_recording(video)) == pytest.approx(video, abs=1e-6)
    assert link.covers(link.to_recording(0.5 * link.duration))
    assert not link.covers(offset - 1.0)


def test_what_is_not_aligned_has_no_times(video: Path) -> None:
    link = link_of(video).unaligned("voice", "music")
    assert math.isnan(link.to_recording(1.0))
    assert math.isnan(link.to_video(1010.0))
    assert not link.covers(1010.0)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('method = "voice"', 'method = "guess"', "voice, marks, start"),
        ("offset = 1010.0", "", "offset: missing"),
        ("sha256", "sha", "unknown key"),
        ("[[video]]", "[[video", "not TOML"),
        ("offset = 1010.0", "offset = inf", "must be from"),
        ("size = ", "size = -", "whole number"),
    ],
)
def test_a_file_that_says_something_else_is_refused_by_name(
    was: str, becomes: str, said: str, tmp_path: Path, video: Path
) -> None:
    path = written(tmp_path / "rec")
    write_links(path, [link_of(video)])
    file = path / "links.toml"
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes))
    with pytest.raises(RecordingError, match=said) as told:
        read_links(path)
    assert str(file) in str(told.value)
    (found,) = verify(path)
    assert (found.file, found.problem) == ("links.toml", "damaged")


def test_a_link_to_another_place_is_not_read_through(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    write_links(path, [link_of(video)])
    (path / "links.toml").rename(tmp_path / "elsewhere.toml")
    (path / "links.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(RecordingError, match="nothing is read"):
        read_links(path)


def test_a_file_is_found_where_it_lay_or_beside_the_recording(tmp_path: Path, video: Path) -> None:
    (tmp_path / "videos").mkdir()
    path = written(tmp_path / "rec")
    lay = video.rename(tmp_path / "videos" / "hour.mp4")
    link = link_of(lay)
    assert (find(link, path).path, find(link, path, whole=True).state) == (lay, "there")
    for place in (tmp_path / "hour.mp4", path / "hour.mp4", tmp_path / "moved" / "hour.mp4"):
        place.parent.mkdir(exist_ok=True)
        lay = lay.rename(place)
        found = find(link, path)
        assert (found.path, found.state) == (place, "moved")
    lay.unlink()
    assert find(link, path).state == "missing"


def test_a_file_that_changed_is_told_from_one_that_is_missing(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    link = link_of(video)
    data = bytearray(video.read_bytes())
    data[100] ^= 1
    video.write_bytes(bytes(data))
    assert find(link, path).state == "there"  # of the same size: what it holds was not looked at
    assert find(link, path, whole=True).state == "changed"
    video.write_bytes(b"shorter")
    found = find(link, path)
    assert (found.path, found.state) == (None, "changed")
    assert "hour.mp4" in found.message

"""Links beside a recording: written, read, sealed; their times; files that moved or changed."""

from __future__ import annotations

import math
import stat
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.linking.finding import find, sha256_of
from acquisition.linking.link import VideoLink
from acquisition.linking.linking import remove_links
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
    later = replace(later, path=tmp_path / "later.mp4")
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


@given(
    offset=st.floats(-1e6, 1e6).map(lambda x: round(x, 6)),
    drift=st.floats(-1000.0, 1000.0).map(lambda x: round(x, 3)),
    times=st.lists(st.floats(-1e4, 1e4).map(lambda t: round(t, 5)), min_size=2, max_size=8, unique=True),
)
def test_later_in_the_video_is_later_in_the_recording_and_back(
    offset: float, drift: float, times: list[float]
) -> None:
    link = VideoLink(
        path=Path("/v.mp4"), sha256="0" * 64, size=1, duration=1e4, has_sound=True, offset=offset,
        drift=drift, aligned=True,
    )  # fmt: skip
    stamps = [link.to_recording(t) for t in sorted(times)]
    assert all(a < b for a, b in pairwise(stamps))
    assert [link.to_video(s) for s in stamps] == pytest.approx(sorted(times), abs=1e-6)
    # A camera whose second is the longer one has shown less when the same hour is over.
    hour = link.to_video(offset + 3600.0)
    assert (hour < 3600.0) == (drift > 0.0) or abs(drift) < 1e-6


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
        ("size = ", "size = 1" + "0" * 5000, "not TOML"),
        ("duration = 60.0", "", "duration: missing"),
        ("size = ", "# size = ", "size: missing"),
        ("duration = 60.0", "duration = nan", "must be from"),
        ("drift = 100.0", "drift = nan", "must be from"),
        ("offset = 1010.0", 'offset = "1010"', "must be a number"),
        ('path = "/', 'path = "', "must be absolute"),
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


def test_a_file_that_two_tables_link_is_refused_as_it_would_be_at_two_times(
    tmp_path: Path, video: Path
) -> None:
    path = written(tmp_path / "rec")
    write_links(path, [link_of(video)])
    text = (path / "links.toml").read_text()
    (path / "links.toml").write_text(text + text.replace("1010.0", "1020.0"))
    with pytest.raises(RecordingError, match=r"\[\[video\]\] 2 path = .* is that of \[\[video\]\] 1, too"):
        read_links(path)


def test_links_that_may_not_be_read_or_locked_are_refused_in_one_line(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "rec")
    write_links(path, [link_of(video)])

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("acquisition.linking.links_file.read_file", refused)
        with pytest.raises(RecordingError, match=r"links\.toml: cannot be read: Permission denied"):
            read_links(path)
    if sys.platform != "win32":
        monkeypatch.setattr("acquisition.linking.links_file.fcntl.flock", refused)
        with pytest.raises(RecordingError, match="rec"):
            change_links(path, lambda links: links)


def test_links_that_are_changed_at_once_are_all_kept(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    one = link_of(video)

    def add(k: int) -> None:
        new = replace(one, path=Path(f"/videos/{k}.mp4"), sha256=f"{k:064x}")
        change_links(path, lambda links: [*links, new])

    threads = [Thread(target=add, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20.0)
    assert sorted(int(v.sha256, 16) for v in read_links(path)) == list(range(8))
    assert [f.name for f in path.iterdir() if f.name.startswith(".links")] == []


def test_a_name_that_two_videos_have_takes_neither_away(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    card = [replace(link_of(video), path=Path(f"/{d}/clip.mp4"), sha256=d * 64) for d in "ab"]
    write_links(path, card)
    with pytest.raises(
        RecordingError, match=r"2 videos have that name \(say which: /a/clip.mp4, /b/clip.mp4"
    ):
        remove_links(path, [Path("clip.mp4")])
    assert len(read_links(path)) == 2
    assert remove_links(path, [Path("/b/clip.mp4")]) == card[1:]


def test_a_video_that_was_linked_on_windows_is_found_by_its_name(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    write_links(path, [replace(link_of(video), path=Path("C:\\videos\\hour.mp4"))])
    (link,) = read_links(path)
    assert link.name == "hour.mp4"
    assert find(link, path).path == tmp_path / "hour.mp4"


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

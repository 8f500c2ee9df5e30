"""ELAN files: each mark where it is seen in the video; out and in again within a millisecond."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acquisition.event import Event
from acquisition.events.overlay import effective, read_overlay
from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import write_links
from processing.commands.events import events_command
from processing.commands.export import export_command
from tests.processing.marked import BEGIN, write_marked

Eaf = pytest.importorskip("pympi").Elan.Eaf
FIRST = VideoLink(
    path=Path("/videos/of Anna/part1.mp4"), sha256="ab" * 32, size=9, duration=60.0, has_sound=True,
    offset=BEGIN - 7.25, drift=300.0, error=0.04, aligned=True,
)  # fmt: skip
NEXT = replace(FIRST, path=Path("/videos/part2.mp4"), offset=BEGIN + 55.5, drift=-200.0, duration=100.0)
ROOM = replace(FIRST, path=Path("/videos/room.mp4"), offset=BEGIN - 60.0, drift=0.0, duration=400.0)
MARKS = [
    Event(time=BEGIN + 3.0, code="suds", actor="client", value=40.0, note="low voice", id="a"),
    Event(time=BEGIN + 5.0, code="mismatch", actor="dyad", id="b"),
    Event(time=BEGIN + 5.4, code="mismatch", actor="dyad", id="c"),
    Event(time=BEGIN + 20.0, code="over_observed", phase="on", actor="client", value=3.0, id="d"),
    Event(time=BEGIN + 31.5, code="over_observed", phase="off", actor="client", ref="d", id="e"),
    Event(time=BEGIN + 90.0, code="note", actor="dyad", value='a <b> & "c"', id="f"),
    Event(time=BEGIN + 12.0, code="stimulus 7", source="lsl", t_unc=0.0),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_marked(tmp_path / "D01_S01", MARKS, seconds=120.0)


def export(recording: Path, out: Path, *more: str) -> Result:
    result = CliRunner().invoke(export_command, [str(recording), "--to", "elan", "--out", str(out), *more])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


def tiers(file: Path) -> dict[str, list[tuple[int, int, str]]]:
    read = Eaf(str(file))
    return {
        name: sorted((a, b, text) for a, b, text, *_ in read.get_annotation_data_for_tier(name))
        for name in read.get_tier_names()
    }


def test_a_mark_is_where_it_is_seen_in_each_clip(recording: Path, tmp_path: Path) -> None:
    write_links(recording, [FIRST, NEXT])
    said = export(recording, tmp_path / "out").output
    assert "part1.mp4: begins at -7.250 s of the recording, +300 ppm, ± 40 ms; 4 marks, 1 beyond" in said
    first = tiers(tmp_path / "out" / "D01_S01_part1.eaf")
    assert set(first) == {"suds/client", "mismatch/dyad", "over_observed/client"}
    assert first["suds/client"] == [(10247, 11247, "suds/client 40 low voice")]
    assert [a for a, _, _ in first["mismatch/dyad"]] == [12246, 12646]
    assert first["over_observed/client"] == [(27242, 38738, "over_observed/client 3")]
    slots = [int(s) for s in Eaf(str(tmp_path / "out" / "D01_S01_part1.eaf")).timeslots.values()]
    assert slots == sorted(slots)
    (late,) = tiers(tmp_path / "out" / "D01_S01_part2.eaf")["note/dyad"]
    assert late == (34507, 35507, 'note/dyad a <b> & "c"')


def test_another_camera_is_linked_at_its_place(recording: Path, tmp_path: Path) -> None:
    write_links(recording, [FIRST, NEXT, ROOM])
    export(recording, tmp_path / "out")
    media = Eaf(str(tmp_path / "out" / "D01_S01_part2.eaf")).get_linked_files()
    assert [(m["MEDIA_URL"], m.get("TIME_ORIGIN")) for m in media] == [
        ("./part2.mp4", None),
        ("./room.mp4", "115500"),
    ]
    room = Eaf(str(tmp_path / "out" / "D01_S01_room.eaf")).get_linked_files()
    assert [m["MEDIA_URL"] for m in room] == ["./room.mp4"]  # the others begin after it


def test_no_video_takes_the_file_of_another(recording: Path, tmp_path: Path) -> None:
    names = ("a/clip.mp4", "b/clip.mp4", "c/clip_2.mp4", "d/CLIP.mov")
    write_links(recording, [replace(FIRST, path=Path("/videos") / name) for name in names])
    export(recording, tmp_path / "out")
    written = {
        file.stem: Eaf(str(file)).get_linked_files()[0]["MEDIA_URL"]
        for file in (tmp_path / "out").glob("*.eaf")
    }
    assert written == {
        "D01_S01_clip": "./clip.mp4",
        "D01_S01_clip_3": "./clip.mp4",
        "D01_S01_clip_2": "./clip_2.mp4",
        "D01_S01_CLIP_4": "./CLIP.mov",
    }


def test_where_a_video_lies_is_said_only_where_it_is_asked_for(recording: Path, tmp_path: Path) -> None:
    write_links(recording, [FIRST])
    export(recording, tmp_path / "out")
    assert "Anna" not in (tmp_path / "out" / "D01_S01_part1.eaf").read_text("utf-8")
    for kind in ("csv", "xdf", "bids", "mne", "edf"):
        CliRunner().invoke(export_command, [str(recording), "--to", kind, "--out", str(tmp_path / kind)])
        for file in (p for p in (tmp_path / kind).rglob("*") if p.is_file()):
            assert b"part1" not in file.read_bytes(), file
    export(recording, tmp_path / "asked", "--video-paths")
    (media,) = Eaf(str(tmp_path / "asked" / "D01_S01_part1.eaf")).get_linked_files()
    assert media["MEDIA_URL"] == "file:///videos/of Anna/part1.mp4"
    assert (tmp_path / "asked" / media["RELATIVE_MEDIA_URL"]).resolve() == FIRST.path


def test_without_a_video_the_time_is_that_of_the_recording(recording: Path, tmp_path: Path) -> None:
    assert "no video is linked" in export(recording, tmp_path / "out").output
    assert tiers(tmp_path / "out" / "D01_S01.eaf")["suds/client"][0][0] == 3000


def brought_back(recording: Path, other: Path, out: Path, link: VideoLink, *more: str) -> list[Event]:
    export(recording, out)
    write_links(other, [link])
    file = out / f"{recording.name}_{link.path.stem}.eaf"
    words = ["import", str(file), "--recording", str(other), "--who", "R2", *more]
    result = CliRunner().invoke(events_command, words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return sorted(effective([], read_overlay(other)), key=lambda e: e.onset)


@pytest.mark.parametrize(("offset", "drift"), [(-60.0, 0.0), (-33.3337, 300.0), (-0.0049, -500.0)])
def test_marks_come_back_within_a_millisecond(offset: float, drift: float, tmp_path: Path) -> None:
    link = replace(ROOM, offset=BEGIN + offset, drift=drift)
    recording = write_marked(tmp_path / "D01_S01", MARKS, seconds=120.0)
    other = write_marked(tmp_path / "again", [], seconds=120.0)
    write_links(recording, [link])
    names = {f"{e.code}/{e.actor}" for e in MARKS if e.source != "lsl"}
    found = brought_back(recording, other, tmp_path / "out", link, *(w for n in names for w in ("--tier", n)))
    wanted = sorted((e for e in MARKS if e.source != "lsl"), key=lambda e: e.onset)
    assert [(e.code, e.actor, e.phase) for e in found] == [(e.code, e.actor, e.phase) for e in wanted]
    assert [(e.value, e.note) for e in found if e.phase != "off"] == [
        (e.value, e.note) for e in wanted if e.phase != "off"
    ]
    assert max(abs(a.onset - b.onset) for a, b in zip(found, wanted, strict=True)) <= 0.001


def test_what_we_wrote_is_not_taken_for_somebodys_coding(recording: Path, tmp_path: Path) -> None:
    write_links(recording, [ROOM])
    export(recording, tmp_path / "out")
    file = tmp_path / "out" / "D01_S01_room.eaf"
    coded = Eaf(str(file))
    coded.add_tier("R2")
    coded.add_annotation("R2", 80_000, 81_000, "mismatch")
    coded.to_file(str(file))
    words = ["import", str(file), "--recording", str(recording), "--who", "R2"]
    result = CliRunner().invoke(events_command, words)
    assert "1 added, 0 there already, 5 left out" in result.output, result.output + repr(result.exception)
    (edit,) = read_overlay(recording)
    assert edit.fields["time"] == pytest.approx(ROOM.to_recording(80.0))

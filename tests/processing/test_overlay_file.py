"""Edits are appended whole or not at all, survive a crash, and never touch the recording."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.intervals import keyed
from acquisition.events.overlay import Edit, effective, held, rater_file, read_edits, read_overlay
from acquisition.events.overlay_file import append_edits
from acquisition.recording.manifest import write
from acquisition.recording.verify import verify
from tests.acquisition.simulated import record

ADD = Edit(
    op="add",
    id="n1",
    fields={"time": 4.0, "code": "now_moment", "note": "ä\u2028b"},
    who="R2",
    when="t",
    why="w",
)
MOVE = Edit(op="edit", id="n1", fields={"time": 5.0}, who="R2", when="t2", why="video")
VOID = Edit(op="void", id="n1", who="R3", when="t3", why="twice")


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    append_edits(tmp_path / "overlay.jsonl", [ADD, MOVE])
    append_edits(tmp_path / "overlay.jsonl", [VOID])
    assert read_overlay(tmp_path) == [ADD, MOVE, VOID]
    assert effective([], read_overlay(tmp_path)) == []
    assert [e.time for e in effective([], read_overlay(tmp_path)[:2])] == [5.0]


def test_every_call_ends_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("acquisition.events.overlay_file.sync_file", synced.append)
    append_edits(tmp_path / "overlay.jsonl", [ADD])
    append_edits(tmp_path / "overlay.jsonl", [MOVE])
    assert len(synced) == 2


@given(cut=st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_a_crash_while_writing_loses_only_the_line_that_was_being_written(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("torn") / "overlay.jsonl"
    append_edits(path, [ADD])
    first = path.read_bytes()
    append_edits(path, [MOVE])
    data = path.read_bytes()
    end = max(len(data) - cut, len(first))
    path.write_bytes(data[:end])
    torn = (
        len(first) < end < len(data) - 1
    )  # without its very last byte, the end of the line, it is all there
    assert read_edits(path) == ([ADD] if end < len(data) - 1 else [ADD, MOVE])
    append_edits(path, [VOID])
    assert read_edits(path) == ([ADD, VOID] if torn or end == len(first) else [ADD, MOVE, VOID])


def test_a_faulty_line_before_the_last_is_named_and_not_skipped(tmp_path: Path) -> None:
    (tmp_path / "overlay.jsonl").write_text('{"op": "vo\n{"op": "void", "id": "a"}\n', "utf-8")
    with pytest.raises(RecordingError, match="line 1: not JSON"):
        read_overlay(tmp_path)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "overlay.jsonl"
    append_edits(path, [ADD])
    before, real, calls = path.read_bytes(), os.write, []

    def failing(fd: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return real(fd, bytes(data)[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("acquisition.events.overlay_file.os.write", failing)
    with pytest.raises(RecordingError, match="No space left"):
        append_edits(path, [MOVE])
    assert len(calls) == 2  # ten bytes did reach the file
    assert path.read_bytes() == before


def test_a_read_only_recording_is_said_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def refused(path: object, *_: object) -> int:
        opened.append(path)
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("acquisition.events.overlay_file.os.open", refused)
    with pytest.raises(RecordingError, match=r"is read-only: copy the recording") as caught:
        append_edits(tmp_path / "overlay.jsonl", [ADD])
    assert opened and "\n" not in str(caught.value)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("who", ["", "Anna Weber", "Weber"])
def test_a_name_never_gets_into_a_recording(who: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="never a name"):
        append_edits(tmp_path / "overlay.jsonl", [Edit(op="void", id="a", who=who)])
    assert not (tmp_path / "overlay.jsonl").exists()


@pytest.mark.parametrize(
    "edit",
    [
        Edit(op="drop", id="a", who="R2"),
        Edit(op="add", id="a", fields={"time": 1.0}, who="R2"),
        Edit(op="edit", id="a", fields={"time": "soon"}, who="R2"),
        Edit(op="edit", id="a", fields={"mood": 1}, who="R2"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(edit: Edit, tmp_path: Path) -> None:
    with pytest.raises(RecordingError):
        append_edits(tmp_path / "overlay.jsonl", [ADD, edit])
    assert not (tmp_path / "overlay.jsonl").exists()


def test_edits_leave_every_byte_of_the_recording_as_it_was(tmp_path: Path) -> None:
    path = record(tmp_path / "a")
    write(path)
    before = {p.name: hashlib.sha256(p.read_bytes()).digest() for p in path.iterdir()}
    append_edits(path / "overlay.jsonl", [ADD, MOVE])
    append_edits(rater_file(path, "R2"), [ADD])
    after = {p.name: hashlib.sha256(p.read_bytes()).digest() for p in path.iterdir() if p.is_file()}
    assert {k: v for k, v in after.items() if k != "overlay.jsonl"} == before
    assert verify(path) == []


def test_a_blind_rater_changes_no_result(tmp_path: Path) -> None:
    append_edits(rater_file(tmp_path, "R2"), [ADD])
    assert read_overlay(tmp_path) == []
    assert read_edits(tmp_path / "raters" / "R2.jsonl") == [ADD]


def test_a_foreign_marker_is_named_by_its_stamp_so_that_a_withdrawal_does_not_rename_it() -> None:
    foreign = [Event(time=t, code="cue", source="lsl", t_unc=0.0) for t in (1.25, 3.5, 3.5)]
    ours = Event(time=0.5, code="now_moment", actor="client", id="c1")
    assert list(keyed([ours, *foreign])) == ["c1", "#1.25", "#3.5", "#3.5'"]
    void = Edit(op="void", id="#3.5", who="R2")
    assert [e.time for e in held([ours, *foreign], [void]).values()] == [0.5, 1.25, 3.5]
    assert [e.time for e in held(foreign, [void]).values()] == [1.25, 3.5]


def test_the_lines_are_plain_json_with_who_when_and_why(tmp_path: Path) -> None:
    append_edits(tmp_path / "overlay.jsonl", [MOVE])
    row = json.loads((tmp_path / "overlay.jsonl").read_text("utf-8"))
    assert row == {
        "op": "edit",
        "id": "n1",
        "fields": {"time": 5.0},
        "who": "R2",
        "when": "t2",
        "why": "video",
    }

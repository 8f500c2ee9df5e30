"""Rows beside a sealed recording: unreadable without keys, whole after a kill, changed by nobody unseen."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import KeyStoreError, RecordingError
from acquisition.events.corrections import Correction, read_corrections
from acquisition.events.corrections_file import append_corrections
from acquisition.events.overlay import Edit, rater_file, read_edits, read_overlay
from acquisition.events.overlay_file import append_edits, append_lines
from acquisition.protection.keystore import KeyStore
from acquisition.protection.sealed_rows import keys_beside
from acquisition.protection.unlocked import lock, unlock
from acquisition.protection.unseal import unseal
from acquisition.protection.vault import Keys, new_keys, sealed_header
from acquisition.protection.withdrawal import carry_out, plan
from acquisition.recording.identity import new_id
from acquisition.recording.noted import kept_apart, note, session_of
from acquisition.recording.recording import Recording
from acquisition.recording.repair import repair
from acquisition.recording.verify import plain_rows, verify
from acquisition.session.file import write_session
from acquisition.session.record import Answers, SessionRecord
from acquisition.session.session import ProtectionSettings
from acquisition.stream import Role
from tests.acquisition.simulated import SESSION, record
from tests.waiting import wait_for

pytestmark = pytest.mark.usefixtures("kept")
CODES = {Role.CLIENT: "C07", Role.THERAPIST: "T02"}
WORDS = ("of the client", "of the therapist", "of the room")


def keys() -> Keys:
    return new_keys(new_id(), CODES)


def add(id: str, actor: str, note: str) -> Edit:
    fields = {"time": 1.0, "code": "suds", "note": note} | ({"actor": actor} if actor else {})
    return Edit(op="add", id=id, fields=fields, who="R1", when="2026-11-29", why="")


EDITS = [add("a", "client", WORDS[0]), add("b", "therapist", WORDS[1]), add("c", "", WORDS[2])]


def noted(path: Path) -> Path:
    """Put rows of every kind beside a recording."""
    for edit in EDITS:
        append_edits(path / "overlay.jsonl", [edit])
    append_edits(rater_file(path, "R2"), EDITS)
    act = Correction(op="reject", id="x", role="client", signal="heart", time=0.5, who="R1", why=WORDS[0])
    append_corrections(path, [act, Correction(op="undo", id="y", ref="x", who="R1", why=WORDS[2])])
    answers = Answers(instrument="ors", of=Role.CLIENT, when="before", answers=(5.0, 4.0, 3.0, 2.0))
    note(path, SessionRecord(answers=(answers,), principles={"trust": "yes"}, stages=("action",)))
    return path


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return noted(record(tmp_path / "s", keys=keys()))


def all_rows(path: Path) -> object:
    session = session_of(path)
    assert session is not None
    return read_overlay(path), read_edits(rater_file(path, "R2")), read_corrections(path), session.record


def test_they_read_as_beside_a_plain_recording_and_nothing_stands_open(sealed: Path, tmp_path: Path) -> None:
    plain = noted(record(tmp_path / "p"))
    assert all_rows(sealed) == all_rows(plain)
    session = Recording(sealed).session
    assert session is not None and session == session_of(sealed)
    stored = b"".join(f.read_bytes() for f in sealed.rglob("*") if f.is_file())
    assert not any(word.encode() in stored for word in (*WORDS, "suds", "reject", "trust", "ors"))
    assert verify(sealed) == [] and plain_rows(sealed) == []


def test_locked_they_stay_closed(sealed: Path, kept: KeyStore, made: tuple[Path, str]) -> None:
    lock(kept)
    try:
        for read in (read_overlay, read_corrections, session_of):
            with pytest.raises(KeyStoreError, match="attune keys unlock"):
                read(sealed)
        before = (sealed / "overlay.jsonl").read_bytes()
        with pytest.raises(KeyStoreError, match="attune keys unlock"):
            append_edits(sealed / "overlay.jsonl", EDITS)
        assert (sealed / "overlay.jsonl").read_bytes() == before
        assert verify(sealed) == []
    finally:
        unlock(kept, made[1])


@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_no_cut_flip_move_or_exchange_gives_a_wrong_row(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = record(Path(name) / "s", n_ticks=5, keys=keys())
        for edit in EDITS:
            append_edits(path / "overlay.jsonl", [edit])
        file = path / "overlay.jsonl"
        whole, lines = read_overlay(path), file.read_bytes().splitlines(keepends=True)
        content = bytearray(b"".join(lines))
        kind = data.draw(st.sampled_from(["cut", "flip", "leave out", "exchange", "twice", "elsewhere"]))
        if kind == "cut":
            del content[data.draw(st.integers(1, len(content) - 1)) :]
        elif kind == "flip":
            at = data.draw(st.integers(0, len(content) - 1))
            content[at] ^= data.draw(st.integers(1, 127))
            # Without the newline the last line is one that a killed writer left.
            kind = "cut" if at == len(content) - 1 else kind
        elif kind == "leave out":
            content = bytearray(b"".join(lines[data.draw(st.integers(1, 2)) :]))
        elif kind == "exchange":
            content = bytearray(b"".join([lines[1], lines[0], lines[2]]))
        elif kind == "twice":
            content = bytearray(b"".join([lines[0], *lines]))
        else:
            file = path / "corrections.jsonl"
        file.write_bytes(content)
        if kind == "cut":
            try:
                found = read_overlay(path)
            except RecordingError as error:
                said = str(error)
                assert f"{file}: line" in said
            else:
                assert found == whole[: len(found)]
            return
        with pytest.raises(RecordingError, match=rf"{file.name}: line [123]"):
            read_overlay(path) if file.name == "overlay.jsonl" else read_corrections(path)
        assert any(f.file == file.name for f in verify(path)) or plain_rows(path)


def test_a_line_that_no_longer_ends_is_damaged_and_only_the_last_one_counts_as_torn(tmp_path: Path) -> None:
    path = record(tmp_path / "s", n_ticks=5, keys=keys())
    for edit in EDITS:
        append_edits(path / "overlay.jsonl", [edit])
    file = path / "overlay.jsonl"
    content, rows = file.read_bytes(), read_overlay(path)
    first = content.index(b"\n")
    for other in range(256):
        if other != ord("\n"):
            file.write_bytes(content[:first] + bytes([other]) + content[first + 1 :])
            with pytest.raises(RecordingError, match=r"overlay.jsonl: line 1: a sealed line that is damaged"):
                read_overlay(path)
            file.write_bytes(content[:-1] + bytes([other]))
            assert read_overlay(path) == (rows if chr(other) in "\t\r " else rows[:2])
    file.write_bytes(content.replace(b"\n", b"\r\n"))
    assert read_overlay(path) == rows


def test_a_killed_writer_leaves_whole_rows_that_go_on(sealed: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from acquisition.events.overlay_file import append_lines\n"
        'for k in range(10**6): append_lines(Path(sys.argv[1]), \'{"op": "void", "id": "%d"}\\n\' % k)'
    )
    file = sealed / "overlay.jsonl"
    size = file.stat().st_size
    child = subprocess.Popen([sys.executable, "-c", code, str(file)], env=dict(os.environ))
    wait_for(lambda: file.stat().st_size > 3 * size)
    child.send_signal(signal.SIGKILL)
    child.wait()
    with open(file, "ab") as torn:
        torn.write(b'{"sealed": "QVRT')
    n = len(read_overlay(sealed))
    assert n > 3
    append_edits(file, [add("z", "client", "later")])
    ids = [edit.id for edit in read_overlay(sealed)]
    assert ids == ["a", "b", "c", *map(str, range(n - 3)), "z"]


def test_plain_rows_of_before_are_read_and_told_and_none_may_follow(tmp_path: Path) -> None:
    path = record(tmp_path / "s", keys=keys())
    file = path / "overlay.jsonl"
    file.write_text('{"op": "void", "id": "old"}\n')
    append_edits(file, EDITS)
    assert [e.id for e in read_overlay(path)] == ["old", "a", "b", "c"]
    assert plain_rows(path) == ["overlay.jsonl: 1 row is not sealed"]
    with open(file, "a") as other:
        other.write('{"op": "void", "id": "new"}\n')
    with pytest.raises(RecordingError, match="line 5: is not sealed, and lines before it are"):
        read_overlay(path)


def test_repair_keeps_them_and_unseal_opens_them(sealed: Path, tmp_path: Path) -> None:
    before = all_rows(sealed)
    repair(sealed, tmp_path / "r")
    assert all_rows(tmp_path / "r") == before
    assert "sealed" in (tmp_path / "r" / "overlay.jsonl").read_text()
    unseal(sealed, tmp_path / "u")
    assert all_rows(tmp_path / "u") == before
    assert "sealed" not in (tmp_path / "u" / "overlay.jsonl").read_text()


def test_covariates_and_answers_of_a_session_file_go_into_rows(tmp_path: Path) -> None:
    path = record(tmp_path / "s", keys=keys())
    answers = Answers(instrument="ors", of=Role.CLIENT, when="before", answers=(5.0, 4.0, 3.0, 2.0))
    said = replace(
        SESSION,
        client=replace(SESSION.client, covariates={"age": 34.0, "orientation": "xyz"}),
        covariates={"room": "b"},
        record=SessionRecord(answers=(answers,)),
        protection=ProtectionSettings(sealed=True),
    )
    write_session(path, kept_apart(path, said))
    assert session_of(path) == said
    stored = b"".join(f.read_bytes() for f in path.rglob("*") if f.is_file())
    assert not any(word in stored for word in (b"orientation", b"xyz", b"34.0", b"room", b"ors"))
    carry_out(path, Role.CLIENT, plan(path, Role.CLIENT), "asked")
    left = session_of(path)
    assert left is not None and not left.client.covariates and not left.record.answers


def test_a_withdrawal_takes_covariates_and_notes_out_of_a_plain_session_file(tmp_path: Path) -> None:
    path = record(tmp_path / "p")
    people = {r: replace(SESSION.participant(r), covariates={"age": 34.0}) for r in CODES}
    noted = SessionRecord(stages=("action",), principles={"trust": "yes"})
    said = replace(SESSION, client=people[Role.CLIENT], therapist=people[Role.THERAPIST], record=noted)
    write_session(path, said)
    steps = plan(path, Role.CLIENT)
    assert [(s.act, s.amount) for s in steps if "answers" in s.act] == [("take out answers", 2)]
    carry_out(path, Role.CLIENT, steps, "asked")
    left = session_of(path)
    assert left is not None and left.therapist.covariates == {"age": 34.0}
    assert not left.client.covariates and left.record == SessionRecord(principles={"trust": "yes"})


@pytest.mark.parametrize("is_sealed", [True, False])
def test_when_both_and_the_dyad_are_gone_no_row_is_left(tmp_path: Path, is_sealed: bool) -> None:
    path = noted(record(tmp_path / "s", keys=keys() if is_sealed else None))
    for role in (Role.CLIENT, Role.THERAPIST, Role.DYAD):
        carry_out(path, role, plan(path, role), "asked")
    assert list(path.rglob("*.jsonl")) == [] and list(path.rglob("*.xdf")) == []


@pytest.mark.parametrize("role", [Role.CLIENT, Role.THERAPIST])
def test_a_withdrawal_takes_the_rows_and_no_copy_of_them_opens(
    sealed: Path, tmp_path: Path, role: Role
) -> None:
    shutil.copytree(sealed, tmp_path / "backup")
    header = sealed_header(sealed / f"{role}.xdf")
    assert header is not None
    carry_out(sealed, role, plan(sealed, role), "asked")
    left = [e.id for e in read_overlay(sealed)]
    assert left == (["b", "c"] if role is Role.CLIENT else ["a", "c"])
    assert [e.id for e in read_edits(rater_file(sealed, "R2"))] == left
    kept = [c.id for c in read_corrections(sealed)]
    assert kept == ([] if role is Role.CLIENT else ["x", "y"])
    session = session_of(sealed)
    assert session is not None and bool(session.record.answers) is (role is Role.THERAPIST)
    assert verify(sealed) == []
    with pytest.raises(KeyStoreError, match=rf"destroyed.*attune withdraw RECORDING {role}"):
        Recording(tmp_path / "backup")
    assert read_overlay(tmp_path / "backup") == [
        e for e in EDITS if e.id == ("b" if role is Role.CLIENT else "a")
    ]
    carry_out(tmp_path / "backup", role, plan(tmp_path / "backup", role), "asked")  # as the message says
    assert {key[0] for b in Recording(tmp_path / "backup").batches() for key in b.streams} >= {Role.DYAD}
    assert verify(tmp_path / "backup") == [] and role not in keys_beside(tmp_path / "backup")
    append_lines(sealed / "overlay.jsonl", '{"op": "void", "id": "b"}\n')
    assert len(read_overlay(sealed)) == 3

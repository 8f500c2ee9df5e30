"""`verify` knows whose each file is and what belongs in a recording; nothing is read through a link."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pyxdf
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from acquisition.commands.files import repair_command, verify_command
from acquisition.errors import RecordingError
from acquisition.protection.withdrawal import plan
from acquisition.ratings.files import RatingWriter, Sitting
from acquisition.ratings.whose import Whose
from acquisition.recorder.store import RecordingStore
from acquisition.recording import manifest
from acquisition.recording.altered import alterations, altered
from acquisition.recording.identity import Identity, new_id, read_identity, recorded_id
from acquisition.recording.recording import Recording
from acquisition.recording.repair import repair
from acquisition.recording.verify import verify
from acquisition.session.file import write_session
from acquisition.session.toml import load_session
from acquisition.stream import ROLES, Role
from tests.acquisition import simulated
from tests.acquisition.simulated import SESSION, fill

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and special files are POSIX's")


def recorded(path: Path, *, seed: int = 0) -> Path:
    """Make a recording whose files say whose they are."""
    import numpy as np

    assert SESSION.recorded is not None
    with RecordingStore(path, fsync=0, id=new_id()) as store:
        write_session(path, replace(SESSION, recorded=replace(SESSION.recorded, id=store.id)))
        fill(store, 40, np.random.default_rng(seed))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return recorded(tmp_path / "a")


def faults(path: Path) -> set[tuple[str, str]]:
    return {(f.file, f.problem) for f in verify(path)}


def rewrite_list(path: Path) -> None:
    """Do as one who hides a change would: write a manifest that agrees with what is there."""
    (path / "manifest.json").unlink()
    manifest.write(path)


def test_each_file_says_of_which_recording_it_is_and_whose(path: Path) -> None:
    said = recorded_id(path)
    assert {role: read_identity(path / f"{role}.xdf") for role in ROLES} == {
        role: Identity(said, str(role)) for role in ROLES
    }
    session = load_session(path / "session.toml")
    assert session.recorded is not None
    assert session.recorded.id == json.loads((path / "manifest.json").read_text())["recording"] == said
    assert verify(path) == []


def test_other_programs_read_such_a_file(path: Path) -> None:
    streams, header = pyxdf.load_xdf(path / "client.xdf")
    assert streams
    assert header["info"]["role"] == ["client"]
    assert header["info"]["recording"] == [recorded_id(path)]


def test_exchanged_people_are_named_though_the_list_was_rewritten(path: Path) -> None:
    os.rename(path / "client.xdf", path / "x")
    os.rename(path / "therapist.xdf", path / "client.xdf")
    os.rename(path / "x", path / "therapist.xdf")
    rewrite_list(path)
    assert read_identity(path / "client.xdf").role == "therapist"  # it was done
    assert faults(path) == {("client.xdf", "swapped"), ("therapist.xdf", "swapped")}


def test_a_file_of_another_recording_is_named_though_the_list_was_rewritten(
    path: Path, tmp_path: Path
) -> None:
    other = recorded(tmp_path / "b", seed=1)
    (path / "client.xdf").write_bytes((other / "client.xdf").read_bytes())
    rewrite_list(path)
    assert faults(path) == {("client.xdf", "swapped")}


@pytest.mark.parametrize("name", ["client.xdf", "dyad.xdf", "session.toml"])
def test_a_file_that_is_gone_is_named_though_the_list_was_rewritten(path: Path, name: str) -> None:
    (path / name).unlink()
    rewrite_list(path)
    assert (name, "missing") in faults(path)


def test_a_withdrawn_file_is_noted_and_the_rest_is_whole(path: Path) -> None:
    (path / "client.xdf").unlink()
    assert faults(path) == {("client.xdf", "missing")}
    manifest.write(path, withdrawn=["client.xdf"])
    assert verify(path) == []
    manifest.write(path)
    assert verify(path) == []


def test_a_session_file_of_another_recording_is_named(path: Path, tmp_path: Path) -> None:
    other = recorded(tmp_path / "b", seed=1)
    (path / "session.toml").write_bytes((other / "session.toml").read_bytes())
    rewrite_list(path)
    assert faults(path) >= {(f"{role}.xdf", "swapped") for role in ROLES}


def test_an_older_recording_is_whole_and_its_roles_are_not_proven(tmp_path: Path) -> None:
    simulated.record(tmp_path / "a", n_ticks=40)
    done = CliRunner().invoke(verify_command, [str(tmp_path / "a")])
    assert (done.exit_code, done.output.strip().endswith("whole (older: roles not proven)")) == (0, True)
    done = CliRunner().invoke(verify_command, [str(tmp_path / "a"), "--json"])
    assert json.loads(done.output)["roles_proven"] is False


def test_a_recording_of_today_is_whole(path: Path) -> None:
    assert CliRunner().invoke(verify_command, [str(path)]).output.strip().endswith(": whole")


STRANGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "notes.txt": ("added", lambda p: p.write_text("x")),
    ".notes": ("hidden", lambda p: p.write_text("x")),
    "folder": ("added", lambda p: p.mkdir()),
    ".folder": ("hidden", lambda p: p.mkdir()),
    "raters/R2.txt": ("added", lambda p: p.write_text("x")),
    "raters/.R2.jsonl": ("hidden", lambda p: p.write_text("x")),
    "client2.xdf": ("added", lambda p: p.write_text("x")),
    "link": ("linked", lambda p: p.symlink_to("client.xdf")),
    "overlay.jsonl": ("linked", lambda p: p.symlink_to("/etc/hostname")),
    "raters": ("linked", lambda p: p.symlink_to("/etc")),
    "pipe": ("added", lambda p: os.mkfifo(p)),
}


@posix
@pytest.mark.parametrize("name", STRANGE)
def test_what_is_strange_in_a_recording_is_named(path: Path, name: str) -> None:
    problem, make = STRANGE[name]
    (path / name).parent.mkdir(exist_ok=True)
    make(path / name)
    assert (path / name).lstat()
    assert (name, problem) in faults(path)
    assert {f for f, _ in faults(path)} == {name}


BESIDE = [
    "overlay.jsonl",
    "raters/R2.jsonl",
    "corrections.jsonl",
    "amendments.jsonl",
    "refill/client.xdf",
    "ratings/P.xdf",
    "links.toml",
    "derived.jsonl",
    "withdrawal-C07-2026-11-22.certificate.json",
    "withdrawal-C07-2026-11-22.certificate.pdf",
]


LINES = {
    "overlay": b'{"op": "void", "id": "a"}\n',
    "raters": b'{"op": "void", "id": "a"}\n',
    "corrections": b'{"op": "undo", "id": "a", "ref": "b"}\n',
    "amendments": b'{"key": "number", "value": "4"}\n',
    "record": b'{"about": "client", "record": ""}\n',
}
"""Lines as each file beside a recording holds them."""


@pytest.mark.parametrize("bad", [b"not JSON", b"{}", b"[1]", b'{"op": "void"', b"\xff\x00"])
@pytest.mark.parametrize(
    "name",
    ["overlay.jsonl", "raters/R2.jsonl", "corrections.jsonl", "amendments.jsonl", "record.jsonl"],
)
def test_each_line_beside_a_recording_that_its_reader_refuses_is_named(
    path: Path, name: str, bad: bytes
) -> None:
    good = next(line for file, line in LINES.items() if name.startswith(file))
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).write_bytes(good + bad + b"\n" + good + bad + b"\n" + good)
    found = [str(f) for f in verify(path)]
    assert len(found) == 2
    assert f"{name}: damaged: line 2: " in found[0]
    assert f"{name}: damaged: line 4: " in found[1]
    (path / name).write_bytes(good * 3)
    assert verify(path) == []


def test_repair_names_what_it_cannot_put_right(path: Path) -> None:
    exchange(path)
    result = CliRunner().invoke(repair_command, [str(path), "--out", str(path.with_name("b"))])
    assert result.exit_code == 0
    for role in ("client", "therapist"):
        assert f"copied as it was: {role}.xdf: swapped" in result.stderr
    again = CliRunner().invoke(repair_command, [str(path), "--out", str(path.with_name("c")), "--json"])
    found = json.loads(again.stdout)["findings"]
    assert {f["problem"] for f in found} == {"swapped"}


@pytest.mark.parametrize("name", BESIDE)
def test_what_comes_after_the_close_is_known_and_repair_keeps_it(path: Path, name: str) -> None:
    (path / name).parent.mkdir(exist_ok=True)
    content = (path / "client.xdf").read_bytes() if name.startswith("refill") else b"{}\n"
    content = next((line for file, line in LINES.items() if name.startswith(file)), content)
    content = b"" if name == "links.toml" else content
    if name.startswith("ratings"):
        written = RatingWriter(path, Sitting(rater="P", whose=Whose(Role.CLIENT)))
        written.add(10.0, (0.5,))
        written.close()
        content = (path / name).read_bytes()
    (path / name).write_bytes(content)
    assert verify(path) == []
    repair(path, path.with_name("b"))
    assert (path.with_name("b") / name).read_bytes() == content
    assert verify(path.with_name("b")) == []


def test_repair_keeps_whose_each_file_is(path: Path) -> None:
    repair(path, path.with_name("b"))
    assert read_identity(path.with_name("b") / "client.xdf") == Identity(recorded_id(path), "client")


@posix
@pytest.mark.parametrize("name", ["client.xdf", "session.toml", "overlay.jsonl", "raters/R2.jsonl", "raters"])
def test_nothing_is_read_or_copied_through_a_link(path: Path, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "elsewhere"
    if name == "raters":
        secret.mkdir()
        (secret / "R2.jsonl").write_text("secret")
    else:
        secret.write_bytes((path / name).read_bytes() if (path / name).exists() else b"secret")
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).unlink(missing_ok=True)
    (path / name).symlink_to(secret)
    assert (name, "linked") in faults(path)
    for read in (lambda: repair(path, tmp_path / "b"), lambda: Recording(path)):
        with pytest.raises(
            RecordingError, match=rf"{name} is a link to .*elsewhere; nothing is read through"
        ):
            read()
    assert not (tmp_path / "b").exists()


@posix
def test_a_recording_may_itself_be_called_by_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "today").symlink_to(path)
    assert Recording(tmp_path / "today").state == "closed"
    assert verify(tmp_path / "today") == []


@given(data=st.binary(max_size=300))
def test_any_beginning_of_a_file_says_something_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.xdf"
    for head in (b"", b"XDF:", b"XDF:\x01\x80\x01\x00<info><recording>"):
        file.write_bytes(head + data)
        assert read_identity(file) == Identity()


def test_a_link_that_comes_while_the_recording_grows_is_not_followed(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    recording = Recording(tmp_path / "a")
    store.tick(1.0, time.time())
    os.rename(tmp_path / "a" / "client.xdf", tmp_path / "elsewhere")
    (tmp_path / "a" / "client.xdf").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        list(recording.batches())
    simulated.abandon(store)


def test_what_says_it_is_another_persons_is_told_without_a_manifest_too(path: Path) -> None:
    exchange(path)
    (path / "manifest.json").unlink()
    assert {f.file for f in altered(path)} == {"client.xdf", "therapist.xdf"}
    assert any("client.xdf: is the therapist's by its own header" in line for line in alterations(path))


def test_a_cut_recording_whose_file_has_no_head_yet_is_not_called_exchanged(path: Path) -> None:
    (path / "manifest.json").unlink()
    (path / "client.xdf").write_bytes(b"")
    assert altered(path) == []


@pytest.mark.parametrize("listed", ["as it was", "none"])
def test_nobody_is_erased_for_another_whose_file_stands_in_their_place(path: Path, listed: str) -> None:
    exchange(path)
    if listed == "none":
        (path / "manifest.json").unlink()
    before = {file: file.read_bytes() for file in path.iterdir()}
    with pytest.raises(RecordingError, match=r"client.xdf is the therapist's .* Nothing was erased"):
        plan(path, Role.CLIENT)
    assert {file: file.read_bytes() for file in path.iterdir()} == before


def exchange(path: Path) -> None:
    (path / "client.xdf").rename(path / "x")
    (path / "therapist.xdf").rename(path / "client.xdf")
    (path / "x").rename(path / "therapist.xdf")

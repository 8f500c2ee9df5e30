"""`verify` names each file that is not as it was when the recording was closed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.recorder.store import RecordingStore
from acquisition.recording import manifest
from acquisition.recording.contents import Finding
from acquisition.recording.verify import verify
from tests.acquisition.simulated import abandon, record

FILES = ["client.xdf", "dyad.xdf", "session.toml", "therapist.xdf"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return record(tmp_path / "a", n_ticks=40)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("m") / "a", n_ticks=40)


def test_a_closed_recording_is_whole(path: Path) -> None:
    assert verify(path) == []
    assert sorted(json.loads((path / "manifest.json").read_bytes())["files"]) == FILES


@settings(deadline=None, max_examples=25)
@given(name=st.sampled_from(FILES), share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_names_the_file(shared: Path, name: str, share: float, bit: int) -> None:
    file = shared / name
    whole = file.read_bytes()
    data = bytearray(whole)
    data[int(share * len(data))] ^= 1 << bit
    try:
        file.write_bytes(data)
        findings = verify(shared)
    finally:
        file.write_bytes(whole)
    assert {f.file for f in findings} == {name}
    assert findings[0] == Finding(name, "damaged", "its SHA-256 differs from the manifest")


def test_the_damaged_slice_is_named_with_its_place(path: Path) -> None:
    data = bytearray((path / "client.xdf").read_bytes())
    data[len(data) // 2] ^= 16
    (path / "client.xdf").write_bytes(data)
    places = [f for f in verify(path) if "bytes" in f.message]
    assert places
    assert all(f.file == "client.xdf" and f.problem == "damaged" for f in places)


def test_missing_added_and_shortened_files_are_named(path: Path) -> None:
    (path / "therapist.xdf").unlink()
    (path / "notes.txt").write_text("x")
    (path / "overlay.jsonl").write_text("\n")  # later edits are not the manifest's
    whole = (path / "dyad.xdf").read_bytes()
    (path / "dyad.xdf").write_bytes(whole[:-10])
    assert {(f.file, f.problem) for f in verify(path)} == {
        ("therapist.xdf", "missing"),
        ("notes.txt", "added"),
        ("dyad.xdf", "damaged"),
        ("dyad.xdf", "cut"),
    }


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"files": {}, "sha256": 3}', b"[" * 100_000])
def test_a_damaged_manifest_is_named(path: Path, data: bytes) -> None:
    (path / "manifest.json").write_bytes(data)
    assert [(f.file, f.problem) for f in verify(path)] == [("manifest.json", "damaged")]


def test_a_change_of_a_sum_in_the_manifest_is_named(path: Path) -> None:
    text = (path / "manifest.json").read_text()
    at = text.index('"sha256": "') + 12
    (path / "manifest.json").write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    assert [(f.file, f.problem) for f in verify(path)] == [("manifest.json", "damaged")]


def test_a_cut_recording_has_no_manifest_and_its_slices_are_still_checked(tmp_path: Path) -> None:
    path = record(tmp_path / "a", n_ticks=40, close=False)
    assert {(f.file, f.problem) for f in verify(path)} == {
        ("manifest.json", "missing"),
        ("client.xdf", "cut"),
        ("therapist.xdf", "cut"),
        ("dyad.xdf", "cut"),
    }


def test_a_growing_recording_is_not_verified(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "a", fsync=0)
    (finding,) = verify(tmp_path / "a")
    assert finding.problem == "growing"
    abandon(store)


def test_a_manifest_can_be_written_again(path: Path) -> None:
    (path / "client.xdf").unlink()
    manifest.write(path)
    assert verify(path) == []

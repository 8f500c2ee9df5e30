"""A repaired recording is new, closed, and has every whole slice; the old one stays as it is."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import pyxdf
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.recording.repair import repair
from acquisition.recording.verify import verify
from acquisition.stream import ROLES
from tests.acquisition.recording.test_recording import scratch
from tests.acquisition.simulated import abandon, content, record

EDIT = '{"op": "void", "id": "a"}\n'


def snapshot(path: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in path.iterdir()}


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    shares=st.tuples(*[st.floats(0, 1)] * 3),
    how=st.sampled_from(["cut", "junk", "zeros"]),
)
def test_every_whole_slice_is_kept(seed: int, shares: tuple[float, ...], how: str) -> None:
    with scratch() as d:
        path = record(d / "a", seed=seed, n_ticks=220, close=False)
        for role, share in zip(ROLES, shares, strict=True):
            file = path / f"{role}.xdf"
            data = bytearray(file.read_bytes())
            at = int(share * (len(data) - 150))
            if how == "cut":
                del data[at:]
            else:
                data[at : at + 150] = bytes(150) if how == "zeros" else np.random.default_rng(seed).bytes(150)
            file.write_bytes(data)
        before, damaged = snapshot(path), Recording(path)
        whole = content(damaged.batches())
        report = repair(path, d / "b")
        assert snapshot(path) == before
        mended = Recording(d / "b")
        assert content(mended.batches()) == whole
        assert mended.state == "closed"
        assert mended.damage == []
        assert verify(d / "b") == []
        assert [r.file for r in report] == [f"{role}.xdf" for role in ROLES]
        assert sum(len(r.damage) for r in report) == len(damaged.damage)


def test_the_new_files_load_in_pyxdf_and_are_the_owners(tmp_path: Path) -> None:
    record(tmp_path / "a", close=False)
    (tmp_path / "a" / "overlay.jsonl").write_text("{}\n")
    reports = repair(tmp_path / "a", tmp_path / "b")
    assert [r.slices for r in reports] == [150] * 3
    for role in ROLES:
        assert pyxdf.load_xdf(tmp_path / "b" / f"{role}.xdf")[0]
    assert (tmp_path / "b" / "overlay.jsonl").read_text() == "{}\n"
    if os.name == "posix":
        assert {p.stat().st_mode & 0o777 for p in (tmp_path / "b").iterdir()} == {0o600}


def test_the_codings_of_blind_raters_come_along(tmp_path: Path) -> None:
    record(tmp_path / "a", close=False)
    (tmp_path / "a" / "raters").mkdir()
    (tmp_path / "a" / "raters" / "R2.jsonl").write_text(EDIT)
    repair(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / "raters" / "R2.jsonl").read_text() == EDIT
    assert verify(tmp_path / "b") == []


def test_a_withdrawn_file_stays_away(tmp_path: Path) -> None:
    record(tmp_path / "a", close=False)
    (tmp_path / "a" / "client.xdf").unlink()
    repair(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b" / "client.xdf").exists()


def test_a_broken_session_file_does_not_hinder(tmp_path: Path) -> None:
    record(tmp_path / "a", close=False)
    (tmp_path / "a" / "session.toml").write_bytes(b"\xff[")
    assert [r.slices for r in repair(tmp_path / "a", tmp_path / "b")] == [150] * 3
    assert (tmp_path / "b" / "session.toml").read_bytes() == b"\xff["


def test_what_cannot_be_repaired_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording"):
        repair(tmp_path, tmp_path / "b")
    store = RecordingStore(tmp_path / "a", fsync=0)
    with pytest.raises(RecordingError, match="still at work"):
        repair(tmp_path / "a", tmp_path / "b")
    abandon(store)
    with pytest.raises(RecordingError, match=r"a: .*exists"):
        repair(tmp_path / "a", tmp_path / "a")

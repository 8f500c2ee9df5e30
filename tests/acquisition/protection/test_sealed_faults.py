"""Recorders of sealed recordings, killed and begun again; the table: `python -m benchmarks.sealed_faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.protection.vault import sealed_header
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import ROLES
from benchmarks.sealed_faults import closed, damaged, filled, key_store, kill_once, seen

pytestmark = pytest.mark.realtime


def test_killed_it_is_whole_up_to_the_kill_and_what_begins_anew_has_other_keys(tmp_path: Path) -> None:
    with key_store(tmp_path):
        _, cut = kill_once(tmp_path / "out", 0.4)  # followed = read afterwards = repaired
        assert Recording(cut).state == "cut" and seen(Recording(cut))
        again = closed(tmp_path / "again", 0.4)
        heads = [sealed_header(p / f"{role}.xdf") for p in (cut, again) for role in ROLES]
        keys = {(head.key, head.salt) for head in heads if head is not None}
        assert len(keys) == len({key for key, _ in keys}) == 2 * len(ROLES)
        for how in ("cut", "flip", "exchange"):
            assert damaged(again, 4, how) == (4, 0)
        assert verify(again) == []


def test_on_a_full_disk_it_is_closed_and_says_why(tmp_path: Path) -> None:
    with key_store(tmp_path):
        said = filled(tmp_path)
    if "no small disk" in said:
        pytest.skip(said)
    assert said.startswith("closed, longest step 10 ms") and ("the disk" in said or "No space left" in said)

"""Sealed recordings: read with an unlocked key store, named with a locked one, and said to be unsealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import lock, unlock
from acquisition.protection.vault import new_keys
from acquisition.recording.identity import new_id
from acquisition.stream import Role
from processing.cohort import engine
from processing.cohort.store import StoreTables
from tests.processing.cohort.cohorts import cohort, here
from tests.processing.simulated_hour import write_hour


def test_they_are_read_with_an_unlocked_store_and_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("ATTUNE_KEYS", str(tmp_path / "keys"))
    monkeypatch.setattr(engine, "run", here)
    monkeypatch.setattr("processing.cohort.report.write_report", lambda *_, **__: [])
    store, recovery = KeyStore.init(tmp_path / "keys", "a long passphrase")
    unlock(store, recovery)
    keys = new_keys(new_id(), {Role.CLIENT: "C01", Role.THERAPIST: "T01"})
    path = write_hour(tmp_path / "D01_S01", past=2.0, keys=keys, dyad="D01", number=1)
    lock(store)
    locked = cohort(path, "--out", tmp_path / "store")
    assert locked.exit_code == 1 and "the key store is locked" in locked.stderr
    assert len(StoreTables(tmp_path / "store")["sessions"]) == 0
    unlock(store, recovery)
    result = cohort(path, "--out", tmp_path / "store")
    assert result.exit_code == 0, result.output
    assert "holds the results of 1 sealed recording, unsealed" in result.stdout
    assert list(StoreTables(tmp_path / "store")["sessions"]["sealed"]) == [True]

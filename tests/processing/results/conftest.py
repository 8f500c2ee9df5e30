"""An unlocked key store, which every command of a test finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import unlock
from processing.commands import withdrawing


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let certificates have an empty page: what they say stands in their JSON, and a page has four fonts."""
    monkeypatch.setattr(withdrawing, "_write_pdf", lambda _said, file: file.write_bytes(b"%PDF-"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyStore:
    """Return a store whose passphrase is "a long passphrase"."""
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("ATTUNE_KEYS", str(tmp_path / "keys"))
    store, recovery = KeyStore.init(tmp_path / "keys", "a long passphrase")
    unlock(store, recovery)
    return store

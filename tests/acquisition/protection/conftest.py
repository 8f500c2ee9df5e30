"""A key store: made once, since its passphrase takes seconds on purpose, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import ENVIRONMENT
from acquisition.protection.unlocked import unlock

PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("made") / "keys"
    _, recovery = KeyStore.init(path, PASSPHRASE)
    return path, recovery


@pytest.fixture(scope="module")
def kept(made: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStore]:
    """Have one unlocked store for the properties of a module."""
    with pytest.MonkeyPatch.context() as patch:
        run = tmp_path_factory.mktemp("run")
        run.chmod(0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(run))
        path = tmp_path_factory.mktemp("kept") / "keys"
        shutil.copytree(made[0], path)
        patch.setenv(ENVIRONMENT, str(path))
        store = KeyStore(path)
        unlock(store, made[1])
        yield store


@pytest.fixture
def locked(made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyStore:
    """Return a store of its own, which every command of the test finds."""
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    path = tmp_path / "keys"
    shutil.copytree(made[0], path)
    monkeypatch.setenv(ENVIRONMENT, str(path))
    return KeyStore(path)


@pytest.fixture
def recovery(made: tuple[Path, str]) -> str:
    return made[1]


@pytest.fixture
def store(locked: KeyStore, recovery: str) -> KeyStore:
    """Return a store that is unlocked."""
    unlock(locked, recovery)
    return locked

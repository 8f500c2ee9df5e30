"""The unlocked store: its identity in a file of the user's runtime directory, for a while."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from acquisition.errors import KeyStoreError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import put, shred
from acquisition.runtime import runtime_directory

HOURS = 12.0
"""How long a store stays unlocked."""
WAY_OUT = "`attune keys unlock` opens it"


def _place(store: KeyStore) -> Path:
    return runtime_directory() / f"unlocked-{store.id}.json"


def unlock(store: KeyStore, identity: str, hours: float = HOURS) -> float:
    """Keep a store's identity at hand; return until when [s since 1970].

    Raises
    ------
    KeyStoreError
        If the identity is not the store's.
    """
    if not store.fits(identity):
        raise KeyStoreError(f"{store.path}: that identity is not of this store")
    until = time.time() + 3600.0 * hours
    put(_place(store), json.dumps({"identity": identity.strip(), "until": until}).encode())
    return until


def lock(store: KeyStore) -> bool:
    """Forget the identity; tell whether it was at hand."""
    file = _place(store)
    there = file.exists()
    shred(file)
    return there


def identity_of(store: KeyStore) -> str:
    """Return the store's identity.

    Raises
    ------
    KeyStoreError
        If the store is locked, or has been unlocked for too long.
    """
    found = _read(store)
    if found is None:
        raise KeyStoreError(f"{store.path}: the key store is locked ({WAY_OUT})")
    return found[0]


def unlocked_until(store: KeyStore) -> float | None:
    """Return until when a store is unlocked [s since 1970]; None if it is locked."""
    found = _read(store)
    return None if found is None else found[1]


def _read(store: KeyStore) -> tuple[str, float] | None:
    file = _place(store)
    try:
        fd = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with open(fd, "rb") as opened:
            said = json.loads(opened.read())
        identity, until = str(said["identity"]), float(said["until"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        shred(file)
        return None
    if not time.time() < until:
        shred(file)
        return None
    return identity, until

"""The last of a person: their identity and what keys are left of them; another's keys stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acquisition.errors import AttunementError, KeyStoreError, NoKeyStoreError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import default_store
from acquisition.protection.unlocked import identity_of
from acquisition.protection.vault import sealed_header
from acquisition.stream import PEOPLE
from processing.commands.whose import recordings_below, session_as_known


def opened(store: Path | None) -> KeyStore | None:
    """Return the key store; None where there is none."""
    try:
        return KeyStore(store or default_store())
    except NoKeyStoreError:
        return None


def is_known(person: str, store: Path | None) -> bool:
    """Tell whether the key store holds anything of a person, wherever their recordings are."""
    keys = opened(store)
    return keys is not None and (person in keys.people() or any(k.person == person for k in keys.records()))


def give_back(person: str, places: Sequence[Path], store: Path | None) -> list[str]:
    """Make keys the ones of whose code was put right since, so that they outlive this person; say which.

    Before `attune amend` did so itself a key stayed with the code under which it was recorded.

    Raises
    ------
    KeyStoreError
        If the store is locked: nothing was erased yet.
    """
    keys = opened(store)
    if keys is None:
        return []
    theirs = {k.id for k in keys.records() if k.person == person}
    said = []
    for path in recordings_below(places) if theirs else ():
        for role in PEOPLE:
            try:
                header = sealed_header(path / f"{role}.xdf")
                if header is None or header.key not in theirs:
                    continue
                session = session_as_known(path, without_keys=False)
            except KeyStoreError:
                raise
            except (OSError, AttunementError):
                continue  # nobody knows whose it is: that is said of it
            now = session.code(role) if session is not None else ""
            if now and now != person:
                keys.reassign(header.key, now, identity_of(keys))
                said.append(f"{path}: the key of the {role} is kept: it is of {now} by an amendment")
    return said


def forget(person: str, why: str, store: Path | None = None) -> str:
    """Destroy a person's identity and every key of theirs, where there is a key store; say so."""
    keys = opened(store)
    if keys is None or not is_known(person, store):
        return ""
    gone = keys.destroy_person(person, why)
    return f"{keys.path}: the identity of {person} and {len(gone)} more keys are destroyed"

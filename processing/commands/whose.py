"""Whose recordings are: those of a person below some places, and those of which nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from acquisition.errors import KeyStoreError, RecordingError, SessionError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import default_store
from acquisition.protection.vault import sealed_header
from acquisition.recording.contents import MANIFEST_NAME, SESSION_NAME
from acquisition.recording.identity import roles_proven
from acquisition.recording.noted import session_of
from acquisition.session.session import Session
from acquisition.session.toml import load_session
from acquisition.stream import PEOPLE, ROLES, Role


def recordings_below(places: Sequence[Path]) -> Iterator[Path]:
    """Yield the recordings below some places that still hold somebody's data."""
    for place in places:
        for file in sorted(place.rglob(SESSION_NAME)):
            if any((file.parent / f"{role}.xdf").exists() for role in ROLES):
                yield file.parent


def _nobodys(places: Sequence[Path]) -> Iterator[Path]:
    """Yield the recordings of ours below some places that have no session file any more."""
    for place in places:
        for folder in sorted({file.parent for role in ROLES for file in place.rglob(f"{role}.xdf")}):
            if (folder / SESSION_NAME).exists() or folder.name == "refill":
                continue
            if (folder / MANIFEST_NAME).exists() or roles_proven(folder):
                yield folder


def recordings_of(
    code: str, places: Sequence[Path], *, without_keys: bool = False, unread: list[str] | None = None
) -> Iterator[tuple[Path, Role]]:
    """Yield the recordings below some places in which a person has a role.

    Parameters
    ----------
    unread : list of str, optional
        Gets a line a recording of which nobody knows whose it is: they may be in it.
    """
    unread = [] if unread is None else unread
    unread += [f"{path}: nobody knows whose it is: {SESSION_NAME} is missing" for path in _nobodys(places)]
    for path in recordings_below(places):
        try:
            session = session_as_known(path, without_keys=without_keys)
        except KeyStoreError:
            raise  # its codes may have been put right since: it must not be passed over
        except (RecordingError, SessionError) as error:
            unread.append(f"{path}: nobody knows whose it is: {str(error).splitlines()[0]}")
            continue
        for role in PEOPLE:
            said = session.code(role) if session is not None else ""
            if without_keys and said:
                said = _code_of_key(path, role) or said
            if said == code:
                yield path, role


def _code_of_key(path: Path, role: Role) -> str:
    """Return whose a person's key is, which the key store says though it is locked; "" if it does not."""
    try:
        header = sealed_header(path / f"{role}.xdf")
        return KeyStore(default_store()).record(header.key).person if header is not None else ""
    except RecordingError:
        return ""


def session_as_known(path: Path, *, without_keys: bool) -> Session | None:
    """Return the session of a recording; amendments of a sealed one need its keys."""
    try:
        return session_of(path)
    except KeyStoreError:
        if not without_keys:
            raise
        return load_session(path / SESSION_NAME)

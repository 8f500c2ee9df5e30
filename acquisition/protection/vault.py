"""Keys of recordings: made when one begins, and found again by the id that its files name."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from acquisition.errors import KeyGoneError, KeyStoreError, NoKeyStoreError, RecordingError
from acquisition.protection.frames import Header, Opener, Seal, is_sealed, read_header
from acquisition.protection.keystore import SHARED, KeyStore
from acquisition.protection.store_files import ENVIRONMENT, default_store
from acquisition.protection.unlocked import identity_of
from acquisition.session.study import Study
from acquisition.stream import ROLES, Role

_HEAD = 1 << 15
UNSEALED = "not sealed: whoever has the disk or a copy of it can read the recording"
TOGETHER = "+"
"""Between the ids of keys that a file needs together, as what is of the dyad."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Hold the keys of one recording: role → id of the key, and the key."""

    recording: str
    of: Mapping[Role, tuple[str, bytes]]

    def seal(self, role: Role, name: str) -> Seal:
        """Return what seals a new file of a role; every call gives a file key of its own."""
        key, secret = self.of[role]
        return Seal(secret, Header.new(key, recording=self.recording, role=str(role)), name)


def unopened_by(study: Study, store: Path | None = None) -> list[str]:
    """Say which recipients of a study could not open what this key store seals."""
    try:
        missing = KeyStore(store or default_store()).without(study.recipients)
    except KeyStoreError:
        return []  # told when the keys are made
    return [
        f"{study.path.name}: {one.name} does not open the key store (`attune keys add-recipient {one.key}`)"
        for one in missing
    ]


def throw_away_seal(recording: str, role: str, name: str) -> Seal:
    """Return what seals a file that nobody is to open again: its key is kept nowhere."""
    header = Header.new(str(uuid.uuid4()), recording=recording, role=role)
    return Seal(secrets.token_bytes(32), header, name)


def new_keys(recording: str, codes: Mapping[Role, str], store: Path | None = None) -> Keys:
    """Make the keys of a recording.

    Parameters
    ----------
    codes : mapping
        Codes of client and therapist.

    Raises
    ------
    KeyStoreError
        If the store is missing or locked: before anything is recorded.
    """
    opened = KeyStore(store or default_store())
    identity = identity_of(opened)
    made = {r: opened.new_key(codes.get(r, SHARED), recording, str(r), identity) for r in ROLES}
    return Keys(recording, made)


@lru_cache(maxsize=256)
def _secret(store: Path, key: str, unlocked: str) -> bytes:
    return KeyStore(store).key(key, unlocked)


def secret_of(key: str, store: Path | None = None) -> bytes:
    """Return the key of that id, 32 bytes; of several ids, one that needs all of them.

    Raises
    ------
    KeyStoreError
        If the store is missing or locked, or the key is not in it (any more).
    """
    opened = KeyStore(store or default_store())
    parts = key.split(TOGETHER)
    for part in parts:
        opened.record(part)  # destroyed since it was read last: it opens nothing, here too
    secrets_ = [_secret(opened.path, part, identity_of(opened)) for part in parts]
    return secrets_[0] if len(secrets_) == 1 else _joined(secrets_)


def was_destroyed(key: str, store: Path | None = None) -> bool:
    """Tell whether a key was destroyed.

    Raises
    ------
    KeyStoreError
        If there is no store.
    """
    opened = KeyStore(store or default_store())
    try:
        opened.record(key)
    except KeyGoneError:
        return True
    except KeyStoreError:
        return False
    return False


def key_role(key: str, store: Path | None = None) -> str:
    """Return whose key it is in its recording: client, therapist or dyad; "" if it is gone."""
    try:
        return KeyStore(store or default_store()).record(key).role
    except KeyStoreError:
        return ""


def rekey(path: Path, role: Role, code: str) -> None:
    """Make the key of a person in a recording that of another code, where it is sealed.

    Else whoever had the code by mistake took this person's hour along when they withdrew.

    Raises
    ------
    KeyStoreError
        See `secret_of`.
    """
    header = sealed_header(path / f"{role}.xdf")
    if header is not None:
        opened = KeyStore(default_store())
        opened.reassign(header.key, code, identity_of(opened))


def _joined(secrets_: list[bytes]) -> bytes:
    """Return a key that needs all of these: HKDF-SHA256 of them one after the other."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, None, b"attunement keys together").derive(b"".join(secrets_))


def sealed_header(path: Path) -> Header | None:
    """Return the header of a sealed file; None if the file is not sealed, or not there.

    Raises
    ------
    RecordingError
        If the head is damaged.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not is_sealed(head):
        return None
    found = read_header(head, str(path))
    if found is None:
        raise RecordingError(f"{path}: the head of a sealed file is cut off")
    return found[0]


def seal_anew(source: Path) -> Seal | None:
    """Return what seals a copy of a file for the same person and session; None if the file is not sealed.

    Raises
    ------
    KeyStoreError
        See `secret_of`.
    """
    header = sealed_header(source)
    if header is None:
        return None
    new = Header.new(header.key, recording=header.recording, role=header.role)
    return Seal(secret_of(header.key), new, source.name)


def opener_of(header: Header, name: str) -> Opener:
    """Return what opens a file.

    Raises
    ------
    KeyStoreError
        See `secret_of`; names the file.
    """
    try:
        return Opener(secret_of(header.key), header, name)
    except NoKeyStoreError as error:
        way = f"set {ENVIRONMENT} to where it is"
        raise KeyStoreError(f"{name} is sealed, and its key store is not at {error.path} ({way})") from error
    except KeyGoneError as error:
        way = f"`attune withdraw RECORDING {header.role}` takes it out of this copy; the rest is read then"
        raise KeyGoneError(f"{name} is sealed: {error}" + (f"; {way}" if header.role else "")) from error
    except KeyStoreError as error:
        raise KeyStoreError(f"{name} is sealed: {error}") from error


def require_keys(path: Path) -> None:
    """See that every sealed file of a recording can be opened before anything is read.

    Raises
    ------
    KeyStoreError
        If the store is missing or locked, or a key is not there.
    """
    for role in ROLES:
        if (header := sealed_header(path / f"{role}.xdf")) is not None:
            opener_of(header, f"{path / f'{role}.xdf'}")

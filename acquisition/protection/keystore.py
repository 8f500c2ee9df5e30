"""The laboratory's key store: an identity a person, wrapped to the store's, which a secret unlocks.

    store.json              version, id, and the recipients to which people's identities are wrapped
    unlock.age              the store's identity, under the passphrase (scrypt)
    people/CODE.age         a person's identity (X25519), wrapped to the store's recipients
    people/CODE.pub         its public half
    keys/ID.age, ID.json    key of a person and session, wrapped to the person; whose it is
    destroyed.jsonl         keys that are gone, and why

All are files of age (RFC-like format by Valsorda and Cartwright-Cox, age-encryption.org/v1) by `pyrage`. A
recording names the id of a key and holds nothing of it: once the key is destroyed here, no copy of the
recording opens again, wherever it lies.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from acquisition.errors import KeyGoneError, KeyStoreError, NoKeyStoreError
from acquisition.protection.key_record import KeyRecord
from acquisition.protection.passphrase import wrap
from acquisition.protection.store_files import now, put, shred
from acquisition.session.study import StudyRecipient

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ID = re.compile(r"[0-9a-f-]{36}")
VERSION = 1
SHARED = "dyad"
"""Whose the file of the dyad is: the laboratory's, so that one person's withdrawal leaves it to the other."""


class KeyStore:
    """A key store on disk; what needs the unlock secret takes the store's identity as text.

    Raises
    ------
    KeyStoreError
        If there is none at `path`, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            about = json.loads((path / "store.json").read_bytes())
            self.id = str(about["id"])
            self.recipients: list[str] = [str(r) for r in about["recipients"]]
            version = about["version"]
        except FileNotFoundError:
            raise NoKeyStoreError(path) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyStoreError(f"{path}: the key store cannot be read ({error})") from error
        if version != VERSION:
            raise KeyStoreError(f"{path}: the key store is of a newer version ({version})")

    @classmethod
    def init(cls, path: Path, passphrase: str) -> tuple[KeyStore, str]:
        """Make a store; return it and a recovery identity, which is stored nowhere: it goes on paper.

        Raises
        ------
        KeyStoreError
            If something is at `path`, or it cannot be written.
        """
        import pyrage

        if path.exists() and any(path.iterdir()):
            raise KeyStoreError(f"{path}: is not empty; a key store is never made over another")
        own, recovery = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
        recipients = [str(own.to_public()), str(recovery.to_public())]
        try:
            for folder in (path, path / "people", path / "keys"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            put(path / "unlock.age", wrap(str(own).encode(), passphrase))
            about = {"version": VERSION, "id": str(uuid.uuid4()), "created": now(), "recipients": recipients}
            put(path / "store.json", json.dumps(about, indent=1).encode())
        except OSError as error:
            raise KeyStoreError(f"{error.filename or path}: {error.strerror or error}") from error
        return cls(path), str(recovery)

    def open_with(self, passphrase: str) -> str:
        """Return the store's identity.

        Raises
        ------
        KeyStoreError
            If the passphrase is not this store's.
        """
        import pyrage

        try:
            wrapped = (self.path / "unlock.age").read_bytes()
            return bytes(pyrage.passphrase.decrypt(wrapped, passphrase)).decode()
        except OSError as error:
            raise KeyStoreError(f"{self.path / 'unlock.age'}: {error.strerror or error}") from error
        except pyrage.DecryptError:
            raise KeyStoreError(f"{self.path}: that is not the passphrase of this store") from None

    def fits(self, identity: str) -> bool:
        """Tell whether an identity is the store's own, or one of those it is wrapped to besides."""
        try:
            return str(_identity(identity).to_public()) in self.recipients
        except KeyStoreError:
            return False

    def people(self) -> list[str]:
        """Return the codes of the people who have an identity."""
        return sorted(p.stem for p in (self.path / "people").glob("*.age"))

    def records(self) -> Iterator[KeyRecord]:
        """Yield what each key is for."""
        for file in sorted((self.path / "keys").glob("*.json")):
            yield self.record(file.stem)

    def record(self, key: str) -> KeyRecord:
        """Return what a key is for.

        Raises
        ------
        KeyStoreError
            If it is not in the store: destroyed, which is said, or of another store.
        """
        if not _ID.fullmatch(key):
            raise KeyStoreError(f"{key[:60]!r} is no id of a key")
        try:
            return KeyRecord(**json.loads((self.path / "keys" / f"{key}.json").read_bytes()))
        except FileNotFoundError:
            gone = next((row for row in self.destroyed() if row.get("id") == key), None)
            if gone is None:
                raise KeyStoreError(f"{self.path}: key {key} is not in this key store") from None
            why = f"was destroyed {gone['when']} ({gone['why']})"
            raise KeyGoneError(f"{self.path}: key {key} {why}") from None
        except (OSError, ValueError, TypeError) as error:
            raise KeyStoreError(f"{self.path}: key {key} cannot be read ({error})") from error

    def new_key(self, person: str, recording: str, role: str, identity: str) -> tuple[str, bytes]:
        """Make a key of a person and session; return its id and the key, 32 bytes.

        A person who has no identity yet gets one.

        Parameters
        ----------
        identity : str
            The store's, unlocked.
        """
        import pyrage

        secret, key = secrets.token_bytes(32), str(uuid.uuid4())
        to = self.recipients if person == SHARED else [self._public(person, identity)]
        recipients = [pyrage.x25519.Recipient.from_str(r) for r in to]
        self._write(f"keys/{key}.age", pyrage.encrypt(secret, recipients))
        record = KeyRecord(key, person, recording, role, now())
        self._write(f"keys/{key}.json", json.dumps(asdict(record)).encode())
        return key, secret

    def key(self, key: str, identity: str) -> bytes:
        """Return a key, 32 bytes.

        Raises
        ------
        KeyStoreError
            If it is not there (any more), or the identity does not open it.
        """
        record = self.record(key)
        own = identity if record.person == SHARED else self._person(record.person, identity)
        return self._decrypt(f"keys/{key}.age", own)

    def reassign(self, key: str, person: str, identity: str) -> None:
        """Make a key another person's: their code was put right, and one erasure must not reach the other.

        Whatever interrupts it, the key opens; done again, it is finished.

        Raises
        ------
        KeyStoreError
            See `key`.
        """
        import pyrage

        record, secret = self.record(key), self.key(key, identity)
        if record.person == SHARED:
            raise KeyStoreError(f"{self.path}: key {key} is of the dyad, and no person's")
        own = pyrage.x25519.Recipient.from_str(self._public(person, identity))
        if record.person != person:
            before = pyrage.x25519.Recipient.from_str(self._public(record.person, identity))
            self._write(f"keys/{key}.age", pyrage.encrypt(secret, [before, own]))
            self._write(f"keys/{key}.json", json.dumps(asdict(replace(record, person=person))).encode())
        self._write(f"keys/{key}.age", pyrage.encrypt(secret, [own]))

    def _public(self, person: str, identity: str) -> str:
        import pyrage

        if not _CODE.fullmatch(person):
            raise KeyStoreError(f"{person[:60]!r} is no code: letters, digits, '_', '.' and '-', 64 at most")
        file = self.path / "people" / f"{person}.pub"
        if file.exists():
            self._person(person, identity)  # proves that what is written now can be opened
            return file.read_text("ascii").strip()
        own = pyrage.x25519.Identity.generate()
        self._wrap_person(person, str(own))
        self._write(f"people/{person}.pub", str(own.to_public()).encode())
        return str(own.to_public())

    def _wrap_person(self, person: str, own: str) -> None:
        import pyrage

        recipients = [pyrage.x25519.Recipient.from_str(r) for r in self.recipients]
        self._write(f"people/{person}.age", pyrage.encrypt(own.encode(), recipients))

    def _person(self, person: str, identity: str) -> str:
        return self._decrypt(f"people/{person}.age", identity).decode()

    def _decrypt(self, name: str, identity: str) -> bytes:
        import pyrage

        try:
            return bytes(pyrage.decrypt((self.path / name).read_bytes(), [_identity(identity)]))
        except FileNotFoundError:
            raise KeyStoreError(f"{self.path}: {name} is gone: what it opened stays closed") from None
        except OSError as error:
            raise KeyStoreError(f"{self.path / name}: {error.strerror or error}") from error
        except pyrage.DecryptError as error:
            raise KeyStoreError(f"{self.path}: {name} does not open ({error})") from error

    def _write(self, name: str, data: bytes) -> None:
        try:
            put(self.path / name, data)
        except OSError as error:
            raise KeyStoreError(f"{self.path / name}: {error.strerror or error}") from error

    def without(self, wanted: Iterable[StudyRecipient]) -> list[StudyRecipient]:
        """Return which of a study's recipients do not open this store."""
        return [one for one in wanted if one.key not in self.recipients]

    def add_recipient(self, recipient: str, identity: str) -> None:
        """Wrap every person's identity to one more recipient (age1…).

        Raises
        ------
        KeyStoreError
            If it is none, or the identity is not this store's.
        """
        import pyrage

        try:
            known = str(pyrage.x25519.Recipient.from_str(recipient))
        except pyrage.RecipientError as error:
            raise KeyStoreError(f"{recipient[:80]!r} is no recipient of age (age1…)") from error
        if known not in self.recipients:
            self._rewrap([*self.recipients, known], identity)

    def new_recovery(self, identity: str) -> str:
        """Wrap everything to one more identity and return it: it is stored nowhere."""
        import pyrage

        own = pyrage.x25519.Identity.generate()
        self.add_recipient(str(own.to_public()), identity)
        return str(own)

    def rotate(self, passphrase: str, identity: str) -> tuple[str, str]:
        """Give the store a new identity, passphrase and recovery identity; return both identities.

        People's identities are wrapped anew, to these two alone: other recipients are let go. Copies of the
        store made before still open with the old secrets.
        """
        import pyrage

        own, recovery = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
        self._write("unlock.age.new", wrap(str(own).encode(), passphrase))
        both = [str(own.to_public()), str(recovery.to_public())]
        self._rewrap([*self.recipients, *both], identity)  # either secret opens, should it end in between
        os.replace(self.path / "unlock.age.new", self.path / "unlock.age")
        self._rewrap(both, str(own))
        return str(own), str(recovery)

    def _rewrap(self, recipients: list[str], identity: str) -> None:
        opened = {person: self._person(person, identity) for person in self.people()}
        shared = {k.id: self.key(k.id, identity) for k in self.records() if k.person == SHARED}
        self.recipients = recipients
        for person, own in opened.items():
            self._wrap_person(person, own)
        self._rewrap_shared(shared)
        about = json.loads((self.path / "store.json").read_bytes())
        self._write("store.json", json.dumps(about | {"recipients": recipients}, indent=1).encode())

    def _rewrap_shared(self, shared: dict[str, bytes]) -> None:
        import pyrage

        recipients = [pyrage.x25519.Recipient.from_str(r) for r in self.recipients]
        for key, secret in shared.items():
            self._write(f"keys/{key}.age", pyrage.encrypt(secret, recipients))

    def destroy(self, key: str, why: str) -> None:
        """Destroy one key: what it sealed opens nowhere any more. What is gone already stays noted."""
        record = self.record(key)
        self._note_destroyed(asdict(record), why)
        shred(self.path / "keys" / f"{key}.age")
        shred(self.path / "keys" / f"{key}.json")

    def destroy_person(self, person: str, why: str) -> list[str]:
        """Destroy all keys of a person and their identity; return the ids of the keys."""
        keys = [k.id for k in self.records() if k.person == person]
        for key in keys:
            self.destroy(key, why)
        if (self.path / "people" / f"{person}.age").exists():
            self._note_destroyed({"id": "", "person": person}, why)
        # The identity last: by it whoever is called again finds the person.
        shred(self.path / "people" / f"{person}.pub")
        shred(self.path / "people" / f"{person}.age")
        return keys

    def destroyed(self) -> list[dict[str, Any]]:
        """Return what was destroyed, when and why."""
        try:
            lines = (self.path / "destroyed.jsonl").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.strip()]

    def _note_destroyed(self, about: dict[str, Any], why: str) -> None:
        line = json.dumps(about | {"when": now(), "why": why}) + "\n"
        fd = os.open(self.path / "destroyed.jsonl", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            os.write(fd, line.encode())
            os.fsync(fd)
        finally:
            os.close(fd)


def _identity(text: str) -> Any:
    import pyrage

    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError as error:
        raise KeyStoreError("that is no identity of age (AGE-SECRET-KEY-…)") from error

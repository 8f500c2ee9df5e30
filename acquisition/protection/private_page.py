"""What a therapist keeps for themselves: sealed to a passphrase of their own, apart from the laboratory.

    own.age          the therapist's identity (X25519), under their passphrase (scrypt)
    own.pub          its public half: to keep something asks for no passphrase, to read it does
    kept.jsonl       one line each time, sealed to it

It lies outside recordings, results and the laboratory's key store, whose passphrase, recovery sheet and
recipients open nothing of it. No report, export, cohort or log reads it. Whoever can write as this user could
add a line; a line that was changed, moved or taken out is named when it is read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from acquisition.errors import KeyStoreError
from acquisition.events.overlay_file import append_made
from acquisition.protection.passphrase import wrap
from acquisition.protection.store_files import now, put, shred
from acquisition.session.patterns import SAFE

ENVIRONMENT = "ATTUNE_PRIVATE"
KEPT = "kept.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold what was kept once: when (ISO 8601, UTC), and what, by heading."""

    when: str
    said: Mapping[str, Any]


def place_of(code: str) -> Path:
    """Return where the page of a therapist lies: below $ATTUNE_PRIVATE, else with the user's data.

    Raises
    ------
    KeyStoreError
        If it is no code.
    """
    if not SAFE.fullmatch(code):
        raise KeyStoreError(f"{code[:60]!r} is no code: letters, digits, '_', '.' and '-', 64 at most")
    if said := os.environ.get(ENVIRONMENT):
        return Path(said) / code
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "attunement" / "private" / code


class PrivatePage:
    """The page of one therapist, in a directory of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def made(self) -> bool:
        """Tell whether there is one."""
        return (self.path / "own.pub").is_file()

    def make(self, passphrase: str) -> None:
        """Make the page; nothing but this passphrase will ever open it.

        Raises
        ------
        KeyStoreError
            If there is one already, or it cannot be written.
        """
        import pyrage

        if self.made:
            raise KeyStoreError(f"{self.path}: is there already")
        own = pyrage.x25519.Identity.generate()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            put(self.path / "own.age", wrap(str(own).encode(), passphrase))
            put(self.path / "own.pub", str(own.to_public()).encode())
        except OSError as error:
            raise KeyStoreError(f"{error.filename or self.path}: {error.strerror or error}") from error

    def keep(self, said: Mapping[str, Any]) -> None:
        """Seal something and keep it; it asks for no passphrase.

        Raises
        ------
        RecordingError
            If there is no page, or it cannot be written to.
        """
        import pyrage

        try:
            own = pyrage.x25519.Recipient.from_str((self.path / "own.pub").read_text("ascii").strip())
        except (OSError, ValueError, pyrage.RecipientError) as error:
            raise KeyStoreError(f"{self.path}: no page can be written to ({error})") from error

        def line(last: bytes) -> str:
            row = {"when": now(), "before": _digest(last), "said": said}
            sealed = pyrage.encrypt(json.dumps(row, ensure_ascii=False).encode(), [own])
            return json.dumps({"sealed": base64.b64encode(sealed).decode()}) + "\n"

        append_made(self.path / KEPT, line)

    def read(self, passphrase: str) -> tuple[list[Entry], list[str]]:
        """Return what was kept, oldest first, and what of it is not as it was written.

        Raises
        ------
        KeyStoreError
            If there is no page, or the passphrase is not its own.
        """
        import pyrage

        try:
            wrapped = (self.path / "own.age").read_bytes()
            own = pyrage.x25519.Identity.from_str(
                bytes(pyrage.passphrase.decrypt(wrapped, passphrase)).decode()
            )
        except OSError as error:
            raise KeyStoreError(f"{self.path}: nothing is kept there ({error.strerror or error})") from error
        except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError):
            raise KeyStoreError(f"{self.path}: that is not the passphrase of this page") from None
        return _read(self._lines(), own)

    def _lines(self) -> Sequence[bytes]:
        try:
            return [line for line in (self.path / KEPT).read_bytes().split(b"\n") if line.strip()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise KeyStoreError(f"{self.path / KEPT}: {error.strerror or error}") from error

    def erase(self) -> None:
        """Delete the page: its identity first, so that no copy of the lines opens again."""
        for name in ("own.age", KEPT, "own.pub"):
            shred(self.path / name)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()


def _read(lines: Sequence[bytes], own: Any) -> tuple[list[Entry], list[str]]:
    import pyrage

    found, faults, last = list[Entry](), list[str](), b""
    for number, line in enumerate(lines, 1):
        try:
            data = base64.b64decode(json.loads(line)["sealed"], validate=True)
            row = json.loads(pyrage.decrypt(data, [own]))
            entry, before = Entry(str(row["when"]), dict(row["said"])), str(row["before"])
        except (ValueError, KeyError, TypeError, RecursionError, binascii.Error, pyrage.DecryptError):
            faults.append(f"line {number}: does not open: it was changed, or cut off")
        else:
            if before != _digest(last):
                faults.append(f"line {number}: does not follow the line before")
            found.append(entry)
        last = line
    return found, faults


def lines_of(entries: Sequence[Entry], faults: Sequence[str] = ()) -> list[str]:
    """Return answers that were kept as lines for whoever kept them, the last first."""
    lines = []
    for entry in reversed(entries):
        lines.append(datetime.fromisoformat(entry.when).astimezone().strftime("%Y-%m-%d %H:%M"))
        for title, said in entry.said.items():
            words = f" – {said['words']}" if said.get("words") else ""
            lines.append(f"  {title}: {said.get('value', 'not answered')}{words}")
    return [*lines, *faults] or ["nothing is kept"]


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest() if line else ""

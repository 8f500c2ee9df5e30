"""Files of the key store: where they are; written whole or not at all, deleted as far as a disk lets one."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from acquisition.recording.fsync import sync_directory, sync_file
from acquisition.text import clean_line

ENVIRONMENT = "ATTUNE_KEYS"
_PIECE = 1 << 20
"""Bytes that are overwritten at once."""


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    with open(fd, "wb") as file:
        file.write(data)
        file.flush()
        sync_file(file.fileno())
    os.replace(temporary, path)
    sync_directory(path.parent)


def shred(path: Path) -> None:
    """Overwrite and delete a file, as far as the file system lets one."""
    try:
        with open(path, "r+b") as file:
            _overwrite(file)
    except FileNotFoundError:
        return
    path.unlink()
    sync_directory(path.parent)


def _overwrite(file: BinaryIO) -> None:
    """Write noise over all of a file, piece by piece: a recording may be larger than the memory."""
    left = os.fstat(file.fileno()).st_size
    while left > 0:
        left -= file.write(os.urandom(min(left, _PIECE)))
    file.flush()
    sync_file(file.fileno())


def shred_renamed(path: Path) -> None:
    """Shred a file under a hidden name: killed half-way, it leaves no noise under the name that is read."""
    if path.exists():
        hidden = path.with_name(f".{path.name}.new")
        os.replace(path, hidden)
        shred(hidden)


def put_instead(new: Path, path: Path) -> None:
    """Put a file in the place of another and shred that one; at every moment one of them has the name."""
    if sys.platform == "win32":  # an open file cannot be replaced there
        before = path.with_name(f".{path.name}.before")
        os.replace(path, before)
        os.replace(new, path)
        shred(before)
        return
    with open(path, "r+b") as old:
        os.replace(new, path)
        sync_directory(path.parent)
        _overwrite(old)


def user() -> str:
    """Return who works here, as the machine knows them; in a container without an account by number."""
    try:
        return clean_line(getpass.getuser())
    except (KeyError, OSError, ImportError):  # it depends on version and system
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def default_store() -> Path:
    """Return where the store is: $ATTUNE_KEYS, else a directory of the user's apart from the recordings."""
    if said := os.environ.get(ENVIRONMENT):
        return Path(said)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "attunement" / "keys"


def is_store(path: Path) -> bool:
    """Tell whether there is a key store in a directory."""
    return (path / "store.json").is_file()

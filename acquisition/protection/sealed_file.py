"""Whole files that are sealed: what was made of a sealed recording."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acquisition.errors import KeyStoreError, RecordingError
from acquisition.protection.frames import Header, Lost, Seal
from acquisition.protection.plain import plain_parts
from acquisition.protection.store_files import put
from acquisition.protection.vault import TOGETHER, sealed_header, secret_of

_FRAME = 1 << 24
"""Plain bytes of a frame at most."""


def keys_of(recording: Path, roles: Sequence[str]) -> list[str]:
    """Return the ids of the keys of some roles of a recording; none if it is not sealed."""
    headers = [sealed_header(recording / f"{role}.xdf") for role in roles]
    return [header.key for header in headers if header is not None]


def is_sealed_recording(recording: Path) -> bool:
    """Tell whether a file of a recording is sealed."""
    return recording.is_dir() and any(
        sealed_header(file) is not None for file in sorted(recording.glob("*.xdf")) if not file.is_symlink()
    )


def sealed_bytes(
    data: bytes, name: str, keys: Sequence[str], recording: str = "", *, role: str = ""
) -> bytes:
    """Return what a sealed file of that name holds; it opens with all of these keys together.

    Raises
    ------
    KeyStoreError
        If the store is locked, or a key is not there.
    """
    key = TOGETHER.join(keys)
    header = Header.new(key, recording=recording, role=role)
    seal = Seal(secret_of(key), header, name)
    parts = [data[k : k + _FRAME] for k in range(0, len(data), _FRAME)] or [b""]
    out = [seal.head]
    for n, part in enumerate(parts):
        out.append(seal.frame(part, final=n == len(parts) - 1))
        seal.kept()
    return b"".join(out)


@contextmanager
def made_apart(target: Path) -> Iterator[Path]:
    """Give a directory for plain files that are to be sealed into `target`: in memory where there is one.

    Elsewhere it lies beside the target; it is gone at the end of the block in either case.
    """
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK | os.X_OK) else target.parent
    with tempfile.TemporaryDirectory(prefix=".attunement-", dir=parent) as name:
        yield Path(name)


def seal_tree(source: Path, target: Path, keys: Sequence[str]) -> None:
    """Write every file below `source` sealed below `target`."""
    for file in sorted(p for p in source.rglob("*") if p.is_file()):
        place = target / file.relative_to(source)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(place, sealed_bytes(file.read_bytes(), file.name, keys))


def read_file(path: Path) -> bytes:
    """Return what a file holds, sealed or not.

    Raises
    ------
    KeyStoreError
        If it is sealed, and a key is not at hand.
    RecordingError
        If it is sealed, and not as it was written.
    OSError
        If it cannot be read.
    """
    parts = list(plain_parts(path))
    if lost := [p for p in parts if isinstance(p, Lost)]:
        raise RecordingError(f"{path}: bytes {lost[0].start}-{lost[0].stop}: {lost[0].why}")
    return b"".join(p for p in parts if isinstance(p, bytes))


def unseal_file(source: Path, target: Path) -> str:
    """Write a plain copy of a file; return "plain", or why it stays closed."""
    try:
        data = read_file(source)
    except KeyStoreError as error:
        return f"stays sealed: {error}"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    put(target, data)
    return "plain"

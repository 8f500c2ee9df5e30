"""Write a plain copy of a sealed recording, of what the keys at hand open."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from acquisition.errors import KeyStoreError, RecordingError
from acquisition.events.overlay import rows_of
from acquisition.protection.frames import Lost
from acquisition.protection.plain import plain_parts
from acquisition.protection.sealed_file import unseal_file
from acquisition.protection.store_files import put
from acquisition.protection.vault import sealed_header
from acquisition.ratings.files import FOLDER, files_of
from acquisition.recording import manifest
from acquisition.recording.contents import LINKS_NAME, RATERS, copy_beside, refuse_links
from acquisition.recording.fsync import sync_file
from acquisition.recording.lock import held
from acquisition.recording.refill import refill_files, refill_name
from acquisition.stream import ROLES


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Say what became of a file: "plain", or why it stays closed; and what of it did not open."""

    file: str
    said: str
    lost: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as lines for people."""
        return "\n".join([f"{self.file}: {self.said}", *(f"{self.file}: {line}" for line in self.lost)])


def unseal(path: Path, out: Path) -> list[Unsealed]:
    """Copy a recording into the new directory `out`, unsealed, with a manifest of its own; or results.

    A file whose key is not at hand is left out and named.

    Raises
    ------
    RecordingError
        If nothing is there, nothing is sealed, nothing opens, it still grows, or `out` cannot be made.
    """
    files = [path / f"{role}.xdf" for role in ROLES if (path / f"{role}.xdf").exists()]
    if not files:
        return _unseal_results(path, out)
    refuse_links(path)
    if held(path):
        raise RecordingError(f"{path}: the recorder is still at work; unseal it when it has ended")
    if all(sealed_header(file) is None for file in files):
        raise RecordingError(f"{path}: is not sealed: it can be read as it is")
    try:
        out.mkdir(mode=0o700, parents=True)
        done = [_copy(file, out / file.name) for file in files]
        if not any((out / file.name).exists() for file in files):
            out.rmdir()
            raise KeyStoreError("\n".join(one.said for one in done))
        copy_beside(path, out)
        done += _open_refills(path, out)
        done += _open_ratings(path, out)
        done += _open_rows(path, out)
        done += _open_links(path, out)
        manifest.write(out, withdrawn=[f.name for f in files if not (out / f.name).exists()])
    except OSError as error:
        raise RecordingError(f"{error.filename or out}: {error.strerror or error}") from error
    return done


def _open_refills(path: Path, out: Path) -> list[Unsealed]:
    """Write what was fetched from devices afterwards plain into a copy; what stays closed is left out."""
    return [_plain(file, out, refill_name(role)) for role, file in refill_files(path).items()]


def _open_ratings(path: Path, out: Path) -> list[Unsealed]:
    """Write sealed ratings plain into a copy; what stays closed is left out."""
    return [_plain(f, out, f"{FOLDER}/{f.name}") for f in files_of(path) if sealed_header(f) is not None]


def _open_links(path: Path, out: Path) -> list[Unsealed]:
    """Write the links to videos plain into a copy; if they stay closed they are left out."""
    file = path / LINKS_NAME
    sealed = file.is_file() and sealed_header(file) is not None
    return [_plain(file, out, LINKS_NAME)] if sealed else []


def _plain(file: Path, out: Path, name: str) -> Unsealed:
    """Write a sealed file plain in place of its sealed copy."""
    target = out / name
    target.unlink(missing_ok=True)
    return replace(_copy(file, target), file=name)


def _open_rows(path: Path, out: Path) -> list[Unsealed]:
    """Write the sealed rows beside a recording plain into a copy of it."""
    done = []
    for file in (
        *sorted(path.glob("*.jsonl")),
        *sorted(path.glob(f"{RATERS}/*.jsonl")),
        *sorted(path.glob(f"{FOLDER}/*.jsonl")),
    ):
        rows = rows_of(file)
        if not any(row.keys for row in rows):
            continue
        name = str(file.relative_to(path))
        put(out / name, "".join(row.text + "\n" for row in rows if row.text is not None).encode())
        closed = tuple(f"{row.place}: its key was destroyed" for row in rows if row.text is None)
        done.append(Unsealed(name, "plain", closed))
    return done


def _unseal_results(path: Path, out: Path) -> list[Unsealed]:
    """Copy a directory of results, or a file of them."""
    files = (
        [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink())
    )
    if not any(sealed_header(file) for file in files):
        raise RecordingError(f"{path}: neither a recording nor results that are sealed")
    base = path.parent if path.is_file() else path
    if out.exists():
        raise RecordingError(f"{out}: is there already")
    return [Unsealed(str(f.relative_to(base)), unseal_file(f, out / f.relative_to(base))) for f in files]


def _copy(source: Path, target: Path) -> Unsealed:
    lost: list[str] = []
    try:
        parts = plain_parts(source)
        first = next(parts, b"")
    except KeyStoreError as error:
        return Unsealed(source.name, f"stays sealed: {error}")
    fd = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    with open(fd, "wb") as file:
        for part in (first, *parts):
            if isinstance(part, Lost):
                lost.append(f"bytes {part.start}-{part.stop}: {part.why}")
            else:
                file.write(part)
        file.flush()
        sync_file(file.fileno())
    return Unsealed(source.name, "plain", tuple(lost))

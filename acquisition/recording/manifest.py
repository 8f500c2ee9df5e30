"""The manifest: the SHA-256 of each file of a closed recording, and what no longer agrees with it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.recording.contents import (
    MANIFEST_NAME,
    SESSION_NAME,
    UNCONFIRMED,
    Finding,
    irregular,
    is_beside,
)
from acquisition.recording.fsync import sync_directory, sync_file
from acquisition.recording.identity import misplaced, recorded_id, roles_proven
from acquisition.recording.lock import LOCK_NAME
from acquisition.session.toml_table import parse
from acquisition.stream import ROLES

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """Hold what a manifest says.

    Parameters
    ----------
    files, withdrawn : dict
        Name → size and SHA-256, of what is there, and of what a person has withdrawn.
    recording : str
        The recording's id; "" in manifests of older versions.
    """

    files: dict[str, Any]
    recording: str = ""
    withdrawn: dict[str, Any] = field(default_factory=dict)


def write(path: Path, *, withdrawn: Iterable[str] = ()) -> None:
    """Write the manifest of a recording that will not change any more, all at once or not at all.

    Parameters
    ----------
    withdrawn : iterable of str
        Files of the manifest so far that are gone because a person wanted it.
    """
    before = read(path / MANIFEST_NAME)
    known = before if isinstance(before, Manifest) else Manifest({})
    gone = known.withdrawn | {name: known.files.get(name, {}) for name in withdrawn}
    files = {name: sum_of(path / name) for name in _listed(path)}
    _put(path, Manifest(files, recorded_id(path), gone))


def write_without(path: Path, withdrawn: Iterable[str], new: Mapping[str, Path]) -> None:
    """Write the manifest of a recording of which a person takes something away.

    What it said of the other files stays: one that was changed since the close is still found, and what lies
    there besides does not become a part of the recording.

    Parameters
    ----------
    withdrawn : iterable of str
        Files that are gone, or are about to be.
    new : mapping
        Name of a file that is about to be written anew → where its new content lies.
    """
    before = read(path / MANIFEST_NAME)
    if isinstance(before, Finding):
        return  # nothing vouched for the files, and nothing does now
    names = set(withdrawn) & set(before.files)
    gone = before.withdrawn | {name: before.files[name] for name in names}
    files = {name: entry for name, entry in before.files.items() if name not in names}
    files |= {name: sum_of(file) for name, file in new.items() if name in files}
    _put(path, Manifest(files, before.recording, gone))


def _put(path: Path, manifest_: Manifest) -> None:
    said: dict[str, Any] = {"files": manifest_.files}
    said |= {"recording": manifest_.recording} if manifest_.recording else {}
    said |= {"withdrawn": manifest_.withdrawn} if manifest_.withdrawn else {}
    manifest = {"version": 1, **said, "sha256": _digest(said)}
    temporary = path / f".{MANIFEST_NAME}.tmp"
    fd = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(json.dumps(manifest, indent=1).encode())
            file.flush()
            sync_file(file.fileno())
        os.replace(temporary, path / MANIFEST_NAME)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path)


def _listed(path: Path) -> list[str]:
    names = (p.name for p in path.iterdir() if p.is_file() and not p.is_symlink())
    known = (MANIFEST_NAME, LOCK_NAME)
    listed = [n for n in names if not (n.startswith(".") or n in known or is_beside(n))]
    folder = path / UNCONFIRMED
    if folder.is_dir() and not folder.is_symlink():
        apart = (p for p in folder.glob("*.xdf") if p.is_file() and not p.is_symlink())
        listed += [f"{UNCONFIRMED}/{p.name}" for p in apart if not p.name.startswith(".")]
    return sorted(listed)


def sum_of(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of a file, as a manifest and a certificate say them."""
    digest = hashlib.sha256()
    size = 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _digest(said: dict[str, Any]) -> str:
    """Return the sum over all that a manifest says; of those that say no more, over their files alone."""
    content = said["files"] if set(said) == {"files"} else said
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read(path: Path) -> Manifest | Finding:
    """Return a manifest, or what is wrong with it."""
    try:
        if path.is_symlink():
            return Finding(path.name, "linked", f"is a link to {path.readlink()}")
        if path.exists() and not path.is_file():
            return Finding(path.name, "damaged", "is no file; nothing is read from it")
        manifest = json.loads(path.read_bytes())
        said = {k: manifest[k] for k in ("files", "recording", "withdrawn") if k in manifest}
        if not all(isinstance(v, str if k == "recording" else dict) for k, v in said.items()):
            return Finding(path.name, "damaged", "does not say which files there are")
        if manifest["sha256"] != _digest(said):
            return Finding(path.name, "damaged", "does not agree with its own sum")
        return Manifest(**said)
    except FileNotFoundError:
        why = "the recording was not closed; `attune repair` makes a closed one"
        return Finding(path.name, "missing", why)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return Finding(path.name, "damaged", f"cannot be read ({error})")


def changes(path: Path) -> list[Finding]:
    """Return what is not as it was when the recording was closed, without reading what the files hold.

    Changed, missing, exchanged and linked files; what lies beside them is not looked at.

    Raises
    ------
    OSError
        If the directory or a file cannot be read.
    """
    manifest = read(path / MANIFEST_NAME)
    if isinstance(manifest, Finding):
        return [manifest]
    linked = [f for f in irregular(path) if f.file in manifest.files]
    passed = {f.file for f in linked}
    found = [
        f for n, entry in sorted(manifest.files.items()) if n not in passed for f in _compare(path, n, entry)
    ]
    return found + linked + _unlisted_roles(path, manifest) + misplaced(path, manifest.recording)


def _compare(path: Path, name: str, entry: object) -> list[Finding]:
    file = path / name
    outside = "/" in name.removeprefix(f"{UNCONFIRMED}/") or "\\" in name
    if outside or (path / UNCONFIRMED).is_symlink() or not file.is_file():
        return [Finding(name, "missing", "is in the manifest, and not there")]
    if (found := sum_of(file)) == entry or _only_noted(file, entry):
        return []
    return [Finding(name, "damaged", _difference(found, entry))]


def _unlisted_roles(path: Path, manifest: Manifest) -> list[Finding]:
    """Return the people's files that a recording of today must have, and that its manifest leaves out."""
    if not roles_proven(path):
        return []
    names = [f"{role}.xdf" for role in ROLES]
    gone = [n for n in (*names, SESSION_NAME) if n not in manifest.files and n not in manifest.withdrawn]
    return [Finding(n, "missing", "is not in the manifest, nor noted as withdrawn") for n in gone]


def as_closed(path: Path) -> bytes | None:
    """Return session.toml as it was when the recording was closed; None if nothing was noted after that."""
    manifest = read(path / MANIFEST_NAME)
    entry = manifest.files.get(SESSION_NAME) if isinstance(manifest, Manifest) else None
    content = (path / SESSION_NAME).read_bytes()
    if not isinstance(entry, dict) or not _only_noted(path / SESSION_NAME, entry):
        return None
    size = int(entry["bytes"])
    return content[:size] if size < len(content) else None


def withdrawn(path: Path) -> list[str]:
    """Return a line for each person who withdrew from a recording: who, and when by the certificate."""
    manifest = read(path / MANIFEST_NAME)
    gone = set(manifest.withdrawn) if isinstance(manifest, Manifest) else set()
    lines = []
    for file in sorted(path.glob("withdrawal-*.certificate.json")):
        try:
            said = json.loads(file.read_bytes())
            role, when = str(said["role"]), str(said["when"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        gone -= {name for name in gone if name.removeprefix(f"{UNCONFIRMED}/").startswith(role)}
        lines.append(f"the {role} was withdrawn {when} ({file.name})")
    roles = sorted({role for role in ROLES for name in gone if name == f"{role}.xdf"})
    return lines + [f"the {role} was withdrawn; there is no certificate" for role in roles]


def _only_noted(path: Path, listed: object) -> bool:
    """Tell whether a file is session.toml as it was closed, with nothing but a session record after it."""
    size = listed.get("bytes") if isinstance(listed, dict) else None
    if path.name != SESSION_NAME or not isinstance(size, int):
        return False
    content = path.read_bytes()
    before = {"bytes": size, "sha256": hashlib.sha256(content[:size]).hexdigest()}
    if before != listed or content[size - 1 : size] != b"\n":
        return False
    tables, faults = parse(content[size:].decode("utf-8", errors="replace"))
    return not faults and set(tables) == {"record"}


def _difference(found: dict[str, Any], listed: object) -> str:
    size = listed.get("bytes") if isinstance(listed, dict) else None
    if size != found["bytes"]:
        return f"has {found['bytes']} bytes, the manifest says {size}"
    return "its SHA-256 differs from the manifest"

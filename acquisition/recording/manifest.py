"""The manifest: the SHA-256 of each file of a closed recording, and what no longer agrees with it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from acquisition.recording.fsync import sync_directory, sync_file
from acquisition.recording.lock import LOCK_NAME, held
from acquisition.recording.tail import Tail
from acquisition.session.toml_table import parse
from acquisition.stream import ROLES, Role

MANIFEST_NAME = "manifest.json"
OVERLAY_NAME = "overlay.jsonl"
"""Later edits of events: they change after the close, so the manifest does not cover them."""
SESSION_NAME = "session.toml"
"""Takes a session record after the close, at its end: the manifest covers what stands before it."""
RATERS = "raters"
"""Folder of the files of blind raters, which the manifest does not cover either."""
_UNLISTED = frozenset((MANIFEST_NAME, OVERLAY_NAME, LOCK_NAME))
_BLOCK = 1 << 20
_REPORTED = 20

Problem = Literal["damaged", "missing", "added", "cut", "growing", "ended"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Say what is wrong with a file of a recording."""

    file: str
    problem: Problem
    message: str

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"{self.file}: {self.problem}: {self.message}"


def write(path: Path) -> None:
    """Write the manifest of a recording that will not change any more, all at once or not at all."""
    files = {name: _entry(path / name) for name in _listed(path)}
    manifest = {"version": 1, "files": files, "sha256": _digest(files)}
    temporary = path / f".{MANIFEST_NAME}.tmp"
    fd = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    with open(fd, "wb") as file:
        file.write(json.dumps(manifest, indent=1).encode())
        file.flush()
        sync_file(file.fileno())
    os.replace(temporary, path / MANIFEST_NAME)
    sync_directory(path)


def _listed(path: Path) -> list[str]:
    names = (p.name for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    return sorted(name for name in names if name not in _UNLISTED)


def _entry(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _digest(files: object) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def verify(path: Path) -> list[Finding]:
    """Compare a recording with its manifest and check the CRC of each slice; nothing found means whole.

    Raises
    ------
    OSError
        If the directory or a file cannot be read.
    """
    if held(path):
        return [
            Finding("", "growing", "the recorder is still at work; verify after it has closed the recording")
        ]
    listed = _read(path / MANIFEST_NAME)
    if isinstance(listed, Finding):
        return [listed, *_slices(path)]
    findings = []
    present = _listed(path)
    for name, entry in sorted(listed.items()):
        if name not in present:
            findings.append(Finding(name, "missing", "is in the manifest, and not there"))
        elif (found := _entry(path / name)) != entry and not _only_noted(path / name, entry):
            findings.append(Finding(name, "damaged", _difference(found, entry)))
    findings += [Finding(name, "added", "is not in the manifest") for name in present if name not in listed]
    return findings + _slices(path)


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


def _read(path: Path) -> dict[str, Any] | Finding:
    try:
        manifest = json.loads(path.read_bytes())
        files = manifest["files"]
        if not isinstance(files, dict) or manifest["sha256"] != _digest(files):
            return Finding(path.name, "damaged", "does not agree with its own sum")
        return files
    except FileNotFoundError:
        return Finding(
            path.name, "missing", "the recording was not closed; `attune repair` makes a closed one"
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return Finding(path.name, "damaged", f"cannot be read ({error})")


def _difference(found: dict[str, Any], listed: object) -> str:
    size = listed.get("bytes") if isinstance(listed, dict) else None
    if size != found["bytes"]:
        return f"has {found['bytes']} bytes, the manifest says {size}"
    return "its SHA-256 differs from the manifest"


def _slices(path: Path) -> list[Finding]:
    return [finding for role in ROLES if (path / f"{role}.xdf").exists() for finding in _check(path, role)]


def _check(path: Path, role: Role) -> list[Finding]:
    tail = Tail(path / f"{role}.xdf", role)
    name = tail.path.name
    ends: list[Finding] = []
    while not tail.ended:
        tail.fill(1, final=True)
        for block in tail.take(tail.last):
            ends += [Finding(name, "ended", n.message) for _, n in block.notices if n.kind == "ended"]
    findings = [Finding(name, "damaged", str(d)) for d in tail.damage[:_REPORTED]]
    if len(tail.damage) > _REPORTED:
        findings.append(Finding(name, "damaged", f"and {len(tail.damage) - _REPORTED} more places"))
    findings += ends
    if not tail.closed:
        findings.append(Finding(name, "cut", f"has no end; {tail.n_slices} whole slices"))
    return findings

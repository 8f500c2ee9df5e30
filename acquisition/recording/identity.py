"""Which recording a file belongs to and whose it is: its own header says both, whatever name it bears."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from acquisition.errors import RecordingError
from acquisition.protection.frames import is_sealed, read_header
from acquisition.recording.contents import Finding, session_tables
from acquisition.session.session import RECORDING_ID
from acquisition.stream import ROLES, Role
from acquisition.xdf.form import FILE_HEADER, MAGIC
from acquisition.xdf.items import BrokenChunk, frame

_MOST = 1 << 14
"""Longest file header that is read [bytes]; ours have about 200."""


def new_id() -> str:
    """Return the id of a new recording."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Identity:
    """Hold what a file's header says: the recording's id and the role; "" where it says nothing."""

    recording: str = ""
    role: str = ""


def read_identity(path: Path) -> Identity:
    """Return what a file's own header says; nothing if it has none, or one that cannot be read."""
    with open(path, "rb") as file:
        head = file.read(_MOST)
    if is_sealed(head):
        return _sealed_identity(head, path)
    try:
        found = frame(head, len(MAGIC), len(head)) if len(head) > len(MAGIC) else None
        if found is None or head[: len(MAGIC)] != MAGIC or found[0] != FILE_HEADER or found[2] > len(head):
            return Identity()
        xml = head[found[1] : found[2]].decode("utf-8")
        if "<!" in xml:
            return Identity()
        root = ElementTree.fromstring(xml)
    except (BrokenChunk, ValueError, ElementTree.ParseError):
        return Identity()
    recording, role = root.findtext("recording") or "", root.findtext("role") or ""
    return Identity(recording, role) if RECORDING_ID.fullmatch(recording) and role in ROLES else Identity()


def _sealed_identity(head: bytes, path: Path) -> Identity:
    """Return what the head of a sealed file says; a changed one opens nothing of the file."""
    try:
        found = read_header(head, str(path))
    except RecordingError:
        return Identity()
    return Identity(found[0].recording, found[0].role) if found is not None else Identity()


def recorded_id(path: Path) -> str:
    """Return the id that the session file of a recording gives; "" if none."""
    recorded = session_tables(path).get("recorded")
    said = recorded.get("id", "") if isinstance(recorded, dict) else ""
    return said if isinstance(said, str) else ""


def roles_proven(path: Path) -> bool:
    """Tell whether the files say whose they are; recordings of older versions do not."""
    return bool(recorded_id(path)) or any(i != Identity() for i in _identities(path).values())


def _identities(path: Path) -> dict[Role, Identity]:
    files = {role: path / f"{role}.xdf" for role in ROLES}
    return {r: read_identity(p) for r, p in files.items() if p.is_file() and not p.is_symlink()}


def exchanged(path: Path) -> list[Finding]:
    """Return the files of a recording that say of themselves that they are another person's, or another's.

    Unlike `misplaced`, what says nothing is not among them: the recorder may have been killed at its head.
    """
    said = {f"{role}.xdf" for role, identity in _identities(path).items() if identity != Identity()}
    return [finding for finding in misplaced(path) if finding.file in said]


def misplaced(path: Path, listed_id: str = "") -> list[Finding]:
    """Return the files that are another recording's or another person's, and those that do not say.

    Parameters
    ----------
    listed_id : str
        The id in the manifest, "" if there is none.
    """
    said = recorded_id(path)
    identities = _identities(path)
    wanted = said or listed_id or next((i.recording for i in identities.values() if i.recording), "")
    if not wanted:
        return []  # older: roles are not proven
    found = []
    if said != wanted and (path / "session.toml").exists():
        found.append(Finding("session.toml", "swapped", f"does not say that it is of recording {wanted}"))
    if listed_id and listed_id != wanted:
        found.append(Finding("manifest.json", "swapped", f"is of recording {listed_id}, not {wanted}"))
    for role, identity in identities.items():
        name = f"{role}.xdf"
        if identity.recording != wanted:
            of = (
                f"is of recording {identity.recording}"
                if identity.recording
                else "does not say of which recording"
            )
            found.append(Finding(name, "swapped", f"{of}; this is recording {wanted}"))
        elif identity.role != role:
            found.append(Finding(name, "swapped", f"is the {identity.role}'s by its own header"))
    return found

"""Whether a closed recording is still what it was: who computes from it refuses what is not, or says so."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.recording import refill
from acquisition.recording.contents import MANIFEST_NAME, Finding, session_tables
from acquisition.recording.identity import exchanged
from acquisition.recording.lock import held
from acquisition.recording.manifest import changes
from acquisition.recording.tail import ends_closed
from acquisition.stream import ROLES

UNPROVEN = f"{MANIFEST_NAME}: missing: nothing shows that the files are as they were when they were closed"


def altered(path: Path) -> list[Finding]:
    """Return what of a closed recording is not as it was.

    A growing one has nothing to compare with; of one without a manifest (it was cut, or the list is lost)
    each file says itself whose it is.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    if not path.is_dir() or held(path):
        return []
    return changes(path) if (path / MANIFEST_NAME).exists() else exchanged(path)


def alterations(path: Path) -> list[str]:
    """Say in plain lines what of a closed recording is not as it was, or why nobody can tell."""
    listed = "not as it was when the recording was closed: " if (path / MANIFEST_NAME).exists() else ""
    lines = [f"{f.file}: {listed}{f.message}" for f in altered(path)]
    files = [path / f"{role}.xdf" for role in ROLES]
    there = [file for file in files if file.is_file()]
    closed = there and not (path / MANIFEST_NAME).exists() and all(map(ends_closed, there))
    return [UNPROVEN, *lines] if closed and not held(path) else lines


GROWING = "still being recorded: what comes after is not in here"
NEWER = "recorded by Attunement {by}, which is newer than this {own}: what that version added is not read"


def standing(path: Path) -> list[str]:
    """Say in plain lines what keeps a recording from being the whole of what was recorded, as it was."""
    lines = alterations(path)
    if path.is_dir() and held(path):
        lines.append(GROWING)
    if by := newer(path):
        lines.append(NEWER.format(by=by, own=_own()))
    return lines + refill.lines(path)


def newer(path: Path) -> str:
    """Return the version that recorded, if it is newer than this one; "" if not, or nothing tells."""
    recorded = session_tables(path).get("recorded") if path.is_dir() else None
    versions = recorded.get("versions") if isinstance(recorded, dict) else None
    by = str(versions.get("attunement", "")) if isinstance(versions, dict) else ""
    return by if _numbers(by) > _numbers(_own()) > () else ""


def _own() -> str:
    try:
        return version("attunement")
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version; none of a text that does not begin with one."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def refuse_altered(path: Path) -> None:
    """Refuse a closed recording that is not what it was.

    Raises
    ------
    RecordingError
        With each file that was changed, exchanged or taken away.
    """
    if found := altered(path):
        what = "; ".join(f"{f.file}: {f.problem}: {f.message}" for f in found)
        raise RecordingError(
            f"{path}: {what}. Nothing was computed from it: `attune verify` names all that is wrong; "
            "--accept-damage goes on with what can be read, and says so in the results"
        )

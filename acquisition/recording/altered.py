"""Whether a closed recording is still what it was: who computes from it refuses what is not, or says so."""

from __future__ import annotations

from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.recording.contents import MANIFEST_NAME, Finding
from acquisition.recording.lock import held
from acquisition.recording.manifest import changes
from acquisition.recording.tail import ends_closed
from acquisition.stream import ROLES

UNPROVEN = f"{MANIFEST_NAME}: missing: nothing shows that the files are as they were when they were closed"


def altered(path: Path) -> list[Finding]:
    """Return what of a closed recording is not as it was; a growing or cut one has nothing to compare with.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    if not path.is_dir() or not (path / MANIFEST_NAME).exists() or held(path):
        return []
    return changes(path)


def alterations(path: Path) -> list[str]:
    """Say in plain lines what of a closed recording is not as it was, or why nobody can tell."""
    lines = [f"{f.file}: not as it was when the recording was closed: {f.message}" for f in altered(path)]
    files = [path / f"{role}.xdf" for role in ROLES]
    there = [file for file in files if file.is_file()]
    closed = there and not (path / MANIFEST_NAME).exists() and all(map(ends_closed, there))
    return [UNPROVEN] if closed and not held(path) else lines


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

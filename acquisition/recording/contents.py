"""What belongs in a recording's directory: its files, what may stand beside them, and what is strange."""

from __future__ import annotations

import os
import shutil
import stat
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from acquisition.errors import RecordingError
from acquisition.recording.lock import LOCK_NAME
from acquisition.session.file import VOCABULARY
from acquisition.stream import ROLES

MANIFEST_NAME = "manifest.json"
OVERLAY_NAME = "overlay.jsonl"
"""Later edits of events: they change after the close, so the manifest does not cover them."""
SESSION_NAME = "session.toml"
"""Takes a session record after the close, at its end: the manifest covers what stands before it."""
RECORD_NAME = "record.jsonl"
"""Takes the session record of a sealed recording, in place of the end of session.toml."""
LINKS_NAME = "links.toml"
"""Videos of the hour, where they lie and how their time maps onto the recording's."""
RATERS = "raters"
"""Folder of the files of blind raters, which the manifest does not cover either."""
UNCONFIRMED = "unconfirmed"
"""Folder of streams whose sender was in doubt: listed in the manifest, and read by nothing."""
STOOD_STILL = "the recorder stood still"
"""Begins the notice of a stop: a suspend, or a machine that was too busy."""
BESIDE = (
    OVERLAY_NAME,
    f"{RATERS}/*.jsonl",
    "corrections.jsonl",
    "amendments.jsonl",
    RECORD_NAME,
    *(f"refill/{role}.xdf" for role in ROLES),
    "ratings/*.xdf",
    "ratings/*.jsonl",
    LINKS_NAME,
    "derived.jsonl",
    "withdrawal-*.certificate.json",
    "withdrawal-*.certificate.pdf",
)
"""Files that come after the close: known, and not in the manifest."""
READ = (
    *(f"{role}.xdf" for role in ROLES),
    SESSION_NAME,
    MANIFEST_NAME,
    LOCK_NAME,
    f"{VOCABULARY}.*",
    *BESIDE,
)
"""Files that are read, by us or for us."""

Problem = Literal["damaged", "missing", "added", "hidden", "linked", "swapped", "cut", "growing", "ended"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Say what is wrong with a file of a recording."""

    file: str
    problem: Problem
    message: str

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"{self.file}: {self.problem}: {self.message}"


def recording_around(path: Path) -> Path | None:
    """Return the recording that a path is, or lies in, whether it exists or not; None if none."""
    try:
        whole = path.resolve()
    except (OSError, RuntimeError):  # links that lead back to themselves
        return None
    return next((p for p in (whole, *whole.parents) if _is_recording(p)), None)


def is_recorded(file: Path) -> bool:
    """Tell whether a file is a recording's own, by its place and name: what was made of one never is."""
    around = recording_around(file.parent)
    if around is None:
        return False
    name = (file.parent.resolve() / file.name).relative_to(around).as_posix()
    return fits(name, (*READ, f"{UNCONFIRMED}/*.xdf"))


def _is_recording(path: Path) -> bool:
    """Tell whether a folder is a recording of ours; a folder with another tool's client.xdf is none."""
    try:
        if not any((path / f"{role}.xdf").is_file() for role in ROLES):
            return False
        return (path / MANIFEST_NAME).is_file() or "recorded" in session_tables(path)
    except OSError:
        return False


def is_beside(name: str) -> bool:
    """Tell whether a file, named from the recording's directory on, may come after the close."""
    return fits(name, BESIDE)


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name fits a pattern, folder by folder; a hidden one fits none."""
    hidden = any(part.startswith(".") for part in name.split("/"))
    same_depth = (p for p in patterns if p.count("/") == name.count("/"))
    return not hidden and any(fnmatchcase(name, pattern) for pattern in same_depth)


def entries(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of all that lies in a directory and its folders; no link is followed."""
    for entry in sorted(path.iterdir()):
        yield entry.name, entry
        if entry.is_dir() and not entry.is_symlink():
            yield from ((f"{entry.name}/{name}", inner) for name, inner in entries(entry))


def copy_beside(path: Path, out: Path) -> None:
    """Copy session file, vocabulary and what lies beside the recorded files into another directory.

    Raises
    ------
    OSError
        If one cannot be read or written.
    """
    for name, file in entries(path):
        kept = name == SESSION_NAME or fnmatchcase(name, f"{VOCABULARY}.*") or is_beside(name)
        if kept and file.is_file():
            (out / name).parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(file, out / name, follow_symlinks=False)
            os.chmod(out / name, 0o600)


def irregular(path: Path) -> list[Finding]:
    """Return what is a link, or neither file nor folder; nothing is read through these."""
    found = []
    for name, entry in entries(path):
        mode = entry.lstat().st_mode
        if stat.S_ISLNK(mode):
            found.append(
                Finding(name, "linked", f"is a link to {entry.readlink()}; nothing is read through it")
            )
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            found.append(Finding(name, "added", "is neither a file nor a folder; nothing is read from it"))
    return found


def refuse_links(path: Path) -> None:
    """Refuse a recording of which a file that would be read is a link, or no file at all.

    Raises
    ------
    RecordingError
        Names each: a link may lead out of the directory, to what is another person's.
    """
    folders = {name.split("/")[0] for name in READ if "/" in name}
    if faults := [f for f in irregular(path) if fits(f.file, READ) or f.file in folders]:
        what = "; ".join(f"{f.file} {f.message}" for f in faults)
        raise RecordingError(f"{path}: {what} (put the file itself there)")


def open_unlinked(path: str, flags: int) -> int:
    """Open a file, but nothing through a link: an `opener` for `open`."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def strangers(path: Path, listed: dict[str, Any]) -> list[Finding]:
    """Return what lies in the directory and is neither listed nor known, hidden files and links first."""
    found = irregular(path)
    irregulars, own = {f.file for f in found}, _instruments(path)
    for name, entry in entries(path):
        if name in irregulars or name in listed or name in own or is_beside(name):
            continue
        parts = name.split("/")
        if any(part.startswith(".") for part in parts):
            found.append(Finding(name, "hidden", "is hidden, and no part of the recording"))
        elif entry.is_dir():
            folders = (*BESIDE, f"{UNCONFIRMED}/*.xdf")
            if not any(pattern.startswith(f"{name}/") for pattern in folders):
                found.append(Finding(name, "added", "is a folder that no recording has"))
        elif name not in (MANIFEST_NAME, LOCK_NAME):
            found.append(Finding(name, "added", "is not in the manifest"))
    return found


def _instruments(path: Path) -> set[str]:
    """Return the files of a laboratory's own instruments that the session record names."""
    tables = session_tables(path)
    record = tables.get("record")
    given = record.get("instrument") if isinstance(record, dict) else None
    rows = given if isinstance(given, list) else []
    names = {str(row.get("name")) for row in rows if isinstance(row, dict)}
    return {name for name in names if name.endswith(".toml") and name != SESSION_NAME and "/" not in name}


def session_tables(path: Path) -> dict[str, Any]:
    """Return the tables of session.toml as they stand; none if it cannot be read."""
    try:
        return tomllib.loads((path / SESSION_NAME).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}

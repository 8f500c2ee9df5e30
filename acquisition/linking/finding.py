"""Find the file of a linked video again: where it lay, or beside the recording by name and contents."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from acquisition.linking.link import VideoLink

State = Literal["there", "moved", "changed", "missing"]


@dataclass(frozen=True, slots=True)
class Found:
    """Say where the file of a link is.

    Parameters
    ----------
    path : Path or None
        The file to open; None if it is missing or changed.
    state : str
        "there", "moved" (beside the recording, or in a folder there), "changed" or "missing".
    message : str
        In words, with the choices; "" if it is there.
    """

    path: Path | None
    state: State
    message: str = ""


def find(link: VideoLink, recording: Path, *, whole: bool = False) -> Found:
    """Find the file of a link: the stored path, then its name beside the recording and in a folder there.

    A file of another place counts only if its contents are those that were linked.

    Parameters
    ----------
    whole : bool
        Read the file at the stored path, too, to see that its contents are those that were linked; its size
        is compared in either case. This takes about a second for each gigabyte.
    """
    changed = ""
    if (size := size_of(link.path)) is not None:
        if size == link.size and (not whole or sha256_of(link.path) == link.sha256):
            return Found(link.path, "there")
        changed = f"{link.path}: is not the file that was linked: it changed since, or another has its name"
    for place in _places(link, recording):
        if size_of(place) == link.size and sha256_of(place) == link.sha256:
            return Found(place, "moved", f"{link.path}: is now {place}")
    if changed:
        return Found(None, "changed", f"{changed} (link it anew: attune link)")
    near = recording.absolute().parent
    said = f"{link.path}: is not there, nor a file of that name and contents in {recording} or {near}"
    return Found(None, "missing", f"{said} (put it there, or link it anew: attune link)")


def _places(link: VideoLink, recording: Path) -> list[Path]:
    """Return where a file of that name may lie now: in the recording, and beside it."""
    at = recording.absolute()
    own = [at / link.name, at.parent / link.name]
    try:
        folders = sorted(p for p in at.parent.iterdir() if p.is_dir() and not p.is_symlink() and p != at)
    except OSError:  # it may not be listed
        folders = []
    return own + [folder / link.name for folder in folders]


def size_of(path: Path) -> int | None:
    """Return the size of a file [bytes]; None if none is there. A link to a file counts as the file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal; "" if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""

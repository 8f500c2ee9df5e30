"""What lies in a recording besides its own files: halves of a write, and a person's by their own head."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from acquisition.recording import manifest
from acquisition.recording.contents import (
    MANIFEST_NAME,
    READ,
    SESSION_NAME,
    UNCONFIRMED,
    entries,
    fits,
    strangers,
)
from acquisition.recording.identity import read_identity, recorded_id
from acquisition.stream import Role

_MADE = re.compile(r"\.(?P<of>.+)\.(?P<what>new|before|tmp|[0-9a-f]{8})")
"""Hidden names under which a file is written, or kept until the new one stands."""


def restore(path: Path) -> None:
    """Give a file its name back where a kill came between its old content and its new one."""
    known = manifest.read(path / MANIFEST_NAME)
    gone = known.withdrawn if isinstance(known, manifest.Manifest) else {}
    for name, file in list(entries(path)):
        made = _made_of(name)
        if made is None or made[1] != "before" or made[0] in gone or not _is_plain(file):
            continue
        if not made[0].endswith((".xdf", SESSION_NAME)):
            continue
        if not (named := file.with_name(made[0])).exists():
            with suppress(OSError):  # a disk that cannot be written: nothing is erased there either
                os.replace(file, named)


def left_behind(path: Path, role: Role) -> list[Path]:
    """Return halves of writes that were killed, and further files that say to be this person's here."""
    return [file for name, file in entries(path) if _is_plain(file) and _goes(path, name, file, role)]


def _goes(path: Path, name: str, file: Path, role: Role) -> bool:
    if _made_of(name):
        return True
    if fits(name, READ):
        return False
    said, id = read_identity(file), recorded_id(path)
    return bool(id) and (said.recording, said.role) == (id, role)


def nobodys(path: Path, role: Role) -> list[Path]:
    """Return what lies there, is no part of the recording, and of which nobody knows whose it is."""
    known = manifest.read(path / MANIFEST_NAME)
    listed = known.files if isinstance(known, manifest.Manifest) else {}
    own = left_behind(path, role)
    return [file for f in strangers(path, listed) if (file := path / f.file) not in own]


def _made_of(name: str) -> tuple[str, str] | None:
    """Return the name of the file that a hidden one is a half of, and which; None if it is none of ours."""
    folder, _, last = name.rpartition("/")
    made = _MADE.fullmatch(last)
    files = (*READ, f"{UNCONFIRMED}/*.xdf")
    if made is None or not fits(f"{folder}/{made['of']}" if folder else made["of"], files):
        return None
    return made["of"], made["what"]


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()

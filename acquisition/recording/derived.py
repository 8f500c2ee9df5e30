"""What was made of a recording, and where it lies: derived.jsonl beside it, written before the result is.

So a withdrawal knows every table, report, picture and export without searching for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.overlay_file import append_made
from acquisition.stream import ROLES

DERIVED_NAME = "derived.jsonl"
BEGUN = "export begun"
"""Said of a directory before files are exported into it, which are then named one by one."""
COPY = "copy"
"""Said of a directory that is a recording itself: an unsealed or repaired copy."""


@dataclass(frozen=True, slots=True)
class Derived:
    """Name a file or directory that was made of a recording.

    Parameters
    ----------
    path : Path
        Absolute.
    what : str
        results, report, picture, export, …
    entities : tuple of str
        Whose data are in it.
    """

    path: Path
    what: str
    entities: tuple[str, ...]


def note(recording: Path, target: Path, what: str, entities: Iterable[str] = ROLES, *, why: str = "") -> bool:
    """Note what is about to be made, and why if that is said; tell whether it could be noted.

    A single file, or a recording that cannot be written to, keeps no index: a withdrawal then needs to be
    told where to look.
    """
    if not recording.is_dir():
        return False
    row = {"path": str(target.resolve()), "what": what, "entities": sorted(map(str, entities))}
    if not why and any((str(d.path), d.what) == (row["path"], what) for d in derived(recording)):
        return True
    said = {"when": datetime.now(UTC).isoformat(timespec="seconds")} | ({"why": why} if why else {})
    try:
        line = json.dumps(row | said, ensure_ascii=False) + "\n"
        append_made(recording / DERIVED_NAME, lambda _: line)
    except RecordingError:
        return False
    return True


def derived(recording: Path) -> list[Derived]:
    """Return what was made of a recording, each once; a line that cannot be read is passed over."""
    try:
        text = (recording / DERIVED_NAME).read_text("utf-8", errors="replace")
    except OSError:
        return []
    found: dict[tuple[str, str], Derived] = {}
    for line in text.splitlines():
        try:
            row = json.loads(line)
            one = Derived(Path(str(row["path"])), str(row["what"]), tuple(map(str, row["entities"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        found[str(one.path), one.what] = one
    return list(found.values())

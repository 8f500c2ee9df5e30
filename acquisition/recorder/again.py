"""A recorder that begins again after a crash: who was paused then is paused still."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from acquisition.events.vocabulary import PAUSE
from acquisition.protection.plain import plain_parts
from acquisition.recording.contents import session_tables
from acquisition.recording.lock import held
from acquisition.recording.tail import ends_closed
from acquisition.stream import PEOPLE, ROLES, Role

_MARK = re.compile(rb'\{"v": 1, [^\x00]*?"code": "' + PAUSE.encode() + rb'"[^\x00]*?\}')


def paused_before(parent: Path, session_id: str) -> tuple[Path | None, list[Role]]:
    """Return the recording of this session that was cut last, and who was paused when it was.

    None if there is none, or the last one was closed as it should be.
    """
    name = re.compile(rf"\d{{4}}-\d\d-\d\d_{re.escape(session_id)}(_\d+)?")
    try:
        found = [p for p in parent.iterdir() if name.fullmatch(p.name) and p.is_dir() and not p.is_symlink()]
        found = [p for p in found if any(p.glob("*.xdf"))]
        if not found:
            return None, []
        last = max(found, key=lambda p: (_began(p), _written(p)))
        files = [file for role in ROLES if (file := last / f"{role}.xdf").exists()]
        if held(last) or all(map(ends_closed, files)):
            return None, []
        return last, [role for role in PEOPLE if _paused_at_the_end(last / f"{role}.xdf")]
    except OSError:
        return None, []


def _began(path: Path) -> float:
    """Return when a recording began [s since 1970]: its own word, for a copy and an erasure make files new.

    One that was cut before its streams were there says none: it was written to at its end.
    """
    recorded = session_tables(path).get("recorded")
    try:
        return datetime.fromisoformat(recorded["started"]).timestamp()  # type: ignore[index]
    except (KeyError, OverflowError, TypeError, ValueError):
        return _written(path)


def _written(path: Path) -> float:
    return max(f.stat().st_mtime_ns for f in path.glob("*.xdf")) / 1e9


def _paused_at_the_end(file: Path) -> bool:
    """Tell whether the last pause in a person's file was not ended; that file holds their own alone."""
    if not file.is_file() or file.is_symlink():
        return False
    phases = []
    for text in _MARK.findall(b"".join(p for p in plain_parts(file) if isinstance(p, bytes))):
        try:
            fields = json.loads(text)
        except ValueError:
            continue
        if fields.get("code") == PAUSE:
            phases.append(fields.get("phase"))
    return bool(phases) and phases[-1] == "on"

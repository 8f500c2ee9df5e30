"""A recorder that begins again after a crash: who was paused then is paused still."""

from __future__ import annotations

import json
import re
from pathlib import Path

from acquisition.events.vocabulary import PAUSE
from acquisition.protection.plain import plain_parts
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
        dated = [
            (max(f.stat().st_mtime_ns for f in p.glob("*.xdf")), p) for p in found if any(p.glob("*.xdf"))
        ]
        if not dated:
            return None, []
        last = max(dated)[1]
        files = [file for role in ROLES if (file := last / f"{role}.xdf").exists()]
        if held(last) or all(map(ends_closed, files)):
            return None, []
        return last, [role for role in PEOPLE if _paused_at_the_end(last / f"{role}.xdf")]
    except OSError:
        return None, []


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

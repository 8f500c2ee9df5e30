"""Whether results are of a recording, or of another that only has the same name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acquisition.errors import AttunementError, RecordingError
from acquisition.protection.sealed_file import read_file
from acquisition.protection.vault import sealed_header
from acquisition.recording.amendments import read_amendments
from acquisition.recording.contents import SESSION_NAME
from acquisition.recording.identity import recorded_id
from acquisition.session.toml import load_session
from acquisition.stream import PEOPLE

ID = "recording_id"
"""Key of session.json that holds the recording's id; results of older versions lack it."""
Said = Mapping[str, frozenset[str]]


def said_of(path: Path) -> Said:
    """Return every code of the two people, and every beginning, that a recording has ever given."""
    try:
        session = load_session(path / SESSION_NAME)
        later = read_amendments(path, session.patterns)
    except (OSError, AttunementError):
        return {}
    began = session.recorded.began if session.recorded is not None else ""
    first = {"started": began, **{str(role): session.code(role) for role in PEOPLE}}
    return {
        key: frozenset({value, *(str(a.value) for a in later if a.key == key)} - {""})
        for key, value in first.items()
    }


def contradicts(row: Mapping[str, Any], said: Said) -> bool:
    """Tell whether keys of results name somebody, or a beginning, that the recording never gave."""
    return any(row.get(key) and values and str(row[key]) not in values for key, values in said.items())


def is_anothers(file: Path, path: Path) -> bool:
    """Tell whether a session.json is of another recording than `path`; where it cannot tell it is not."""
    own = recorded_id(path)
    try:
        header = sealed_header(file)
        if header is not None:
            return bool(own and header.recording) and header.recording != own
        row = json.loads(read_file(file))
    except (OSError, ValueError, RecursionError, RecordingError):
        return False
    if not isinstance(row, dict):
        return False
    if own and row.get(ID):
        return bool(row[ID] != own)
    return contradicts(row, said_of(path))

"""The lines of the files beside a recording, each read as what reads it later reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from acquisition.errors import AttunementError, KeyStoreError, RecordingError
from acquisition.events.corrections import CORRECTIONS_NAME, parse_correction
from acquisition.events.overlay import parse_edit, rows_of
from acquisition.recording.amendments import AMENDMENTS_NAME, parse_amendment
from acquisition.recording.contents import (
    OVERLAY_NAME,
    RATERS,
    RECORD_NAME,
    SESSION_NAME,
    Finding,
    entries,
    is_beside,
)
from acquisition.recording.noted import parse_record
from acquisition.session.patterns import CodePatterns
from acquisition.session.toml import load_session

_SHOWN = 20

Parse = Callable[[str, str], object]
"""Takes a line and its place; raises RecordingError where the line is none of its file."""


def damaged_rows(path: Path) -> list[Finding]:
    """Return the lines of the files beside a recording that cannot be read, each with its number.

    Of sealed rows those that do not open, where the keys are at hand; without them nothing can be told.
    """
    found, parsers = list[Finding](), _parsers(path)
    for name, file in entries(path):
        if not (is_beside(name) and name.endswith(".jsonl")) or file.is_symlink():
            continue
        parse = next((p for pattern, p in parsers.items() if fnmatchcase(name, pattern)), None)
        why = [text.removeprefix(f"{file}: ") for text in _faults(file, parse)]
        found += [Finding(name, "damaged", text) for text in why[:_SHOWN]]
        if len(why) > _SHOWN:
            found.append(Finding(name, "damaged", f"and {len(why) - _SHOWN} more lines"))
    return found


def _parsers(path: Path) -> Mapping[str, Parse]:
    try:
        patterns = load_session(path / SESSION_NAME).patterns
    except (AttunementError, OSError):  # told of the session file itself
        patterns = CodePatterns()
    return {
        OVERLAY_NAME: parse_edit,
        f"{RATERS}/*": parse_edit,
        CORRECTIONS_NAME: parse_correction,
        AMENDMENTS_NAME: lambda line, place: parse_amendment(line, place, patterns),
        RECORD_NAME: parse_record,
    }


def _faults(file: Path, parse: Parse | None) -> list[str]:
    try:
        rows = rows_of(file)
    except KeyStoreError:
        return []
    except RecordingError as error:
        return [str(error)]
    out = []
    for row in rows:
        try:
            if parse is not None and row.text is not None:
                parse(row.text, row.place)
        except RecordingError as error:
            out.append(str(error))
    return out

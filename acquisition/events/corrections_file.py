"""Append corrections by hand: whole acts or nothing, on the disk when the call ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.corrections import CORRECTIONS_NAME, Correction, line_of, parse_correction
from acquisition.events.overlay_file import append_lines
from acquisition.events.who import patterns_of, who_fault
from acquisition.session.patterns import CodePatterns


def refuse_editor(
    who: str,
    name: str = "--editor",
    recording: Path | None = None,
    patterns: CodePatterns | None = None,
) -> None:
    """Refuse who is no code: a name never gets into a recording.

    Raises
    ------
    RecordingError
        Names what was given, and the rule.
    """
    if why := who_fault(who, recording, patterns):
        raise RecordingError(f"{name} {who[:40]!r}: {why}")


def append_corrections(recording: Path, corrections: Sequence[Correction]) -> None:
    """Append corrections beside a recording, all of them or none.

    Raises
    ------
    RecordingError
        If one could not be read back, if `who` is no code, or if nothing can be written there.
    """
    lines, patterns = [], patterns_of(recording)
    for correction in corrections:
        refuse_editor(correction.who, "who", patterns=patterns)
        line = line_of(correction)
        parse_correction(line, "correction")
        lines.append(line + "\n")
    if lines:
        append_lines(recording / CORRECTIONS_NAME, "".join(lines))

"""Who edits, corrects or codes: a code of the study's raters or people, never a name."""

from __future__ import annotations

from pathlib import Path

from acquisition.recording.contents import session_tables
from acquisition.session.patterns import CodePatterns, read_patterns
from acquisition.session.toml_table import TomlTable


def patterns_of(recording: Path | None) -> CodePatterns:
    """Return which codes fit in a recording, as it says itself; it needs no key."""
    table = session_tables(recording).get("study") if recording is not None else None
    return read_patterns(TomlTable("[study]", table, [])) if isinstance(table, dict) else CodePatterns()


def who_fault(who: str, recording: Path | None = None, patterns: CodePatterns | None = None) -> str:
    """Say why this is nobody's code, and what would be one; "" if it is a rater's or a person's.

    Parameters
    ----------
    recording : Path, optional
        Whose study says which codes there are.
    patterns : CodePatterns, optional
        Its patterns, where they are at hand.
    """
    known = patterns_of(recording) if patterns is None else patterns
    fits = not known.fault("rater", who) or not known.fault("code", who)
    if fits:
        return ""
    return (
        f"{known.rule('rater')}, never a name" if known.rater else "must be a code such as R2, never a name"
    )

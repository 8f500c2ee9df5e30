"""What one rater coded of a session, wherever it stands: in a recording, in a rater's own file, or in a table
or annotation file of another program. All as intervals in seconds since the session began.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.overlay import effective, rater_file, read_edits, read_overlay
from acquisition.events.who import who_fault
from acquisition.recording.contents import RATERS
from processing.codings.marked import Marked, read_marked, since_begin
from processing.hour.timeline import Interval


def recording_of(text: str) -> Path | None:
    """Return the recording that RECORDING[@RATER] or RECORDING/raters/R2.jsonl names, else None."""
    path, _ = _parted(text)
    if path.is_dir():
        return path
    parent = path.absolute().parent
    return parent.parent if parent.name == RATERS and path.suffix == ".jsonl" else None


def read_rater(text: str, marked: Marked | None) -> list[Interval]:
    """Return what one rater coded.

    Parameters
    ----------
    text : str
        A recording, RECORDING@RATER for one rater of it, a rater's .jsonl file, a rater's code where the
        recording is given, or a file that `attune events import` reads.
    marked : Marked or None
        The recording that both raters coded, where there is one.

    Raises
    ------
    AttunementError
        If it cannot be read; the place is named.
    """
    path, rater = _parted(text)
    if path.is_dir():
        return _in_recording(path, rater, marked)
    if marked is not None and not path.exists() and not who_fault(text, marked.path):
        return _in_recording(marked.path, text, marked)
    if not path.is_file():
        raise RecordingError(f"{text}: no such recording, file or rater")
    if path.suffix == ".jsonl":
        if marked is None:
            raise RecordingError(f"{path}: its times need the recording: give --recording RECORDING")
        return _held([], path, rater, marked)
    from processing.codings.event_import import read_file

    return read_file(path, marked, rater)


def _parted(text: str) -> tuple[Path, str]:
    """Part PATH@RATER; a path that is there stays whole."""
    head, at, rater = text.rpartition("@")
    if at and not who_fault(rater, Path(head)) and not Path(text).exists():
        return Path(head), rater
    return Path(text), ""


def _in_recording(path: Path, rater: str, marked: Marked | None) -> list[Interval]:
    if marked is None or path.resolve() != marked.path.resolve():
        marked = read_marked(path)
    own = rater_file(path, rater)
    if rater and own.is_file():
        return _held([], own, "", marked)
    events = effective(marked.events, read_overlay(path))
    if rater and not any(e.rater == rater for e in events):
        raters = ", ".join(sorted(raters_of(path, marked))) or "none"
        raise RecordingError(f"{path}: nothing of a rater {rater} (there are: {raters})")
    return since_begin(events, marked.begin, marked.end, rater)


def raters_of(path: Path, marked: Marked) -> set[str]:
    """Return the codes of all who coded a recording, live, in review or in a file of their own."""
    events = effective(marked.events, read_overlay(path))
    return {e.rater for e in events if e.rater} | {p.stem for p in (path / RATERS).glob("*.jsonl")}


def _held(raw: Sequence[Event], path: Path, rater: str, marked: Marked) -> list[Interval]:
    events = effective(raw, read_edits(path))
    return since_begin(events, marked.begin, marked.end, rater)


def longest(*codings: Sequence[Interval]) -> float:
    """Return when the last of all codings ends [s]; nan without any."""
    return max((i.stop for coding in codings for i in coding), default=math.nan)

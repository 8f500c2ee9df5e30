"""Later edits of events: overlay.jsonl beside the recording, applied to the raw markers.

One JSON object a line, with op (add, edit or void), id, fields, who, when and why.
The pipeline never reads it; events.csv, the session metrics and the exports do. A rater who codes blind has a
file of the same form of their own, raters/<code>.jsonl, which nothing but the agreement of raters reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.intervals import that_hold
from acquisition.protection.sealed_rows import Row, opened
from acquisition.recording.contents import OVERLAY_NAME, RATERS

OPS = ("add", "edit", "void")
KINDS: dict[str, type | tuple[type, ...]] = {
    "time": (int, float),
    "t_shift": (int, float),
    "t_unc": (int, float),
}
PHASES = ("point", "on", "off")
NOT_JSON = "not JSON; put the line right, or take it out (`attune verify` names each such line)"
"""Said of a line beside a recording that was damaged, or edited by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Hold one line: what is done to the event `id`, by whom, when and why."""

    op: str
    id: str
    fields: dict[str, Any] = field(default_factory=dict)
    who: str = ""
    when: str = ""
    why: str = ""


def read_overlay(recording: Path) -> list[Edit]:
    """Read the edits of a recording, in order; none if it has no overlay.

    Raises
    ------
    RecordingError
        If a line is not an edit; the line is named.
    """
    return read_edits(recording / OVERLAY_NAME)


def read_edits(path: Path) -> list[Edit]:
    """Read a file of edits; none if there is no such file.

    A last line without its end that is no JSON was torn by a crash while it was written: it counts as never
    written.

    Raises
    ------
    RecordingError
        If a line is not an edit; the line is named.
    """
    return [parse_edit(line, place) for place, line in placed_lines(path)]


def placed_lines(path: Path) -> list[tuple[str, str]]:
    """Return the lines of a file beside a recording, each with its place; none without such a file.

    A last line without its end that is no JSON was torn by a crash while it was written: it counts as never
    written.

    Sealed lines are opened; those of which a key was destroyed are gone with their person.

    Raises
    ------
    RecordingError
        If the file cannot be read, or is sealed and its keys are not at hand.
    """
    return [(row.place, row.text) for row in rows_of(path) if row.text is not None]


def rows_of(path: Path) -> list[Row]:
    """Return the lines of a file beside a recording, with what each was sealed to; see `placed_lines`."""
    if not path.is_file():
        return []
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    # Alone a carriage return ends no line: nobody writes it, so it is what was damaged.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if not whole(lines[-1]):
        lines.pop()
    return opened(path, ((f"{path}: line {i}", line) for i, line in enumerate(lines, 1) if line.strip()))


def whole(line: str) -> bool:
    """Tell whether a last line without its end is all there: a cut JSON object is never JSON."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.strip()
    return True


def row_in(line: str, place: str) -> Any:
    """Return what a line holds as JSON.

    Raises
    ------
    RecordingError
        If it is none; `place` names it.
    """
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise RecordingError(f"{place}: {NOT_JSON}") from None


def rater_file(recording: Path, rater: str) -> Path:
    """Return where the codings of a blind rater are."""
    return recording / RATERS / f"{rater}.jsonl"


def parse_edit(line: str, place: str) -> Edit:
    """Return the edit in a line.

    Raises
    ------
    RecordingError
        If it is none; `place` names it.
    """
    row = row_in(line, place)
    if not isinstance(row, dict) or row.get("op") not in OPS or not isinstance(row.get("id"), str):
        raise RecordingError(f"{place}: needs an op ({', '.join(OPS)}) and the id of an event")
    changes = row.get("fields", {})
    known = {f.name for f in fields(Event)} - {"id"}
    if not isinstance(changes, dict) or set(changes) - known:
        raise RecordingError(f"{place}: fields may hold {', '.join(sorted(known))}")
    for name, value in changes.items():
        if not _fits(name, value):
            raise RecordingError(f"{place}: {name} = {value!r} is not allowed")
    if row["op"] == "add" and not {"time", "code"} <= set(changes):
        raise RecordingError(f"{place}: an added event needs time and code")
    return Edit(
        op=row["op"], id=row["id"], fields=changes, **{k: str(row.get(k, "")) for k in ("who", "when", "why")}
    )


def _fits(name: str, value: object) -> bool:
    if name == "value":
        return value is None or (isinstance(value, int | float | str) and not isinstance(value, bool))
    if name == "phase":
        return value in PHASES
    return isinstance(value, KINDS.get(name, str)) and not isinstance(value, bool)


def effective(events: Iterable[Event], edits: Sequence[Edit] = ()) -> list[Event]:
    """Return the events that hold: undone ones left out, edits applied, in order of the moment meant.

    An edit or void of an event that is not there (withdrawn with its person's file) does nothing.
    """
    return sorted(held(events, edits).values(), key=lambda e: e.onset)


def held(events: Iterable[Event], edits: Sequence[Edit] = ()) -> dict[str, Event]:
    """Return the events that hold by the id that an edit names them with.

    The beginning of an interval that came without an id gets the one it is named with, so that its end can.
    """
    kept = that_hold(events)
    for edit in edits:
        if edit.op == "void":
            kept.pop(edit.id, None)
        elif edit.op == "add":
            blank = Event(time=0.0, code="", source="review", t_unc=1.0, id=edit.id)
            kept[edit.id] = replace(blank, **edit.fields)
        elif edit.id in kept:
            kept[edit.id] = replace(kept[edit.id], **edit.fields)
    return {k: replace(e, id=k) if e.phase == "on" and not e.id else e for k, e in kept.items()}

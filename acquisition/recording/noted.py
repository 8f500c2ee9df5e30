"""The session as it stands now: the file as it was recorded, amendments, and what was noted beside it.

Beside a sealed recording the therapist's record and answers to instruments are rows of record.jsonl, each
sealed to whom it is about, and not a table at the end of session.toml. A row holds a part of `[record]`:

    {"about": "client", "record": "[[record.instrument]]\\nname = …"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.overlay import placed_lines, row_in
from acquisition.events.overlay_file import append_lines
from acquisition.recording.amendments import (
    AMENDMENTS_NAME,
    Amendment,
    amended,
    covariates_of,
    lines_of,
)
from acquisition.recording.contents import RECORD_NAME, SESSION_NAME
from acquisition.session.record import SessionRecord, dump_record, read_record
from acquisition.session.session import Session
from acquisition.session.toml import load_session
from acquisition.session.toml_table import TomlTable, parse
from acquisition.stream import PEOPLE, Role


def session_of(path: Path) -> Session | None:
    """Return the session of a recording's directory; None without session.toml.

    Raises
    ------
    SessionError
        With every fault of the session file.
    RecordingError
        If a row beside it cannot be read, or is sealed and its keys are not at hand.
    """
    file = path / SESSION_NAME
    return completed(load_session(file), path) if file.is_file() else None


def completed(session: Session, path: Path) -> Session:
    """Return a session with its amendments and what was noted beside the recording."""
    session = amended(session, path)
    return replace(session, record=_joined(session.record, path / RECORD_NAME))


def kept_apart(path: Path, session: Session) -> Session:
    """Put what a session file says of people's lives into sealed rows, before it is written; return the rest.

    Where the recording is not sealed all of it is the rest.

    Raises
    ------
    RecordingError
        See `note`.
    """
    if not session.protection.sealed:
        return session
    when = session.recorded.started if session.recorded is not None else ""
    rows = [
        Amendment(key=key, value=value, when=when, why="said in the session file")
        for key, value in covariates_of(session).items()
    ]
    if rows:
        append_lines(path / AMENDMENTS_NAME, lines_of(rows))
    if session.record != SessionRecord():
        note(path, session.record)
    return stripped(replace(session, record=SessionRecord()), *PEOPLE)


def stripped(session: Session, *roles: Role) -> Session:
    """Return a session without the covariates of some people, and of both together."""
    client, therapist = (
        replace(one, covariates={}) if role in roles else one
        for role, one in ((Role.CLIENT, session.client), (Role.THERAPIST, session.therapist))
    )
    return replace(session, client=client, therapist=therapist, covariates={})


def note(path: Path, record: SessionRecord) -> None:
    """Append a record beside a recording, each part as of whom it is about, all of it or nothing.

    Raises
    ------
    RecordingError
        If nothing can be written there, or the recording is sealed and its keys are not at hand.
    """
    rows = [{"about": str(role), "record": "\n".join(dump_record(part))} for role, part in parted(record)]
    append_lines(path / RECORD_NAME, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def parted(record: SessionRecord) -> Iterator[tuple[Role, SessionRecord]]:
    """Yield what of a record is about each person.

    Functions of safety and stages of change are about the client; principles and dose are what the therapist
    did; answers are of whoever gave them.
    """
    of = {
        Role.CLIENT: SessionRecord(
            functions=record.functions, stages=record.stages, recycled=record.recycled
        ),
        Role.THERAPIST: SessionRecord(principles=record.principles, dose=record.dose),
    }
    for role, part in of.items():
        whole = replace(part, answers=tuple(one for one in record.answers if one.of is role))
        if whole != SessionRecord():
            yield role, whole


def without(record: SessionRecord, role: Role) -> SessionRecord:
    """Return a record without what is about a person."""
    out = SessionRecord()
    for of, part in parted(record):
        out = out if of is role else _merged(out, part)
    return out


def _joined(record: SessionRecord, file: Path) -> SessionRecord:
    for place, line in placed_lines(file):
        record = _merged(record, parse_record(line, place))
    return record


def parse_record(line: str, place: str) -> SessionRecord:
    """Return the part of a session record in a line.

    Raises
    ------
    RecordingError
        If it is none; `place` names it.
    """
    row = row_in(line, place)
    if not isinstance(row, dict) or "record" not in row:
        raise RecordingError(f"{place}: no part of a session record (needs a record)")
    data, faults = parse(str(row["record"]))
    top = TomlTable("", data, faults)
    record = read_record(top)
    top.finish()
    if faults:
        raise RecordingError(f"{place}: {faults[0]}")
    return record


def _merged(a: SessionRecord, b: SessionRecord) -> SessionRecord:
    """Return two parts as one; of what both say, the later holds."""
    return SessionRecord(
        functions={**a.functions, **b.functions},
        stages=b.stages or a.stages,
        recycled=b.recycled or a.recycled,
        principles={**a.principles, **b.principles},
        dose={**a.dose, **b.dose},
        answers=(*a.answers, *b.answers),
    )

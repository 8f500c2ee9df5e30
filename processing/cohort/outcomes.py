"""Outcomes of sessions from a table of the laboratory: a line a session, a column an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acquisition.errors import ResultsError
from processing.cohort.delimited import Delimited, choices, meant, missing
from processing.cohort.numbering import Placed
from processing.cohort.places import files_by_session
from processing.cohort.session_tables import as_table

ENTITIES = ("client", "therapist", "dyad")
KEYS = (
    "dyad",
    "dyad_id",
    "client",
    "therapist",
    "session",
    "session_id",
    "number",
    "entity",
    "role",
    "of",
    "started",
    "date",
)
"""Columns that are no outcome."""
PREFIX = "ses-"


def read_outcomes(path: Path, placed: Sequence[Placed]) -> dict[tuple[str, int], pa.Table]:
    """Return the outcomes of each (dyad, session); also of sessions that were not recorded.

    A session is named by `dyad` (or `client`) and `session`; `entity` says whose outcome it is, the client's
    where it does not. All other columns are outcomes, and numbers. Where `started` or `date` is a date
    (YYYY-MM-DD), it must not be that of another session of the dyad.

    Raises
    ------
    ResultsError
        If a column is missing, a value is no number, a dyad is unknown, a session is there twice, or codes or
        a date are those of others.
    """
    table = Delimited(path)
    dyad_at, client_at = table.column("dyad", "dyad_id", needed=False), table.column("client", needed=False)
    therapist_at = table.column("therapist", needed=False)
    when_at = table.column("started", "date", needed=False)
    if dyad_at < 0 and client_at < 0:
        table.column("dyad", "client")
    session_at = table.column("session", "number", "session_id")
    entity_at = table.column("entity", "role", "of", needed=False)
    names = [(k, n) for k, n in enumerate(table.names) if n and n not in KEYS]
    if not names:
        raise ResultsError(f"{path}: no column of an outcome beside {', '.join(table.names)}")
    codes = _Codes(path, placed)
    seen: dict[tuple[str, int, str], int] = {}
    rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line, row in table.rows:
        said, client, therapist, when, whose = (
            row[at] if at >= 0 else "" for at in (dyad_at, client_at, therapist_at, when_at, entity_at)
        )
        dyad = codes.dyad(line, said, client)
        number = _number(path, line, row[session_at])
        entity = _entity(path, line, whose)
        codes.refuse_others(line, dyad, {"client": client, "therapist": therapist})
        codes.refuse_date(line, dyad, number, when)
        if (dyad, number, entity) in seen:
            first = seen[dyad, number, entity]
            raise ResultsError(f"{path}: line {line}: {dyad}, session {number}, {entity}: as line {first}")
        seen[dyad, number, entity] = line
        if codes.withdrew(dyad, number, entity):
            continue
        person = codes.person(dyad, entity)
        values = [(name, table.number(line, row, at)) for at, name in names]
        rows.setdefault((dyad, number), []).extend(
            {"entity": entity, "person": person, "outcome": name, "value": value}
            for name, value in values
            if value is not None
        )
    return {key: as_table("outcomes", mine, codes.keys(key)) for key, mine in rows.items()}


def kept_outcomes(store: Path, placed: Sequence[Placed]) -> dict[tuple[str, int], pa.Table]:
    """Return the outcomes that a store holds of its dyads, with the keys of its sessions as they are now."""
    codes = _Codes(store, placed)
    out = {}
    for table, dyad, number, file in list(files_by_session(store)):
        if table != "outcomes" or not codes.has(dyad) or file.suffix != ".parquet":
            continue
        rows = [
            {**row, "person": codes.person(dyad, row["entity"])}
            for row in pq.ParquetFile(file).read(["entity", "outcome", "value"]).to_pylist()
            if not codes.withdrew(dyad, number, row["entity"])
        ]
        if rows:
            out[dyad, number] = as_table("outcomes", rows, codes.keys((dyad, number)))
    return out


class _Codes:
    """Know the dyads of a cohort, who is in them, and the keys of their sessions."""

    def __init__(self, path: Path, placed: Sequence[Placed]) -> None:
        self._path = path
        self._of = {(p.dyad, p.number): p for p in placed}
        self._people = {p.dyad: p for p in placed}
        self._dyads: dict[str, set[str]] = {}
        for p in placed:
            self._dyads.setdefault(p.known.text("client"), set()).add(p.dyad)

    def has(self, dyad: str) -> bool:
        return dyad in self._people

    def withdrew(self, dyad: str, number: int, entity: str) -> bool:
        """Tell whether an outcome is of somebody who withdrew; what is of both is, once one of them has."""
        gone = self._gone(dyad, number)
        return entity in gone or bool(gone and entity == "dyad")

    def _gone(self, dyad: str, number: int) -> set[str]:
        """Return who withdrew from a session; from one that was not recorded, who did from all that were."""
        place = self._of.get((dyad, number))
        if place is not None:
            return set(place.known.withdrawn)
        return set.intersection(*(set(p.known.withdrawn) for p in self._of.values() if p.dyad == dyad))

    def refuse_others(self, line: int, dyad: str, said: Mapping[str, str]) -> None:
        """Refuse a line that names other people than the dyad's."""
        for role, code in said.items():
            mine = self._people[dyad].known.text(role)
            if not missing(code) and mine and code.removeprefix("sub-") != mine:
                raise ResultsError(
                    f"{self._path}: line {line}: {role} {code}, but {mine} is in dyad {dyad}: which is it?"
                )

    def refuse_date(self, line: int, dyad: str, number: int, said: str) -> None:
        """Refuse a date on which another session of the dyad was, and this one was not."""
        day = _day(said)
        own = self._of.get((dyad, number))
        if day is None or (own is not None and _day(own.known.text("started")) == day):
            return
        for p in self._of.values():
            if p.dyad == dyad and _day(p.known.text("started")) == day:
                raise ResultsError(
                    f"{self._path}: line {line}: {dyad}, session {number}, but on {day} was its session "
                    f"{p.number}: which is it?"
                )

    def dyad(self, line: int, dyad: str, client: str) -> str:
        if dyad:
            if dyad not in self._people:
                known = choices(meant(dyad, self._people) or self._people)
                raise ResultsError(f"{self._path}: line {line}: no dyad {dyad} in the store (known: {known})")
            return dyad
        code = client.removeprefix("sub-")
        found = self._dyads.get(code, set()) if code else set()
        if len(found) > 1:
            raise ResultsError(
                f"{self._path}: line {line}: client {client} is in several dyads ({choices(found)}): say dyad"
            )
        if not found:
            known = choices(meant(code, self._dyads) or self._dyads.keys() - {""})
            raise ResultsError(
                f"{self._path}: line {line}: client {client or 'not said'} is nobody in the store "
                f"(known: {known}): say dyad"
            )
        return next(iter(found))

    def person(self, dyad: str, entity: str) -> str:
        return dyad if entity == "dyad" else self._people[dyad].known.text(entity)

    def keys(self, key: tuple[str, int]) -> Mapping[str, str]:
        place = self._of.get(key)
        of = place.known if place is not None else None
        people, gone = self._people[key[0]].known, self._gone(*key)
        return {
            "recording": of.text("recording") if of is not None else "",
            **{role: "" if role in gone else people.text(role) for role in ("client", "therapist")},
            "started": of.text("started") if of is not None else "",
            "setting": of.text("setting") if of is not None else "",
            "corrected": "",
        }


def _number(path: Path, line: int, cell: str) -> int:
    plain = cell.removeprefix(PREFIX)
    if not plain.isdecimal():
        raise ResultsError(f"{path}: line {line}: session = {cell[:40]!r}: must be the number of a session")
    return int(plain)


def _day(text: str) -> date | None:
    """Return the day of a date, or of a date and time; None where it is written in another way."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _entity(path: Path, line: int, cell: str) -> str:
    entity = "client" if missing(cell) else cell.casefold()
    if entity not in ENTITIES:
        raise ResultsError(f"{path}: line {line}: entity = {cell[:40]!r}: one of {', '.join(ENTITIES)}")
    return entity

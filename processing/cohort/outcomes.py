"""Outcomes of sessions from a table of the laboratory: a line a session, a column an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from acquisition.errors import ResultsError
from processing.cohort.delimited import Delimited, missing
from processing.cohort.numbering import Placed
from processing.cohort.session_tables import as_table

ENTITIES = ("client", "therapist", "dyad")
KEYS = (
    "dyad",
    "dyad_id",
    "client",
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
    where it does not. All other columns are outcomes, and numbers.

    Raises
    ------
    ResultsError
        If a column is missing, a value is no number, a dyad is unknown or a session is there twice.
    """
    table = Delimited(path)
    dyad_at, client_at = table.column("dyad", "dyad_id", needed=False), table.column("client", needed=False)
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
        dyad = codes.dyad(
            line, row[dyad_at] if dyad_at >= 0 else "", row[client_at] if client_at >= 0 else ""
        )
        number = _number(path, line, row[session_at])
        entity = _entity(path, line, row[entity_at] if entity_at >= 0 else "")
        if (dyad, number, entity) in seen:
            first = seen[dyad, number, entity]
            raise ResultsError(f"{path}: line {line}: {dyad}, session {number}, {entity}: as line {first}")
        seen[dyad, number, entity] = line
        person = codes.person(dyad, entity)
        values = [(name, table.number(line, row, at)) for at, name in names]
        rows.setdefault((dyad, number), []).extend(
            {"entity": entity, "person": person, "outcome": name, "value": value}
            for name, value in values
            if value is not None
        )
    return {key: as_table("outcomes", mine, codes.keys(key)) for key, mine in rows.items()}


class _Codes:
    """Know the dyads of a cohort, who is in them, and the keys of their sessions."""

    def __init__(self, path: Path, placed: Sequence[Placed]) -> None:
        self._path = path
        self._of = {(p.dyad, p.number): p for p in placed}
        self._people = {p.dyad: p for p in placed}
        self._dyads: dict[str, set[str]] = {}
        for p in placed:
            self._dyads.setdefault(p.known.text("client"), set()).add(p.dyad)

    def dyad(self, line: int, dyad: str, client: str) -> str:
        if dyad:
            if dyad not in self._people:
                known = ", ".join(sorted(self._people))
                raise ResultsError(f"{self._path}: line {line}: no dyad {dyad} in the store (known: {known})")
            return dyad
        found = self._dyads.get(client.removeprefix("sub-"), set()) if client else set()
        if len(found) != 1:
            what = "is in several dyads" if found else "is nobody in the store"
            raise ResultsError(f"{self._path}: line {line}: client {client or 'not said'} {what}: say dyad")
        return next(iter(found))

    def person(self, dyad: str, entity: str) -> str:
        return dyad if entity == "dyad" else self._people[dyad].known.text(entity)

    def keys(self, key: tuple[str, int]) -> Mapping[str, str]:
        place = self._of.get(key)
        of = place.known if place is not None else None
        people = self._people[key[0]].known
        return {
            "recording": of.text("recording") if of is not None else "",
            "client": people.text("client"),
            "therapist": people.text("therapist"),
            "started": of.text("started") if of is not None else "",
            "setting": of.text("setting") if of is not None else "",
            "corrected": "",
        }


def _number(path: Path, line: int, cell: str) -> int:
    plain = cell.removeprefix(PREFIX)
    if not plain.isdecimal():
        raise ResultsError(f"{path}: line {line}: session = {cell[:40]!r}: must be the number of a session")
    return int(plain)


def _entity(path: Path, line: int, cell: str) -> str:
    entity = "client" if missing(cell) else cell.casefold()
    if entity not in ENTITIES:
        raise ResultsError(f"{path}: line {line}: entity = {cell[:40]!r}: one of {', '.join(ENTITIES)}")
    return entity

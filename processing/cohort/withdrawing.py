"""What a store holds of a recording, or was made of all of them: what a withdrawal takes out of it.

The session leaves the store as a whole; the next `attune cohort` brings back what the other person has left.
Models, report and participants rest on everybody: they go, and are made anew by the same run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from processing.cohort.known import Ledger
from processing.cohort.places import DATABASE, DICTIONARY, LEDGER, STATE, files_by_session
from processing.cohort.session_tables import LAST
from processing.cohort.store import state_of
from processing.cohort.tables import TABLES
from processing.results.belonging import contradicts, said_of

STAYS = (DATABASE, DICTIONARY, STATE)
"""Files that hold nothing of anybody: views, names of columns, hashes."""


def stores_below(places: Iterable[Path]) -> Iterator[Path]:
    """Yield the stores at or below some places."""
    for place in places:
        for file in sorted(place.rglob(STATE)):
            if state_of(file.parent) is not None:
                yield file.parent.resolve()


def files_of(store: Path, recording: Path) -> list[Path]:
    """Return the files of a store that hold anything of a recording."""
    if state_of(store) is None:
        return []
    by_session = list(files_by_session(store))
    name = recording.resolve().name
    said = said_of(recording)
    mine = {
        (dyad, number)
        for table, dyad, number, file in by_session
        if table == LAST
        and file.suffix == ".parquet"
        and any(
            row["recording"] == name and not contradicts(row, said) for row in pq.read_table(file).to_pylist()
        )
    }
    ledger = Ledger(store / LEDGER).place(recording)
    if not mine and not ledger.is_file():
        return []
    rows = [file for _, dyad, number, file in by_session if (dyad, number) in mine]
    return [*rows, *_of_everybody(store), *([ledger] if ledger.is_file() else [])]


def _of_everybody(store: Path) -> list[Path]:
    apart = {name for name, table in TABLES.items() if table.by_session} | {LEDGER}
    inside = (p for p in sorted(store.rglob("*")) if p.relative_to(store).parts[0] not in apart)
    return [p for p in inside if p.is_file() and not p.is_symlink() and p.name not in STAYS]

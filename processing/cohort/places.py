"""Where what lies in a store: a folder for each table, in it dyad=…/session=…/ and a file by its address.

STORE/sessions/dyad=D07/session=3/4f2c….parquet
STORE/metrics_long/dyad=D07/session=3/4f2c….parquet     … one folder for each table by session
STORE/participants.parquet, models.parquet, failures.parquet
STORE/models/M1.R … and what the scripts read; report/cohort.html, cohort.pdf
STORE/cohort.duckdb, dictionary.json, store.json, .known/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from processing.cohort.numbering import Placed
from processing.cohort.session_tables import BY_SESSION, LAST
from processing.cohort.tables import TABLES

DATABASE, DICTIONARY, STATE, LEDGER = "cohort.duckdb", "dictionary.json", "store.json", ".known"
MADE = "cohort"
"""What a recording's index calls a store that it is in."""


def folder_of(store: Path, table: str, dyad: str, number: int) -> Path:
    """Return the folder of a session's rows of a table."""
    return store / table / f"dyad={dyad}" / f"session={number}"


def place_of(store: Path, table: str, dyad: str, number: int, digest: str) -> Path:
    """Return the file of a session's rows of a table."""
    return folder_of(store, table, dyad, number) / f"{digest}.parquet"


def complete(store: Path, place: Placed, digest: str) -> bool:
    """Tell whether all tables of a result are there: the last one says so, the others must not be gone."""
    names = (LAST, *BY_SESSION)
    return all(place_of(store, name, place.dyad, place.number, digest).is_file() for name in names)


def files_by_session(store: Path) -> Iterator[tuple[str, str, int, Path]]:
    """Yield table, dyad, number and path of every file below the folders of tables, half-made ones too."""
    for table in TABLES.values():
        if not table.by_session:
            continue
        for file in sorted((store / table.name).glob("dyad=*/session=*/*")):
            dyad, number = (part.partition("=")[2] for part in file.parts[-3:-1])
            if number.isdecimal():
                yield table.name, dyad, int(number), file

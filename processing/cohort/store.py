"""The store of a cohort on disk: written whole, read table by table, and held by one run at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from acquisition.errors import ResultsError
from processing.cohort.job import Job
from processing.cohort.places import LEDGER, STATE, files_by_session, folder_of
from processing.cohort.tables import TABLES, Kind
from processing.results.litter import give_back, lock_directory

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
PARTITION = pa.schema([("dyad", pa.string()), ("session", pa.int64())])


@contextmanager
def opened(store: Path) -> Iterator[Path]:
    """Make or open a store and hold it until the end of the block.

    Raises
    ------
    ResultsError
        If the directory holds something else, is a store of a newer version, or another run holds it.
    """
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    said = state_of(store)
    if said is None and any(p for p in store.iterdir() if p.name != LEDGER):
        raise ResultsError(f"{store}: is not empty, and no store of attune cohort ({STATE} is not there)")
    if said is not None and said.get("format") != FORMAT:
        raise ResultsError(
            f"{store}: a store of format {said.get('format')} (known: {FORMAT}): another --out"
        )
    held = lock_directory(store)
    if held is None and os.name == "posix":
        raise ResultsError(f"{store}: another attune cohort is at work on it")
    try:
        if said is None:
            write_json(store / STATE, {"format": FORMAT})
        yield store
    finally:
        give_back(held)


def state_of(store: Path) -> dict[str, Any] | None:
    """Return what a store says of itself; None if it is none."""
    try:
        said = json.loads((store / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and "format" in said else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one step, the same for the same content."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    fresh.replace(path)


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file in one step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    pq.write_table(table, fresh, compression="zstd")
    fresh.replace(path)


def whole_table(store: Path, name: str, rows: Iterable[Mapping[str, Any]], more: Mapping[str, Kind]) -> None:
    """Write one of the tables that lie in the store as one file: STORE/NAME.parquet."""
    schema = TABLES[name].schema(more)
    listed = list(rows)
    columns = {f.name: pa.array([row.get(f.name) for row in listed], f.type) for f in schema}
    write_table(store / f"{name}.parquet", pa.table(columns, schema=schema))


def tidy(store: Path, jobs: Iterable[Job]) -> int:
    """Take out what no job of the store has made, half-made files among it; return how many files went."""
    wanted = {(job.place.dyad, job.place.number): f"{job.digest}.parquet" for job in jobs}
    gone = 0
    for table, dyad, number, file in list(files_by_session(store)):
        if table == "outcomes" or wanted.get((dyad, number)) == file.name:
            continue
        file.unlink()
        gone += 1
        _leave(file.parent, store)
    return gone


def _leave(folder: Path, store: Path) -> None:
    """Remove a folder that is empty, and those above it that are empty then."""
    while folder != store and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def write_outcomes(store: Path, tables: Mapping[tuple[str, int], pa.Table]) -> None:
    """Write the outcomes of each (dyad, session), in place of what was there."""
    wanted = {folder_of(store, "outcomes", *key) / "outcomes.parquet" for key in tables}
    for table, _, _, file in list(files_by_session(store)):
        if table == "outcomes" and file not in wanted:
            file.unlink()
            _leave(file.parent, store)
    for key, table in tables.items():
        write_table(folder_of(store, "outcomes", *key) / "outcomes.parquet", table)


class StoreTables(Mapping[str, "pd.DataFrame"]):
    """Read the tables of a store as data frames, each when it is first asked for.

    Parameters
    ----------
    store : Path
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table; the rows by dyad and session, without any where none were written.

        Raises
        ------
        KeyError
            If a store has no such table.
        """
        if name not in self._read:
            self._read[name] = _frame(arrow_table(self.store, name))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names of the tables."""
        return iter(TABLES)

    def __len__(self) -> int:
        """Return how many tables there are."""
        return len(TABLES)


def arrow_table(store: Path, name: str) -> pa.Table:
    """Return a table of a store, keys first, by dyad and session."""
    schema = TABLES[name].schema()
    if not TABLES[name].by_session:
        file = store / f"{name}.parquet"
        return pq.read_table(file) if file.is_file() else schema.empty_table()
    if not any((store / name).glob("dyad=*/session=*/*.parquet")):
        return schema.empty_table()
    import pyarrow.dataset as ds

    there = ds.dataset(
        store / name,
        schema=schema,
        format="parquet",
        partitioning=ds.partitioning(PARTITION, flavor="hive"),
        exclude_invalid_files=False,
    )
    table = there.to_table()
    # A stable sort: within a session rows stay as they were written.
    order = pa.compute.sort_indices(
        table.append_column("_at", pa.array(range(table.num_rows))),
        sort_keys=[("dyad", "ascending"), ("session", "ascending"), ("_at", "ascending")],
    )
    return table.take(order)


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a data frame: text as str, missing text "", missing numbers nan, signals arrays."""
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_string(field.type):
            # Each different text is one object, however many rows have it.
            coded = pa.compute.fill_null(column, "").dictionary_encode().combine_chunks()
            texts = np.array(coded.dictionary.to_pylist(), object)
            columns[field.name] = pd.Series(texts[coded.indices.to_numpy()], dtype=object)
        elif pa.types.is_integer(field.type) and column.null_count:
            columns[field.name] = pd.Series(column.to_pylist(), dtype="Int64")
        elif pa.types.is_boolean(field.type) and column.null_count:
            columns[field.name] = pd.Series(column.to_pylist(), dtype="boolean")
        elif pa.types.is_list(field.type):
            rows = [np.array(v.values, np.float32) for v in column]
            columns[field.name] = pd.Series(rows, dtype=object)
        else:
            columns[field.name] = pd.Series(column.to_numpy())
    return pd.DataFrame(columns)

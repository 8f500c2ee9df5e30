"""cohort.duckdb: a view for each table of the store; it holds no row itself, and moves with the store.

The views name their files from where the store is: open it there, or say where it is.

    duckdb.connect("STORE/cohort.duckdb", read_only=True, config={"file_search_path": "STORE"})
"""

from __future__ import annotations

from pathlib import Path

from processing.cohort.places import DATABASE
from processing.cohort.tables import TABLES, TableSchema

TYPES = {"str": "VARCHAR", "float": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "floats": "FLOAT[]"}


def write_database(store: Path) -> None:
    """Write the views anew."""
    import duckdb

    fresh = store / f".{DATABASE}.new"
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh), config={"file_search_path": str(store)}) as database:
        for table in TABLES.values():
            database.execute(f"CREATE VIEW {table.name} AS {_select(store, table)}")
            database.execute(f"COMMENT ON VIEW {table.name} IS {_quoted(table.text)}")
    fresh.replace(store / DATABASE)


def _select(store: Path, table: TableSchema) -> str:
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    if table.by_session and any((store / table.name).glob("dyad=*/session=*/*.parquet")):
        there = f"'{table.name}/dyad=*/session=*/*.parquet', hive_partitioning = true"
        types = "{'dyad': VARCHAR, 'session': BIGINT}"
        return f"SELECT {names} FROM read_parquet({there}, hive_types = {types})"
    if not table.by_session and (store / f"{table.name}.parquet").is_file():
        return f"SELECT * FROM read_parquet('{table.name}.parquet')"
    none = ", ".join(f'NULL::{TYPES[c.kind]} AS "{c.name}"' for c in table.columns)
    return f"SELECT {none} WHERE false"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

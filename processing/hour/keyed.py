"""What joins a table of one session to those of others: whose it is, its number, when it began, from what."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

Keys = Mapping[str, str | int | None]
"""Name → value: `COLUMNS`, and of `MADE_BY` where it is known; None where nobody said."""
COLUMNS = ("dyad", "session", "recording", "client", "therapist", "started", "setting")
MADE_BY = ("version", "input", "parameters")
"""Version of the software, SHA-256 of the input, hash of the parameters of the pipeline."""
NUMBER = "session"


def with_keys(table: pa.Table, keys: Keys | None) -> pa.Table:
    """Return a table with the keys as its last columns, and all that is known in its file metadata."""
    if keys is None:
        return table
    n = table.num_rows
    for name in COLUMNS:
        kind = pa.int64() if name == NUMBER else pa.string()
        table = table.append_column(name, pa.array([keys.get(name)] * n, kind))
    return noted(table, keys)


def noted(table: pa.Table, keys: Keys | None) -> pa.Table:
    """Return a table with the keys in its file metadata, beside what stands there."""
    if keys is None:
        return table
    said = {name: "" if (v := keys.get(name)) is None else str(v) for name in (*COLUMNS, *MADE_BY)}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **said})

"""The schema of a cohort's store."""

from __future__ import annotations

import pytest

from processing.cohort.tables import KEYS, TABLES, TableSchema, data_dictionary


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_every_table_of_sessions_begins_with_the_keys(table: TableSchema) -> None:
    names = table.schema().names
    assert len(set(names)) == len(names)
    assert not table.by_session or tuple(names[: len(KEYS)]) == tuple(k.name for k in KEYS)


def test_the_dictionary_describes_every_column() -> None:
    said = data_dictionary({"attachment": "style of attachment (declared)"})
    assert set(said) == set(TABLES)
    assert all(column["text"] for table in said.values() for column in table["columns"].values())
    assert said["participants"]["columns"]["attachment"]["text"].startswith("style")

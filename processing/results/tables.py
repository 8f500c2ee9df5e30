"""Tables of an hour with a row for each thing that happened: excursions, interventions, labels,
and what other settings would have said of coupling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from processing.hour.keyed import Keys, with_keys
from processing.metrics.session_metrics import Hour
from processing.rows.derived import DerivedRow, derived_rows
from processing.rows.excursions import ExcursionRow, excursion_rows
from processing.rows.interventions import InterventionRow, intervention_rows
from processing.rows.labels import LabelRow, label_rows
from processing.rows.ways_back import WayBackRow, way_back_rows
from processing.surrogates.multiverse import Setting

Row = ExcursionRow | InterventionRow | LabelRow | WayBackRow | DerivedRow | Setting
KINDS = {"str": pa.string(), "float": pa.float64(), "bool": pa.bool_()}
TABLES: Mapping[str, tuple[type[Row], Callable[[Hour], Sequence[Row]]]] = {
    "excursions.parquet": (ExcursionRow, lambda h: excursion_rows(h.line, h.found, h.recovered)),
    "interventions.parquet": (InterventionRow, lambda h: intervention_rows(h.line, h.found)),
    "labels.parquet": (LabelRow, lambda h: label_rows(h.line)),
    "derived.parquet": (DerivedRow, lambda h: derived_rows(h.line)),
    "ways_back.parquet": (WayBackRow, lambda h: way_back_rows(h.line, h.found)),
    "multiverse.parquet": (Setting, lambda h: h.settings),
}
"""Name of a table → its rows, and how they are made of an hour."""


def write_table(
    directory: Path, name: str, hour: Hour, scalings: Mapping[str, str], keys: Keys | None = None
) -> None:
    """Write one of `TABLES` with what joins it to other sessions; without rows where nothing happened."""
    pq.write_table(with_keys(table_of(name, hour, scalings), keys), directory / name)


def table_of(name: str, hour: Hour, scalings: Mapping[str, str]) -> pa.Table:
    """Return one of `TABLES`.

    Parameters
    ----------
    scalings : dict
        Person → what their arousal index is relative to: it stands in every row of a person.
    """
    kind, make = TABLES[name]
    rows = make(hour)
    schema = pa.schema([(f.name, KINDS[str(f.type)]) for f in fields(kind)])
    columns = {field: [getattr(row, field) for row in rows] for field in schema.names}
    table = pa.table(columns, schema=schema)
    if "person" in columns:
        relative = pa.array([scalings.get(person, "") for person in columns["person"]], pa.string())
        table = table.append_column("scaling", relative)
    return table

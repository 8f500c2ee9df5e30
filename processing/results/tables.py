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
from processing.ratings.agreement import PairRow
from processing.ratings.comparing import MomentRow, moment_rows
from processing.ratings.relation import RelationRow
from processing.results.session_run import SessionRun
from processing.rows.derived import DerivedRow, derived_rows
from processing.rows.excursions import ExcursionRow, excursion_rows
from processing.rows.interventions import InterventionRow, intervention_rows
from processing.rows.labels import LabelRow, label_rows
from processing.rows.rated import RatedSecond, rated_seconds
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
MOMENTS: Mapping[type, str] = {
    ExcursionRow: "on",
    InterventionRow: "on",
    LabelRow: "time",
    DerivedRow: "on",
    WayBackRow: "excursion",
}
"""Rows of a person → the column that says when what they tell of began."""


def write_ratings(directory: Path, run: SessionRun, keys: Keys | None = None) -> None:
    """Write what was rated and what it gives, where anybody rated the hour."""
    moments = moment_rows(run.ratings.choices)
    tables: Mapping[str, tuple[type, Sequence[object]]] = {
        "ratings_moments.parquet": (MomentRow, moments),
        "ratings.parquet": (RatedSecond, rated_seconds(run.ratings, run.begin)),
        "ratings_agreement.parquet": (PairRow, [p for a in run.rated.agreements for p in a.pairs]),
        "ratings_relations.parquet": (RelationRow, run.rated.relations),
    }
    for name, (kind, rows) in tables.items():
        if not (moments if kind is MomentRow else run.ratings.traces):
            continue
        pq.write_table(with_keys(_rows_of(kind, rows), keys), directory / name)


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
        Person → what their arousal index is relative to: it stands in every row of a person, and so does
        why that was old by then.
    """
    kind, make = TABLES[name]
    rows = make(hour)
    table = _rows_of(kind, rows)
    if "person" in table.column_names:
        people = [str(row.person) for row in rows]  # type: ignore[union-attr]
        old = [_old_at(hour, row, person) for row, person in zip(rows, people, strict=True)]
        relative = pa.array([scalings.get(person, "") for person in people], pa.string())
        table = table.append_column("old_baseline", pa.array(old, pa.string()))
        table = table.append_column("scaling", relative)
    return table


def _old_at(hour: Hour, row: Row, person: str) -> str:
    """Return why the reference of a row's index was old at its moment; "" if it was not."""
    began: float = getattr(row, MOMENTS[type(row)])
    return hour.line.people[person].old_at(hour.line.begin + began) if person in hour.line.people else ""


def _rows_of(kind: type, rows: Sequence[object]) -> pa.Table:
    """Return rows of a dataclass as a table."""
    schema = pa.schema([(f.name, KINDS[str(f.type)]) for f in fields(kind)])
    return pa.table({name: [getattr(row, name) for row in rows] for name in schema.names}, schema=schema)

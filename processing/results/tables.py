"""Tables of an hour with a row for each thing that happened: excursions.parquet and interventions.parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from processing.metrics.excursion_table import ExcursionRow, excursion_rows
from processing.metrics.intervention_table import InterventionRow, intervention_rows

if TYPE_CHECKING:
    from processing.metrics.session_metrics import Hour

KINDS = {"str": pa.string(), "float": pa.float64(), "bool": pa.bool_()}
EXCURSIONS, INTERVENTIONS = "excursions.parquet", "interventions.parquet"


def write_excursions(directory: Path, hour: Hour) -> None:
    """Write excursions.parquet; without rows where there was none."""
    _write(directory / EXCURSIONS, ExcursionRow, excursion_rows(hour.line, hour.found, hour.recovered))


def write_interventions(directory: Path, hour: Hour) -> None:
    """Write interventions.parquet; without rows where none was marked."""
    _write(directory / INTERVENTIONS, InterventionRow, intervention_rows(hour.line, hour.found))


def _write(
    path: Path, kind: type[ExcursionRow | InterventionRow], rows: Sequence[ExcursionRow | InterventionRow]
) -> None:
    schema = pa.schema([(f.name, KINDS[str(f.type)]) for f in fields(kind)])
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    pq.write_table(pa.table(columns, schema=schema), path)

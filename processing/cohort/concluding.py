"""What rests on all sessions of a store: its models, and R scripts that fit them again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from processing.cohort.models import fit_all
from processing.cohort.models.coupling import tested_signals
from processing.cohort.models.pairs import pairs
from processing.cohort.models.r_scripts import write_r_scripts
from processing.cohort.store import StoreTables, write_table
from processing.cohort.tables import MODELS

SCRIPTS = "models"
"""Folder of the R scripts and of what they read."""


def conclude(store: Path) -> None:
    """Fit the models of a store and write them into it."""
    tables = StoreTables(store)
    compared = pairs(tables, tested_signals())
    table = pa.Table.from_pandas(fit_all(tables, compared), schema=MODELS.schema(), preserve_index=False)
    write_table(store / f"{MODELS.name}.parquet", table.replace_schema_metadata(None))
    write_r_scripts(tables, store / SCRIPTS, compared)

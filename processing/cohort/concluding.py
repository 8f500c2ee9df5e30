"""What rests on all sessions of a store: its models, R scripts that fit them again, and the report."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from processing.cohort.models import fit_all
from processing.cohort.models.coupling import tested_signals
from processing.cohort.models.pairs import pairs
from processing.cohort.models.r_scripts import write_r_scripts
from processing.cohort.store import StoreTables, write_table
from processing.cohort.tables import MODELS
from processing.hour.shelter import Shelter

SCRIPTS, REPORT = "models", "report"
"""Folders of the R scripts with what they read, and of the report."""


def conclude(store: Path) -> list[str]:
    """Fit the models of a store, write them into it and report on them; return in lines what failed."""
    tables = StoreTables(store)
    compared = pairs(tables, tested_signals())
    table = pa.Table.from_pandas(fit_all(tables, compared), schema=MODELS.schema(), preserve_index=False)
    write_table(store / f"{MODELS.name}.parquet", table.replace_schema_metadata(None))
    shelter = Shelter()
    shelter.tried("R scripts", lambda: write_r_scripts(tables, store / SCRIPTS, compared), None)

    def report() -> None:
        # matplotlib takes a second to import.
        from processing.cohort.report import write_report

        write_report(tables, store / REPORT, compared=compared)

    shelter.tried("report", report, None)
    return shelter.faults

"""R scripts that fit the same models from the same store (lme4, survival), and the tables they read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from processing.cohort.models import process, series, stable
from processing.cohort.models.coupling import tested_signals
from processing.cohort.models.pairs import pairs

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

WHOLE = ("excursions", "interventions", "labels", "responses", "outcomes", "instruments", "participants",
         "ways_back")  # fmt: skip
"""Tables that are written as they are."""


def write_r_scripts(tables: Tables, out: Path, compared: pd.DataFrame | None = None) -> None:
    """Write M1.R to M8.R, and beside them as CSV what they read where R cannot read Parquet.

    Parameters
    ----------
    tables : mapping
        The tables of a store.
    out : Path
        A directory, made if need be.
    compared : DataFrame
        What `pairs` returned, if it was computed already.
    """
    folder = out / "csv"
    folder.mkdir(parents=True, exist_ok=True)
    for script in sorted(files("processing.cohort.models").joinpath("r").iterdir(), key=lambda f: f.name):
        if script.name.endswith(".R"):
            (out / script.name).write_text(script.read_text("utf-8"), "utf-8")
    long = tables["metrics_long"]
    wanted = {name for _, name in (*series.METRICS, *process.PROCESSES)} | set(stable.METRICS)
    wanted |= {f"sync_{signal}_{what}" for signal in tested_signals() for what in ("lag", "stated", "lead")}
    _write(long[long["metric"].isin(wanted)], folder / "metrics_long.csv")
    for name in WHOLE:
        _write(tables[name], folder / f"{name}.csv")
    _write(_moderators(tables), folder / "moderators.csv")
    found = pairs(tables, tested_signals()) if compared is None else compared
    _write(found, folder / "pairs.csv")


def _moderators(tables: Tables) -> pd.DataFrame:
    """Return moderators as numbers: a CSV file does not tell a level "2" from the number."""
    import pandas as pd

    return pd.DataFrame(process.moderators(tables)).rename_axis("client").reset_index()


def _write(table: pd.DataFrame, path: Path) -> None:
    fresh = path.with_name(f".{path.name}.part")
    table.to_csv(fresh, index=False)
    fresh.replace(path)

"""All models, M1 to M8, in one table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from processing.arousal.level import OLD
from processing.cohort.models import coupling, dose, edges, flexibility, growth, process, returning, stable
from processing.cohort.models.row import ModelRow, frame, refused
from processing.hour.shelter import Shelter

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MARK = OLD.rstrip(": ")
"""How the reason of a session metric names an old baseline."""
MODELS: dict[str, Callable[..., list[ModelRow]]] = {
    stable.MODEL: stable.stable,
    edges.MODEL: edges.edges,
    growth.MODEL: growth.growth,
    coupling.MODEL: coupling.coupling,
    returning.MODEL: returning.responsiveness,
    dose.MODEL: dose.dose,
    process.MODEL: process.process_and_outcome,
    flexibility.MODEL: flexibility.flexibility,
}


def fit_all(tables: Tables, compared: pd.DataFrame | None = None) -> pd.DataFrame:
    """Fit every model; one that fails says so in a row of its own and costs no other.

    Parameters
    ----------
    tables : mapping
        The tables of a store.
    compared : DataFrame
        What `pairs` returned, if it was computed already: it takes longer than all the rest.

    Returns
    -------
    DataFrame
        A row for each term, or for the reason why there is none; every model has rows.
    """
    shelter, out = Shelter(), list[ModelRow]()
    more = {coupling.MODEL: {"compared": compared}}
    for name, make in MODELS.items():
        nothing: list[ModelRow] = []
        found = shelter.tried(name, partial(make, tables, **more.get(name, {})), nothing)
        out += found or [refused(name, "", "", shelter.faults[-1] if shelter.faults else "nothing to fit")]
    old = old_in(tables)
    return frame([_reserved(row, old) for row in out])


def old_in(tables: Tables) -> dict[tuple[str, str], str]:
    """Return for each metric of a role that rests on old baselines in some sessions, in how many."""
    long = tables["metrics_long"]
    there = long[long["value"].notna()]
    old = there["reason"].fillna("").astype(str).str.contains(MARK, regex=False)
    keys = [there["entity"].astype(str), there["metric"].astype(str)]
    counted = old.groupby(keys).agg(["sum", "size"])
    return {
        (str(entity), str(metric)): f"{MARK} in {int(few)} of {int(n)} sessions"
        for (entity, metric), few, n in counted.itertuples()
        if few
    }


def _reserved(row: ModelRow, old: dict[tuple[str, str], str]) -> ModelRow:
    """Return a row whose estimate rests on old baselines with a word of it beside what is said already."""
    said = old.get((row.role, row.outcome), "")
    if not said or math.isnan(row.estimate):
        return row
    return replace(row, reason="; ".join(part for part in (row.reason, said) if part))

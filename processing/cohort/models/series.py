"""What is modelled over sessions: one value a session, or several, of a person or a dyad, in one shape.

Every function returns the columns dyad, session, person, client, therapist, value and se, in the order of
dyads and sessions; rows without a value are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from processing.indices.heart import VAGAL

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

COLUMNS = ["dyad", "session", "person", "client", "therapist", "value", "se"]
RATINGS = ("safety_now", "safety_body", "safety_judged")
"""Ratings of a moment, 0 to 10; several a session."""
METRICS = (
    ("client", "time_in_pct"),
    ("client", "excursions_rate"),
    ("client", "recovery_t50"),
    ("client", f"{VAGAL}_rest"),
    ("client", "tolerated_upper"),
    ("client", "tolerated_lower"),
    ("therapist", "time_in_pct"),
    ("dyad", "joint_time_in_pct"),
    ("dyad", "sync_hr_es_perm"),
    ("dyad", "sync_scl_es_perm"),
)
"""Session metrics that are looked at over sessions."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Hold a value a session: whose, what it is called, and its rows."""

    entity: str
    name: str
    rows: pd.DataFrame


def metric(tables: Tables, entity: str, name: str) -> pd.DataFrame:
    """Return a session metric of a role."""
    long = tables["metrics_long"]
    return shaped(long[(long["metric"] == name) & (long["entity"] == entity)])


def ratings(tables: Tables, entity: str, code: str) -> pd.DataFrame:
    """Return the ratings of a code by a role, all of each session."""
    labels = tables["labels"]
    return shaped(labels[(labels["code"] == code) & (labels["entity"] == entity)])


def shaped(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of a table of the store with these columns, in order."""
    out = _named_each(rows[rows["value"].notna()].copy())
    if "se" not in out:
        out["se"] = np.nan
    out["session"] = out["session"].astype(float)
    out["value"], out["se"] = out["value"].astype(float), out["se"].astype(float)
    return out[COLUMNS].sort_values(["dyad", "session"], kind="stable").reset_index(drop=True)


def _named_each(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in which whoever has no code is one person of the dyad, not the same one of all dyads."""
    entity = rows.get("entity", "client")
    unsaid = {"person": rows["dyad"] + " " + entity, "client": rows["dyad"] + " client"}
    return rows.assign(**{name: rows[name].where(rows[name] != "", code) for name, code in unsaid.items()})


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one value a session: the mean of several, with its standard error where there are two."""
    keys = ["dyad", "session", "person", "client", "therapist"]
    by = rows.groupby(keys, sort=True)["value"]
    out: pd.DataFrame = by.mean().to_frame("value").assign(se=by.sem()).reset_index()[COLUMNS]
    return out


def reported(tables: Tables) -> Iterator[Series]:
    """Yield what people reported of whole sessions: outcomes of the cohort's file, then instruments."""
    outcomes = tables["outcomes"]
    for entity, name in _named(outcomes, ["entity", "outcome"]):
        yield Series(entity, name, shaped(outcomes[_is(outcomes, entity=entity, outcome=name)]))
    forms = tables["instruments"]
    for entity, instrument, scale, when in _named(forms, ["entity", "instrument", "scale", "when"]):
        mine = forms[_is(forms, entity=entity, instrument=instrument, scale=scale, when=when)]
        name = f"{instrument}_{scale}_{when}" if scale not in ("", "total") else f"{instrument}_{when}"
        rows = shaped(mine)
        # A form that was filled in twice is one value of its session.
        yield Series(entity, name, means(rows) if rows.duplicated(["dyad", "session"]).any() else rows)


def every_series(tables: Tables) -> Iterator[Series]:
    """Yield all that has one value a session: metrics, means of ratings, outcomes and instruments.

    What the store holds nothing of is left out.
    """
    found = [Series(entity, name, metric(tables, entity, name)) for entity, name in METRICS]
    for entity in ("client", "therapist"):
        found += [Series(entity, code, means(ratings(tables, entity, code))) for code in RATINGS]
    yield from (one for one in [*found, *reported(tables)] if len(one.rows))


def _named(table: pd.DataFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, table[columns].drop_duplicates().itertuples(index=False)))


def _is(table: pd.DataFrame, **wanted: str) -> Any:
    chosen = np.ones(len(table), bool)
    for column, value in wanted.items():
        chosen &= (table[column] == value).to_numpy(bool)
    return chosen

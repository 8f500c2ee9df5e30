"""M7: from process to outcome: what a session's process says of the next session's outcome, and the reverse.

outcome(s + 1) ~ within(s) + mean + outcome(s) + outcome(1) + (1 | client) + (1 | therapist): `within` is
the session's process, beyond what goes with today's outcome, less the client's mean, `mean` the client's mean
less that of all. One moderator at a time: its product with `within`.

- outcome(1) stands in the model since the first outcome holds what a client brings as later ones do; without
  it, outcome(s) takes the part of the client, and `within` is wrong where process goes with today's outcome
  (Wooldridge 2005).
- Today's outcome is taken out of the process within clients: a client's mean holds later sessions, which
  today's outcome has moved by then, so that without this `within` is wrong wherever outcomes feed back.
- Both ways: the same with process and outcome exchanged.

References
----------
Wooldridge (2005), doi:10.1002/jae.770: initial conditions.
Falkenström, Solomonov & Rubel (2020), doi:10.1037/pst0000291: within and between in psychotherapy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from acquisition.stream import FloatArray
from processing.cohort.models import mixed, series
from processing.cohort.models.dose import minutes_of_sessions
from processing.cohort.models.growth import with_therapist
from processing.cohort.models.row import ModelRow, adjusted, counted, counts, refused
from processing.cohort.models.series import Series

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M7"
PROCESSES = (
    ("client", "time_in_pct"),
    ("dyad", "joint_time_in_pct"),
    ("dyad", "sync_hr_es_perm"),
    ("dyad", "sync_scl_es_perm"),
)
LEAST_CLIENTS = 8
LEAST_STEPS = 3
"""Steps from one session to the next that a client needs."""
FIXED = ("within", "mean", "now", "first")


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Hold what is modelled: a row for each step from a session to the next, and the design."""

    rows: pd.DataFrame
    x: FloatArray
    names: tuple[str, ...]


def process_and_outcome(tables: Tables) -> list[ModelRow]:
    """Return what each process says of each outcome's next value, the reverse, and moderators."""
    outcomes = [s for s in series.reported(tables) if s.entity == "client"]
    processes = list(_processes(tables))
    if not outcomes:
        why = "no outcome of a client in the store (--outcomes, or instruments before or after the hour)"
        return [refused(MODEL, "outcome", "client", why, formula=formula("outcome", "process"))]
    covariates = moderators(tables)
    out: list[ModelRow] = []
    for outcome in outcomes:
        for process in processes:
            out += step_model(process, outcome)
            out += step_model(outcome, process)
            for name, values in covariates.items():
                out += step_model(process, outcome, moderator=(name, values))
    return adjusted(out)


def _processes(tables: Tables) -> Iterator[Series]:
    for entity, name in PROCESSES:
        rows = series.metric(tables, entity, name)
        if len(rows):
            yield Series(entity, name, rows)
    if len(tables["interventions"]):
        doses = minutes_of_sessions(tables)
        for kind in ("supportive", "change_oriented"):
            yield Series("dyad", f"{kind}_minutes", series.shaped(doses.assign(value=doses[kind])))


def moderators(tables: Tables) -> dict[str, dict[str, float]]:
    """Return the covariates of clients that are numbers, or of two kinds: name → client → value."""
    import pandas as pd

    people = tables["participants"]
    people = people[people["role"] == "client"]
    out = {}
    for name in people.columns:
        if name in ("person", "role", "dyads", "sessions"):
            continue
        column = people[name]
        numbers = pd.to_numeric(column, errors="coerce")
        if numbers.isna().any() and column.nunique() == 2 and column.notna().all():
            numbers = (column == sorted(column.astype(str).unique())[1]).astype(float)
        if numbers.notna().sum() >= LEAST_CLIENTS and numbers.nunique() > 1:
            known = numbers.notna()
            out[str(name)] = dict(zip(people["person"][known], numbers[known].astype(float), strict=True))
    return out


def formula(outcome: str, process: str, *, moderator: str = "", therapists: bool = False) -> str:
    """Return the model as a formula."""
    more = f" + {moderator} + {moderator}:within" if moderator else ""
    return (
        f"{outcome}(s + 1) ~ {process} within + mean + {outcome}(s) + {outcome}(1){more} + (1 | client)"
        f"{' + (1 | therapist)' if therapists else ''}"
    )


def step_model(
    process: Series, outcome: Series, *, moderator: tuple[str, dict[str, float]] | None = None
) -> list[ModelRow]:
    """Return the effects of a process on the next value of an outcome: within clients and between them.

    Parameters
    ----------
    process, outcome : Series
        One value a session.
    moderator : (name, client → value)
        Its product with `within` is what is returned then.
    """
    steps = _steps(process, outcome, moderator[1] if moderator else None)
    name = outcome.name if not moderator else f"{outcome.name} × {moderator[0]}"
    wanted = ("within", "mean") if not moderator else ("within:moderator",)
    terms = {
        t: f"{process.name}_{t}".replace(":moderator", f":{moderator[0]}" if moderator else "")
        for t in wanted
    }
    words = formula(outcome.name, process.name, moderator=moderator[0] if moderator else "")
    n = counts(steps.rows)
    if why := _too_few(steps):
        return [refused(MODEL, name, outcome.entity, why, term=t, n=n, formula=words) for t in terms.values()]
    therapists = with_therapist(steps.rows)
    words = formula(
        outcome.name, process.name, moderator=moderator[0] if moderator else "", therapists=therapists
    )
    found = _fit(steps, therapists=therapists)
    if found is None:
        why = "REML did not converge"
        return [refused(MODEL, name, outcome.entity, why, term=t, n=n, formula=words) for t in terms.values()]
    empty = ModelRow(
        model=MODEL, outcome=name, entity=outcome.entity, term="", converged=True, formula=words, **counted(n)
    )
    return [_effect(replace(empty, term=terms[t]), found, steps.names.index(t)) for t in wanted]


def _effect(row: ModelRow, found: mixed.Fit, k: int) -> ModelRow:
    value, se, freedom = float(found.beta[k]), float(found.se[k]), float(found.freedom[k])
    reach = se * float(student.ppf(0.975, freedom))
    p = float(2.0 * student.sf(abs(value) / se, freedom))
    return replace(row, estimate=value, se=se, ci_low=value - reach, ci_high=value + reach, p=p)


def _steps(process: Series, outcome: Series, moderator: dict[str, float] | None) -> _Steps:
    """Return a row for each session whose process and outcome are known, as is the next session's outcome."""
    now = outcome.rows[["dyad", "session", "client", "therapist", "value"]].rename(columns={"value": "now"})
    then = now[["dyad", "session", "now"]].rename(columns={"now": "next"})
    then["session"] -= 1.0
    first = now.groupby("dyad")["now"].first().rename("first")
    rows = (
        process.rows[["dyad", "session", "value"]]
        .merge(now, on=["dyad", "session"])
        .merge(then, on=["dyad", "session"])
        .merge(first, on="dyad")
    )
    rows["person"] = rows["client"]
    if moderator is not None:
        rows["moderator"] = rows["client"].map(moderator)
        rows = rows[rows["moderator"].notna()]
    steps = rows.groupby("dyad")["session"].transform("nunique") if len(rows) else rows["session"]
    rows = rows[steps >= LEAST_STEPS].reset_index(drop=True)
    rows["value"] = _beyond_today(rows)
    mean = rows.groupby("dyad")["value"].transform("mean")
    columns = {
        "one": np.ones(len(rows)),
        "within": (rows["value"] - mean).to_numpy(float),
        "mean": (mean - mean.mean()).to_numpy(float),
        "now": (rows["now"] - rows["now"].mean()).to_numpy(float),
        "first": (rows["first"] - rows["first"].mean()).to_numpy(float),
    }
    if moderator is not None:
        away = rows["moderator"].to_numpy(float)
        away = away - away.mean() if len(away) else away
        columns |= {"moderator": away, "within:moderator": away * columns["within"]}
    return _Steps(rows, np.column_stack(list(columns.values())), tuple(columns))


def _beyond_today(rows: pd.DataFrame) -> FloatArray:
    """Return the process less what of it goes with today's outcome within clients."""
    by = rows.groupby("dyad")
    x = (rows["value"] - by["value"].transform("mean")).to_numpy(float)
    y = (rows["now"] - by["now"].transform("mean")).to_numpy(float)
    moved = float(y @ y)
    share = float(x @ y) / moved if moved > 0.0 else 0.0
    out: FloatArray = rows["value"].to_numpy(float) - share * rows["now"].to_numpy(float)
    return out


def _too_few(steps: _Steps) -> str:
    """Say why nothing is fitted; "" if there is enough."""
    clients = steps.rows["person"].nunique()
    if clients < LEAST_CLIENTS:
        return f"{clients} clients with {LEAST_STEPS} steps to a next session, {LEAST_CLIENTS} are needed"
    if np.linalg.matrix_rank(steps.x) < steps.x.shape[1]:
        return "terms that cannot be told apart, or a value that never moves"
    return ""


def _fit(steps: _Steps, *, therapists: bool) -> mixed.Fit | None:
    one = np.ones(len(steps.rows))
    effects: Sequence[mixed.Effect] = [mixed.Effect("client", steps.rows["client"].to_numpy(str), one)]
    if therapists:
        effects = [mixed.Effect("therapist", steps.rows["therapist"].to_numpy(str), one), *effects]
    return mixed.fit(steps.rows["next"].to_numpy(float), steps.x, effects)

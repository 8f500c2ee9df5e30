"""M7: from process to outcome: what a session's process says of the next session's outcome, and the reverse.

outcome(s + 1) ~ within(s) + mean(s) + process(1) + outcome(s) + outcome(1) + (1 | client) + (1 | therapist):
`mean` is the client's mean of the process up to today, `within` today's less that mean. One moderator at a
time: its product with `within`.

- Only the past stands on the right. A client's mean of all sessions, as is usual, holds later sessions, which
  today's outcome and process have moved by then: `within` is then wrong wherever one moves the other, and the
  reverse is found where it is not (in 26 % of cohorts of 20 clients, 67 % of 80, if processes move outcomes).
- outcome(1) and process(1) stand in the model since first values hold what a client brings as later ones do;
  without them, outcome(s) takes the part of the client (Wooldridge 2005).
- `mean` has no test: given today's and the first values it is no effect between clients.
- Both ways: the same with process and outcome exchanged.
- Interval and p come from how clients (or therapists, where they stand in it) spread about the model
  (`robust`): what a process goes with differs between clients. The standard error beside them is REML's own,
  as lme4 gives it.

References
----------
Wooldridge (2005), doi:10.1002/jae.770: initial conditions.
Hamaker & Muthén (2020), doi:10.1037/met0000239: a client's own mean, and what it leaves in.
Falkenström, Solomonov & Rubel (2020), doi:10.1037/pst0000291: within and between in psychotherapy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from acquisition.stream import FloatArray
from acquisition.text import how_many
from processing.cohort.models import mixed, robust, series
from processing.cohort.models.dose import minutes_of_sessions
from processing.cohort.models.row import ModelRow, adjusted, counted, counts, refused
from processing.cohort.models.series import Series
from processing.cohort.models.therapists import of_few, with_therapist

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
SO_FAR = "given today's and the first values: a description of the level, and no effect between clients"


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Hold what is modelled: a row for each step from a session to the next, and the design."""

    rows: pd.DataFrame
    x: FloatArray
    names: tuple[str, ...]

    @property
    def next(self) -> FloatArray:
        """Return the outcome of the next session, shape (n_steps,)."""
        return np.asarray(self.rows["next"], float)


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
    """Return the covariates of clients that are numbers, or of two kinds: name → client → value.

    A text that looks like a number is none: a level "2" of a list is not twice a "1".
    """
    import pandas as pd

    people = tables["participants"]
    people = people[people["role"] == "client"]
    out = {}
    for name in people.columns:
        if name in ("person", "role", "dyads", "sessions"):
            continue
        numbers = people[name]
        if not pd.api.types.is_numeric_dtype(numbers):
            said = numbers.astype(object).where(numbers.notna() & (numbers != ""), None)
            kinds = sorted(said.dropna().astype(str).unique())
            if len(kinds) != 2:
                continue
            numbers = (said == kinds[1]).astype(float).where(said.notna())
        if numbers.notna().sum() >= LEAST_CLIENTS and numbers.nunique() > 1:
            known = numbers.notna()
            out[str(name)] = dict(zip(people["person"][known], numbers[known].astype(float), strict=True))
    return out


def formula(outcome: str, process: str, *, moderator: str = "", therapists: bool = False) -> str:
    """Return the model as a formula."""
    more = f" + {moderator} + {moderator}:within" if moderator else ""
    therapist = " + (1 | therapist)" if therapists else ""
    return (
        f"{outcome}(s + 1) ~ {process} within + mean so far + {process}(1) + {outcome}(s) + {outcome}(1)"
        f"{more} + (1 | client){therapist}, CR2"
    )


def step_model(
    process: Series, outcome: Series, *, moderator: tuple[str, dict[str, float]] | None = None
) -> list[ModelRow]:
    """Return what a process says of the next value of an outcome: within clients, and its level so far.

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
    effects = _effects(steps, therapists=therapists)
    found = mixed.fit(steps.next, steps.x, effects)
    empty = ModelRow(
        model=MODEL, outcome=name, entity=outcome.entity, term="", converged=True, formula=words, **counted(n)
    )
    if found is None:
        why = "REML did not converge"
        return [refused(MODEL, name, outcome.entity, why, term=t, n=n, formula=words) for t in terms.values()]
    return [_effect(replace(empty, term=terms[t]), steps, effects, found, t) for t in wanted]


def _effect(
    row: ModelRow, steps: _Steps, effects: Sequence[mixed.Effect], found: mixed.Fit, term: str
) -> ModelRow:
    k = steps.names.index(term)
    row = replace(row, estimate=float(found.beta[k]), se=float(found.se[k]))
    if term == "mean":
        return replace(row, reason=SO_FAR, exploratory=True)
    told = robust.over_clusters(steps.next, steps.x, effects, found, k)
    if told is None:
        return replace(row, reason="no interval: too few clients differ in this")
    few = "" if effects[0].name == "therapist" else of_few(steps.rows)
    ends = (told.estimate - told.reach, told.estimate + told.reach)
    return replace(row, ci_low=ends[0], ci_high=ends[1], p=told.p, reason=few)


def _steps(process: Series, outcome: Series, moderator: dict[str, float] | None) -> _Steps:
    """Return a row for each session whose process and outcome are known, as is the next session's outcome."""
    now = outcome.rows[["dyad", "session", "client", "therapist", "value"]].rename(columns={"value": "now"})
    then = now[["dyad", "session", "now"]].rename(columns={"now": "next"})
    then["session"] -= 1.0
    rows = (
        _so_far(process.rows)
        .merge(now, on=["dyad", "session"])
        .merge(then, on=["dyad", "session"])
        .merge(now.groupby("dyad")["now"].first().rename("first"), on="dyad")
    )
    rows["person"] = rows["client"]
    if moderator is not None:
        rows["moderator"] = rows["client"].map(moderator)
        rows = rows[rows["moderator"].notna()]
    steps = rows.groupby("dyad")["session"].transform("nunique") if len(rows) else rows["session"]
    rows = rows[steps >= LEAST_STEPS].reset_index(drop=True)

    def centred(name: str) -> FloatArray:
        values = np.asarray(rows[name], float)
        return np.asarray(values - values.mean()) if len(values) else values

    columns = {
        "one": np.ones(len(rows)),
        "within": (rows["value"] - rows["so_far"]).to_numpy(float),
        "mean": centred("so_far"),
        "start": centred("start"),
        "now": centred("now"),
        "first": centred("first"),
    }
    if moderator is not None:
        columns["moderator"] = centred("moderator")
        columns["within:moderator"] = columns["moderator"] * columns["within"]
    return _Steps(rows, np.column_stack(list(columns.values())), tuple(columns))


def _so_far(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a process with its first value and its mean up to each session, of each dyad."""
    out = rows[["dyad", "session", "value"]].sort_values(["dyad", "session"], kind="stable")
    by = out.groupby("dyad")["value"]
    return out.assign(so_far=by.cumsum() / (by.cumcount() + 1), start=by.transform("first"))


def _too_few(steps: _Steps) -> str:
    """Say why nothing is fitted; "" if there is enough."""
    clients = steps.rows["person"].nunique()
    if clients < LEAST_CLIENTS:
        have = how_many(clients, "client")
        return f"{have} with {LEAST_STEPS} steps to a next session, {LEAST_CLIENTS} are needed"
    if np.linalg.matrix_rank(steps.x) < steps.x.shape[1]:
        return "terms that cannot be told apart, or a value that never moves"
    return ""


def _effects(steps: _Steps, *, therapists: bool) -> Sequence[mixed.Effect]:
    one = np.ones(len(steps.rows))
    effects = [mixed.Effect("client", steps.rows["client"].to_numpy(str), one)]
    if therapists:
        effects.insert(0, mixed.Effect("therapist", steps.rows["therapist"].to_numpy(str), one))
    return effects

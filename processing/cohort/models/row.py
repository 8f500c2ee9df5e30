"""One row of the table of models: a term with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from scipy.stats import t as student

from processing.cohort.models.two_stage import Pooled

if TYPE_CHECKING:
    import pandas as pd


ROLES = ("client", "therapist", "dyad")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """Hold one term of a model.

    Parameters
    ----------
    entity : str
        client, therapist, dyad, or the code of one person or dyad.
    role : str
        Whose values they are: client, therapist or dyad. Both people of a dyad may have a series of one name.
    se : float
        Standard error; nan where the interval is none of a normal distribution or of Student's t.
    p : float
        Two-sided; nan where no null fits.
    p_fdr : float
        The same, adjusted over the tests of the model (Benjamini-Hochberg).
    converged : bool or None
        None where nothing was fitted.
    reason : str
        Why there is no value, or what stands beside it.
    """

    model: str
    outcome: str
    entity: str
    term: str
    estimate: float = math.nan
    se: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p: float = math.nan
    p_fdr: float = math.nan
    n_persons: int = 0
    n_dyads: int = 0
    n_sessions: int = 0
    converged: bool | None = None
    exploratory: bool = False
    reason: str = ""
    formula: str = ""
    role: str = ""

    def __post_init__(self) -> None:
        if not self.role and self.entity in ROLES:
            object.__setattr__(self, "role", self.entity)


@dataclass(frozen=True, slots=True)
class Counts:
    """Say how many persons, dyads and sessions something rests on."""

    n_persons: int
    n_dyads: int
    n_sessions: int


def counts(rows: pd.DataFrame) -> Counts:
    """Count whom rows are of: by their columns person, dyad and session.

    What is of a dyad (its code stands for the person) is of both people, by the columns client and therapist.
    """
    if not len(rows):
        return Counts(0, 0, 0)
    pairs = set(zip(rows["dyad"], rows["session"], strict=True))
    both = rows["person"] == rows["dyad"]
    persons = set(rows["person"][~both])
    if both.any():
        persons |= {*rows["client"][both], *rows["therapist"][both]}
    return Counts(len(persons), len({dyad for dyad, _ in pairs}), len(pairs))


def counted(n: Counts) -> dict[str, Any]:
    """Return counts as fields of a row."""
    return asdict(n)


def over_units(
    model: str,
    outcome: str,
    entity: str,
    term: str,
    over: Pooled,
    n: Counts,
    *,
    formula: str,
    beside: str = "",
    tested: bool = True,
    exploratory: bool = False,
    role: str = "",
) -> ModelRow:
    """Return the row of what was pooled over dyads, sessions or therapists.

    Parameters
    ----------
    beside : str
        What stands beside the value, where there is one; else why there is none.
    tested : bool
        Whether a null fits: p is left out where none does.
    """
    return ModelRow(
        model=model,
        outcome=outcome,
        entity=entity,
        term=term,
        estimate=over.estimate,
        se=over.se,
        ci_low=over.ci_low,
        ci_high=over.ci_high,
        p=over.p if tested else math.nan,
        converged=True if math.isfinite(over.estimate) else None,
        exploratory=exploratory,
        reason=over.reason or beside,
        formula=formula,
        role=role,
        **counted(n),
    )


def spread(
    model: str, outcome: str, entity: str, term: str, over: Pooled, n: Counts, *, formula: str, beside: str
) -> ModelRow:
    """Return the row of how far the units' true values differ: their standard deviation."""
    return ModelRow(
        model=model,
        outcome=outcome,
        entity=entity,
        term=term,
        estimate=over.tau,
        ci_low=over.tau_low,
        ci_high=over.tau_high,
        converged=None if over.reason else True,
        reason=over.reason or beside,
        formula=formula,
        **counted(n),
    )


def of_one(
    model: str,
    outcome: str,
    entity: str,
    term: str,
    estimate: float,
    se: float,
    freedom: int,
    n: Counts,
    *,
    role: str,
    formula: str,
    reason: str = "",
) -> ModelRow:
    """Return the row of one dyad, with the interval of Student's t; without one where no freedom is left."""
    reach = se * float(student.ppf(0.975, freedom)) if freedom else math.nan
    return ModelRow(
        model=model,
        outcome=outcome,
        entity=entity,
        term=term,
        estimate=estimate,
        se=se,
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        converged=True,
        reason=reason,
        formula=formula,
        role=role,
        **counted(n),
    )


def refused(
    model: str,
    outcome: str,
    entity: str,
    reason: str,
    *,
    term: str = "",
    n: Counts | None = None,
    formula: str = "",
) -> ModelRow:
    """Return the row of what could not be fitted."""
    n = n or Counts(0, 0, 0)
    return ModelRow(
        model=model, outcome=outcome, entity=entity, term=term, reason=reason, formula=formula, **asdict(n)
    )


def adjusted(rows: Sequence[ModelRow]) -> list[ModelRow]:
    """Return rows with their p adjusted over all of them."""
    from processing.surrogates.fdr import benjamini_hochberg

    p = benjamini_hochberg([r.p for r in rows])
    return [replace(r, p_fdr=float(q)) for r, q in zip(rows, p.tolist(), strict=True)]


def frame(rows: Sequence[ModelRow]) -> pd.DataFrame:
    """Return rows as a table, with all columns even without a row."""
    import pandas as pd

    names = [f.name for f in fields(ModelRow)]
    out = pd.DataFrame([asdict(r) for r in rows], columns=names)
    out["converged"] = out["converged"].astype("boolean")
    return out

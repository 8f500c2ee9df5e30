"""Dyads of one therapist are not independent: what a model does about it, and what it says where it cannot.

From `LEAST_THERAPISTS` on therapists stand in the model. In two stages their dyads are averaged first and the
therapists are the units: with as many dyads each this is the t-test over therapists. Taken as if each dyad
had a therapist of its own, 24 dyads of 4 therapists who make up half of what dyads differ in had p ≤ .05 in
29 % where there was nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acquisition.stream import FloatArray
from acquisition.text import how_many
from processing.cohort.models.two_stage import Pooled, pooled, within_units

if TYPE_CHECKING:
    import pandas as pd

LEAST_THERAPISTS = 4
DYADS, NESTED = "1 + (1 | dyad)", "1 + (1 | therapist) + (1 | dyad)"
UNKNOWN = "not every dyad has one therapist with a code: dyads of one therapist count as if of several"


def with_therapist(rows: pd.DataFrame) -> bool:
    """Tell whether therapists can be told from their dyads: fewer, at least four, each dyad with one."""
    therapists, dyads = rows["therapist"].nunique(), rows["dyad"].nunique()
    return bool(LEAST_THERAPISTS <= therapists < dyads and _one_each(rows))


def of_few(rows: pd.DataFrame) -> str:
    """Say whom an interval over dyads is of, where therapists do not stand in the model; "" if of anybody."""
    if not len(rows) or rows["dyad"].nunique() < 2:
        return ""
    if not _one_each(rows):
        return UNKNOWN
    therapists = rows["therapist"].nunique()
    if therapists >= min(LEAST_THERAPISTS, rows["dyad"].nunique()):
        return ""
    return f"of {how_many(therapists, 'therapist')}: nothing is told of dyads of others"


def _one_each(rows: pd.DataFrame) -> bool:
    one_each = rows.groupby("dyad")["therapist"].nunique().max() == 1
    return bool(one_each and (rows["therapist"] != "").all())


@dataclass(frozen=True, slots=True, kw_only=True)
class OverDyads:
    """Hold what was pooled over dyads, the formula of it, and what is to be said beside it."""

    pooled: Pooled
    formula: str
    beside: str


def over_dyads(
    y: FloatArray,
    v: FloatArray,
    dyad: Sequence[str] | np.ndarray,
    rows: pd.DataFrame,
    *,
    formula: str,
    beside: str = "",
) -> OverDyads:
    """Pool estimates of dyads, by therapists where these can be told from their dyads.

    Parameters
    ----------
    y, v : ndarray, shape (n_dyads,)
        Estimate of each dyad and its sampling variance.
    dyad : sequence of str
    rows : DataFrame
        Whose they are: columns dyad and therapist.
    """
    there = np.isfinite(y) & np.isfinite(v) & (v > 0.0)
    y, v, names = y[there], v[there], np.asarray(dyad, str)[there]
    mine = rows.loc[rows["dyad"].isin(names), ["dyad", "therapist"]].drop_duplicates()
    if not with_therapist(mine):
        said = "; ".join(text for text in (beside, of_few(mine)) if text)
        return OverDyads(pooled=pooled(y, v), formula=formula, beside=said)
    of = dict(zip(mine["dyad"], mine["therapist"], strict=True))
    means, variances = within_units(y, v, np.array([of[name] for name in names], str))
    over = pooled(means, variances, what="therapist")
    return OverDyads(pooled=over, formula=formula.replace(DYADS, NESTED), beside=beside)

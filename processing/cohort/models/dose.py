"""M6: dose and timing: how long each kind of work was, where the client's index stood, and what came after.

- dose: minutes a session of supportive and of change-oriented work, and their difference, per dyad and over
  dyads; timing: the share of those minutes that began within the band, in a stretch towards an edge, and out.
- responses: what followed marks beyond comparable moments that were not marked, of each session with its own
  standard error, averaged within dyads, then over dyads (REML, HKSJ), p adjusted over codes and signals.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from processing.cohort.models.row import Counts, ModelRow, adjusted, counts, over_units, refused
from processing.cohort.models.therapists import over_dyads
from processing.cohort.models.two_stage import Pooled, within_units
from processing.metrics.interventions import KINDS

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M6"
PLACES = ("in_band", "stretch", "out")
DOSE = "minutes ~ 1 + (1 | dyad), REML, HKSJ"
SHARE = "share of minutes ~ 1 + (1 | dyad), REML, HKSJ, ends on ln odds"
RESPONSE = "response against matched moments ~ 1 + (1 | dyad) + (1 | session), REML, HKSJ"
AMOUNTS = ("supportive", "change_oriented")
"""Doses whose interval ends at 0 [min] at the latest."""
BESIDE = "what was seen in the room and the index does not hold stays in it"


def dose(tables: Tables) -> list[ModelRow]:
    """Return doses, their timing, and pooled responses."""
    return [*_doses(tables), *adjusted(_responses(tables))]


def minutes_of_sessions(tables: Tables) -> pd.DataFrame:
    """Return a row per session with any marked intervention: minutes of each kind, and of each place."""
    import pandas as pd

    rows = tables["interventions"]
    rows = rows[(rows["entity"] == "client") & rows["minutes"].notna()].copy()
    rows["kind"] = rows["code"].map({code: kind for kind, codes in KINDS.items() for code in codes})
    rows["place"] = _places(rows, tables["excursions"])
    keys = ["dyad", "session", "client", "therapist"]
    out = rows[keys].drop_duplicates().reset_index(drop=True)
    columns = {kind: rows[rows["kind"] == kind] for kind in KINDS}
    columns |= {
        f"{kind}_{place}": rows[(rows["kind"] == kind) & (rows["place"] == place)]
        for kind in KINDS
        for place in (*PLACES, "unknown")
    }
    index = pd.MultiIndex.from_frame(out[["dyad", "session"]])
    for name, mine in columns.items():
        sums = mine.groupby(["dyad", "session"])["minutes"].sum()
        out[name] = sums.reindex(index).fillna(0.0).to_numpy(float)
    out["person"] = out["client"]
    out["session"] = out["session"].astype(float)
    return out.sort_values(["dyad", "session"], kind="stable").reset_index(drop=True)


def _places(rows: pd.DataFrame, excursions: pd.DataFrame) -> list[str]:
    """Say where the client's index stood at each onset."""
    near = excursions[
        (excursions["entity"] == "client") & ~excursions["crossed"].fillna(value=False).astype(bool)
    ]
    by = {
        key: list(zip(mine["on"], mine["off"], strict=True))
        for key, mine in near.groupby(["dyad", "session"])
    }
    out = []
    for r in rows.itertuples():
        if np.isfinite(r.excursion):
            out.append("out")
        elif not np.isfinite(r.arousal):
            out.append("unknown")
        else:
            inside = any(on <= r.on < off for on, off in by.get((r.dyad, r.session), ()))
            out.append("stretch" if inside else "in_band")
    return out


def _doses(tables: Tables) -> list[ModelRow]:
    rows = minutes_of_sessions(tables)
    n = counts(rows)
    if not len(rows):
        return [refused(MODEL, "dose", "client", "no marked intervention in the store", formula=DOSE)]
    support, change = (rows[kind].to_numpy(float) for kind in ("supportive", "change_oriented"))
    wanted = {"supportive": support, "change_oriented": change, "change_less_supportive": change - support}
    out = [_mean(rows, values, "dose_minutes", term, DOSE, n) for term, values in wanted.items()]
    for kind in KINDS:
        known = sum(rows[f"{kind}_{place}"].to_numpy(float) for place in PLACES)
        there = np.asarray(known > 0.0)
        for place in PLACES:
            share = 100.0 * rows[f"{kind}_{place}"].to_numpy(float)[there] / np.asarray(known)[there]
            mine = rows[there]
            out.append(_mean(mine, share, f"{kind}_timing", place, SHARE, counts(mine)))
    return out


def _mean(
    rows: pd.DataFrame, values: np.ndarray, outcome: str, term: str, formula: str, n: Counts
) -> ModelRow:
    """Return the mean over dyads of their sessions' means; without p, for no null fits a dose."""
    if not len(rows):
        return refused(MODEL, outcome, "client", "no such intervention", term=term, n=n, formula=formula)
    dyad = rows["dyad"].to_numpy(str)
    names = np.unique(dyad)
    means = np.array([values[dyad == name].mean() for name in names])
    sizes = np.array([(dyad == name).sum() for name in names], float)
    freedom = max(len(values) - len(names), 1)
    within = float(((values - means[np.searchsorted(names, dyad)]) ** 2).sum()) / freedom
    found = over_dyads(means, (within or 1.0) / sizes, names, rows, formula=formula)
    over = found.pooled
    if term in PLACES and not over.reason:
        over = _of_share(over)
    elif term in AMOUNTS and not over.reason:
        over = replace(over, ci_low=max(over.ci_low, 0.0))
    return over_units(
        MODEL, outcome, "client", term, over, n, formula=found.formula, beside=found.beside, tested=False
    )


def _of_share(over: Pooled) -> Pooled:
    """Return a pooled share [%] with its interval laid on the logarithm of its odds.

    Laid on the share itself, an interval held 88 to 92 % where few began somewhere, or nearly all.
    """
    share = over.estimate / 100.0
    slope = 1.0 / (100.0 * share * (1.0 - share))
    middle, reach = math.log(share / (1.0 - share)), (over.ci_high - over.estimate) * slope
    low, high = (100.0 / (1.0 + math.exp(-(middle + way * reach))) for way in (-1.0, 1.0))
    return replace(over, ci_low=low, ci_high=high)


def _responses(tables: Tables) -> list[ModelRow]:
    rows = tables["responses"]
    rows = rows[rows["value"].notna() & (rows["se"] > 0.0)]
    if not len(rows):
        why = "no session has a response with enough comparable moments"
        return [refused(MODEL, "response", "client", why, formula=RESPONSE)]
    out = []
    for (entity, code, signal), mine in rows.groupby(["entity", "code", "signal"], sort=True):
        y, v = mine["value"].to_numpy(float), mine["se"].to_numpy(float) ** 2
        dyad = mine["dyad"].to_numpy(str)
        means, variances = within_units(y, v, dyad)
        over = over_dyads(means, variances, np.unique(dyad), mine, formula=RESPONSE, beside=BESIDE)
        of = (MODEL, f"response_{signal}_{code}", str(entity), "matched")
        out.append(over_units(*of, over.pooled, counts(mine), formula=over.formula, beside=over.beside))
    return out

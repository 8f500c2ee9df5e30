"""M4: coupling against pseudo-dyads, who led, and by how many seconds.

coupling ~ real + (1 | therapist's hour) + (1 | client's hour): what a session has more than its therapist has
with other dyads' clients and its client with other therapists; averaged within each dyad, then over dyads
(REML, HKSJ). The p is adjusted over signals. Pseudo-dyads do not see what two people share within their hour:
taking turns is taken out before, an event that both heard is not, and a shared cause looks the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from processing.cohort.models import series
from processing.cohort.models.pairs import pairs
from processing.cohort.models.row import (
    Counts,
    ModelRow,
    adjusted,
    counted,
    counts,
    of_one,
    over_units,
    refused,
)
from processing.cohort.models.therapists import OverDyads, over_dyads
from processing.cohort.models.two_stage import pooled, within_units
from processing.indices import SIGNALS

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

MODEL = "M4"
FORMULA = "coupling ~ real + therapist's hour + client's hour; real ~ 1 + (1 | dyad), REML, HKSJ"
WHICH = "of sessions in which coupling was stated; > 0: the client follows"
LAG = "lag ~ 1 + (1 | dyad) + (1 | session), REML, HKSJ"
TALLY = "sessions, counted"
CAUSE = "a shared cause looks the same"
LEAST_OTHERS = 2
"""Pseudo-dyads that a session needs."""
LEAST_FOR_OWN = 5
"""Fewer dyads give a single one no interval: what it goes with others rests on too few of them."""
LEADS = {"therapist_first": 1.0, "client_first": -1.0, "together": 0.0}


def tested_signals() -> tuple[str, ...]:
    """Return the signals of which coupling may be stated."""
    return tuple(name for name, rule in SIGNALS.items() if not rule.untested)


def coupling(tables: Tables, compared: pd.DataFrame | None = None) -> list[ModelRow]:
    """Return coupling against pseudo-dyads, the tally of leaders, and the lag of each signal.

    Parameters
    ----------
    compared : DataFrame
        What `pairs` returned, if it was computed already.
    """
    signals = tested_signals()
    compared = pairs(tables, signals) if compared is None else compared
    tests: list[ModelRow] = []
    others: list[ModelRow] = []
    for signal in signals:
        test, own = against_pseudo(compared[compared["signal"] == signal], signal)
        tests.append(test)
        others += [*own, *_tally(tables, signal), *_lags(tables, signal)]
    return [*adjusted(tests), *others]


def excess(compared: pd.DataFrame) -> pd.DataFrame:
    """Return of each session what its coupling has beyond that of its two people with others.

    Parameters
    ----------
    compared : DataFrame
        Of one signal, as of `pairs`.

    Returns
    -------
    DataFrame
        dyad, session, client, therapist, person (the dyad), value.
    """
    there = compared[compared["value"].notna()]
    real = (there["dyad"] == there["partner_dyad"]) & (there["session"] == there["partner_session"])
    pseudo = there[there["dyad"] != there["partner_dyad"]]
    by_therapist = pseudo.groupby(["dyad", "session"])["value"].agg(["mean", "size"])
    by_client = pseudo.groupby(["partner_dyad", "partner_session"])["value"].mean()
    out = there[real].copy()
    keys = list(zip(out["dyad"], out["session"], strict=True))
    theirs = by_therapist.reindex(keys)
    level = float(pseudo["value"].mean()) if len(pseudo) else math.nan
    out["value"] = (
        out["value"].to_numpy(float)
        - theirs["mean"].to_numpy(float)
        - by_client.reindex(keys).to_numpy(float)
        + level
    )
    out["person"] = out["dyad"]
    enough = theirs["size"].fillna(0).to_numpy(float) >= LEAST_OTHERS
    return out[enough & out["value"].notna().to_numpy(bool)]


def against_pseudo(compared: pd.DataFrame, signal: str) -> tuple[ModelRow, list[ModelRow]]:
    """Return the test of a signal over dyads, and the rows of the dyads."""
    rows = excess(compared) if len(compared) else compared.assign(person=[])
    outcome, n = f"sync_{signal}", counts(rows)
    if not len(rows):
        why = f"no session with {LEAST_OTHERS} pseudo-dyads" if len(compared) else "no signal in the store"
        return refused(MODEL, outcome, "dyad", why, term="real", formula=FORMULA), []
    dyad, y = rows["dyad"].to_numpy(str), rows["value"].to_numpy(float)
    names = np.unique(dyad)
    means = np.array([y[dyad == name].mean() for name in names])
    sizes = np.array([(dyad == name).sum() for name in names], float)
    freedom = len(y) - len(names)
    within = float(((y - means[np.searchsorted(names, dyad)]) ** 2).sum()) / max(freedom, 1)
    over = over_dyads(means, (within or 1.0) / sizes, names, rows, formula=FORMULA, beside=CAUSE)
    test = over_units(
        MODEL, outcome, "dyad", "real", over.pooled, n, formula=over.formula, beside=over.beside
    )
    own = []
    for name, mean, size in zip(names.tolist(), means.tolist(), sizes.tolist(), strict=True):
        se = math.sqrt(within / size) if freedom else math.nan
        mine = counts(rows[rows["dyad"] == name])
        few = len(names) < LEAST_FOR_OWN
        why = f"{CAUSE}; no interval below {LEAST_FOR_OWN} dyads" if few else CAUSE
        known = 0 if few else freedom
        row = of_one(
            MODEL, outcome, name, "real", mean, se, known, mine, role="dyad", formula=FORMULA, reason=why
        )
        own.append(row)
    return test, own


def _tally(tables: Tables, signal: str) -> list[ModelRow]:
    """Return of each dyad, and of all, in how many sessions coupling was stated and who moved first."""
    stated = series.metric(tables, "dyad", f"sync_{signal}_stated")
    outcome = f"sync_{signal}_lead"
    if not len(stated):
        return [refused(MODEL, outcome, "dyad", "coupling was decided in no session", formula=TALLY)]
    lead = series.metric(tables, "dyad", f"sync_{signal}_lead")
    lead = lead.merge(stated[stated["value"] == 1.0][["dyad", "session"]], on=["dyad", "session"])
    out = []
    for entity, mine in [*stated.groupby("dyad", sort=True), ("dyad", stated)]:
        of = lead[lead["dyad"].isin(mine["dyad"].unique())]
        said = int((mine["value"] == 1.0).sum())
        tallied = {term: int((of["value"] == side).sum()) for term, side in LEADS.items()}
        tallied["no_clear_leader"] = said - sum(tallied.values())
        tallied["not_stated"] = len(mine) - said
        out += [
            ModelRow(
                model=MODEL,
                outcome=outcome,
                entity=str(entity),
                term=term,
                estimate=float(number),
                reason="a count",
                formula=TALLY,
                role="dyad",
                **counted(counts(mine)),
            )
            for term, number in tallied.items()
        ]
    return out


def _lags(tables: Tables, signal: str) -> list[ModelRow]:
    """Return the lag of each dyad over its sessions, and over dyads; > 0: the client follows."""
    rows = series.metric(tables, "dyad", f"sync_{signal}_lag")
    rows = rows[rows["se"] > 0.0]
    outcome = f"sync_{signal}_lag"
    if not len(rows):
        return [refused(MODEL, outcome, "dyad", "a lag in no session", term="lag", formula=LAG)]
    y, v, dyad = rows["value"].to_numpy(float), rows["se"].to_numpy(float) ** 2, rows["dyad"].to_numpy(str)
    out = []
    for name in np.unique(dyad).tolist():
        mine = dyad == name
        own = OverDyads(pooled=pooled(y[mine], v[mine], what="session"), formula=LAG, beside=WHICH)
        out.append(_lag(outcome, name, own, counts(rows[mine])))
    means, variances = within_units(y, v, dyad)
    over = over_dyads(means, variances, np.unique(dyad), rows, formula=LAG, beside=WHICH)
    return [*out, _lag(outcome, "dyad", over, counts(rows))]


def _lag(outcome: str, entity: str, over: OverDyads, n: Counts) -> ModelRow:
    return over_units(
        MODEL, outcome, entity, "lag", over.pooled, n, formula=over.formula, beside=over.beside,
        tested=False, role="dyad",
    )  # fmt: skip

"""What goes with a sooner way back to the band: a discrete-time hazard over all excursions of a dyad's
client.

In each 5 s of an excursion: ln odds of returning ~ ln(1 + seconds), the therapist's steadiness of the 30 s
before, how deep it has been, own speech. It says what went together, and nothing of causes: a therapist may
be steady because the client comes back.

References
----------
Singer & Willett (1993), doi:10.3102/10769986018002155: discrete-time survival as logistic regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from acquisition.stream import FloatArray
from acquisition.text import how_many
from processing.across.finding import Finding, finding
from processing.across.reading import Sitting
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.uncertainty import student

LEAST = 40
"""Excursions of a dyad from which on anything is said."""
TERMS = {"steadiness": "−mean |z| of the therapist, 30 s before, per SD", "depth": "depth so far, per SD",
         "speaking": "own speech against silence"}  # fmt: skip
RETURN = Definition(
    name="return_{term}",
    whose="dyad",
    unit="ln odds",
    text="what goes with the client's return to the band in the next 5 s: steadiness (−mean |z| of the "
    "therapist in the 30 s before, per SD), depth so far (per SD), own speech (against silence); logistic, "
    "with ln(1 + time) beside; from 40 excursions of the dyad on (n: excursions)",
    interval="Student's t, with the larger of the model's standard error and that which holds for several "
    "rows of one excursion (statsmodels, cluster)",
    source="Singer & Willett (1993), doi:10.3102/10769986018002155",
    exploratory=True,
)
DEFINITIONS = (RETURN,)


def ways_back_over(sittings: Sequence[Sitting]) -> list[Finding]:
    """Return what goes with the client's way back, over one dyad's sessions."""
    rows = [
        row | {"key": (s.path.name, row["excursion"])}
        for s in sittings
        for row in s.rows("ways_back.parquet", "person", "excursion", "since", *TERMS, "returned")
        if row["person"] == "client"
    ]
    sessions = len({row["key"][0] for row in rows})
    who = sittings[0].code("dyad")
    return [finding(m, who=who, sessions=sessions) for m in return_measures(rows)]


def return_measures(rows: Sequence[dict[str, Any]]) -> list[Measure]:
    """Return the coefficients; none with too few excursions, or where the fit fails.

    Parameters
    ----------
    rows : sequence of dict
        Rows of `WayBackRow` with a `key` that tells excursions apart. Rows with an unknown are left out; a
        term that is known nowhere is left out of the model.
    """
    terms = [t for t in TERMS if any(np.isfinite(row[t]) for row in rows)]
    whole = [row for row in rows if all(np.isfinite(row[t]) for t in terms)]
    keys = sorted({row["key"] for row in whole})
    if len(keys) < LEAST:
        return _without(f"{how_many(len(keys), 'excursion')}, {LEAST} are needed", len(keys))
    x = np.column_stack(
        [np.ones(len(whole)), np.log1p([row["since"] for row in whole])]
        + [np.array([row[t] for row in whole], float) for t in terms]
    )
    y = np.array([row["returned"] for row in whole], float)
    cluster = np.array([keys.index(row["key"]) for row in whole])
    if not 0.0 < y.mean() < 1.0:
        return _without("all came back at once, or none did", len(keys))
    fitted = _fit(y, x, cluster)
    if fitted is None:
        return _without("the model did not converge", len(keys))
    value, error = fitted
    reach = float(student(len(keys) - x.shape[1]))
    known = {
        t: measure(RETURN, b, len(keys), interval=(b - reach * e, b + reach * e), term=t)
        for t, b, e in zip(terms, value[2:].tolist(), error[2:].tolist(), strict=True)
    }
    return [known.get(t) or nothing([RETURN], f"no {t} known", len(keys), term=t)[0] for t in TERMS]


def _without(why: str, n: int) -> list[Measure]:
    return [nothing([RETURN], why, n, term=t)[0] for t in TERMS]


def _fit(y: FloatArray, x: FloatArray, cluster: np.ndarray) -> tuple[FloatArray, FloatArray] | None:
    """Return coefficients and their standard errors; None where there are none."""
    import statsmodels.api as sm

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # separation and no convergence show in what comes back
        found = sm.GLM(y, x, family=sm.families.Binomial()).fit(
            cov_type="cluster", cov_kwds={"groups": cluster}
        )
    # Of few excursions the error from the rows themselves is often too small, as a variance of few is.
    of_model = np.sqrt(np.diag(found.normalized_cov_params))
    value, error = np.asarray(found.params, float), np.maximum(found.bse, of_model)
    good = bool(found.converged) and np.isfinite(error).all() and np.abs(value).max() < 50.0
    return (value, error) if good else None

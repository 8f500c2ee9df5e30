"""Two stages: an estimate for each unit (a dyad, a therapist), then one over units with random effects.

Units are few, so the interval over them is that of Hartung & Knapp and of Sidik & Jonkman: the spread of the
estimates themselves decides its width, with Student's t of one less than the units.

- Where units are known unequally well, as dyads of three and of ten sessions are, t has one less than the
  mean of their number and of the number that weights leave, (Σw)²/Σw²: else intervals held 92 to 93 %.

References
----------
Hartung & Knapp (2001), doi:10.1002/sim.1009; Sidik & Jonkman (2002), doi:10.1002/sim.1262: the interval.
Viechtbauer (2005), doi:10.3102/10769986030003261: REML of the variance between units.
Viechtbauer (2007), doi:10.1002/sim.2514: its interval by Q-profiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2
from scipy.stats import t as student

from acquisition.stream import FloatArray
from acquisition.text import how_many

LEAST = 3
"""Fewer units give no interval over them that anybody could use: with two it is 12.7 standard errors wide."""
ROUNDING = 1e-12
"""Of the values: units that differ by less do not differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Hold an estimate over units; nan with a `reason` where there are too few.

    Parameters
    ----------
    tau : float
        SD of the units' true values; `tau_low`, `tau_high` its 95 % interval.
    k : int
        Units.
    """

    estimate: float = math.nan
    se: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p: float = math.nan
    tau: float = math.nan
    tau_low: float = math.nan
    tau_high: float = math.nan
    k: int = 0
    reason: str = ""


def pooled(y: FloatArray, v: FloatArray, *, what: str = "dyad") -> Pooled:
    """Return the mean of the units' true values.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Estimate of each unit and its sampling variance; units without either take no part.
    what : str
        What a unit is called in a reason.
    """
    there = np.isfinite(y) & np.isfinite(v) & (v > 0.0)
    y, v, k = y[there], v[there], int(there.sum())
    if k < LEAST:
        return Pooled(k=k, reason=f"{how_many(k, what)} with an estimate, {LEAST} are needed to pool them")
    tau2 = between(y, v)
    w = 1.0 / (v + tau2)
    mean = float(w @ y / w.sum())
    se = math.sqrt(float(w @ (y - mean) ** 2) / (k - 1) / float(w.sum()))
    if se <= ROUNDING * float(np.abs(y).max()):
        return Pooled(k=k, reason=f"the {k} {what}s do not differ at all: no interval can be had of them")
    freedom = 0.5 * (k + float(w.sum() ** 2 / (w @ w))) - 1.0
    reach = float(student.ppf(0.975, freedom)) * se
    low, high = _profile(y, v)
    return Pooled(
        estimate=mean,
        se=se,
        ci_low=mean - reach,
        ci_high=mean + reach,
        p=float(2.0 * student.sf(abs(mean) / se, freedom)),
        tau=math.sqrt(tau2),
        tau_low=low,
        tau_high=high,
        k=k,
    )


def between(y: FloatArray, v: FloatArray) -> float:
    """Return the REML variance of the units' true values."""
    most = 10.0 * float(y.var(ddof=1)) + 1e-12

    def lost(tau2: float) -> float:
        w = 1.0 / (v + tau2)
        mean = w @ y / w.sum()
        return float(-np.log(w).sum() + np.log(w.sum()) + w @ (y - mean) ** 2)

    found = minimize_scalar(lost, bounds=(0.0, most), method="bounded", options={"xatol": 1e-10 * most})
    best = float(found.x)
    return 0.0 if lost(0.0) <= lost(best) else best


def _profile(y: FloatArray, v: FloatArray) -> tuple[float, float]:
    """Return the 95 % interval of the SD between units."""

    def q(tau2: float) -> float:
        w = 1.0 / (v + tau2)
        return float(w @ (y - w @ y / w.sum()) ** 2)

    def where(level: float) -> float:
        wanted = float(chi2.ppf(level, len(y) - 1))
        if q(0.0) <= wanted:
            return 0.0
        high = float(y.var()) + float(v.max())
        while q(high) > wanted:
            high *= 4.0
        return float(brentq(lambda s: q(s) - wanted, 0.0, high))

    return math.sqrt(where(0.975)), math.sqrt(where(0.025))


def within_units(y: FloatArray, v: FloatArray, unit: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of each unit's sessions and its variance; sessions of a unit may differ truly.

    Parameters
    ----------
    y, v : ndarray, shape (n,)
        Estimate of each session and its sampling variance.
    unit : ndarray, shape (n,)
        Whose session it is.
    """
    names = np.unique(unit)
    each = [(y[unit == u], v[unit == u]) for u in names]
    tau2 = _among_sessions(each)
    means, variances = [], []
    for a, b in each:
        w = 1.0 / (b + tau2)
        means.append(float(w @ a / w.sum()))
        variances.append(1.0 / float(w.sum()))
    return np.array(means), np.array(variances)


def _among_sessions(each: list[tuple[FloatArray, FloatArray]]) -> float:
    """Return the variance of sessions within units, of all units together (method of moments)."""
    several = [(a, b) for a, b in each if len(a) > 1]
    freedom = sum(len(a) - 1 for a, _ in several)
    if not freedom:
        return 0.0
    squares = sum(float(((a - a.mean()) ** 2).sum()) for a, _ in several)
    expected = sum(float(b.mean()) * (len(a) - 1) for a, b in several)
    return max(0.0, (squares - expected) / freedom)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lines:
    """Hold a line of each unit through its sessions, with one residual variance for all of them.

    Parameters
    ----------
    coefficients : ndarray, shape (n_units, 2)
        Value at x = 0, slope.
    scatter : ndarray, shape (n_units, 2, 2)
        (X′X)⁻¹ of each: times `variance` the covariance of its coefficients.
    variance : float
        Of the residuals; nan without any degree of freedom.
    """

    units: tuple[str, ...]
    coefficients: FloatArray
    scatter: FloatArray
    variance: float
    freedom: int


def lines(x: FloatArray, y: FloatArray, unit: np.ndarray, *, least: int = 3) -> Lines:
    """Return the line of each unit that has at least `least` different x.

    Few sessions tell little of a unit's own residual variance, and weights by it would favour those that
    happen to lie on a line: all units share one.
    """
    names, coefficients, scatter, squares, freedom = [], [], [], 0.0, 0
    for name in np.unique(unit).tolist():
        mine = unit == name
        if len(np.unique(x[mine])) < least:
            continue
        design = np.column_stack([np.ones(int(mine.sum())), x[mine]])
        inverse = np.linalg.inv(design.T @ design)
        b = inverse @ design.T @ y[mine]
        squares += float(((y[mine] - design @ b) ** 2).sum())
        freedom += len(design) - 2
        names.append(str(name))
        coefficients.append(b)
        scatter.append(inverse)
    return Lines(
        units=tuple(names),
        coefficients=np.array(coefficients).reshape(-1, 2),
        scatter=np.array(scatter).reshape(-1, 2, 2),
        variance=squares / freedom if freedom else math.nan,
        freedom=freedom,
    )

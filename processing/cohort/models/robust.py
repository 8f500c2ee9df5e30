"""How sure a fixed effect of a mixed model is, from how clusters themselves spread about it (CR2).

The error that REML gives rests on its variances. Where one of them lies at 0, as that of slopes does in half
of the cohorts whose slopes are alike, it errs to one side only and intervals are too wide; where units differ
in what the model takes to be one for all (a bend, an effect within clients) they are too narrow. Here the
clusters' own sums say how uncertain an effect is; the model only says what their residuals lack.

- With as many sessions of each cluster, a slope has the t-test over the clusters' own slopes, exactly.
- The working covariance is that of the fit; weights are its inverse. Effect and error are independent under
  it, and the error's square is a sum of squares with known weights: interval and p are those of that ratio.
  Satterthwaite's degrees of freedom, as clubSandwich takes them, err to the careful side once below 4.

References
----------
Bell & McCaffrey (2002), Survey Methodology 28, 169-181: the correction.
Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004: for weights, and any working covariance.
Craig (1991), doi:10.1109/MILCOM.1991.258319: the normal tail as an integral over exponentials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from acquisition.stream import FloatArray
from processing.cohort.models.mixed import Effect, Fit

LEAST_SEEN = 0.99
"""Share of an effect's variance that clusters must show: all, unless it takes up one cluster's residuals."""
NEGLIGIBLE = 1e-10
"""Share of the largest eigenvalue below which a direction is one that the fixed effects took up."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
"""Of the integral over a right angle."""
FURTHEST = 40.0
"""Standard errors within which the end of a 98 % interval lies, with one degree of freedom too."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Told:
    """Hold a fixed effect and what is known of it over clusters.

    Parameters
    ----------
    se : float
        The clusters' own standard error, on which interval and p rest.
    parts : ndarray, shape (n_clusters,)
        Weights of the squares that its square is a sum of, relative to what it estimates; they sum to 1.
    """

    estimate: float
    se: float
    parts: FloatArray

    @property
    def reach(self) -> float:
        """Return half the width of the 95 % interval."""
        return self.reach_at(0.05)

    def reach_at(self, missed: float) -> float:
        """Return how far an interval goes that misses so often."""
        return self.se * float(brentq(lambda t: tail(t, self.parts) - missed, 1.0, FURTHEST, xtol=1e-9))

    @property
    def p(self) -> float:
        """Return the two-sided p."""
        return tail(abs(self.estimate) / self.se, self.parts)


def tail(t: float, parts: FloatArray) -> float:
    """Return how often |z / √(Σ part · z²)| is beyond t, z standard normal: Student's with equal parts."""
    angle = 0.25 * math.pi * (NODES + 1.0)
    ratio = 1.0 + t**2 * parts[:, None] / np.sin(angle) ** 2
    return float(0.5 * WEIGHTS @ np.exp(-0.5 * np.log(ratio).sum(axis=0)))


def over_clusters(
    y: FloatArray, x: FloatArray, effects: Sequence[Effect], found: Fit, column: int
) -> Told | None:
    """Return one fixed effect with its error over the units of the first random effect.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, n_columns)
    effects, found
        The random effects, the first of which holds the others' units, and what `mixed.fit` made of them.
    column : int
        Which of the fixed effects.

    Returns
    -------
    Told or None
        None where clusters do not differ, or the effect is that of one cluster alone.
    """
    codes = np.unique(effects[0].unit, return_inverse=True)[1]
    rows = [np.flatnonzero(codes == c) for c in range(codes.max() + 1)]
    working = [_covariance(effects, found, at) for at in rows]
    weighted = [np.linalg.solve(v, x[at]) for v, at in zip(working, rows, strict=True)]
    inverse = np.linalg.inv(sum(x[at].T @ w for at, w in zip(rows, weighted, strict=True)))
    left = y - x @ found.beta
    scores, pulls, own = [], [], []
    for at, v, w in zip(rows, working, weighted, strict=True):
        h = _adjusted(x[at], v, inverse, w @ inverse[:, column])
        scores.append(float(h @ left[at]))
        pulls.append(x[at].T @ h)
        own.append(float(h @ v @ h))
    se = math.sqrt(float(np.square(scores).sum()))
    pull = np.array(pulls)
    spread = np.diag(own) - pull @ inverse @ pull.T
    seen = float(np.trace(spread)) / float(inverse[column, column])
    if not se > 0.0 or not seen > LEAST_SEEN:
        return None
    parts = np.maximum(np.linalg.eigvalsh(spread), 0.0)
    return Told(estimate=float(found.beta[column]), se=se, parts=parts / parts.sum())


def _covariance(effects: Sequence[Effect], found: Fit, at: np.ndarray) -> FloatArray:
    """Return the covariance of some rows, as the fit has it."""
    out = found.variances["residual"] * np.eye(len(at))
    for e in effects:
        same = e.unit[at][:, None] == e.unit[at][None, :]
        out += found.variances[e.name] * same * np.outer(e.column[at], e.column[at])
    return out


def _adjusted(x: FloatArray, v: FloatArray, inverse: FloatArray, weights: FloatArray) -> FloatArray:
    """Return weights on a cluster's residuals that make up for what the fixed effects took out of them."""
    root = np.linalg.cholesky(v).T
    values, vectors = np.linalg.eigh(root @ (v - x @ inverse @ x.T) @ root.T)
    there = values > NEGLIGIBLE * values.max()
    half = (vectors[:, there] / np.sqrt(values[there])) @ vectors[:, there].T
    out: FloatArray = root.T @ half @ root @ weights
    return out

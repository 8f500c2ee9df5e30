"""Linear mixed models by REML: random intercepts and slopes, independent of each other.

The profiled deviance of lme4 over the ratio of each random effect's SD to that of the residual; degrees of
freedom of a fixed effect by Satterthwaite.

- statsmodels' MixedLM is a reference in the tests and not what fits: with variance components it stops far
  from the optimum on some data and calls that converged.

References
----------
Bates, Mächler, Bolker & Walker (2015), doi:10.18637/jss.v067.i01: profiled deviance.
Kuznetsova, Brockhoff & Christensen (2017), doi:10.18637/jss.v082.i13: degrees of freedom.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from acquisition.stream import FloatArray

STARTS = (0.3, 1.0)
MOST = 1e3
"""Largest ratio of SDs that is looked at."""
NONE = 1e-3
"""Smallest ratio that counts as any variance."""
STEP = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Describe a random effect: a coefficient of each unit on `column`, independent of other effects."""

    name: str
    unit: np.ndarray
    column: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fit:
    """Hold a fit.

    Parameters
    ----------
    beta, se, freedom : ndarray, shape (n_columns,)
        Fixed effects, their standard errors, and Satterthwaite's degrees of freedom.
    variances : dict
        Name of a random effect → its variance; `residual` is one of them.
    """

    beta: FloatArray
    se: FloatArray
    freedom: FloatArray
    variances: Mapping[str, float]


def fit(y: FloatArray, x: FloatArray, effects: Sequence[Effect]) -> Fit | None:
    """Fit by REML; None where no optimum is found, or y has nothing left to vary.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, n_columns)
    effects : sequence of Effect
        The units of each lie within those of the first.
    """
    scale = float(np.std(y))
    if scale <= 0.0 or len(y) <= x.shape[1] + 1:
        return None
    deviance = _Deviance(y / scale, x, effects)
    bounds = [(0.0, MOST)] * len(effects)
    found = [
        minimize(deviance, np.full(len(effects), start), method="L-BFGS-B", bounds=bounds) for start in STARTS
    ]
    best = min(found, key=lambda f: float(f.fun))
    ratio = _polished(deviance, np.asarray(best.x, float), float(best.fun))
    if ratio is None:
        return None
    part = deviance.solved(ratio)
    se = np.sqrt(part.variance * np.diag(part.inverse))
    parts = {e.name: float(r**2 * part.variance) for e, r in zip(effects, ratio, strict=True)}
    return Fit(
        beta=part.beta * scale,
        se=se * scale,
        freedom=_satterthwaite(deviance, ratio, part),
        variances={k: v * scale**2 for k, v in (parts | {"residual": part.variance}).items()},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """Hold what follows from the ratios: fixed effects, (X′V⁻¹X)⁻¹, residual variance, and the deviance."""

    beta: FloatArray
    inverse: FloatArray
    variance: float
    deviance: float


class _Deviance:
    """Compute −2 × the restricted log-likelihood, up to a constant, from ratios of SDs."""

    def __init__(self, y: FloatArray, x: FloatArray, effects: Sequence[Effect]) -> None:
        self._n, self._p = x.shape
        self._stacks = []
        joined = np.column_stack([x, y])
        groups = np.unique(effects[0].unit, return_inverse=True)[1]
        rows = [np.flatnonzero(groups == g) for g in range(groups.max() + 1)]
        for _, same in itertools.groupby(sorted(rows, key=len), key=len):
            at = np.array(list(same))
            alike = [
                (e.unit[at][:, :, None] == e.unit[at][:, None, :])
                * e.column[at][:, :, None]
                * e.column[at][:, None, :]
                for e in effects
            ]
            self._stacks.append((joined[at], np.array(alike, float)))

    def __call__(self, ratio: FloatArray) -> float:
        return self.solved(ratio).deviance

    def solved(self, ratio: FloatArray) -> _Solved:
        """Return the solution with given ratios, one for each effect."""
        whole, log_det = np.zeros((self._p + 1, self._p + 1)), 0.0
        for joined, alike in self._stacks:
            v = np.tensordot(np.square(ratio), alike, 1) + np.eye(joined.shape[1])
            root = np.linalg.cholesky(v)
            half = np.linalg.solve(root, joined)
            whole += np.einsum("bij,bik->jk", half, half)
            log_det += 2.0 * float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
        xx, xy = whole[:-1, :-1], whole[:-1, -1]
        inverse = np.linalg.inv(xx)
        beta = inverse @ xy
        left = max(float(whole[-1, -1] - xy @ beta), 1e-300)
        freedom = self._n - self._p
        deviance = log_det + float(np.linalg.slogdet(xx)[1]) + freedom * math.log(left)
        return _Solved(beta, inverse, left / freedom, deviance)

    def of_variances(self, logs: FloatArray) -> float:
        """Return the deviance, not profiled, from the logarithms of variances; the residual's comes last."""
        residual = math.exp(float(logs[-1]))
        part = self.solved(np.sqrt(np.exp(logs[:-1] - logs[-1])))
        freedom = self._n - self._p
        left = part.variance * freedom
        value: float = part.deviance - freedom * math.log(left) + freedom * float(logs[-1]) + left / residual
        return value


def _polished(deviance: _Deviance, ratio: FloatArray, value: float) -> FloatArray | None:
    """Return the optimum, looked at from all sides; None where it lies at no end."""

    def turned(r: FloatArray) -> float:
        # Where nothing varies within units the optimum lies at infinity, and v has no root on the way.
        return deviance(np.minimum(np.abs(r), MOST))

    for _ in range(2):
        away = np.diag(np.maximum(0.2 * ratio, 0.05))
        around: Any = np.array([ratio, *(ratio + away)])
        found = minimize(
            turned,
            ratio,
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000, "initial_simplex": around},
        )
        ratio, before, value = np.abs(np.asarray(found.x, float)), value, float(found.fun)
        if found.success and before - value < 1e-6:
            break
    if not np.isfinite(value) or (ratio > 0.9 * MOST).any():
        return None
    small = np.where(ratio < NONE, 0.0, ratio)
    return small if deviance(small) <= value + 1e-6 else ratio


def _satterthwaite(deviance: _Deviance, ratio: FloatArray, part: _Solved) -> FloatArray:
    """Return the degrees of freedom of each fixed effect; effects without variance take no part."""
    there = np.flatnonzero(ratio > 0.0)
    logs = np.log(np.append(np.square(ratio[there]), 1.0) * part.variance)

    def filled(some: FloatArray) -> FloatArray:
        out = np.full(len(ratio) + 1, -np.inf)
        out[np.append(there, len(ratio))] = some
        return out

    def spread(some: FloatArray) -> FloatArray:
        full = filled(some)
        solved = deviance.solved(np.sqrt(np.exp(full[:-1] - full[-1])))
        return np.asarray(math.exp(float(full[-1])) * np.diag(solved.inverse))

    k = len(logs)
    steps = STEP * np.eye(k)
    hessian = np.empty((k, k))
    for i, j in itertools.product(range(k), range(k)):
        corners = [
            sign * deviance.of_variances(filled(logs + a * steps[i] + b * steps[j]))
            for a, b, sign in ((1, 1, 1.0), (1, -1, -1.0), (-1, 1, -1.0), (-1, -1, 1.0))
        ]
        hessian[i, j] = sum(corners) / (4.0 * STEP**2)
    gradient = np.array([(spread(logs + s) - spread(logs - s)) / (2.0 * STEP) for s in steps])
    try:
        covariance = 2.0 * np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        return np.full(len(part.beta), math.nan)
    value = part.variance * np.diag(part.inverse)
    error = np.einsum("ik,ij,jk->k", gradient, covariance, gradient)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2.0 * value**2 / error)

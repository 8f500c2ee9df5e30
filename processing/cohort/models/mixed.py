"""Linear mixed models by REML (statsmodels): random intercepts and slopes of nested units.

References
----------
Lindstrom & Bates (1988), doi:10.1080/01621459.1988.10478693: the method of statsmodels' MixedLM.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray

METHODS = ("lbfgs", "bfgs", "powell")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fit:
    """Hold a fit.

    Parameters
    ----------
    beta, se : ndarray, shape (n_columns,)
        Fixed effects.
    variances : dict
        Name of a random effect → its variance; `residual` is one of them.
    """

    beta: FloatArray
    se: FloatArray
    variances: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Describe a random effect: a coefficient of each unit on `column`, independent of other effects."""

    name: str
    unit: np.ndarray
    column: FloatArray


def fit(y: FloatArray, x: FloatArray, effects: Sequence[Effect]) -> Fit | None:
    """Fit by REML; None where no optimiser converges or a standard error is missing.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, n_columns)
    effects : sequence of Effect
        The units of each lie within those of the first.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

    scale = float(y.std()) or 1.0
    groups = effects[0].unit
    several = [_columns(e, groups) for e in effects]
    spec = VCSpec([e.name for e in effects], [names for names, _ in several], [m for _, m in several])
    # An empty random part makes MixedLM put an intercept of its own: all effects go through components.
    model = MixedLM(y / scale, x, groups=groups, exog_re=None, exog_vc=spec)
    for method in METHODS:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a variance of 0, or no convergence, shows in what comes back
            try:
                found = model.fit(reml=True, method=[method])
            except (np.linalg.LinAlgError, ValueError):
                continue
        k = x.shape[1]
        se = np.asarray(found.bse, float)[:k] * scale
        if found.converged and np.isfinite(se).all() and (se > 0.0).all():
            parts = {n: float(v) for n, v in zip(model.exog_vc.names, found.vcomp, strict=True)}
            known = {e.name: parts[e.name] * scale**2 for e in effects}
            return Fit(
                beta=np.asarray(found.fe_params, float) * scale,
                se=se,
                variances=known | {"residual": float(found.scale) * scale**2},
            )
    return None


def _columns(effect: Effect, groups: np.ndarray) -> tuple[list[list[str]], list[FloatArray]]:
    """Return of each group the names of an effect's units in it, and their columns."""
    names, columns = [], []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        mine = np.unique(effect.unit[rows])
        names.append([str(u) for u in mine])
        columns.append((effect.unit[rows][:, None] == mine[None, :]) * effect.column[rows][:, None])
    return names, columns

"""One logistic curve for the labels of many sessions: where its edge is, and how that moves.

P(far) = 1 / (1 + exp(−b (A − e − d (s − s̄)))): steepness b is one for all, the edge e moves by d a session.

References
----------
Firth (1993), doi:10.1093/biomet/80.1.27; Heinze & Schemper (2002), doi:10.1002/sim.1047: penalised
likelihood, its profile as interval, finite without overlap of the labels too.
McCullagh & Nelder (1989), Generalized Linear Models, ch. 4.5: dispersion from the deviance.

- Edges wander from day to day beside their trend, which one curve does not know: the deviance that an edge
  of its own for each session takes away, per degree of freedom, is the dispersion φ, and the profile is cut
  at φ F(1, S − 2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import f as f_distribution

from acquisition.stream import FloatArray
from processing.metrics.logistic import CHI_SQUARE_95

Parameter = Literal["edge", "trend"]
FURTHEST = {"edge": 12.0, "trend": 3.0}
"""How far from the estimate an end of an interval is looked for [SD], [SD a session]."""
LEAST_STEEP, MOST_STEEP = math.log(0.02), math.log(50.0)
"""Bounds of ln b [1/SD]: beyond them labels say nothing, or part without overlap."""
RIDGE = 1e-6
AROUND = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)], float)
DIFFERENCE = 1e-3
"""Of a parameter, from which slopes and bends of the likelihood are had."""
HALVES = np.array([1.0, 0.5, 0.25, 0.0625])
MOST_STEPS = 30
CLOSE = 1e-5
"""A step this small ends the climb: what is left of the likelihood is its square."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Joint:
    """Hold the fit of one side's labels.

    Parameters
    ----------
    edge, trend : float
        In the middle of the sessions [SD], and its change [SD a session]; nan where `agrees` is false.
    edge_ends, trend_ends : (float, float)
        95 % interval; nan where the labels leave an end open.
    steepness : float
        b [1/SD].
    dispersion : float
        φ ≥ 1.
    steepening : float
        By which share of b it grows a session, in a fit in which it may; `steepening_se` is widened by √φ.
    agrees : bool
        The far label lies on its own side of the index.
    """

    edge: float
    trend: float
    edge_ends: tuple[float, float]
    trend_ends: tuple[float, float]
    steepness: float
    dispersion: float
    steepening: float
    steepening_se: float
    agrees: bool


def joint_logit(a: FloatArray, far: FloatArray, session: FloatArray, side: float) -> Joint:
    """Fit the labels of one person.

    Parameters
    ----------
    a, far, session : ndarray, shape (n_labels,)
        Index [SD] in one scaling, 1 for the far label and 0 for felt_ok, number of the session.
    side : float
        1 where the far label lies above, −1 where below.
    """
    at = session - np.unique(session).mean()
    x = np.column_stack([np.ones(len(a)), a - a.mean(), at])
    b = firth_logit(x, far)
    steep = float(b[1])
    if not side * steep > 0.0:
        nothing = (math.nan, math.nan)
        return Joint(
            edge=math.nan, trend=math.nan, edge_ends=nothing, trend_ends=nothing,
            steepness=steep, dispersion=math.nan, steepening=math.nan, steepening_se=math.nan, agrees=False,
        )  # fmt: skip
    edge, trend = float(a.mean() - b[0] / steep), float(-b[2] / steep)
    phi, cut = _cut(a, far, session, at)
    curve = _Curve(a, far, at, x, side)
    log_steep = math.log(side * steep)
    steepening, error = _steepening(a, far, at, phi)
    return Joint(
        edge=edge,
        trend=trend,
        edge_ends=curve.ends("edge", edge, trend, log_steep, cut),
        trend_ends=curve.ends("trend", edge, trend, log_steep, cut),
        steepness=steep,
        dispersion=phi,
        steepening=steepening,
        steepening_se=error,
        agrees=True,
    )


def _cut(a: FloatArray, far: FloatArray, session: FloatArray, at: FloatArray) -> tuple[float, float]:
    """Return φ, and how much twice the log-likelihood may lose within a 95 % interval."""
    each = np.unique(session)
    freedom = len(each) - 2
    if freedom < 1:
        return 1.0, CHI_SQUARE_95
    line = np.column_stack([np.ones(len(a)), a - a.mean(), at])
    own = np.column_stack([session[:, None] == each, a - a.mean()]).astype(float)
    taken = 2.0 * (_log_likelihood(own, far) - _log_likelihood(line, far))
    phi = max(1.0, taken / freedom)
    return phi, CHI_SQUARE_95 if phi <= 1.0 else phi * float(f_distribution.ppf(0.95, 1, freedom))


def _steepening(a: FloatArray, far: FloatArray, at: FloatArray, phi: float) -> tuple[float, float]:
    """Return by how much b changes a session, relative to b, and its standard error."""
    centred = a - a.mean()
    x = np.column_stack([np.ones(len(a)), centred, at, centred * at])
    b = firth_logit(x, far)
    p = _probability(x @ b)
    spread = phi * np.linalg.inv(x.T @ (x * (p * (1.0 - p))[:, None]) + RIDGE * np.eye(4))
    ratio = float(b[3] / b[1])
    gradient = np.array([0.0, -ratio / b[1], 0.0, 1.0 / b[1]])
    return ratio, math.sqrt(float(gradient @ spread @ gradient))


class _Curve:
    """Compute the penalised log-likelihood and its profiles."""

    def __init__(self, a: FloatArray, far: FloatArray, at: FloatArray, x: FloatArray, side: float) -> None:
        self._a, self._at, self._side = a, at, side
        self._products = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
        self._columns = x.shape[1]
        self._sign = np.where(far > 0.0, -1.0, 1.0)

    def values(self, edge: FloatArray, trend: FloatArray, log_steep: FloatArray) -> FloatArray:
        """Return the penalised log-likelihood at several points, shape (n_points,) each and together."""
        steep = self._side * np.exp(np.clip(log_steep, LEAST_STEEP, MOST_STEEP))[:, None]
        eta = steep * (self._a - edge[:, None] - trend[:, None] * self._at)
        p = 1.0 / (1.0 + np.exp(-np.clip(eta, -40.0, 40.0)))
        information = ((p * (1.0 - p)) @ self._products).reshape(-1, self._columns, self._columns)
        penalty = 0.5 * np.log(np.maximum(np.linalg.det(information), 1e-300))
        return np.asarray(penalty - np.logaddexp(0.0, self._sign * eta).sum(axis=1))

    def profile(
        self, which: Parameter, at: float, start: tuple[float, float]
    ) -> tuple[float, tuple[float, float]]:
        """Return the largest value with one parameter held, and where the other and ln b are then."""

        def of(free: FloatArray) -> FloatArray:
            held = np.full(len(free), at)
            edge, trend = (held, free[:, 0]) if which == "edge" else (free[:, 0], held)
            return self.values(edge, trend, free[:, 1])

        best = _climbed(of, np.array(start))
        return (float(of(best[None])[0]), (float(best[0]), float(best[1])))

    def ends(
        self, which: Parameter, edge: float, trend: float, log_steep: float, cut: float
    ) -> tuple[float, float]:
        """Return where on either side more than `cut` is lost; nan where it is nowhere."""
        best = float(self.values(*(np.array([v]) for v in (edge, trend, log_steep)))[0])
        middle, other = (edge, trend) if which == "edge" else (trend, edge)

        def over(at: float) -> float:
            return 2.0 * (best - self.profile(which, at, (other, log_steep))[0]) - cut

        low, high = (_end(over, middle, way, FURTHEST[which]) for way in (-1.0, 1.0))
        return low, high


def _climbed(of: Callable[[FloatArray], FloatArray], start: FloatArray) -> FloatArray:
    """Return where a function of two parameters is largest: by Newton's steps, else by a simplex."""
    here, steps = start, AROUND * DIFFERENCE
    value = float(of(here[None])[0])
    for _ in range(MOST_STEPS):
        v = of(here + steps)
        gradient = np.array([v[0] - v[1], v[2] - v[3]]) / (2.0 * DIFFERENCE)
        bends = np.array([v[0] + v[1], v[2] + v[3]]) - 2.0 * value
        cross = (v[4] - v[5] - v[6] + v[7]) / 4.0
        curved = -np.array([[bends[0], cross], [cross, bends[1]]]) / DIFFERENCE**2
        if not (curved[0, 0] > 0.0 and np.linalg.det(curved) > 0.0):
            break
        step = np.linalg.solve(curved, gradient)
        step /= max(1.0, float(np.abs(step).max()))
        tried = of(here + HALVES[:, None] * step)
        k = int(np.argmax(tried))
        if tried[k] <= value:
            return here if np.abs(step).max() < CLOSE else _by_simplex(of, start)
        here, value = np.asarray(here + HALVES[k] * step), float(tried[k])
        if np.abs(step).max() < CLOSE:
            return here
    return _by_simplex(of, start)


def _by_simplex(of: Callable[[FloatArray], FloatArray], start: FloatArray) -> FloatArray:
    around = start + np.array([(0.0, 0.0), (0.2, 0.0), (0.0, 0.3)])
    options: Any = {"xatol": 1e-5, "fatol": 1e-8, "maxiter": 600, "initial_simplex": around}

    def lost(free: FloatArray) -> float:
        return -float(of(free[None])[0])

    found = minimize(lost, start, method="Nelder-Mead", options=options)
    return np.asarray(found.x, float)


def _end(over: Callable[[float], float], middle: float, way: float, furthest: float) -> float:
    """Return where on the way from the middle too much is lost; nan if nowhere up to the furthest place."""
    inside, step = 0.0, furthest / 60.0
    while over(middle + way * step) < 0.0:
        inside, step = step, 2.0 * step
        if step > furthest:
            return math.nan
    return middle + way * float(brentq(lambda d: over(middle + way * d), inside, step, xtol=1e-5))


def firth_logit(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the coefficients of a logistic regression with Firth's penalty, shape (n_columns,)."""
    b = np.zeros(x.shape[1])
    for _ in range(200):
        p = _probability(x @ b)
        weight = p * (1.0 - p)
        inverse = np.linalg.inv(x.T @ (x * weight[:, None]) + RIDGE * np.eye(len(b)))
        leverage = weight * np.einsum("ij,jk,ik->i", x, inverse, x)
        step = inverse @ (x.T @ (y - p + leverage * (0.5 - p)))
        b = b + step / max(1.0, float(np.abs(step).max()) / 2.0)
        if np.abs(step).max() < 1e-8:
            break
    return b


def _log_likelihood(x: FloatArray, y: FloatArray) -> float:
    """Return the largest log-likelihood of a logistic regression; it stays finite where labels part."""
    b = np.zeros(x.shape[1])
    for _ in range(60):
        p = _probability(x @ b)
        information = x.T @ (x * (p * (1.0 - p))[:, None]) + RIDGE * np.eye(len(b))
        step = np.linalg.solve(information, x.T @ (y - p))
        b = b + step / max(1.0, float(np.abs(step).max()) / 2.0)
        if np.abs(step).max() < 1e-6:
            break
    eta = x @ b
    return -float(np.logaddexp(0.0, np.where(y > 0.0, -eta, eta)).sum())


def _probability(eta: FloatArray) -> FloatArray:
    out: FloatArray = 1.0 / (1.0 + np.exp(-np.clip(eta, -30.0, 30.0)))
    return out

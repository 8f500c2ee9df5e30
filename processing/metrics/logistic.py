"""Where a logistic curve crosses one half, from few labels: midpoint, slope, and an interval that holds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from acquisition.stream import FloatArray

CHI_SQUARE_95 = 3.841458820694124
"""What twice the log-likelihood may lose within a 95 % interval."""
N_DRAWS = 1000
REACH = 10.0
"""How far past the labels an end of the interval may lie [SD]; one further out is unknown."""
SLOPES = (0.01, 100.0)
"""The slopes that are looked at [1/SD]."""


def logistic_midpoint(a: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return −b0/b1 and b1 of a logistic regression by maximum likelihood.

    Where the labels are parted without overlap the slope is infinite; the edge then is half way between them,
    the limit of the likelihood. Nan where all labels are alike.

    Parameters
    ----------
    a, y : ndarray, shape (n,)
        Index [SD], and 1 for the far label, 0 for felt_ok.

    Examples
    --------
    >>> import numpy as np
    >>> a, over = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 0, 1, 1.0])
    >>> round(float(logistic_midpoint(a, over)[0]), 2)
    1.5
    """
    far, near = a[y == 1], a[y == 0]
    if len(far) == 0 or len(near) == 0 or float(np.ptp(a)) == 0.0:
        return math.nan, math.nan
    if far.min() >= near.max():
        return 0.5 * float(far.min() + near.max()), math.inf
    if far.max() <= near.min():
        return 0.5 * float(far.max() + near.min()), -math.inf
    shift = float(a.mean())
    x = np.column_stack([np.ones(len(a)), a - shift])
    b = np.zeros(2)
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ b, -30.0, 30.0)))
        information = x.T @ (x * (p * (1.0 - p))[:, None]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(information, x.T @ (y - p))
        b = b + step / max(1.0, float(np.abs(step).max()) / 4.0)
        if np.abs(step).max() < 1e-10:
            break
    return (shift - b[0] / b[1], float(b[1])) if b[1] != 0.0 else (math.nan, 0.0)


def firth(a: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return midpoint and slope of a logistic regression with Firth's penalty: finite without overlap too.

    References
    ----------
    Firth (1993), doi:10.1093/biomet/80.1.27
    """
    shift = float(a.mean())
    x = np.column_stack([np.ones(len(a)), a - shift])
    b = np.zeros(2)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ b, -30.0, 30.0)))
        weight = p * (1.0 - p)
        inverse = np.linalg.inv(x.T @ (x * weight[:, None]) + 1e-10 * np.eye(2))
        leverage = weight * np.einsum("ij,jk,ik->i", x, inverse, x)
        step = inverse @ (x.T @ (y - p + leverage * (0.5 - p)))
        step /= max(1.0, float(np.abs(step).max()) / 2.0)
        b = b + step
        if np.abs(step).max() < 1e-9:
            break
    return shift - float(b[0] / b[1]), float(b[1])


def midpoint_draws(a: FloatArray, y: FloatArray, side: float, rng: np.random.Generator) -> FloatArray:
    """Return the midpoints of 1000 sets of labels drawn at the same places, without those of a wrong slope.

    They are drawn from the curve with Firth's penalty: drawing from the labels themselves, few as they are,
    takes the steepness they happen to have for certain.
    """
    middle, slope = firth(a, y)
    over = 1.0 / (1.0 + np.exp(-np.clip(slope * (a - middle), -30.0, 30.0)))
    drawn = (rng.random((N_DRAWS, len(a))) < over).astype(float)
    mixed = (drawn.sum(axis=1) > 0) & (drawn.sum(axis=1) < len(a))
    found, slopes = midpoints(a, drawn[mixed])
    out: FloatArray = found[slopes * side > 0]
    return out


def midpoints(a: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return −b0/b1 and b1 by maximum likelihood of many sets of labels at once; a slope ends at ± 60 per SD.

    Parameters
    ----------
    a : ndarray, shape (n,)
    labels : ndarray, shape (n_sets, n)
        0 and 1, both in each set.
    """
    shift = float(a.mean())
    x = a - shift
    b0, b1 = np.zeros(len(labels)), np.zeros(len(labels))
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-np.clip(b0[:, None] + b1[:, None] * x, -30.0, 30.0)))
        weight, off = p * (1.0 - p), labels - p
        g0, g1 = off.sum(axis=1), (off * x).sum(axis=1)
        h00 = weight.sum(axis=1) + 1e-9
        h01, h11 = (weight * x).sum(axis=1), (weight * x * x).sum(axis=1) + 1e-9
        det = h00 * h11 - h01**2 + 1e-12
        s0, s1 = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        short = np.maximum(1.0, np.maximum(np.abs(s0), np.abs(s1)) / 4.0)
        b0, b1 = b0 + s0 / short, np.clip(b1 + s1 / short, -60.0, 60.0)
    return shift - b0 / np.where(b1 == 0.0, np.nan, b1), b1


def midpoint_interval(a: FloatArray, y: FloatArray, side: float) -> tuple[float, float]:
    """Return a 95 % interval of the midpoint: those that the penalised profile likelihood does not rule out.

    An end is nan where the labels rule out nothing up to 10 SD past them.

    Parameters
    ----------
    a, y : ndarray, shape (n,)
    side : float
        Sign of the slope: 1 where labels of 1 lie above, −1 where below.

    References
    ----------
    Heinze & Schemper (2002), doi:10.1002/sim.1047
    """
    middle, slope = firth(a, y)
    if not slope * side > 0.0 or not math.isfinite(middle):
        return math.nan, math.nan
    best = float(_penalised(middle, np.array([slope]), a, y)[0])

    def lost(at: float) -> float:
        return 2.0 * (best - _profile(at, a, y, side)) - CHI_SQUARE_95

    first, last = float(a.min()) - REACH, float(a.max()) + REACH
    if not first < middle < last:
        return math.nan, math.nan
    return _end(lost, middle, first), _end(lost, middle, last)


def _end(lost: Callable[[float], float], middle: float, furthest: float) -> float:
    """Return where on the way from the middle to the furthest place too much is lost; nan if nowhere."""
    if not lost(middle) < 0.0 < lost(furthest):
        return math.nan
    return float(brentq(lost, middle, furthest, xtol=1e-12, rtol=1e-14))


def _profile(at: float, a: FloatArray, y: FloatArray, side: float) -> float:
    """Return the largest penalised log-likelihood with the midpoint there, over slopes of one sign."""
    low, high = math.log(SLOPES[0]), math.log(SLOPES[1])
    for _ in range(4):
        grid = np.linspace(low, high, 31)
        found = _penalised(at, side * np.exp(grid), a, y)
        best = int(found.argmax())
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 30)])
    return float(found[best])


def _penalised(at: float, slopes: FloatArray, a: FloatArray, y: FloatArray) -> FloatArray:
    """Return log-likelihood + ½ ln |information| of curves through one half at a place, one per slope."""
    eta = slopes[:, None] * (a - at)
    likelihood = -np.logaddexp(0.0, np.where(y > 0.0, -eta, eta)).sum(axis=1)
    p = 1.0 / (1.0 + np.exp(-np.clip(eta, -40.0, 40.0)))
    weight, x = p * (1.0 - p), a - a.mean()
    s0, s1, s2 = weight.sum(axis=1), (weight * x).sum(axis=1), (weight * x * x).sum(axis=1)
    out: FloatArray = likelihood + 0.5 * np.log(np.maximum(s0 * s2 - s1 * s1, 1e-300))
    return out

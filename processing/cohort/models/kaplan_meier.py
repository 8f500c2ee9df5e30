"""How many excursions are still unanswered over time, with an interval that holds with few of them.

References
----------
Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452.
Fay & Brittain (2016), doi:10.1002/sim.6905: beta product intervals and their mid-p version, by moments.

- Normal intervals (Greenwood) held 65 to 90 % with 10 to 24 excursions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc

from acquisition.stream import FloatArray, IntArray

TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Curve:
    """Hold the share still unanswered from each time on, with its 95 % interval.

    Parameters
    ----------
    times, left, low, high : ndarray, shape (n_times,)
        [s], and shares between 0 and 1.
    """

    times: FloatArray
    left: FloatArray
    low: FloatArray
    high: FloatArray


def curve(seconds: FloatArray, status: IntArray, begin: float = 0.0) -> Curve:
    """Return the curve; it steps where something was answered, and its interval where anything ended.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Until it was answered, or until it ended.
    status : ndarray, shape (n,)
        1 where it was answered.
    begin : float
        When nothing was answered yet [s]: the first time of the curve.
    """
    times = np.concatenate([[begin], np.unique(seconds)])
    left, low, high = np.ones(len(times)), np.ones(len(times)), np.ones(len(times))
    share, moments = 1.0, (1.0, 1.0)
    for k, time in enumerate(times):
        at_risk = int((seconds >= time).sum())
        answered = int(((seconds == time) & (status == 1)).sum())
        if answered:
            share *= 1.0 - answered / at_risk
            moments = _times(moments, at_risk - answered + 1.0, float(answered))
        left[k] = share
        low[k], high[k] = _ends(moments, int((seconds > time).sum()))
    return Curve(times=times, left=left, low=low, high=high)


def _times(moments: tuple[float, float], a: float, b: float) -> tuple[float, float]:
    """Return the first two moments of a product with one more beta variable."""
    mean = a / (a + b)
    return moments[0] * mean, moments[1] * mean * (a + 1.0) / (a + b + 1.0)


def _ends(upper: tuple[float, float], beyond: int) -> tuple[float, float]:
    """Return where the mean of both distributions, of the lower end and of the upper, has 2.5 and 97.5 %."""
    lower = _times(upper, float(beyond), 1.0) if beyond else (0.0, 0.0)

    def below(x: float, level: float) -> float:
        return 0.5 * (_share(x, *lower) + _share(x, *upper)) - level

    return _where(below, 0.025), _where(below, 0.975)


def _where(below: Callable[[float, float], float], level: float) -> float:
    if below(TINY, level) >= 0.0:
        return 0.0
    if below(1.0 - TINY, level) <= 0.0:
        return 1.0
    return float(brentq(below, TINY, 1.0 - TINY, args=(level,)))


def _share(x: float, mean: float, square: float) -> float:
    """Return how much of a beta distribution of these moments lies at or below x."""
    spread = square - mean**2
    if spread <= TINY:
        return float(x >= mean)
    size = mean * (1.0 - mean) / spread - 1.0
    return float(betainc(mean * size, (1.0 - mean) * size, x))

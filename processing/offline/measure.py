"""What a session metric is: its definition, its value, and intervals that hold for dependent data.

Each module of metrics names its definitions once; values refer to them, and the data dictionary is made of
them, so that unit, method and documentation cannot drift apart.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, bdtrik, stdtrit

from acquisition.stream import FloatArray

LEAST_FOR_INTERVAL = 5
"""Fewer values than this give no interval."""
LEAST_FOR_BOOTSTRAP = 10
"""Fewer values than this give Student's interval: a bootstrap of so few draws the same ones over and over."""
LEAST_FOR_QUARTILES = 20
"""Fewer values than this give no interval of P75 − P25: that of the bootstrap is then too narrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Say what a metric is.

    Parameters
    ----------
    name : str
        May hold fields such as {code}.
    whose : str
        person or dyad.
    text : str
        What was measured, in one sentence.
    interval : str
        How the 95 % interval is made; "" where there is none.
    """

    name: str
    whose: str
    unit: str
    text: str
    interval: str = ""
    source: str = ""
    exploratory: bool = False

    def matches(self, metric: str) -> bool:
        """Tell whether a metric is one of these."""
        return re.fullmatch(re.sub(r"\\\{\w+\\\}", r"[a-z0-9_]+", re.escape(self.name)), metric) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Hold the value of a metric for one person or the dyad; nan with a `reason` where there is none.

    Parameters
    ----------
    n : int
        How many things the value rests on (seconds, excursions, events), as the definition says.
    valid_pct : float
        Share of the time that counted for which there was a valid index [%].
    """

    metric: str
    value: float
    unit: str
    n: int
    valid_pct: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    method: str = ""
    reason: str = ""


def measure(
    definition: Definition,
    value: float,
    n: int,
    valid_pct: float = math.nan,
    *,
    interval: tuple[float, float] = (math.nan, math.nan),
    reason: str = "",
    **fields: str,
) -> Measure:
    """Return a value of a definition; `fields` fill its name."""
    return Measure(
        metric=definition.name.format(**fields),
        value=value,
        unit=definition.unit,
        n=n,
        valid_pct=valid_pct,
        ci_low=interval[0],
        ci_high=interval[1],
        method=definition.text
        + (f"; interval: {definition.interval}" if definition.interval else "")
        + ("; exploratory" if definition.exploratory else ""),
        reason=reason,
    )


def nothing(
    definitions: Iterable[Definition], reason: str, n: int = 0, valid_pct: float = math.nan, **fields: str
) -> list[Measure]:
    """Return measures without a value, and why."""
    unknown = (math.nan, math.nan)
    return [
        measure(d, math.nan, n, valid_pct, interval=unknown, reason=reason, **fields) for d in definitions
    ]


def seeded(session_id: str, *purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose: that of the session, whoever is asked about."""
    digest = hashlib.sha256("\n".join((session_id, *purpose)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def mean_interval(
    values: FloatArray, rng: np.random.Generator, *, n_draws: int = 2000
) -> tuple[float, float]:
    """Return a 95 % interval of the mean of independent values: the bootstrap-t, of under ten Student's t.

    The percentile bootstrap is too narrow for a handful of values; the studentised one is not (Efron &
    Tibshirani 1993, ch. 12).
    """
    n = len(values)
    if n < LEAST_FOR_INTERVAL:
        return math.nan, math.nan
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    if spread <= 0.0:
        return mean, mean
    if n < LEAST_FOR_BOOTSTRAP:
        half = float(stdtrit(n - 1, 0.975)) * spread / math.sqrt(n)
        return mean - half, mean + half
    draws = values[rng.integers(0, n, size=(n_draws, n))]
    error = draws.std(axis=1, ddof=1)
    usable = error > 1e-12 * spread
    t = (draws.mean(axis=1)[usable] - mean) / (error[usable] / math.sqrt(n))
    low, high = np.quantile(t, [0.025, 0.975]).tolist()
    step = spread / math.sqrt(n)
    return mean - high * step, mean - low * step


def median_interval(values: FloatArray) -> tuple[float, float]:
    """Return an at least 95 % interval of a median between two of the values, whatever their distribution."""
    n = len(values)
    out = int(bdtrik(0.025, n, 0.5)) + 1 if n > LEAST_FOR_INTERVAL else 0
    while out > 0 and bdtr(out - 1, n, 0.5) > 0.025:
        out -= 1
    if out == 0:
        return math.nan, math.nan
    ordered = np.sort(values)
    return float(ordered[out - 1]), float(ordered[n - out])


def quartile_range_interval(
    values: FloatArray, rng: np.random.Generator, *, n_draws: int = 2000
) -> tuple[float, float]:
    """Return a 95 % interval of P75 − P25: percentiles of the bootstrap, from 20 values on."""
    n = len(values)
    if n < LEAST_FOR_QUARTILES:
        return math.nan, math.nan
    draws = np.percentile(values[rng.integers(0, n, size=(n_draws, n))], [25.0, 75.0], axis=1)
    low, high = np.quantile(draws[1] - draws[0], [0.025, 0.975]).tolist()
    return low, high


def series_interval(
    values: FloatArray, statistic: Callable[[FloatArray], float], *, n_batches: int = 6
) -> tuple[float, float]:
    """Return a 95 % interval of a statistic of a dependent series: batch means with Student's t.

    Second-by-second values are far from independent (the index remembers one to two and a half minutes), so
    the series is cut into a few long batches, and these count as the observations.

    Parameters
    ----------
    values : ndarray, shape (n_seconds,)
        nan where not valid.
    """
    batches = [b[np.isfinite(b)] for b in np.array_split(values, n_batches)]
    each = np.array([statistic(b) for b in batches if len(b) >= 60])
    finite = values[np.isfinite(values)]
    if len(each) < LEAST_FOR_INTERVAL or len(finite) < 600:
        return math.nan, math.nan
    half = float(stdtrit(len(each) - 1, 0.975)) * float(each.std(ddof=1)) / math.sqrt(len(each))
    middle = statistic(finite)
    return middle - half, middle + half

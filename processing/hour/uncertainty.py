"""95 % intervals that hold for what a session gives: few values, dependent values, stretches of time.

How often each holds the truth is measured by benchmarks/session_intervals.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, bdtrik, betainc, betaincinv, chdtri

from acquisition.stream import BoolArray, FloatArray

GARWOOD = "Garwood (1936), doi:10.1093/biomet/28.3-4.437"
"""Where the interval of a Poisson count is from."""
LEAST_FOR_INTERVAL = 5
"""Fewer values than this give no interval."""
LEAST_FOR_BOOTSTRAP = 10
"""Fewer values than this give Student's interval: a bootstrap of so few draws the same ones over and over."""
LEAST_FOR_QUARTILES = 20
"""Fewer values than this give no interval of P75 − P25: that of the bootstrap is then too narrow."""
LEAST_STRETCHES = 3
"""Fewer stretches than this give no interval of a share of time, nor of how far two go together."""
ENOUGH_STRETCHES = 5
FEW_STRETCHES, MANY_STRETCHES = (90.0, 0.02), (60.0, 0.05)
"""Mean of a typical stretch [s] and level of the interval of a share of time, with few and with enough."""
BATCHES = "batch means (6 batches, Student's t), from 10 min on"
MEMORY = "Student's t, counting as many values as the memory from one to the next leaves"


def student(df: FloatArray | float) -> FloatArray:
    """Return how many standard errors a 95 % interval reaches, by Student's t.

    By way of the beta distribution: `scipy.special.stdtrit` was good to 1e-9 only before SciPy 1.12.
    """
    half: FloatArray = np.asarray(df, np.float64) / 2.0
    return np.sqrt(2.0 * half * (1.0 / betaincinv(half, 0.5, 0.05) - 1.0))


def poisson_interval(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a Poisson mean."""
    low = 0.5 * float(chdtri(2 * count, 0.975)) if count else 0.0
    high = 0.5 * float(chdtri(2 * (count + 1), 0.025))
    return low, high if math.isfinite(high) else math.nan


def binomial_interval(count: float, n: float, *, miss: float = 0.05) -> tuple[float, float]:
    """Return Clopper and Pearson's interval of a share, 95 % unless `miss` says otherwise.

    Neither has to be whole: a share of which some trials were seen in part stands for so many whole ones.

    References
    ----------
    Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404
    """
    low = 0.0 if count <= 0.0 else float(betaincinv(count, n - count + 1, miss / 2.0))
    high = 1.0 if count >= n else float(betaincinv(count + 1, n - count, 1.0 - miss / 2.0))
    return low, high


def share_interval(durations: FloatArray, seconds: int) -> tuple[float, float]:
    """Return a 95 % interval of a share of time [%] made of stretches that arrive independently [s].

    Of stretches that alternate with time between them, at random, the share has the variance
    (1 − share)² Σ d² / T²: on the scale of ln(share / (1 − share)) its standard error is √(Σ d²) / Σ d.
    """
    total = float(durations.sum())
    if len(durations) < LEAST_STRETCHES or not 0.0 < total < seconds:
        return math.nan, math.nan
    away = 1.96 * math.sqrt(float(np.square(durations).sum())) / total
    odds = math.log(total / (seconds - total))
    return 100.0 * _share(odds - away), 100.0 * _share(odds + away)


def time_share_interval(durations: FloatArray, cut: BoolArray, seconds: int) -> tuple[float, float]:
    """Return a 95 % interval of a share of time [%] made of any number of stretches, also of cut ones.

    Clopper and Pearson's, with as many trials as the time holds stretches: of length
    D = (Σ d² + 2 m²) / (Σ d + m), drawn towards a typical one by one stretch of mean m; one that was cut
    counts in D as if it had gone on for m. With 1 to 4 stretches their length is hardly known: m is longer
    and the interval that of 98 %.

    Parameters
    ----------
    durations : ndarray, shape (n,)
        [s]
    cut : ndarray of bool, shape (n,)
        Stretches whose begin or end was not seen.

    References
    ----------
    Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404
    """
    m, level = FEW_STRETCHES if 0 < len(durations) < ENOUGH_STRETCHES else MANY_STRETCHES
    if seconds <= 0:
        return math.nan, math.nan
    p = min(float(durations.sum()) / seconds, 1.0)
    grown = durations + m * cut
    typical = (float(np.square(grown).sum()) + 2.0 * m * m) / (float(grown.sum()) + m)
    n = min(seconds / (typical * max(1.0 - p, 0.05)), seconds / 10.0)
    low, high = binomial_interval(p * n, n, miss=level)
    return 100.0 * low, 100.0 * high


def _share(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))


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
        half = float(student(n - 1)) * spread / math.sqrt(n)
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
    half = float(student(len(each) - 1)) * float(each.std(ddof=1)) / math.sqrt(len(each))
    middle = statistic(finite)
    return middle - half, middle + half


def together_interval(
    cycles: FloatArray, statistic: Callable[[FloatArray], FloatArray]
) -> tuple[float, float]:
    """Return a 95 % interval of what two people's stretches give together: the jackknife over stretches.

    Student's t counts the stretches in which both are out only: where these are few, the rest says little.

    Parameters
    ----------
    cycles : ndarray, shape (n, 5)
        Per stretch with the time around it: seconds both are out, either, the first, the second, all.
    statistic : callable
        From sums of these, shape (..., 5).
    """
    shared = int(np.count_nonzero(cycles[:, 0]))
    if shared < LEAST_STRETCHES:
        return math.nan, math.nan
    total = cycles.sum(axis=0)
    without = statistic(total - cycles)
    if not np.isfinite(without).all():
        return math.nan, math.nan
    n = len(cycles)
    error = math.sqrt((n - 1) / n * float(np.square(without - without.mean()).sum()))
    away, middle = float(student(shared - 1)) * error, float(statistic(total))
    return middle - away, middle + away


def remembering_interval(values: FloatArray, least: float = 0.0) -> tuple[float, float]:
    """Return a 95 % interval of the mean of values in their order, each of which remembers the one before.

    Parameters
    ----------
    least : float
        Memory that they have at least, by what they were made of.
    """
    n = len(values)
    a = max(memory(values), least)
    worth = max(n * (1.0 - a) / (1.0 + a), 3.0)
    half = float(student(worth - 1.0)) * float(values.std(ddof=1)) / math.sqrt(worth)
    return float(values.mean()) - half, float(values.mean()) + half


def correlation_interval(x: FloatArray, y: FloatArray, r: float) -> tuple[float, float]:
    """Return a 95 % interval of the correlation of two series that remember: Fisher's z, fewer values.

    References
    ----------
    Dawdy & Matalas (1964): n (1 − a b) / (1 + a b) values, a and b the correlations of neighbours.
    """
    if not -1.0 < r < 1.0:
        return math.nan, math.nan
    df = _worth(x, y) - 3.0
    away = float(student(df)) / math.sqrt(df)
    return math.tanh(math.atanh(r) - away), math.tanh(math.atanh(r) + away)


def correlation_place(x: FloatArray, y: FloatArray, r: float) -> float:
    """Return which share of unrelated series that remember as much has a lower correlation; as the interval.

    Values that were shuffled remember nothing: of unrelated voices that drift, a third lay beyond 2.5-97.5 %
    of their shuffles.
    """
    if not -1.0 < r < 1.0:
        return math.nan
    df = _worth(x, y) - 3.0
    t = math.atanh(r) * math.sqrt(df)
    beyond = 0.5 * float(betainc(df / 2.0, 0.5, df / (df + t * t)))
    return beyond if t < 0.0 else 1.0 - beyond


def _worth(x: FloatArray, y: FloatArray) -> float:
    """Return as many values as two series that remember are worth, at least 5."""
    n, both = len(x), memory(x) * memory(y)
    return max(n * (1.0 - both) / (1.0 + both), 5.0)


def memory(values: FloatArray) -> float:
    """Return the correlation of neighbours, 0 to 0.97, without the bias of a short series.

    References
    ----------
    Marriott & Pope (1954), doi:10.1093/biomet/41.3-4.390
    """
    n, off = len(values), values - values.mean()
    size = float(np.square(off).sum())
    if n <= 4 or size <= 0.0:
        return 0.0
    return min(max((n * float((off[1:] * off[:-1]).sum()) / size + 1.0) / (n - 4), 0.0), 0.97)

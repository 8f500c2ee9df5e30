"""The effect of a mark against comparable moments that were not marked: matching with a forecast.

People are marked when something happens, and what is high falls by itself. So a marked moment is compared
with moments of the same hour that looked alike until then; what a forecast from the past explains is taken
out of both. Only the past decides what is comparable: to ask that no mark follows would select moments
after which the index falls. docs/session-metrics.md has the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.special import betainc

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.hour.uncertainty import student
from processing.responses.moments import AFTER, Moments

TOO_FEW = "too few comparable moments"
CALIPER = 0.35
"""How far a comparable moment may be in level and in change [SD of the session]."""
MOST, FEWEST = 5, 2
"""Comparable moments a mark takes at most, and needs."""
APART = 30
"""How far those of one mark lie apart [s]."""
NEAR = 1800.0
"""So far away in time counts as much as one SD of level [s]."""
SPARED = (59, 5)
"""No mark lies so many seconds before a comparable moment, nor so many after [s]."""
CLEAR = (59, 60)
"""The same for the gate: no mark on both sides [s]."""
BOUT = 60
"""Marks less than this apart are one bout, of which the first counts [s]."""
LEAST_SETS = 6
LEAST_SHARE = 0.4
"""Least share of marks that have comparable moments clear of marks on both sides."""
LEAST_DF = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Hold how far marked moments differ from comparable ones in the 60 s after; nan with a `reason`.

    Parameters
    ----------
    value, se : float
        Difference and its standard error, in the unit of the index.
    low, high : float
        95 % interval.
    p : float
        Two-sided.
    sets : int
        Marks with comparable moments.
    marks : int
        Marks, each bout counted once.
    """

    value: float = math.nan
    se: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    sets: int = 0
    marks: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Hold marks with their comparable moments, as seconds of the grid."""

    marks: list[int] = field(default_factory=list)
    matches: list[list[int]] = field(default_factory=list)


def effect(m: Moments, at: IntArray) -> Effect:
    """Compare marked with comparable moments.

    Parameters
    ----------
    m : Moments
    at : ndarray of int, shape (n_marks,)
        Seconds of the grid that were marked, also those that cannot be used.

    References
    ----------
    Rubin (1973), doi:10.2307/2529684: matching with regression adjustment. Departures: one series, so that
    the standard error comes from the same weights shifted circularly over what the forecast leaves.
    """
    at = np.unique(at)
    first = at[np.concatenate([[True], np.diff(at) >= BOUT])] if len(at) else at
    sets = comparable(m, at, first, SPARED)
    k, n = len(sets.marks), len(first)
    clear = len(comparable(m, at, first, CLEAR).marks)
    if k < LEAST_SETS or clear < LEAST_SHARE * n:
        return Effect(sets=k, marks=n, reason=TOO_FEW)
    weights = np.zeros(len(m.usable))
    for mark, others in zip(sets.marks, sets.matches, strict=True):
        weights[mark] += 1.0 / k
        np.add.at(weights, others, -1.0 / (k * len(others)))
    forecast, left, rank = _forecast(m, at)
    df = min(np.count_nonzero(m.usable) / AFTER - rank, k) - 1.0
    value = float(np.sum(weights[m.usable] * (m.after - forecast)[m.usable]))
    se = _shifted(weights, left, m.usable)
    if df < LEAST_DF or not se > 1e-12 * float(np.std(m.after[m.usable])):
        return Effect(sets=k, marks=n, reason=TOO_FEW)
    away = float(student(df)) * se
    p = float(betainc(df / 2.0, 0.5, df / (df + (value / se) ** 2)))
    return Effect(value=value, se=se, low=value - away, high=value + away, p=p, sets=k, marks=n)


def comparable(m: Moments, at: IntArray, first: IntArray, spared: tuple[int, int]) -> Sets:
    """Return the comparable moments of each mark, the nearest first.

    Parameters
    ----------
    at, first : ndarray of int
        All marks, and those that are to be compared.
    spared : (int, int)
        How far before and after a comparable moment no mark may lie [s].
    """
    out = Sets()
    n = len(m.usable)
    if not m.usable.any():
        return out
    spread = [float(np.std(v[m.usable])) for v in (m.level, m.change)]
    if min(spread) <= 0.0:
        return out
    free = m.usable & ~_near(at, n, spared)
    for mark in first[(first >= 0) & (first < n)].tolist():
        got = _nearest(m, mark, free, spread) if m.usable[mark] else []
        if len(got) >= FEWEST:
            out.marks.append(mark)
            out.matches.append(got)
    return out


def _nearest(m: Moments, mark: int, free: BoolArray, spread: list[float]) -> list[int]:
    where = np.flatnonzero(free & (m.talk == m.talk[mark]))
    level, change = ((v[where] - v[mark]) / s for v, s in zip((m.level, m.change), spread, strict=True))
    close = (np.abs(level) <= CALIPER) & (np.abs(change) <= CALIPER)
    where, level, change = where[close], level[close], change[close]
    distance = np.square(level) + np.square(change) + np.square((where - mark) / NEAR)
    got: list[int] = []
    for second in where[np.argsort(distance, kind="stable")].tolist():
        if all(abs(second - other) >= APART for other in got):
            got.append(second)
            if len(got) == MOST:
                break
    return got


def _near(at: IntArray, n: int, spared: tuple[int, int]) -> BoolArray:
    """Return the seconds with a mark at most so far before or after."""
    out = np.zeros(n, np.bool_)
    for mark in at.tolist():
        out[max(mark - spared[1], 0) : max(mark + spared[0] + 1, 0)] = True
    return out


def _forecast(m: Moments, at: IntArray) -> tuple[FloatArray, FloatArray, int]:
    """Return the forecast without a mark, what forecast and mark leave (0 where unknown), and its rank."""
    ok, n = m.usable, len(m.usable)
    marked = np.zeros(n)
    marked[at[(at >= 0) & (at < n)]] = 1.0
    columns = np.column_stack([m.known, marked])
    size = np.sqrt(np.mean(np.square(columns[ok]), axis=0))
    columns = columns[:, size > 0.0] / size[size > 0.0]
    rates, _, rank, _ = np.linalg.lstsq(columns[ok], m.after[ok], rcond=1e-10)
    fit = columns @ rates
    has_mark = bool(size[-1] > 0.0)
    of_mark = columns[:, -1] * rates[-1] if has_mark else np.zeros(n)
    left = np.where(ok, m.after - fit, 0.0)
    return fit - of_mark, left, int(rank) - has_mark


def _shifted(weights: FloatArray, left: FloatArray, usable: BoolArray) -> float:
    """Return the standard deviation of the weighted sum over all circular shifts of the weights.

    A shift that meets seconds without a value has less spread; the mean share of weight that is met puts
    it right.
    """
    where = np.flatnonzero(usable)
    w, e, there = (v[where[0] : where[-1] + 1] for v in (weights, left, usable.astype(float)))
    n = len(w)
    if n < 4 * AFTER:
        return math.nan

    def over(a: FloatArray, b: FloatArray) -> FloatArray:
        sums: FloatArray = np.fft.irfft(np.conj(np.fft.rfft(a)) * np.fft.rfft(b), n)
        return sums[AFTER:-AFTER]

    met = float(np.mean(over(np.square(w), there))) / float(np.sum(np.square(w)))
    return float(np.std(over(w, e))) / math.sqrt(met) if met > 0.0 else math.nan

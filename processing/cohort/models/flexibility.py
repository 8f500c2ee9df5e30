"""M8: how restless a series of sessions is: dynamic complexity, fluctuation × spread over its range.

In every window of seven sessions: fluctuation sums, over stretches between turning points, change per
session; distribution compares gaps between sorted values with those of values spread evenly. Both lie in
0-1. It describes: there is no interval, no p, and no value that would be good.

References
----------
Schiepek & Strunk (2010), doi:10.1007/s00422-009-0362-1.

- Range: the metric's own bounds where it has some, else the least and the largest value of all dyads.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray
from acquisition.text import how_many
from processing.cohort.models import series
from processing.cohort.models.row import ModelRow, counted, counts, refused
from processing.cohort.tables import Tables

MODEL = "M8"
WINDOW = 7
FORMULA = "fluctuation × distribution, windows of 7 sessions"
BOUNDS = {
    "time_in_pct": (0.0, 100.0),
    "joint_time_in_pct": (0.0, 100.0),
} | dict.fromkeys(series.RATINGS, (0.0, 10.0))  # fmt: skip
DESCRIBES = "a description: no interval and no test"


def flexibility(tables: Tables) -> list[ModelRow]:
    """Return mean and highest dynamic complexity of each dyad's series of at least seven sessions."""
    out: list[ModelRow] = []
    for one in series.every_series(tables):
        rows = one.rows
        low, high = BOUNDS.get(one.name, _range(rows["value"].to_numpy(float)))
        longest = 0
        for dyad, mine in rows.groupby("dyad", sort=True):
            longest = max(longest, len(mine))
            if len(mine) < WINDOW or not high > low:
                continue
            found = dynamic_complexity(mine["value"].to_numpy(float), low, high)
            out += [
                ModelRow(
                    model=MODEL,
                    outcome=one.name,
                    entity=str(dyad),
                    term=term,
                    estimate=float(value),
                    exploratory=True,
                    reason=DESCRIBES,
                    formula=FORMULA,
                    role=one.entity,
                    **counted(counts(mine)),
                )
                for term, value in (("complexity_mean", found.mean()), ("complexity_highest", found.max()))
            ]
        if longest < WINDOW:
            why = (
                f"{how_many(longest, 'session')} of a dyad at most, {WINDOW} are needed"
                if longest
                else "no value in the store"
            )
            out.append(refused(MODEL, one.name, one.entity, why, n=counts(rows), formula=FORMULA))
    return out


def _range(values: FloatArray) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)


def dynamic_complexity(values: FloatArray, low: float, high: float) -> FloatArray:
    """Return fluctuation × distribution of every window.

    Parameters
    ----------
    values : ndarray, shape (n,)
    low, high : float
        Bounds of the scale; values lie within.

    Returns
    -------
    ndarray, shape (n − 6,)
    """
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)
    return np.array([fluctuation(w, high - low) * distribution(w, low, high) for w in windows])


def fluctuation(window: FloatArray, span: float) -> float:
    """Return the change per session of stretches between turning points, summed: a share of the most."""
    step = np.sign(np.diff(window))
    turns = np.flatnonzero(step[1:] != step[:-1]) + 1
    points = np.concatenate([[0], turns, [len(window) - 1]])
    change = np.abs(np.diff(window[points])) / np.diff(points)
    return float(change.sum()) / (span * (len(window) - 1))


def distribution(window: FloatArray, low: float, high: float) -> float:
    """Return how evenly values fill the scale: 1 less the shortfall of gaps against even ones."""
    even, x = np.linspace(low, high, len(window)), np.sort(window)
    m = len(window)
    short = whole = 0.0
    for i in range(m - 1):
        for j in range(i + 1, m):
            # A gap from i to j lies in this many of the stretches that the method sums over.
            weight = (i + 1) * (m - j)
            gap = even[j] - even[i]
            short += weight * max(0.0, gap - float(x[j] - x[i]))
            whole += weight * gap
    return 1.0 - short / whole

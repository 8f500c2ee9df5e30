"""Moments compared in pairs: how much of what was asked each had (Bradley-Terry), with intervals.

Log strengths by Firth's penalised likelihood (Firth 1993, doi:10.1093/biomet/80.1.27), which stay finite
where a moment always won; their standard errors from the information matrix. The scale has mean 0 in each
set of moments that are joined by comparisons: between sets that are not joined nothing is known, and no
interval is given where there are several.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.ratings.choices import Choice
from acquisition.stream import FloatArray

Z = 1.959963984540054
STEPS = 100
LARGEST = 10.0
"""No step of a log strength is longer."""
ENOUGH = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Strengths:
    """Hold log strengths of n moments; `group` tells sets apart that no comparison joins.

    Parameters
    ----------
    values, se : ndarray, shape (n,)
        Mean 0 in each group; `se` of the difference from that mean.
    """

    values: FloatArray
    se: FloatArray
    group: np.ndarray


def bradley_terry(first: Sequence[int], second: Sequence[int], won: Sequence[float], n: int) -> Strengths:
    """Return the log strengths of n things from comparisons of two.

    Parameters
    ----------
    first, second : sequence of int
        Which were compared, 0 to n − 1.
    won : sequence of float
        1 where the first was chosen, 0 where the second, 0.5 where neither.

    References
    ----------
    Bradley & Terry (1952), doi:10.1093/biomet/39.3-4.324
    """
    a, b, y = np.asarray(first, np.int64), np.asarray(second, np.int64), np.asarray(won, np.float64)
    group = _groups(a, b, n)
    design = np.zeros((len(a), n))
    design[np.arange(len(a)), a], design[np.arange(len(a)), b] = 1.0, -1.0
    basis = _basis(group, n)  # within each group the strengths sum to 0
    x = design @ basis
    beta = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-(x @ beta)))
        w = p * (1.0 - p)
        inverse = np.linalg.inv(x.T @ (w[:, None] * x))
        hat = w * np.einsum("ij,jk,ik->i", x, inverse, x)
        step = inverse @ (x.T @ (y - p + hat * (0.5 - p)))
        beta += np.clip(step, -LARGEST, LARGEST)
        if np.abs(step).max(initial=0.0) < ENOUGH:
            break
    p = 1.0 / (1.0 + np.exp(-(x @ beta)))
    covariance = basis @ np.linalg.inv(x.T @ ((p * (1.0 - p))[:, None] * x)) @ basis.T
    return Strengths(values=basis @ beta, se=np.sqrt(np.diag(covariance)), group=group)


def _groups(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """Return the number of the joined set in which each thing lies."""
    group = np.arange(n)
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        group[group == group[j]] = group[i]
    return np.unique(group, return_inverse=True)[1]


def _basis(group: np.ndarray, n: int) -> FloatArray:
    """Return orthonormal columns that span all strengths with mean 0 in each group."""
    columns = []
    for g in np.unique(group):
        members = np.flatnonzero(group == g)
        k = len(members)
        helmert = np.zeros((k, max(k - 1, 0)))
        for c in range(k - 1):
            helmert[: c + 1, c] = 1.0
            helmert[c + 1, c] = -(c + 1.0)
            helmert[:, c] /= math.sqrt((c + 1.0) * (c + 2.0))
        block = np.zeros((n, k - 1))
        block[members] = helmert
        columns.append(block)
    return np.concatenate(columns, axis=1) if columns else np.zeros((n, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentRow:
    """Hold a moment: how much of what was asked it had, against the mean of the rater's moments [log odds].

    `t` is where it begins, since the recording began [s]; `n` in how many comparisons it was.
    """

    person: str
    rater: str
    by: str
    asked: str
    t: float
    length: float
    strength: float
    low: float
    high: float
    n: float
    reason: str


def moment_rows(choices: Sequence[Choice]) -> list[MomentRow]:
    """Return the moments of each rater and question, in order of time."""
    sets: dict[tuple[object, ...], list[Choice]] = {}
    for choice in choices:
        sets.setdefault((choice.rater, choice.whose, choice.asked, choice.length), []).append(choice)
    return [row for mine in sets.values() for row in _moments(mine)]


def _moments(choices: Sequence[Choice]) -> list[MomentRow]:
    starts = sorted({t for c in choices for t in (c.first, c.second)})
    at = {t: k for k, t in enumerate(starts)}
    first, second = [at[c.first] for c in choices], [at[c.second] for c in choices]
    found = bradley_terry(first, second, [c.won for c in choices], len(starts))
    n = np.bincount([*first, *second], minlength=len(starts))
    apart = len(np.unique(found.group)) > 1
    out = []
    for k, t in enumerate(starts):
        reason = "not joined to all other moments by comparisons" if apart else ""
        value, half = float(found.values[k]), Z * float(found.se[k])
        out.append(
            MomentRow(
                person=str(choices[0].whose.of),
                rater=choices[0].rater,
                by=str(choices[0].whose.by or ""),
                asked=choices[0].asked,
                t=t,
                length=choices[0].length,
                strength=math.nan if apart else value,
                low=math.nan if apart else value - half,
                high=math.nan if apart else value + half,
                n=float(n[k]),
                reason=reason,
            )
        )
    return out

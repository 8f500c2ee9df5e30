"""Raters of the same person on the same axis: each pair with its lag, and ICC(2,k) without lags."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from acquisition.stream import FloatArray
from processing.codings.reliability import Icc, icc
from processing.hour.measure import seeded
from processing.ratings.lagging import BLOCK, LEAST_BLOCKS, Lagged, lagged, levels, shifted
from processing.ratings.traces import Trace

DRAWS = 500
LEAST_SHARE = 0.5
"""Of the seconds of whoever rated most; a rater with fewer is not among those whose agreement is told: it is
over seconds that all of them have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """Hold two raters, or two turns of one; `lag` > 0: the second comes later [s]."""

    person: str
    axis: str
    rater: str
    other: str
    by: str
    r: float
    r_at_0: float
    lag: float
    lag_low: float
    lag_high: float
    n: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Agreement:
    """Hold what several raters have in common on one axis of one person.

    Parameters
    ----------
    aligned, as_said : Icc
        Once the lags between raters were taken out, and as they were.
    low, high : float
        95 % interval of ICC(2,k), aligned, from blocks of a minute.
    spread : float
        How much later the last rater is than the first [s].
    retest : float
        r of the first and second turn of the same rater, mean over raters; nan without.
    left_out : tuple of str
        Raters who rated too little to be among `raters`; they are in the pairs.
    """

    person: str
    axis: str
    raters: tuple[str, ...]
    aligned: Icc
    as_said: Icc
    low: float
    high: float
    spread: float
    retest: float
    pairs: tuple[PairRow, ...]
    left_out: tuple[str, ...] = ()


def agreements(traces: Sequence[Trace], session_id: str) -> list[Agreement]:
    """Return the agreement of each person's raters on each axis with two traces and more.

    What one of the two people said of the other is not among them: it would stand in the other's rows.
    """
    groups: dict[tuple[str, str, bool], list[Trace]] = {}
    for trace in traces:
        if not trace.others_word:
            groups.setdefault((trace.person, trace.axis, trace.bounded), []).append(trace)
    return [_agreement(mine, session_id) for mine in groups.values() if len(mine) > 1]


def _agreement(traces: Sequence[Trace], session_id: str) -> Agreement:
    person, axis = traces[0].person, traces[0].axis
    rng = seeded(session_id, "raters", person, axis)
    found = {(a.name, b.name): lagged(a.signal, b.signal, rng) for a, b in combinations(traces, 2)}
    pairs = tuple(_row(a, b, found[a.name, b.name]) for a, b in combinations(traces, 2))
    every = [t for t in traces if t.turn == min(u.turn for u in traces if u.rater == t.rater)]
    first = _with_enough(every)
    later = [found.get((first[0].name, t.name), Lagged(lag=0.0)) for t in first]
    lags = [0.0, *(one.lag if math.isfinite(one.lag) else 0.0 for one in later[1:])]
    table = np.stack([t.signal for t in first], axis=1)
    straight = np.stack([shifted(t.signal, lag) for t, lag in zip(first, lags, strict=True)], axis=1)
    low, high = _interval(straight, rng) if len(first) > 1 else (math.nan, math.nan)
    again = [p.r for p in pairs if _same(p.rater, p.other) and math.isfinite(p.r)]
    return Agreement(
        left_out=tuple(t.name for t in every if t not in first),
        person=person,
        axis=axis,
        raters=tuple(t.name for t in first),
        aligned=icc(straight),
        as_said=icc(table),
        low=low,
        high=high,
        spread=max(lags) - min(lags) if len(first) > 1 else math.nan,
        retest=float(np.mean(again)) if again else math.nan,
        pairs=pairs,
    )


def _with_enough(traces: Sequence[Trace]) -> list[Trace]:
    """Return those who rated at least half as much as whoever rated most; the first of all, if none did."""
    known = [int(np.isfinite(t.signal).sum()) for t in traces]
    enough = [t for t, n in zip(traces, known, strict=True) if n and n >= LEAST_SHARE * max(known)]
    return enough or list(traces[:1])


def _same(one: str, other: str) -> bool:
    return one.split(" (")[0] == other.split(" (")[0]


def _row(a: Trace, b: Trace, found: Lagged) -> PairRow:
    return PairRow(
        person=a.person,
        axis=a.axis,
        rater=a.name,
        other=b.name,
        by=a.by or b.by,
        r=found.r,
        r_at_0=found.r_at_0,
        lag=found.lag,
        lag_low=found.low,
        lag_high=found.high,
        n=float(found.n),
        reason=found.reason,
    )


def _interval(table: FloatArray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % interval of ICC(2,k) from blocks of a minute drawn again; nan with few of them."""
    n = len(table) // BLOCK
    blocks = table[: n * BLOCK].reshape(n, BLOCK, -1)
    whole = np.isfinite(blocks).all(axis=2).mean(axis=1) >= 0.5
    blocks = blocks[whole]
    if len(blocks) < LEAST_BLOCKS:
        return math.nan, math.nan
    drawn = rng.integers(0, len(blocks), size=(DRAWS, len(blocks)))
    values = [icc(blocks[k].reshape(-1, table.shape[1])).mean for k in drawn]
    known = [v for v in values if math.isfinite(v)]
    if len(known) < DRAWS // 2:
        return math.nan, math.nan
    low, high = np.percentile(known, levels(len(blocks)))
    return float(low), float(high)

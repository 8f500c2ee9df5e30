"""A rating against an index of the same person: windows of a minute, lags to 6 s, and the chance level.

Decided as coupling is (`processing.coupling.deciding`): the largest studentised lag against permuted
segments and segments shifted in a circle, the larger p; straight lines are taken out of each window. The
chance band is that of the shifts at the lag that is told. A lag at which the rating comes later is the
reaction delay, told where the relation is stated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from acquisition.stream import FloatArray
from processing.coupling.deciding import LEAST_SHIFT, decide
from processing.coupling.statement import compared
from processing.coupling.wclc import TableShape
from processing.hour.measure import seeded
from processing.hour.timeline import Timeline, nearest
from processing.index import IndexSample
from processing.indices import SIGNALS, VAGAL
from processing.ratings.lagging import MOST, levels, peak_of
from processing.ratings.traces import Trace
from processing.surrogates.fdr import benjamini_hochberg

WINDOW = 60
SHAPE = TableShape(window=WINDOW, max_lag=MOST, coverage=0.8, renew=600)
LEAST = 12
"""Segments of a minute below which nothing is said."""
STATED = 0.05
INDICES = ("arousal", "scl", VAGAL)
UNTESTED = {VAGAL: SIGNALS[VAGAL].untested}
"""Indices with so few independent values an hour that a relation is described only."""
DRAWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRow:
    """Hold a rating against an index.

    Parameters
    ----------
    what : str
        level or gradient of the rating.
    r : float
        Mean correlation within a minute at `lag`, from the mean of Fisher's z.
    lag, lag_low, lag_high : float
        Where the relation is largest [s], with its 95 % interval; > 0: the rating comes later.
    chance_low, chance_high : float
        Where the middle 95 % of r lie for segments shifted in a circle.
    p, p_fdr : float
        Of the larger null; over all ratings and indices of the session.
    stated : float
        1 where it may be said, 0 where not, nan with a reason.
    delay : float
        Reaction delay, where it is stated [s].
    """

    person: str
    axis: str
    rater: str
    by: str
    index: str
    what: str
    r: float = math.nan
    lag: float = math.nan
    lag_low: float = math.nan
    lag_high: float = math.nan
    chance_low: float = math.nan
    chance_high: float = math.nan
    p: float = math.nan
    p_fdr: float = math.nan
    stated: float = math.nan
    delay: float = math.nan
    n: float = 0.0
    reason: str = ""


def relations(
    traces: Sequence[Trace], line: Timeline, rows: Mapping[tuple[str, str], Sequence[IndexSample]]
) -> list[RelationRow]:
    """Return each rating against each index of the person it is of; of both together against nobody's."""
    out = []
    for trace in traces:
        for index in INDICES:
            mine = rows.get((trace.person, index), ())
            if not mine:
                continue
            times, values = (np.fromiter((s[k] for s in mine), float, len(mine)) for k in (0, 4))
            order = np.argsort(times, kind="stable")
            reach = 3.0 if index == VAGAL else 0.5
            out.append(relation(trace, index, nearest(times[order], values[order], line.times, reach), line))
    return _adjusted(out)


def relation(trace: Trace, index: str, values: FloatArray, line: Timeline) -> RelationRow:
    """Return one rating against one index on the grid of the hour, p not adjusted yet."""
    row = RelationRow(
        person=trace.person,
        axis=trace.axis,
        rater=trace.name,
        by=trace.by,
        index=index,
        what="level" if trace.bounded else "gradient",
    )
    ends = np.arange(WINDOW + MOST - 1, len(line.times), WINDOW)
    z, used = compared(values, trace.signal, ends, SHAPE)
    n = len(used)
    if n < LEAST:
        return replace(row, n=float(n), reason=f"{n} min in common: {LEAST} and more are needed")
    found = decide(z)
    lags = np.arange(-MOST, MOST + 1)
    matched = np.einsum("kii->ki", z)
    course = matched.mean(axis=1)
    at = found.lag + MOST
    sign = 1.0 if course[at] >= 0.0 else -1.0
    rng = seeded(line.session_id, "rating", trace.person, trace.axis, trace.name, index)
    peaks = [
        peak_of(lags, sign * matched[:, drawn].mean(axis=1)) for drawn in rng.integers(0, n, size=(DRAWS, n))
    ]
    low, high = np.percentile(peaks, levels(n))
    chance = [float(np.mean([z[at, i, (i + d) % n] for i in range(n)])) for d in range(LEAST_SHIFT, n - 1)]
    known = np.array([c for c in chance if math.isfinite(c)])
    chance_low, chance_high = np.tanh(np.percentile(known, [2.5, 97.5])) if len(known) else (math.nan,) * 2
    return replace(
        row,
        r=float(np.tanh(course[at])),
        lag=peak_of(lags, sign * course),
        lag_low=float(low),
        lag_high=float(high),
        chance_low=float(chance_low),
        chance_high=float(chance_high),
        p=found.p,
        n=float(n),
        reason=UNTESTED.get(index, ""),
    )


def _adjusted(rows: Sequence[RelationRow]) -> list[RelationRow]:
    """Return rows with p over all that are tested, and what may be said."""
    tested = [math.nan if row.reason else row.p for row in rows]
    return [_stated(row, float(p)) for row, p in zip(rows, benjamini_hochberg(tested), strict=True)]


def _stated(row: RelationRow, p: float) -> RelationRow:
    if not math.isfinite(p):
        return row
    said = p <= STATED
    late = said and 0.0 <= row.lag < MOST
    reason = "" if late or not said else "the relation is largest where the rating comes first, or at 6 s"
    return replace(row, p_fdr=p, stated=float(said), delay=row.lag if late else math.nan, reason=reason)

"""What was rated, in the report: raters against each other, and against what was measured."""

from __future__ import annotations

import math

from processing.indices import INDICES
from processing.ratings.agreement import PairRow
from processing.ratings.relation import RelationRow
from processing.results.session_run import SessionRun

TITLE = "Ratings: raters against each other"
AGAINST = "Ratings against what was measured"
HEAD = ("of whom", "axis", "rater", "other", "r", "r, no lag", "lag s", "seconds", "remark")
SHARES = (0.1, 0.13, 0.11, 0.11, 0.08, 0.1, 0.15, 0.09, 0.13)
AGAINST_HEAD = (
    "of whom",
    "axis",
    "rater",
    "index",
    "r",
    "chance",
    "lag s",
    "p, all tests",
    "what may be said",
)
AGAINST_SHARES = (0.09, 0.12, 0.1, 0.12, 0.07, 0.13, 0.14, 0.09, 0.14)
NOTE = (
    "Lag: how much later the second comes, at the largest correlation within 6 s, with its 95 % interval "
    "from minutes drawn again. Of a scale without ends the gradient is compared. Against an index: "
    "correlation within minutes at its best lag (above 0: the rating comes later), the middle 95 % of it for "
    "minutes shifted in a circle, and p over all ratings and indices. A shared cause looks the same; what is "
    "rated need not be what is measured. Labels from a person's own rating are marked as derived."
)
TOGETHER = "goes together"


def between(run: SessionRun) -> list[tuple[str, ...]]:
    """Return a row for each two raters, or two turns of one."""
    return [_pair(pair) for one in run.rated.agreements for pair in one.pairs]


def against(run: SessionRun) -> list[tuple[str, ...]]:
    """Return a row for each rating and index."""
    return [_relation(row) for row in run.rated.relations]


def _pair(row: PairRow) -> tuple[str, ...]:
    return (
        row.person,
        row.axis,
        row.rater,
        row.other,
        _number(row.r),
        _number(row.r_at_0),
        _lag(row.lag, row.lag_low, row.lag_high),
        f"{row.n:.0f}",
        row.reason,
    )


def _relation(row: RelationRow) -> tuple[str, ...]:
    said = TOGETHER if row.stated == 1.0 else "not above chance" if row.stated == 0.0 else row.reason
    if math.isfinite(row.delay):
        said += f", {row.delay:.1f} s later"
    chance = f"{row.chance_low:.2f} to {row.chance_high:.2f}" if math.isfinite(row.chance_low) else "–"
    return (
        row.person,
        f"{row.axis}, {row.what}" if row.what != "level" else row.axis,
        row.rater,
        INDICES[row.index].title or row.index,
        _number(row.r),
        chance,
        _lag(row.lag, row.lag_low, row.lag_high),
        f"{row.p_fdr:.3f}" if math.isfinite(row.p_fdr) else "–",
        said,
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _lag(value: float, low: float, high: float) -> str:
    return f"{value:.1f} ({low:.1f} to {high:.1f})" if math.isfinite(value) else "–"

"""What a cohort's report says, in rows and sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from acquisition.text import how_many
from processing.cohort.models.coupling import TALLY
from processing.cohort.models.flexibility import FORMULA as COMPLEXITY
from processing.cohort.report.words import MODELS, outcome_words, term_words
from processing.report.text import number

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

HEAD = (
    "of",
    "whose",
    "term",
    "estimate",
    "95 % interval",
    "p",
    "adjusted",
    "persons",
    "dyads",
    "sessions",
    "remark",
)
SHARES = (0.14, 0.09, 0.14, 0.065, 0.115, 0.05, 0.06, 0.055, 0.05, 0.06, 0.175)
MISSING = ("dyad", "client", "therapist", "sessions", "numbers", "not there", "without time in the band",
           "without synchrony", "without labels")  # fmt: skip
MISSING_SHARES = (0.1, 0.1, 0.1, 0.09, 0.12, 0.15, 0.12, 0.11, 0.11)
MOST_DYADS = 12
"""More dyads have no rows of their own in a table: they are in models.parquet, and in the figures."""


class Part(NamedTuple):
    """Hold one model's part: title, what it says, its formulas, rows, and what was refused."""

    model: str
    title: str
    text: str
    formulas: list[str]
    rows: list[list[str]]
    refused: list[str]
    left_out: str


def facts(tables: Tables, models: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the head of the report."""
    sessions = tables["sessions"]
    there = models[models["estimate"].notna()]
    terms = how_many(len(there), "term")
    return [
        ("sessions", str(len(sessions))),
        ("dyads", str(sessions["dyad"].nunique())),
        ("clients", str(sessions["client"].nunique())),
        ("therapists", str(sessions["therapist"].nunique())),
        ("models", f"{there['model'].nunique()} of {len(MODELS)} with an estimate; {terms}"),
    ]


def parts(models: pd.DataFrame) -> list[Part]:
    """Return the part of each model, in order."""
    out = []
    for name, (title, text) in MODELS.items():
        mine = models[models["model"] == name]
        there = mine[mine["estimate"].notna()]
        own = ~there["entity"].isin(["client", "therapist", "dyad"])
        dyads = there[own]["entity"].nunique()
        left = ""
        if dyads > MOST_DYADS:
            there = there[~own]
            left = f"Rows of {dyads} single dyads or clients are in models.parquet."
        formulas = list(dict.fromkeys(f for f in there["formula"] if f))
        out.append(Part(name, title, text, formulas, _rows(there), _refused(mine), left))
    return out


def _rows(there: pd.DataFrame) -> list[list[str]]:
    """Return rows as cells; what is counted or described of one dyad in one of them."""
    counted = there["formula"].isin([TALLY, COMPLEXITY])
    out = [row(r) for r in there[~counted].itertuples()]
    for (outcome, _, _), mine in there[counted].groupby(["outcome", "entity", "role"], sort=False):
        said = "; ".join(
            f"{term_words(r.term)}: {number(r.estimate)}" for r in mine.itertuples() if r.estimate
        )
        first, what = row(next(mine.itertuples())), mine["formula"].iloc[0].partition(",")[0]
        out.append([outcome_words(outcome), first[1], what, *["–"] * 4, *first[7:10], said])
    return out


def row(r: Any) -> list[str]:
    """Return one row of the table of models as cells."""
    ends = f"{number(r.ci_low)} … {number(r.ci_high)}" if math.isfinite(r.ci_low + r.ci_high) else "–"
    remark = r.reason + (" (exploratory)" if r.exploratory and r.model != "M8" else "")
    return [
        outcome_words(r.outcome),
        whose(r),
        term_words(r.term),
        number(r.estimate),
        ends,
        probability(r.p),
        probability(r.p_fdr),
        str(r.n_persons),
        str(r.n_dyads),
        str(r.n_sessions),
        remark.strip(),
    ]


def whose(r: Any) -> str:
    """Return whom a row of the table of models is of: a code with the role that has the values."""
    return r.entity if r.role in ("", r.entity) else f"{r.entity}, {r.role}"


def probability(p: float) -> str:
    """Return a p as people write it."""
    if not math.isfinite(p):
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0")


def _refused(rows: pd.DataFrame) -> list[str]:
    """Say what was not fitted, and why; reasons that many share in one line."""
    gone = rows[rows["estimate"].isna()]
    by: dict[str, list[str]] = {}
    for r in gone.itertuples():
        words = ", ".join(
            dict.fromkeys(w for w in (outcome_words(r.outcome) if r.outcome else "", whose(r)) if w)
        )
        by.setdefault(r.reason, []).append(words)
    return [f"{'; '.join(list(dict.fromkeys(who))[:6])}{' …' if len(set(who)) > 6 else ''}: {why}"
            for why, who in by.items()]  # fmt: skip


def missing(tables: Tables) -> list[list[str]]:
    """Return of each dyad what sessions are there, and how many lack a value."""
    sessions, long, labels = tables["sessions"], tables["metrics_long"], tables["labels"]
    known = long[long["value"].notna()]
    there = {
        "band": _visits(known[known["metric"].isin(["time_in_pct"]) & (known["entity"] == "client")]),
        "sync": _visits(known[known["metric"].isin(["sync_hr_p", "sync_scl_p"])]),
        "labels": _visits(labels[labels["code"].isin(["felt_ok", "felt_over", "felt_under"])]),
    }
    out = []
    for dyad, mine in sessions.groupby("dyad", sort=True):
        numbers = sorted(int(n) for n in mine["session"].dropna())
        gaps = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers)) if numbers else []
        visits = _visits(mine)
        out.append(
            [
                str(dyad),
                ", ".join(sorted(set(mine["client"]))),
                ", ".join(sorted(set(mine["therapist"]))),
                str(len(mine)),
                f"{numbers[0]}–{numbers[-1]}" if numbers else "–",
                ", ".join(map(str, gaps)) or "–",
                *(str(len(visits - found)) for found in there.values()),
            ]
        )
    return out


def _visits(rows: pd.DataFrame) -> set[tuple[Any, Any]]:
    return set(rows[["dyad", "session"]].drop_duplicates().itertuples(index=False, name=None))


def failures(tables: Tables) -> list[str]:
    """Return what is not in the store, a line each."""
    return [f"{r.recording}: {r.reason}" for r in tables["failures"].itertuples()]

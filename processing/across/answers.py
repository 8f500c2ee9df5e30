"""How soon a client's excursions were answered, and how: the therapist's own page, for nobody else.

From when an excursion is known (on + 10 s) until the first int_support, int_regulate or repair_attempt, which
may have begun sooner (`processing.across.first_answers`); the end of the excursion is a competing event, a
gap or the end of the hour censors. It describes and ranks nobody: an excursion that was left alone may have
been left alone well.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from acquisition.stream import FloatArray
from acquisition.text import how_many
from processing.across.finding import Finding, finding
from processing.across.first_answers import AHEAD, LAG, first_answers
from processing.across.reading import Sitting
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.uncertainty import binomial_interval
from processing.rows.excursions import ANSWERS, KNOWN_AFTER

LEAST = 5
"""Fewer excursions give no share."""
SOON = 60.0
MARKED = "interventions.parquet"
EARLIEST = 0.5 - AHEAD
"""No answer comes sooner than so long after an excursion is known [s]: curves begin at `AHEAD` before."""
SOURCE = "Aalen & Johansen (1978), Scand. J. Statist. 5:141-150"
SHARE = Definition(
    name="answered_{kind}_60s_pct",
    whose="dyad",
    unit="%",
    text="share of the client's excursions that were answered in this way within 60 s of being known, "
    f"and from {LAG:g} s before they began on, for so far back lies what the index shows: cumulative "
    "incidence of the first answer, with the other kinds and the end of the excursion as competing events",
    interval="Clopper-Pearson, with as many trials as excursions of which it is known what came within 60 s: "
    "as if each were answered by itself",
    source=SOURCE,
)
MEDIAN = Definition(
    name="answer_latency_median",
    whose="dyad",
    unit="s",
    text="when half of the client's excursions had been answered, from when each was known (below 0: before "
    "that); none where the end of the excursion comes first in half of them",
    bare="the curve of shares has one at 60 s",
    source=SOURCE,
)
DEFINITIONS = (SHARE, MEDIAN)


def answers_over(sittings: Sequence[Sitting]) -> list[Finding]:
    """Return how soon the client's excursions of one dyad's sessions were answered."""
    each = [_of_session(sitting) for sitting in sittings]
    mine = [row for rows in each for row in rows]
    sessions = sum(bool(rows) for rows in each)
    who = f"{sittings[0].code('therapist')} with {sittings[0].code('client')}"
    return [finding(m, who=who, sessions=sessions) for m in answer_measures(mine)]


def _of_session(sitting: Sitting) -> list[dict[str, Any]]:
    """Return the client's excursions of a session with the first answer to each."""
    marked = (sitting.path / MARKED).is_file()
    given = sitting.rows(MARKED, "person", "code", "on") if marked else []
    every = sitting.rows("excursions.parquet", "person", "crossed", "answer")
    rows = [row for row in every if row["person"] == "client" and row["crossed"]]
    begun = [(row["on"], row["code"]) for row in given if row["person"] == "client"]
    on, off, answer, latency = ([row[name] for row in rows] for name in ("on", "off", "answer", "latency"))
    kinds, seconds = first_answers(on, off, answer, latency, begun)
    return [
        row | {"answer": kind, "latency": after}
        for row, kind, after in zip(rows, kinds, seconds.tolist(), strict=True)
    ]


def answer_measures(rows: Sequence[dict[str, Any]]) -> list[Measure]:
    """Return the shares answered within 60 s, by kind and in all, and the median latency.

    Parameters
    ----------
    rows : sequence of dict
        Rows of `ExcursionRow`, with the first answer to each.
    """
    if len(rows) < LEAST:
        why = f"{how_many(len(rows), 'excursion')}, {LEAST} are needed"
        kinds = [nothing([SHARE], why, len(rows), kind=k)[0] for k in (*ANSWERS, "any")]
        return [*kinds, *nothing([MEDIAN], why, len(rows))]
    times, kinds_of = _events(rows)
    seen = sum(bool(kind) or time > SOON for time, kind in zip(times.tolist(), kinds_of, strict=True))
    out = []
    for kind in (*ANSWERS, "any"):
        share = _incidence(times + AHEAD, _status(kinds_of, kind), SOON + AHEAD)
        low, high = binomial_interval(share * seen, seen) if seen else (0.0, 1.0)
        out.append(measure(SHARE, 100.0 * share, len(rows), interval=(100.0 * low, 100.0 * high), kind=kind))
    middle = _median(times + AHEAD, _status(kinds_of, "any")) - AHEAD
    why = "" if math.isfinite(middle) else "fewer than half were answered before they ended"
    return [*out, measure(MEDIAN, middle, len(rows), reason=why)]


def _events(rows: Sequence[dict[str, Any]]) -> tuple[FloatArray, list[str]]:
    """Return of each excursion when something came first, and what: an answer, "end", or "" if cut.

    Times are since it was known [s], no sooner than `AHEAD` before.
    """
    times, kinds = [], []
    for row in rows:
        answered = bool(row["answer"])
        times.append(row["latency"] if answered else row["off"] - row["on"] - KNOWN_AFTER)
        kinds.append(row["answer"] if answered else "" if row["censored"] else "end")
    return np.maximum(np.array(times, float), EARLIEST), kinds


def _status(kinds: Sequence[str], kind: str) -> FloatArray:
    """Return 1 for answers of this kind, 2 for what competes with them, 0 for what was cut."""
    wanted = ANSWERS if kind == "any" else (kind,)
    return np.array([0.0 if not k else 1.0 if k in wanted else 2.0 for k in kinds])


def _incidence(times: FloatArray, status: FloatArray, at: float) -> float:
    """Return the cumulative incidence at a moment."""
    if not (status == 1.0).any():
        return 0.0
    when, share = _curve(times, status)
    k = int(np.searchsorted(when, at, side="right")) - 1
    return float(share[k]) if k >= 0 else 0.0


def _median(times: FloatArray, status: FloatArray) -> float:
    """Return when half had been answered; nan if that never came."""
    if not (status == 1.0).any():
        return math.nan
    when, share = _curve(times, status)
    reached = np.flatnonzero(share >= 0.5 - 1e-9)
    return float(when[reached[0]]) if len(reached) else math.nan


def _curve(times: FloatArray, status: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return moments and the cumulative incidence of status 1 there."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # where nobody is left there is no standard error, which is not used
        found = CumIncidenceRight(times, status.astype(int))
    return np.asarray(found.times), np.asarray(found.cinc[0])

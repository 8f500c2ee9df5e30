"""A cohort drawn from its truth, session by session, in the tables of the store.

Rows are drawn as the product would have written them, not signals: hundreds of cohorts a minute, to see how
often intervals hold the truth and how often nothing is taken for something.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.stream import FloatArray
from processing.cohort.simulated.dyad import Dyad
from processing.cohort.simulated.hours import COURSE, MAKERS, course
from processing.cohort.simulated.truth import Truth
from processing.cohort.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
EVERYTHING = (*MAKERS, COURSE)
COVARIATE = "attachment_avoidance"
"""A covariate of clients that goes with nothing."""


def simulated(
    truth: Truth, rng: np.random.Generator, only: Iterable[str] = EVERYTHING
) -> dict[str, pd.DataFrame]:
    """Return the tables of a cohort.

    Parameters
    ----------
    only : iterable of str
        What is drawn: names of `MAKERS`, and `COURSE`; by default all.
    """
    wanted = tuple(only)
    makers = [MAKERS[name] for name in wanted if name != COURSE]
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    every = dyads(truth, rng)
    for dyad in every:
        low, session = False, 0
        while session < truth.sessions and not (session >= 3 and _leaves(truth, rng, low)):
            session += 1
            rows["sessions"].append(dyad.keys(session) | {"seconds": 3000.0, "aligned": True})
            for make in makers:
                for table, row in make(truth, dyad, session, rng):
                    rows[table].append(dyad.keys(session) | row)
                    low = row["value"] < 60.0 if row.get("metric") == "time_in_pct" else low
        if COURSE in wanted:
            for table, at, row in course(truth, dyad, rng):
                rows[table].append(dyad.keys(at) | row)
    rows["participants"] = _people(every, truth)
    out = {name: typed(name, made) if made else _empty(name) for name, made in rows.items()}
    clients = (out["participants"]["role"] == "client").to_numpy(bool)
    drawn = np.where(clients, rng.standard_normal(len(clients)), np.nan)
    out["participants"][COVARIATE] = drawn
    return out


def _leaves(truth: Truth, rng: np.random.Generator, low: bool) -> bool:
    return bool(rng.random() < truth.dropped * (2.0 if low else 1.0))


def dyads(truth: Truth, rng: np.random.Generator) -> list[Dyad]:
    """Return the dyads of a cohort."""

    of = np.arange(truth.dyads) // truth.dyads_of_therapist
    common = truth.of_therapist

    def spread(middle: float, sd: float, given: tuple[float, ...] = ()) -> FloatArray:
        if given:
            return np.array(given)
        own = rng.standard_normal(truth.dyads)
        if common > 0.0:
            theirs = rng.standard_normal(int(of.max()) + 1)[of]
            own = math.sqrt(common) * theirs + math.sqrt(1.0 - common) * own
        return np.asarray(middle + sd * own)

    def differing(middle: float, sd: float) -> FloatArray:
        """Draw only what differs: cohorts in which it does not stay the same."""
        return spread(middle, sd, () if sd > 0.0 else (middle,) * truth.dyads)

    logs = truth.latency_sd * rng.standard_normal(int(of.max()) + 1)
    latencies = np.array(truth.latencies) if truth.latencies else truth.latency * np.exp(logs)
    drawn = {
        "level": truth.sd_person * rng.standard_normal(truth.dyads),
        "edge": spread(truth.edge, truth.edge_sd),
        "edge_slope": spread(truth.edge_slope, truth.edge_slope_sd, truth.edge_slopes),
        "slope": spread(truth.slope, truth.slope_sd),
        "coupling": spread(truth.coupling, truth.coupling_sd),
        "lag": spread(truth.lag, truth.lag_sd, truth.lags),
        "latency": latencies[of],
        "steadiness": spread(truth.steadiness, truth.steadiness_sd),
        "response": spread(truth.response, truth.response_sd),
        "process": rng.standard_normal(truth.dyads),
        "outcome": rng.standard_normal(truth.dyads),
    }
    drawn |= {
        "bend": differing(truth.bend, truth.bend_sd),
        "within": differing(truth.within, truth.within_sd),
    }
    drawn["begun_out"] = _shares(truth.begun_out, truth.begun_out_sd, truth.dyads, rng)
    drawn["slope"] = drawn["slope"] + differing(0.0, truth.therapist_slope_sd)[of]
    return [
        Dyad(
            code=f"D{k + 1:02d}",
            client=f"C{k + 1:02d}",
            therapist=f"T{of[k] + 1:02d}",
            **{name: float(values[k]) for name, values in drawn.items()},
        )
        for k in range(truth.dyads)
    ]


def _shares(mean: float, sd: float, n: int, rng: np.random.Generator) -> FloatArray:
    """Draw shares of a given mean and SD (beta distributed)."""
    if not sd > 0.0:
        return np.full(n, mean)
    size = mean * (1.0 - mean) / sd**2 - 1.0
    return rng.beta(mean * size, (1.0 - mean) * size, n)


def _people(every: Iterable[Dyad], truth: Truth) -> list[Row]:
    out: dict[str, Row] = {}
    for dyad in every:
        for person, role in ((dyad.client, "client"), (dyad.therapist, "therapist")):
            row = out.setdefault(person, {"person": person, "role": role, "dyads": "", "sessions": 0})
            row["dyads"] = f"{row['dyads']} {dyad.code}".strip()
            row["sessions"] += truth.sessions
    return list(out.values())


@cache
def _empty(name: str) -> pd.DataFrame:
    return typed(name, [])


def typed(name: str, rows: list[Row]) -> pd.DataFrame:
    """Return rows as a table of the store: all columns in their order, empty where nothing is said."""
    import pandas as pd

    made = {}
    for column in TABLES[name].columns:
        values = [row.get(column.name) for row in rows]
        if column.kind == "float":
            made[column.name] = np.array([math.nan if v is None else v for v in values], float)
        elif column.kind == "bool":
            made[column.name] = np.array([bool(v) for v in values], bool)
        elif column.kind == "int":
            made[column.name] = pd.array(values, dtype="Int64")
        else:
            made[column.name] = pd.Series(["" if v is None else v for v in values], dtype=object)
    return pd.DataFrame(made)

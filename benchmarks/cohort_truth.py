"""Models of a cohort against cohorts whose truth is known: do intervals hold, is nothing taken for something?

python -m benchmarks.cohort_truth [M1 M2 …] [--cohorts 400] [--seed 1] [--what "8 dyads"] [--jobs 1]

Each row is a term of a kind of cohort, drawn anew for every repetition: how often the 95 % interval held the
truth, how often p was at or below .05 (where the truth is 0 that is a false one, should be 5 %), the bias in
standard deviations of the estimates, and how often nothing was stated. "Each" are the rows of single dyads or
clients, one of each cohort, against what is true of that one.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks.cohort_kinds import Kind, kinds
from processing.cohort.models.row import ModelRow
from processing.cohort.simulated.cohort import dyads

ROLES = ("client", "therapist", "dyad")
EACH = "each: "


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold one term of one cohort: estimate, ends, p, and the truth."""

    estimate: float
    low: float
    high: float
    p: float
    true: float


def looked(kind: Kind, number: int, seed: int, cohort: int) -> dict[str, Seen]:
    """Return what one cohort gives of each term; of rows of single dyads one, a different one each time."""
    rng = [seed, number, cohort]
    rows = kind.fit(kind.truth, np.random.default_rng(rng))
    out = {r.term: _seen(r, kind.terms[r.term]) for r in rows if r.entity in ROLES and r.term in kind.terms}
    every = dyads(kind.truth, np.random.default_rng(rng))
    for term, of in kind.each.items():
        own = {r.entity: r for r in rows if r.term == term and r.entity not in ROLES}
        dyad = every[cohort % len(every)]
        row = next((own[code] for code in (dyad.code, dyad.client, dyad.therapist) if code in own), None)
        if row is not None:
            out[EACH + term] = _seen(row, of if isinstance(of, float) else float(getattr(dyad, of)))
    return out


def _seen(r: ModelRow, true: float) -> Seen:
    return Seen(r.estimate, r.ci_low, r.ci_high, r.p, true)


def row(kind: Kind, term: str, seen: list[Seen], cohorts: int) -> str:
    """Return a line of the table."""
    there = [s for s in seen if math.isfinite(s.estimate)]
    bounded = [s for s in there if math.isfinite(s.low) and math.isfinite(s.high)]
    held = np.array([s.low <= s.true <= s.high for s in bounded])
    p = np.array([s.p for s in there if math.isfinite(s.p)])
    away = np.array([s.estimate - s.true for s in there])
    bias = away.mean() / away.std() if len(away) > 1 and away.std() > 0 else math.nan
    covered = f"{100 * held.mean():.1f} %" if len(held) else "–"
    found = f"{100 * (p <= 0.05).mean():.1f} %" if len(p) else "–"
    of = kind.terms.get(term, kind.each.get(term.removeprefix(EACH)))
    true = f"{of:.3g}" if isinstance(of, float | int) else "its own"
    return (
        f"| {kind.model} | {kind.what} | {term} | {true} | {covered} | {found} | {bias:+.2f} | "
        f"{100 * (1 - len(bounded) / cohorts):.0f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*")
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", default="")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    print("| model | cohort | term | truth | 95 % interval held | p ≤ .05 | bias [SD] | not stated |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with ProcessPoolExecutor(given.jobs) as pool:
        for number, kind in enumerate(kinds()):
            if (given.models and kind.model not in given.models) or given.what not in kind.what:
                continue
            one = functools.partial(looked, kind, number, given.seed)
            found = list(pool.map(one, range(given.cohorts), chunksize=20))
            for term in (*kind.terms, *(EACH + t for t in kind.each)):
                seen = [f[term] for f in found if term in f]
                if seen:
                    print(row(kind, term, seen, given.cohorts), flush=True)


if __name__ == "__main__":
    main()

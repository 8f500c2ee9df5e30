"""How often the 95 % intervals of answers and of the way back, over sessions of a dyad, hold the truth.

OPENBLAS_NUM_THREADS=1 python -m benchmarks.answers [--n 1000] [--seed 1]

Simulated excursions of a client, drawn directly. Answers: three kinds come at constant rates, as does the end
of the excursion; one in ten is cut. Ways back: in each 5 s the ln odds of the return are a line in ln time,
the therapist's steadiness, depth so far and own speech, each of which keeps something of the bin before;
"wander" is the SD by which excursions differ in what nothing explains, which pulls all coefficients toward 0.
"""

from __future__ import annotations

import argparse
import math
import os
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from processing.across.answers import SOON, answer_measures
from processing.across.ways_back import return_measures
from processing.rows.excursions import ANSWERS, KNOWN_AFTER
from processing.rows.ways_back import BIN

PACES = {
    "seldom": (300.0, 600.0, 1200.0, 60.0),
    "half": (120.0, 240.0, 480.0, 60.0),
    "mostly": (30.0, 60.0, 120.0, 90.0),
}
"""Mean seconds to each kind of answer, and to the end of the excursion."""
CUT = 0.1
SIZES = (5, 10, 20, 40, 80)
TRUE = {"steadiness": 0.5, "depth": -0.4, "speaking": -0.3}
START, SLOWER = -2.2, 0.2
LONGEST = 600.0


def answered(n: int, pace: tuple[float, ...], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return rows of excursions as of excursions.parquet."""
    rows = []
    for _ in range(n):
        times = [float(rng.exponential(mean)) for mean in pace]
        first = int(np.argmin(times[:3]))
        end, cut = times[3], False
        if rng.random() < CUT:
            end, cut = end * float(rng.random()), True
        came = times[first] <= end
        rows.append(
            {
                "answer": ANSWERS[first] if came else "",
                "latency": times[first] if came else math.nan,
                "on": 0.0,
                "off": KNOWN_AFTER + end,
                "censored": cut,
            }
        )
    return rows


def share_of(pace: tuple[float, ...], kind: str) -> float:
    """Return the true share that is answered in this way within a minute [%]."""
    rates = [1.0 / mean for mean in pace]
    mine = sum(r for k, r in zip(ANSWERS, rates, strict=False) if kind in (k, "any"))
    return 100.0 * mine / sum(rates) * (1.0 - math.exp(-SOON * sum(rates)))


def answers(n: int, rng: np.random.Generator) -> None:
    """Print how often the shares' intervals hold."""
    print("| answered | excursions | kind | truth % | held % | median width | no interval % |")
    print("|---|---|---|---|---|---|---|")
    for name, pace in PACES.items():
        for size in SIZES:
            found = [answer_measures(answered(size, pace, rng)) for _ in range(n)]
            for kind in ("any", ANSWERS[2]):
                mine = [next(m for m in each if m.metric == f"answered_{kind}_60s_pct") for each in found]
                ends = np.array([(m.ci_low, m.ci_high) for m in mine])
                known, truth = np.isfinite(ends).all(axis=1), share_of(pace, kind)
                held = (ends[known, 0] <= truth) & (truth <= ends[known, 1])
                width = np.median(np.diff(ends[known], axis=1)) if known.any() else math.nan
                print(
                    f"| {name} | {size} | {kind} | {truth:.0f} | {100 * held.mean():.1f} "
                    f"| {width:.0f} | {100 * np.mean(~known):.0f} |"
                )


def returning(n: int, wander: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return rows of ways back as of ways_back.parquet."""
    rows: list[dict[str, Any]] = []
    for key in range(n):
        extra, steadiness, depth = wander * rng.standard_normal(), rng.standard_normal(), 0.2
        speaking, since, back = float(rng.random() < 0.5), KNOWN_AFTER, False
        while not back and since < LONGEST:
            steadiness = 0.9 * steadiness + math.sqrt(1.0 - 0.81) * float(rng.standard_normal())
            depth = max(depth, 0.2 + abs(float(rng.normal(0.0, 0.7))))
            speaking = speaking if rng.random() < 0.7 else 1.0 - speaking
            known = {"steadiness": steadiness, "depth": depth, "speaking": speaking}
            odds = START + SLOWER * math.log1p(since) + extra + sum(TRUE[t] * known[t] for t in TRUE)
            back = bool(rng.random() < 1.0 / (1.0 + math.exp(-odds)))
            rows.append({"key": ("", key), "since": since, "returned": back, **known})
            since += BIN
    return rows


def ways_back(n: int, rng: np.random.Generator) -> None:
    """Print how often the coefficients' intervals hold, and how far the estimates are off."""
    print("| excursions | wander | term | truth | held % | bias | found % | without | ")
    print("|---|---|---|---|---|---|---|---|")
    for size in (40, 80, 160):
        for wander in (0.0, 0.5):
            found = [return_measures(returning(size, wander, rng)) for _ in range(n)]
            for k, (term, truth) in enumerate(TRUE.items()):
                mine = np.array([(m.value, m.ci_low, m.ci_high) for m in (each[k] for each in found)])
                known = mine[np.isfinite(mine).all(axis=1)]
                held = (known[:, 1] <= truth) & (truth <= known[:, 2])
                sure = (known[:, 1] > 0.0) | (known[:, 2] < 0.0)
                print(
                    f"| {size} | {wander:g} | {term} | {truth:g} | {100 * held.mean():.1f} "
                    f"| {known[:, 0].mean() - truth:+.2f} | {100 * sure.mean():.0f} | {n - len(known)} |"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    answers(given.n, np.random.default_rng(given.seed))
    print()
    ways_back(given.n, np.random.default_rng(given.seed + 1))


if __name__ == "__main__":
    main()

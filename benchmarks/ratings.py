"""What is said of ratings, on simulated raters of known lag and noise: false statements, recovery, coverage.

    python -m benchmarks.ratings [--sessions 200] [--minutes 50]

Rows: a rating of something else than the index (statements nominal 5 %), of something else that drifts alike,
and of the index itself with a lag of 1 to 5 s; two raters of the same, twice each.
"""

from __future__ import annotations

import argparse

import numpy as np

from acquisition.stream import FloatArray
from processing.hour.timeline import Timeline
from processing.ratings.agreement import agreements
from processing.ratings.relation import STATED, RelationRow, relation
from processing.ratings.simulated import Rater, by_the_second, course, rated_by
from processing.ratings.traces import afterwards

BEGIN = 1000.0


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=50)
    args = parser.parse_args()
    seconds = 60.0 * args.minutes
    for slow in (5.0, 15.0, 60.0):
        rows = [one_relation(seconds, slow, seed, coupled=False) for seed in range(args.sessions)]
        print(f"something else, forgets in {slow:g} s: p ≤ .05 in {share(rows):.1f} %")
    rows = [one_relation(seconds, 15.0, seed, coupled=False, drift=1.0) for seed in range(args.sessions)]
    print(f"something else, both drift over the hour: p ≤ .05 in {share(rows):.1f} %")
    for noise in (0.5, 1.0, 2.0):
        found = [
            one_relation(seconds, 15.0, seed, coupled=True, noise=noise) for seed in range(args.sessions)
        ]
        lags = np.array([1.0 + 4.0 * (seed % 9) / 8.0 for seed in range(args.sessions)])
        errors = np.array([row.lag for row in found]) - lags
        held = [
            row.lag_low - 0.05 <= lag <= row.lag_high + 0.05 for row, lag in zip(found, lags, strict=True)
        ]
        print(
            f"the index itself, noise {noise:g} SD: stated in {share(found):.1f} %, lag off by "
            f"{np.median(errors):+.2f} s (95 % within {np.percentile(np.abs(errors), 95):.2f} s), interval "
            f"holds in {100 * np.mean(held):.1f} %"
        )
    between(seconds, args.sessions // 4)


def one_relation(
    seconds: float, slow: float, seed: int, *, coupled: bool, noise: float = 0.5, drift: float = 0.0
) -> RelationRow:
    """Return what is found of one rating against one index."""
    rng = np.random.default_rng(seed)
    truth = course(seconds, rng, slow)
    other = truth if coupled else course(seconds, rng, slow)
    line = np.linspace(-1.0, 1.0, len(truth))
    rater = Rater(code="R1", lag=1.0 + 4.0 * (seed % 9) / 8.0, noise=noise)
    (trace,) = afterwards(rated_by(rater, other + drift * line, BEGIN, rng), grid(seconds))
    index = by_the_second(truth + drift * line)[: len(trace.mean)]
    timeline = Timeline(session_id=f"S{seed}", begin=BEGIN, times=grid(seconds), people={})
    return relation(trace, "arousal", index, timeline)


def grid(seconds: float) -> FloatArray:
    """Return whole seconds."""
    return np.asarray(BEGIN + np.arange(seconds))


def share(rows: list[RelationRow]) -> float:
    """Return how many have p ≤ .05 [%]."""
    return 100.0 * float(np.mean([row.p <= STATED for row in rows]))


def between(seconds: float, sessions: int) -> None:
    """Print how lag, retest and agreement of two raters, two turns each, come back."""
    lags, inside, iccs, retests = [], [], [], []
    for seed in range(sessions):
        rng = np.random.default_rng(10_000 + seed)
        truth = course(seconds, rng)
        raters = (Rater(code="R1", lag=1.5, noise=0.5), Rater(code="R2", lag=3.5, noise=0.5))
        rated = [rated_by(r, truth, BEGIN, rng, turn=turn) for r in raters for turn in (1, 2)]
        (found,) = agreements([t for one in rated for t in afterwards(one, grid(seconds))], f"S{seed}")
        (pair,) = [p for p in found.pairs if (p.rater, p.other) == ("R1", "R2")]
        lags.append(pair.lag)
        inside.append(pair.lag_low <= 2.0 <= pair.lag_high)
        iccs.append(found.aligned.mean)
        retests.append(found.retest)
    print(
        f"two raters 2 s apart, r .8 between them: lag {np.mean(lags):.2f} ± {np.std(lags):.2f} s, interval "
        f"holds in {100 * np.mean(inside):.0f} %; ICC(2,k) {np.mean(iccs):.2f} (true .89), retest "
        f"{np.mean(retests):.2f} (true .80)"
    )


if __name__ == "__main__":
    main()

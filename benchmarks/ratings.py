"""What is said of ratings, on simulated raters of known lag and noise: false statements, recovery, coverage.

    python -m benchmarks.ratings [--sessions 200] [--minutes 50]

Rows: a rating of something else than the index (statements nominal 5 %), of something else that drifts alike,
and of the index itself with a lag of 1 to 5 s; two raters of the same, twice each; how often the interval of
the lag between two raters holds it; ratings of nothing, and of the index, against indices as the pipeline
gives them of simulated people.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from acquisition.ratings.files import SFREQ
from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.hour.believed import rows_of
from processing.hour.timeline import Timeline, nearest
from processing.ratings.agreement import agreements
from processing.ratings.lagging import lagged
from processing.ratings.relation import STATED, RelationRow, relation
from processing.ratings.simulated import Rater, by_the_second, course, rated_by
from processing.ratings.traces import Trace, afterwards
from processing.results.session_run import run_recording
from tests.processing.simulated_hour import write_hour

BEGIN = 1000.0
LAGS = (
    (50, 2.0, 0.25, 15.0),
    (50, 2.0, 0.5, 15.0),
    (50, 2.0, 1.0, 15.0),
    (50, 2.0, 2.0, 15.0),
    (50, 0.0, 0.5, 15.0),
    (50, 4.0, 1.0, 15.0),
    (50, 2.0, 0.5, 5.0),
    (50, 2.0, 0.5, 60.0),
    (20, 2.0, 0.5, 15.0),
    (20, 2.0, 1.0, 15.0),
)
"""Minutes, lag [s], own noise [SD], and in how many seconds a course forgets itself."""


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=500, help="of raters, for each lag and noise")
    parser.add_argument("--dyads", type=int, default=4, help="simulated people that are processed whole")
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
    for minutes, lag, noise, slow in LAGS:
        print(held(60.0 * minutes, lag, noise, slow, args.pairs))
    null_on_real(args.sessions, args.dyads)


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


def held(seconds: float, lag: float, noise: float, slow: float, pairs: int) -> str:
    """Return how often the interval of the lag of two raters holds it."""
    errors, widths, inside = [], [], 0
    for seed in range(pairs):
        rng = np.random.default_rng(10_000 + seed)
        truth = course(seconds, rng, slow)
        raters = [Rater(code=c, lag=at, noise=noise) for c, at in (("R1", 1.5), ("R2", 1.5 + lag))]
        x, y = (by_the_second(rated_by(r, truth, BEGIN, rng).values[:, 0])[: round(seconds)] for r in raters)
        found = lagged(x, y, rng)
        errors.append(found.lag - lag)
        widths.append(found.high - found.low)
        inside += found.low - 1e-9 <= lag <= found.high + 1e-9
    return (
        f"two raters, {seconds / 60:g} min, {lag:g} s apart, noise {noise:g} SD, forgets in {slow:g} s: off "
        f"by {np.mean(errors):+.2f} ± {np.std(errors):.2f} s, interval {np.mean(widths):.2f} s holds in "
        f"{100 * inside / pairs:.1f} % of {pairs}"
    )


def null_on_real(ratings: int, dyads: int) -> None:
    """Print how often ratings of nothing, and of the index itself, are stated against processed indices."""
    lags = [1.0 + 4.0 * (k % 9) / 8.0 for k in range(ratings)]
    for seed in range(1, dyads + 1):
        for index, values, line in processed(seed):
            rows: dict[str, list[RelationRow]] = {"nothing": [], "it": []}
            for k, lag in enumerate(lags):
                rng = np.random.default_rng(1000 * seed + k)
                own = course(float(len(values)), rng, (5.0, 15.0, 60.0)[k % 3])
                for what, truth, noise in (("nothing", own, 0.0), ("it", repeated(values), 1.0)):
                    rater = Rater(code=f"R{k}", lag=lag, noise=noise)
                    said = by_the_second(rated_by(rater, truth, line.begin, rng).values[:, 0])[: len(values)]
                    rows[what].append(relation(traced(f"R{k}", said), index, values, line))
            off = np.abs(np.array([row.lag for row in rows["it"]]) - lags)
            print(
                f"D{seed:02d} {index} ({100 * np.isfinite(values).mean():.0f} % known): a rating of nothing "
                f"p ≤ .05 in {share(rows['nothing']):.1f} %, of it with noise 1 SD in "
                f"{share(rows['it']):.1f} % of {ratings}, lag within {np.percentile(off, 95):.2f} s in 95 %"
            )


def traced(rater: str, values: FloatArray) -> Trace:
    """Return seconds of a rating as a trace."""
    return Trace(
        person="client",
        rater=rater,
        by="",
        turn=1,
        axis="rating",
        bounded=True,
        mean=values,
        gradient=np.full(len(values), np.nan),
        quality=np.ones(len(values)),
        reasons=[""] * len(values),
    )


def repeated(values: FloatArray) -> FloatArray:
    """Return a course of whole seconds at the rate of ratings, in SD; gaps by straight lines."""
    known = np.isfinite(values)
    whole = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    at = np.arange(round(len(values) * SFREQ)) / SFREQ
    fine = np.interp(at, np.arange(len(values)), (whole - whole.mean()) / whole.std())
    return np.asarray(fine)


def processed(seed: int) -> Iterator[tuple[str, FloatArray, Timeline]]:
    """Yield the indices of the client of a simulated hour as the pipeline gives them, second by second."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_hour(Path(folder) / "S", seed=seed, minutes=38.0)
        run = run_recording(path, config=PipelineConfig())
    line = run.hour().line
    rows = rows_of(run.samples)
    for index in ("arousal", "scl"):
        mine = rows.get(("client", index), ())
        times, values = (np.fromiter((s[k] for s in mine), float, len(mine)) for k in (0, 4))
        order = np.argsort(times, kind="stable")
        yield index, nearest(times[order], values[order], line.times, 0.5), line


if __name__ == "__main__":
    main()

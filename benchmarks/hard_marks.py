"""Marks in hours that are hard to infer from, second by second: what is found wrongly, and what is found.

OPENBLAS_NUM_THREADS=1 python -m benchmarks.hard_marks [--n 400] [--seed 9000]

The hours of `benchmarks.hard_sessions` (`acquisition.simulation.hard`), but heart rate, level and response
rate follow from what was put in, without samples and estimators: fifty times as fast. The therapist sees the
state as it is; heart rate is a mean of 10 s, responses are counted over 60 s, and the index is smoothed as in
the product. Printed as Markdown: of all hours how many have a statement, of these how many p are at most .05,
and how many of those lie below 0; then the same where each mark lowers the index by 1 SD in a minute.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.ndimage import uniform_filter1d

from acquisition.simulation import truth
from acquisition.simulation.hard import Hard, hard_script
from acquisition.simulation.script import PAST, REST, TALK
from acquisition.stream import FloatArray, Role
from processing.arousal.band import ArousalConfig, Scale, index_series
from processing.responses.event_locked import BESIDE
from processing.responses.matching import Effect, effect
from processing.responses.moments import describe

ROWS = {
    "nearly every rise answered": Hard(),
    "every rise answered at once": Hard(reactive=1.0, bouts=0.0, support=30.0),
    "half of the marks answer": Hard(reactive=0.5, bouts=0.0),
    "at random": Hard(reactive=0.0, bouts=0.0),
    "at random, in bouts": Hard(reactive=0.0, bouts=0.3, support=40.0),
}
SIGNALS = ("arousal", "hr", "scl")
CONFIG = ArousalConfig()
FINE = 4
MAD = 1.4826


def hour(seed: int, hard: Hard) -> tuple[dict[str, FloatArray], dict[str, FloatArray], np.ndarray]:
    """Return the client's indices, who speaks and which seconds count, and the seconds that were marked."""
    script, rng = hard_script(seed, hard), np.random.default_rng([seed, 77])
    t = np.arange(-PAST, 60.0 * hard.minutes - 5.0)
    fine = np.arange(len(t) * FINE) / FINE - PAST
    beats = uniform_filter1d(60.0 / truth.rr(script, Role.CLIENT, fine), 10 * FINE + 1)[::FINE]
    level = truth.ln_scl(script, Role.CLIENT, t)
    drawn = np.cumsum(rng.random(len(t)) < truth.scr_rate(script, Role.CLIENT, t) / 60.0)
    counted = drawn - np.concatenate([np.zeros(60), drawn[:-60]])
    channels = {
        "hr": np.concatenate([np.full(5, beats[0]), beats[:-5]]),  # known when its window has ended
        "scl": level,
        "scr": np.sqrt(counted),
    }
    rest = (t >= REST[0]) & (t < REST[1])
    scales = {c: _scale(v[rest], getattr(CONFIG, f"floor_{c}")) for c, v in channels.items()}
    arousal = index_series(channels, scales, tuple(channels), CONFIG)
    course = script.course
    assert course is not None
    said = {role: np.zeros(len(t)) for role in Role}
    for turn in course.turns:
        said[turn.role][(t >= turn.start) & (t < turn.stop)] = 1.0
    marks = np.array([m.start for m in course.marks if m.code == "int_support"])
    known = {"arousal": arousal, "hr": beats, "scl": np.exp(level)}
    beside = {"own": said[Role.CLIENT], "other": said[Role.THERAPIST], "counts": t >= TALK[1]}
    return known, beside, np.rint(marks + PAST).astype(np.int64)


def _scale(rest: FloatArray, floor: float) -> Scale:
    middle = float(np.median(rest))
    return Scale(middle, max(MAD * float(np.median(np.abs(rest - middle))), floor))


def found(seed: int, hard: Hard) -> list[Effect]:
    """Return what the product finds of each index."""
    known, held, marks = hour(seed, hard)
    return [
        effect(
            describe(
                known[signal],
                held["own"],
                held["other"],
                held["counts"].astype(np.bool_),
                beside=[(known[name], 0) for name in BESIDE[signal]],
            ),
            marks,
        )
        for signal in SIGNALS
    ]


def lines(row: str, n: int, seed: int, size: float) -> list[str]:
    """Return the rows of the table for one kind of hour."""
    each = [found(seed + k, replace(ROWS[row], effect=size)) for k in range(n)]
    out = []
    for signal, effects in zip(SIGNALS, zip(*each, strict=True), strict=True):
        stated = [e for e in effects if not e.reason]
        hits = [e for e in stated if e.p <= 0.05]
        of, marks = max(len(stated), 1), np.mean([e.marks for e in effects])
        below = sum(e.value < 0.0 for e in hits)
        what = f"{row}, {size:+g} SD" if size else row
        mean = f"{np.mean([e.value for e in stated]):+.2f}" if stated else "–"
        out.append(
            f"| {what} | {signal} | {marks:.0f} | {100 * len(stated) / n:.0f} "
            f"| {len(hits)} of {len(stated)} ({100 * len(hits) / of:.1f} %) | {below} | {mean} | {n} |"
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--sizes", nargs="+", type=float, default=(0.0, -1.0))
    given = parser.parse_args()
    print(
        "| marks | index | marks an hour | stated % | p ≤ .05, of stated | of these below 0 | mean | hours |"
    )
    print("|---" * 8 + "|")
    for size in given.sizes:
        for row in given.rows:
            print("\n".join(lines(row, given.n, given.seed, size)), flush=True)


if __name__ == "__main__":
    main()

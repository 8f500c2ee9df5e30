"""How often marks that do nothing are found to do something, and marks that do something are found.

python -m benchmarks.responses [--n 400] [--seed 1000] [--kinds arousal hr scl lnrmssd]

Simulated hours of 50 minutes with 8 to 30 marks, fresh ones for each seed (what is in them:
tests/processing/responses/marked_hours.py). Printed as Markdown: of all hours how many have a statement,
of these how many p are at most .05, and how many intervals hold 0; then the same for marks that lower
the state by 1 SD.
"""

from __future__ import annotations

import argparse
import os
import zlib

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from tests.processing.responses.marked_hours import KINDS, NULLS, found, marked_hour


def row(null: str, kind: str, n: int, seed: int, *, size: float = 0.0, marks: int = 0) -> str:
    """Return a row of the table."""
    stated, hits, held, values = 0, 0, 0, []
    for k in range(n):
        rng = np.random.default_rng([seed, zlib.crc32(f"{null} {kind} {size:g} {marks}".encode()), k])
        got = found(marked_hour(null, kind, rng, size=size, n=marks), kind)
        if got.reason:
            continue
        stated += 1
        hits += got.p <= 0.05
        held += got.low <= 0.0 <= got.high
        values.append(got.value)
    of = max(stated, 1)
    mean = f"{np.mean(values):+.2f}" if values else "–"
    what = f"{null}, {marks} marks of {size:+g} SD" if size else null
    return (
        f"| {what} | {kind} | {100 * stated / n:.0f} | {100 * hits / of:.1f} | {100 * hits / n:.1f} "
        f"| {100 * held / of:.1f} | {mean} | {n} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    given = parser.parse_args()
    print(
        "| marks | index | stated % | p ≤ .05, % of stated | % of all | interval holds 0, % | mean | hours |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for null in NULLS:
        for kind in given.kinds:
            print(row(null, kind, given.n, given.seed), flush=True)
    for kind in given.kinds:
        for null in ("random", "reactive", "reactive, other speaks"):
            print(row(null, kind, given.n, given.seed, size=-1.0, marks=20), flush=True)


if __name__ == "__main__":
    main()

"""What was put into simulated hours beside what was found, the worst of several seeds, as a table.

python benchmarks/known_truth.py [--seeds 6] [--minutes 50]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from processing.config import PipelineConfig
from processing.results.session_run import run_recording
from tests.processing.known_truth import Row, rows, worst
from tests.processing.simulated_hour import START, write_hour

PAST = 12.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=50.0)
    given = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.seeds + 1):
            path = write_hour(Path(folder) / f"D{seed:02d}_S01", seed=seed, minutes=given.minutes - PAST)
            run = run_recording(path, config=PipelineConfig())
            found += rows(seed, START, run, run.hour())
    print("| what | of | held | found − put in | allowed |")
    print("|---|---|---|---|---|")
    for what, (n, held, least, most) in worst(found).items():
        limits = next((r.least, r.most) for r in found if r.what == what)
        allowed = " … ".join(f"{x:g}" for x in dict.fromkeys(limits))
        print(f"| {what} | {n} | {held} | {least:.2f} … {most:.2f} | {allowed} |")


if __name__ == "__main__":
    main()

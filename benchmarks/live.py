"""Live cost of the pipeline: one push for each tick, as the window does it.

python benchmarks/live.py [--minutes 20] [--ecg 130] [--eda 4]
"""

from __future__ import annotations

import argparse
import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does

import tempfile
import time
from pathlib import Path

import numpy as np
from offline import write

from acquisition.recording.recording import Recording
from processing.pipeline import Pipeline


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--ecg", type=float, default=130)
    parser.add_argument("--eda", type=float, default=4)
    given = parser.parse_args()
    gc.freeze()  # as the console script does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        write(path, given.minutes, given.ecg, given.eda)
        recording = Recording(path)
        pipeline = Pipeline(recording.streams, session_id="benchmark")
        costs = []
        for batch in recording.batches(1):
            begin = time.thread_time()
            pipeline.push(batch)
            costs.append(time.thread_time() - begin)
    ms = np.array(costs) * 1e3
    print(f"{given.minutes:g} min of a dyad, ECG {given.ecg:g} Hz + EDA {given.eda:g} Hz, a push each 100 ms")
    print(f"  {ms.mean():.2f} ms a push = {ms.mean():.1f} % of a core")
    print(f"  median {np.median(ms):.2f}, p99 {np.percentile(ms, 99):.1f}, longest {ms.max():.1f} ms")


if __name__ == "__main__":
    main()

"""Memory over a long run: 24 h of a simulated person (or two) pushed through the pipeline a minute at a time.

python -m benchmarks.long_run [--hours 24] [--people 1]
"""

from __future__ import annotations

import argparse
import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does, before numpy is loaded

import time
from pathlib import Path

import numpy as np

from acquisition.batch import Batch, StreamPart
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.stream import PEOPLE, Chunk, Modality
from processing.pipeline import Pipeline

HOUR = 60


def resident() -> float:
    """Return the memory in use [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def minute(parts: list[Chunk], start: float) -> Batch:
    """Return a minute of ticks with these samples."""
    ticks = np.asarray(start + 0.1 * np.arange(1, 601), np.float64)
    walls = np.asarray(1.7e9 + ticks, np.float64)
    streams = {}
    for key in {chunk.info.key for chunk in parts}:
        mine = [chunk for chunk in parts if chunk.info.key == key]
        times = np.concatenate([chunk.times for chunk in mine])
        samples = np.concatenate([chunk.samples for chunk in mine])
        slices = np.minimum(np.searchsorted(ticks, times, side="left"), 599)
        streams[key] = StreamPart(info=mine[0].info, times=times, samples=samples, slices=slices)
    numbers = np.arange(600) + round(10 * start)
    return Batch(numbers=numbers, ticks=ticks, walls=walls, streams=streams)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--people", type=int, choices=(1, 2), default=1, help="two also have synchrony")
    given = parser.parse_args()
    hours = given.hours
    infos = tuple(
        i
        for i in simulated_streams(ecg=130, eda=4)
        if i.modality in (Modality.ECG, Modality.EDA) and i.role in PEOPLE[: given.people]
    )
    source = Feed(Dyad(Script(3), infos), 0.0)
    pipeline = Pipeline(infos, session_id="long run")
    source.take(0.0)
    hour, spent = source_minutes(source, HOUR), 0.0
    for k in range(round(hours * 60)):
        offset = 3600.0 * (k // HOUR)
        chunks = [Chunk(c.info, c.times + offset, c.samples) for c in hour[k % HOUR]]
        begin = time.process_time()
        pipeline.push(minute(chunks, 60.0 * k))
        spent += time.process_time() - begin
        if k % 60 == 59:
            gc.collect()
            print(f"hour {k // 60 + 1:2}: {resident():6.1f} MB, {spent:6.2f} CPU s in all", flush=True)


def source_minutes(source: Feed, n: int) -> list[list[Chunk]]:
    """Return the samples of the first `n` minutes of a simulated dyad; later hours repeat them."""
    return [[item for item in source.take(60.0 * (k + 1)) if isinstance(item, Chunk)] for k in range(n)]


if __name__ == "__main__":
    main()

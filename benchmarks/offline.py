"""Offline cost: the whole pipeline on an hour of a dyad, beside pyxdf's load of the same files.

python benchmarks/offline.py [--minutes 60] [--ecg 130] [--eda 4]
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does, before numpy is loaded

import resource
import tempfile
import time
from pathlib import Path

import pyxdf

from acquisition.recording import Recording
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.store import RecordingStore
from acquisition.stream import Modality
from processing.pipeline import Pipeline


def write(path: Path, minutes: float, ecg: float, eda: float) -> None:
    """Write a simulated recording with the ticks of a live one."""
    streams = simulated_streams(ecg=ecg, eda=eda)
    infos = tuple(i for i in streams if i.modality in (Modality.ECG, Modality.EDA))
    start = 1000.0
    feed = Feed(Dyad(Script(3), infos), start)
    feed.take(start)
    store = RecordingStore(path)
    for info in infos:
        store.open_stream(info)
    with store.bulk():
        for k in range(int(minutes * 600)):
            now = start + 0.1 * k
            for item in feed.take(now):
                if hasattr(item, "samples"):
                    store.samples(item.info, item.times, item.samples)
            store.tick(now, 1.7e9 + now)
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--ecg", type=float, default=130)
    parser.add_argument("--eda", type=float, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        write(path, given.minutes, given.ecg, given.eda)
        begin = time.process_time()
        recording = Recording(path)
        n = sum(len(b.ticks) for b in recording.batches())
        read = time.process_time() - begin
        begin = time.process_time()
        recording = Recording(path)
        pipeline = Pipeline(recording.streams, session_id="benchmark")
        rows = sum(len(pipeline.push(b)) for b in recording.batches())
        whole = time.process_time() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begin = time.process_time()
        for file in path.glob("*.xdf"):
            pyxdf.load_xdf(file)
        peer = time.process_time() - begin
    seconds = given.minutes * 60
    print(f"{given.minutes:g} min of a dyad, ECG {given.ecg:g} Hz + EDA {given.eda:g} Hz")
    print(f"  {n} ticks, {rows} rows")
    print(f"  read           {read:6.2f} CPU s")
    print(f"  read + compute {whole:6.2f} CPU s = {seconds / whole:.0f} x real time, peak {peak:.0f} MB")
    print(f"  pyxdf load     {peer:6.2f} CPU s")


if __name__ == "__main__":
    main()

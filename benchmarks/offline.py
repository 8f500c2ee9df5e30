"""Offline cost: a recording of a person or a dyad read and computed, beside other tools on the same signals.

python benchmarks/offline.py [--people 2] [--minutes 60] [--ecg 130] [--eda 4] [--runs 1]
python benchmarks/offline.py --people 1 --ecg 130 1000 --runs 3 --neurokit     what an hour of a person costs

Ours is all of `attune process` up to the rows: files, checksums, admission, estimators. pyxdf only loads the
files; NeuroKit2's `ecg_process` only finds beats, heart rate and quality in an ECG that is in memory already.
"""

from __future__ import annotations

import argparse
import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does, before numpy is loaded

import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyxdf

from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.stream import PEOPLE, Chunk, Modality
from processing.pipeline import Pipeline

PEAK: list[float] = []
"""Largest memory after our first run [MB]."""


def write(path: Path, minutes: float, ecg: float, eda: float, people: int = 2) -> None:
    """Write a simulated recording with the ticks of a live one."""
    streams = simulated_streams(ecg=ecg, eda=eda)
    infos = tuple(
        i for i in streams if i.modality in (Modality.ECG, Modality.EDA) and i.role in PEOPLE[:people]
    )
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
                if isinstance(item, Chunk):
                    store.samples(item.info, item.times, item.samples)
            store.tick(now, 1.7e9 + now)
    store.close()


def read(path: Path) -> int:
    """Read a recording; return how many ticks it has."""
    return sum(len(batch.ticks) for batch in Recording(path).batches())


def compute(path: Path) -> int:
    """Read a recording and run the pipeline over it; return how many rows that gives."""
    recording = Recording(path)
    pipeline = Pipeline(recording.streams, session_id="benchmark")
    return sum(len(pipeline.push(batch)) for batch in recording.batches())


def load(path: Path) -> int:
    """Load the files of a recording with pyxdf."""
    return sum(len(pyxdf.load_xdf(file)[0]) for file in path.glob("*.xdf"))


def neurokit(path: Path) -> int:
    """Run NeuroKit2 over the first ECG, which is read before; return how many samples it has."""
    import neurokit2 as nk

    parts = [p for b in Recording(path).batches() for p in b.streams.values()]
    ecg = [p for p in parts if p.info.modality is Modality.ECG and p.info.role == PEOPLE[0]]
    signal = np.concatenate([p.samples[:, 0] for p in ecg]).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = time.process_time()
        nk.ecg_process(signal, sampling_rate=int(ecg[0].info.sfreq))
    report("NeuroKit2 ecg_process, one ECG", [time.process_time() - begin])
    return len(signal)


def spent(work: Callable[[Path], int], path: Path) -> tuple[float, int]:
    """Return the CPU seconds that a piece of work takes, and what it returns."""
    begin = time.process_time()
    n = work(path)
    return time.process_time() - begin, n


def report(what: str, seconds: list[float], more: str = "") -> None:
    """Print CPU seconds, those of each run."""
    print(f"  {what:<32}{' '.join(f'{s:7.2f}' for s in seconds)} CPU s{more}", flush=True)


def measure(path: Path, minutes: float, runs: int) -> None:
    """Print what a recording costs; the tools take turns, since the machine's speed varies."""
    reading, computing, loading = list[float](), list[float](), list[float]()
    for _ in range(runs):
        reading.append(spent(read, path)[0])
        seconds, rows = spent(compute, path)
        computing.append(seconds)
        if not PEAK:  # before any other tool, which takes more
            PEAK.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        loading.append(spent(load, path)[0])
    speed = minutes * 60 / min(computing)
    report("read", reading)
    report("read + compute", computing, f" = {speed:.0f} x real time, {rows} rows, at first {PEAK[0]:.0f} MB")
    report("pyxdf load", loading)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, choices=(1, 2), default=2, help="two also have synchrony")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--ecg", type=float, nargs="+", default=[130], help="rates [Hz], one recording each")
    parser.add_argument("--eda", type=float, default=4, help="rate [Hz]")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--neurokit", action="store_true", help="takes half a minute for an hour at 130 Hz")
    given = parser.parse_args()
    gc.freeze()  # as the console script does
    who = "one person" if given.people == 1 else "a dyad"
    for ecg in given.ecg:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "recording"
            write(path, given.minutes, ecg, given.eda, given.people)
            print(f"{given.minutes:g} min of {who}, ECG {ecg:g} Hz + EDA {given.eda:g} Hz")
            measure(path, given.minutes, given.runs)
            if given.neurokit:
                neurokit(path)


if __name__ == "__main__":
    main()

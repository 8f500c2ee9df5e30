"""All pseudo-dyads of many sessions, several signals each: time and memory.

OPENBLAS_NUM_THREADS=1 python benchmarks/pseudo_dyads.py [--sessions 100] [--processes 2]

Sessions of 50 min are on disk; each process takes one signal at a time (HR at 4 Hz, the others at 1 Hz) and
every therapist meets the clients of all other dyads.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from processing.coupling.config import SynchronyConfig
from processing.indices import SIGNALS
from processing.surrogates.synchrony import matched_coupling, pseudo_dyad_test

COUPLED = {name: signal for name, signal in SIGNALS.items() if signal.words}
"""The signals of heart and skin."""
USUAL = SynchronyConfig()
SECONDS = 3000


def write(folder: Path, sessions: int) -> None:
    """Write sessions in which the client follows weakly."""
    rng = np.random.default_rng(1)
    for name, signal in COUPLED.items():
        sfreq = signal.sfreq
        for k in range(sessions):
            own = lfilter([1], [1, -0.9], rng.standard_normal((2, round(SECONDS * sfreq))), axis=1)
            own[1] += 0.2 * own[0]
            np.save(folder / f"{name}_{k}.npy", own)


def load(folder: Path, name: str, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return therapist and client of one session."""
    therapist, client = np.load(folder / f"{name}_{k}.npy")
    return therapist, client


def test(folder: Path, sessions: int, name: str) -> tuple[str, float, float, float]:
    """Return the p of one signal, CPU seconds and peak memory [MB] of this process."""
    sfreq, shape = COUPLED[name].sfreq, USUAL.shape(name)
    statistic = partial(
        matched_coupling, sfreq=sfreq, segment=shape.window / sfreq, max_lag=shape.max_lag / sfreq
    )
    begin = time.process_time()
    found = pseudo_dyad_test(
        [partial(load, folder, name, k) for k in range(sessions)],
        [str(k) for k in range(sessions)],
        statistic,
        n_partners=sessions - 1,
        rng=np.random.default_rng(0),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return name, found.p, time.process_time() - begin, peak


def main() -> None:
    """Read the command line, run, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), given.sessions)
        begin = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = pool.map(partial(test, Path(folder), given.sessions), COUPLED, chunksize=1)
        wall = time.perf_counter() - begin
    for name, p, spent, peak in found:
        print(f"{name:10s} p = {p:.3f}  {spent:6.1f} CPU s, peak {peak:.0f} MB")
    total = given.sessions * (given.sessions - 1) * len(COUPLED)
    print(f"{total} pseudo-dyads: {sum(f[2] for f in found):.1f} CPU s, {wall:.1f} s on the clock")


if __name__ == "__main__":
    main()

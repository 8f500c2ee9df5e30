"""Figures of the recording: what a kill costs, how fast an hour is read and written.

    python -m benchmarks.recording                   everything, as one JSON object
    python -m benchmarks.recording kill [RUNS]       kill -9 at random moments: what is lost, what loads
    python -m benchmarks.recording catch-up [HOURS]  CPU to read a dyad's recording, beside pyxdf's
    python -m benchmarks.recording write [SECONDS]   CPU, latency and memory of the cycle in real time

A dyad is two people with ECG at 130 Hz and EDA at 4 Hz, in slices of 100 ms.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.recorder.store import RecordingStore
from acquisition.recording.lock import held
from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE, ROLES, Modality, StreamInfo
from acquisition.tick import PERIOD

INFOS = [
    StreamInfo(name=name, role=role, modality=modality, sfreq=rate, unit=unit, channels=(name,))
    for role in PEOPLE
    for name, modality, rate, unit in (("ecg", Modality.ECG, 130.0, "mV"), ("eda", Modality.EDA, 4.0, "uS"))
]
_NOISE = np.random.default_rng(0).normal(size=(4096, 1)).astype("f4")


class Dyad:
    """Store what each stream has sampled since the start, and an offset every five seconds."""

    def __init__(self, store: RecordingStore, begin: float) -> None:
        self._store, self._begin = store, begin
        self._sent = [0] * len(INFOS)
        for info in INFOS:
            store.open_stream(info)

    def cycle(self, now: float, wall: float) -> None:
        for i, info in enumerate(INFOS):
            if self._store.number % 50 == 0:
                self._store.offset(info, now, 0.0)
            n = int((now - self._begin) * info.sfreq) - self._sent[i]
            times = self._begin + (self._sent[i] + np.arange(n)) / info.sfreq
            self._store.samples(info, times, _NOISE[:n])
            self._sent[i] += n
        self._store.tick(now, wall)


def child(path: Path) -> None:
    """Record in real time until killed."""
    store = RecordingStore(path)
    begin = due = time.monotonic()
    dyad = Dyad(store, begin)
    while True:
        dyad.cycle(time.monotonic(), time.time())
        if store.number == 1:
            print("ready", flush=True)
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))


def kill(runs: float = 20) -> dict[str, Any]:
    """Kill a recorder at random moments."""
    rng = random.Random(4)
    lost: list[float] = []
    right = loads = torn = 0
    for _ in range(int(runs)):
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "a"
            command = [sys.executable, "-m", "benchmarks.recording", "child", str(path)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None and process.stdout.readline() == "ready\n"
                time.sleep(rng.uniform(1.5, 3))
                alive = held(path)
                killed = time.monotonic()
                process.kill()
            right += alive and not held(path)
            recording = Recording(path)
            last = {key: part.times[-1] for b in recording.batches() for key, part in b.streams.items()}
            lost += [killed - t for (_, stream), t in last.items() if stream == "ecg"]
            torn += bool(recording.damage)
            loads += sum(_loads(path / f"{role}.xdf") for role in ROLES)
    return {
        "runs": int(runs),
        "lock_told_right": right,
        "pyxdf_loads": f"{loads} of {3 * int(runs)}",
        "runs_with_a_torn_file": torn,
        "ecg_lost_ms": _spread(lost),
    }


def _loads(path: Path) -> bool:
    import pyxdf

    try:
        return bool(pyxdf.load_xdf(path)[0])
    except Exception as error:  # any is a finding
        print(f"{path.name}: {error!r}", file=sys.stderr)
        return False


def _spread(seconds: list[float]) -> dict[str, float]:
    ms = 1e3 * np.array(seconds)
    return {
        "median": round(float(np.median(ms)), 2),
        "p99": round(float(np.percentile(ms, 99)), 2),
        "max": round(float(ms.max()), 2),
    }


def catch_up(hours: float = 1) -> dict[str, Any]:
    """Write hours of a dyad at once and read them back."""
    import pyxdf

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a"
        n = int(hours * 3600 / PERIOD)
        written = _cpu(lambda: _past(path, n))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        read = _cpu(lambda: sum(len(b.ticks) for b in Recording(path).batches()))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        theirs = _cpu(lambda: [pyxdf.load_xdf(path / f"{role}.xdf") for role in ROLES])
        return {
            "hours": hours,
            "megabytes": round(sum(p.stat().st_size for p in path.glob("*.xdf")) / 1e6, 1),
            "bulk_write_cpu_s": written,
            "read_cpu_s": read,
            "read_memory_growth_MB": round(grown / 1024, 1),
            "pyxdf_cpu_s": theirs,
        }


def _past(path: Path, n: int) -> None:
    with RecordingStore(path, fsync=0) as store, store.bulk():
        dyad = Dyad(store, 0.0)
        for k in range(n):
            dyad.cycle(PERIOD * (k + 1), 0.0)


def _cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return round(time.process_time() - begin, 2)


def write(seconds: float = 30) -> dict[str, Any]:
    """Record in real time and time each cycle; waiting is not counted as CPU."""
    took: list[float] = []
    with tempfile.TemporaryDirectory() as name, RecordingStore(Path(name) / "a") as store:
        begin = due = time.monotonic()
        dyad, cpu = Dyad(store, begin), time.process_time()
        while due - begin < seconds:
            start = time.monotonic()
            dyad.cycle(start, time.time())
            took.append(time.monotonic() - start)
            due += PERIOD
            time.sleep(max(0.0, due - time.monotonic()))
        used = time.process_time() - cpu
        size = sum(store.sizes.values())
    return {
        "seconds": seconds,
        "cpu_percent_of_a_core": round(100 * used / seconds, 2),
        "cycle_ms": _spread(took),
        "bytes_per_s": round(size / seconds),
        "memory_MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


BENCHMARKS: dict[str, Callable[..., dict[str, Any]]] = {"write": write, "kill": kill, "catch-up": catch_up}

if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]))
    names = sys.argv[1:2] or list(BENCHMARKS)
    print(json.dumps({name: BENCHMARKS[name](*map(float, sys.argv[2:3])) for name in names}, indent=1))

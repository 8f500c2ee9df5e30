"""Cost of attune cohort: per session and core, of a second run, of one more session; memory of the client.

python benchmarks/cohort.py [--n 1000] [--minutes 50] [--workers 1 2] [--keep DIR]

Dyads of eight sessions each. One recording in ten is simulated anew, the others are its copies under keys of
their own, which are computed like any other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.processing.simulated_hour import marks, write_hour

PAST, PER_DYAD, ANEW = 12.0, 8, 10


def write(folder: Path, n: int, minutes: float) -> None:
    """Write recordings of n sessions."""
    for k in range(n):
        dyad, number, seed = k // PER_DYAD + 1, k % PER_DYAD + 1, k // ANEW + 1
        path = folder / f"D{dyad:03d}_S{number:02d}"
        if path.exists():
            continue
        first = folder / ".simulated" / f"{seed}"
        if not first.exists():
            live = minutes - PAST
            write_hour(first, seed=seed, minutes=live, events=marks(seed, live), dyad="D900", number=1)
        shutil.copytree(first, path)
        rows = {
            "dyad": f"D{dyad:03d}",
            "number": number,
            "client": f"C{dyad:03d}",
            "therapist": f"T{dyad // 3:03d}",
        }
        rows["started"] = f"2026-{number:02d}-01T10:00:00+01:00"
        (path / "amendments.jsonl").write_text(
            "".join(
                json.dumps({"key": k, "value": str(v), "about": "dyad", "when": "", "why": "copied"}) + "\n"
                for k, v in rows.items()
            )
        )


def attune(*words: str | Path) -> tuple[float, float, float]:
    """Run attune cohort; return wall and CPU seconds of all its processes, memory of the client [MB]."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "viewer.cli", "cohort", *map(str, words)]
    largest = 0.0
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                break
            size = [float(line.split()[1]) / 1024 for line in status.splitlines() if "VmRSS" in line]
            largest = max([largest, *size])
            time.sleep(0.2)
    if process.wait():
        raise SystemExit(f"attune cohort ended with {process.returncode}")
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, largest


def say(what: str, n: int, cost: tuple[float, float, float]) -> None:
    wall, cpu, memory = cost
    each = f", {wall / n:.2f} s and {cpu / n:.2f} CPU s a session" if n else ""
    print(f"{what}: {wall:.0f} s wall, {cpu:.0f} CPU s{each}; client at most {memory:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--keep", type=Path, help="Where recordings and stores stay, for another run.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cohort-") as place:
        base = given.keep or Path(place)
        begin = time.perf_counter()
        write(base / "recordings", given.n + 1, given.minutes)
        print(f"{given.n} sessions of {given.minutes:g} min written: {time.perf_counter() - begin:.0f} s")
        last = sorted(p for p in (base / "recordings").iterdir() if not p.name.startswith("."))[-1]
        recordings = [p for p in sorted((base / "recordings").iterdir()) if p != last and p.name[0] != "."]
        for n in given.workers:
            store = base / f"store-{n}"
            shutil.rmtree(store, ignore_errors=True)
            say(f"{n} workers", given.n, attune(*recordings, "--out", store, "--jobs", n))
        say("again", 0, attune(*recordings, "--out", store))
        say("one more", 0, attune(last, "--out", store, "--jobs", "1"))
        size = sum(p.stat().st_size for p in store.rglob("*") if p.is_file())
        print(f"store: {size / given.n / 1e6:.2f} MB a session")


if __name__ == "__main__":
    main()

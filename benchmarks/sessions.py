"""Cost of twenty sessions of fifty minutes: attune process with metrics and report, beside pyxdf's load.

python benchmarks/sessions.py [--n 20] [--minutes 50] [--jobs 2] [--keep DIR]

Prints wall time, CPU time, and the memory of the largest process in each third of the run: is it flat?
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does, before numpy is loaded

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyxdf

from tests.processing.simulated_hour import marks, write_hour

PAST = 12.0
"""Minutes that every simulated session is old when it starts."""


def write(folder: Path, n: int, minutes: float) -> list[Path]:
    """Write recordings of different people: ECG 130 Hz, EDA 4 Hz, respiration, voice, marks."""
    paths = []
    for seed in range(1, n + 1):
        path = folder / f"D{seed:02d}_S01"
        if not path.exists():
            live = minutes - PAST
            write_hour(path, seed=seed, minutes=live, events=marks(seed, live))
        paths.append(path)
    return paths


def largest_child(pid: int) -> float:
    """Return the resident memory [MB] of the largest child of a process; 0 without one."""
    sizes = [0.0]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            try:
                status = Path(f"/proc/{child}/status").read_text()
            except OSError:
                continue
            sizes += [float(line.split()[1]) / 1024 for line in status.splitlines() if "VmRSS" in line]
    return max(sizes)


def run(paths: list[Path], out: Path, jobs: int) -> tuple[float, float, list[float]]:
    """Return wall seconds, CPU seconds and the memory over time of `attune process`."""
    names = [str(p) for p in paths]
    command = ["attune", "process", *names, "--out", str(out), "--jobs", str(jobs), "--report", "--force"]
    memory = []
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "viewer.cli", *command[1:]], stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            memory.append(largest_child(process.pid))
            time.sleep(0.25)
    if process.returncode:
        raise SystemExit("attune process failed")
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, memory


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="Where recordings and results stay, for another run.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        paths = write(folder / "recordings", given.n, given.minutes)
        size = sum(f.stat().st_size for p in paths for f in p.glob("*.xdf")) / 2**20
        wall, cpu, memory = run(paths, folder / "results", given.jobs)
        begin = time.process_time()
        for path in paths:
            for file in sorted(path.glob("*.xdf")):
                pyxdf.load_xdf(file)
        peer = time.process_time() - begin
    thirds = [max(memory[k * len(memory) // 3 : (k + 1) * len(memory) // 3]) for k in range(3)]
    print(f"{given.n} recordings of {given.minutes:g} min, {size:.0f} MB, {given.jobs} at a time")
    print(f"  process, metrics, report  {wall:6.1f} s wall, {cpu:6.1f} CPU s ({cpu / given.n:.1f} each)")
    print(f"  largest process in each third of the run  {' '.join(f'{m:.0f}' for m in thirds)} MB")
    print(f"  pyxdf load of the same    {peer:6.1f} CPU s")


if __name__ == "__main__":
    main()

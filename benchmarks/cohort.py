"""Cost of attune cohort: per session and core, of a second run, of one more session; memory of the client.

python -m benchmarks.cohort [--n 1000] [--minutes 50] [--workers 1 2] [--long 0] [--anew 10] [--kill]
[--keep DIR]

Dyads of eight sessions each. One recording in so many (--anew) is simulated, the others are its copies under
keys of their own, which are computed like any other. `--long` is the share of sessions of 50 minutes where
the others are shorter. With --kill a worker of the last run is killed in the middle. Files of each run are
compared with those of the run before.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from tests.processing.simulated_hour import marks, write_hour

PAST, PER_DYAD, FULL = 12.0, 8, 50.0


def write(folder: Path, n: int, minutes: float, long: float, anew: int) -> None:
    """Write recordings of n sessions; a copy shares the bytes of the signals with what it is a copy of."""
    every = round(1.0 / long) if long else 0
    for k in range(n):
        dyad, number, seed = k // PER_DYAD + 1, k % PER_DYAD + 1, k // anew + 1
        path = folder / f"D{dyad:03d}_S{number:02d}"
        if path.exists():
            continue
        length = FULL if every and k % every == 0 else minutes
        first = folder / ".simulated" / f"{seed}-{length:g}"
        if not first.exists():
            live = length - PAST
            write_hour(first, seed=seed, minutes=live, events=marks(seed, live), dyad="D900", number=1)
        shutil.copytree(first, path, copy_function=os.link)
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


def workers_of(pid: int) -> list[int]:
    """Return the processes of a run that compute sessions."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            with contextlib.suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
    return sorted(found)


def computed(store: Path) -> int:
    """Return how many sessions a store holds."""
    return sum(1 for _ in (store / "sessions").glob("dyad=*/session=*/*.parquet"))


def attune(*words: str | Path, kill_after: int = 0) -> tuple[float, float, float]:
    """Run attune cohort; return wall and CPU seconds of all its processes, memory of the client [MB].

    Parameters
    ----------
    kill_after : int
        So many sessions later a worker is killed; 0: never.
    """
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "viewer.cli", "cohort", *map(str, words)]
    store, largest = Path(words[words.index("--out") + 1]), 0.0
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
            if kill_after and computed(store) >= kill_after and (busy := workers_of(process.pid)):
                os.kill(busy[0], signal.SIGKILL)
                print(f"killed worker {busy[0]} after {computed(store)} sessions", flush=True)
                kill_after = 0
            time.sleep(0.2)
    if process.wait():
        raise SystemExit(f"attune cohort ended with {process.returncode}")
    if kill_after:
        raise SystemExit("no worker was killed")
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, largest


def digests(store: Path) -> dict[str, str]:
    """Return the SHA-256 of every Parquet file of a store."""
    return {
        str(p.relative_to(store)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(store.rglob("*.parquet"))
    }


def say(what: str, n: int, cost: tuple[float, float, float]) -> None:
    wall, cpu, memory = cost
    each = f", {wall / n:.2f} s and {cpu / n:.2f} CPU s a session" if n else ""
    print(f"{what}: {wall:.0f} s wall, {cpu:.0f} CPU s{each}; client at most {memory:.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=FULL)
    parser.add_argument("--long", type=float, default=0.0, help="Share of sessions of 50 minutes.")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--anew", type=int, default=10, help="One recording in so many is simulated.")
    parser.add_argument("--kill", action="store_true", help="Kill a worker in the middle of the last run.")
    parser.add_argument("--keep", type=Path, help="Where recordings and stores stay, for another run.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cohort-") as place:
        base = given.keep or Path(place)
        begin = time.perf_counter()
        write(base / "recordings", given.n + 1, given.minutes, given.long, given.anew)
        print(f"{given.n} sessions of {given.minutes:g} min written: {time.perf_counter() - begin:.0f} s")
        last = sorted(p for p in (base / "recordings").iterdir() if not p.name.startswith("."))[-1]
        recordings = [p for p in sorted((base / "recordings").iterdir()) if p != last and p.name[0] != "."]
        stores = []
        for k, n in enumerate(given.workers):
            store = base / f"store-{n}"
            shutil.rmtree(store, ignore_errors=True)
            kill = given.n // 2 if given.kill and k + 1 == len(given.workers) else 0
            cost = attune(*recordings, "--out", store, "--jobs", n, kill_after=kill)
            say(f"{n} workers", given.n, cost)
            stores.append(digests(store))
        for one, other in pairwise(stores):
            print(f"{len(other)} files, the same bytes in both: {one == other}")
        say("again", 0, attune(*recordings, "--out", store))
        say("one more", 0, attune(last, "--out", store, "--jobs", "1"))
        changed = [p for p, sha in digests(store).items() if stores[-1].get(p) != sha]
        own = sum("=" in p for p in changed)
        print(f"files that one more session changed or made: {len(changed)}, {own} of them of sessions")
        size = sum(p.stat().st_size for p in store.rglob("*") if p.is_file())
        print(f"store: {size / given.n / 1e6:.2f} MB a session")


if __name__ == "__main__":
    main()

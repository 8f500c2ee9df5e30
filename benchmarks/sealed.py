"""What sealing costs: CPU and size of an hour of a dyad written and read, plain and sealed, in one process.

    python -m benchmarks.sealed [--hours 1] [--runs 3]

Written in slices of 100 ms as a recorder writes them, each with a write of its own; read through
`acquisition.recording.recording`. The key store is made for the run, unlocked, and gone afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import ENVIRONMENT
from acquisition.protection.unlocked import unlock
from acquisition.protection.vault import Keys, new_keys
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id
from acquisition.recording.recording import Recording
from acquisition.stream import Role
from acquisition.tick import PERIOD
from benchmarks.recording import Dyad


def write(path: Path, hours: float, keys: Keys | None) -> float:
    """Write a recording and return the CPU time [s]."""
    before = time.process_time()
    with RecordingStore(path, fsync=0, id=keys.recording if keys else "", keys=keys) as store:
        dyad = Dyad(store, 0.0)
        for k in range(round(3600 * hours / PERIOD)):
            dyad.cycle(PERIOD * k, 1.7e9 + PERIOD * k)
    return time.process_time() - before


def read(path: Path) -> float:
    """Read a recording and return the CPU time [s]."""
    before = time.process_time()
    for _ in Recording(path).batches():
        pass
    return time.process_time() - before


def main() -> None:
    """Print the figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "run").mkdir(mode=0o700)
        os.environ |= {"XDG_RUNTIME_DIR": str(base / "run"), ENVIRONMENT: str(base / "keys")}
        store, recovery = KeyStore.init(base / "keys", "of this run alone")
        unlock(store, recovery)
        codes = {Role.CLIENT: "C01", Role.THERAPIST: "T01"}
        for run in range(given.runs):
            for kind in ("plain", "sealed"):
                keys = new_keys(new_id(), codes) if kind == "sealed" else None
                path = base / f"{kind}{run}"
                of = found.setdefault(kind, {"write": [], "read": [], "bytes": []})
                of["write"].append(write(path, given.hours, keys))
                of["read"].append(read(path))
                of["bytes"].append(sum(f.stat().st_size for f in path.glob("*.xdf")))
    print(json.dumps({k: {n: round(median(v), 3) for n, v in of.items()} for k, of in found.items()}))


if __name__ == "__main__":
    main()

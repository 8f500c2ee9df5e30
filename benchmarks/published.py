"""How long after `available` a published index reaches another program, and what publishing costs.

    python benchmarks/published.py 30

A simulated dyad is recorded in one process, `attune process --follow` publishes in another, and this one
receives the client's indices.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("ATTUNEMENT_LSL_SESSION", f"benchmark-{os.getpid()}")

import pylsl

from acquisition.lsl.network import configure
from acquisition.simulation.demo_session import simulated_session


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(seconds: float, publish: str, base: Path) -> tuple[list[float], float, float]:
    """Return delays [s], the CPU share of who follows [%], and its memory [MB]."""
    base.mkdir()
    (base / "session.toml").write_text(
        simulated_session(seed=1, past=False) + f"[lsl]\npublish = [{publish}]\n"
    )
    out = base / "out"
    command = [sys.executable, "-m", "viewer.cli"]
    record = subprocess.Popen(
        [*command, "record", str(base / "session.toml"), "--out", str(out)], stdout=subprocess.DEVNULL
    )
    try:
        while not list(out.glob("*/session.toml")):
            time.sleep(0.1)
        (path,) = out.iterdir()
        follow = subprocess.Popen(
            [*command, "process", str(path), "--out", str(base / "r"), "--follow"], stdout=subprocess.DEVNULL
        )
        inlet = None
        if publish:
            found = pylsl.resolve_byprop("name", "Attunement client", 1, 60.0)
            inlet = pylsl.StreamInlet(found[0])
            inlet.open_stream(60.0)
        time.sleep(10.0)
        if inlet is not None:
            inlet.flush()
        before, begin = cpu_seconds(follow.pid), time.monotonic()
        delays: list[float] = []
        while time.monotonic() - begin < seconds:
            if inlet is None:
                time.sleep(0.1)
                continue
            row, stamp = inlet.pull_sample(0.2)
            if row is not None:
                delays.append(pylsl.local_clock() - stamp)
        used = cpu_seconds(follow.pid) - before
        memory = (
            int(Path(f"/proc/{follow.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        )
    finally:
        record.terminate()
        record.wait(60)
    follow.wait(60)
    return delays, 100 * used / (time.monotonic() - begin), memory


def main() -> None:
    """Print the figures."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    configure()
    with tempfile.TemporaryDirectory() as directory:
        for name, publish in (("nothing", ""), ("indices", '"indices"')):
            delays, share, memory = run(seconds, publish, Path(directory) / name)
            print(f"publishing {name}: {share:.1f} % of a core, {memory:.0f} MB")
            if delays:
                p50, p99 = 1e3 * np.percentile(delays, [50, 99])
                print(f"  {len(delays)} rows; after `available`: median {p50:.0f} ms, p99 {p99:.0f} ms")


if __name__ == "__main__":
    main()

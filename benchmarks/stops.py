"""Two recorders on one machine, stopped for 20 s as a suspend does, and one of them killed.

    python -m benchmarks.stops [--seconds 20] [--kills 5]

Each recorder is a process that records sines of two people at 100 Hz. Loss is what the stamps say: a step of
more than a sample is a loss. A kill loses what lies between the newest sample in the files and the kill.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.recorder.control import Client
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.stream import Chunk


def recorder(parent: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a recorder and wait until it records."""
    process = subprocess.Popen([sys.executable, "-m", "tests.acquisition.sine_driver", str(parent)])
    while not (found := list(parent.glob("*/session.toml"))):
        time.sleep(0.05)
    return process, found[0].parent


def newest(path: Path) -> tuple[int, float, float]:
    """Return samples, the longest step [s] and the newest stamp of a recording."""
    times: dict[object, list[np.ndarray]] = {}
    for item in Recording(path):
        if isinstance(item, Chunk):
            times.setdefault(item.info.key, []).append(item.times)
    joined = [np.concatenate(parts) for parts in times.values()]
    return sum(map(len, joined)), max(float(np.diff(t).max()) for t in joined), min(t[-1] for t in joined)


def stopped(base: Path, seconds: float) -> None:
    """Stop two recorders for so long, let them go on, and close them."""
    both = [recorder(base / name) for name in ("one", "two")]
    time.sleep(5)
    for process, _ in both:
        process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    for process, _ in both:
        process.send_signal(signal.SIGCONT)
    time.sleep(5)
    for process, path in both:
        Client.find(path).stop()
        process.wait(60)
        n, step, _ = newest(path)
        told = [i.message for i in Recording(path) if isinstance(i, Notice)]
        print(
            f"{path.parent.name}: stopped for {seconds:g} s: {n} samples, longest step {1e3 * step:.0f} ms; "
            f"{verify(path) or 'whole'}"
        )
        print("".join(f"    {line}\n" for line in told), end="")


def killed(base: Path, times: int) -> None:
    """Kill a recorder again and again."""
    lost = []
    for k in range(times):
        process, path = recorder(base / f"k{k}")
        time.sleep(3.0 + 0.037 * k)
        at = local_clock()
        process.kill()
        process.wait()
        lost.append(at - newest(path)[2])
    print(f"killed {times} times: lost {1e3 * min(lost):.0f} to {1e3 * max(lost):.0f} ms")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        stopped(Path(folder), given.seconds)
        killed(Path(folder), given.kills)


if __name__ == "__main__":
    main()

"""Record an hour of emulated wearables in virtual time, with drop-outs, and account for every sample.

    python benchmarks/ble_hour.py --minutes 60 --dropouts 20 --out /tmp/ble_hour
    python benchmarks/ble_hour.py --minutes 60 --dropouts 20 --no-truth   # the memory of drivers and recorder

Two people with H10 belts and BITalino boards through Bumble, the real drivers and the real recorder,
checked against what the devices measured: nothing lost outside the drop-outs, nothing twice, gaps exact.
What the twins keep for that comparison grows with the session; without it, memory is that of the product.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acquisition.drivers.bitalino import convert
from acquisition.emulated.bitalino import EmulatedBitalino
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import h10
from acquisition.event import Notice
from acquisition.recording.recording import Recording
from acquisition.stream import Modality, Role
from tests.acquisition.ble_bench import Bench, device, session_of

BELTS = {Role.CLIENT: "C7:4C:DA:51:37:51", Role.THERAPIST: "C7:4C:DA:51:37:52"}
BOARDS = {Role.CLIENT: "20:16:07:18:17:01", Role.THERAPIST: "20:16:07:18:17:02"}
GAPS = (5.0, 30.0)
"""Shortest and longest drop-out [s]."""


async def watch_memory(now: Callable[[], float], every: float = 300.0) -> None:
    """Print the memory of this process now and then, in virtual time."""
    begin = now()
    while True:
        await asyncio.sleep(every)
        print(f"after {(now() - begin) / 60:.0f} min: {resident():.1f} MB", flush=True)


def resident() -> float:
    """Return the memory that this process holds now [MB]; Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def moments(n: int, begin: float, end: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return times and lengths of drop-outs, not one in another."""
    edges = np.linspace(begin, end, n + 1)
    return [
        (float(rng.uniform(a, max(a, b - GAPS[1] - 30.0))), float(rng.uniform(*GAPS)))
        for a, b in pairwise(edges)
    ]


def main() -> None:
    """Record and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--dropouts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("/tmp/ble_hour"))
    parser.add_argument("--no-truth", action="store_true", help="measure memory instead of samples")
    a = parser.parse_args()
    rng = np.random.default_rng(a.seed)
    bench = Bench()
    tables, twins = [], {}
    for role in (Role.CLIENT, Role.THERAPIST):
        skew = 0.003 if role is Role.CLIENT else -0.003
        twins[role, "H10 ECG"] = h10(bench.air, address=BELTS[role], skew=skew, name=f"belt {role}")
        board = Hardware(name=f"board {role}", address=BOARDS[role], skew=skew, interval=0.03)
        twins[role, "BITalino ECG"] = EmulatedBitalino(bench.air, board, per_packet=10)
        tables += [
            device("polar_h10", role=role, address=BELTS[role]),
            device("bitalino", role=role, address=BOARDS[role]),
        ]
    bench.put(*twins.values())
    if a.no_truth:
        for twin in twins.values():
            twin.sent = deque(maxlen=0)
        bench.runner.submit(watch_memory(bench.runner.clock))
    seconds = 60.0 * a.minutes
    for twin in twins.values():
        plan = moments(a.dropouts, bench.runner.clock() + 60.0, bench.runner.clock() + seconds - 40.0, rng)
        bench.drop_outs(twin, plan)
    shutil.rmtree(a.out, ignore_errors=True)
    a.out.mkdir(parents=True)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = bench.record(session_of(*tables), a.out, seconds)
    took, peak = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    truth = "without" if a.no_truth else "with"
    memory = f"memory {before / 1024:.0f} → {peak / 1024:.0f} MB {truth} the truth"
    print(f"{a.minutes:g} min in {took:.0f} s; {memory}")
    bench.close()
    if not a.no_truth:
        report(outcome.path, twins)


def report(path: Path, twins: dict[tuple[Role, str], Any]) -> None:
    """Compare a recording with what the devices measured."""
    got: dict[Any, list[Any]] = {}
    notices: list[Notice] = []
    for batch in Recording(path).batches():
        notices += [n for _, n in batch.notices]
        for key, part in batch.streams.items():
            got.setdefault(key, []).append(part)
    for (role, name), twin in twins.items():
        times = np.concatenate([p.times for p in got[role, name]])
        values = np.concatenate([p.samples[:, 0] for p in got[role, name]])
        true = np.array([t for t, _ in twin.sent])
        said = np.array([v if isinstance(v, int) else v[0] for _, v in twin.sent], np.float64)
        if name.startswith("BITalino"):
            said = convert(Modality.ECG, said, 10, eda_board="revolution")
        gaps = [n for n in notices if n.role is role and n.stream == name and n.kind == "gap"]
        compare(f"{role} {name}", (times, values), (true, said.astype(np.float32)), gaps)


def compare(title: str, got: Any, truth: Any, gaps: list[Notice]) -> None:
    """Print a line about a stream: every stretch between gaps must be what was measured, value by value."""
    (times, values), (true, said) = got, truth
    period = float(np.median(np.diff(true)))
    starts = [0, *np.searchsorted(times, [g.stop for g in gaps]).astype(int).tolist()]
    wrong, ends, errors, settled = 0, [], [], []
    for first, last in zip(starts, [*starts[1:], len(times)], strict=True):
        n, nearest = last - first, int(np.argmin(np.abs(true - times[last - 1]))) + 1
        # A stamp may be wrong by more than half a sample; the values tell which sample it was.
        near = [k for k in (nearest + shift for shift in (0, 1, -1, 2, -2)) if n <= k <= len(true)]
        fits = [k for k in near if np.array_equal(values[first:last], said[k - n : k])]
        k, same = (fits or near)[0], bool(fits)
        own = true[k - n : k]
        whole = (
            same
            and bool(np.all(np.diff(own) < 1.5 * period))
            and bool(np.all(np.diff(times[first:last]) > 0))
        )
        wrong += not whole
        ends.append((own[0], own[-1]))
        errors.append(np.abs(times[first:last] - own) * 1e3)
        settled.append(errors[-1][own > own[0] + 30.0])
    counted = [(g, int(g.message.split()[0])) for g in gaps if g.message[0].isdigit()]
    off = 0.0
    for k, g in enumerate(gaps):
        if (g, n := next((c for h, c in counted if h is g), -1)) and n >= 0:
            off = max(off, abs(n - ((ends[k + 1][0] - ends[k][1]) / period - 1)))
    bounds = all(g.start in times and g.stop in times for g in gaps)
    calm = np.concatenate(settled)
    print(
        f"{title:<24} {len(times)} samples in {len(starts)} stretches, {wrong} not as measured; "
        f"{len(gaps)} gaps, bounds {'exact' if bounds else 'WRONG'}, {len(counted)} counted, "
        f"off by {off:.2f} samples at most; error p99 {np.quantile(np.concatenate(errors), 0.99):.1f} ms, "
        f"from 30 s after a gap p99 {np.quantile(calm, 0.99):.1f} ms, worst {calm.max():.1f} ms"
    )


if __name__ == "__main__":
    main()

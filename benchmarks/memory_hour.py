"""Record an hour of an emulated ring, and of a belt that keeps its beats, with drop-outs; refill it; account.

    python benchmarks/memory_hour.py --minutes 60 --dropouts 20 --out /tmp/memory_hour

A client's Nuanic ring and a therapist's H10 (`keep = "rr"`) through Bumble in virtual time, the real drivers,
recorder and refill: nothing lost outside the drop-outs, and after the refill every sample and beat is there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acquisition.emulated.nuanic import EmulatedRing
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.polar import h10
from acquisition.recording.recording import Recording
from acquisition.refilling.refilling import refill
from acquisition.stream import FloatArray, IntArray, Role
from tests.acquisition.ble_bench import Bench, device, session_of

RING, BELT = "C0:FF:EE:00:00:09", "C7:4C:DA:51:37:51"
EDA, RR = (Role.CLIENT, "Nuanic EDA"), (Role.THERAPIST, "H10 RR")
GAPS = (5.0, 30.0)
"""Shortest and longest drop-out [s]."""
APART, SAME = 1.5, 0.0025
"""Seconds by which the stamp of a beat may be wrong, and share by which values of the same may differ."""


def heart(rng: np.random.Generator, seconds: float) -> FloatArray:
    """Return when a heart beats that breathes and wanders [s since the belt was switched on]."""
    n = int(seconds / 0.6)
    k = np.arange(n)
    rr = 0.8 + 0.05 * np.sin(0.8 * k) + 0.03 * np.sin(0.011 * k) + rng.normal(0.0, 0.02, n)
    return np.asarray(0.4 + np.cumsum(np.clip(rr, 0.4, 1.4)))


def main() -> None:
    """Record, refill and check."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--dropouts", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("/tmp/memory_hour"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    rng, bench, began = np.random.default_rng(args.seed), Bench(), time.monotonic()
    seconds = 60.0 * args.minutes
    beats = heart(rng, 2.0 * seconds + 600.0)
    ring = EmulatedRing(bench.air, Hardware(name="Nuanic 1", address=RING, interval=0.03, skew=0.0008))
    belt = h10(
        bench.air,
        address=BELT,
        skew=-0.0012,
        beat_times=lambda span: beats[(beats >= span[0]) & (beats < span[1])],
    )
    bench.put(ring, belt)
    apart = seconds / (args.dropouts + 1)
    away: dict[Any, list[tuple[float, float]]] = {}
    for twin in (ring, belt):
        start = bench.runner.clock()
        lengths = np.minimum(rng.uniform(*GAPS, args.dropouts), 0.6 * apart)
        away[twin] = [(start + apart * (k + 1), float(s)) for k, s in enumerate(lengths)]
        bench.drop_outs(twin, away[twin])
    session = session_of(
        device("nuanic", address=RING),
        device("polar_h10", role="therapist", address=BELT, settings={"keep": "rr"}),
    )
    outcome = bench.record(session, args.out, seconds)
    print(f"{args.minutes:g} min recorded in {time.monotonic() - began:.0f} s; {outcome.path}")
    report(outcome.path, ring, belt, beats, away)
    began = time.monotonic()
    for line in refill(outcome.path, radio=bench.radio, clock=bench.runner.clock):
        print(line)
    print(f"refilled in {time.monotonic() - began:.0f} s")
    report(outcome.path, ring, belt, beats, away)
    bench.close()


def report(path: Path, ring: Any, belt: Any, beats: FloatArray, away: dict[Any, Any]) -> None:
    """Compare what is there with what was measured."""
    true, said = np.array(ring.sent).T
    born = belt.body.switched_on
    compare(EDA, *read(path, EDA), true, said, away[ring])
    lengths = np.round(1024 * np.diff(beats))
    compare(RR, *read(path, RR), born + beats[1:], lengths, away[belt])


def read(path: Path, key: tuple[Role, str]) -> tuple[FloatArray, FloatArray, int]:
    """Return stamps and values of a stream, and how many gaps were told."""
    parts, gaps = [], 0
    for batch in Recording(path).batches():
        gaps += sum(n.kind == "gap" and (n.role, n.stream) == key for _, n in batch.notices)
        if key in batch.streams:
            parts.append(batch.streams[key])
    return np.concatenate([p.times for p in parts]), np.concatenate([p.samples[:, 0] for p in parts]), gaps


def places(times: FloatArray, values: FloatArray, true: FloatArray, said: FloatArray) -> IntArray:
    """Return which of what was measured each sample is, by value and roughly by time; -1 for none."""
    out, at = np.full(len(times), -1, np.int64), 0
    for k, (t, v) in enumerate(zip(times.tolist(), values.tolist(), strict=True)):
        low, high = np.searchsorted(true, [t - APART, t + APART])
        fits = np.flatnonzero(np.abs(said[max(low, at) : high] / v - 1.0) < SAME)
        if len(fits):
            # Told in 1/1024 s and kept in ms: of several that fit, the next one.
            out[k] = max(low, at) + fits[0]
            at = out[k] + 1
    return out


def compare(
    key: tuple[Role, str],
    times: FloatArray,
    values: FloatArray,
    gaps: int,
    true: FloatArray,
    said: FloatArray,
    away: list[tuple[float, float]],
) -> None:
    """Print a line about a stream."""
    place = places(times, values, true, said)
    strange, found = int((place < 0).sum()), place[place >= 0]
    missing = np.setdiff1d(np.arange(found[0], found[-1] + 1), found)
    # What was sent as the connection broke, and until it was found again, is of the drop-out.
    outside = [k for k in missing if not any(a - 3.0 < true[k] < a + s + 12.0 for a, s in away)]
    runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if len(missing) else []
    errors = np.abs(times[place >= 0] - true[found]) * 1e3
    ends = np.array([a + s for a, s in away])
    since = times[place >= 0] - np.append(-np.inf, ends)[np.searchsorted(ends, times[place >= 0])]
    calm = errors[(times[place >= 0] > times[0] + 30.0) & (since > 30.0)]
    late = f"p99 {np.quantile(calm, 0.99):.1f} ms, worst {calm.max():.1f} ms"
    print(
        f"{key[0]} {key[1]}: {len(times)} came, {strange} of no place; missing {len(missing)} in {len(runs)} "
        f"stretches, {len(outside)} outside the drop-outs; {gaps} gaps told; stamps p99 "
        f"{np.quantile(errors, 0.99):.1f} ms, from 30 s after a drop-out {late}"
    )


if __name__ == "__main__":
    main()

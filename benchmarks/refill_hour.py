"""Record an hour of emulated Shimmer units with drop-outs, refill it, and account for every sample.

    python benchmarks/refill_hour.py --minutes 60 --dropouts 20 --out /tmp/refill_hour

A client's GSR+ unit and a therapist's ExG unit through Bumble in virtual time, the real drivers, recorder and
refill: nothing lost outside the drop-outs, gaps exact, and after the refill every sample is there.
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

from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.shimmer import EmulatedShimmer
from acquisition.gatt.shimmer import TICKS
from acquisition.gatt.shimmer_values import REFERENCE_MV
from acquisition.recording.recording import Recording
from acquisition.refilling.missing import read_contents
from acquisition.refilling.refilling import refill
from acquisition.stream import FloatArray, Role
from tests.acquisition.ble_bench import Bench, device, session_of

UNITS = {Role.CLIENT: "C0:FF:EE:00:00:01", Role.THERAPIST: "C0:FF:EE:00:00:02"}
STREAMS = {Role.CLIENT: ("shimmer3r_gsr", "Shimmer EDA"), Role.THERAPIST: ("shimmer3r_exg", "Shimmer ECG")}
GAPS = (5.0, 30.0)
"""Shortest and longest drop-out [s]."""


def eda(t: FloatArray) -> FloatArray:
    """Return a conductance that goes through three ranges [µS]."""
    return np.asarray(2.0 * np.exp(1.2 * np.sin(2 * np.pi * t / 311.0)) + 0.1 * np.sin(2.0 * t))


def ecg(t: FloatArray) -> FloatArray:
    """Return a wave of which no two readings in a row are the same [mV]."""
    return np.asarray(np.sin(7.0 * t) + 0.3 * np.sin(61.0 * t))


def main() -> None:
    """Record, refill and check."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--dropouts", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("/tmp/refill_hour"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    rng, bench, began = np.random.default_rng(args.seed), Bench(), time.monotonic()
    twins: dict[Role, EmulatedShimmer] = {}
    for role, address in UNITS.items():
        skew = 0.0008 if role is Role.CLIENT else -0.0012
        hardware = Hardware(name=f"Shimmer3R-{role}", address=address, interval=0.0375, skew=skew)
        signal: dict[str, Any] = {"eda": eda} if role is Role.CLIENT else {"mv": ecg}
        twins[role] = EmulatedShimmer(bench.air, hardware, **signal)
    bench.put(*twins.values())
    apart = 60.0 * args.minutes / (args.dropouts + 1)
    for twin in twins.values():
        start = bench.runner.clock()
        lengths = np.minimum(rng.uniform(*GAPS, args.dropouts), 0.6 * apart)
        bench.drop_outs(twin, [(start + apart * (k + 1), float(s)) for k, s in enumerate(lengths)])
    session = session_of(
        *(device(STREAMS[role][0], role=str(role), address=address) for role, address in UNITS.items())
    )
    outcome = bench.record(session, args.out, 60.0 * args.minutes)
    print(f"{args.minutes:g} min recorded in {time.monotonic() - began:.0f} s; {outcome.path}")
    for role, twin in twins.items():
        report(outcome.path, role, twin, "as it came")
    began = time.monotonic()
    for line in refill(outcome.path, radio=bench.radio, clock=bench.runner.clock):
        print(line)
    print(f"refilled in {time.monotonic() - began:.0f} s")
    for role, twin in twins.items():
        report(outcome.path, role, twin, "refilled")
    bench.close()


def report(path: Path, role: Role, twin: EmulatedShimmer, what: str) -> None:
    """Compare a stream with what was measured."""
    name = STREAMS[role][1]
    (of,) = [r for r in read_contents(path).received if r.info.key == (role, name)]
    times, values, gaps = of.times, of.samples[:, 0], told(path, role, name)
    true, said = np.array([t for t, _ in twin.sent]), np.array([v for _, v in twin.sent])
    # Which sample each is, its device stamp says; it is right to the nanosecond that rounding costs.
    place = np.searchsorted(np.array(twin.stamps) * 1e9 / TICKS, of.stamps - 1000)
    first, last = int(place[0]), int(place[-1])
    missing = np.setdiff1d(np.arange(first, last + 1), place)
    runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if len(missing) else []
    errors = np.abs(times - true[place]) * 1e3
    calm = errors[times > times[0] + 30.0]
    if role is Role.CLIENT:
        wrong = np.abs(values / said[place] - 1.0)
    else:
        factor = 4 * (2**23 - 1) / REFERENCE_MV
        wrong = np.abs(values - (np.round(said[place] * factor) / factor).astype(np.float32))
    print(
        f"{role} {name}, {what}: {len(times)} samples in order {bool((np.diff(place) > 0).all())}, missing "
        f"{len(missing)} in {len(runs)} stretches ({sum(len(r) > 6 for r in runs)} longer than 6; told "
        f"{gaps} samples); values off by {wrong.max():.2e} at most; "
        f"stamps p99 {np.quantile(errors, 0.99):.1f} ms, from 30 s on "
        f"p99 {np.quantile(calm, 0.99):.1f} ms, worst {calm.max():.1f} ms"
    )


def told(path: Path, role: Role, name: str) -> int:
    """Return how many samples were told to be missing while it was recorded."""
    notices = [n for batch in Recording(path).batches() for _, n in batch.notices]
    mine = [n for n in notices if n.kind == "gap" and (n.role, n.stream) == (role, name)]
    return sum(int(n.message.split()[0]) for n in mine)


if __name__ == "__main__":
    main()

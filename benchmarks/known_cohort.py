"""Twelve sessions of three dyads whose truth is known, as signals, through the whole product.

python -m benchmarks.known_cohort [--minutes 50] [--seed 1] [--jobs 1] [--keep DIR]

Recordings are written (`acquisition.simulation.known`), `attune cohort` makes store, models and report, and
each therapist their own page. Printed is what was put in beside what came out: the client's edge and its
movement, who moves first and by how much, how soon excursions were answered.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from acquisition.simulation.dyad import simulated_streams
from acquisition.simulation.hard_session import write_simulated
from acquisition.simulation.known import Known, known_script
from acquisition.stream import Modality
from processing.cohort.models import returning
from processing.cohort.simulated.truth import KNOWN
from processing.cohort.store import StoreTables

PAST, EDGE = 12.0, 1.5
STREAMS = tuple(s for s in simulated_streams() if s.modality is not Modality.RESP)
DYADS = tuple(f"D{k + 1:02d}" for k in range(KNOWN.dyads))
LEADERS = {1.0: "therapist_first", 0.0: "together", -1.0: "client_first"}


def known_of(dyad: int, number: int, minutes: float) -> Known:
    """Return the truth of a session of `KNOWN`."""
    return Known(
        number=number,
        minutes=minutes - PAST,
        edge=EDGE + KNOWN.edge_slopes[dyad] * (number - (KNOWN.sessions + 1) / 2.0),
        latency=KNOWN.latencies[dyad],
        lag=KNOWN.lags[dyad],
    )


def write(folder: Path, seed: int, minutes: float) -> None:
    """Write the recordings of the twelve sessions."""
    for k, dyad in enumerate(DYADS):
        for number in range(1, KNOWN.sessions + 1):
            path = folder / f"{dyad}_S{number:02d}"
            if not path.exists():
                known = known_of(k, number, minutes)
                script = known_script(100 * seed + k, known)
                write_simulated(path, script, known.minutes, number=number, streams=STREAMS)


def attune(*words: str | Path) -> str:
    """Run attune cohort, and return what it said."""
    command = [sys.executable, "-m", "viewer.cli", "cohort", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.strip()


def line(of: str, truth: float, estimate: float, low: float, high: float) -> str:
    """Return a row of the table that is printed; an interval may have no upper end."""
    holds = "yes" if low <= truth and not truth > high else "no"
    ends = f"{low:.2f} … {high:.2f}" if np.isfinite(high) else f"from {low:.2f}"
    return f"| {of} | {truth:.2f} | {estimate:.2f} | {ends} | {holds} |"


def found(store: Path) -> Iterator[str]:
    """Yield what was put in beside what the store says."""
    tables = StoreTables(store)
    models = pd.read_parquet(store / "models.parquet")

    def row(entity: str, outcome: str, term: str) -> pd.Series:
        mine = models[
            (models["entity"] == entity) & (models["outcome"] == outcome) & (models["term"] == term)
        ]
        return mine.iloc[0]

    yield "| | put in | found | 95 % interval | holds it |\n|---|---|---|---|---|"
    for k, dyad in enumerate(DYADS):
        for term, truth in (("edge", EDGE), ("movement", KNOWN.edge_slopes[k])):
            r = row(f"C{dyad[1:]}", "tolerated_upper", term)
            yield line(f"{dyad} {term} [SD]", truth, r["estimate"], r["ci_low"], r["ci_high"])
        if KNOWN.lags[k]:  # where nobody leads, no lag is given
            r = row(dyad, "sync_hr_lag", "lag")
            yield line(
                f"{dyad} lag of heart rate [s]", KNOWN.lags[k], r["estimate"], r["ci_low"], r["ci_high"]
            )
        _, _, whole = returning.own_page(tables, f"T{dyad[1:]}")
        yield line(
            f"{dyad} median until answered [s]", KNOWN.latencies[k], whole.median, whole.low, whole.high
        )
    for k, dyad in enumerate(DYADS):
        tally = {t: row(dyad, "sync_hr_lead", t)["estimate"] for t in (*LEADERS.values(), "no_clear_leader")}
        yield f"{dyad}, put in {LEADERS[float(np.sign(KNOWN.lags[k]))]}: " + ", ".join(
            f"{name} {count:.0f}" for name, count in tally.items()
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="Where recordings, store and own pages stay.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="known-") as place:
        base = given.keep or Path(place)
        (base / "recordings").mkdir(parents=True, exist_ok=True)
        write(base / "recordings", given.seed, given.minutes)
        print(attune(base / "recordings", "--out", base / "store", "--jobs", str(given.jobs)))
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{used.ru_utime + used.ru_stime:.0f} CPU s, store, models and report")
        for dyad in DYADS:
            print(attune("--out", base / "store", "--own-page", f"T{dyad[1:]}", base / f"T{dyad[1:]}"))
        print("\n".join(found(base / "store")))


if __name__ == "__main__":
    main()

"""What whole sessions state that hold nothing, and what they find: recordings through pipeline and metrics.

    OPENBLAS_NUM_THREADS=1 nice python -m benchmarks.whole_sessions [--n 100] [--seed 1] [--set share=0.3 …]

Each session is a simulated recording of 50 min of two people of its own (`acquisition.simulation.hard`: a
therapist who answers the client's state, bouts of marks, own speech that moves heart and skin, 15 common
events marked), read and computed as `attune process` does. Printed as Markdown, in %, every ten sessions.
`play_humor` marks the common events, which do push both people; `int_support` does nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from acquisition.simulation.dyad import simulated_streams
from acquisition.simulation.hard import Hard
from acquisition.simulation.hard_session import _changed, write_hard_session
from acquisition.stream import Modality
from processing.config import PipelineConfig
from processing.indices import SIGNALS
from processing.metrics.session_metrics import Hour
from processing.results.session_run import SessionRun, run_recording

TESTED = tuple(name for name, rule in SIGNALS.items() if not rule.untested)
STREAMS = tuple(s for s in simulated_streams() if s.modality is not Modality.RESP)
ENDS = ("p", "stated", "lead", "used_pct", "raw_p", "agree_pct")


def of_hour(hour: Hour) -> dict[str, float]:
    """Return what the whole hour says of coupling, and of each tested response."""
    found = {m.metric: m.value for m in hour.measures["dyad"]}
    out = {f"{s}_{end}": found.get(f"sync_{s}_{end}", np.nan) for s in TESTED for end in ENDS}
    for r in hour.responses:
        if r.tested:
            out |= {f"response_{r.entity}_{r.signal}_{r.code}": r.effect.p}
            out |= {f"fdr_{r.entity}_{r.signal}_{r.code}": r.p_fdr}
            out |= {f"effect_{r.entity}_{r.signal}_{r.code}": r.effect.value}
    return out


def of_looks(run: SessionRun) -> dict[str, float]:
    """Return whether any look stated the coupling of a signal, and whether one named a leader."""
    out = {}
    for s in TESTED:
        for end in ("stated", "lead"):
            values = np.array([r.value for r in run.samples if r.index == f"sync_{s}_{end}"])
            out[f"live_{s}_{end}"] = float(np.any(np.abs(values[np.isfinite(values)]) > 0.0))
    return out


def session(seed: int, hard: Hard) -> dict[str, float]:
    """Return what one session says."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_hard_session(Path(folder), seed, hard, STREAMS)
        run = run_recording(path, config=PipelineConfig())
        return of_hour(run.hour()) | of_looks(run)


def share(rows: list[dict[str, float]], key: str, most: float) -> str:
    """Return how many of the sessions with a value have at most so much [%], and how many these are."""
    values = np.array([row.get(key, np.nan) for row in rows])
    known = values[np.isfinite(values)]
    return f"{100 * np.mean(known <= most):.1f} of {len(known)}" if len(known) else "–"


def report(rows: list[dict[str, float]]) -> None:
    """Print the tables."""
    titles = (
        "signal",
        "p ≤ .05",
        "stated, whole hour",
        "stated, any look",
        "leader",
        "raw p ≤ .05",
        "hour used",
    )
    print(f"| {' | '.join(titles)} | settings agree |\n{'|---' * 8}|")
    for s in TESTED:
        get = {end: np.array([row[f"{s}_{end}"] for row in rows]) for end in ENDS}
        live = np.mean([row[f"live_{s}_stated"] for row in rows])
        led = get["lead"][np.isfinite(get["lead"]) & (get["lead"] != 0.0)]
        print(
            f"| {SIGNALS[s].title} | {share(rows, f'{s}_p', 0.05)} | {100 * np.nanmean(get['stated']):.1f} "
            f"| {100 * live:.1f} | {len(led)}, of these the therapist {np.count_nonzero(led > 0)} "
            f"| {share(rows, f'{s}_raw_p', 0.05)} | {np.nanmean(get['used_pct']):.0f} % "
            f"| {np.nanmean(get['agree_pct']):.0f} % |"
        )
    whole = np.mean([any(row[f"{s}_stated"] == 1.0 for s in TESTED) for row in rows])
    looks = np.mean([any(row[f"live_{s}_stated"] == 1.0 for s in TESTED) for row in rows])
    print(f"\nany coupling stated: whole hour {100 * whole:.1f} %, any look {100 * looks:.1f} %")
    for code in ("int_support", "play_humor"):
        mine = [[v for k, v in row.items() if k.startswith("fdr_") and k.endswith(code)] for row in rows]
        some = np.mean([any(v <= 0.05 for v in each) for each in mine])
        print(f"any response to {code} stated (adjusted): {100 * some:.1f} % of {len(rows)} sessions")
    print()
    print("| response | stated sessions | p ≤ .05, % | mean effect |\n|---|---|---|---|")
    for key in sorted({k for row in rows for k in row if k.startswith("response_")}):
        effects = np.array([row.get(key.replace("response_", "effect_", 1), np.nan) for row in rows])
        hits = share(rows, key, 0.05).split(" of ")
        print(f"| {key.removeprefix('response_')} | {hits[1]} | {hits[0]} | {np.nanmean(effects):+.2f} |")


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="Of the first session; each has the next one.")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    hard, rows = _changed(Hard(), given.settings), []
    for seed in range(given.seed, given.seed + given.n):
        rows.append(session(seed, hard))
        if len(rows) % 10 == 0 or len(rows) == given.n:
            what = " ".join(given.settings) or "as they are"
            print(f"\n{len(rows)} sessions from seed {given.seed}, {what}\n", flush=True)
            report(rows)


if __name__ == "__main__":
    main()

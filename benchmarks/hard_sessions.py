"""What is found wrongly, and what is found, in whole simulated sessions that are hard to infer from.

python -m benchmarks.hard_sessions [--n 100] [--seed 1000] [--minutes 50] [--kind
null|effect|coupled|unmarked]

Each session goes the whole way: samples, recording, pipeline, metrics (`acquisition.simulation.hard`). The
therapist answers the client's state, sometimes in bouts; people take long turns and speech moves heart and
skin; both live through 15 events, which are marked (kind "unmarked": they are not). Nothing has an effect and
nobody is coupled, except: kind "effect" lowers the client's index by 1 SD with each mark, kind "coupled"
couples them with share 0.3, the client 2 s (EDA: 3 s) behind.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from acquisition.simulation.dyad import simulated_streams
from acquisition.simulation.hard import Hard
from acquisition.simulation.hard_session import write_hard_session
from acquisition.stream import Modality
from processing.config import PipelineConfig
from processing.metrics.session_metrics import Hour
from processing.results.session_run import run_recording

PAST = 12.0
BASE = Hard(reactive=0.9, bouts=0.1, support=24.0)
KINDS = {
    "null": BASE,
    "effect": replace(BASE, effect=-1.0),
    "coupled": replace(BASE, share=0.3),
    "unmarked": replace(BASE, common_marked=False),
}
SIGNALS = ("arousal", "hr", "scl", "lnrmssd")
COUPLED = ("hr", "scl", "sclslope")
STREAMS = tuple(s for s in simulated_streams() if s.modality is not Modality.RESP)


def value(hour: Hour, entity: str, metric: str) -> float:
    """Return the value of a metric; nan without."""
    found = hour.value(entity, metric)
    return math.nan if found is None else found.value


def counted(hour: Hour, seen: Counter[str]) -> None:
    """Count what one session states."""
    for signal in SIGNALS:
        for what in ("p", "p_fdr"):
            p = value(hour, "client", f"response_{signal}_int_support_{what}")
            if math.isfinite(p):
                seen[f"{signal} tested {what}"] += 1
                seen[f"{signal} found {what}"] += p <= 0.05
    stated = {s: value(hour, "dyad", f"sync_{s}_stated") for s in COUPLED}
    if any(math.isfinite(v) for v in stated.values()):
        seen["coupling judged"] += 1
        seen["coupling any"] += any(v == 1.0 for v in stated.values())
    for signal, said in stated.items():
        seen[f"{signal} judged"] += math.isfinite(said)
        seen[f"{signal} stated"] += said == 1.0
        lead = value(hour, "dyad", f"sync_{signal}_lead")
        if said == 1.0 and math.isfinite(lead):
            seen[f"{signal} lead named"] += 1
            seen[f"{signal} therapist leads"] += lead == 1.0


def share(seen: Counter[str], part: str, whole: str) -> str:
    """Return a share in words."""
    n = seen[whole]
    return f"{100.0 * seen[part] / n:.1f} % of {n}" if n else "none"


def told(seen: Counter[str], n: int, kind: str) -> None:
    """Print what was found of the sessions so far."""
    print(f"{n} sessions, kind {kind}")
    for signal in SIGNALS:
        each = share(seen, f"{signal} found p", f"{signal} tested p")
        fdr = share(seen, f"{signal} found p_fdr", f"{signal} tested p_fdr")
        print(f"  response of {signal} to int_support: p ≤ .05 in {each} tested; adjusted in {fdr}")
    print(f"  any coupling stated: {share(seen, 'coupling any', 'coupling judged')}")
    for signal in COUPLED:
        stated = share(seen, f"{signal} stated", f"{signal} judged")
        lead = share(seen, f"{signal} therapist leads", f"{signal} lead named")
        print(f"  {signal} stated: {stated}; the therapist leads in {lead} with a lead")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--kind", choices=tuple(KINDS), default="null")
    given = parser.parse_args()
    hard = replace(KINDS[given.kind], minutes=given.minutes - PAST)
    seen: Counter[str] = Counter()
    for k in range(given.n):
        with tempfile.TemporaryDirectory() as folder:
            path = write_hard_session(Path(folder), given.seed + k, hard, STREAMS)
            counted(run_recording(path, config=PipelineConfig()).hour(), seen)
        if (k + 1) % 10 == 0 or k + 1 == given.n:
            told(seen, k + 1, given.kind)


if __name__ == "__main__":
    main()

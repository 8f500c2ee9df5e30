"""Edges over sessions: how far each scaling is off, and whether intervals of the joint logit hold.

python -m benchmarks.edges [--people 60] [--sets 400] [--seed 1]

Simulated people come on several days, each with an offset of heart rate (SD 4 bpm) and skin conductance level
(SD 20 %). Their true edge is fixed in SD of their own rests; labels tell on which side of it they were. The
first table says how far the edge of a day, estimated from 40 labels, lies from the truth in each scaling: the
person's reference from the day before alone, or from all days, which widens its ruler by the offsets. The
second, on labels drawn directly, says how often 95 % intervals of edge and movement hold.
"""

from __future__ import annotations

import argparse
import math
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from acquisition.stream import FloatArray
from processing.across.joint_logit import joint_logit
from processing.arousal.anchoring import anchored
from processing.arousal.band import ArousalConfig, Scale, index_series
from processing.arousal.baseline import Baseline, Reference, pool
from processing.metrics.tolerated import Labels, edge

CONFIG = ArousalConfig()
CHANNELS = ("hr", "scl", "scr")
MEMORY = {"hr": 15.0, "scl": 90.0, "scr": 40.0}
"""Correlation time of each channel [s]."""
OFFSETS = {"hr": 4.0, "scl": 0.2, "scr": 0.0}
"""SD of a day's offset [bpm, ln µS, √(1/min)]."""
TYPICAL = {"hr": (70.0, 4.0), "scl": (1.5, 0.1), "scr": (2.0, 0.5)}
"""Centre and spread of a person at rest; people differ in spread by 25 %."""
NAMES = ("session", "person, one day before", "person, all days", "anchored, all days")
FLOORS = {c: getattr(CONFIG, f"floor_{c}") for c in CHANNELS}
DAYS, EDGE, STEEP, LABELS = 8, 1.5, 2.5, 40
Channels = dict[str, FloatArray]


def wandering(n: int, tau: float, rng: np.random.Generator) -> FloatArray:
    """Return first-order noise of variance 1 at 1 Hz."""
    keep = math.exp(-1.0 / tau)
    noise = rng.standard_normal(n) * math.sqrt(1.0 - keep**2)
    out = np.empty(n)
    value = float(rng.standard_normal())
    for i, e in enumerate(noise.tolist()):
        value = keep * value + e
        out[i] = value
    return out


def day(spread: dict[str, float], rng: np.random.Generator) -> tuple[Channels, Channels, dict[str, Scale]]:
    """Return a rest of five minutes, an hour that goes up and down, and the truth of that day."""
    centre = {c: TYPICAL[c][0] + OFFSETS[c] * float(rng.standard_normal()) for c in CHANNELS}
    rest = {c: centre[c] + spread[c] * wandering(300, MEMORY[c], rng) for c in CHANNELS}
    push = 1.2 + 1.3 * wandering(3000, 60.0, rng)
    hour = {c: centre[c] + spread[c] * (push + 0.7 * wandering(3000, MEMORY[c], rng)) for c in CHANNELS}
    return rest, hour, {c: Scale(centre[c], max(spread[c], FLOORS[c])) for c in CHANNELS}


def errors_of_person(rng: np.random.Generator) -> dict[str, list[float]]:
    """Return the errors of each day's edge [SD of the person's true rest] by scaling."""
    spread = {c: TYPICAL[c][1] * float(np.exp(0.25 * rng.standard_normal())) for c in CHANNELS}
    days = [day(spread, rng) for _ in range(DAYS)]
    rests = [Baseline(code="baseline_rest", start=0.0, stop=300.0, values=r) for r, _, _ in days]
    sessions = [Reference.of([r], [], CONFIG) for r in rests]
    person = pool(sessions, CONFIG)
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for k, (rest, session, (_, hour, truth)) in enumerate(zip(rests, sessions, days, strict=True)):
        true = index_series(hour, truth, CHANNELS, CONFIG)
        at = rng.integers(60, 3000, LABELS)
        over = rng.random(LABELS) < 1.0 / (1.0 + np.exp(-STEEP * (true[at] - EDGE)))
        codes = tuple("felt_over" if o else "felt_ok" for o in over)
        references = (session, sessions[k - 1], person, anchored([rest], [], person, CONFIG))
        for name, reference in zip(NAMES, references, strict=True):
            seen = index_series(hour, reference.scales, CHANNELS, CONFIG)
            value = edge(Labels(arousal=seen[at], codes=codes), "felt_over").value
            if math.isfinite(value):
                found[name].append(value - EDGE)
    return found


def scalings(people: int, rng: np.random.Generator) -> None:
    """Print how far edges are off, and how much they differ between days of one person."""
    errors: dict[str, list[float]] = {name: [] for name in NAMES}
    within: dict[str, list[float]] = {name: [] for name in errors}
    for _ in range(people):
        for name, found in errors_of_person(rng).items():
            errors[name] += found
            within[name] += (np.array(found) - np.mean(found)).tolist()
    print("| scaling | RMSE of a day's edge [SD] | SD between days of one person [SD] | edges |")
    print("|---|---|---|---|")
    for name, found in errors.items():
        rms, between = (math.sqrt(float(np.mean(np.square(x)))) for x in (found, within[name]))
        print(f"| {name} | {rms:.2f} | {between * math.sqrt(DAYS / (DAYS - 1)):.2f} | {len(found)} |")


ROWS = (
    (4, 20, 0.0, 0.3, 2.0),
    (8, 16, 0.0, 0.0, 2.0),
    (8, 16, 0.5, 0.0, 2.0),
    (8, 20, 0.3, 0.3, 1.0),
    (12, 16, 0.5, 0.1, 2.0),
    (16, 12, 0.5, 0.3, 2.0),
)
"""Sessions, labels in each, SD by which the edge wanders, its movement a session, steepness of the curve."""


def joint(sets: int, rng: np.random.Generator) -> None:
    """Print how often the intervals of the joint logit hold."""
    print("| sessions × labels | wander, movement [SD] | steepness | movement, edge held | bias | found |")
    print("|---|---|---|---|---|---|")
    for s, n, wander, move, steep in ROWS:
        session = np.repeat(np.arange(1.0, s + 1.0), n)
        held, edges, values, seen = [], [], [], 0
        for _ in range(sets):
            a = 1.0 + 1.5 * rng.standard_normal(s * n)
            true = 1.8 + move * (session - session.mean()) + np.repeat(wander * rng.standard_normal(s), n)
            far = (rng.random(s * n) < 1.0 / (1.0 + np.exp(-steep * (a - true)))).astype(float)
            found = joint_logit(a, far, session, 1.0)
            held.append(not (found.trend_ends[0] > move or found.trend_ends[1] < move))
            edges.append(not (found.edge_ends[0] > 1.8 or found.edge_ends[1] < 1.8))
            values.append(found.trend)
            seen += found.trend_ends[0] > 0.0 or found.trend_ends[1] < 0.0
        print(
            f"| {s} × {n} | {wander:g}, {move:g} | {steep:g} | {100 * np.mean(held):.1f}, "
            f"{100 * np.mean(edges):.1f} % | {np.mean(values) - move:+.3f} | {100 * seen / sets:.0f} % |"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    scalings(given.people, rng)
    print()
    joint(given.sets, rng)


if __name__ == "__main__":
    main()

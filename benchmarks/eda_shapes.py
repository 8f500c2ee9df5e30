"""Skin conductance of other shapes and faults than those the detector was made on, beside NeuroKit2.

    python -m benchmarks.eda_shapes [--recordings 3] [--alone] [--kinds KIND ...]

Each kind changes one thing: the shape of responses (difference of two exponentials), their size, the level's
course, noise, quantisation, the rate, movements. 15 minutes each at about 10 responses a minute, strict
truth (`benchmarks.eda_signals`), onsets within 1.5 s. The peer is NeuroKit2's high-pass with the same
absolute threshold, its best variant. Level: bias against the true one [µS].
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass, replace

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.eda import Finder, neurokit
from benchmarks.eda import ours as found_by_us
from benchmarks.eda_signals import RATE, Simulated, f1, matches
from benchmarks.eda_signals import simulate as usual
from processing.skin.eda import tonic_level

SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Hold what one kind of signal is made of; times in s, sizes in µS."""

    sfreq: float = 25.0
    rate: float = 10.0
    rise: float = 0.75
    decay: float = 3.0
    spread: float = 0.25
    sizes: tuple[float, float] = (0.05, 1.0)
    noise: float = 0.003
    quantum: float = 0.0
    level: str = "still"
    movement: str = ""
    movements: float = 1.0
    edge: float = 1.0
    ceiling: float = np.inf


PLAIN = Kind()
KINDS = {
    "plain": PLAIN,
    "the usual shapes": replace(PLAIN, rise=0.0),
    "quick, 0.3 / 1.5 s": replace(PLAIN, rise=0.3, decay=1.5),
    "slow rise, 1.5 / 4 s": replace(PLAIN, rise=1.5, decay=4.0),
    "slow decay, 0.75 / 10 s": replace(PLAIN, decay=10.0),
    "very slow decay, 1 / 20 s": replace(PLAIN, rise=1.0, decay=20.0),
    "4 a minute": replace(PLAIN, rate=4.0),
    "20 a minute": replace(PLAIN, rate=20.0),
    "small, 0.05-0.1 µS": replace(PLAIN, sizes=(0.05, 0.1)),
    "large, 0.5-4 µS": replace(PLAIN, sizes=(0.5, 4.0)),
    "warming, 3 µS in 15 min": replace(PLAIN, level="warming"),
    "drying, falls by half": replace(PLAIN, level="drying"),
    "level of 0.4 µS": replace(PLAIN, level="low", sizes=(0.05, 0.3)),
    "level of 35 µS": replace(PLAIN, level="high"),
    "breathing in the level": replace(PLAIN, level="breathing"),
    "noise 0.01 µS": replace(PLAIN, noise=0.01),
    "noise 0.02 µS": replace(PLAIN, noise=0.02),
    "steps of 0.01 µS": replace(PLAIN, quantum=0.01, noise=0.001),
    "wrist, 4 Hz, steps of 0.01 µS": replace(PLAIN, sfreq=4.0, quantum=0.01, noise=0.005),
    "steps of 0.05 µS": replace(PLAIN, quantum=0.05, noise=0.001),
    "1 Hz": replace(PLAIN, sfreq=1.0),
    "2 Hz": replace(PLAIN, sfreq=2.0),
    "4 Hz": replace(PLAIN, sfreq=4.0),
    "8 Hz": replace(PLAIN, sfreq=8.0),
    "15 Hz": replace(PLAIN, sfreq=15.0),
    "32 Hz": replace(PLAIN, sfreq=32.0),
    "128 Hz": replace(PLAIN, sfreq=128.0),
    "1000 Hz": replace(PLAIN, sfreq=1000.0),
    "steps": replace(PLAIN, movement="step"),
    "spikes": replace(PLAIN, movement="spike"),
    "losses of contact": replace(PLAIN, movement="loss"),
    "pressure, 1 s ramps": replace(PLAIN, movement="ramp"),
    "pressure, 0.3 s ramps": replace(PLAIN, movement="ramp", edge=0.3),
    "pressure, 0.5 s ramps": replace(PLAIN, movement="ramp", edge=0.5),
    "steps, 4 Hz": replace(PLAIN, movement="step", sfreq=4.0),
    "spikes, 4 Hz": replace(PLAIN, movement="spike", sfreq=4.0),
    "pressure, 4 Hz": replace(PLAIN, movement="ramp", sfreq=4.0),
    "steps, 5 a minute": replace(PLAIN, movement="step", movements=5.0),
    "warming, 0.02 µS/s": replace(PLAIN, level="hot"),
    "paced breath, 0.12 Hz, 0.1 µS": replace(PLAIN, rate=2.0, level="paced"),
    "the same, 4 Hz": replace(PLAIN, rate=2.0, level="paced", sfreq=4.0),
    "slow dips, 4 Hz": replace(PLAIN, rate=4.0, movement="slow dip", movements=2.0, sfreq=4.0),
    "slow swells, 4 Hz": replace(PLAIN, rate=4.0, movement="slow swell", movements=2.0, sfreq=4.0),
    "steps of 0.1 µS": replace(PLAIN, quantum=0.1, noise=0.04),
    "3 Hz": replace(PLAIN, sfreq=3.0),
    "cut off 0.5 µS over the level": replace(PLAIN, ceiling=6.65),
}


def phasic(rng: np.random.Generator, kind: Kind) -> FloatArray:
    """Return the sum of responses, each a difference of exponentials, log-uniform in size."""
    out = np.zeros(int(SECONDS * RATE))
    at = 3.0
    low, high = np.log(kind.sizes)
    while (at := at + 0.8 + rng.exponential(max(60.0 / kind.rate - 0.8, 0.05))) < SECONDS - 20.0:
        rise, decay = (v * np.exp(kind.spread * rng.standard_normal()) for v in (kind.rise, kind.decay))
        t = np.arange(min(int(8 * decay * RATE), len(out) - int(at * RATE))) / RATE
        shape = np.exp(-t / decay) - np.exp(-t / rise)
        out[int(at * RATE) : int(at * RATE) + len(t)] += np.exp(rng.uniform(low, high)) * shape / shape.max()
    return out


def tonic(rng: np.random.Generator, kind: Kind) -> FloatArray:
    """Return the level."""
    t = np.arange(int(SECONDS * RATE)) / RATE
    wave = 0.15 * np.sin(2 * np.pi * t / rng.uniform(200.0, 500.0) + rng.uniform(0, 6))
    base = {"low": 0.4, "high": 35.0}.get(kind.level, 6.0)
    if kind.level == "warming":
        wave = wave + 3.0 * t / SECONDS
    elif kind.level == "drying":
        wave = wave - 0.5 * base * (1.0 - np.exp(-t / 300.0))
    elif kind.level == "hot":
        wave = wave + 0.02 * t
    elif kind.level == "paced":
        wave = wave + 0.1 * np.sin(2 * np.pi * 0.12 * t)
    elif kind.level == "breathing":
        wave = wave + 0.01 * np.sin(2 * np.pi * 0.25 * t + np.sin(0.05 * t))
    return np.asarray(base + (0.2 if kind.level == "low" else 1.0) * wave)


def movements(rng: np.random.Generator, kind: Kind) -> FloatArray:
    """Return what movements add: steps, spikes of 0.1-0.4 s, losses of contact, ramps up or down, and slow
    dips and swells of 2-5 s."""
    out = np.zeros(int(SECONDS * RATE))
    for _ in range(int(kind.movements * SECONDS / 60) if kind.movement else 0):
        at, size = int(rng.uniform(5, SECONDS - 20) * RATE), rng.uniform(0.1, 1.0) * rng.choice([-1, 1])
        if kind.movement == "step":
            out[at : at + int(rng.uniform(5, 40) * RATE)] += size
        elif kind.movement == "spike":
            out[at : at + int(rng.uniform(0.1, 0.4) * RATE)] += 2.0 * size
        elif kind.movement.startswith("slow"):
            length = int(rng.uniform(2.0, 5.0) * RATE)
            bump = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))[: len(out) - at]
            sign = 1.0 if kind.movement == "slow swell" else -1.0
            out[at : at + len(bump)] += sign * (0.08 + 0.3 * abs(size)) * bump
        elif kind.movement == "loss":
            out[at : at + int(rng.uniform(1.0, 5.0) * RATE)] = -100.0
        else:
            stays = np.ones(int(rng.uniform(2, 15) * RATE))
            edge = 0.5 - 0.5 * np.cos(np.pi * np.arange(kind.edge * RATE) / (kind.edge * RATE))
            bump = np.concatenate((edge, stays, edge[::-1]))[: len(out) - at]
            out[at : at + len(bump)] += size * bump
    return out


def simulate(kind: Kind, seed: int) -> tuple[FloatArray, Simulated]:
    """Return the recorded EDA [µS] and the parts it is made of."""
    rng = np.random.default_rng(seed)
    if kind.rise == 0.0:
        parts = usual(seed + 50_000, kind.rate, SECONDS)
    else:
        parts = Simulated(
            seed=seed, tonic=tonic(rng, kind), phasic=phasic(rng, kind), artefact=movements(rng, kind)
        )
    total = parts.tonic + parts.phasic + parts.artefact
    steps = max(1, round(RATE / kind.sfreq))
    means = np.convolve(total, np.ones(steps) / steps, "same") if steps > 1 else total
    at = np.arange(int(SECONDS * kind.sfreq)) / kind.sfreq
    eda = np.interp(at, np.arange(len(means)) / RATE, means)
    eda = np.maximum(eda, 0.0) + kind.noise * rng.standard_normal(len(eda))
    eda = np.minimum(eda, kind.ceiling)
    return (np.round(eda / kind.quantum) * kind.quantum if kind.quantum else eda), parts


def row(kind: Kind, n: int, peer: Finder | None) -> str:
    """Return the cells of one kind."""
    counts: dict[str, list[tuple[int, int, int]]] = {"ours": [], "peer": []}
    errors = []
    for seed in range(n):
        eda, parts = simulate(kind, seed)
        true = parts.truth()[0]
        finders: dict[str, Finder | None] = {"ours": found_by_us, "peer": peer}
        for name, find in finders.items():
            if find is not None:
                found = find(eda, int(kind.sfreq))
                counts[name].append((matches(found, true), len(found), len(true)))
        times, level = tonic_level(eda, kind.sfreq)
        late = times > 60.0
        errors.append(level[late] - np.interp(times[late], np.arange(len(parts.tonic)) / RATE, parts.tonic))
    matched, found_n, true_n = np.sum(counts["ours"], axis=0).tolist()
    off = np.concatenate(errors)
    cells = f"{f1(counts['ours']):5.1f} | {100 * matched / max(1, true_n):5.1f} | "
    cells += f"{100 * matched / max(1, found_n):5.1f} | "
    cells += f"{f1(counts['peer']):5.1f} | " if peer else "  –   | "
    return cells + f"{np.nanmean(off):+.3f} | {np.nanstd(off):.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="leave out NeuroKit2")
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=tuple(KINDS))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| kind | F1 % | found % | right % | peer F1 % | level bias µS | sd |")
    print("|---|---|---|---|---|---|---|")
    for name in options.kinds:
        kind = KINDS[name]
        peer = None if options.alone or kind.sfreq < 4 or kind.sfreq > 200 else neurokit("highpass", True)
        print(f"| {name:30} | {row(kind, options.recordings, peer)} |", flush=True)


if __name__ == "__main__":
    main()

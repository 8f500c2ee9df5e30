"""What is said among swings of one frequency and between spikes of one sample.

    python -m benchmarks.eda_swings [--seed 66] [--recordings 4]

Fifteen minutes of simulated skin each at 4.7 responses a minute: with pulses of 0.04-0.12 µS, with an alias
of the mains of 0.03-0.12 µS at 0.15-2 Hz, with a cable that each breath tugs upwards by 0.05-0.3 µS, and with
upward spikes of 0.1-2 µS every 5-9 s. Printed are how many response rates have a quality of 0.5 or more, and
the responses missed and false (1.5 s), of all.
"""

from __future__ import annotations

import argparse

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.eda_faults import between
from benchmarks.eda_gaps import RATE, RATES, SECONDS, rows
from benchmarks.eda_signals import matches, simulate

KINDS = ("clean", "pulse", "mains", "tugs", "spikes")


def added(rng: np.random.Generator, t: FloatArray, kind: str) -> FloatArray:
    """Return what is added to a signal [µS]."""
    sfreq = 1.0 / (t[1] - t[0])
    if kind == "pulse":
        place = np.cumsum(1.0 + 0.05 * np.sin(1.6 * t)) * rng.uniform(0.9, 1.5) / sfreq % 1.0
        return np.asarray(rng.uniform(0.04, 0.12) * np.exp(-0.5 * ((place - 0.3) / 0.1) ** 2))
    if kind == "mains":
        alias = min(between(rng, 0.15, 2.0), sfreq / 2.2)
        return np.asarray(rng.uniform(0.03, 0.12) * np.sin(2.0 * np.pi * (alias * t + rng.random())))
    if kind == "tugs":
        pace = np.exp(0.05 * rng.standard_normal(len(t))) / rng.uniform(3.0, 6.0) / sfreq
        place, width = np.cumsum(pace) % 1.0, rng.uniform(0.15, 0.4)
        size = between(rng, 0.05, 0.3)
        return np.asarray(size * np.where(place < width, np.sin(np.pi * place / width) ** 2, 0.0))
    out, at = np.zeros(len(t)), rng.uniform(1.0, 5.0)
    while kind == "spikes" and at < SECONDS - 1.0:
        out[int(at * sfreq)] += between(rng, 0.1, 2.0)
        at += rng.uniform(5.0, 9.0)
    return out


def row(kind: str, sfreq: int, recordings: int, seed: int) -> str:
    """Return a row of the table."""
    given = of = hits = found = true = 0
    for k in range(recordings):
        rng = np.random.default_rng((seed, k, sfreq))
        skin = simulate(100 * seed + k, RATE, float(SECONDS))
        x = skin.sampled(sfreq)[: SECONDS * sfreq]
        t = np.arange(len(x)) / sfreq
        out = rows(t, x + added(rng, t, kind), float(sfreq))
        rates = [r for r in out if r.index == "scr_rate"]
        given += sum(r.value == r.value and r.quality >= 0.5 for r in rates)
        of += len(rates)
        onsets = np.array([r.value for r in out if r.index == "scr_onset" and r.quality >= 0.5])
        there = skin.truth()[0]
        hits += matches(onsets, there)
        found, true = found + len(onsets), true + len(there)
    shares = (given / max(of, 1), 1.0 - hits / max(true, 1), 1.0 - hits / max(found, 1))
    return f"| {kind} | {sfreq} | {' | '.join(f'{100 * share:.1f}' for share in shares)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=66)
    parser.add_argument("--recordings", type=int, default=4)
    options = parser.parse_args()
    print("| | Hz | rates of good quality % | missed % | false % |\n|---|---|---|---|---|")
    for kind in KINDS:
        for sfreq in RATES:
            print(row(kind, sfreq, options.recordings, options.seed), flush=True)


if __name__ == "__main__":
    main()

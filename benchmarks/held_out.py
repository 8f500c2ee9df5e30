"""Seek the detector's weights on four records and judge them on the fifth, each in turn.

    python -m benchmarks.held_out [--passes 2] [--seeds 1] [--only mitdb_106]

All weights are thrown about at random (log-normal, sd 0.4), then sought anew by a coordinate search (each
up or down by a quarter, less in later passes) for the mean F1 at ± 150 ms on minutes 2-4 of the other four
records, plain and made harder (electrode motion at 6 dB, white noise at 6 dB, tall P waves, gain steps), and
judged on minutes 6-30 of the record held out, the harder variants on 2-5 of them. The candidates are measured
once, since no weight acts on them. The rules beside the weights are as shipped. Five minutes of CPU a seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.ecg import RECORDS, Case, electrode_motion, f1, load, noisy
from processing.heart.rpeaks_evidence import WEIGHTS, Weights
from processing.heart.rpeaks_front import Candidates, FrontEnd
from processing.heart.rpeaks_path import Path

NAMES = RECORDS[:5]
CAPS = ("alike", "clear", "height_cap", "contrast_cap", "low", "threshold", "unlike", "slope_free", "spread")
"""Weights that are places or limits: thrown about and moved half as far."""


class Measured(NamedTuple):
    """Hold a case whose candidates are known."""

    case: Case
    front: FrontEnd
    found: Candidates


def measured(case: Case) -> Measured:
    """Return a case with its candidates."""
    front = FrontEnd(case[1])
    return Measured(case, front, front.push(case[0]))


def score(item: Measured, weights: Weights) -> float:
    """Return F1 [%] at ± 150 ms; places are not refined to a fraction of a sample."""
    front = item.front
    decided = Path(front.rate, weights).push(
        item.found, front.look, front.count, lambda _, __: 0.0, lambda _: False
    )
    times = np.array([(d.place - front.delay) / front.rate for d in decided])
    return f1(times, item.case, 0.15)


def mean(items: Sequence[Measured], weights: Weights) -> float:
    """Return the mean F1 [%]."""
    return float(np.mean([score(item, weights) for item in items]))


def part(case: Case, start: float, stop: float) -> Case:
    """Return the seconds from `start` to `stop`."""
    ecg, sfreq, beats = case
    inside = (beats >= start) & (beats < stop)
    return ecg[round(start * sfreq) : round(stop * sfreq)], sfreq, beats[inside] - start


def tall_p(case: Case) -> Case:
    """Return the record with a P wave of 0.6 of the QRS before every beat."""
    ecg, sfreq, beats = case
    time, out = np.arange(len(ecg)) / sfreq, ecg.copy()
    size = 0.6 * np.median([np.ptp(ecg[max(0, k - 36) : k + 37]) for k in (beats * sfreq).astype(int)])
    for beat in beats:
        near = slice(*np.searchsorted(time, [beat - 0.35, beat]))
        out[near] += size * np.exp(-0.5 * ((time[near] - beat + 0.18) / 0.025) ** 2)
    return out, sfreq, beats


def gain_steps(case: Case, rng: np.random.Generator) -> Case:
    """Return the record with another gain every 20 s."""
    ecg, sfreq, beats = case
    gains = np.exp(0.5 * rng.standard_normal(len(ecg) // round(20 * sfreq) + 1))
    return ecg * np.repeat(gains, round(20 * sfreq))[: len(ecg)], sfreq, beats


def harder(case: Case, motion: FloatArray, rng: np.random.Generator) -> list[Measured]:
    """Return the variants that weights are sought on."""
    short = part(case, 60.0, 240.0)
    white = rng.standard_normal(len(motion))
    cases = [short, tall_p(part(case, 60.0, 180.0)), gain_steps(part(case, 60.0, 180.0), rng)]
    cases += [noisy(shifted(case), noise, 6.0) for noise in (motion, white)]
    return [measured(c) for c in cases]


def shifted(case: Case) -> Case:
    """Return the record so that `noisy` takes minutes 2-4 of it, not 6-7."""
    ecg, sfreq, beats = case
    start = 240.0
    pad = np.zeros(round(start * sfreq))
    return np.concatenate((pad, ecg)), sfreq, beats + start


def judged(case: Case, motion: FloatArray) -> dict[str, Measured]:
    """Return what the record held out is judged on."""
    later = part(case, 300.0, 1800.0)
    cases = {"plain": later, "tall P": tall_p(part(case, 600.0, 900.0))}
    for decibels in (6.0, 0.0):
        cases[f"motion {decibels:.0f} dB"] = noisy(later, motion, decibels)
    return {name: measured(c) for name, c in cases.items()}


def thrown(rng: np.random.Generator) -> Weights:
    """Return weights thrown about at random."""
    far = [0.4 * (0.5 if name in CAPS else 1.0) for name in Weights._fields]
    return Weights(*(np.array(WEIGHTS) * np.exp(np.array(far) * rng.standard_normal(len(far)))).tolist())


def sought(items: Sequence[Measured], weights: Weights, passes: int) -> Weights:
    """Return the weights that a coordinate search finds."""
    best = mean(items, weights)
    for k in range(passes):
        for name in Weights._fields:
            far = 0.25 / (1 + k) * (0.5 if name in CAPS else 1.0)
            for factor in (1.0 + far, 1.0 / (1.0 + far)):
                tried = weights._replace(**{name: getattr(weights, name) * factor})
                value = mean(items, tried)
                if value > best:
                    best, weights = value, tried
                    break
    return weights


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="records to hold out")
    options = parser.parse_args()
    motion = electrode_motion()
    records = {name: load(name) for name in NAMES}
    sets = {n: harder(c, motion, np.random.default_rng(k)) for k, (n, c) in enumerate(records.items())}
    print("| held out | weights | on the other four | plain | motion 6 dB | motion 0 dB | tall P |")
    print("|---|---|---|---|---|---|---|")
    for k, name in enumerate(NAMES):
        if name not in options.only:
            continue
        others = [item for other in NAMES if other != name for item in sets[other]]
        tests = judged(records[name], motion)
        rows = {"shipped": WEIGHTS}
        for seed in range(options.seeds):
            start = thrown(np.random.default_rng((k, seed)))
            rows[f"thrown {seed}"] = start
            rows[f"found anew {seed}"] = sought(others, start, options.passes)
        for kind, weights in rows.items():
            values = [mean(others, weights)]
            values += [score(tests[t], weights) for t in ("plain", "motion 6 dB", "motion 0 dB", "tall P")]
            print(f"| {name[-3:]} | {kind} | " + " | ".join(f"{v:.1f}" for v in values) + " |", flush=True)


if __name__ == "__main__":
    main()

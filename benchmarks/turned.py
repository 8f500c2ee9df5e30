"""RMSSD of quiet hearts that a breath turns: R moves against the beat, in one lead more than in another.

    python -m benchmarks.turned [--hearts 30] [--seed 1]

Simulated hearts of five minutes, each a dipole of three parts that follow each other within 40 ms and point
anywhere, seen by one lead from anywhere. A breath turns the dipole about an axis by some degrees and changes
its size; it moves the intervals, too, by more or less and at any phase. RMSSD is known. Printed are, by true
RMSSD: the windows that have a value at quality 0.5 or better, those over 20 % off, in how many the limits
hold RMSSD of the whole.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.labelled_beats import WINDOW, labelled_rmssd, ours
from benchmarks.labels import Labelled, Labels
from processing.heart.hrv import rmssd

LEVELS = (2.0, 3.0, 5.0, 10.0, 30.0)
"""True RMSSD [ms]."""
SFREQ, LENGTH = 250.0, 300.0
"""Sampling rate [Hz] and length [s] of a heart."""
FAR = 0.2
PARTS = ((-0.020, 0.010), (0.0, 0.011), (0.020, 0.012))
"""When the parts of a dipole are largest, and their sd [s]."""
SIZES = (0.4, 1.2, 0.5)
"""How large they are in the mean [mV]."""
LATE = 0.05
"""An R peak lies at most so far from the beat [s]."""
NOISE = 0.01
"""Of a sample, sd [mV]."""


class Seen(NamedTuple):
    """Hold one heart as a lead sees it: the recording, and its RMSSD [ms]."""

    recording: Labelled
    truth: float


def turned(rng: np.random.Generator, level: float, degrees: float | None = None) -> Seen:
    """Return a heart of an RMSSD of `level` [ms] that a breath turns, by so many degrees if that is told."""
    parts = rng.standard_normal((3, 3)) * np.array(SIZES)[:, None] / np.sqrt(3.0)
    lead, axis = (v / np.linalg.norm(v) for v in rng.standard_normal((2, 3)))
    breath = float(rng.uniform(0.18, 0.32))
    beats = _beats(rng, level, breath)
    swing = np.sin(2 * np.pi * breath * beats)
    drawn = float(rng.uniform(1.0, 8.0))
    angle = np.radians(drawn if degrees is None else degrees) * swing
    size = 1.0 + rng.uniform(0.0, 0.08) * np.sin(2 * np.pi * breath * beats + rng.uniform(0, 2 * np.pi))
    along = parts @ axis * (lead @ axis)
    across = parts @ lead - along
    beside = np.cross(axis, parts) @ lead
    weights = size[:, None] * (along + np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * beside)
    times = np.arange(0.0, LENGTH, 1 / SFREQ)
    ecg = NOISE * rng.standard_normal(len(times))
    for beat, own in zip(beats.tolist(), weights, strict=True):
        near = slice(*np.searchsorted(times, [beat - 0.3, beat + 0.5]))
        u = times[near] - beat
        for (middle, width), part in zip(PARTS, own.tolist(), strict=True):
            ecg[near] += part * np.exp(-0.5 * ((u - middle) / width) ** 2)
        ecg[near] += 0.10 * np.exp(-0.5 * ((u + 0.16) / 0.025) ** 2)
        ecg[near] += 0.25 * np.exp(-0.5 * ((u - 0.28) / 0.04) ** 2)
    labels = Labels(beats, ["N"] * len(beats), np.empty(0), np.empty(0), [])
    return Seen(Labelled("turned", times, SFREQ, {"ecg": ecg}, labels), rmssd(1e3 * np.diff(beats)))


def _beats(rng: np.random.Generator, level: float, breath: float) -> FloatArray:
    mean = float(rng.uniform(0.65, 1.0))
    n = int(LENGTH / mean) - 2
    own = rng.standard_normal(n)
    at = mean * np.arange(n)
    with_breath = np.sin(2 * np.pi * breath * at + rng.uniform(0, 2 * np.pi))
    own, with_breath = (x / np.sqrt(np.mean(np.diff(x) ** 2)) for x in (own, with_breath))
    share = rng.uniform(0.0, 1.0)
    steps = np.sqrt(share) * with_breath + np.sqrt(1 - share) * own
    steps *= level / 1e3 / np.sqrt(np.mean(np.diff(steps) ** 2))
    return np.asarray(0.5 + np.cumsum(mean + steps), np.float64)


def row(level: float, hearts: list[Seen]) -> str:
    """Return one row of the table."""
    counts = np.zeros(4)
    for heart in hearts:
        found, labels = ours(heart.recording), heart.recording.labels
        ends = np.arange(len(found.beats))[::3]
        ends = ends[found.beats[ends] > WINDOW]
        truth = labelled_rmssd(labels.times, labels.names, found.beats[ends] + LATE).rmssd
        given = np.isfinite(found.rmssd[ends]) & np.isfinite(truth)
        off = np.abs(found.rmssd[ends] - truth) > FAR * truth
        held = (found.low[ends] <= heart.truth) & (heart.truth <= found.high[ends])
        counts += [np.isfinite(truth).sum(), given.sum(), (given & off).sum(), (given & held).sum()]
    windows, n, wrong, inside = counts.tolist()
    return f"| {level:g} | {100 * n / windows:.1f} | {100 * wrong / n:.1f} | {100 * inside / n:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hearts", type=int, default=30, help="so many for each RMSSD")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print("| RMSSD ms | with a value % | of these > 20 % off | limits hold the whole |")
    print("|---|---|---|---|")
    for level in LEVELS:
        print(row(level, [turned(rng, level) for _ in range(options.hearts)]), flush=True)


if __name__ == "__main__":
    main()

"""What is said after gaps: plain ones, and those after which a filter of the device settles or rings.

    python -m benchmarks.eda_gaps [--seed 77] [--recordings 4]

Fifteen minutes of simulated skin each at 4.7 responses a minute, in which 0.3-12 s are missing every minute
or two. After them the signal is off by 0.2-2 µS, from below by an exponential of 0.5-8 s or in a wave of
0.15-1.5 Hz that dies away in 1-6 s. Printed are, of what has a quality of 0.5 or more, the levels and how
many of them are more than 0.1 µS off those without gap, and the responses missed and false (1.5 s).
"""

from __future__ import annotations

import argparse

import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.eda_faults import between
from benchmarks.eda_signals import matches, simulate
from processing.index import IndexSample
from processing.skin.config import SkinConfig
from processing.skin.skin import Skin

SECONDS, RATE = 900, 4.7
RATES = (4, 10, 25, 100)
OFF = 0.1


def after_gap(rng: np.random.Generator, late: FloatArray, kind: str) -> FloatArray:
    """Return by how much a filter is off so long after a gap [s], [µS]."""
    size = between(rng, 0.2, 2.0)
    if kind == "settles":
        return np.asarray(-size * np.exp(-late / between(rng, 0.5, 8.0)))
    if kind == "rings":
        phase = 2.0 * np.pi * between(rng, 0.15, 1.5) * late + rng.uniform(0.0, 2.0 * np.pi)
        return np.asarray(size * np.exp(-late / between(rng, 1.0, 6.0)) * np.cos(phase))
    return np.zeros(len(late))


def with_gaps(
    rng: np.random.Generator, t: FloatArray, x: FloatArray, kind: str
) -> tuple[FloatArray, FloatArray]:
    """Return the stamps [s] and samples [µS] that are left, or nan in half of the recordings."""
    x, gone, at = x.copy(), np.zeros(len(t), bool), 40.0
    while at < SECONDS - 100.0:
        at += rng.uniform(25.0, 60.0)
        first, last = np.searchsorted(t, (at, at + between(rng, 0.3, 12.0))).tolist()
        gone[first:last] = True
        x[last:] += after_gap(rng, t[last:] - t[last], kind)
        at = float(t[last]) + 20.0
    x = np.maximum(x, 0.0)
    if rng.random() < 0.5:
        return t, np.where(gone, np.nan, x)
    return t[~gone], x[~gone]


def rows(t: FloatArray, x: FloatArray, sfreq: float) -> list[IndexSample]:
    """Return what the estimator says."""
    info = StreamInfo(
        name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=sfreq, unit="uS", channels=("EDA",)
    )
    skin, ticks = Skin("client", config=SkinConfig()), np.arange(1.0, SECONDS)
    skin.update(Chunk(info, t, x[:, None]))
    return skin.advance(ticks, {"skin": ticks})


def said(t: FloatArray, x: FloatArray, sfreq: float) -> list[IndexSample]:
    """Return what the estimator says with a quality of 0.5 or more."""
    return [row for row in rows(t, x, sfreq) if row.quality >= 0.5 and row.value == row.value]


def row(kind: str, sfreq: int, seed: int, recordings: int) -> str:
    """Return the cells of one kind at one rate [Hz]."""
    levels, off, counts = 0, 0, []
    for k in range(recordings):
        skin = simulate(100 * seed + k, RATE, float(SECONDS))
        x = skin.sampled(sfreq)[: SECONDS * sfreq]
        t = np.arange(len(x)) / sfreq
        without = {s.time: s.value for s in said(t, x, float(sfreq)) if s.index == "scl"}
        out = said(*with_gaps(np.random.default_rng((seed, sfreq, k)), t, x, kind), float(sfreq))
        pairs = [(s.value, without[s.time]) for s in out if s.index == "scl" and s.time in without]
        levels, off = levels + len(pairs), off + sum(abs(a - b) > OFF for a, b in pairs)
        onsets = np.array([s.value for s in out if s.index == "scr_onset"])
        counts.append((matches(onsets, skin.truth()[0]), len(onsets), len(skin.truth()[0])))
    right, found, true = np.sum(counts, axis=0).tolist()
    share = 100.0 * levels / (recordings * SECONDS)
    missed, wrong = 100.0 * (1.0 - right / true), 100.0 * (1.0 - right / max(1, found))
    return f"| {kind}, {sfreq} Hz | {share:.1f} | {100 * off / levels:.1f} | {missed:.1f} | {wrong:.1f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--recordings", type=int, default=4)
    options = parser.parse_args()
    print("| after a gap | levels % | of them off % | missed % | false % |")
    print("|---|---|---|---|---|")
    for kind in ("plain", "settles", "rings"):
        for sfreq in RATES:
            print(row(kind, sfreq, options.seed, options.recordings), flush=True)


if __name__ == "__main__":
    main()

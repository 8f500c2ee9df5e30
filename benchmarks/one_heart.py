"""Are two series of beats told to be of one heart, or of two? On records of different people, and likenesses.

    python -m benchmarks.one_heart [FILE.hea ...] [--seed 1]

Without files on the labelled beats of the reference recordings (MIT-BIH), with files on the R peaks of each
lead. Minute by minute: records beside each other at ten offsets, as they are, with T waves counted in one,
or one stretched to the mean interval of the other; two simulated people of one mean interval who breathe to
one pace, and whose rates wander by so much. Then one heart twice: the beats as a pulse that swings with
breath, and with T waves counted in one lead. With files also the leads of each record. Counted is how many
minutes are said to be of one heart, of two, or neither.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, permutations
from pathlib import Path

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.ecg import DATA
from benchmarks.wfdb_files import read_leads
from processing.coupling.one_heart import LEAST, MOST_APART, WINDOW, told
from processing.heart.rpeaks import detect_r_peaks

Pair = tuple[FloatArray, FloatArray]
OFFSETS, NOT_BEATS = 10, "+~|\"[]!x()ptu`'^sT*D=@"


def counted(pairs: Iterable[Pair]) -> str:
    """Return how many minutes of pairs are of one heart, of two, and neither."""
    found: Counter[str] = Counter()
    for one, other in pairs:
        for end in np.arange(WINDOW + MOST_APART, min(one[-1], other[-1]), WINDOW):
            mine = one[(one >= end - WINDOW) & (one < end)]
            theirs = other[(other >= end - WINDOW - MOST_APART) & (other < end)]
            meant = int((theirs >= end - WINDOW).sum())
            if min(len(mine), meant) >= LEAST:
                value = told(mine, theirs, meant)[0]
                found["one" if value == 1.0 else "two" if value == 0.0 else "open"] += 1
    n = max(sum(found.values()), 1)
    said = f"one {found['one']} ({found['one'] / n:.2%}), two {found['two']}, open {found['open']}"
    return f"{n:6d} minutes: {said}"


def moved(records: list[FloatArray]) -> Iterator[Pair]:
    """Yield different records beside each other, at offsets."""
    for one, other in permutations(records, 2):
        for shift in np.linspace(0.0, 0.9 * other[-1], OFFSETS):
            later = other[other >= shift] - shift
            if len(later) > LEAST:
                yield one, later


def stretched(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return beats with the mean interval of others."""
    return np.asarray(other * np.mean(np.diff(one)) / np.mean(np.diff(other)))


def with_t(beats: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return beats and the T waves behind most of them."""
    steps = np.diff(beats, append=beats[-1] + 0.8)
    late = 0.3 * np.sqrt(np.clip(steps, 0.4, 1.3)) + 0.005 * rng.standard_normal(len(beats))
    return np.sort(np.concatenate([beats, (beats + late)[rng.random(len(beats)) < 0.95]]))


def pulse(beats: FloatArray, swing: float, rng: np.random.Generator) -> FloatArray:
    """Return beats as a pulse is found at the arm, earlier and later by `swing` with breath [s]."""
    breath = np.sin(2 * np.pi * rng.uniform(0.15, 0.35) * beats + rng.uniform(0.0, 6.0))
    found = beats + 0.25 + swing * breath + 0.005 * rng.standard_normal(len(beats))
    return np.asarray(np.sort(found[rng.random(len(beats)) > 0.03]))


def paced(wander: float, rng: np.random.Generator) -> Pair:
    """Return two minutes of two people who breathe to one pace, and whose rates wander by a share."""
    mean, pace, swing = rng.uniform(0.6, 1.1), rng.uniform(0.1, 0.3), rng.uniform(0.005, 0.06)
    own, out = 10.0 ** rng.uniform(-3.0, -1.7), list[FloatArray]()
    for phase in rng.uniform(0.0, 6.0, 2):
        times, slow = [rng.uniform(0.0, 1.0)], 0.0
        while times[-1] < 2.0 * WINDOW + MOST_APART:
            slow = 0.98 * slow + 0.2 * wander * rng.standard_normal()
            step = mean * (1.0 + slow) + swing * np.sin(2 * np.pi * pace * times[-1] + phase)
            times.append(times[-1] + step + own * rng.standard_normal())
        out.append(np.array(times))
    return out[0], out[1]


def labelled() -> list[FloatArray]:
    """Return the labelled beats of the reference recordings, one a person [s]."""
    out = []
    for path in sorted(DATA.glob("mitdb_*.npz")):
        file = np.load(path)
        beats = file["beats"][~np.isin(file["symbols"].astype(str), list(NOT_BEATS))]
        out.append(beats / float(file["sfreq"]))
    return out


def peaks_of(path: Path) -> list[FloatArray]:
    """Return the R peaks of each lead of a record [s]."""
    return [detect_r_peaks(lead.signals["ecg"], lead.sfreq) for lead in read_leads(path, whole=True)]


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="headers of records, each of another person")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    leads = [peaks_of(path) for path in options.files]
    records = [some[0] for some in leads] if leads else labelled()
    print(f"different people            {counted(moved(records))}")
    print(f"… one with T waves          {counted(moved_t(records, rng))}")
    print(f"… of one mean interval      {counted((a, stretched(a, b)) for a, b in moved(records))}")
    for wander in (0.0, 0.005, 0.01, 0.02):
        print(f"… one pace, wander {wander:5.1%}    {counted(paced(wander, rng) for _ in range(3000))}")
    for swing in (0.0, 0.01, 0.02, 0.03, 0.04):
        swung = ((a, pulse(a, swing, rng)) for a in records)
        print(f"a pulse that swings {1e3 * swing:2.0f} ms   {counted(swung)}")
    print(f"T waves in one lead         {counted((a + 0.01, with_t(a, rng)) for a in records)}")
    if leads:
        print(f"two leads of one record     {counted(p for some in leads for p in combinations(some, 2))}")


def moved_t(records: list[FloatArray], rng: np.random.Generator) -> Iterator[Pair]:
    """Yield different records beside each other, in the one or the other of which T waves are counted too."""
    for one, other in moved(records):
        yield (with_t(one, rng), other) if rng.random() < 0.5 else (one, with_t(other, rng))


if __name__ == "__main__":
    main()

"""What looks good and is wrong, on kinds drawn at random: rates, widths, heights, polarities, sampling rates.

    python -m benchmarks.looks_good_drawn [--n 20] [--seed 0] [--groups pulse]

The rules of the heart were set with the kinds of `benchmarks.looks_good` in view. Each seed draws others, so
one that nobody looked at before judges them. Columns as there, over all that was drawn of one group. Those on
records are five minutes of MIT-BIH 100, 106, 119 and 121 from anywhere; their labels are the truth.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.ecg import DATA, electrode_motion, noisy
from benchmarks.lookalikes import NORMAL, SECONDS, T_WAVE, WIDE, WIDE_DOWN, Record, Wave, coarse
from benchmarks.looks_good import HEADING, Maker, Signal, row

RATES = (125.0, 130.0, 200.0, 250.0, 360.0, 500.0)
LABELLED = ("mitdb_100", "mitdb_106", "mitdb_119", "mitdb_121")


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between two, each factor as likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def own(rng: np.random.Generator, sfreq: float) -> Signal:
    """Return a heart of any rate at rest, its T waves and noise of any size."""
    usual, tall, noise = between(rng, 0.6, 1.1), between(rng, 0.5, 2.0), between(rng, 0.005, 0.04)
    made, at = Record(rng), 0.6
    shape = (*NORMAL, *((place, tall * height, width) for place, height, width in T_WAVE))
    while at < SECONDS:
        made.beat(at, shape)
        at += made.moment(usual)
    ecg, beats = made.drawn(sfreq, noise)
    return Signal(ecg, sfreq, beats, np.ones(len(beats)))


def on_record(rng: np.random.Generator, sfreq: float) -> Signal:
    """Return five minutes of a labelled record, at its own rate."""
    with np.load(DATA / f"{rng.choice(LABELLED)}.npz") as record:
        sfreq = float(record["sfreq"])
        beats, normal = record["beats"] / sfreq, record["symbols"] == "N"
        start = float(np.floor(rng.uniform(0.0, len(record["ecg"]) / sfreq - SECONDS)))
        ecg = record["ecg"][round(start * sfreq) :][: round(SECONDS * sfreq)].astype(float)
    inside = (beats > start) & (beats < start + SECONDS)
    return Signal(ecg, sfreq, beats[inside] - start, normal[inside].astype(float))


def _height(signal: Signal) -> float:
    at = (signal.beats[1:-1] * signal.sfreq).astype(int)
    half = round(0.05 * signal.sfreq)
    return float(np.median([np.ptp(signal.values[k - half : k + half]) for k in at.tolist()])) / 1.25


def with_others(base: Maker, *, heart: bool) -> Maker:
    """Return it with pulses of something else, or with another heart, T waves and all, for a while."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        signal = base(rng, sfreq)
        usual, jitter = between(rng, 0.45, 1.3), between(rng, 0.003, 0.04)
        size = _height(signal) * between(rng, 0.5, 6.0) * float(rng.choice([-1.0, 1.0]))
        width = between(rng, 0.008, 0.025)
        pulse: tuple[Wave, ...] = ((0.0, 1.0, width), (2.5 * width, -0.3, width))
        shape = NORMAL + T_WAVE if heart else pulse
        other, at = Record(rng), float(rng.choice([0.3, 60.0]))
        until = at + float(rng.uniform(90.0, 200.0))
        while at < until:
            other.beat(at, tuple((place, size * height, wide) for place, height, wide in shape), p=None)
            at += usual * (1 + jitter * float(rng.standard_normal()))
        return signal._replace(values=signal.values + other.drawn(signal.sfreq, 0.0)[0][: len(signal.values)])

    return make


def ectopic(rng: np.random.Generator, sfreq: float) -> Signal:
    """Return wide beats after any share of beats, so early that they fall on the T wave or just behind it."""
    usual, coupling, share = (
        between(rng, 0.9, 1.3),
        float(rng.uniform(0.30, 0.46)),
        float(rng.uniform(0.1, 1.0)),
    )
    wide, size, pauses = (
        (WIDE if rng.random() < 0.6 else WIDE_DOWN),
        between(rng, 0.6, 1.8),
        rng.random() < 0.5,
    )
    made, at, kinds = Record(rng), 0.6, list[float]()
    while at < SECONDS:
        made.beat(at, NORMAL + T_WAVE)
        kinds.append(1.0)
        step = made.moment(usual, 0.02)
        if at > 20.0 and rng.random() < share:
            made.beat(at + coupling * (1 + 0.02 * float(rng.standard_normal())), wide, size, p=None)
            kinds.append(0.0)
            step *= 1.4 if pauses else 1.0
        at += step
    ecg, beats = made.drawn(sfreq)
    return Signal(ecg, sfreq, beats, np.array(kinds[: len(beats)]))


def fibrillating(rng: np.random.Generator, sfreq: float) -> Signal:
    """Return random intervals of any mean, some of the beats wide, in waves of any size."""
    usual, spread, odd = between(rng, 0.42, 0.9), float(rng.uniform(8.0, 25.0)), float(rng.uniform(0.0, 0.08))
    made, at, kinds = Record(rng), 0.6, list[float]()
    while at < SECONDS:
        kinds.append(float(rng.random() >= odd))
        size = float(rng.uniform(0.8, 1.15))
        made.beat(at, NORMAL + T_WAVE if kinds[-1] else WIDE, size if kinds[-1] else 1.0, p=None)
        at += max(0.33, usual * float(rng.gamma(spread, 1 / spread)))
    ecg, beats = made.drawn(sfreq)
    waves = between(rng, 0.3, 1.2) * coarse(rng, np.arange(len(ecg)) / sfreq, sfreq)
    return Signal(ecg + waves, sfreq, beats, np.array(kinds[: len(beats)]))


def in_motion(decibels: tuple[float, float]) -> Maker:
    """Return two minutes of a labelled record in electrode motion at any ratio between two [dB]; the motion
    shifted, turned over or backward."""
    motion = electrode_motion()

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        signal = on_record(rng, sfreq)
        noise = np.roll(motion, int(rng.integers(len(motion))))[:: int(rng.choice([-1, 1]))]
        longer = (
            np.tile(signal.values, 3),
            signal.sfreq,
            np.concatenate([signal.beats + k * SECONDS for k in range(3)]),
        )
        ecg, sfreq, beats = noisy(longer, noise * rng.choice([-1.0, 1.0]), rng.uniform(*decibels))
        return Signal(ecg, sfreq, beats, signal.normal[: len(beats)])

    return make


GROUPS: dict[str, Maker] = {
    "rest": own,
    "record": on_record,
    "pulse, simulated": with_others(own, heart=False),
    "pulse, on a record": with_others(on_record, heart=False),
    "heart, simulated": with_others(own, heart=True),
    "heart, on a record": with_others(on_record, heart=True),
    "ectopic": ectopic,
    "fibrillation": fibrillating,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=20, help="of each group")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--groups", nargs="+", default=[""], help="beginnings of the names of groups")
    options = parser.parse_args()
    groups = GROUPS | {"motion, 9-15 dB": in_motion((9.0, 15.0)), "motion, 3-9 dB": in_motion((3.0, 9.0))}
    print(HEADING)
    for j, (kind, make) in enumerate(groups.items()):
        if kind.startswith(tuple(options.groups)):
            drawn = [np.random.default_rng((options.seed, j, k)) for k in range(options.n)]
            print(row(kind, [make(rng, float(rng.choice(RATES))) for rng in drawn]), flush=True)


if __name__ == "__main__":
    main()

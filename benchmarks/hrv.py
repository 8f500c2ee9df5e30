"""HRV figures in one run, `python benchmarks/hrv.py`: the standard pattern, simulated beat errors,
the interval beside RMSSD, cost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.heart.hrv import rhythm_windows, rmssd, rmssd_windows, sdnn
from processing.heart.ibi import Intervals
from processing.heart.judging import judge_beats
from processing.heart.spectrum import hf_power, rsa_pb

DATA = Path(os.environ.get("ATTUNEMENT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def rest(rng: np.random.Generator, n: int = 400) -> FloatArray:
    """Return beats [s] of a resting person with breathing, slow waves and noise."""
    t = 0.85 * np.arange(n)
    waves = 0.03 * np.sin(2 * np.pi * 0.24 * t + rng.uniform(0, 6)) + 0.03 * np.sin(2 * np.pi * 0.1 * t)
    return np.concatenate(([0.0], np.cumsum(0.85 + waves + 0.012 * rng.standard_normal(n))))


def spoilt(beats: FloatArray, kind: str, rng: np.random.Generator) -> FloatArray:
    """Return the beats with six errors of a kind."""
    at = rng.choice(np.arange(60, len(beats) - 5), 6, replace=False)
    if kind == "missed":
        return np.delete(beats, at)
    if kind == "extra":
        between = beats[at] + rng.uniform(0.15, 0.85, 6) * (beats[at + 1] - beats[at])
        return np.sort(np.concatenate((beats, between)))
    moved = beats.copy()
    size = rng.uniform(0.10, 0.35, 6) if kind == "misplaced" else rng.uniform(0.17, 0.30, 6)
    moved[at] += size * (rng.choice([-1.0, 1.0], 6) if kind == "misplaced" else -1.0)
    return np.sort(moved)


def correction_errors(kind: str, n: int = 60) -> FloatArray:
    """Return the mean absolute error [%] of RMSSD, SDNN and HF after correction, and of RMSSD without."""
    rng, errors = np.random.default_rng(0), []
    for _ in range(n):
        beats = rest(rng)
        true = 1e3 * np.diff(beats)
        bad = spoilt(beats, kind, rng)
        found = judge_beats(bad)
        steps = np.diff(found.values)[found.paired[1:]]
        known = np.isfinite(found.values)
        power = hf_power(found.times[known], found.values[known])
        now = np.array([np.sqrt(np.mean(steps**2)), sdnn(found.values), power, rmssd(1e3 * np.diff(bad))])
        was = np.array([rmssd(true), sdnn(true), hf_power(beats[1:], true), rmssd(true)])
        errors.append(100 * np.abs(now / was - 1))
    return np.asarray(np.mean(errors, axis=0), np.float64)


def corrections() -> None:
    """Print the errors of corrected HRV."""
    for kind in ERRORS:
        mean = correction_errors(kind)
        print(
            f"6 {kind:9} RMSSD {mean[0]:.2f} %, SDNN {mean[1]:.2f} %, HF {mean[2]:.2f} % "
            f"(RMSSD uncorrected {mean[3]:.0f} %)"
        )


def standard_pattern() -> float:
    """Return HF of the EC57 pattern TP2 [ms²]; the true one is 612.5."""
    times, rr = np.loadtxt(DATA / "rr" / "ec57_TP2.csv", delimiter=",", skiprows=1).T
    return float(hf_power(times, 1e3 * rr))


ERRORS = ("missed", "extra", "misplaced", "ectopic")
"""Errors of beats that are simulated."""
PEOPLE = (
    (0.25, 0.7, 12, 0.0, 0.25),
    (0.12, 0.6, 15, 0.5, 0.30),
    (0.33, 0.8, 10, 0.3, 0.30),
    (0.25, 0.5, 40, 0.7, 0.30),
    (0.20, 0.9, 20, 0.5, 0.35),
    (0.25, 0.05, 10, 0.0, 0.30),
    (0.25, 0.8, 10, 0.0, 0.0),
    (0.30, 0.0, 10, 0.8, 0.0),
)
"""Simulated people: breathing [Hz], its share of the squared differences, how long its depth wanders [beats],
autoregression of the remaining noise, and sd of the log depth."""


def wander(rng: np.random.Generator, n: int, memory: float) -> FloatArray:
    """Return autoregressive noise of unit variance."""
    noise = np.sqrt(1 - memory**2) * rng.standard_normal(n)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise), np.float64)


def unit_steps(series: FloatArray) -> FloatArray:
    """Return a series scaled to differences of root mean square 1."""
    return np.asarray(series / np.sqrt(np.mean(np.diff(series) ** 2)), np.float64)


def person(rng: np.random.Generator, level: float, mean: float, kind: tuple[float, ...]) -> Intervals:
    """Return an hour of beats with an RMSSD of `level` [s] about a mean interval [s]."""
    breathing, share, slow, memory, depth = kind
    n = 4500
    phase = 2 * np.pi * mean * np.cumsum(breathing * (1 + 0.08 * wander(rng, n, 0.9)))
    swing = unit_steps(np.exp(depth * wander(rng, n, np.exp(-1 / slow))) * np.sin(phase))
    mixed = unit_steps(np.sqrt(share) * swing + np.sqrt(1 - share) * unit_steps(wander(rng, n, memory)))
    return judge_beats(np.cumsum(mean + level * (mixed + 0.5 * wander(rng, n, 0.98))))


def held(beats: Intervals, ends: FloatArray, level: FloatArray | float) -> tuple[float, float, float, float]:
    """Return how often the interval holds the level, lies above it, lies below it [%], and its high / low."""
    found = rmssd_windows(beats, ends, 60.0)
    above, below = 100 * np.mean(found.low > level), 100 * np.mean(found.high < level)
    return 100 - float(above + below), float(above), float(below), float(np.median(found.high / found.low))


def intervals() -> None:
    """Print how often the 95 % interval beside RMSSD holds the long-term or the 5-minute value."""
    for kind in PEOPLE:
        rows = []
        for k, level in enumerate((0.012, 0.025, 0.045, 0.080)):
            for j, mean in enumerate((0.65, 0.80, 0.95, 1.10)):
                beats = person(np.random.default_rng((k, j)), level, mean, kind)
                paired = np.diff(beats.values)[beats.paired[1:]]
                rows.append(held(beats, beats.times[150::40], float(np.sqrt(np.mean(paired**2)))))
        print("simulated {} Hz, share {}, {} beats, {}, {}: ".format(*kind) + said(np.mean(rows, axis=0)))
    for name in ("100", "106", "119", "121", "200"):
        with np.load(DATA / "ecg" / f"mitdb_{name}.npz") as record:
            beats = judge_beats(record["beats"] / float(record["sfreq"]))
        ends = beats.times[(beats.times > beats.times[0] + 180) & (beats.times < beats.times[-1] - 120)]
        short, long = rmssd_windows(beats, ends, 60.0), rmssd_windows(beats, ends + 120.0, 300.0)
        seen = [rhythm_windows(beats, *span) for span in ((ends, 60.0), (ends + 120.0, 300.0))]
        good = (short.n >= 30) & (np.minimum(seen[0].known, seen[1].known) >= 0.8)
        good &= np.maximum(seen[0].ectopic, seen[1].ectopic) <= 0.3
        print(f"MIT-BIH {name}, {good.sum()} windows: " + said(held(beats, ends[good], long.value[good])))


def said(row: tuple[float, ...] | FloatArray) -> str:
    """Return a line about `held`."""
    return "held {:.1f} %, above {:.1f} %, below {:.1f} %, high / low {:.2f}".format(*row)


def cost(seconds: int = 1200, sfreq: float = 130.0) -> None:
    """Print CPU time of the whole heart, offline and live."""
    rng = np.random.default_rng(0)
    beats = rest(rng, int(seconds / 0.8))
    t = np.arange(int(seconds * sfreq)) / sfreq
    ecg = 0.02 * rng.standard_normal(len(t))
    for height, lag, width in (
        (0.12, -0.16, 0.02),
        (1.1, 0.0, 0.011),
        (-0.2, 0.03, 0.01),
        (0.3, 0.26, 0.045),
    ):
        for beat in beats + lag:
            near = slice(*np.searchsorted(t, [beat - 0.25, beat + 0.25]))
            ecg[near] += height * np.exp(-0.5 * ((t[near] - beat) / width) ** 2)
    info = StreamInfo(
        name="ecg", role=Role.CLIENT, modality=Modality.ECG, sfreq=sfreq, unit="mV", channels=("ecg",)
    )
    for name, step, span in (("offline, 300 s at once", 300.0, seconds), ("live, 0.1 s at once", 0.1, 120)):
        heart = Heart("client", Modality.ECG, config=HeartConfig())
        began = time.process_time()
        for start in np.arange(0.0, span, step).tolist():
            part = slice(*np.searchsorted(t, [start, start + step]))
            heart.update(Chunk(info, t[part], ecg[part, None]))
            ticks = np.arange(start, start + step - 1e-9, 0.1)
            heart.advance(ticks, {"heart": ticks})
        used = (time.process_time() - began) / span
        print(f"{name}: {3600 * used:.2f} CPU s per hour = {100 * used:.3f} % of a core")


if __name__ == "__main__":
    print(f"EC57 TP2: HF {standard_pattern():.1f} ms² (true 612.5)")
    print(f"50 ms at 0.25 Hz: {rsa_pb(800 + 50 * np.sin(np.pi / 4 * np.arange(240))):.3f} ln ms² (7.357)")
    corrections()
    intervals()
    cost()

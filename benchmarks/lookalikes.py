"""R peaks on simulated likenesses of difficult records, beside other packages.

    python -m benchmarks.lookalikes [--rate 250] [--seeds 2] [--alone]

Each is made after the published description of what makes a kind of record difficult: block with waves that
are no beats, pacing that fuses with the person's own beats, runs of wide beats, pauses of 6 s, flutter, low
voltage, electrode motion. Nothing was set on them. F1 [%] at ± 150 and ± 50 ms, mean over seeds.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.signal import butter, sosfiltfilt

from acquisition.stream import FloatArray
from benchmarks.ecg import Detector, f1, peers
from processing.heart.rpeaks import detect_r_peaks

SECONDS = 300.0
Wave = tuple[float, float, float]
"""Place after R [s], height [mV], width [s]."""
NORMAL = ((-0.025, -0.1, 0.010), (0.0, 1.0, 0.010), (0.03, -0.25, 0.011))
T_WAVE = ((0.27, 0.27, 0.05), (0.31, 0.1, 0.05))
WIDE = ((0.0, 1.2, 0.032), (0.08, 0.5, 0.03), (0.30, -0.5, 0.07))
WIDE_DOWN = ((-0.03, 0.25, 0.02), (0.02, -1.4, 0.030), (0.30, 0.5, 0.07))
LEFT_BLOCK = ((0.0, 0.8, 0.020), (0.055, 0.85, 0.022), (0.10, 0.2, 0.02), (0.34, -0.4, 0.06))
RIGHT_BLOCK = ((0.0, 0.35, 0.010), (0.035, -0.5, 0.013), (0.085, 0.7, 0.022), (0.30, -0.3, 0.06))
BIPHASIC = ((-0.02, 0.22, 0.014), (0.02, -0.35, 0.018), (0.06, 0.10, 0.02), (0.29, -0.12, 0.06))
PACED = ((-0.075, 2.5, 0.0012), (0.0, -1.1, 0.033), (0.07, 0.25, 0.03), (0.33, 0.55, 0.07))
FUSED = ((-0.075, 2.5, 0.0012), (0.0, 0.55, 0.020), (0.04, -0.45, 0.022), (0.32, 0.3, 0.06))
SMALL = ((-0.02, -0.05, 0.012), (0.0, 0.28, 0.012), (0.03, -0.20, 0.012), (0.30, -0.12, 0.05))
TALL_T = ((-0.025, -0.1, 0.010), (0.0, 0.9, 0.012), (0.03, -0.6, 0.012), (0.28, 0.75, 0.045))
P_WAVE: Wave = (-0.17, 0.12, 0.022)


@dataclass(slots=True)
class Record:
    """Collect a record: beats that count, waves that do not."""

    rng: np.random.Generator
    beats: list[float] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list)

    def beat(self, at: float, shape: tuple[Wave, ...], gain: float = 1.0, p: Wave | None = P_WAVE) -> None:
        """Add a beat."""
        self.beats.append(at)
        self.waves += [(at + place, gain * height, width) for place, height, width in shape]
        if p is not None:
            self.waves.append((at + p[0], p[1], p[2]))

    def drawn(self, sfreq: float, noise: float = 0.015) -> tuple[FloatArray, FloatArray]:
        """Return ECG [mV] and beats [s]."""
        n = round(SECONDS * sfreq)
        time = np.arange(n) / sfreq
        ecg = noise * self.rng.standard_normal(n)
        for at, height, width in self.waves:
            near = slice(*np.searchsorted(time, [at - 5 * width - 0.01, at + 5 * width + 0.01]))
            ecg[near] += height * np.exp(-0.5 * ((time[near] - at) / max(width, 0.6 / sfreq)) ** 2)
        beats = np.array(self.beats)
        return ecg, beats[(beats > 0) & (beats < SECONDS - 0.5)]

    def moment(self, usual: float, sd: float = 0.03) -> float:
        """Return an interval [s] that breathes a little."""
        last = self.beats[-1] if self.beats else 0.0
        return usual * (1 + sd * self.rng.standard_normal() + 0.04 * np.sin(1.6 * last))


def band(rng: np.random.Generator, n: int, sfreq: float, low: float, high: float) -> FloatArray:
    """Return noise of this band, sd 1."""
    sos = butter(2, (low, high), "bandpass", fs=sfreq, output="sos")
    noise = sosfiltfilt(sos, rng.standard_normal(n))
    return np.asarray(noise / noise.std(), np.float64)


def steady(record: Record, shape: tuple[Wave, ...], usual: float, p: Wave | None = P_WAVE) -> None:
    """Fill with one shape."""
    at = 0.6
    while at < SECONDS:
        record.beat(at, shape, p=p)
        at += record.moment(usual)


def low_biphasic(record: Record) -> None:
    """Low biphasic QRS of 0.3 mV under broad P waves of 0.2 mV, some early wide beats."""
    at = 0.6
    while at < SECONDS:
        record.beat(at, BIPHASIC, p=(-0.22, 0.20, 0.032))
        step = record.moment(1.02, 0.06)
        if record.rng.random() < 0.03:
            record.beat(at + 0.6 * step, WIDE_DOWN, 0.5, p=None)
        at += step


def left_block(record: Record) -> None:
    """Left bundle branch block, now and then a wide early beat."""
    at = 0.6
    while at < SECONDS:
        record.beat(at, LEFT_BLOCK)
        step = record.moment(0.72)
        if record.rng.random() < 0.02:
            record.beat(at + 0.58 * step, WIDE_DOWN, p=None)
            step *= 1.5
        at += step


def block_comes_and_goes(record: Record) -> None:
    """Right and left block, each for a minute or less."""
    at, shape = 0.6, RIGHT_BLOCK
    while at < SECONDS:
        if record.rng.random() < 0.02:
            shape = LEFT_BLOCK if shape is RIGHT_BLOCK else RIGHT_BLOCK
        record.beat(at, shape)
        at += record.moment(0.75)


def paced_and_fused(record: Record) -> None:
    """A pacemaker's beats, the person's own, and fusions of both."""
    at = 0.6
    while at < SECONDS:
        draw = record.rng.random()
        if draw < 0.6:
            record.beat(at, PACED, p=None)
        elif draw < 0.85:
            record.beat(at, FUSED, p=None)
        else:
            record.beat(at, NORMAL + T_WAVE)
        at += record.moment(0.82, 0.02)


def blocked_atrial(record: Record) -> None:
    """Atrial waves of 0.2 mV at 75 a minute of which every second one or more is not conducted."""
    at, wait = 0.6, 0
    while at < SECONDS:
        record.waves.append((at - 0.20, 0.2, 0.025))
        if wait == 0:
            record.beat(at, RIGHT_BLOCK, p=None)
            wait = int(record.rng.choice([0, 1, 1, 2]))
        else:
            wait -= 1
        at += record.moment(0.80, 0.02)


def long_pauses(record: Record) -> None:
    """Right block with early beats of the atria, and pauses of 2-6 s that end with a beat of its own kind."""
    at = 0.6
    while at < SECONDS:
        record.beat(at, RIGHT_BLOCK)
        draw = record.rng.random()
        at += record.moment(0.85) * (0.6 if 0.3 < draw < 0.55 else 1.0)
        if draw < 0.06:
            at += record.rng.uniform(1.5, 5.2)


def runs(record: Record) -> None:
    """Couplets and runs of wide beats at 140-190 a minute."""
    at = 0.6
    while at < SECONDS:
        record.beat(at, NORMAL + T_WAVE)
        at += record.moment(0.78)
        if record.rng.random() < 0.05:
            shape = WIDE if record.rng.random() < 0.5 else WIDE_DOWN
            step = record.rng.uniform(0.31, 0.43)
            at -= 0.3
            for _ in range(int(record.rng.integers(2, 15))):
                record.beat(at, shape, record.rng.uniform(0.8, 1.4), p=None)
                at += step * (1 + 0.04 * record.rng.standard_normal())
            at += 0.5


def fibrillation_and_wide(record: Record) -> None:
    """Fibrillation with coarse waves, beats that differ in height, many wide ones."""
    at = 0.6
    while at < SECONDS:
        if record.rng.random() < 0.15:
            record.beat(at, WIDE if record.rng.random() < 0.6 else WIDE_DOWN, p=None)
        else:
            record.beat(at, NORMAL + T_WAVE, record.rng.uniform(0.5, 1.2), p=None)
        at += max(0.36, 0.62 * record.rng.gamma(12.0, 1 / 12.0))


def unequal_heights(record: Record) -> None:
    """QRS between 0.15 and 1 mV from beat to beat and over a minute, wide beats of 2 mV."""
    at = 0.6
    while at < SECONDS:
        gain = (0.55 + 0.35 * np.sin(0.1 * at)) * record.rng.uniform(0.75, 1.2)
        record.beat(at, NORMAL + T_WAVE, gain)
        step = record.moment(0.85)
        if record.rng.random() < 0.15:
            record.beat(at + 0.52 * step, WIDE_DOWN, 1.4, p=None)
            step *= 1.35
        at += step


def bigeminy_and_trigeminy(record: Record) -> None:
    """Every second or third beat is wide, over minutes."""
    at, k = 0.6, 0
    while at < SECONDS:
        record.beat(at, NORMAL + T_WAVE)
        k += 1
        step = record.moment(0.8)
        if k % (2 if int(at / 60) % 2 else 1) == 0:
            record.beat(at + 0.55 * step, WIDE, p=None)
            step *= 1.55
        at += step


Extra = Callable[[np.random.Generator, FloatArray, float], FloatArray]


def no_extra(rng: np.random.Generator, time: FloatArray, sfreq: float) -> FloatArray:
    """Return nothing added."""
    return np.zeros(len(time))


def restless(rng: np.random.Generator, time: FloatArray, sfreq: float) -> FloatArray:
    """Return wander and weak muscle noise."""
    n = len(time)
    return 0.25 * band(rng, n, sfreq, 0.1, 0.7) + 0.04 * band(rng, n, sfreq, 15.0, 45.0)


def motion(rng: np.random.Generator, time: FloatArray, sfreq: float) -> FloatArray:
    """Return electrode motion in bursts of 5 s, a quarter of the time."""
    n = len(time)
    on = np.repeat(rng.random(int(SECONDS / 5) + 1) < 0.25, round(5 * sfreq))[:n]
    return (0.1 + 0.9 * on) * (0.45 * band(rng, n, sfreq, 0.8, 7.0) + 0.10 * band(rng, n, sfreq, 7.0, 40.0))


def flutter(rng: np.random.Generator, time: FloatArray, sfreq: float) -> FloatArray:
    """Return flutter waves of 0.2 mV at 290 a minute."""
    phase = 2 * np.pi * 4.83 * time
    return np.asarray(0.16 * np.sin(phase) + 0.06 * np.sin(2 * phase + 0.7))


def coarse(rng: np.random.Generator, time: FloatArray, sfreq: float) -> FloatArray:
    """Return fibrillation waves and weak muscle noise."""
    n = len(time)
    return 0.08 * band(rng, n, sfreq, 4.5, 8.0) + 0.05 * band(rng, n, sfreq, 15.0, 45.0)


KINDS: dict[str, tuple[Callable[[Record], None], Extra]] = {
    "low biphasic, P, restless": (low_biphasic, restless),
    "left block": (left_block, restless),
    "right and left block": (block_comes_and_goes, restless),
    "paced and fused": (paced_and_fused, restless),
    "atrial waves not conducted": (blocked_atrial, no_extra),
    "pauses of 2-6 s": (long_pauses, restless),
    "runs of wide beats": (runs, no_extra),
    "fibrillation, wide beats": (fibrillation_and_wide, coarse),
    "unequal heights": (unequal_heights, no_extra),
    "bigeminy, trigeminy": (bigeminy_and_trigeminy, restless),
    "small, T as high": (lambda r: steady(r, SMALL, 0.95, (-0.16, 0.08, 0.022)), restless),
    "tall T": (lambda r: steady(r, TALL_T, 0.95), no_extra),
    "tall T at 120": (lambda r: steady(r, TALL_T, 0.5), no_extra),
    "electrode motion": (lambda r: steady(r, NORMAL + T_WAVE, 0.75), motion),
    "electrode motion, low": (lambda r: steady(r, SMALL, 0.75), lambda g, t, f: 0.4 * motion(g, t, f)),
    "flutter 4:1": (lambda r: steady(r, NORMAL, 0.83, None), flutter),
    "flutter, low": (lambda r: steady(r, SMALL, 0.62, None), flutter),
}


def record(kind: str, sfreq: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return ECG [mV] and beats [s] of one kind."""
    fill, extra = KINDS[kind]
    rng = np.random.default_rng((seed, len(kind)))
    made = Record(rng)
    fill(made)
    ecg, beats = made.drawn(sfreq)
    return ecg + extra(rng, np.arange(len(ecg)) / sfreq, sfreq), beats


def scored(detect: Detector, ecg: FloatArray, sfreq: float, beats: FloatArray) -> tuple[float, float]:
    """Return F1 at ± 150 and ± 50 ms; 0 where a detector gives up."""
    try:
        found = np.asarray(detect(ecg, sfreq), float)
    except (ValueError, IndexError, TypeError):
        return 0.0, 0.0
    return f1(found, (ecg, sfreq, beats), 0.15), f1(found, (ecg, sfreq, beats), 0.05)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=250.0)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--alone", action="store_true", help="leave out the other packages")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    others = {} if options.alone else {k: v for k, v in peers().items() if k not in ("xqrs", "engzee")}
    detectors: dict[str, Detector] = {"attunement": detect_r_peaks, **others}
    for kind in KINDS:
        cells = []
        for name, detect in detectors.items():
            rows = []
            for seed in range(options.seeds):
                ecg, beats = record(kind, options.rate, seed)
                rows.append(scored(detect, ecg, options.rate, beats))
            wide, narrow = np.mean(rows, axis=0)
            cells.append(f"{name} {wide:6.2f}/{narrow:6.2f}")
        print(f"{kind:28}", *cells, flush=True)


if __name__ == "__main__":
    main()

"""R peaks on simulated shapes and rhythms that nothing was set on: F1 [%] at ± 150 and ± 50 ms.

python -m benchmarks.morphologies [--rates 130 500]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.ecg import f1
from processing.heart.rpeaks import detect_r_peaks

SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Hold what one simulated ECG is made of: sizes in mV, times and widths in s, rate per minute."""

    kind: str = ""
    rate: float = 70.0
    gain: float = 1.0
    p: float = 0.12
    q: float = -0.1
    r: float = 1.0
    s: float = -0.25
    t: float = 0.3
    t_place: float = 0.26
    t_width: float = 0.05
    width: float = 0.010
    block: float = 0.0
    notch: float = 0.0
    spike: float = 0.0
    ectopic: float = 0.0
    ectopic_size: float = 1.6
    white: float = 0.015
    bursts: float = 0.0
    wander: float = 0.0
    hum: float = 0.0
    steps: float = 0.0


PLAIN = Shape()
SHAPES = {
    "plain": PLAIN,
    "inverted": replace(PLAIN, gain=-1.0),
    "180 a minute": replace(PLAIN, rate=180.0),
    "45 a minute": replace(PLAIN, rate=45.0),
    "rS": replace(PLAIN, r=0.25, s=-1.1),
    "QS": replace(PLAIN, r=0.0, s=-1.0),
    "0.05 mV": replace(PLAIN, gain=0.05, white=0.003),
    "8 mV": replace(PLAIN, gain=8.0),
    "tall T": replace(PLAIN, t=1.5, t_width=0.045),
    "sharp T": replace(PLAIN, t=1.0, t_width=0.03),
    "inverted T": replace(PLAIN, t=-1.2),
    "tall P": replace(PLAIN, p=0.5),
    "late T": replace(PLAIN, t=0.8, t_place=0.4, rate=60.0),
    "late T over R": replace(PLAIN, t=1.2, t_place=0.42, t_width=0.06, rate=55.0),
    "late inverted T": replace(PLAIN, t=-0.7, t_place=0.4, t_width=0.045, rate=65.0),
    "wide QRS": replace(PLAIN, width=0.022),
    "bundle branch block": replace(PLAIN, block=0.9, s=0.0, r=0.8),
    "rSr'": replace(PLAIN, notch=0.9),
    "narrow QRS": replace(PLAIN, width=0.006),
    "fibrillation 90": replace(PLAIN, kind="fibrillation", rate=90.0, p=0.0),
    "fibrillation 130": replace(PLAIN, kind="fibrillation", rate=130.0, p=0.0),
    "bigeminal": replace(PLAIN, kind="bigeminal"),
    "pauses": replace(PLAIN, kind="pauses"),
    "ectopic 1 in 10": replace(PLAIN, ectopic=0.1),
    "ectopic 4 in 10": replace(PLAIN, ectopic=0.4),
    "large ectopic": replace(PLAIN, ectopic=0.3, ectopic_size=3.0),
    "small ectopic": replace(PLAIN, ectopic=0.3, ectopic_size=0.6),
    "inverted ectopic": replace(PLAIN, ectopic=0.2, ectopic_size=-2.0),
    "spikes 5 mV": replace(PLAIN, spike=5.0, r=0.5),
    "spikes 0.5 mV": replace(PLAIN, spike=0.5, width=0.025),
    "white 0.2 mV": replace(PLAIN, white=0.2),
    "white 0.3 mV": replace(PLAIN, white=0.3),
    "muscle 0.3 mV": replace(PLAIN, bursts=0.3),
    "muscle 0.5 mV": replace(PLAIN, bursts=0.5),
    "wander 2 mV": replace(PLAIN, wander=2.0),
    "hum 1 mV": replace(PLAIN, hum=1.0),
    "steps 3 mV": replace(PLAIN, steps=3.0),
    "steps under 0.3 mV": replace(PLAIN, steps=3.0, gain=0.3),
}


def rhythm(shape: Shape, rng: np.random.Generator) -> list[float]:
    """Return beats [s]."""
    beats, usual = [0.8], 60.0 / shape.rate
    while beats[-1] < SECONDS - 2.0:
        n = len(beats)
        step = 1.0 + 0.03 * rng.standard_normal() + 0.05 * np.sin(0.5 * np.pi * beats[-1])
        if shape.kind == "fibrillation":
            step = max(0.33 / usual, float(np.clip(rng.gamma(9.0, 1.0 / 9.0), 0.45, 2.2)))
        elif shape.kind == "bigeminal":
            step = 0.62 if n % 2 else 1.3
        elif shape.kind == "pauses" and n % 25 == 0:
            step = 1.0 + 2.2 / usual
        beats.append(beats[-1] + usual * float(step))
    return beats


def simulate(shape: Shape, sfreq: float, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return ECG [mV] and its beats [s]."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(SECONDS * sfreq)) / sfreq
    ecg, truth = np.zeros(len(time)), list[float]()
    beats = rhythm(shape, rng)
    skipped = -1
    for k, beat in enumerate(beats[:-1]):
        if k == skipped:
            continue
        late = np.sqrt(min(beats[k + 1] - beat, 1.1) / 0.85)
        waves = [
            (-0.17 * late, shape.p, 0.022),
            (-0.028, shape.q, shape.width),
            (0.0, shape.r, shape.width),
            (0.014, -shape.notch, 0.005),
            (0.03, shape.s, 1.1 * shape.width),
            (0.05, shape.block, 0.022),
            (shape.t_place * late, 0.9 * shape.t, shape.t_width * late),
            (shape.t_place * late + 0.04, 0.3 * shape.t, shape.t_width * late),
        ]
        truth.append(beat)
        if rng.random() < shape.ectopic:
            early, size, skipped = 0.55 * (beats[k + 1] - beat), shape.ectopic_size, k + 1
            waves += [(early, size, 0.024), (early + 0.07, -0.4 * size, 0.03)]
            waves += [(early + 0.28, -0.45 * size, 0.07)]
            truth.append(beat + early)
        near = slice(*np.searchsorted(time, [beat - 0.4, beat + 1.2]))
        for place, size, width in waves:
            ecg[near] += size * np.exp(-0.5 * ((time[near] - beat - place) / width) ** 2)
        ecg[near] += shape.spike * ((time[near] >= beat - 0.045) & (time[near] < beat - 0.043))
    return shape.gain * ecg + disturbance(shape, time, sfreq, rng), np.array(truth, np.float64)


def disturbance(shape: Shape, time: FloatArray, sfreq: float, rng: np.random.Generator) -> FloatArray:
    """Return noise [mV]."""
    out = shape.white * rng.standard_normal(len(time))
    out += shape.bursts * rng.standard_normal(len(time)) * (np.sin(2 * np.pi * time / 7.0) > 0)
    out += shape.wander * (np.sin(0.5 * np.pi * time) + 0.5 * np.sin(1.2 * np.pi * time))
    out += shape.hum * np.sin(100.0 * np.pi * time)
    for k in range(0, len(time), round(9.0 * sfreq)):
        out[k:] += shape.steps * rng.uniform(-1.0, 1.0)
    return np.asarray(out, np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[130.0, 500.0])
    for sfreq in parser.parse_args().rates:
        for name, shape in SHAPES.items():
            ecg, beats = simulate(shape, sfreq)
            found = detect_r_peaks(ecg, sfreq)
            case = (ecg, sfreq, beats)
            print(f"{sfreq:5g} Hz {name:20} {f1(found, case, 0.15):6.2f} {f1(found, case, 0.05):6.2f}")


if __name__ == "__main__":
    main()

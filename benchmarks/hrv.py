"""HRV figures in one run, `python benchmarks/hrv.py`: the standard pattern, simulated beat errors, cost."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.heart.hrv import bounds, hinges_on_two, rmssd, sdnn
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


def hinges(beats: Intervals) -> bool:
    """Tell whether some window of HF has no value, since one beat that is wrongly called normal makes it."""
    c = HeartConfig()
    ends = np.arange(beats.times[0] + c.hf_window, beats.times[-1] + 5.0, 5.0)
    return bool(hinges_on_two(beats, *bounds(beats.times, ends, c.hf_window), c.largest).any())


def correction_errors(kind: str, n: int = 60) -> FloatArray:
    """Return the mean absolute error [%] of RMSSD, SDNN and HF after correction, and of RMSSD without, and
    the share of series in which HF has no value [%]: these are left out of the error of HF."""
    rng, errors = np.random.default_rng(0), []
    for _ in range(n):
        beats = rest(rng)
        true = 1e3 * np.diff(beats)
        bad = spoilt(beats, kind, rng)
        found = judge_beats(bad)
        steps = np.diff(found.values)[found.paired[1:]]
        known = np.isfinite(found.values)
        power = hf_power(found.times[known], found.values[known])
        power = np.nan if hinges(found) else power
        now = np.array([np.sqrt(np.mean(steps**2)), sdnn(found.values), power, rmssd(1e3 * np.diff(bad))])
        was = np.array([rmssd(true), sdnn(true), hf_power(beats[1:], true), rmssd(true)])
        errors.append(100 * np.abs(now / was - 1))
    none = 100.0 * np.mean(np.isnan([of[2] for of in errors]))
    return np.append(np.nanmean(errors, axis=0), none)


def corrections() -> None:
    """Print the errors of corrected HRV."""
    for kind in ERRORS:
        mean = correction_errors(kind)
        print(
            f"6 {kind:9} RMSSD {mean[0]:.2f} %, SDNN {mean[1]:.2f} %, HF {mean[2]:.2f} % "
            f"(RMSSD uncorrected {mean[3]:.0f} %), HF without a value in {mean[4]:.1f} % of series"
        )


def standard_pattern() -> float:
    """Return HF of the EC57 pattern TP2 [ms²]; the true one is 612.5."""
    times, rr = np.loadtxt(DATA / "rr" / "ec57_TP2.csv", delimiter=",", skiprows=1).T
    return float(hf_power(times, 1e3 * rr))


ERRORS = ("missed", "extra", "misplaced", "ectopic")
"""Errors of beats that are simulated."""


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
    cost()

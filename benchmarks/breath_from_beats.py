"""Breathing rate from the beats: beside a belt in the same recording, and in simulated people.

python -m benchmarks.breath_from_beats [RECORDING …]

A recording (`attune import`) needs an ECG and a respiration stream of one person. It is processed from the
belt and from the beats; windows in which both have a value are compared.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.recording.recording import Recording
from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.heart.respiration import breathing_rate
from processing.pipeline import Pipeline

FAR = 2.0
"""[1/min]"""
N = 200
SLOW = (0.08, 0.12)
"""Frequencies of slow waves of the intervals [Hz]."""
Window = tuple[FloatArray, FloatArray, FloatArray, float]
"""R times [s], intervals [ms], R amplitudes and the true rate [1/min]."""


def rates(path: Path, *, belt: bool) -> dict[tuple[str, float], float]:
    """Return the breathing rate by person and time, from the belt or from the beats."""
    usual = PipelineConfig()
    config = replace(usual, respiration=replace(usual.respiration, stream=belt))
    recording = Recording(path)
    pipeline = Pipeline(recording.streams, session_id="breath", config=config)
    rows = (s for batch in recording.batches() for s in pipeline.push(batch))
    return {(s.entity, s.time): s.value for s in rows if s.index == "resp_rate"}


def beside_a_belt(path: Path) -> str:
    """Return a line on a recording."""
    of_belt, of_beats = rates(path, belt=True), rates(path, belt=False)
    off = np.array([abs(of_beats.get(key, math.nan) - rate) for key, rate in of_belt.items()])
    share = np.isfinite(list(of_beats.values())).mean()
    both = off[np.isfinite(off)]
    if not len(both):
        return f"{path.name}: no window with both"
    return (
        f"{path.name}: beats give a rate in {100 * share:.0f} % of windows; of {len(both)} with the belt's, "
        f"{100 * np.mean(both > FAR):.1f} % more than {FAR:g} a minute off, median {np.median(both):.2f}"
    )


def windows(kind: str, rng: np.random.Generator, swing: float = 0.0, rate: float = 0.0) -> Iterator[Window]:
    """Yield windows of 40 s of beats of different people: noise, or breath of a swing [s] in slow waves."""
    for _ in range(N):
        usual = 60.0 / rng.uniform(55.0, 95.0)
        n = int(40.0 / usual) + 4
        noise, other = rng.standard_normal((2, n))
        at, phase = usual * np.arange(n), 2 * np.pi * rng.random()
        if kind == "white":
            steps, heights = 0.02 * noise, 0.03 * other
        elif kind == "walk":
            steps, heights = 0.006 * np.cumsum(noise), 0.01 * np.cumsum(other)
        else:
            pace = rate / 60.0 * (1.0 + 0.1 * rng.standard_normal(n // 3 + 1).repeat(3)[:n])
            breath = np.sin(2 * np.pi * np.cumsum(pace * usual))
            slow = np.sin(2 * np.pi * rng.uniform(*SLOW) * at + phase)
            steps = swing * breath + 0.02 * slow + 0.008 * noise
            heights = rng.uniform(0.02, 0.04) * breath + 0.01 * other
        nn = usual + steps
        times = np.cumsum(nn)
        yield times, 1000.0 * nn, 1.0 + heights, rate


def told(kind: str, *, strap: bool, swing: float = 0.0, rate: float = 0.0) -> str:
    """Return in which share of simulated windows there is a rate, and of these how many are far off."""
    off = []
    for times, nn, heights, true in windows(kind, np.random.default_rng(5), swing, rate):
        middle = float(times[0] + times[-1]) / 2.0
        off.append(abs(breathing_rate(times, nn, None if strap else heights, middle)[0] - true))
    known = np.isfinite(off)
    far = np.mean(np.array(off)[known] > FAR) if known.any() else math.nan
    return f"{100 * known.mean():.0f} %" + (f", {100 * far:.0f}" if rate and known.any() else "")


def main() -> None:
    """Print both."""
    for path in map(Path, sys.argv[1:]):
        print(beside_a_belt(path))
    print("share of windows with a rate, and of these how many % are far off: ECG; a strap's intervals")
    for kind in ("white", "walk"):
        print(f"{kind} noise without breath: {told(kind, strap=False)}; {told(kind, strap=True)}")
    for swing in (0.03, 0.01, 0.004):
        for rate in (6.5, 9.0, 12.0, 16.0, 22.0, 28.0):
            ecg, strap = (told("breath", strap=s, swing=swing, rate=rate) for s in (False, True))
            print(f"breath of {1000 * swing:g} ms, {rate:g} a minute, slow waves of 20 ms: {ecg}; {strap}")


if __name__ == "__main__":
    main()

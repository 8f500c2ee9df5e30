"""In which share of seconds a clipped ECG is called so, and a whole one: `python -m benchmarks.clipping`.

Each record is left whole, then cut off at 0.9, 0.66 and 0.33 of its median R amplitude on either side of its
median, as it is and again at 130 Hz in steps of its own converter. Simulated morphologies are not clipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.morphologies import SHAPES, simulate
from processing.heart.ecg_quality import CLIPPED, SecondMonitor

DATA = (
    Path(os.environ.get("ATTUNEMENT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")) / "ecg"
)
LEVELS = (None, 0.9, 0.66, 0.33)


def called_clipped(ecg: FloatArray, sfreq: float) -> float:
    """Return the share of seconds that are called saturated [%]."""
    monitor, times = SecondMonitor(sfreq), np.arange(len(ecg)) / sfreq
    monitor.update(times, ecg)
    centres = 0.5 + np.arange(int(times[-1]) - 1)
    seconds = monitor.measure(centres, np.zeros(len(centres), bool))
    return 100.0 * float(np.mean(seconds.cut | (seconds.clipped > CLIPPED)))


def loaded(path: Path) -> tuple[FloatArray, float, float]:
    """Return a record, its rate [Hz], and the median height of its beats over its median (or under it)."""
    with np.load(path) as file:
        ecg = file["ecg" if "ecg" in file else "adc"].astype(np.float64)
        sfreq = float(file["sfreq"]) if "sfreq" in file else 1000.0
        beats = file["beats"] if "beats" in file else 500 + np.arange(0, len(ecg) - 1500, 1000)
    reach = 0.03 if len(beats) and sfreq != 1000.0 else 0.5  # without annotations: the top of each second
    around = [ecg[max(0, b - int(reach * sfreq)) : b + int(reach * sfreq)] - np.median(ecg) for b in beats]
    heights = np.median([[x.max(), -x.min()] for x in around], axis=0)
    return ecg, sfreq, float(heights.max())


def main() -> None:
    """Print the tables."""
    for path in sorted(DATA.glob("*.npz")):
        ecg, sfreq, height = loaded(path)
        steps = np.abs(np.diff(ecg))
        step = float(steps[steps > 1e-9].min())
        slow = np.interp(np.arange(0, len(ecg) / sfreq - 1, 1 / 130), np.arange(len(ecg)) / sfreq, ecg)
        cells = []
        for x, rate in ((ecg, sfreq), (np.round(slow / step) * step, 130.0)):
            middle = float(np.median(x))
            for level in LEVELS:
                top = np.inf if level is None else level * height
                cells.append(f"{called_clipped(np.clip(x, middle - top, middle + top), rate):.1f}")
        print(f"{path.stem:22s}", " ".join(f"{cell:>6s}" for cell in cells))
    for sfreq in (130.0, 500.0):
        for step in (0.001, 0.005):
            shares = {
                name: called_clipped(np.round(simulate(shape, sfreq)[0] / step) * step, sfreq)
                for name, shape in SHAPES.items()
            }
            said = {name: share for name, share in shares.items() if share}
            print(f"{len(SHAPES)} morphologies, {sfreq:g} Hz, steps of {step} mV, called clipped [%]: {said}")


if __name__ == "__main__":
    main()

"""What becomes of real EDA at other rates, and of one whose zero was taken away.

    python -m benchmarks.eda_real FILE SFREQ      # a .npy of EDA [µS], SFREQ [Hz]

Twenty-four minutes of a finger at 2000 Hz, with pictures, are in the wheel of systole 0.1.2, a zip file
(`pip download --no-deps systole==0.1.2`): systole/datasets/Task1_EDA.npy. The package says 1000 Hz, at which
the heart beside it would beat 37 times a minute.

Printed are the responses at each rate and how many of them, and of those at the full rate, have one within
1.5 s among the others; then, of the signal less its mean, in units of its spread, and after a high-pass of
60 s, in which share of the seconds the level has a value and a quality of 0.5 or more.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.eda_faults import rows
from processing.skin.eda import detect_scrs

RATES = (1000.0, 100.0, 32.0, 16.0, 8.0, 4.0, 2.0, 1.0)
NEAR = 1.5
CONSTANT = 60.0
LEAST = 25.0


def at_rate(eda: FloatArray, sfreq: float, rate: float) -> tuple[FloatArray, float]:
    """Return block means at about a rate [Hz], and the rate they have."""
    block = max(1, round(sfreq / rate))
    return eda[: len(eda) // block * block].reshape(-1, block).mean(axis=1), sfreq / block


def has_one_near(peaks: FloatArray, among: FloatArray) -> int:
    """Return how many peaks [s] have another within 1.5 s."""
    if not len(peaks) or not len(among):
        return 0
    return int(np.count_nonzero(np.abs(peaks[:, None] - among[None]).min(axis=1) < NEAR))


def high_passed(eda: FloatArray, sfreq: float) -> FloatArray:
    """Return what an amplifier leaves that passes no slow change."""
    keep, held, out = float(np.exp(-1.0 / (sfreq * CONSTANT))), 0.0, np.empty(len(eda))
    for k, step in enumerate(np.diff(eda, prepend=0.0).tolist()):
        held = keep * (held + step)
        out[k] = held
    return out


def looks_good(eda: FloatArray, sfreq: float) -> float:
    """Return in which share of the seconds the level has a value and a quality of 0.5 or more [%]."""
    levels = [row for row in rows(eda, sfreq) if row.index == "scl"]
    return 100.0 * sum(r.value == r.value and r.quality >= 0.5 for r in levels) / len(levels)


def main() -> None:
    """Print what becomes of a recording."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("sfreq", type=float)
    options = parser.parse_args()
    eda = np.load(options.file, allow_pickle=False).astype(np.float64)
    full = detect_scrs(eda, options.sfreq).peak
    print(f"{options.sfreq:g} Hz: {len(full)} responses")
    for rate in RATES:
        if rate >= options.sfreq:
            continue
        less, sfreq = at_rate(eda, options.sfreq, rate)
        peaks = detect_scrs(less, sfreq).peak
        both = f"{has_one_near(full, peaks)} of {len(full)} are found, {has_one_near(peaks, full)} right"
        print(f"{sfreq:.4g} Hz: {len(peaks)} responses, {both}", flush=True)
    eda, sfreq = at_rate(eda, options.sfreq, LEAST)
    for name, made in (
        ("as it is", eda),
        ("less its mean", eda - eda.mean()),
        ("in units of its spread", (eda - eda.mean()) / eda.std()),
        ("after a high-pass of 60 s", high_passed(eda, sfreq)),
    ):
        print(
            f"{name}: a level that looks good in {looks_good(made, sfreq):.1f} % of the seconds", flush=True
        )


if __name__ == "__main__":
    main()

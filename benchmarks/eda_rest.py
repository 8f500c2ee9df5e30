"""What is taken for a response where nobody responds, and which unit is doubted.

    python -m benchmarks.eda_rest [--seeds 2]

Ten minutes of a level without responses each, white noise of 3 nS, and one thing added: a drift, a wave, the
steps of a converter, noise of low frequencies. Printed are the responses found a minute after the first half
minute, at several rates.
Then the share of seconds after ten minutes of half an hour in which the level is doubted to be in siemens,
for simulated skin (`benchmarks.eda_signals`) as it is and as its inverse.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.eda_signals import simulate
from processing.skin.config import SkinConfig
from processing.skin.doubt import OHMS
from processing.skin.eda import detect_scrs
from processing.skin.signal import whole

RATES = (2.0, 4.0, 8.0, 32.0)
SECONDS, BEGIN, LEARNED = 600.0, 30.0, 600.0
Added = Callable[[FloatArray, np.random.Generator], FloatArray]


def drift(slope: float) -> Added:
    """Return what adds a drift [µS/s]."""
    return lambda t, rng: slope * t


def wave(frequency: float, size: float) -> Added:
    """Return what adds a wave [Hz], [µS]."""
    return lambda t, rng: np.asarray(size * np.sin(2.0 * np.pi * frequency * t + rng.uniform(0.0, 6.0)))


def noise(power: float, size: float) -> Added:
    """Return what adds noise of a size [µS] whose density falls with a power of frequency, from 5 mHz on."""

    def add(t: FloatArray, rng: np.random.Generator) -> FloatArray:
        frequency = np.fft.rfftfreq(len(t), float(t[1] - t[0]))
        inside = frequency > 0.005
        parts = np.where(inside, np.where(inside, frequency, 1.0) ** (-power / 2.0), 0.0)
        made = np.fft.irfft(parts * np.exp(2j * np.pi * rng.random(len(parts))), len(t))
        return np.asarray(size * made / made.std())

    return add


KINDS: dict[str, tuple[Added, float]] = {
    "nothing": (drift(0.0), 0.0),
    **{f"drift of {slope:g} µS/s": (drift(slope), 0.0) for slope in (0.01, 0.02, 0.04)},
    **{
        f"wave of {size:g} µS at {frequency:g} Hz": (wave(frequency, size), 0.0)
        for size in (0.05, 0.1, 0.3)
        for frequency in (0.08, 0.1, 0.125, 0.15, 0.2)
    },
    **{
        f"noise of {size:g} µS, 1/f^{power:g}": (noise(power, size), 0.0)
        for power in (1.0, 1.5, 2.0)
        for size in (0.03, 0.05)
    },
    "steps of 0.1 µS, noise of 0.04": (lambda t, rng: 0.04 * rng.standard_normal(len(t)), 0.1),
}


def false_ones(kind: str, sfreq: float, seeds: int) -> float:
    """Return how many responses a minute are found."""
    added, step = KINDS[kind]
    found = 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        t = np.arange(round(SECONDS * sfreq)) / sfreq
        eda = 4.0 + 0.1 * np.sin(t / 50.0) + 0.003 * rng.standard_normal(len(t)) + added(t, rng)
        peaks = detect_scrs(np.round(eda / step) * step if step else eda, sfreq).peak
        found += int(np.count_nonzero(peaks > BEGIN))
    return 60.0 * found / seeds / (SECONDS - BEGIN)


def doubted(eda: FloatArray, sfreq: float) -> float:
    """Return the share of seconds that are doubted once enough is known [%]."""
    seconds = np.arange(LEARNED, len(eda) / sfreq - 10.0)
    doubts = whole(eda, sfreq, SkinConfig()).level.doubts(seconds)
    return 100.0 * float(np.mean([why == OHMS for why in doubts]))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    print("| false responses a minute | " + " | ".join(f"{rate:g} Hz" for rate in RATES) + " |")
    print("|---|" + "---|" * len(RATES))
    for kind in KINDS:
        cells = (f"{false_ones(kind, rate, options.seeds):.1f}" for rate in RATES)
        print(f"| {kind} | " + " | ".join(cells) + " |", flush=True)
    print("| responses a minute | doubted as µS % | doubted as kΩ % |")
    print("|---|---|---|")
    for rate in (1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0):
        skins = [simulate(100 + seed, rate).sampled(4) for seed in range(2 * options.seeds)]
        shares = (
            np.mean([doubted(x, 4.0) for x in skins]),
            np.mean([doubted(100.0 / x, 4.0) for x in skins]),
        )
        print(f"| {rate:g} | {shares[0]:.0f} | {shares[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()

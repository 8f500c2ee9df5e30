"""How often simulated people at rest leave the band, and how often a rise is seen.

    python -m benchmarks.arousal [--people 60] [--seed 30000]

Rest of three kinds (short memory, 1/f, drift) runs 30 minutes after the two baselines. A rise of +10 bpm,
+0.25 ln SCL and +6 responses a minute stays for three minutes. The plain band is k·1.4826·MAD of A at rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.band import ArousalConfig, index_series
from processing.arousal.baseline import Baseline, Reference, band_for
from processing.arousal.excursion import excursions

REST, TALK, AFTER = 300, 120, 1800
CONFIG = ArousalConfig()
Noise = Callable[[np.random.Generator, int], FloatArray]


def short_memory(rng: np.random.Generator, n: int) -> FloatArray:
    """Return AR(1) noise of unit variance with a time constant of 60 s."""
    keep = np.exp(-1 / 60)
    steps = np.sqrt(1 - keep * keep) * rng.standard_normal(n)
    out = np.empty(n)
    value = rng.standard_normal()
    for i, step in enumerate(steps.tolist()):
        value = keep * value + step
        out[i] = value
    return out


def pink(rng: np.random.Generator, n: int) -> FloatArray:
    """Return 1/f noise of unit variance between 1/1800 and 1/20 Hz."""
    f = np.fft.rfftfreq(n)
    inside = (f >= 1 / 1800) & (f <= 1 / 20)
    spectrum = np.where(inside, 1 / np.sqrt(np.maximum(f, 1e-9)), 0.0)
    x = np.fft.irfft(spectrum * (rng.standard_normal(len(f)) + 1j * rng.standard_normal(len(f))), n)
    return np.asarray(x / x.std())


def drift(rng: np.random.Generator, n: int) -> FloatArray:
    """Return short memory with a trend of one SD an hour, either way."""
    return short_memory(rng, n) + rng.choice([-1.0, 1.0]) * np.arange(n) / 3600.0


def channels(rng: np.random.Generator, noise: Noise) -> dict[str, FloatArray]:
    """Return the channels of one person at rest, as the index takes them, at 1 Hz."""
    n = REST + TALK + AFTER
    hr = rng.uniform(58, 85) + rng.uniform(1.5, 3.0) * noise(rng, n)
    level = np.log(rng.uniform(2, 12)) + rng.uniform(0.03, 0.08) * noise(rng, n)
    expected = np.maximum(0.2, rng.uniform(2, 8) + 1.0 * noise(rng, n)) / 60.0
    came = np.concatenate(([0.0], np.cumsum(rng.poisson(expected))))
    last = np.arange(1, n + 1) // 5 * 5
    rate = came[last] - came[np.maximum(0, last - 60)]
    rate[:60] = rate[60]
    return {"hr": hr, "scl": level, "scr": np.sqrt(rate)}


def part(values: dict[str, FloatArray], start: int, stop: int) -> dict[str, FloatArray]:
    """Return the seconds from start to stop of every channel."""
    return {c: x[start:stop] for c, x in values.items()}


def one(values: dict[str, FloatArray], talk: bool, half: float) -> tuple[FloatArray, float, float, float]:
    """Return the index after the baselines and its band: low, high, s_A; `half` 0 takes the plain band."""
    rest = Baseline(code="baseline_rest", start=0.0, stop=REST, values=part(values, 0, REST))
    spoken = Baseline(
        code="baseline_talk", start=REST, stop=REST + TALK, values=part(values, REST, REST + TALK)
    )
    reference = Reference.of([rest], [spoken] if talk else [], CONFIG)
    a = index_series(values, reference.scales, list(values), CONFIG)[REST + TALK :]
    if half:
        band = band_for(reference, 7)
        return a, band.low, band.high, band.scale
    still = index_series(rest.values, reference.scales, list(values), CONFIG)[10:]
    median, s = float(np.nanmedian(still)), 1.4826 * float(np.nanmedian(np.abs(still - np.nanmedian(still))))
    return a, median - CONFIG.k * s, median + CONFIG.k * s, s


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=30000)
    options = parser.parse_args()
    hours = options.people * AFTER / 3600.0
    t = np.arange(float(AFTER))
    print(f"{options.people} people x {AFTER / 60:.0f} min of rest; excursions an hour, and rises seen [%]")
    for name, noise in (("short memory", short_memory), ("1/f", pink), ("drift", drift)):
        cells = []
        for label, talk, half in (
            ("with talk", True, 1.0),
            ("rest only", False, 1.0),
            ("plain band", False, 0.0),
        ):
            left = seen = 0
            for i in range(options.people):
                values = channels(np.random.default_rng(options.seed + i), noise)
                left += len(excursions(t, *one(values, talk, half)))
                up = {c: x.copy() for c, x in values.items()}
                begun = REST + TALK + 600
                stays = slice(begun, begun + 180)
                up["hr"][stays] += 10.0
                up["scl"][stays] += 0.25
                up["scr"][begun + 60 : begun + 180] = np.sqrt(up["scr"][begun + 60 : begun + 180] ** 2 + 6.0)
                found = excursions(t, *one(up, talk, half))
                seen += any(e.side > 0 and e.on < 600 + 180 and e.off > 600 for e in found)
            cells.append(f"{label} {left / hours:5.2f}/h, {100 * seen / options.people:5.1f} %")
        print(f"  {name:13s}", ";  ".join(cells), flush=True)


if __name__ == "__main__":
    main()

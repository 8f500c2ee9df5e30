"""How often a respiration stream gives a rate, and how far off (`python -m benchmarks.respiration`)."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.config import RespirationConfig
from processing.heart.respiration_stream import breath_rates

SECONDS, WINDOW, RATE, STEP = 1800, 120, 4.0, 20


def belt(starts: FloatArray, times: FloatArray) -> FloatArray:
    """Return a displacement, a breath from each start to the next: in for a third, out faster at first."""
    phase = np.interp(times, starts, np.arange(len(starts))) % 1.0
    into = 0.5 - 0.5 * np.cos(np.pi * phase / 0.35)
    return np.asarray(np.where(phase < 0.35, into, np.exp(-(phase - 0.35) / 0.18)))


def judged(values: FloatArray, starts: FloatArray | None = None) -> tuple[float, float]:
    """Return the share of windows with a value, and the 95th percentile of the errors [1/min]."""
    first = np.arange(0, len(values) - WINDOW, STEP)
    rates = breath_rates(np.stack([values[k : k + WINDOW] for k in first]), RespirationConfig())
    known = [(k / RATE, rate) for k, (rate, _, _) in zip(first.tolist(), rates, strict=True) if rate == rate]
    if starts is None or not known:
        return len(known) / len(first), math.nan
    errors = []
    for begin, rate in known:
        inside = starts[(starts >= begin) & (starts <= begin + WINDOW / RATE)]
        if len(inside) > 1:
            errors.append(abs(rate - 60.0 * (len(inside) - 1) / (inside[-1] - inside[0])))
    return len(known) / len(first), float(np.quantile(errors, 0.95))


def main() -> None:
    """Print the table of docs/respiration.md."""
    rng = np.random.default_rng(8)
    times = np.arange(int(SECONDS * RATE)) / RATE
    for spread in (0.0, 0.1, 0.2, 0.3):
        cells = []
        for per_minute in (6, 12, 18, 30):
            n = int(1.5 * SECONDS * per_minute / 60) + 10
            starts = np.cumsum(60.0 / per_minute * np.exp(spread * rng.standard_normal(n)))
            share, error = judged(belt(starts, times) + 0.05 * rng.standard_normal(len(times)), starts)
            cells.append(f"{100 * share:.0f} %, {error:.1f}")
        print(f"| {100 * spread:.0f} % | {' | '.join(cells)} |")
    noise = rng.standard_normal(40 * len(times))
    for name, values in (("white noise", noise), ("random walk", np.cumsum(noise))):
        print(f"{name}: {100 * judged(values)[0]:.1f} % of windows have a value")


if __name__ == "__main__":
    main()

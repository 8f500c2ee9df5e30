"""How often the 95 % intervals of session metrics hold the truth.

python benchmarks/session_intervals.py [--n 400] [--swings 200]
"""

from __future__ import annotations

import argparse
import math
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.band import ArousalConfig, Smoothing
from processing.arousal.excursion import Excursion
from processing.hour.uncertainty import (
    mean_interval,
    median_interval,
    poisson_interval,
    quartile_range_interval,
    series_interval,
)
from processing.metrics import in_band, tolerated
from processing.metrics.oscillation import highest_peak
from processing.responses import epochs
from tests.processing.hours import wandering

MINUTES = 50


def covered(intervals: list[tuple[float, float]], truth: float) -> str:
    """Return the share of intervals that hold the truth, of those there are."""
    known = [i for i in intervals if not math.isnan(i[0])]
    held = sum(low <= truth <= high for low, high in known)
    return f"{100 * held / max(len(known), 1):5.1f} % of {len(known)}"


def means(n: int) -> None:
    """Test the mean of log-normal durations, 5 to 30 of them."""
    rng = np.random.default_rng(1)
    for size in (5, 8, 12, 30):
        truth = 60.0 * math.exp(0.5 * 0.4**2)
        found = [mean_interval(60.0 * np.exp(rng.normal(0, 0.4, size)), rng) for _ in range(n)]
        print(f"mean of {size:2d} durations (log-normal, σ 0.4)   {covered(found, truth)}")


def shares(n: int) -> None:
    """Test time outside: log-normal excursions that alternate with exponential stretches of the rest."""
    rng = np.random.default_rng(2)
    for rate in (6.0, 12.0):
        mean = 60.0 * math.exp(0.5 * 0.4**2)
        found = [in_band._interval(alternating(rate, mean, rng), 60 * MINUTES) for _ in range(n)]
        print(f"time outside, {rate:g} excursions an hour           {covered(found, rate * mean / 36.0)}")
        counts = rng.poisson(rate, n).tolist()
        held = covered([poisson_interval(c) for c in counts], rate)
        print(f"count, {rate:g} expected                           {held}")


def alternating(rate: float, mean: float, rng: np.random.Generator) -> list[Excursion]:
    """Return excursions at random moments of an hour [1/h, s], the last one cut if it lasts too long."""
    out, end, between = [], 60.0 * MINUTES, 3600.0 / rate - mean
    at = rng.exponential(between)
    while at < end:
        off = at + 60.0 * math.exp(rng.normal(0, 0.4))
        out.append(
            Excursion(side=1, on=at, off=off, peak=3, peak_time=at, depth=1, area=1, censored=off > end)
        )
        at = off + rng.exponential(between)
    return out


def medians(n: int) -> None:
    """Test the median of the index in 50 min."""
    rng = np.random.default_rng(3)
    for tau in (30.0, 60.0, 100.0):
        found = [
            series_interval(wandering(60 * MINUTES, tau, 1.0, rng), lambda v: float(np.median(v)))
            for _ in range(n)
        ]
        print(f"median of the index, correlation time {tau:3.0f} s  {covered(found, 0.0)}")


def swings(n: int) -> None:
    """Count swings found in first-order noise, smoothed as the index is."""
    config = ArousalConfig()
    for tau in (30.0, 60.0, 100.0):
        wrong = 0
        for k in range(n):
            rng = np.random.default_rng([9, k])
            smoothing = Smoothing(config)
            a = np.array([smoothing.step(v) for v in wandering(60 * MINUTES, tau, 1.0, rng).tolist()])
            a[500:620] = np.nan
            found = highest_peak(a, config, rng)
            wrong += found is not None and found.p <= 0.05
        print(f"swing, correlation time {tau:3.0f} s: false positives {100 * wrong / n:.1f} % of {n}")


def of_turns(n: int) -> None:
    """Test median and P75 − P25 of log-normal turns (σ 0.8)."""
    for size in (10, 30, 100):
        rng = np.random.default_rng(size)
        draws = [np.exp(rng.normal(2.0, 0.8, size)) for _ in range(n)]
        print(f"median of {size} turns  {covered([median_interval(d) for d in draws], math.exp(2.0))}")
        width = 2.0 * math.exp(2.0) * math.sinh(0.6744898 * 0.8)
        found = [quartile_range_interval(d, rng) for d in draws]
        print(f"P75 − P25 of {size} turns  {covered(found, width)}")


def edges(n: int) -> None:
    """Test the tolerated edge: 20 to 80 labels, steep and flat, near and far, wrong keys, a wandering index.

    In the last ones the person's own edge wanders by 0.5 SD from label to label.
    """
    kinds = [
        (spread, size, slope, middle, 0.0, 0.0)
        for spread in ("even", "normal", "remembering")
        for size in (20, 30, 60, 80)
        for slope, middle in ((1.0, 1.5), (2.0, 1.5), (2.0, 2.5), (4.0, 2.5))
    ]
    kinds += [("even", size, 2.0, 1.5, 0.05, 0.0) for size in (20, 40, 80)]
    kinds += [("remembering", size, 2.0, 1.5, 0.0, 0.5) for size in (20, 40, 80)]
    for k, (spread, size, slope, middle, wrong, drift) in enumerate(kinds):
        rng = np.random.default_rng([4, k])
        found = []
        while len(found) < n:
            a = places(spread, size, rng)
            at = middle + drift * wandering(size, 4.5, 1.0, rng)
            share = wrong + (1.0 - 2.0 * wrong) / (1.0 + np.exp(-slope * (a - at)))
            codes = tuple("felt_over" if o else "felt_ok" for o in rng.random(size) < share)
            edge = tolerated.edge(tolerated.Labels(arousal=a, codes=codes), "felt_over")
            found += [] if edge.reason else [(edge.low, edge.high)]
        opened = 100.0 * float(np.isnan(found).any(axis=1).mean())
        held = np.mean([not low > middle and not high < middle for low, high in found])
        print(
            f"tolerated edge, {size} {spread} labels, slope {slope:g}, edge {middle:g}, {wrong:.0%} wrong, "
            f"drift {drift:g}: {100 * held:5.1f} % of {n}, an open end in {opened:.0f} %"
        )


def places(spread: str, size: int, rng: np.random.Generator) -> FloatArray:
    """Return the index at each label [SD]."""
    if spread == "even":
        return rng.uniform(-1.0, 4.0, size)
    if spread == "normal":
        return rng.normal(1.0, 1.3, size)
    return 0.8 + wandering(size, 4.5, 1.4, rng)


def responses(n: int) -> None:
    """Test the mean response second by second: heavy-tailed events, 6 to 25 of them."""
    rng = np.random.default_rng(6)
    for size in (6, 12, 25):
        low, high = zip(
            *(epochs.bootstrap(np.exp(rng.normal(0, 0.4, (size, 1))), rng) for _ in range(n)),
            strict=True,
        )
        found = [(float(a[0]), float(b[0])) for a, b in zip(low, high, strict=True)]
        print(
            f"mean response of {size:2d} events (log-normal, σ 0.4) {covered(found, math.exp(0.5 * 0.4**2))}"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--swings", type=int, default=200)
    given = parser.parse_args()
    swings(given.swings)
    for part in (means, responses, shares, medians, of_turns, edges):
        part(given.n)


if __name__ == "__main__":
    main()

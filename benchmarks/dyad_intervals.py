"""How often the 95 % intervals of what two people do together hold the truth.

python benchmarks/dyad_intervals.py [--n 400]

The truth of a kind of hour is that of 200 hours of it.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.signal import lfilter

from acquisition.stream import BoolArray, FloatArray
from benchmarks.session_intervals import covered
from processing.arousal.band import ArousalConfig
from processing.arousal.excursion import Excursion, excursions
from processing.hour.timeline import gaps
from processing.hour.uncertainty import correlation_interval, memory, remembering_interval
from processing.metrics import joint
from processing.metrics.in_band import parts_interval
from processing.surrogates.coupling_intervals import effect, effect_interval, segment_means, z_interval
from tests.processing.hours import wandering

SECONDS = 3000
LONG = 200 * SECONDS
Pair = tuple[BoolArray, BoolArray]


def alternating(
    n: int, per_hour: float, mean: float, rng: np.random.Generator, after: FloatArray | None = None
) -> BoolArray:
    """Return where someone is out: log-normal stretches (σ 0.5) at random, and `after` others' ones."""
    out = np.zeros(n, np.bool_)
    between = 3600.0 / per_hour - mean
    at = rng.exponential(between)
    while at < n:
        length = mean * math.exp(rng.normal(-0.125, 0.5))
        out[int(at) : int(at + length)] = True
        at += length + rng.exponential(between)
    for start in () if after is None else after.tolist():
        out[int(start) + 10 : int(start + 10 + mean * math.exp(rng.normal(-0.125, 0.5)))] = True
    return out


def following(n: int, per_hour: float, mean: float, share: float, rng: np.random.Generator) -> Pair:
    """Return two people; the second goes out 10 s after a `share` of the first one's excursions, too."""
    first = alternating(n, per_hour, mean, rng)
    starts = np.array([a for a, _ in gaps(~first)], float)
    return first, alternating(n, per_hour, mean, rng, starts[rng.random(len(starts)) < share])


def crossing(n: int, tau: float, share: float, edge: float, rng: np.random.Generator) -> Pair:
    """Return two people whose index shares variance and crosses an edge, as excursions are found."""
    common = wandering(n, tau, math.sqrt(share), rng)
    config, times, edges = ArousalConfig(), np.arange(float(n)), np.full(n, edge)
    both = []
    for _ in range(2):
        a = common + wandering(n, tau, math.sqrt(1.0 - share), rng)
        a = np.convolve(a, np.ones(15) / 15.0, "same")
        found = excursions(
            times, a, -edges, edges, np.ones(n), hold=config.hold, back=config.back, inside=config.inside
        )
        both.append(outside(found, n))
    return both[0], both[1]


def outside(found: list[Excursion], n: int) -> BoolArray:
    """Return the seconds in excursions."""
    out = np.zeros(n, np.bool_)
    for e in found:
        out[int(e.on) : int(e.off)] = True
    return out


def together(name: str, hour: Callable[[int, np.random.Generator], Pair], n: int) -> None:
    """Test joint time, Jaccard index and lift, and each person's time in the band."""
    long = hour(LONG, np.random.default_rng(1))
    inside = 100.0 * float(np.mean(~(long[0] | long[1])))
    jaccard, lift = joint.together(*long)
    found: dict[str, list[tuple[float, float]]] = {"own": [], "joint": [], "jaccard": [], "lift": []}
    for k in range(n):
        c, t = hour(SECONDS, np.random.default_rng([2, k]))
        found["own"].append(_share(c))
        found["joint"].append(_share(c | t))
        cycles = joint.cycles(c, t)
        found["jaccard"].append(joint.jaccard_interval(cycles))
        found["lift"].append(joint.lift_interval(cycles))
    truth = {"own": 100.0 * float(np.mean(~long[0])), "joint": inside, "jaccard": jaccard, "lift": lift}
    for what, intervals in found.items():
        print(f"{name}: {what} ({truth[what]:.2f})  {covered(intervals, truth[what])}")


def _share(out: BoolArray) -> tuple[float, float]:
    """Return the interval of the time within, as of excursions; none if one is cut by an end."""
    stretches = [
        (
            Excursion(
                side=1, on=a, off=b, peak=3, peak_time=a, depth=1, area=1, censored=a == 0 or b == len(out)
            ),
            b - a,
        )
        for a, b in gaps(~out)
    ]
    low, high = parts_interval(stretches, len(out))
    return 100.0 - high, 100.0 - low


def turn_by_turn(n: int) -> None:
    """Test the voice measures: turns that remember the one before, and share some of what they do."""
    for size, keep, share in (
        (20, 0.0, 0.0),
        (20, 0.7, 0.4),
        (60, 0.4, 0.4),
        (150, 0.7, 0.0),
        (150, 0.7, 0.4),
    ):
        coupling, alike = [], []
        for k in range(n):
            rng = np.random.default_rng([3, size, k])
            raw = lfilter([1], [1, -keep], rng.normal(size=(3, size + 50)), axis=1)[:, 50:]
            x, y = (math.sqrt(share) * raw[2] + math.sqrt(1.0 - share) * raw[j] for j in (0, 1))
            line = np.arange(size)
            u, v = (s - np.polyval(np.polyfit(line, s, 1), line) for s in (x, y))
            coupling.append(correlation_interval(u, v, float(np.corrcoef(u, v)[0, 1])))
            x, y = ((s - s.mean()) / s.std(ddof=1) for s in (x, y))
            least = (0.5 * (memory(x) + memory(y))) ** 2
            alike.append(remembering_interval(-np.abs(x - y), least))
        name = f"{size} pairs of turns, memory {keep:g}, shared {share:g}"
        print(f"{name}: vocal coupling  {covered(coupling, share)}")
        print(f"{name}: similarity  {covered(alike, -2.0 * math.sqrt((1.0 - share) / math.pi))}")


def synchrony(n: int) -> None:
    """Test the mean of segments and its distance from chance, against their mean over all hours."""
    for sfreq, segment, max_lag, tau in ((4.0, 30.0, 5.0, 6.0), (0.5, 120.0, 15.0, 30.0)):
        for share in (0.0, 0.2, 0.5):
            zs, effects, around_z, around_effect = [], [], [], []
            for k in range(n):
                rng = np.random.default_rng([4, k])
                size = round(2400 * sfreq)
                raw = lfilter([1], [1, -math.exp(-1.0 / (tau * sfreq))], rng.normal(size=(3, size)), axis=1)
                x = math.sqrt(share) * raw[2] + math.sqrt(1.0 - share) * raw[0]
                y = math.sqrt(share) * np.roll(raw[2], round(2 * sfreq)) + math.sqrt(1.0 - share) * raw[1]
                means = segment_means(x, y, sfreq=sfreq, segment=segment, max_lag=max_lag)
                zs.append(float(np.diagonal(means).mean()))
                effects.append(effect(means))
                around_z.append(z_interval(means))
                around_effect.append(effect_interval(means, effects[-1]))
            name = f"{len(means)} segments of {segment:g} s, shared {share:g}"
            print(f"{name}: mean ({np.mean(zs):.3f})  {covered(around_z, float(np.mean(zs)))}")
            held = covered(around_effect, float(np.mean(effects)))
            print(f"{name}: effect ({np.mean(effects):.2f})  {held}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=400)
    n = parser.parse_args().n
    for per_hour, mean, share in ((7, 60, 0.0), (7, 60, 0.6), (12, 60, 0.0), (12, 60, 0.6), (6, 120, 0.3)):
        together(
            f"{per_hour} an hour of {mean} s, {share:g} followed",
            lambda size, rng, a=per_hour, b=mean, c=share: following(size, a, b, c, rng),  # type: ignore[misc]
            n,
        )
    for tau, share, edge in ((30, 0.0, 1.3), (30, 0.6, 1.6), (60, 0.6, 1.3), (60, 0.0, 1.6)):
        together(
            f"index with memory {tau} s, shared {share:g}, edge {edge:g}",
            lambda size, rng, a=tau, b=share, c=edge: crossing(size, a, b, c, rng),  # type: ignore[misc]
            n,
        )
    turn_by_turn(n)
    synchrony(n)


if __name__ == "__main__":
    main()

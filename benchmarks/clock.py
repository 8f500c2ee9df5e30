"""Measure how well device stamps are mapped to the LSL clock, on simulated links.

    python benchmarks/clock.py --runs 200

Crystal error 0.3 %, connection interval 30-45 ms, bursts, two seconds of late packets, a ten-minute session.
Prints the error of stamps against the truth: before 30 s, after, and of taps on two devices.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from acquisition.clock import DeviceClock, Stamps

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Link:
    """A device and its radio: packet rate [1/s], samples a packet, crystal error, drop-out;
    `interval` fixes the connection interval [s], which else varies from 30 to 45 ms."""

    packet: float
    n: int
    skew: float
    drift: float = 0.0
    interval: float = 0.0
    gap: tuple[float, float] = (0.0, 0.0)


def packets(link: Link, seconds: float, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return true time, device stamp and arrival of each packet's last sample [s]."""
    period = link.packet / (1 + link.skew)
    true = np.arange(period, seconds, period) + rng.uniform(0, period)
    wander = link.drift * np.sin(2 * np.pi * true / 600) * 600 / (2 * np.pi)
    device = 1000.0 + true * (1 + link.skew) + wander
    ready = true + rng.uniform(0.001, 0.004, len(true))
    # A packet leaves at a connection event; one event in ten is missed.
    steps = np.full(int(seconds / 0.03) + 100, link.interval)
    if not link.interval:
        steps = rng.uniform(0.030, 0.045, len(steps))
    events = rng.uniform(0, 0.03) + np.cumsum(steps)
    events = events[rng.random(len(events)) > 0.1]
    sent = events[np.searchsorted(events, ready)]
    for begin in rng.uniform(35, seconds - 5, 8):
        held = (sent > begin) & (sent < begin + 2.0)
        sent[held] = begin + 2.0
    sent = np.maximum.accumulate(sent)
    keep = (true < link.gap[0]) | (true > link.gap[1])
    return true[keep], device[keep], sent[keep] + rng.exponential(0.0005, int(keep.sum()))


def run(link: Link, seconds: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return true times of all samples and the errors of their stamps [s]."""
    true, device, arrival = packets(link, seconds, rng)
    clock = DeviceClock()
    stamps = Stamps(clock)
    times, errors = [], []
    period = link.packet / link.n
    back = np.arange(link.n - 1, -1, -1) * period / (1 + link.skew)
    for t, d, a in zip(true, device, arrival, strict=True):
        clock.observe(d, a)
        given = stamps.give(d - back * (1 + link.skew))
        errors.append(given - (t - back))
        times.append(t - back)
    return np.concatenate(times), np.concatenate(errors)


LINKS = {
    "H10, 73 samples a packet": Link(packet=73 / 130, n=73, skew=0.003),
    "H10, crystal slow": Link(packet=73 / 130, n=73, skew=-0.003),
    "H10, crystal 2 % fast": Link(packet=73 / 130, n=73, skew=0.02),
    "BITalino, 2 frames a packet": Link(packet=0.02, n=2, skew=0.003),
    "H10, rate wanders by 50 ppm": Link(packet=73 / 130, n=73, skew=0.003, drift=50e-6),
    "H10, interval fixed at 30 ms": Link(packet=73 / 130, n=73, skew=0.003, interval=0.03),
    "H10, interval fixed at 35 ms": Link(packet=73 / 130, n=73, skew=0.003, interval=0.035),
    "H10, out of range 300 s": Link(packet=73 / 130, n=73, skew=0.003, gap=(200.0, 500.0)),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    print(f"{'link':<32} {'< 30 s, worst':>14} {'p99':>8} {'worst':>8} {'bias':>8}   [ms]")
    for name, link in LINKS.items():
        early, late = [], []
        for seed in range(arguments.runs):
            times, errors = run(link, arguments.seconds, np.random.default_rng(seed))
            early.append(np.abs(errors[times < 30]).max())
            late.append(errors[times >= 30])
        after = np.concatenate(late) * 1e3
        worst, p99 = np.abs(after).max(), np.quantile(np.abs(after), 0.99)
        print(f"{name:<32} {max(early) * 1e3:14.1f} {p99:8.2f} {worst:8.2f} {np.median(after):8.2f}")
    taps = []
    for seed in range(arguments.runs):
        rng = np.random.default_rng(10_000 + seed)
        moments = np.sort(rng.uniform(30, arguments.seconds - 5, 50))
        first, second = (run(LINKS[k], arguments.seconds, rng) for k in list(LINKS)[:4:3])
        taps.append(np.interp(moments, *first) - np.interp(moments, *second))
    apart = np.abs(np.concatenate(taps)) * 1e3
    print(f"one tap on two devices: p99 {np.quantile(apart, 0.99):.2f} ms, worst {apart.max():.2f} ms")


if __name__ == "__main__":
    main()

"""Measure how well device stamps are mapped to the LSL clock, on simulated links.

    python benchmarks/clock.py --runs 200

Crystal error 0.3 %, connection interval 30-45 ms, bursts, two seconds of late packets, a ten-minute session,
through `PacketStream`, as the drivers do. Prints the error of stamps against the truth: before 30 s, after,
and of taps on two devices.
"""

from __future__ import annotations

import argparse
from collections import deque
from dataclasses import dataclass

import numpy as np

from acquisition.drivers.ble_stream import Outbox, PacketStream
from acquisition.drivers.clock import DeviceClock
from acquisition.stream import Chunk, Modality, Role, StreamInfo

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
    steps = np.full(int(seconds / (link.interval or 0.03)) + 100, link.interval)
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
    """Return true times of all samples and the errors of the stamps [s] that a driver gives them."""
    true, device, arrival = packets(link, seconds, rng)
    info = StreamInfo(
        name="x",
        role=Role.CLIENT,
        modality=Modality.ECG,
        sfreq=link.n / link.packet,
        unit="uV",
        channels=("x",),
    )
    out: Outbox = deque()
    stream = PacketStream(info, DeviceClock(), out)
    samples = np.zeros((link.n, 1), np.float32)
    for d, a in zip(device, arrival, strict=True):
        stream.packet(samples, round(d * 1e9), a)
    given = np.concatenate([c.times for c in out if isinstance(c, Chunk) and c.info is info])
    back = np.arange(link.n - 1, -1, -1) * link.packet / link.n / (1 + link.skew)
    times = (true[:, None] - back).ravel()[: len(given)]
    return times, given - times


def any_link(rng: np.random.Generator) -> Link:
    """Return an H10 with any crystal error to 0.3 %, and any interval that a radio may keep, 30 to 45 ms."""
    return Link(packet=H10, n=73, skew=rng.uniform(-0.003, 0.003), interval=rng.integers(24, 37) * 0.00125)


H10 = 73 / 130
LINKS: dict[str, Link | None] = {
    "H10, crystal 0.3 % fast": Link(packet=H10, n=73, skew=0.003),
    "H10, crystal 0.3 % slow": Link(packet=H10, n=73, skew=-0.003),
    "H10, crystal 2 % fast": Link(packet=H10, n=73, skew=0.02),
    "BITalino, 2 frames a packet": Link(packet=0.02, n=2, skew=0.003),
    "H10, rate wanders by 50 ppm": Link(packet=H10, n=73, skew=0.003, drift=50e-6),
    "H10, out of range for 300 s": Link(packet=H10, n=73, skew=0.003, gap=(200.0, 500.0)),
    "H10, any crystal, any fixed interval": None,
    "H10, interval fixed at 15 ms": Link(packet=H10, n=73, skew=0.003, interval=0.015),
    "H10, interval fixed at 30 ms": Link(packet=H10, n=73, skew=0.003, interval=0.03),
    "H10, interval fixed at 35 ms": Link(packet=H10, n=73, skew=0.003, interval=0.035),
    "H10, interval fixed at 45 ms": Link(packet=H10, n=73, skew=0.003, interval=0.045),
    "BITalino, interval fixed at 30 ms": Link(packet=0.02, n=2, skew=0.003, interval=0.03),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    print("| link | before 30 s, worst [ms] | after, p99 [ms] | worst [ms] | median [ms] |")
    print("|---|---|---|---|---|")
    for name, link in LINKS.items():
        early, late = [], []
        for seed in range(arguments.runs):
            rng = np.random.default_rng(seed)
            times, errors = run(link or any_link(rng), arguments.seconds, rng)
            early.append(np.abs(errors[times < times[0] + 30]).max())
            late.append(errors[times >= times[0] + 30])
        after = np.concatenate(late) * 1e3
        worst, p99 = np.abs(after).max(), np.quantile(np.abs(after), 0.99)
        print(
            f"| {name} | {max(early) * 1e3:.1f} | {p99:.1f} | {worst:.1f} | {np.median(after):+.1f} |",
            flush=True,
        )
    taps = []
    for seed in range(arguments.runs):
        rng = np.random.default_rng(10_000 + seed)
        moments = np.sort(rng.uniform(35, arguments.seconds - 5, 50))
        belt, board = any_link(rng), Link(packet=0.02, n=2, skew=-0.002, interval=0.03)
        first, second = (run(link, arguments.seconds, rng) for link in (belt, board))
        taps.append(np.interp(moments, *first) - np.interp(moments, *second))
    apart = np.abs(np.concatenate(taps)) * 1e3
    print(f"one tap on a belt and a board: p99 {np.quantile(apart, 0.99):.1f} ms, worst {apart.max():.1f} ms")


if __name__ == "__main__":
    main()

"""An hour of an emulated EmotiBit on an emulated network: what came, and how true its stamps are.

    python benchmarks/emotibit_hour.py --minutes 60 --dropouts 20 --lose 0.01

The firmware's twin and the driver's own order, clock and channels; datagrams take 3 ms and more, some are
lost, and in drop-outs nothing comes. Then the hour is refilled from the device's card.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acquisition.gatt.emotibit import RECORD, Line
from acquisition.refilling.refilling import refill
from tests.acquisition.drivers.test_emotibit import APART, Network
from tests.acquisition.refilling.test_cards_of_emotibits import Hour, samples, written


def main() -> None:
    """Let the time pass and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--dropouts", type=int, default=20)
    parser.add_argument("--lose", type=float, default=0.01)
    parser.add_argument("--skew", type=float, default=-0.0004)
    args = parser.parse_args()
    rng, net = np.random.default_rng(1), Network(skew=args.skew)
    apart, at, away = 60.0 * args.minutes / (args.dropouts + 1), 0.0, 0.0
    net.device.told(Line(0, 0, RECORD, ("2026-11-22_10-00-00-000000",)))
    for k in range(args.dropouts + 1):
        net.lose = args.lose
        net.run(at, apart * (k + 1))
        at = apart * (k + 1)
        if k < args.dropouts:
            length = float(rng.uniform(5.0, 30.0))
            net.lose = 1.0
            net.run(at, at + length)
            at, away = at + length, away + length
    times, values = net.samples()
    true, said = net.truth()
    at_true = np.clip(np.searchsorted(true, times), 1, len(true) - 1)
    place = at_true - (times - true[at_true - 1] < true[at_true] - times)
    errors = np.abs(times - true[place]) * 1e3
    late = errors[times > APART + 30.0]
    missing = sum(int(n.message.split()[0]) for n in net.notices("gap"))
    due = int(((true >= times[0] - 0.02) & (true <= times[-1] + 0.02)).sum())
    print(
        f"{len(times)} samples came, {missing} were told to be missing, {due} were measured; away for "
        f"{away:.0f} s; values right {bool(np.abs(values - said[place]).max() < 1e-5)}; packets lost "
        f"{net.signals.order.lost}; round trips {net.signals.round_trips}; "
        f"stamps p99 {np.quantile(errors, 0.99):.1f} ms, from 30 s on p99 {np.quantile(late, 0.99):.1f} ms, "
        f"worst {late.max():.1f} ms"
    )
    refilled(net, at)


def refilled(net: Network, seconds: float) -> None:
    """Refill what came from the card, and compare again."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(net, Path(folder) / "rec", seconds=seconds)
        for line in refill(path, folder=Hour(net).put(Path(folder) / "card")):
            print(line)
        times, values = samples(path)
    true, said = net.truth()
    first = int(np.argmin(np.abs(true - times[0])))
    own, errors = said[first : first + len(times)], times - true[first : first + len(times)]
    calm = np.abs(errors[times > times[0] + 30.0]) * 1e3
    right = bool(np.abs(values - own).max() < 1e-5)
    print(
        f"refilled: {len(times)} samples, each in its place {right}; stamps "
        f"p99 {np.quantile(np.abs(errors) * 1e3, 0.99):.1f} ms, from 30 s on worst {calm.max():.1f} ms"
    )


if __name__ == "__main__":
    main()

"""Is the skin conductance of two people told to be of one skin, or of two? On recordings and likenesses.

    python -m benchmarks.one_skin [FILE.npz ...] [--pairs 60] [--seed 1]

Different people: the reference recordings of wrists and fingers, and files with `eda` [µS] and `sfreq` [Hz],
each beside itself and the others at offsets of a minute and more; two simulated people with nothing in
common, or who answer the same stimuli or one pace, their latencies uneven by so much from one to the next.
Then one skin twice, and channels of which one leaks into the other; also with a recorded skin in place of a
simulated one. Ten minutes each, but of recordings all; counted are the looks at which one skin, two, or
neither is said.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.ecg import DATA
from tests.processing.skins import (
    RATE,
    Pair,
    Sensor,
    answering,
    leaking,
    one_twice,
    paced,
    shape,
    skin,
    strangers,
    told_of,
    volleys,
)

SECONDS = 600.0
LEAST = 400.0
"""Recordings that are shorter are not looked at [s]."""
MOVED = 97.3
"""Recordings stand beside each other at multiples of so many seconds."""


def counted(pairs: Iterable[Pair]) -> str:
    """Return of how many looks one skin, two or neither is said."""
    rows = [row for pair in pairs for row in told_of(pair)]
    values = np.array([row.value for row in rows])
    few = sum("few" in row.reason for row in rows)
    n = max(len(values) - few, 1)
    one, two = (values == 1.0).sum(), (values == 0.0).sum()
    open_ = len(values) - few - one - two
    return f"{n:6d} looks: one {one} ({one / n:.2%}), two {two}, open {open_}; too few responses {few}"


def recorded(paths: Iterable[Path]) -> list[Sensor]:
    """Return recordings that are long enough."""
    found = []
    for path in paths:
        file = np.load(path)
        eda, sfreq = file["eda"].astype(np.float64), float(file["sfreq"])
        if len(eda) / sfreq >= LEAST:
            found.append(Sensor(eda, sfreq))
    return found


def moved(sensors: list[Sensor]) -> Iterator[Pair]:
    """Yield recordings beside each other and themselves, at offsets."""
    for (i, one), (k, other) in product(enumerate(sensors), repeat=2):
        for shift in np.arange(MOVED if i == k else 0.0, len(other.eda) / other.sfreq - LEAST, MOVED):
            yield one, Sensor(other.eda[round(shift * other.sfreq) :], other.sfreq)


def into(sensor: Sensor, share: float, rng: np.random.Generator) -> Pair:
    """Return a recording and a simulated skin that a share of it leaks into."""
    eda, sfreq = sensor
    seconds = len(eda) / sfreq
    x = skin(rng, *volleys(rng, rng.uniform(3.0, 10.0), seconds), seconds, shape(rng))
    own = np.interp(np.arange(len(eda)) / sfreq, np.arange(len(x)) / RATE, x)
    return sensor, Sensor(own + share * eda + 0.002 * rng.standard_normal(len(eda)), sfreq)


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="recordings, each of another person")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)

    def show(name: str, make: Callable[[], Pair]) -> None:
        print(f"{name:44s}{counted(make() for _ in range(options.pairs))}", flush=True)

    real = recorded([*sorted((DATA.parent / "eda").glob("*.npz")), *options.files])
    print(f"{'recordings of different people or times':44s}{counted(moved(real))}", flush=True)
    show("nothing in common", partial(strangers, rng, SECONDS))
    for uneven in (0.2, 0.3):
        show(f"same stimuli, uneven by {uneven} s", partial(answering, rng, SECONDS, uneven))
        show("… every one, in one shape", partial(answering, rng, SECONDS, uneven, alike=True))
        show(f"one pace, uneven by {uneven} s", partial(paced, rng, SECONDS, uneven))
    for latency in (0.0, 0.5, -0.7, 1.0):
        show(f"one skin, {latency:g} s later", partial(one_twice, rng, SECONDS, latency=latency))
    rough = partial(one_twice, rng, SECONDS, latency=0.3, uneven=0.1, unlike=0.4)
    show("one skin, places less alike", rough)
    print(f"{'one recording given twice':44s}{counted((one, one) for one in real)}", flush=True)
    for share in (0.05, 0.1, 0.2, 0.3, 0.5):
        show(f"{share:.0%} of one leaks into the other", partial(leaking, rng, SECONDS, share))
        show("… of either", partial(leaking, rng, SECONDS, share, share))
        print(f"{'… of a recording':44s}{counted(into(one, share, rng) for one in real for _ in range(4))}")


if __name__ == "__main__":
    main()

"""What an electrode that came off and a tool that fills gaps leave, and what skin that is low keeps.

    python -m benchmarks.eda_faults [--seed 77] [--losses 60] [--hours 15]

Losses of contact are drawn: skin at 0.3-2 µS at 4 Hz, an electrode that comes off within 0.1-6 s, reads
0.05-0.2 µS for 10-100 s and touches again. So is skin that is low, 0.06-1.2 µS, lively or drying, and always
there; and electrodes that are off from the start. Of real signals stretches of 2.2-40 s are laid on straight
lines, or hold the last value. Printed is where `scl` has a value. Of simulated skin what exceeds its 85th
percentile is cut off before noise is added: printed is what is flat.
"""

from __future__ import annotations

import argparse

import numpy as np

from acquisition.stream import BoolArray, Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.ecg import DATA
from benchmarks.eda_signals import RATE, response, simulate
from processing.index import IndexSample
from processing.skin.config import SkinConfig
from processing.skin.doubt import NO_SKIN
from processing.skin.eda_quality import REASONS, Fault
from processing.skin.skin import Skin

SFREQ = 4.0
NOISE = 0.003


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number between two, each factor as likely."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def low_skin(rng: np.random.Generator, seconds: float) -> FloatArray:
    """Return skin whose level is low and wanders or dries, with few responses or many, or in bursts [µS]."""
    n = int(seconds * SFREQ)
    level, wander = between(rng, 0.06, 1.2), rng.choice([0.0, 0.001, 0.003, 0.006])
    x = np.full(n, level) * np.exp(np.cumsum(rng.standard_normal(n)) * wander)
    x *= np.exp(-rng.uniform(-0.3, 1.0) * np.arange(n) / n)
    at, often, burst = 5.0, between(rng, 1.0, 25.0), rng.random() < 0.5
    size, half = level * between(rng, 0.1, 3.0), between(rng, 1.0, 10.0)
    while at < seconds - 20.0:
        factor = (3.0 if (at // rng.uniform(30.0, 40.0)) % 2 else 0.2) if burst else 1.0
        at += 0.8 + rng.exponential(60.0 / (often * factor))
        shape = response(
            rng.uniform(0.8, 2.5), half * np.exp(0.2 * rng.standard_normal()), rng.random() < 0.5
        )
        scr = min(1.5, size * np.exp(0.6 * rng.standard_normal())) * shape[:: int(RATE / SFREQ)]
        inside = x[int(at * SFREQ) :][: len(scr)]
        inside += scr[: len(inside)]
    return np.maximum(x, 0.001)


def loss(rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
    """Return four minutes with a loss of contact [µS], and where there is none."""
    x = low_skin(rng, 240.0)
    t = np.arange(len(x)) / SFREQ
    x *= between(rng, 0.3, 2.0) / np.median(x)
    off, lasts, takes = rng.uniform(60.0, 120.0), between(rng, 10.0, 100.0), between(rng, 0.1, 6.0)
    left = rng.uniform(0.05, 0.2) * np.exp(
        np.cumsum(rng.standard_normal(len(x))) * rng.choice([0.0, 0.002, 0.01])
    )
    again = off + takes + lasts
    share = np.clip((t - off) / takes, 0.0, 1.0) * (
        1.0 - np.clip((t - again) / between(rng, 0.1, 2.0), 0.0, 1.0)
    )
    x *= np.where(t < off + takes, 1.0, np.exp(rng.uniform(-0.3, 0.3)))
    return x * (1.0 - share) + left * share, (t >= off + takes) & (t < again)


def never_on(rng: np.random.Generator, seconds: float) -> FloatArray:
    """Return what an electrode reads that is off from the start [µS]."""
    n = int(seconds * SFREQ)
    left = rng.uniform(0.05, 0.2) * np.exp(np.cumsum(rng.standard_normal(n)) * rng.choice([0.0, 0.002, 0.01]))
    return np.maximum(left + NOISE * rng.standard_normal(n), 0.0)


def filled(
    rng: np.random.Generator, x: FloatArray, sfreq: float, *, held: bool
) -> tuple[FloatArray, BoolArray]:
    """Return a signal with gaps laid on lines [µS], or in which its last value is held, and where."""
    x, made, at = x.copy(), np.zeros(len(x), bool), 40.0 * sfreq
    while True:
        first = int(at + rng.uniform(15.0, 60.0) * sfreq)
        last = first + int(rng.uniform(2.2, 40.0) * sfreq)
        if last > len(x) - 10:
            return x, made
        x[first:last] = np.linspace(x[first], x[first if held else last], last + 1 - first)[:-1]
        made[first + 1 : last] = True
        at = last


def rows(x: FloatArray, sfreq: float) -> list[IndexSample]:
    """Return what the estimator says of a signal."""
    info = StreamInfo(
        name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=sfreq, unit="uS", channels=("EDA",)
    )
    skin, ticks = Skin("client", config=SkinConfig()), np.arange(1.0, len(x) / sfreq)
    skin.update(Chunk(info, np.arange(len(x)) / sfreq, x[:, None]))
    return skin.advance(ticks, {"skin": ticks})


def given_in(out: list[IndexSample], bad: BoolArray, sfreq: float) -> tuple[int, int]:
    """Return how many levels whose middle three seconds lie in what is bad have a value, and how many do."""
    half = 1.5 * sfreq
    levels = [s for s in out if s.index == "scl"]
    inside = [s for s in levels if bad[max(0, int(s.time * sfreq - half)) : int(s.time * sfreq + half)].all()]
    return sum(bool(np.isfinite(s.value)) for s in inside), len(inside)


def cut_off(seed: int, sfreq: int, noise: float) -> tuple[float, float]:
    """Return which share of the seconds that are cut off, and of the others, is said to be flat [%]."""
    flat = np.zeros((2, 2))
    for k in range(5):
        rng = np.random.default_rng((seed, 3, k))
        x = simulate(900 + 10 * seed + k, 8.0).sampled(sfreq)[: 900 * sfreq]
        limit = float(np.quantile(x, 0.85))
        out = rows(np.minimum(x, limit) + noise * rng.standard_normal(len(x)), float(sfreq))
        said = {int(s.time): s.reason == REASONS[Fault.FLAT] for s in out if s.index == "eda_quality"}
        share = (x > limit).reshape(-1, sfreq).mean(axis=1)
        for second, is_flat in said.items():
            if share[second] in (0.0, 1.0):
                flat[int(share[second])] += (is_flat, 1)
    others, cut = (100.0 * flat[:, 0] / flat[:, 1]).tolist()
    return cut, others


def main() -> None:
    """Print what has a level."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--losses", type=int, default=60)
    parser.add_argument("--hours", type=float, default=15.0)
    options = parser.parse_args()
    counts = []
    for k in range(options.losses):
        rng = np.random.default_rng((options.seed, 0, k))
        x, bad = loss(rng)
        counts.append(
            given_in(rows(np.maximum(x + NOISE * rng.standard_normal(len(x)), 0.0), SFREQ), bad, SFREQ)
        )
    given, of = np.sum(counts, axis=0).tolist()
    print(f"without contact: {100 * given / of:.1f} % of {of} levels have a value")
    good, n = 0, 0
    for k in range(options.losses // 2):
        out = rows(never_on(np.random.default_rng((options.seed, 9, k)), 900.0), SFREQ)
        levels = [s for s in out if s.index == "scl"]
        good, n = good + sum(s.value == s.value and s.quality >= 0.5 for s in levels), n + len(levels)
    print(f"off from the start: {100 * good / n:.1f} % of {n} levels look good")
    off, doubted, n = 0, 0, 0
    for k in range(round(4.0 * options.hours)):
        rng = np.random.default_rng((options.seed, 1, k))
        x = low_skin(rng, 900.0)
        out = [s for s in rows(x + NOISE * rng.standard_normal(len(x)), SFREQ) if s.index == "scl"]
        off, n = off + sum(s.reason == REASONS[Fault.LOST] for s in out), n + len(out)
        doubted += sum(s.reason == NO_SKIN for s in out)
    lost = f"{100 * off / n:.3f} % of {n} levels are said to be without contact"
    print(f"low skin: {lost}, {100 * doubted / n:.1f} % in doubt")
    for name, sfreq in (("wrist_e4_61min", SFREQ), ("finger_lab_100hz_150s", 100.0)):
        with np.load(DATA.parent / "eda" / f"{name}.npz") as data:
            real = data["eda"].astype(np.float64)
        measured = sum(s.reason == REASONS[Fault.FILLED] for s in rows(real, sfreq))
        print(f"{name}: {measured} are doubted where nothing was filled")
        for how in ("laid on lines", "held"):
            x, bad = filled(np.random.default_rng(options.seed), real, sfreq, held=how == "held")
            given, of = given_in(rows(x, sfreq), bad, sfreq)
            print(f"{name}, {how}: {100 * given / of:.1f} % of {of} filled levels have a value")
    for rate in (4, 25):
        for noise in (0.001, 0.003, 0.01):
            cut, others = cut_off(options.seed, rate, noise)
            where = f"cut off before noise of {1e3 * noise:g} nS, {rate} Hz"
            print(f"{where}: {cut:.0f} % of what is cut off is flat, {others:.1f} % of the rest", flush=True)


if __name__ == "__main__":
    main()

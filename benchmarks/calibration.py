"""Check on fresh seeds how often synchrony says something about independent people.

    OPENBLAS_NUM_THREADS=1 nice python benchmarks/calibration.py --kind hr --out calibration_hr.npz
    (0.7 s a pair; `--parts offline` or `statements` 0.1 s each)
    python benchmarks/calibration.py --report calibration_*.npz

Each pair is 50 min at 4 Hz. Five kinds are independent; a `--mix` above 0 lets the client follow by `--lead`
seconds, or the therapist if that is negative.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from processing.config import PipelineConfig
from processing.coupling.synchrony import Synchrony, SynchronyConfig
from processing.index import IndexSample
from processing.indices import SIGNALS, SPEECH
from processing.surrogates.synchrony import circular_shift_test, lead, permutation_test, susy

SFREQ, SECONDS = 4.0, 3000
N = int(SFREQ * SECONDS)
KINDS = ("ar2", "ar60", "hr", "eda", "habituation", "drift")
"""Fast and slow autoregression, HR-like, EDA-like, a shared habituation; and a shared random drift."""


def autoregressive(rng: np.random.Generator, tau: float) -> np.ndarray:
    """Return AR(1) noise of unit variance with correlation time `tau` [s]."""
    a, burn = np.exp(-1.0 / (SFREQ * tau)), int(min(10 * tau, 600) * SFREQ)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], rng.standard_normal(N + burn))[burn:]


def rhythm(rng: np.random.Generator, frequency: float, width: float) -> np.ndarray:
    """Return narrow-band noise of unit variance."""
    r = np.exp(-np.pi * width / SFREQ)
    poles = [1, -2 * r * np.cos(2 * np.pi * frequency / SFREQ), r * r]
    signal = lfilter([1], poles, rng.standard_normal(N + 800))[800:]
    return signal / signal.std()


def person(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Return one person's signal."""
    if kind in ("ar2", "ar60"):
        return autoregressive(rng, float(kind[2:]))
    if kind == "hr":
        slow, breath = rhythm(rng, rng.uniform(0.08, 0.12), 0.03), rhythm(rng, rng.uniform(0.18, 0.33), 0.03)
        return 2 * slow + 1.5 * breath + 3 * autoregressive(rng, 120) + 0.3 * rng.standard_normal(N)
    if kind == "eda":
        times = np.arange(0, 30, 1 / SFREQ)
        onsets = (rng.random(N) < rng.uniform(4, 12) / 60 / SFREQ) * rng.lognormal(-1.6, 0.7, N)
        response = np.exp(-times / 4) - np.exp(-times / 0.8)
        tonic = 0.3 * autoregressive(rng, 120) + 0.003 * rng.standard_normal(N)
        return np.convolve(onsets, response)[:N] + tonic
    return autoregressive(rng, 5)


def pair(rng: np.random.Generator, kind: str, mix: float, lead: float) -> tuple[np.ndarray, np.ndarray]:
    """Return therapist and client."""
    x, y = person(rng, kind), person(rng, kind)
    when = np.arange(N) / N
    if kind == "habituation":
        shared = 4 * np.exp(-when * 5) - 3 * when
        x, y = x + shared, y + shared
    if kind == "drift":
        shared = 2 * autoregressive(rng, 300)
        x, y = x + shared, y + shared
    if mix:
        shift = int(abs(lead) * SFREQ)
        x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
        first, second = (x, y) if lead > 0 else (y, x)
        second = np.sqrt(1 - mix**2) * second + mix * np.concatenate(
            [np.full(shift, first[0]), first[:-shift]]
        )
        x, y = (first, second) if lead > 0 else (second, first)
    return x, y


def on_grid(values: np.ndarray, signal: str) -> np.ndarray:
    """Return a signal as the listener gets it: at 4 Hz, as means over seconds, or as their slope over 5 s."""
    if signal == "hr":
        return values
    means = values.reshape(-1, int(SFREQ)).mean(axis=1)
    return means if signal == "scl" else np.convolve(means, np.arange(2, -3, -1) / 10.0, "same")


def listener(signal: str, config: SynchronyConfig) -> Synchrony:
    """Return a listener that knows of both people that they say nothing."""
    synchrony = Synchrony(signal, config=PipelineConfig(synchrony=config))
    people = ("therapist", "client")
    rows = [IndexSample(t, -1.0, e, SPEECH, 0.0, "", 1.0, "") for t in range(SECONDS + 1) for e in people]
    synchrony.hear(rows)
    return synchrony


def live(x: np.ndarray, y: np.ndarray, config: SynchronyConfig, signal: str) -> list[float]:
    """Return share outside the band, early share, largest 5-min share above, least p, and who was named."""
    synchrony = listener(signal, config)
    synchrony._origin = 0
    rows = synchrony._rows(x, y, np.zeros(len(x)))
    column = {
        end: np.array([r.value for r in rows if r.index == f"sync_{signal}{end}"])
        for end in ("", "_chance_low", "_chance_high", "_p", "_lead", "_lag")
    }
    low, high, value = column["_chance_low"], column["_chance_high"], column[""]
    there = np.isfinite(low) & np.isfinite(value)
    outside = ((value < low) | (value > high))[there]
    above = (value > high)[there].astype(float)
    share = np.convolve(above, np.ones(300) / 300, "valid").max()
    p = column["_p"][np.isfinite(column["_p"])]
    first = np.flatnonzero(np.abs(column["_lead"]) > 0.0)
    named = column["_lead"][first]
    return [
        outside.mean(),
        outside[:300].mean(),
        share,
        p.min(initial=1.0),
        float(np.sign(named.sum())) if len(named) else 0.0,
        float(first[0] * 5) if len(first) else np.nan,
        float(np.any(named < 0)),
    ]


def statements(x: np.ndarray, y: np.ndarray, config: SynchronyConfig, signal: str) -> list[float]:
    """Return what `live` does of the statements alone; nan for the band."""
    synchrony = listener(signal, config)
    synchrony._keep(x, y)
    sfreq = SIGNALS[signal].sfreq
    look, first = round(config.look_every * sfreq), round(config.first_look * sfreq)
    rows = [row for j in range(first, len(x), look) for row in synchrony._state(j, look, 0.0)]
    p = np.array([row.value for row in rows if row.index == f"sync_{signal}_p"])
    named = np.array([row.value for row in rows if row.index == f"sync_{signal}_lead"])
    leads = np.flatnonzero(np.abs(named) > 0.0)
    minutes, named = first / sfreq / 60.0 + 5.0 * leads, named[leads]
    side = float(np.sign(named.sum())) if len(named) else 0.0
    at = float(minutes[0]) if len(minutes) else np.nan
    return [np.nan, np.nan, np.nan, float(p.min()), side, at, float(np.any(named < 0))]


def whole(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, detrend: bool, sfreq: float) -> list[float]:
    """Return the offline p values, SUSY's signed effect size, and the leader with its lag and interval."""
    p = permutation_test(x, y, sfreq=sfreq, rng=rng).p
    p_signed = permutation_test(x, y, sfreq=sfreq, signed=True, rng=rng).p
    es = susy(x, y, sfreq=sfreq).es_susy_signed
    found = lead(x, y, sfreq=sfreq, detrend=detrend, rng=rng)
    side = {"therapist": 1.0, "client": -1.0, None: 0.0}[found.leader]
    return [p, p_signed, es, side, found.lag, *found.interval, found.p_coupling, found.p_lead]


LIVE = ["outside", "outside_early", "share_5min", "p_live", "named_live", "named_at", "named_client"]
OFFLINE = ["p", "p_signed", "es_signed", "leader", "lag", "low", "high", "p_coupling", "p_lead"]
COLUMNS = [*LIVE, *OFFLINE, "p_circular"]
PARTS = ("band", "statements", "offline", "circular")
"""What is computed of each pair; the band brings the statements with it, and takes twice as long."""


def row(x: np.ndarray, y: np.ndarray, given: argparse.Namespace, rng: np.random.Generator) -> list[float]:
    """Return what the parts asked for say of one pair, nan for the others."""
    config = SynchronyConfig(detrend=given.detrend)
    sfreq = SIGNALS[given.signal].sfreq
    seen = [np.nan] * len(LIVE)
    if "band" in given.parts:
        seen = live(x, y, config, given.signal)
    elif "statements" in given.parts:
        seen = statements(x, y, config, given.signal)
    found = whole(x, y, rng, given.detrend, sfreq) if "offline" in given.parts else [np.nan] * len(OFFLINE)
    circular = circular_shift_test(x, y, sfreq=sfreq, rng=rng).p if "circular" in given.parts else np.nan
    return [*seen, *found, circular]


def simulate(given: argparse.Namespace) -> None:
    """Run the pairs and save their table."""
    which = [given.seed, KINDS.index(given.kind), int(1000 * given.mix)]
    rows = []
    for k in range(given.pairs):
        # A generator each: a pair does not depend on which parts are computed.
        rng = np.random.default_rng([*which, k])
        x, y = (on_grid(v, given.signal) for v in pair(rng, given.kind, given.mix, given.lead))
        rows.append(row(x, y, given, rng))
        if (k + 1) % 50 == 0 or k + 1 == given.pairs:
            settings = np.array(
                [f"{given.kind} as {given.signal}", *map(str, (given.mix, given.detrend, given.lead))]
            )
            np.savez(given.out, table=np.array(rows), settings=settings)


def report(files: list[Path]) -> None:
    """Print what the tables say, in % of pairs."""
    for file in files:
        saved = np.load(file)
        c = dict(zip(COLUMNS, saved["table"].T, strict=True))
        kind, mix, detrend, truth = saved["settings"]
        true = float(truth)
        hits: dict[str, tuple[str, np.ndarray]] = {
            "band: outside": ("outside", c["outside"]),
            "outside 5-10 min": ("outside", c["outside_early"]),
            "> 30 % of 5 min above, ever": ("outside", c["share_5min"] > 0.3),
            "live coupling stated": ("p_live", c["p_live"] <= SynchronyConfig().p_stated),
            "live leader named": ("p_live", c["named_live"] != 0),
            "of it the wrong one": (
                "p_live",
                (c["named_live"] != 0) & (c["named_live"] != np.sign(true)),
            ),
            "p": ("p", c["p"] <= 0.05),
            "p signed": ("p", c["p_signed"] <= 0.05),
            "p circular": ("p_circular", c["p_circular"] <= 0.05),
            "p max lag": ("p", c["p_coupling"] <= 0.05),
            "p lead": ("p", c["p_lead"] <= 0.05),
            "|SUSY ES signed| > 1.96": ("p", np.abs(c["es_signed"]) > 1.96),
            "lead() names": ("p", c["leader"] != 0),
            f"lead() within 0.25 s of {true:g}": ("p", np.abs(c["lag"] - true) <= 0.25),
            f"interval holds {true:g}": ("p", (c["low"] <= true) & (c["high"] >= true)),
        }
        print(f"{kind} mix {mix} detrend {detrend}: {len(saved['table'])} pairs")
        shares = [
            f"{name} {100 * np.mean(hit[there]):.1f}"
            for name, (column, hit) in hits.items()
            if (there := np.isfinite(c[column])).any()
        ]
        print("   ", "; ".join(shares))
        if np.isfinite(c["named_at"]).any():
            widths = (c["high"] - c["low"])[c["leader"] != 0]
            width = f"{np.median(widths):.2f} s" if len(widths) else "-"
            print(f"    first named at {np.nanmedian(c['named_at']):.0f} min (median), interval {width} wide")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--signal", choices=("hr", "scl", "sclslope"), default="hr")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--mix", type=float, default=0.0)
    parser.add_argument("--lead", type=float, default=2.0)
    parser.add_argument("--detrend", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--report", type=Path, nargs="+")
    arguments = parser.parse_args()
    if arguments.report:
        report(arguments.report)
    else:
        simulate(arguments)


if __name__ == "__main__":
    main()

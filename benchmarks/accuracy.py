"""Every accuracy figure beside the peers in one run and one Markdown table.

    python -m benchmarks.accuracy [--out FILE] [--alone] [--quick]

R peaks beside NeuroKit2 (default), sleepecg, BioSPPy (hamilton, engzee) and wfdb (xqrs) on the same samples:
F1 at ± 150, ± 50 and ± 20 ms, the sd of the R time of matched beats (each record's own offset taken off),
RMSSD from detected against annotated beats (both through our correction), CPU seconds per recorded hour.
Then RMSSD at 130 against 1000 Hz, the EC57 pattern, simulated beat errors, simulated skin conductance.
Three and a half minutes with the peers, most of it theirs; `--quick` takes five minutes of each record and
two simulated recordings. A peer that is not installed, or that fails, is left out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.ecg import Case, Detector, cases, f1, peers, sampling_errors
from benchmarks.eda import Finder, neurokit, scored
from benchmarks.eda import ours as our_responses
from benchmarks.eda_signals import Simulated, simulate
from benchmarks.hrv import ERRORS, correction_errors, standard_pattern
from processing.heart.judging import judge_beats
from processing.heart.rpeaks import detect_r_peaks
from processing.skin.eda import tonic_interval

TOLERANCES = (0.15, 0.05, 0.02)
OURS = "Attunement"


class Row(NamedTuple):
    """Hold one row: what was measured on what, our cell, the best peer's, those of all peers, the goal."""

    data: str
    measure: str
    ours: str
    best: str
    others: str
    goal: str = "–"


class Found(NamedTuple):
    """Hold what one detector found in one record, and the CPU time it took [s]."""

    beats: FloatArray
    spent: float


def found(detect: Detector, case: Case) -> Found:
    """Run a detector; no beats if it fails."""
    began = time.process_time()
    try:
        beats = np.sort(np.asarray(detect(case[0], case[1]), float))
    except (ValueError, IndexError, TypeError, AttributeError):
        beats = np.empty(0)
    return Found(beats, time.process_time() - began)


def offsets(beats: FloatArray, case: Case) -> FloatArray:
    """Return the R times found within 50 ms of annotated beats less those and their median [ms]."""
    true = case[2]
    at = np.clip(np.searchsorted(true, beats), 1, len(true) - 1)
    off = np.where(
        np.abs(beats - true[at]) < np.abs(beats - true[at - 1]), beats - true[at], beats - true[at - 1]
    )
    off = 1e3 * off[np.abs(off) <= 0.05]
    return np.asarray(off - np.median(off), np.float64) if len(off) else off


def variability(beats: FloatArray) -> float:
    """Return RMSSD [ms] of adjacent normal intervals."""
    if len(beats) < 30:
        return float("nan")
    kept = judge_beats(beats)
    return float(np.sqrt(np.mean(np.diff(kept.values)[kept.paired[1:]] ** 2)))


def rmssd_error(beats: FloatArray, case: Case) -> float:
    """Return how far RMSSD of the beats found is from that of the annotated ones [%]."""
    return abs(100.0 * (variability(beats) / variability(case[2]) - 1.0))


def cells(
    values: dict[str, float], form: str, *, low: bool, worst: dict[str, float] | None = None
) -> list[str]:
    """Return our cell, the best peer's and all peers', the worst record in brackets."""

    def said(name: str) -> str:
        text = form.format(values[name])
        return text + (f" ({form.format(worst[name])})" if worst else "")

    rest = {k: v for k, v in values.items() if k != OURS and np.isfinite(v)}
    if not rest:
        return [said(OURS), "–", "–"]
    best = (min if low else max)(rest, key=rest.__getitem__)
    return [said(OURS), f"{best} {said(best)}", ", ".join(f"{k} {said(k)}" for k in rest)]


def r_peaks(detectors: dict[str, Detector], quick: bool) -> Iterator[Row]:
    """Yield the rows of the ECG records."""
    for group, members in cases().items():
        names = list(members)
        if quick:
            members = {k: shortened(c) for k, c in members.items()}
        results = {d: {k: found(detect, members[k]) for k in names} for d, detect in detectors.items()}
        for tolerance in TOLERANCES:
            values = {d: [f1(r[k].beats, members[k], tolerance) for k in names] for d, r in results.items()}
            mean = {d: float(np.mean(v)) for d, v in values.items()}
            least = {d: min(v) for d, v in values.items()}
            worst = least if len(names) > 1 else None
            name = f"F1 ± {1e3 * tolerance:.0f} ms, % (worst record)"
            yield Row(group, name, *cells(mean, "{:.2f}", low=False, worst=worst))
        spread = {
            d: np.concatenate([offsets(r[k].beats, members[k]) for k in names]) for d, r in results.items()
        }
        sd = {d: float(v.std()) if len(v) else float("nan") for d, v in spread.items()}
        yield Row(group, "sd of R time, ms", *cells(sd, "{:.1f}", low=True))
        errors = {
            d: float(np.nanmedian([rmssd_error(r[k].beats, members[k]) for k in names]))
            for d, r in results.items()
        }
        yield Row(group, "RMSSD, median error of records, %", *cells(errors, "{:.1f}", low=True))
        hours = sum(len(c[0]) / c[1] for c in members.values()) / 3600.0
        cost = {d: sum(f.spent for f in r.values()) / hours for d, r in results.items()}
        yield Row(group, "CPU s per recorded hour", *cells(cost, "{:.1f}", low=True))


def shortened(case: Case) -> Case:
    """Return the first five minutes."""
    ecg, sfreq, beats = case
    return ecg[: int(300 * sfreq)], sfreq, beats[beats < 300.0]


def variability_rows() -> Iterator[Row]:
    """Yield the rows of heart rate variability."""
    errors, jitter = sampling_errors()
    span = f"{min(errors):+.2f} to {max(errors):+.2f}"
    yield Row("130 against 1000 Hz", "RMSSD, ten phases, %", span, "–", "integer peaks +2.9", "± 0.5")
    yield Row("130 against 1000 Hz", "jitter of R, ms", f"{jitter:.2f}", "–", "integer peaks 2.3", "≤ 0.3")
    power = standard_pattern()
    yield Row(
        "EC57 TP2",
        "HF, ms² (true 612.5)",
        f"{power:.1f} ({100 * (power / 612.5 - 1):+.1f} %)",
        "–",
        "–",
        "± 2 %",
    )
    for kind in ERRORS:
        mean = correction_errors(kind)
        cell = " / ".join(f"{v:.2f}" for v in mean[:3])
        goal = "< 8" if kind == "misplaced" else "< 2"
        yield Row(
            f"six {kind} beats in 340 s",
            "error of RMSSD / SDNN / HF, %",
            cell,
            "–",
            f"uncorrected RMSSD {mean[3]:.0f}",
            goal,
        )


def responses(n: int, with_peers: bool) -> Iterator[Row]:
    """Yield the rows of skin conductance."""
    finders: dict[str, Finder] = {OURS: our_responses}
    if with_peers:
        finders |= {
            "NeuroKit2": neurokit("highpass", False),
            "smoothmedian": neurokit("smoothmedian", False),
            "high-pass, absolute": neurokit("highpass", True),
        }
    kinds: dict[str, tuple[list[Simulated], str]] = {
        "7-18 a minute": ([simulate(20000 + i, r) for i, r in enumerate(np.linspace(7, 18, n))], "≥ 94"),
        "2-8 a minute": ([simulate(20100 + i, r) for i, r in enumerate(np.linspace(2, 8, n))], "≥ 97"),
        "7-18, one movement a minute": (
            [simulate(20000 + i, r, artefacts=True) for i, r in enumerate(np.linspace(7, 18, n))],
            "≥ 91",
        ),
    }
    for kind, (signals, goal) in kinds.items():
        for rate in (4, 25, 100):
            values = {name: scored(find, signals, rate) for name, find in finders.items()}
            yield Row(f"SCR, {kind}", f"F1 at {rate} Hz, %", *cells(values, "{:.1f}", low=False), goal)
    for rate in (4.0, 10.0, 20.0):
        errors, held = [], []
        for i in range(n):
            signal = simulate(21000 + i, rate, 1200.0)
            times, level, low, high = (c[60:] for c in tonic_interval(signal.sampled(4), 4.0))
            true = np.interp(times, np.arange(len(signal.tonic)) / 100, signal.tonic)
            errors.append(level - true)
            held.append((low <= true) & (true <= high))
        cell = f"{np.nanmean(np.concatenate(errors)):+.3f}; {100 * np.mean(np.concatenate(held)):.1f}"
        yield Row(
            f"SCL, {rate:.0f} a minute", "bias at 4 Hz, µS; held by the interval, %", cell, "–", "–", "≥ 95"
        )


def main() -> None:
    """Print the table, and write it if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    parser.add_argument("--alone", action="store_true", help="leave out the other packages")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    began = time.monotonic()
    detectors: dict[str, Detector] = {OURS: detect_r_peaks, **({} if options.alone else peers())}
    lines = ["| data | measure | Attunement | best peer | all peers | goal |", "|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    n = 2 if options.quick else 6
    for rows in (r_peaks(detectors, options.quick), variability_rows(), responses(n, not options.alone)):
        for row in rows:
            lines.append("| " + " | ".join(row) + " |")
            print(lines[-1], flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

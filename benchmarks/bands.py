"""HF, RSA and SDNN of an ECG against those of its beats: of quiet hearts that a breath turns, or of labels.

    python -m benchmarks.bands [FILE.hea ...] [--early] [--belt] [--hearts 24] [--seed 2]

Without FILE simulated hearts as benchmarks.turned has them, a row for each true RMSSD; with FILE each lead of
a record of the WFDB format, its labels laid where the beats are. Printed are the share of the windows with a
truth that have a value at quality 0.5 or better, and those of these that are over 20 % off (HF and RSA as a
root, in ms). `--belt` hears 15 breaths a minute, so that what beats tell of breathing closes no gate.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.labelled import early, read
from benchmarks.labelled_beats import NORMAL
from benchmarks.labels import Labelled
from benchmarks.turned import FAR, LATE, LEVELS, turned
from processing.filling import filled
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.heart.hrv import sdnn
from processing.heart.spectrum import RSA_EDGE, RSA_RATE, hf_power, rsa_values
from processing.index import IndexSample, index_sample
from processing.splines import cubics

NAMES = ("hf", "rsa_pb", "sdnn")
CONFIG = HeartConfig()
PART = 60.0
"""Seconds handed over at a time."""
ALL = 0.9
"""The share of a window's beats whose intervals must be known for a truth."""
USUAL = (0.6, 1.4)
"""Intervals over or under these shares of the eleven around are a blocked beat, or one without a label."""


def found(recording: Labelled, *, belt: bool) -> list[IndexSample]:
    """Return what the pipeline's heart says of an ECG."""
    info = StreamInfo(
        name="s", role=Role.CLIENT, modality=Modality.ECG, sfreq=recording.sfreq, unit="mV", channels=("s",)
    )
    heart, out = Heart("client", Modality.ECG, config=CONFIG, hears_breathing=belt), list[IndexSample]()
    times, ecg = recording.times, recording.signals["ecg"]
    for start in np.arange(times[0], times[-1] + 5.0, PART).tolist():
        part = slice(*np.searchsorted(times, [start, start + PART]))
        heart.update(Chunk(info, times[part], ecg[part, None]))
        ticks = np.arange(start, start + PART - 1e-9, 0.1)
        marks = {"heart": ticks}
        if belt:
            seconds = np.arange(math.ceil(start), start + PART).tolist()
            heart.hear([index_sample(at, at, "client", "resp_rate", 15.0, 1.0, "") for at in seconds])
            marks["breath"] = ticks
        out += heart.advance(ticks, marks)
    return out


class Truth(NamedTuple):
    """Hold labelled beats: when each interval ends [s], how long it is [ms], whether it is NN."""

    times: FloatArray
    values: FloatArray
    good: BoolArray

    def of(self, name: str, centre: float) -> float:
        """Return HF, RSA (as a root, in ms) or SDNN of the window around a moment; nan where unknown."""
        half = {"hf": CONFIG.hf_window / 2, "sdnn": CONFIG.sdnn_window / 2}.get(
            name, CONFIG.rsa_window / 2 + RSA_EDGE + 2.0
        )
        first, stop = np.searchsorted(self.times, [centre - half, centre + half + 1e-6], side="right")
        inside = np.arange(max(first - (name == "hf"), 0), stop)
        if len(inside) < 20 or np.mean(self.good[inside]) < ALL:
            return math.nan
        inside = inside[self.good[inside]]
        times, values = self.times[inside], self.values[inside]
        if name == "sdnn":
            return sdnn(values)
        if name == "hf":
            return math.sqrt(hf_power(times, values))
        n = round(2 * (CONFIG.rsa_window / 2 + RSA_EDGE) * RSA_RATE)
        at = centre + (np.arange(n) - (n - 1) / 2) / RSA_RATE
        if times[0] > at[0] or times[-1] < at[-1]:
            return math.nan
        return math.exp(rsa_values(cubics([filled(times, values)], at[None]))[0] / 2)


def truth(recording: Labelled) -> Truth:
    """Return the intervals between labels, and which of them are between normal beats and no pause."""
    beats = recording.labels.times
    normal = np.isin(recording.labels.names, list(NORMAL))
    intervals = np.diff(beats)
    padded = np.pad(intervals, 5, mode="edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, 11), axis=1)
    even = (intervals > USUAL[0] * usual) & (intervals < USUAL[1] * usual)
    return Truth(beats[1:], 1e3 * intervals, normal[1:] & normal[:-1] & even)


def counted(recording: Labelled, late: float, *, belt: bool) -> FloatArray:
    """Return a row for each of `NAMES`: windows, those with a value, those that are far off."""
    known, out = truth(recording), np.zeros((len(NAMES), 3))
    for row in found(recording, belt=belt):
        if row.index not in NAMES:
            continue
        true = known.of(row.index, row.time - late)
        if not math.isfinite(true):
            continue
        given = math.isfinite(row.value) and row.quality >= 0.5
        value = row.value if row.index == "sdnn" else math.sqrt(row.value) if row.index == "hf" else None
        value = math.exp(row.value / 2) if value is None else value
        out[NAMES.index(row.index)] += (1, given, given and abs(value - true) > FAR * true)
    return out


def line(name: str, counts: Iterable[FloatArray]) -> str:
    """Return one row of the table."""
    total = np.add.reduce(list(counts), axis=0)
    with np.errstate(invalid="ignore"):
        shares = 100 * total[:, 1:] / total[:, :-1]
    cells = [f"{given:.1f} | {off:.1f}" for given, off in shares.tolist()]
    return f"| {name} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="headers of records (default: simulated hearts)")
    parser.add_argument("--early", action="store_true", help="take early beats with a pause for early ones")
    parser.add_argument("--belt", action="store_true", help="hear breathing")
    parser.add_argument("--hearts", type=int, default=24, help="so many simulated ones for each RMSSD")
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    print("| | " + " | ".join(f"{name}: good % | of these off %" for name in NAMES) + " |")
    print("|---" * (1 + 2 * len(NAMES)) + "|")
    for path in options.files:
        for lead in read(path, None, to_beats=True):
            one = early(lead) if options.early else lead
            print(line(one.name, [counted(one, 0.0, belt=options.belt)]), flush=True)
    rng = np.random.default_rng(options.seed)
    for level in () if options.files else LEVELS:
        hearts = [turned(rng, level).recording for _ in range(options.hearts)]
        print(line(f"{level:g}", [counted(one, LATE, belt=options.belt) for one in hearts]), flush=True)


if __name__ == "__main__":
    main()

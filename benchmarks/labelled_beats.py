"""Beats and their classes against labels, ours beside other packages' detectors with two-sided correction."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.ecg import matches, peers
from benchmarks.labels import Labelled
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.index import IndexSample
from processing.lookahead.beats import correct_two_sided

NORMAL, VENTRICULAR, ATRIAL = "NLRej", "VFE", "AaJS"
"""Labels of the MIT-BIH database: normal conduction, ventricular and atrial or nodal beats."""
WINDOW = 60.0
"""Seconds of RMSSD."""
NEAR = 0.10
"""A beat found so near is the labelled one [s]."""
AROUND = 300.0
"""Seconds about a window whose RMSSD its limits are for."""
PEER_FAILS = (ValueError, IndexError, TypeError, AttributeError)
"""What another package raises where it finds too little, or asks a third one for names it has no more."""
FEWEST = 20
"""Labelled NN differences that a window must hold to be judged."""
MANY = 4
"""Ectopic beats in a window above which it is counted apart."""


class Result(NamedTuple):
    """Hold what one method gives: beats [s], which of them it calls normal, RMSSD [ms] of the minute before
    each, nan where it gives none, and which beats end an interval that counts; limits and delays are ours
    alone."""

    beats: FloatArray
    normal: BoolArray
    rmssd: FloatArray
    low: FloatArray
    high: FloatArray
    delay: FloatArray
    ends_nn: BoolArray


def ours(recording: Labelled) -> Result:
    """Return what the pipeline's heart publishes for an ECG or for intervals."""
    kind, unit = (Modality.ECG, "mV") if "ecg" in recording.signals else (Modality.RR, "ms")
    values = recording.signals["ecg" if kind == Modality.ECG else "rr"]
    sfreq = recording.sfreq if kind == Modality.ECG else 0.0
    info = StreamInfo(name="s", role=Role.CLIENT, modality=kind, sfreq=sfreq, unit=unit, channels=("s",))
    heart, out = Heart("client", kind, config=HeartConfig()), list[IndexSample]()
    times = recording.times
    for start in np.arange(times[0], times[-1] + 5.0, WINDOW).tolist():
        part = slice(*np.searchsorted(times, [start, start + WINDOW]))
        heart.update(Chunk(info, times[part], values[part, None]))
        ticks = np.arange(start, start + WINDOW - 1e-9, 0.1)
        out += heart.advance(ticks, {"heart": ticks})
    kinds = {r.time: r.value for r in out if r.index == "ibi_class"}
    found = [r for r in out if r.index == "ibi" and r.time in kinds and r.reason != "no data"]
    beats = np.array([r.time for r in found])

    def windowed(name: str) -> FloatArray:
        rows = {round(r.time + WINDOW / 2, 6): r for r in out if r.index == name}
        mine = [rows.get(round(time, 6)) for time in beats.tolist()]
        return np.array([r.value if r is not None and r.quality >= 0.5 else np.nan for r in mine])

    normal = np.array([kinds[time] == 0 for time in beats.tolist()], np.bool_)
    delay = np.array([r.available for r in found]) - beats
    limits = (windowed(name) for name in ("rmssd", "rmssd_low", "rmssd_high"))
    return Result(beats, normal, *limits, delay, normal & np.isfinite([r.value for r in found]))


def corrected(beats: FloatArray) -> Result:
    """Return beats of a detector with the two-sided correction of Lipponen & Tarvainen (2019), as Kubios has
    it: RMSSD of the corrected series, without gates."""
    values, classes = correct_two_sided(beats) if len(beats) > 3 else (np.full(len(beats), np.nan),) * 2
    change = np.diff(values, prepend=np.nan)
    level = np.full(len(beats), np.nan)
    for k, end in enumerate(beats.tolist()):
        inside = change[np.searchsorted(beats, end - WINDOW, side="right") + 2 : k + 1]
        inside = inside[np.isfinite(inside)]
        if len(inside) >= FEWEST:
            level[k] = np.sqrt(np.mean(inside**2))
    nothing = np.full(len(beats), np.nan)
    return Result(beats, ~(classes > 0), level, nothing, nothing, nothing, np.isfinite(values))


def methods(*, alone: bool) -> dict[str, Callable[[Labelled], Result]]:
    """Return every method by name; packages that are not installed are left out."""
    table: dict[str, Callable[[Labelled], Result]] = {"Attunement": ours}
    if not alone:
        for name, detect in peers().items():
            if name != "xqrs":
                table[f"{name} + Kubios-style"] = _with(detect)
    return table


def _with(detect: Callable[[FloatArray, float], FloatArray]) -> Callable[[Labelled], Result]:
    def run(recording: Labelled) -> Result:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.sort(np.asarray(detect(recording.signals["ecg"], recording.sfreq), np.float64))
        return corrected(found + recording.times[0])

    return run


class Truth(NamedTuple):
    """Hold labelled RMSSD [ms] of the time up to moments, nan with few differences; its ectopic beats."""

    rmssd: FloatArray
    ectopic: FloatArray


def labelled_rmssd(beats: FloatArray, names: list[str], ends: FloatArray, length: float = WINDOW) -> Truth:
    """Return RMSSD of successive labelled N-N intervals without pauses, in `length` s up to each end.

    An interval over 1.4 or under 0.6 of the median of the 11 around it is a blocked beat or one that was not
    labelled, and no NN.
    """
    normal = np.isin(names, list(NORMAL))
    intervals = np.diff(beats)
    good = normal[1:] & normal[:-1]
    padded = np.pad(np.where(good, intervals, np.nan), 5, constant_values=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        usual = np.nanmedian(np.lib.stride_tricks.sliding_window_view(padded, 11), axis=1)
    good &= (intervals < 1.4 * usual) & (intervals > 0.6 * usual)
    paired = good[1:] & good[:-1]
    squares = np.where(paired, (1e3 * np.diff(intervals)) ** 2, 0.0)
    sums, counts = (np.concatenate(([0.0], np.cumsum(v))) for v in (squares, paired.astype(np.float64)))
    odd = np.concatenate(([0.0], np.cumsum(~normal)))
    first, last = (np.searchsorted(beats, t, side="right") for t in (ends - length, ends))
    stop = np.maximum(last - 2, first)  # a difference needs three beats of the window
    stop = np.clip(stop, 0, len(squares))
    first_change = np.clip(first, 0, len(squares))
    n = counts[stop] - counts[first_change]
    mean = (sums[stop] - sums[first_change]) / np.maximum(n, 1)
    return Truth(np.where(n >= FEWEST, np.sqrt(np.maximum(mean, 0.0)), np.nan), odd[last] - odd[first])


def counts(result: Result, recording: Labelled) -> dict[str, float]:
    """Return what can be summed over recordings: hits, classes, windows."""
    beats, names = recording.labels.times, recording.labels.names
    found, out = result.beats, dict[str, float]()
    end, begin = recording.times[-1] - 1.0, recording.times[0]
    for name, low, high, tolerance in (
        ("150", begin, end, 0.15),
        ("50", begin, end, 0.05),
        ("20", begin, end, 0.02),
        ("start", begin, begin + 15.0, 0.15),
    ):
        inside = [b[(b >= low) & (b < high)] for b in (found, beats)]
        hits, false, missed = matches(*inside, tolerance)
        out |= {f"hits {name}": hits, f"wrong {name}": false + missed}
    at = np.clip(np.searchsorted(beats, found), 1, len(beats) - 1)
    at -= found - beats[at - 1] < beats[at] - found
    true = np.where(np.abs(beats[at] - found) <= NEAR, np.array(names)[at], "?")
    for kind, symbols in (("N", NORMAL), ("V", VENTRICULAR), ("A", ATRIAL)):
        mine = np.isin(true, list(symbols))
        out |= {f"{kind} beats": float(mine.sum()), f"{kind} odd": float((mine & ~result.normal).sum())}
    ends = np.arange(len(found))[::3]
    ends = ends[found[ends] > begin + WINDOW]
    truth, value = labelled_rmssd(beats, names, found[ends]), result.rmssd[ends]
    judged = np.isfinite(truth.rmssd)
    given = judged & np.isfinite(value)
    off = given & (np.abs(value - truth.rmssd) > 0.2 * truth.rmssd)
    after = (AROUND - WINDOW) / 2
    about = np.clip(found[ends] + after, begin + AROUND, recording.times[-1])
    level = labelled_rmssd(beats, names, about, AROUND).rmssd
    held = given & (result.low[ends] <= level) & (level <= result.high[ends])
    for name, of in (("all", judged), ("many", judged & (truth.ectopic > MANY))):
        out |= {
            f"windows {name}": of.sum(),
            f"given {name}": (given & of).sum(),
            f"off {name}": (off & of).sum(),
        }
        out |= {f"held {name}": (held & of).sum()}
    return {name: float(value) for name, value in out.items()}


def shares(c: dict[str, float]) -> dict[str, float]:
    """Return the figures of summed counts [%]."""

    def pct(part: float, whole: float) -> float:
        return 100.0 * part / whole if whole else float("nan")

    out = {
        f"F1 {n}": pct(2 * c[f"hits {n}"], 2 * c[f"hits {n}"] + c[f"wrong {n}"])
        for n in ("150", "50", "20", "start")
    }
    out |= {f"{kind} odd": pct(c[f"{kind} odd"], c[f"{kind} beats"]) for kind in "VAN"}
    for n in ("all", "many"):
        out |= {
            f"given {n}": pct(c[f"given {n}"], c[f"windows {n}"]),
            f"off {n}": pct(c[f"off {n}"], c[f"given {n}"]),
        }
        out |= {f"held {n}": pct(c[f"held {n}"], c[f"given {n}"])}
    return out


COLUMNS = {
    "F1 150": "F1 ± 150 ms",
    "F1 50": "± 50",
    "F1 20": "± 20",
    "F1 start": "first 15 s",
    "V odd": "V not normal",
    "A odd": "A not normal",
    "N odd": "N lost",
    "given all": "windows with RMSSD",
    "off all": "of these > 20 % off",
    "held all": "its limits hold that of 5 min around",
    "given many": f"> {MANY} ectopic/min: with RMSSD",
    "off many": "> 20 % off",
}


def rows(recordings: list[Labelled], *, alone: bool, each: bool) -> Iterator[str]:
    """Yield the lines of a Markdown table [%]: every method over all recordings, ours for each if asked."""
    usable = [r for r in recordings if ("ecg" in r.signals or "rr" in r.signals) and len(r.labels.times) > 1]
    if not usable:
        return
    yield "| beats | " + " | ".join(COLUMNS.values()) + " |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for name, method in methods(alone=alone or any("ecg" not in r.signals for r in usable)).items():
        total, delays = dict[str, float](), list[FloatArray]()
        for recording in usable:
            try:
                result = method(recording)
            except PEER_FAILS as error:
                if method is ours:
                    raise
                yield f"\n{name}: left out ({type(error).__name__}: {error})\n"
                break
            delays.append(result.delay)
            own = counts(result, recording)
            total = {key: total.get(key, 0.0) + value for key, value in own.items()}
            if each:
                yield _line(f"{name}, {recording.name}", own)
        else:
            yield _line(name, total)
            yield from _waits(name, np.concatenate(delays))


def _waits(name: str, waits: FloatArray) -> Iterator[str]:
    if np.isfinite(waits).any():
        median, largest = np.nanmedian(waits), np.nanmax(waits)
        yield f"\n{name}: a beat comes after {median:.2f} s, at most {largest:.2f} s\n"


def _line(name: str, found: dict[str, float]) -> str:
    values = shares(found)
    cells = [f"{values[key]:.2f}" if values[key] == values[key] else "–" for key in COLUMNS]
    return f"| {name} | " + " | ".join(cells) + " |"
